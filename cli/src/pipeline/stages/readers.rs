//! Instances whose own files are as they were applied, and that read outputs which the run changes.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    closure::{self, Affected, Closure, Inventory, Kind, Memo, Order},
    pipeline::{
        ApplyRequest, Event, EventSink, PipelineError, Workshop,
        applied::Applied,
        bundle::{Bundle, Found},
        due::Scene,
        seal::Keys,
        shelf::Shelf,
        target,
    },
    platform::Instance,
    repo::Snapshot,
    store::Store,
};

/// What is due in a run: closures by instance.
pub(in crate::pipeline) struct Round<'a> {
    /// What opens bundles.
    pub(in crate::pipeline) keys: &'a Keys,
    closures: BTreeMap<Instance, String>,
}

impl<'a> Round<'a> {
    /// The round of what is `pending`.
    pub(in crate::pipeline) fn of(keys: &'a Keys, pending: &[(Instance, Option<Closure>)]) -> Self {
        let hash = |(instance, closure): &(Instance, Option<Closure>)| {
            Some((instance.clone(), closure.as_ref()?.hash.to_string()))
        };
        Self { keys, closures: pending.iter().filter_map(hash).collect() }
    }

    /// Whether `bundle` is the envelope of what waits for something that is due.
    pub(in crate::pipeline) fn waits(&self, bundle: &Bundle) -> bool {
        let after = bundle.manifest.staging.iter().flat_map(|staging| &staging.after);
        after.into_iter().any(|producer| self.closures.get(&producer.instance) == Some(&producer.closure))
    }
}

impl Workshop {
    /// The closures of what was reviewed as waiting for those of `round`, though nothing of its own changes, whether
    /// `request` names its stack or not. The round has them then.
    pub(in crate::pipeline) async fn readers(
        &self,
        request: &ApplyRequest,
        scene: &Scene,
        shelf: &Shelf,
        round: &mut Round<'_>,
        events: EventSink<'_>,
    ) -> Result<Vec<Closure>, PipelineError> {
        let inventory = &scene.inventory;
        let whole = ApplyRequest { stacks: Vec::new(), ..request.clone() };
        let instances: Vec<Instance> = inventory.instances();
        let mut readers = Vec::new();
        for stack in scene.order.sorted() {
            let is_after = |due: &Instance| scene.order.before(&stack).any(|before| *before == due.stack);
            if !round.closures.keys().any(is_after) {
                continue;
            }
            for instance in instances.iter().filter(|instance| instance.stack == stack) {
                let ours = whole.covers(instance, &inventory.platform) && !target::is_manual(inventory, instance);
                if !ours || round.closures.contains_key(instance) {
                    continue;
                }
                let closure = match scene.closures.get(instance) {
                    Some(closure) => closure.clone(),
                    None => closure::closure_of(&scene.snapshot, inventory, instance, &Memo::default())?,
                };
                let hash = closure.hash.to_string();
                let Found { bundles, unreadable } = shelf.find(round.keys, instance, Some(&hash)).await?;
                if bundles.iter().any(|bundle| round.waits(bundle)) {
                    round.closures.insert(instance.clone(), hash);
                    readers.push(closure);
                } else if !unreadable.is_empty() {
                    let message =
                        format!("{instance}: a bundle cannot be read; if it was to follow this change, it does not");
                    events(Event::Notice { message });
                }
            }
        }
        Ok(readers)
    }
}

/// Notes that inputs of `readers` are about to change. A run that is killed, or leaves them out, is then caught up with,
/// though nothing of their own has changed.
pub(in crate::pipeline) async fn outdate(readers: &[Closure], records: &Store) -> Result<(), PipelineError> {
    if readers.is_empty() {
        return Ok(());
    }
    let is_reader = |applied: &Applied| readers.iter().any(|reader| reader.instance == applied.instance);
    for applied in Applied::all(records).await?.into_iter().filter(is_reader) {
        Applied { outdated: true, ..applied }.write(records).await?;
    }
    Ok(())
}

/// The instances that may read outputs of those in `present`, directly or through others.
pub(in crate::pipeline) fn possible(
    head: &Snapshot,
    inventory: &Inventory,
    order: &Order,
    present: &[Affected],
    memo: &Memo,
) -> Result<Vec<Affected>, PipelineError> {
    let mut stacks: BTreeSet<_> = present.iter().map(|affected| affected.instance.stack.clone()).collect();
    let mut readers = BTreeSet::new();
    for stack in order.sorted() {
        if order.before(&stack).any(|before| stacks.contains(before)) {
            readers.insert(stack.clone());
            stacks.insert(stack);
        }
    }
    let present: BTreeSet<&Instance> = present.iter().map(|affected| &affected.instance).collect();
    let instances: Vec<Instance> = inventory
        .instances()
        .into_iter()
        .filter(|instance| readers.contains(&instance.stack) && !present.contains(instance))
        .collect();
    let closures = closure::closures(head, inventory, &instances, memo)?;
    let affected = |closure: Closure| Affected {
        instance: closure.instance.clone(),
        kind: Kind::Changed,
        base_hash: Some(closure.hash),
        closure: Some(closure),
        reasons: Vec::new(),
    };
    Ok(closures.into_iter().map(affected).collect())
}
