//! What there is to plan for a pull request, and each shard's part of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    closure::{Affected, Memo, Order},
    platform::{EnvironmentName, Instance, StackName},
    policy::Words,
    repo::Range,
};

use super::{
    super::{PipelineError, PlanRequest, Site, Which, chosen::Chosen},
    Shard, ShardCount,
    deal::{deal, groups},
};

/// The instances that a pull request is planned for.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The change.
    pub range: Range,
    /// All of them, in the order of a report: the first environment and shared stacks, then the other environments.
    pub instances: Vec<Instance>,
    /// What should be looked at, beyond single instances.
    pub notices: Vec<String>,
    /// Indices of those that have to be planned by one shard, since one reads what the other will output.
    links: Vec<(usize, usize)>,
}

impl Site {
    /// Finds what a pull request of `range` is planned for. Reads Git alone, so every shard finds the same.
    ///
    /// # Errors
    /// When the repository or the platform cannot be read.
    pub async fn parts(&self, range: Range) -> Result<Parts, PipelineError> {
        let memo = Memo::default();
        let mut request = PlanRequest {
            range,
            worktree: false,
            which: Which::Changed,
            environments: Vec::new(),
            stacks: Vec::new(),
            part: None,
            keep: false,
            bundles: None,
            policies: None,
            words: Words::default(),
        };
        let Chosen { head, inventory, present, gone, notices, .. } = self.choose(&request, &memo).await?;
        let names = |chosen: Vec<_>| chosen.into_iter().map(|affected: Affected| affected.instance);
        let mut instances: Vec<Instance> = names(present).chain(names(gone)).collect();
        let others: Vec<EnvironmentName> =
            inventory.platform.environments.iter().skip(1).map(|environment| environment.name.clone()).collect();
        if !others.is_empty() {
            request.environments = others;
            let Chosen { present, gone, .. } = self.choose(&request, &memo).await?;
            let preview = names(present).chain(names(gone));
            // Shared stacks are planned with the first environment.
            instances.extend(preview.filter(|instance| instance.environment.is_some()));
        }
        let order = Order::of(&head, &inventory, &memo)?;
        let links = links(&instances, &order);
        Ok(Parts { range, instances, notices, links })
    }
}

impl Parts {
    /// How many shards `count` makes of them: none where there is nothing to plan, and never an empty one.
    pub fn shards(&self, count: ShardCount) -> usize {
        let groups = groups(self.instances.len(), &self.links).len();
        match count {
            ShardCount::Most(most) => most.get().min(groups),
            ShardCount::Per(per) => self.instances.len().div_ceil(per.get()).min(groups),
        }
    }

    /// The instances that `shard` plans, in the order of a report.
    pub fn of(&self, shard: Shard) -> BTreeSet<Instance> {
        let mut hands = deal(groups(self.instances.len(), &self.links), shard.of());
        let mine = hands.swap_remove(shard.index() - 1);
        mine.into_iter().map(|at| self.instances[at].clone()).collect()
    }
}

/// Pairs of instances of which one reads the state of the other: in one environment, or where one is shared.
fn links(instances: &[Instance], order: &Order) -> Vec<(usize, usize)> {
    let mut by_stack: BTreeMap<&StackName, Vec<usize>> = BTreeMap::new();
    for (at, instance) in instances.iter().enumerate() {
        by_stack.entry(&instance.stack).or_default().push(at);
    }
    let mut links = Vec::new();
    for (consumer, reads) in instances.iter().enumerate() {
        let meets = |producer: &usize| {
            let (one, other) = (&instances[*producer].environment, &reads.environment);
            one == other || one.is_none() || other.is_none()
        };
        let producers = order.producers(&reads.stack).filter_map(|name| by_stack.get(name)).flatten().copied();
        links.extend(producers.filter(meets).map(|producer| (producer, consumer)));
    }
    links
}
