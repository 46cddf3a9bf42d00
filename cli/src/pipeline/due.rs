//! What is due when a commit is applied: the instances whose content was not applied yet, each with the
//! reviewed plan that fits, or why none does.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use tempfile::TempPath;

use crate::{
    closure::{self, Closure, Inventory, Memo, Order, ReadOutputs},
    platform::{Instance, OnStale, Platform, StackName, Verify},
    policy::Policies,
    repo::{CommitId, Snapshot},
    terraform::{Interrupt, PlanFile, PlanFileError},
};

use super::{
    ApplyRequest, Event, EventSink, PipelineError, Site, Workshop,
    applied::Applied,
    backend::Stores,
    bundle::{Bundle, Found, Manifest},
    errored::Errored,
    exported::Tree,
    fit::{Check, Choice, Field, Inside, Present, Refusal, allowed},
    job::{Due, Job},
    planning::{self, Ground},
    seal::Keys,
    settle::Settled,
    shelf::Shelf,
    stages::{Round, Work, outdate},
    states_read::Held,
    target, trouble,
};

/// The merged commit, ready to work in.
pub(super) struct Bench<'a> {
    pub(super) commit: CommitId,
    pub(super) scene: &'a Scene,
    pub(super) tree: Arc<Tree>,
    pub(super) platform: Arc<Platform>,
    /// The policies of the commit.
    pub(super) policies: Arc<Policies>,
}

/// The files that one plan belongs to.
#[derive(Clone)]
pub(super) struct Stage {
    pub(super) snapshot: Snapshot,
    pub(super) tree: Arc<Tree>,
    pub(super) platform: Arc<Platform>,
    /// The policies of the merged commit.
    pub(super) policies: Arc<Policies>,
    /// Addresses that the stack protects.
    pub(super) protect: Vec<String>,
    /// The stacks that it comes after; when it goes away, those that came after it.
    pub(super) after: Vec<StackName>,
    /// What the stack uses of other states, by the name of the data source.
    pub(super) reads: BTreeMap<String, ReadOutputs>,
}

/// Everything about the commit that does not change during the run.
pub(super) struct Scene {
    pub(super) snapshot: Snapshot,
    pub(super) inventory: Inventory,
    pub(super) order: Order,
    pub(super) closures: BTreeMap<Instance, Closure>,
}

impl Scene {
    /// The policies of the commit.
    pub(super) fn policies(&self) -> Result<Policies, PipelineError> {
        Ok(Policies::load(&self.snapshot, &self.inventory.platform)?)
    }
}

impl Site {
    /// Reads the commit.
    pub(super) fn scene(&self, request: &ApplyRequest) -> Result<Scene, PipelineError> {
        let memo = Memo::default();
        let snapshot = self.repository().commit_snapshot(request.commit)?;
        let inventory = Inventory::load(&snapshot)?;
        let order = Order::of(&snapshot, &inventory, &memo)?;
        let instances: Vec<Instance> = inventory
            .instances()
            .into_iter()
            .filter(|instance| request.covers(instance, &inventory.platform))
            .filter(|instance| request.stacks.contains(&instance.stack) || !target::is_manual(&inventory, instance))
            .collect();
        let closures = closure::closures(&snapshot, &inventory, &instances, &memo)?;
        let closures = closures.into_iter().map(|closure| (closure.instance.clone(), closure)).collect();
        Ok(Scene { snapshot, inventory, order, closures })
    }
}

impl Workshop {
    /// Finds the bundle of every instance that has something to apply, and checks that it fits. What a killed run left
    /// in the dark (`left`) is refused.
    pub(super) async fn due(
        &self,
        request: &ApplyRequest,
        scene: &Scene,
        stores: &Stores,
        left: &[Settled],
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<Due, PipelineError> {
        let keys = Keys::from_env()?;
        let shelf = Shelf::open(&request.bundles, &stores.plans, &keys)?;
        let mut pending = self.pending(request, scene, stores).await?;
        let mut round = Round::of(&keys, &pending);
        let readers = self.readers(request, scene, &shelf, &mut round, events).await?;
        let covered = readers.iter().filter(|reader| request.covers(&reader.instance, &scene.inventory.platform));
        pending.extend(covered.map(|closure| (closure.instance.clone(), Some(closure.clone()))));
        let closures = pending.iter().filter_map(|(_, closure)| closure.as_ref());
        let bench = Bench {
            commit: request.commit,
            scene,
            tree: Arc::new(self.site().export_for(&scene.snapshot, closures)?),
            platform: Arc::new(scene.inventory.platform.clone()),
            policies: Arc::new(scene.policies()?),
        };
        let mut jobs = Vec::new();
        let mut moved_on = Vec::new();
        let mut envelopes = Vec::new();
        let mut refusals = Vec::new();
        let errored = Errored::all(&stores.records).await?;
        let compares = bench.platform.pipeline.on_stale == OnStale::Compare;
        for (instance, closure) in pending {
            let left = left.iter().find(|left| left.instance == instance).and_then(Settled::refusal);
            if let Some(refusal) = errored.refusal(&instance).or(left) {
                refusals.push(refusal);
                continue;
            }
            match self.choice(&bench, &shelf, &round, &instance, closure.as_ref(), events).await? {
                Choice::Fits(bundle) => match self.job(&bench, instance, *bundle)? {
                    Ok(job) => {
                        let Held { check, unclear } = job.held().await?;
                        let told = unclear.iter().map(|told| format!("{}: {told}", job.instance));
                        told.for_each(|message| events(Event::Notice { message }));
                        match check.and_then(|check| check.refusal(&job.instance)) {
                            None => jobs.push(job),
                            Some(refusal) if compares => moved_on.push((job.instance, job.bundle, refusal)),
                            Some(refusal) => refusals.push(refusal),
                        }
                    }
                    Err(refusal) => refusals.push(refusal),
                },
                Choice::Staged(bundle) => envelopes.push((instance, *bundle)),
                Choice::MovedOn(bundle, refusal) if compares => {
                    moved_on.push((instance, *bundle, refusal));
                }
                Choice::MovedOn(_, refusal) | Choice::Unfit(refusal) => refusals.push(refusal),
            }
        }
        let others = jobs.iter().map(|job| &job.instance).chain(moved_on.iter().map(|(instance, ..)| instance));
        let mut later = Vec::new();
        for staged in self.later(request, &bench, stores, envelopes, others).await? {
            staged.map_or_else(|refusal| refusals.push(refusal), |staged| later.push(Work::Later(staged)));
        }
        // Planning again takes minutes and credentials: only when nothing else stands in the way.
        if (refusals.is_empty() || request.resume) && bench.platform.pipeline.verify == Verify::Replan {
            let moved = self.verify_anew(&jobs, interrupt, events).await?;
            jobs.retain(|job| moved.iter().all(|refusal| refusal.instance != job.instance));
            refusals.extend(moved);
        }
        if refusals.is_empty() || request.resume {
            for (instance, bundle, refusal) in moved_on {
                match self.again(&bench, instance, &bundle, &refusal, interrupt, events).await? {
                    Ok(job) => jobs.push(job),
                    Err(refusal) => refusals.push(refusal),
                }
            }
        }
        if !request.dry_run && (refusals.is_empty() || request.resume) {
            outdate(&readers, &stores.records).await?;
        }
        Ok(Due { jobs: jobs.into_iter().map(Work::Reviewed).chain(later).collect(), refusals })
    }

    /// The bundle of `instance` that fits, or why none does.
    pub(super) async fn choice(
        &self,
        bench: &Bench<'_>,
        shelf: &Shelf,
        round: &Round<'_>,
        instance: &Instance,
        closure: Option<&Closure>,
        events: EventSink<'_>,
    ) -> Result<Choice, PipelineError> {
        let hash = closure.map(|closure| closure.hash.to_string());
        let Found { mut bundles, unreadable } = shelf.find(round.keys, instance, hash.as_deref()).await?;
        // What was planned without regard to those that go first is older than it looks.
        bundles.sort_by_key(|bundle| !round.waits(bundle));
        let state = self.site().state(&bench.tree, &bench.platform, instance).version().await?;
        let program = self.program();
        let policy = planning::policy(&bench.platform);
        let present = Present {
            instance,
            closure,
            state: state.as_ref(),
            program: &program,
            policy: &policy,
            sealed: !bench.platform.pipeline.recipients.is_empty(),
        };
        let choice = present.choose(bundles);
        let mut unreadable = unreadable.into_iter();
        match (choice, unreadable.next()) {
            (None, Some(error)) => Err(error),
            (None, None) => {
                let all = shelf.all(round.keys, instance).await?.bundles;
                Ok(Choice::Unfit(present.without_plan(all.first())))
            }
            (Some(choice), Some(error)) => {
                events(Event::Notice {
                    message: format!("passed over: {}", trouble::chain(&error).replace('\n', ": ")),
                });
                Ok(choice)
            }
            (Some(choice), None) => Ok(choice),
        }
    }

    /// Plans anew what the time has passed by. Only if that comes to the reviewed changes, it is applied.
    async fn again(
        &self,
        bench: &Bench<'_>,
        instance: Instance,
        reviewed: &Bundle,
        refusal: &Refusal,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<Result<Job, Refusal>, PipelineError> {
        let Stage { tree, platform, .. } = self.stage(bench, &instance, &reviewed.manifest)?;
        let lock_file = tokio::sync::Mutex::default();
        let destroy = reviewed.manifest.destroy;
        let ground = Ground { instance: &instance, tree: &tree, platform: &platform, destroy, lock_file: &lock_file };
        let (fresh, check) = self.plan_beside(&reviewed.manifest, &ground, interrupt, events).await?;
        if let Some(differs) = check.refusal(&instance) {
            let found = format!("{}, planned again because the {}", differs.found, refusal.field.differs());
            return Ok(Err(Refusal { found, ..differs }));
        }
        let Refusal { field, reviewed: then, found: now, .. } = refusal;
        events(Event::Notice {
            message: format!(
                "{instance}: {}: reviewed {then}, found {now}; planned again, with the reviewed changes as the result",
                field.differs()
            ),
        });
        let bundle = self.renewed(reviewed, &fresh, &bench.platform)?;
        let job = self.job(bench, instance, bundle)?;
        Ok(job.map(|job| Job { reviewed: Some(reviewed.manifest.plan_sha256.clone()), ..job }))
    }

    /// The instances whose content is not what was applied last, with their closures; `None`: its stack is gone.
    pub(super) async fn pending(
        &self,
        request: &ApplyRequest,
        scene: &Scene,
        stores: &Stores,
    ) -> Result<Vec<(Instance, Option<Closure>)>, PipelineError> {
        let applied: BTreeMap<Instance, Applied> = Applied::all(&stores.records)
            .await?
            .into_iter()
            .map(|applied| (applied.instance.clone(), applied))
            .collect();
        let mut pending = Vec::new();
        for (instance, closure) in &scene.closures {
            let wanted = closure.hash.to_string();
            if !applied.get(instance).is_some_and(|applied| applied.is_current(&wanted)) {
                pending.push((instance.clone(), Some(closure.clone())));
            }
        }
        let stacks = scene.inventory.stacks.iter().map(|stack| &stack.name);
        target::known_stacks(&request.stacks, stacks.chain(applied.keys().map(|instance| &instance.stack)))?;
        let existing = scene.inventory.instances();
        for (instance, applied) in applied {
            if applied.closure.is_some()
                && !existing.contains(&instance)
                && request.covers(&instance, &scene.inventory.platform)
            {
                pending.push((instance, None));
            }
        }
        Ok(pending)
    }

    /// The last check, of the plan file's own content, and the files to apply in.
    fn job(
        &self,
        bench: &Bench<'_>,
        instance: Instance,
        bundle: Bundle,
    ) -> Result<Result<Job, Refusal>, PipelineError> {
        let stage = self.stage(bench, &instance, &bundle.manifest)?;
        self.job_in(stage, bench.commit, instance, bundle)
    }

    /// As [`Workshop::job`], in files that are known already.
    pub(super) fn job_in(
        &self,
        stage: Stage,
        commit: CommitId,
        instance: Instance,
        bundle: Bundle,
    ) -> Result<Result<Job, Refusal>, PipelineError> {
        let file = self.write_plan(&instance, &bundle)?;
        let checks = match self.inside(&instance, &bundle, &file, &stage) {
            Err(PipelineError::Plan(PlanFileError::NotAPlan { .. })) => {
                return Ok(Err(Refusal::no_plan_file(instance)));
            }
            checks => checks?,
        };
        if let Some(refusal) = checks.iter().find_map(|check| check.refusal(&instance)) {
            return Ok(Err(refusal));
        }
        if let Some(refusal) = allowed(&stage, &bundle.manifest).and_then(|check| check.refusal(&instance)) {
            return Ok(Err(refusal));
        }
        let changes_read = checks.iter().any(|check| check.field == Field::Changes);
        let closure = (!bundle.manifest.destroy).then(|| bundle.manifest.closure.clone());
        let Stage { tree, platform, after, reads, .. } = stage;
        Ok(Ok(Job {
            instance,
            bundle,
            plan: file,
            reviewed: None,
            changes_read,
            after,
            closure,
            reads,
            tree,
            platform,
            commit,
        }))
    }

    /// What the plan file of `bundle` says of itself, held against its manifest and the commit.
    pub(super) fn inside(
        &self,
        instance: &Instance,
        bundle: &Bundle,
        file: &Path,
        stage: &Stage,
    ) -> Result<Vec<Check>, PipelineError> {
        let state = self.site().state(&stage.tree, &stage.platform, instance);
        let inside = Inside {
            instance,
            manifest: &bundle.manifest,
            plan: &PlanFile::open(file)?,
            product: self.binary().product,
            backend: state.settings(),
            snapshot: &stage.snapshot,
        };
        inside.checks()
    }

    /// Where the plan of `manifest` is applied: in the merged commit; for a stack that is gone from it, in the one
    /// before, which has the files that it was made from.
    pub(super) fn stage(
        &self,
        bench: &Bench<'_>,
        instance: &Instance,
        manifest: &Manifest,
    ) -> Result<Stage, PipelineError> {
        if !manifest.destroy {
            return Ok(Stage {
                snapshot: bench.scene.snapshot.clone(),
                tree: Arc::clone(&bench.tree),
                platform: Arc::clone(&bench.platform),
                policies: Arc::clone(&bench.policies),
                protect: bench.scene.inventory.stack(instance.stack.as_str())?.settings.protect.clone(),
                after: bench.scene.order.before(&instance.stack).cloned().collect(),
                reads: bench.scene.closures.get(instance).map(Closure::outputs_read).unwrap_or_default(),
            });
        }
        let commit = self.site().repository().resolve(&manifest.commit)?;
        let snapshot = self.site().repository().commit_snapshot(commit)?;
        let inventory = Inventory::load(&snapshot)?;
        let memo = Memo::default();
        let order = Order::of(&snapshot, &inventory, &memo)?;
        let closure = closure::closure_of(&snapshot, &inventory, instance, &memo)?;
        let tree = Arc::new(self.site().export_for(&snapshot, [&closure])?);
        let stacks = inventory.stacks.iter().map(|stack| &stack.name);
        let after = stacks.filter(|other| order.before(other).any(|name| *name == instance.stack)).cloned().collect();
        let protect = inventory.stack(instance.stack.as_str())?.settings.protect.clone();
        let policies = Arc::clone(&bench.policies);
        let reads = closure.outputs_read();
        Ok(Stage { snapshot, tree, platform: Arc::new(inventory.platform), policies, protect, after, reads })
    }

    pub(super) fn write_plan(&self, instance: &Instance, bundle: &Bundle) -> Result<TempPath, PipelineError> {
        let path = self.site().secret_file(instance)?;
        match std::fs::write(&path, &bundle.plan) {
            Ok(()) => Ok(path),
            Err(source) => Err(PipelineError::Io { verb: "write", path: path.to_path_buf(), source }),
        }
    }
}
