//! How far each instance is: what is applied, planned, pending, under way or stuck, from Git, the records and the plan
//! store. It needs neither Terraform nor a cluster, writes nothing and waits for no lock.

mod standing;

use std::collections::BTreeMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use serde::Serialize;

use crate::{
    closure::{self, Closure, Inventory, Memo},
    platform::{EnvironmentName, Instance, StackName},
    repo::CommitId,
};

use super::{
    PipelineError, Site,
    applied::Applied,
    backend::{StateLocation, Stores},
    bundle::{Bundle, BundleFormat, Found},
    errored::Errored,
    fit::{Field, Present},
    journal::{Journal, Record},
    lock::Lock,
    planning,
    seal::{Keys, SealError},
    target, trouble,
};

use standing::{Facts, Plans, Worked};
pub use standing::{InstanceState, InstanceStatus};

/// How many journals of an environment are looked at: whoever was left longer ago has been told more than once.
const RECENT: usize = 20;

/// How many instances are looked up at once, where looking takes requests to a store.
const AT_ONCE: usize = 16;

/// What to look at.
#[derive(Debug, Clone)]
pub struct StatusRequest {
    /// The commit that is to be applied.
    pub commit: CommitId,
    /// The environments; empty: all.
    pub environments: Vec<EnvironmentName>,
    /// Only these stacks; empty: all.
    pub stacks: Vec<StackName>,
}

/// How far everything is.
#[derive(Debug)]
pub struct StatusReport {
    /// The environments, in the order of promotion.
    pub environments: Vec<EnvironmentStatus>,
    /// The instances, by environment and stack; those that share go with the environment that delivers them.
    pub instances: Vec<InstanceStatus>,
}

/// One environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EnvironmentStatus {
    /// Its name.
    pub environment: EnvironmentName,
    /// Who applies to it, if anybody has its lock.
    pub lock: Option<LockStatus>,
}

/// A lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LockStatus {
    /// The machine that took it.
    pub host: String,
    /// The process there.
    pub pid: u32,
    /// When.
    pub since: Timestamp,
    /// Whether it binds: a lock whose run is known to be dead, or whose lease is over, is taken by the next run.
    pub live: bool,
}

impl StatusReport {
    /// Whether all that the commit has is applied.
    pub fn is_applied(&self) -> bool {
        self.instances.iter().all(|instance| instance.state == InstanceState::Applied)
    }
}

/// An environment while it is looked at.
struct Scope {
    environment: EnvironmentName,
    stores: Stores,
    lock: Option<LockStatus>,
    records: Vec<Record>,
    applied: BTreeMap<Instance, Applied>,
    errored: Errored,
}

impl Site {
    /// Looks at the infrastructure of `request`.
    ///
    /// # Errors
    /// When the commit cannot be read, a name is unknown, or a store cannot be read or holds something broken.
    pub async fn infrastructure(&self, request: &StatusRequest) -> Result<StatusReport, PipelineError> {
        let snapshot = self.repository().commit_snapshot(request.commit)?;
        let inventory = Inventory::load(&snapshot)?;
        let platform = &inventory.platform;
        let names = match request.environments.as_slice() {
            [] => platform.environments.iter().map(|environment| environment.name.clone()).collect(),
            named => target::environments(platform, named)?,
        };
        let mut scopes = Vec::new();
        for environment in names {
            scopes.push(self.scope(&inventory, environment).await?);
        }
        let recorded = scopes.iter().flat_map(|scope| scope.applied.keys()).map(|instance| &instance.stack);
        target::known_stacks(&request.stacks, inventory.stacks.iter().map(|stack| &stack.name).chain(recorded))?;

        let wanted = |instance: &Instance| request.stacks.is_empty() || request.stacks.contains(&instance.stack);
        let all = inventory.instances();
        let instances: Vec<Instance> = all.iter().filter(|instance| wanted(instance)).cloned().collect();
        let closures = closure::closures(&snapshot, &inventory, &instances, &Memo::default())?;
        let mut report = StatusReport { environments: Vec::new(), instances: Vec::new() };
        for scope in scopes {
            let delivered = |instance: &Instance| platform.delivering(instance) == Some(&scope.environment);
            let mut seen: Vec<(Instance, Option<&Closure>)> = closures
                .iter()
                .filter(|closure| delivered(&closure.instance))
                .map(|closure| (closure.instance.clone(), Some(closure)))
                .collect();
            // What was applied and is gone from the commit is still there, and waits for its end.
            let gone = scope.applied.values().filter(|applied| {
                let instance = &applied.instance;
                applied.closure.is_some() && !all.contains(instance) && delivered(instance) && wanted(instance)
            });
            seen.extend(gone.map(|applied| (applied.instance.clone(), None)));
            let looked = stream::iter(seen)
                .map(|(instance, closure)| self.look(&inventory, &scope, instance, closure))
                .buffered(AT_ONCE);
            report.instances.extend(looked.try_collect::<Vec<_>>().await?);
            report.environments.push(EnvironmentStatus { environment: scope.environment, lock: scope.lock });
        }
        Ok(report)
    }

    async fn scope(&self, inventory: &Inventory, environment: EnvironmentName) -> Result<Scope, PipelineError> {
        let stores = self.stores(&inventory.platform, &environment)?;
        let lock = Lock::holder(&stores.records, &environment).await?.map(|held| LockStatus {
            host: held.owner.host,
            pid: held.owner.pid,
            since: held.since,
            live: held.dead.is_none(),
        });
        let records = Journal::recent(&stores.records, &environment, RECENT).await?;
        let applied = Applied::all(&stores.records).await?;
        let applied = applied.into_iter().map(|applied| (applied.instance.clone(), applied)).collect();
        let errored = Errored::all(&stores.records).await?;
        Ok(Scope { environment, stores, lock, records, applied, errored })
    }

    async fn look(
        &self,
        inventory: &Inventory,
        scope: &Scope,
        instance: Instance,
        closure: Option<&Closure>,
    ) -> Result<InstanceStatus, PipelineError> {
        let applied = scope.applied.get(&instance);
        let hash = closure.map(|closure| closure.hash.to_string());
        let is_applied = applied.is_some_and(|applied| applied.closure == hash && !applied.outdated);
        let facts = Facts {
            applied,
            is_applied,
            goes: closure.is_none(),
            by_hand: target::is_manual(inventory, &instance),
            worked: Worked::of(&instance, &scope.records, scope.lock.as_ref()),
            errored: scope.errored.of(&instance).map(str::to_owned),
            plans: if is_applied { Plans::None } else { self.plans(inventory, scope, &instance, closure).await? },
        };
        Ok(facts.status(instance))
    }

    /// What the plan store has for content that is not applied yet.
    async fn plans(
        &self,
        inventory: &Inventory,
        scope: &Scope,
        instance: &Instance,
        closure: Option<&Closure>,
    ) -> Result<Plans, PipelineError> {
        let (plans, keys) = (&scope.stores.plans, Keys::from_env()?);
        let hash = closure.map(|closure| closure.hash.to_string());
        let Found { bundles, unreadable } = Bundle::find(plans, &keys, instance, hash.as_deref()).await?;
        let platform = &inventory.platform;
        let root = self.repository().root();
        let state = StateLocation::of(platform, instance, root, root).version().await?;
        let policy = planning::policy(platform);
        let mut stale = None;
        for bundle in &bundles {
            let present = Present {
                instance,
                closure,
                state: state.as_ref(),
                // Nobody is about to apply here: which Terraform that will be is for the machine that does.
                program: &bundle.manifest.terraform,
                policy: &policy,
                sealed: !platform.pipeline.recipients.is_empty(),
            };
            let misfit = present.checks(bundle).iter().find_map(|check| check.refusal(instance));
            match misfit {
                None => return Ok(Plans::Fit { commit: bundle.manifest.commit.clone() }),
                Some(refusal) => stale = stale.or(Some(Plans::Stale { because: refusal.difference() })),
            }
        }
        let no_key = |error: &PipelineError| {
            let PipelineError::BundleRead { source, .. } = error else { return false };
            matches!(source, BundleFormat::Seal(SealError::NoKey | SealError::OtherKey { .. }))
        };
        if let Some(stale) = stale {
            return Ok(stale);
        }
        if let Some(error) = unreadable.first() {
            let closed = unreadable.iter().any(no_key);
            return Ok(if closed {
                Plans::Sealed
            } else {
                Plans::Stale { because: trouble::chain(error).replace('\n', ": ") }
            });
        }
        let others = Bundle::all(plans, &keys, instance).await?;
        Ok(match others.bundles.first() {
            Some(last) => {
                let program = &last.manifest.terraform;
                let nobody = Present { instance, closure, state: None, program, policy: &policy, sealed: false };
                let refusal = nobody.without_plan(Some(last));
                // A plan that keeps the stack is none for its end.
                if refusal.field == Field::Plan { Plans::None } else { Plans::Stale { because: refusal.difference() } }
            }
            None if others.unreadable.is_empty() => Plans::None,
            None => Plans::Stale { because: "the plans that are kept are of other files".to_owned() },
        })
    }
}
