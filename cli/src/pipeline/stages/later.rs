//! Applies what was staged: plans it once the others are applied, and goes on if that is what was expected.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::Mutex;

use crate::{
    closure::{self, Memo},
    pipeline::{
        ApplyRequest, Delivered, EventSink, PipelineError, Status, Workshop,
        applied::Applied,
        backend::Stores,
        bundle::Bundle,
        due::{Bench, Stage},
        fit::{Field, Refusal},
        job::Job,
        journal::Entry,
        plan,
        planning::Ground,
    },
    platform::{Instance, Platform, StackName},
    repo::CommitId,
    terraform::{ChangeList, Interrupt},
};

use super::{Staging, envelope};

/// What is to be applied.
pub(in crate::pipeline) enum Work {
    /// A plan that was reviewed.
    Reviewed(Job),
    /// An envelope that was reviewed.
    Later(Later),
}

/// An instance that is planned when those that it waits for are applied.
pub(in crate::pipeline) struct Later {
    instance: Instance,
    envelope: Bundle,
    staging: Staging,
    files: Stage,
    commit: CommitId,
}

impl Work {
    /// The instance.
    pub(in crate::pipeline) fn instance(&self) -> &Instance {
        match self {
            Self::Reviewed(job) => &job.instance,
            Self::Later(later) => &later.instance,
        }
    }

    /// Whether the instance goes away.
    pub(in crate::pipeline) fn destroys(&self) -> bool {
        matches!(self, Self::Reviewed(Job { closure: None, .. }))
    }

    /// The stacks that come before; when it goes away, those that it goes before.
    pub(in crate::pipeline) fn after(&self) -> &[StackName] {
        match self {
            Self::Reviewed(job) => &job.after,
            Self::Later(later) => &later.files.after,
        }
    }

    /// What it does, as far as that is known.
    pub(in crate::pipeline) fn expected(&self) -> &ChangeList {
        match self {
            Self::Reviewed(job) => &job.bundle.manifest.changes,
            Self::Later(later) => &later.envelope.manifest.changes,
        }
    }

    /// The platform that it belongs to.
    pub(in crate::pipeline) fn platform(&self) -> &Platform {
        match self {
            Self::Reviewed(job) => &job.platform,
            Self::Later(later) => &later.files.platform,
        }
    }

    /// Its entry in the journal, before there is more to tell.
    pub(in crate::pipeline) fn entry(&self, status: Status) -> Entry {
        match self {
            Self::Reviewed(job) => job.entry(status),
            Self::Later(Later { instance, envelope, .. }) => Entry {
                reviewed_sha256: Some(envelope.manifest.plan_sha256.clone()),
                closure: Some(envelope.manifest.closure.clone()),
                before: envelope.manifest.state.clone(),
                ..Entry::new(instance.clone(), status)
            },
        }
    }

    /// Its part of the report.
    pub(in crate::pipeline) fn outcome(&self, status: Status, summary: String) -> Delivered {
        Delivered { instance: self.instance().clone(), status, summary }
    }

    /// What a dry run tells.
    pub(in crate::pipeline) fn checked(&self) -> Delivered {
        let summary = match self {
            Self::Reviewed(_) => "the reviewed plan fits".to_owned(),
            Self::Later(Later { staging: Staging { stage, after, unforeseen }, .. }) => {
                let after: Vec<_> = after.iter().map(|producer| producer.instance.to_string()).collect();
                let then = match unforeseen {
                    None => "is applied if it is inside of what was expected",
                    Some(_) => "is not applied, since nothing could be expected",
                };
                format!("stage {stage}: planned when {} is applied, and {then}", after.join(", "))
            }
        };
        self.outcome(Status::Planned, summary)
    }
}

impl Workshop {
    /// Those of `envelopes` that can be applied with `others`, or why one cannot.
    pub(in crate::pipeline) async fn later(
        &self,
        request: &ApplyRequest,
        bench: &Bench<'_>,
        stores: &Stores,
        envelopes: Vec<(Instance, Bundle)>,
        others: impl Iterator<Item = &Instance>,
    ) -> Result<Vec<Result<Later, Refusal>>, PipelineError> {
        if envelopes.is_empty() {
            return Ok(Vec::new());
        }
        let mut run: BTreeSet<Instance> = others.cloned().collect();
        run.extend(envelopes.iter().map(|(instance, _)| instance.clone()));
        let applied = Applied::all(&stores.records).await?.into_iter();
        let applied: BTreeMap<Instance, Applied> = applied.map(|it| (it.instance.clone(), it)).collect();
        let mut all = Vec::new();
        for (instance, envelope) in envelopes {
            let Some(staging) = envelope.manifest.staging.clone() else { continue };
            let mut missing = None;
            for producer in staging.after.iter().map(|producer| &producer.instance) {
                let elsewhere = bench.platform.delivering(producer) != Some(&request.environment);
                if !elsewhere && !run.contains(producer) && !is_up_to_date(bench, producer, &applied)? {
                    missing = Some(producer);
                }
            }
            all.push(match missing {
                Some(producer) => Err(Refusal {
                    instance,
                    field: Field::Stage,
                    reviewed: format!("`{producer}`"),
                    found: "which is not applied".to_owned(),
                }),
                None => {
                    let files = self.stage(bench, &instance, &envelope.manifest)?;
                    Ok(Later { instance, envelope, staging, files, commit: bench.commit })
                }
            });
        }
        Ok(all)
    }

    /// Plans `later` for real.
    ///
    /// # Errors
    /// [`PipelineError::OutsideEnvelope`] when the plan is not what was expected; or when there is no plan.
    pub(in crate::pipeline) async fn unfold(
        &self,
        later: &Later,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<Job, PipelineError> {
        let Later { instance, envelope, staging, files, commit } = later;
        let lock_file = Mutex::default();
        let Stage { tree, platform, .. } = files;
        let ground = Ground { instance, tree, platform, destroy: false, lock_file: &lock_file };
        let fresh = self.plan_fresh(&ground, interrupt, events).await?;
        let expected = staging.unforeseen.is_none().then_some(&envelope.manifest.changes);
        let differences = envelope::differences(expected, &fresh.changes);
        if !differences.is_empty() {
            return Err(PipelineError::OutsideEnvelope {
                stage: staging.stage,
                found: plan::summary(&fresh.changes),
                expected: expected.map(plan::summary),
                differences,
            });
        }
        let mut bundle = self.renewed(envelope, &fresh, platform)?;
        bundle.manifest.staging = None;
        bundle.manifest.mocked.clear();
        let job = self.job_in(files.clone(), *commit, instance.clone(), bundle)?;
        let job = job.map_err(|refusal| PipelineError::Refused { refusals: vec![refusal] })?;
        Ok(Job { reviewed: Some(envelope.manifest.plan_sha256.clone()), ..job })
    }
}

/// Whether what the commit has of `instance` is applied.
fn is_up_to_date(
    bench: &Bench<'_>,
    instance: &Instance,
    applied: &BTreeMap<Instance, Applied>,
) -> Result<bool, PipelineError> {
    let scene = bench.scene;
    // Without its stack there is nothing to wait for; the plan will tell what that means.
    if !scene.inventory.instances().contains(instance) {
        return Ok(true);
    }
    let closure = closure::closure_of(&scene.snapshot, &scene.inventory, instance, &Memo::default())?;
    Ok(applied.get(instance).is_some_and(|applied| applied.is_current(&closure.hash.to_string())))
}
