//! Which instances a plan request means, before anything is exported or started.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    closure::{self, Affected, Inventory, Kind, Memo, Notice},
    platform::Instance,
    repo::{CommitId, Snapshot},
};

use crate::pipeline::{
    PipelineError, PlanRequest, Site,
    applied::Applied,
    backend::Stores,
    plan::Which,
    target::{environments, is_manual, known_stacks},
};

/// The instances of a request.
pub(in crate::pipeline) struct Chosen {
    /// What is planned.
    pub(in crate::pipeline) head: Snapshot,
    /// The platform and stacks of the head.
    pub(in crate::pipeline) inventory: Inventory,
    /// The instances that the head has, in the order of stacks and environments.
    pub(in crate::pipeline) present: Vec<Affected>,
    /// Those that are to be destroyed.
    pub(in crate::pipeline) gone: Vec<Affected>,
    /// For those, the last commit that had them.
    pub(in crate::pipeline) since: BTreeMap<Instance, CommitId>,
    /// What should be looked at, beyond single instances.
    pub(in crate::pipeline) notices: Vec<String>,
}

impl Site {
    /// Finds the instances of `request`. Reads Git alone, except for [`Which::Pending`], which asks the records what
    /// was applied.
    ///
    /// # Errors
    /// When the repository, the platform or the records cannot be read, or a name is unknown.
    pub(in crate::pipeline) async fn choose(
        &self,
        request: &PlanRequest,
        memo: &Memo,
    ) -> Result<Chosen, PipelineError> {
        let repository = self.repository();
        let base = request.range.base.map(|commit| repository.commit_snapshot(commit)).transpose()?;
        let head = if request.worktree {
            repository.worktree_snapshot()?
        } else {
            repository.commit_snapshot(request.range.head)?
        };
        // Without a base everything is new.
        let since = base.as_ref().filter(|_| request.which == Which::Changed);
        let changes = closure::affected(since, &head, memo)?;
        let inventory = changes.inventory;
        let environments = environments(&inventory.platform, &request.environments)?;
        // Those of single files are told with the instances that read them.
        let whole = changes.notices.iter().filter(|notice| matches!(notice, Notice::BaseUnreadable { .. }));
        let mut notices: Vec<String> = whole.map(ToString::to_string).collect();

        let (mut gone, mut present): (Vec<_>, Vec<_>) =
            changes.affected.into_iter().partition(|affected| affected.kind == Kind::Removed);
        let mut since: BTreeMap<Instance, CommitId> = BTreeMap::new();
        if let Some(base) = request.range.base {
            since.extend(gone.iter().map(|affected| (affected.instance.clone(), base)));
        }
        if request.which == Which::Pending {
            let first = inventory.platform.environments.iter().map(|environment| &environment.name).take(1);
            let mut applied = Vec::new();
            let names = environments.iter().chain(first);
            for stores in Stores::open_all(&inventory.platform, names, repository.root())? {
                applied.extend(Applied::all(&stores.records).await?);
            }
            let hash = |affected: &Affected| {
                affected.closure.as_ref().map_or_else(String::new, |closure| closure.hash.to_string())
            };
            present.retain(|affected| {
                !applied
                    .iter()
                    .any(|applied| applied.instance == affected.instance && applied.is_current(&hash(affected)))
            });
            let existing = inventory.instances();
            for applied in applied.iter().filter(|applied| applied.closure.is_some()) {
                if !existing.contains(&applied.instance) {
                    since.insert(applied.instance.clone(), repository.resolve(&applied.commit)?);
                    gone.push(removed(&applied.instance));
                }
            }
        }
        let stacks = inventory.stacks.iter().map(|stack| &stack.name);
        known_stacks(&request.stacks, stacks.chain(gone.iter().map(|affected| &affected.instance.stack)))?;
        let wanted = |affected: &Affected| {
            affected.instance.environment.as_ref().is_none_or(|name| environments.contains(name))
                && (request.stacks.is_empty() || request.stacks.contains(&affected.instance.stack))
        };
        let all: BTreeSet<_> = present.iter().map(|affected| affected.instance.clone()).collect();
        present.retain(wanted);
        gone.retain(wanted);
        if request.stacks.is_empty() {
            let by_hand = |affected: &Affected| is_manual(&inventory, &affected.instance);
            notices.extend(present.iter().filter(|affected| by_hand(affected)).map(|affected| {
                let stack = &affected.instance.stack;
                format!("{} is planned and applied by people: `kstack plan --stack {stack}`", affected.instance)
            }));
            present.retain(|affected| !by_hand(affected));
        }
        if let Some(part) = &request.part {
            let mine = |affected: &Affected| part.contains(&affected.instance);
            present.retain(mine);
            gone.retain(mine);
        }
        notices.extend(left_out(&all, &present));
        Ok(Chosen { head, inventory, present, gone, since, notices })
    }
}

/// What is told of instances in `present` that read outputs of others in `all`, which are not planned with them: those
/// outputs may change, and a plan that goes by the old ones would be outdated before it is applied.
fn left_out(all: &BTreeSet<Instance>, present: &[Affected]) -> Vec<String> {
    let chosen: BTreeSet<_> = present.iter().map(|affected| &affected.instance).collect();
    let told = present.iter().flat_map(|affected| {
        let upstream = affected.closure.iter().flat_map(|closure| &closure.upstream);
        let missing: BTreeSet<_> = upstream
            .flat_map(|read| all.iter().filter(move |other| other.stack.as_str() == read.name))
            .filter(|other| other.environment.is_none() || other.environment == affected.instance.environment)
            .filter(|other| !chosen.contains(other))
            .collect();
        missing.into_iter().map(|other| {
            format!(
                "{} reads outputs of {other}, which is affected as well and is not planned with it: plan them together",
                affected.instance
            )
        })
    });
    told.collect()
}

fn removed(instance: &Instance) -> Affected {
    Affected { instance: instance.clone(), kind: Kind::Removed, closure: None, base_hash: None, reasons: Vec::new() }
}
