//! What is due when a commit is applied: the instances whose content was not applied yet, each with the
//! reviewed plan that fits, or why none does.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use tempfile::TempPath;

use crate::{
    closure::{self, Closure, Inventory, Memo, Order},
    platform::{Instance, Platform, StackName},
    repo::{CommitId, Snapshot},
    terraform::PlanFile,
};

use super::{
    ApplyRequest, Delivered, PipelineError, Workshop,
    applied::Applied,
    backend::Stores,
    bundle::{Bundle, Manifest},
    errored,
    exported::Tree,
    fit::{self, Present, Refusal},
    journal::{Entry, Status},
    plan, target,
};

/// A plan that fits, with what applying it needs.
pub(super) struct Job {
    pub(super) instance: Instance,
    pub(super) bundle: Bundle,
    /// The bundle's plan, as a file.
    pub(super) plan: TempPath,
    /// The stacks that come before this one; when it goes away, those that it goes before.
    pub(super) after: Vec<StackName>,
    pub(super) closure: Option<String>,
    pub(super) tree: Arc<Tree>,
    pub(super) platform: Arc<Platform>,
    pub(super) commit: CommitId,
}

/// Everything about the commit that does not change during the run.
pub(super) struct Scene {
    pub(super) snapshot: Snapshot,
    pub(super) inventory: Inventory,
    pub(super) order: Order,
    pub(super) closures: BTreeMap<Instance, Closure>,
}

impl Workshop {
    /// Reads the commit.
    pub(super) fn scene(&self, request: &ApplyRequest) -> Result<Scene, PipelineError> {
        let memo = Memo::default();
        let snapshot = self.site().repository().commit_snapshot(request.commit)?;
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

    /// Finds the bundle of every instance that has something to apply, and checks that it fits.
    pub(super) async fn jobs(
        &self,
        request: &ApplyRequest,
        scene: &Scene,
        stores: &Stores,
    ) -> Result<Vec<Job>, PipelineError> {
        let tree = Arc::new(self.site().export(&scene.snapshot)?);
        let platform = Arc::new(scene.inventory.platform.clone());
        let program = plan::program(self);
        let mut jobs = Vec::new();
        let mut refusals = Vec::new();
        for (instance, closure) in self.pending(request, scene, stores).await? {
            let state = self.site().state(&tree, &platform, &instance).read().await?;
            let present =
                Present { instance: &instance, closure: closure.as_ref(), state: state.as_ref(), program: &program };
            if let Some(refusal) = errored::refusal(&instance, stores).await? {
                refusals.push(refusal);
                continue;
            }
            let hash = closure.as_ref().map(|closure| closure.hash.to_string());
            let bundles = Bundle::find(&stores.plans, &instance, hash.as_deref()).await?;
            let bundles = bundles.into_iter().filter(|bundle| bundle.manifest.destroy == closure.is_none());
            let bundle = match present.choose(bundles) {
                Ok(Some(bundle)) => bundle,
                Ok(None) => {
                    let last = Bundle::newest(&stores.plans, &instance).await?;
                    refusals.push(present.without_plan(last.as_ref()));
                    continue;
                }
                Err(refusal) => {
                    refusals.push(refusal);
                    continue;
                }
            };
            let job = self.job(request, scene, &tree, &platform, instance, bundle)?;
            match job {
                Ok(job) => jobs.push(job),
                Err(refusal) => refusals.push(refusal),
            }
        }
        if refusals.is_empty() { Ok(jobs) } else { Err(PipelineError::Refused { refusals }) }
    }

    /// The instances whose content is not what was applied last, with their closures; `None`: its stack is gone.
    async fn pending(
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
            if applied.get(instance).and_then(|applied| applied.closure.as_ref()) != Some(&wanted) {
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

    /// The last check, of the plan file's own content against the commit, and the files to apply in.
    fn job(
        &self,
        request: &ApplyRequest,
        scene: &Scene,
        tree: &Arc<Tree>,
        platform: &Arc<Platform>,
        instance: Instance,
        bundle: Bundle,
    ) -> Result<Result<Job, Refusal>, PipelineError> {
        let file = self.write_plan(&instance, &bundle)?;
        let plan = PlanFile::open(&file)?;
        let after = |order: &Order| order.before(&instance.stack).cloned().collect();
        let Manifest { destroy, commit, closure, .. } = &bundle.manifest;
        if *destroy {
            // The stack is gone from the merged commit; the one before has the files that it was made from.
            let commit = self.site().repository().resolve(commit)?;
            let snapshot = self.site().repository().commit_snapshot(commit)?;
            if let Some(refusal) = fit::configuration(&instance, &plan, &snapshot)? {
                return Ok(Err(refusal));
            }
            let (tree, platform) =
                (Arc::new(self.site().export(&snapshot)?), Arc::new(closure::load_platform(&snapshot)?));
            let order = Order::of(&snapshot, &Inventory::load(&snapshot)?, &Memo::default())?;
            let (after, commit) = (after(&order), request.commit);
            return Ok(Ok(Job { instance, bundle, plan: file, after, closure: None, tree, platform, commit }));
        }
        if let Some(refusal) = fit::configuration(&instance, &plan, &scene.snapshot)? {
            return Ok(Err(refusal));
        }
        let closure = Some(closure.clone());
        let (tree, platform) = (Arc::clone(tree), Arc::clone(platform));
        let (after, commit) = (after(&scene.order), request.commit);
        Ok(Ok(Job { instance, bundle, plan: file, after, closure, tree, platform, commit }))
    }

    fn write_plan(&self, instance: &Instance, bundle: &Bundle) -> Result<TempPath, PipelineError> {
        let path = self.site().secret_file(instance)?;
        match std::fs::write(&path, &bundle.plan) {
            Ok(()) => Ok(path),
            Err(source) => Err(PipelineError::Io { verb: "write", path: path.to_path_buf(), source }),
        }
    }
}

impl ApplyRequest {
    /// Whether the request is about `instance`. Shared stacks go with the first environment.
    pub(super) fn covers(&self, instance: &Instance, platform: &Platform) -> bool {
        platform.delivering(instance) == Some(&self.environment)
            && (self.stacks.is_empty() || self.stacks.contains(&instance.stack))
    }
}

impl Job {
    pub(super) fn entry(&self, status: Status) -> Entry {
        Entry {
            instance: self.instance.clone(),
            status,
            plan_sha256: self.bundle.manifest.plan_sha256.clone(),
            before: self.bundle.manifest.state.clone(),
            after: None,
            changed: Timestamp::now(),
            problem: None,
        }
    }

    pub(super) fn outcome(&self, status: Status, summary: String) -> Delivered {
        Delivered { instance: self.instance.clone(), status, summary }
    }

    pub(super) fn applied(&self, run: String) -> Applied {
        Applied {
            version: 1,
            instance: self.instance.clone(),
            closure: self.closure.clone(),
            commit: self.commit.to_string(),
            run,
            time: Timestamp::now(),
        }
    }
}

/// For each job the jobs that go first: what its stack depends on, and for stacks that go away the other way round.
pub(super) fn dependencies(jobs: &[Arc<Job>]) -> Vec<Vec<usize>> {
    let depends = |job: &Job, on: &Job| match (&job.closure, &on.closure) {
        (Some(_), Some(_)) => job.after.contains(&on.instance.stack),
        (None, None) => on.after.contains(&job.instance.stack),
        // What stays no longer depends on what goes: the merged commit would not hold together.
        _ => false,
    };
    jobs.iter().map(|job| (0..jobs.len()).filter(|&other| depends(job, &jobs[other])).collect()).collect()
}
