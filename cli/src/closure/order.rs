//! Which stacks have to be applied before which.

use std::collections::{BTreeMap, BTreeSet};

use super::{ClosureError, Inventory, Memo, follow::Follow};
use crate::{
    platform::{StackName, layout},
    repo::{Snapshot, in_parallel},
};

/// The order that `after` and `terraform_remote_state` ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// For each stack, those that come before it, and where that is said (`file:line`).
    before: BTreeMap<StackName, BTreeMap<StackName, String>>,
    /// For each stack, those whose state it reads.
    producers: BTreeMap<StackName, BTreeSet<StackName>>,
}

impl Order {
    /// Reads the order of the stacks of `inventory`.
    ///
    /// A stack comes after those that its `stack.hcl` names, and after those whose state it reads: a
    /// `terraform_remote_state` whose key ends in a stack's name.
    ///
    /// # Errors
    /// Stacks that wait for each other.
    pub fn of(snapshot: &Snapshot, inventory: &Inventory, memo: &Memo) -> Result<Self, ClosureError> {
        let known = inventory.stacks.iter().map(|stack| (stack.name.as_str(), &stack.name)).collect::<BTreeMap<_, _>>();
        let found = in_parallel(&inventory.stacks, |stack| {
            let (mut before, mut producers) = (BTreeMap::new(), BTreeSet::new());
            let settings = format!("{}/{}", layout::stack(&stack.name), layout::STACK_FILE);
            for after in &stack.settings.after {
                // The inventory has refused names that no stack has.
                let Some(name) = known.get(after.value.as_str()) else { continue };
                before.insert((*name).clone(), settings.clone());
            }
            let mut follow = Follow::new(snapshot, memo, None);
            follow.stack(stack)?;
            follow.everything()?;
            for upstream in follow.upstream {
                if let Some(name) = known.get(upstream.name.as_str()).filter(|name| ***name != stack.name) {
                    let place = format!("{}:{}", upstream.path, upstream.line);
                    before.entry((*name).clone()).or_insert(place);
                    producers.insert((*name).clone());
                }
            }
            Ok::<_, ClosureError>((stack.name.clone(), before, producers))
        })?;
        let mut order = Self { before: BTreeMap::new(), producers: BTreeMap::new() };
        for (name, before, producers) in found {
            order.before.insert(name.clone(), before);
            order.producers.insert(name, producers);
        }
        order.check()?;
        Ok(order)
    }

    /// The stacks that come directly before `stack`.
    pub fn before(&self, stack: &StackName) -> impl Iterator<Item = &StackName> {
        self.before.get(stack).into_iter().flat_map(BTreeMap::keys)
    }

    /// The stacks whose state `stack` reads.
    pub fn producers(&self, stack: &StackName) -> impl Iterator<Item = &StackName> {
        self.producers.get(stack).into_iter().flatten()
    }

    /// The stacks in waves: each waits only for stacks of earlier waves. Sorted by name within a wave.
    pub fn waves(&self) -> Vec<Vec<StackName>> {
        let mut done = BTreeSet::new();
        let mut waves = Vec::new();
        while done.len() < self.before.len() {
            let ready = |(name, before): &(&StackName, &BTreeMap<StackName, String>)| {
                !done.contains(*name) && before.keys().all(|name| done.contains(name))
            };
            let wave = self.before.iter().filter(ready).map(|(name, _)| name.clone()).collect::<Vec<_>>();
            // Cycles were refused when the order was read.
            if wave.is_empty() {
                break;
            }
            done.extend(wave.iter().cloned());
            waves.push(wave);
        }
        waves
    }

    /// The stacks, each after those that it waits for.
    pub fn sorted(&self) -> Vec<StackName> {
        self.waves().into_iter().flatten().collect()
    }

    fn check(&self) -> Result<(), ClosureError> {
        let done = self.waves().into_iter().flatten().collect::<BTreeSet<_>>();
        let Some(start) = self.before.keys().find(|name| !done.contains(*name)) else { return Ok(()) };
        // Everything left waits for something left, so walking on must come back.
        let (mut path, mut places) = (vec![start], Vec::new());
        let at = loop {
            let last = path.last().copied().unwrap_or(start);
            let next = self.before.get(last).into_iter().flatten().find(|(name, _)| !done.contains(*name));
            let Some((next, place)) = next else { return Ok(()) };
            places.push(place.clone());
            let seen = path.iter().position(|name| *name == next);
            path.push(next);
            if let Some(at) = seen {
                break at;
            }
        };
        Err(ClosureError::Cycle {
            names: path.iter().skip(at).map(|name| format!("`{name}`")).collect(),
            places: places.into_iter().skip(at).collect(),
        })
    }
}
