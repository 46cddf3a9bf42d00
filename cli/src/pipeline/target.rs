//! What a plan request means: the instances, and for each the files to plan and what binds them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tokio::sync::Mutex;

use crate::{
    closure::{self, Affected, Closure, ClosureError, Inventory, Kind, Memo, Order},
    hcl,
    platform::{Environment, EnvironmentName, Instance, Platform, Stack, StackName},
    policy::{self, Policies, Words},
    repo::{CommitId, Snapshot},
    store::{Location, Store},
    terraform::ChangeList,
};

use super::{
    PipelineError, PlanRequest, Site, Workshop,
    chosen::Chosen,
    exported::Tree,
    stages::{self, Producer},
};

/// One instance to plan, with everything it needs.
pub(super) struct Target {
    pub(super) affected: Affected,
    /// Whether nothing of its own changes, and it is planned only if it reads outputs that change.
    pub(super) reader: bool,
    pub(super) closure: Closure,
    /// The commit whose files are planned: the base for a removed stack.
    pub(super) commit: Option<CommitId>,
    /// The commit that the change was compared with.
    pub(super) base: Option<CommitId>,
    pub(super) tree: Arc<Tree>,
    /// What the tree was exported from.
    pub(super) snapshot: Snapshot,
    pub(super) platform: Arc<Platform>,
    /// The platform at the head, whose policy and recipients hold for bundles: of a removed stack, `platform` is as it
    /// was before.
    pub(super) head: Arc<Platform>,
    pub(super) protect: Vec<String>,
    /// The policies that hold for it.
    pub(super) policies: Arc<Policies>,
    /// What was allowed with a word.
    pub(super) words: Words,
    /// Where its bundle is kept; `None` when it is not.
    pub(super) plans: Option<Store>,
    /// Held while Terraform initialises a stack that has no lock file, which writes one.
    pub(super) lock_file: Arc<Mutex<()>>,
}

impl Target {
    /// As those that wait for it name it.
    pub(super) fn producer(&self) -> Producer {
        Producer { instance: self.affected.instance.clone(), closure: self.closure.hash.to_string() }
    }

    /// What is protected and would be lost, and whether that was allowed with a word.
    pub(super) fn protected(&self, changes: &ChangeList) -> BTreeMap<String, bool> {
        let planned = self.to_judge(changes);
        let lost = self.policies.protected_losses(&planned);
        lost.map(|change| (change.address.clone(), self.words.allow_destroy(&change.address))).collect()
    }

    /// What its plan does, for the policies.
    pub(super) fn to_judge<'a>(&'a self, changes: &'a ChangeList) -> policy::Planned<'a> {
        policy::Planned {
            instance: &self.affected.instance,
            destroy: self.affected.kind == Kind::Removed,
            changes,
            protect: &self.protect,
            words: &self.words,
        }
    }
}

/// What a request means.
pub(super) struct Selection {
    /// The instances, in the order of stacks and environments; removed ones last.
    pub(super) targets: Vec<Target>,
    /// The platform at the head.
    pub(super) platform: Arc<Platform>,
    /// The policies that hold for it.
    pub(super) policies: Arc<Policies>,
    /// Where bundles are kept, each place once; empty when none are.
    pub(super) plan_stores: Vec<String>,
    /// What should be looked at, beyond single instances.
    pub(super) notices: Vec<String>,
}

impl Workshop {
    /// Finds the instances of `request`, and exports the files to plan them with.
    ///
    /// # Errors
    /// When the repository, the platform or the stores cannot be read, or a name is unknown.
    pub(super) async fn select(&self, request: &PlanRequest) -> Result<Selection, PipelineError> {
        let memo = Memo::default();
        let Chosen { head, inventory, present, gone, since, notices } = self.site().choose(request, &memo).await?;
        let platform = Arc::new(inventory.platform.clone());
        let (policies, before) = self.site().policies(request, &head, &platform)?;

        // What cannot be applied in any order should not be reviewed.
        let order = Order::of(&head, &inventory, &memo)?;
        let mut readers = stages::possible(&head, &inventory, &order, &present, &memo)?;
        let environments = environments(&platform, &request.environments)?;
        readers.retain(|affected| {
            affected.instance.environment.as_ref().is_none_or(|name| environments.contains(name))
                && (request.stacks.is_empty() || request.stacks.contains(&affected.instance.stack))
                && (!request.stacks.is_empty() || !is_manual(&inventory, &affected.instance))
        });
        let present = present.into_iter().map(|affected| (affected, false));
        let present: Vec<_> = present.chain(readers.into_iter().map(|affected| (affected, true))).collect();
        let mut targets = Vec::new();
        if !present.is_empty() {
            let commit = (!request.worktree).then_some(request.range.head);
            let closures = present.iter().filter_map(|(affected, _)| affected.closure.as_ref());
            let tree = Arc::new(self.site().export_for(&head, closures)?);
            let mut locks: BTreeMap<StackName, Arc<Mutex<()>>> = BTreeMap::new();
            for (affected, reader) in present {
                let Some(closure) = affected.closure.clone() else { continue };
                let stack = inventory.stack(affected.instance.stack.as_str())?;
                let lock_file = Arc::clone(locks.entry(stack.name.clone()).or_default());
                targets.push(Target {
                    affected,
                    reader,
                    closure,
                    commit,
                    base: request.range.base,
                    tree: Arc::clone(&tree),
                    snapshot: head.clone(),
                    platform: Arc::clone(&platform),
                    head: Arc::clone(&platform),
                    protect: protect(stack, before.as_ref()),
                    policies: Arc::clone(&policies),
                    words: request.words.clone(),
                    plans: None,
                    lock_file,
                });
            }
        }
        for affected in gone {
            if let Some(commit) = since.get(&affected.instance) {
                targets.push(self.removal(affected, *commit, &platform, (&policies, &request.words), &memo)?);
            }
        }
        let keeps = request.keep && !request.worktree;
        let plan_stores =
            if keeps { self.open_plan_stores(request, &mut targets, &platform).await? } else { Vec::new() };
        Ok(Selection { targets, platform, policies, plan_stores, notices })
    }

    /// Gives every target the store that keeps its bundle, and returns the places.
    async fn open_plan_stores(
        &self,
        request: &PlanRequest,
        targets: &mut [Target],
        platform: &Platform,
    ) -> Result<Vec<String>, PipelineError> {
        // Opening a store may mean certificates and a token, so each is opened once.
        let mut stores: BTreeMap<EnvironmentName, Store> = BTreeMap::new();
        for target in targets {
            let Some(environment) = platform.delivering(&target.affected.instance) else { continue };
            if !stores.contains_key(environment) {
                let plans = match &request.bundles {
                    Some(folder) => Store::open(&Location::Folder(folder.clone()))?,
                    None => self.site().stores(platform, environment)?.plans,
                };
                // A plan that cannot be kept is found out now, not after minutes of planning.
                plans.probe().await?;
                stores.insert(environment.clone(), plans);
            }
            target.plans = stores.get(environment).cloned();
        }
        let places: BTreeSet<String> = stores.values().map(|store| store.location().to_string()).collect();
        Ok(places.into_iter().collect())
    }

    /// A removed instance is planned with the files of the last commit that had it.
    fn removal(
        &self,
        affected: Affected,
        commit: CommitId,
        head: &Arc<Platform>,
        (policies, words): (&Arc<Policies>, &Words),
        memo: &Memo,
    ) -> Result<Target, PipelineError> {
        let snapshot = self.site().repository().commit_snapshot(commit)?;
        let inventory = Inventory::load(&snapshot)?;
        let closure = closure::closure_of(&snapshot, &inventory, &affected.instance, memo)?;
        let protect = inventory.stack(affected.instance.stack.as_str())?.settings.protect.clone();
        let tree = Arc::new(self.site().export_for(&snapshot, [&closure])?);
        Ok(Target {
            affected,
            reader: false,
            closure,
            commit: Some(commit),
            base: Some(commit),
            tree,
            policies: Arc::clone(policies),
            words: words.clone(),
            snapshot,
            platform: Arc::new(inventory.platform),
            head: Arc::clone(head),
            protect,
            plans: None,
            lock_file: Arc::default(),
        })
    }
}

impl Site {
    /// The policies that hold for `request`, and the platform that they come from, where that is not the head itself. What
    /// is protected by the head's own settings stays so.
    fn policies(
        &self,
        request: &PlanRequest,
        head: &Snapshot,
        platform: &Platform,
    ) -> Result<(Arc<Policies>, Option<Inventory>), PipelineError> {
        let Some(commit) = request.policies else { return Ok((Arc::new(Policies::load(head, platform)?), None)) };
        let snapshot = self.repository().commit_snapshot(commit)?;
        let mut before = match Inventory::load(&snapshot) {
            // From before the platform: there are no others than its own.
            Err(ClosureError::NoPlatform { .. }) => return Ok((Arc::new(Policies::load(head, platform)?), None)),
            before => before?,
        };
        let protect = &mut before.platform.policy.protect;
        protect.extend(platform.policy.protect.iter().cloned());
        Ok((Arc::new(Policies::load(&snapshot, &before.platform)?), Some(before)))
    }
}

/// What `stack` protects, or protected before the change.
fn protect(stack: &Stack, before: Option<&Inventory>) -> Vec<String> {
    let mut protect = stack.settings.protect.clone();
    let before = before.and_then(|inventory| inventory.stack(stack.name.as_str()).ok());
    protect.extend(before.into_iter().flat_map(|stack| stack.settings.protect.iter().cloned()));
    protect
}

/// Whether the stack of `instance` is left to people.
pub(super) fn is_manual(inventory: &Inventory, instance: &Instance) -> bool {
    inventory.stack(instance.stack.as_str()).is_ok_and(|stack| stack.settings.manual)
}

/// The environments that a request means.
pub(super) fn environments(
    platform: &Platform,
    names: &[EnvironmentName],
) -> Result<Vec<EnvironmentName>, PipelineError> {
    if names.is_empty() {
        return Ok(platform.environments.iter().take(1).map(|environment| environment.name.clone()).collect());
    }
    names.iter().map(|name| Ok(environment(platform, name)?.name.clone())).collect()
}

/// The environment called `name`.
pub(super) fn environment<'a>(
    platform: &'a Platform,
    name: &EnvironmentName,
) -> Result<&'a Environment, PipelineError> {
    platform.environment(name.as_str()).ok_or_else(|| PipelineError::UnknownEnvironment {
        name: name.to_string(),
        known: platform.environments.iter().map(|environment| environment.name.to_string()).collect(),
    })
}

/// Refuses names that are no stack's: they would select nothing, which looks like success.
pub(super) fn known_stacks<'a>(
    names: &[StackName],
    known: impl Iterator<Item = &'a StackName>,
) -> Result<(), PipelineError> {
    let known: Vec<&str> = known.map(StackName::as_str).collect();
    let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) else { return Ok(()) };
    let near = hcl::nearest(name.as_str(), known).map(ToOwned::to_owned);
    Err(PipelineError::UnknownStack { name: name.to_string(), near })
}
