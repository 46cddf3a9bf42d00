//! What is due in a run: plans that fit, with what applying them needs, and what is refused.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use tempfile::TempPath;

use crate::{
    closure::ReadOutputs,
    platform::{Instance, Platform, StackName},
    repo::CommitId,
};

use super::{
    PipelineError,
    applied::Applied,
    bundle::Bundle,
    exported::Tree,
    fit::Refusal,
    journal::{Entry, Status},
    schedule::Took,
    stages::Work,
};

/// A plan that fits, with what applying it needs.
pub(super) struct Job {
    pub(super) instance: Instance,
    pub(super) bundle: Bundle,
    /// The bundle's plan, as a file.
    pub(super) plan: TempPath,
    /// SHA-256 of the reviewed plan, if another one with the same changes takes its place.
    pub(super) reviewed: Option<String>,
    /// Whether what the plan file would do was held against the manifest; if not, only Terraform itself can read it.
    pub(super) changes_read: bool,
    /// The stacks that this one comes after; when it goes away, those that came after it.
    pub(super) after: Vec<StackName>,
    pub(super) closure: Option<String>,
    /// What the stack uses of other states, by the name of the data source.
    pub(super) reads: BTreeMap<String, ReadOutputs>,
    pub(super) tree: Arc<Tree>,
    pub(super) platform: Arc<Platform>,
    pub(super) commit: CommitId,
}

/// What is due.
pub(super) struct Due {
    /// What can be applied.
    pub(super) jobs: Vec<Work>,
    /// What cannot, and why.
    pub(super) refusals: Vec<Refusal>,
}

impl Due {
    /// All of it, or nothing if anything is refused.
    pub(super) fn whole(self) -> Result<Vec<Work>, PipelineError> {
        let Self { jobs, refusals } = self;
        if refusals.is_empty() { Ok(jobs) } else { Err(PipelineError::Refused { refusals }) }
    }

    /// What depends on nothing that is refused, and what does, each with the stack that it waits for.
    pub(super) fn apart(self) -> (Vec<Work>, Vec<(Work, StackName)>, Vec<Refusal>) {
        let Self { mut jobs, refusals } = self;
        let mut waiting = Vec::new();
        let mut stopped: Vec<StackName> = refusals.iter().map(|refusal| refusal.instance.stack.clone()).collect();
        let waits =
            |job: &Work, stopped: &[StackName]| job.after().iter().find(|stack| stopped.contains(stack)).cloned();
        while let Some(index) = jobs.iter().position(|job| waits(job, &stopped).is_some()) {
            let job = jobs.swap_remove(index);
            let stack = waits(&job, &stopped).unwrap_or_else(|| job.instance().stack.clone());
            stopped.push(job.instance().stack.clone());
            waiting.push((job, stack));
        }
        (jobs, waiting, refusals)
    }
}

impl Job {
    pub(super) fn entry(&self, status: Status) -> Entry {
        Entry {
            plan_sha256: self.bundle.manifest.plan_sha256.clone(),
            reviewed_sha256: self.reviewed.clone(),
            closure: self.closure.clone(),
            before: self.bundle.manifest.state.clone(),
            ..Entry::new(self.instance.clone(), status)
        }
    }

    pub(super) fn applied(&self, run: String, took: Took) -> Applied {
        Applied {
            outdated: false,
            version: 1,
            instance: self.instance.clone(),
            closure: self.closure.clone(),
            commit: self.commit.to_string(),
            run,
            time: Timestamp::now(),
            took: Some(took),
        }
    }
}
