//! Plans what a change affects, and keeps each plan as a bundle.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use serde::Serialize;
use tokio::sync::Mutex;

use crate::{
    closure::{self, Affected, Closure, Inventory, Kind, Memo, Order, Reason},
    hcl,
    platform::{EnvironmentName, Instance, Parallelism, Platform, StackName, layout},
    repo::{CommitId, Range, Snapshot},
    terraform::{ChangeList, Interrupt, PlanFile, PlanMode, PlanOptions, Reader, TerraformEvent, Watch},
};

use super::{
    Event, EventSink, PipelineError, Workshop,
    backend::Stores,
    bundle::{self, Bundle, Program, StateVersion},
    schedule, trouble,
    workshop::Tree,
};

/// What to plan.
#[derive(Debug, Clone)]
pub struct PlanRequest {
    /// The two sides of the change.
    pub range: Range,
    /// Plan the files of the work tree instead of the head commit. Nothing is kept: what no commit
    /// holds cannot be reviewed.
    pub worktree: bool,
    /// Plan every instance, affected or not.
    pub all: bool,
    /// The environments; empty: the first one.
    pub environments: Vec<EnvironmentName>,
    /// Only these stacks; empty: all.
    pub stacks: Vec<StackName>,
    /// Keep the plans as bundles.
    pub keep: bool,
}

/// What came of it.
#[derive(Debug)]
pub struct PlanReport {
    /// The commit that was planned; `None` for the work tree.
    pub commit: Option<CommitId>,
    /// Where the bundles are; `None` when none were kept.
    pub plan_store: Option<String>,
    /// The instances, in the order of stacks and environments.
    pub instances: Vec<Planned>,
    /// What should be looked at, beyond single instances.
    pub notices: Vec<String>,
    /// Resource types that need a word, from the platform.
    pub protect: Vec<String>,
}

impl PlanReport {
    /// Whether every instance could be planned.
    pub fn is_ok(&self) -> bool {
        self.instances.iter().all(|planned| !matches!(planned.result, Result::Failed { .. } | Result::Skipped { .. }))
    }

    /// Whether applying would change anything.
    pub fn has_changes(&self) -> bool {
        self.instances.iter().any(|planned| matches!(&planned.result, Result::Changes(list) if !list.is_empty()))
    }
}

/// One instance's part of the report.
#[derive(Debug)]
pub struct Planned {
    /// The instance.
    pub instance: Instance,
    /// Whether the stack is new, changed or removed.
    pub kind: Kind,
    /// Why it was planned, one line each.
    pub reasons: Vec<String>,
    /// What should be looked at.
    pub notices: Vec<String>,
    /// Resource addresses that need a word, from the stack.
    pub protect: Vec<String>,
    /// What Terraform said.
    pub result: Result,
}

/// What Terraform said of an instance.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Result {
    /// What it would do; may be nothing.
    Changes(ChangeList),
    /// It failed.
    Failed {
        /// The error and its causes, a line each.
        message: String,
    },
    /// It was not started.
    Skipped {
        /// Why.
        reason: String,
    },
}

/// One instance to plan, with everything it needs.
struct Target {
    affected: Affected,
    closure: Closure,
    /// The commit whose files are planned: the base for a removed stack.
    commit: Option<CommitId>,
    tree: Arc<Tree>,
    platform: Arc<Platform>,
    protect: Vec<String>,
    /// Held while Terraform initialises a stack that has no lock file, which writes one.
    lock_file: Arc<Mutex<()>>,
}

impl Workshop {
    /// Plans the instances that `request` affects, in parallel, and keeps the plans.
    ///
    /// # Errors
    /// When the repository, the platform or the stores cannot be used. An instance that fails to plan is
    /// part of the report.
    pub async fn plan(
        &self,
        request: &PlanRequest,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> std::result::Result<PlanReport, PipelineError> {
        let memo = Memo::default();
        let repository = self.site().repository();
        let base = request.range.base.map(|commit| repository.commit_snapshot(commit)).transpose()?;
        let head = if request.worktree {
            repository.worktree_snapshot()?
        } else {
            repository.commit_snapshot(request.range.head)?
        };
        let changes = closure::affected(if request.all { None } else { base.as_ref() }, &head, &memo)?;
        let inventory = changes.inventory;
        let environments = environments(&inventory.platform, &request.environments)?;
        let removed = changes.affected.iter().map(|affected| &affected.instance.stack);
        known_stacks(&request.stacks, inventory.stacks.iter().map(|stack| &stack.name).chain(removed))?;
        let notices = changes.notices.iter().map(ToString::to_string).collect();
        let affected: Vec<Affected> = changes
            .affected
            .into_iter()
            .filter(|affected| affected.instance.environment.as_ref().is_none_or(|name| environments.contains(name)))
            .filter(|affected| request.stacks.is_empty() || request.stacks.contains(&affected.instance.stack))
            .collect();
        // Not needed to plan, but what cannot be applied in any order should not be reviewed.
        Order::of(&head, &inventory, &memo)?;
        let targets = self.targets(request, affected, &head, base.as_ref(), &inventory, &memo)?;
        let stores = if request.keep && !request.worktree && !targets.is_empty() {
            let stores = Stores::open(&inventory.platform, repository.root())?;
            // A plan that cannot be kept is found out now, not after minutes of planning.
            stores.plans.probe().await?;
            Some(stores)
        } else {
            None
        };
        events(Event::Selected { instances: targets.iter().map(|target| target.affected.instance.clone()).collect() });
        let limit = parallelism(&inventory.platform);
        let instances = self.plan_all(targets, stores.as_ref(), limit, interrupt, events).await?;
        Ok(PlanReport {
            commit: (!request.worktree).then_some(request.range.head),
            plan_store: stores.map(|stores| stores.plans.location().to_string()),
            instances,
            notices,
            protect: inventory.platform.policy.protect,
        })
    }

    /// Exports the sides that are needed and joins each affected instance with its side.
    fn targets(
        &self,
        request: &PlanRequest,
        affected: Vec<Affected>,
        head: &Snapshot,
        base: Option<&Snapshot>,
        inventory: &Inventory,
        memo: &Memo,
    ) -> std::result::Result<Vec<Target>, PipelineError> {
        let removed: Vec<Instance> = affected
            .iter()
            .filter(|affected| affected.kind == Kind::Removed)
            .map(|affected| affected.instance.clone())
            .collect();
        let mut gone = BTreeMap::new();
        if let (false, Some(base), Some(commit)) = (removed.is_empty(), base, request.range.base) {
            let inventory = Inventory::load(base)?;
            let tree = Arc::new(self.site().export(base)?);
            let platform = Arc::new(inventory.platform.clone());
            for closure in closure::closures(base, &inventory, &removed, memo)? {
                let entry = (closure.clone(), commit, Arc::clone(&tree), Arc::clone(&platform));
                gone.insert(closure.instance, entry);
            }
        }
        let tree = Arc::new(self.site().export(head)?);
        let platform = Arc::new(inventory.platform.clone());
        let mut locks: BTreeMap<StackName, Arc<Mutex<()>>> = BTreeMap::new();
        let mut targets = Vec::new();
        for affected in affected {
            let lock_file = Arc::clone(locks.entry(affected.instance.stack.clone()).or_default());
            let protect = inventory
                .stacks
                .iter()
                .find(|stack| stack.name == affected.instance.stack)
                .map(|stack| stack.settings.protect.clone())
                .unwrap_or_default();
            let (closure, commit, tree, platform) = match (gone.remove(&affected.instance), &affected.closure) {
                (Some((closure, commit, tree, platform)), _) => (closure, Some(commit), tree, platform),
                (None, Some(closure)) => {
                    let commit = (!request.worktree).then_some(request.range.head);
                    (closure.clone(), commit, Arc::clone(&tree), Arc::clone(&platform))
                }
                // Neither side has it: it cannot be affected.
                (None, None) => continue,
            };
            targets.push(Target { affected, closure, commit, tree, platform, protect, lock_file });
        }
        Ok(targets)
    }

    async fn plan_all(
        &self,
        targets: Vec<Target>,
        stores: Option<&Stores>,
        limit: usize,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> std::result::Result<Vec<Planned>, PipelineError> {
        // Tasks outlive no borrow, so their events travel through a channel to the caller's sink.
        let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
        let targets: Vec<Arc<Target>> = targets.into_iter().map(Arc::new).collect();
        let before = vec![Vec::new(); targets.len()];
        let run = schedule::run(
            &before,
            limit,
            || interrupt.is_raised(),
            |index| {
                let (workshop, target) = (self.clone(), Arc::clone(&targets[index]));
                let (plans, interrupt, sender) =
                    (stores.map(|stores| stores.plans.clone()), interrupt.clone(), sender.clone());
                async move {
                    let send = move |event| {
                        // The receiver lives as long as the run.
                        let _ = sender.send(event);
                    };
                    let result = workshop.plan_one(&target, plans.as_ref(), &interrupt, &send).await;
                    let ok = result.is_ok();
                    (result, ok)
                }
            },
        );
        tokio::pin!(run);
        let outcomes = loop {
            tokio::select! {
                Some(event) = receiver.recv() => events(event),
                outcomes = &mut run => break outcomes?,
            }
        };
        while let Ok(event) = receiver.try_recv() {
            events(event);
        }
        let finished = targets.iter().zip(outcomes).map(|(target, outcome)| {
            let (result, mut notices) = match outcome {
                schedule::Outcome::Ran { value: Ok((list, notices)), .. } => (Result::Changes(list), notices),
                schedule::Outcome::Ran { value: Err(error), .. } => {
                    let message = trouble::tell(&error, &target.affected.instance);
                    (Result::Failed { message }, Vec::new())
                }
                schedule::Outcome::Stopped | schedule::Outcome::Skipped { .. } => {
                    (Result::Skipped { reason: "interrupted".to_owned() }, Vec::new())
                }
            };
            notices.extend(target.closure.notices.iter().map(ToString::to_string));
            Planned {
                instance: target.affected.instance.clone(),
                kind: target.affected.kind,
                reasons: target.affected.reasons.iter().map(reason).collect(),
                notices,
                protect: target.protect.clone(),
                result,
            }
        });
        Ok(finished.collect())
    }

    /// Plans one instance and keeps the bundle. Returns the changes and what should be looked at.
    async fn plan_one(
        &self,
        target: &Target,
        plans: Option<&crate::store::Store>,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> std::result::Result<(ChangeList, Vec<String>), PipelineError> {
        let started = Instant::now();
        let instance = &target.affected.instance;
        events(Event::Started { instance: instance.clone() });
        let result = self.plan_steps(target, plans, interrupt, events).await;
        let summary = match &result {
            Ok((list, _)) => summary(list),
            Err(error) => trouble::tell(error, instance).lines().next().unwrap_or_default().to_owned(),
        };
        events(Event::Finished {
            instance: instance.clone(),
            ok: result.is_ok(),
            summary,
            seconds: started.elapsed().as_secs_f64(),
        });
        result
    }

    async fn plan_steps(
        &self,
        target: &Target,
        plans: Option<&crate::store::Store>,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> std::result::Result<(ChangeList, Vec<String>), PipelineError> {
        let instance = &target.affected.instance;
        let said = |said: TerraformEvent| events(Event::Terraform { instance: instance.clone(), said });
        let watch = Watch { events: &said, interrupt };
        let step = |step| events(Event::Step { instance: instance.clone(), step });
        let _alone = self.site().occupy(instance, interrupt, || step("waiting for another run")).await?;
        let terraform = self.terraform(&target.tree, &target.platform, instance)?;
        let mut notices = Vec::new();

        step("initialising");
        let lock_path = terraform.workspace().directory.join(".terraform.lock.hcl");
        if lock_path.exists() {
            terraform.init(&watch).await?;
        } else {
            let _one_at_a_time = target.lock_file.lock().await;
            terraform.init(&watch).await?;
            if lock_path.exists() {
                notices.push(format!(
                    "`{}/.terraform.lock.hcl` is not committed: provider versions were chosen just now",
                    layout::stack(&instance.stack)
                ));
            }
        }

        step("planning");
        let out = self.site().secret_file(instance)?;
        let options = PlanOptions {
            var_files: var_files(&target.tree, instance),
            mode: if target.affected.kind == Kind::Removed { PlanMode::Destroy } else { PlanMode::Normal },
            // A plan takes no lock, so it needs no right to write; a state that moves meanwhile is seen by its serial.
            lock: false,
            ..PlanOptions::new(&out)
        };
        terraform.plan(&options, &watch).await?;

        step("reading the plan");
        let mut changes = terraform.changes(&out, &watch).await?;
        changes.list.keep_answered_drift();
        if let Reader::Show { because } = &changes.reader {
            notices.push(format!("the plan was read by `show -json`: {because}"));
        }
        if let (Some(plans), Some(commit)) = (plans, target.commit) {
            step("keeping the plan");
            self.keep(target, plans, commit, &out, changes.list.clone()).await?;
        }
        Ok((changes.list, notices))
    }

    async fn keep(
        &self,
        target: &Target,
        plans: &crate::store::Store,
        commit: CommitId,
        out: &std::path::Path,
        changes: ChangeList,
    ) -> std::result::Result<(), PipelineError> {
        let file = PlanFile::open(out)?;
        let state = file.state();
        let plan =
            std::fs::read(out).map_err(|source| PipelineError::Io { verb: "read", path: out.to_owned(), source })?;
        let planned = bundle::Planned {
            instance: target.affected.instance.clone(),
            destroy: target.affected.kind == Kind::Removed,
            closure: target.closure.hash.to_string(),
            files: target.closure.files.iter().map(|(path, file)| (path.clone(), file.id.to_string())).collect(),
            commit: commit.to_string(),
            state: (!state.lineage.is_empty())
                .then(|| StateVersion { lineage: state.lineage.clone(), serial: state.serial }),
            terraform: program(self),
            changes,
        };
        Bundle::new(planned, plan).save(plans).await
    }
}

/// The program of a workshop, as bundles name it.
pub(super) fn program(workshop: &Workshop) -> Program {
    let binary = workshop.binary();
    Program { product: binary.product.to_string(), version: binary.version.to_string() }
}

/// The variable files that exist for `instance`.
fn var_files(tree: &Tree, instance: &Instance) -> Vec<std::path::PathBuf> {
    let files = instance.environment.iter().map(|environment| tree.path().join(layout::tfvars(environment)));
    files.filter(|file| file.exists()).collect()
}

/// The environments that a request means.
pub(super) fn environments(
    platform: &Platform,
    names: &[EnvironmentName],
) -> std::result::Result<Vec<EnvironmentName>, PipelineError> {
    for name in names {
        if platform.environment(name.as_str()).is_none() {
            let known = platform.environments.iter().map(|environment| environment.name.to_string()).collect();
            return Err(PipelineError::UnknownEnvironment { name: name.to_string(), known });
        }
    }
    if names.is_empty() {
        return Ok(platform.environments.iter().take(1).map(|environment| environment.name.clone()).collect());
    }
    Ok(names.to_vec())
}

/// Refuses names that are no stack's: they would select nothing, which looks like success.
pub(super) fn known_stacks<'a>(
    names: &[StackName],
    known: impl Iterator<Item = &'a StackName>,
) -> std::result::Result<(), PipelineError> {
    let known: Vec<&str> = known.map(StackName::as_str).collect();
    let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) else { return Ok(()) };
    let near = hcl::nearest(name.as_str(), known).map(ToOwned::to_owned);
    Err(PipelineError::UnknownStack { name: name.to_string(), near })
}

/// How many instances run at once. Terraform and a cloud provider keep about one core busy each.
pub(super) fn parallelism(platform: &Platform) -> usize {
    match platform.pipeline.parallelism {
        Parallelism::Fixed(count) => count,
        Parallelism::Auto => std::thread::available_parallelism().map_or(2, |cores| cores.get() * 3 / 2),
    }
}

/// `2 to add, 1 to change, 0 to destroy`, or `no changes`.
fn summary(list: &ChangeList) -> String {
    use crate::terraform::Action;
    if list.is_empty() {
        return "no changes".to_owned();
    }
    let count = |test: fn(Action) -> bool| list.resources.iter().filter(|change| test(change.action)).count();
    let add = count(|action| matches!(action, Action::Create) || action.replaces());
    let change = count(|action| action == Action::Update);
    let destroy = count(Action::destroys);
    format!("{add} to add, {change} to change, {destroy} to destroy")
}

fn reason(reason: &Reason) -> String {
    let what = reason.change;
    let via: Vec<&str> = reason.chain.iter().map(|link| link.by.as_str()).filter(|by| !by.is_empty()).collect();
    if via.is_empty() {
        format!("`{}` {what}", reason.path)
    } else {
        format!("`{}` {what}, read through {}", reason.path, via.join(" → "))
    }
}
