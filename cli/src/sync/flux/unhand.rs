//! The order in which Flux's objects go.
//!
//! To delete the root alone would be wrong: its inventory holds the engine itself, which would then be gone before it
//! has finished the others. So the root is suspended, everything it brought is deleted from the last dependant to the
//! first dependency, and the root goes last, then the sources.

use std::collections::{BTreeMap, BTreeSet};

use kube::{api::ListParams, core::DynamicObject};
use serde_json::json;

use super::{kinds::SOURCE_GROUP, observed::Observed, picture::members};
use crate::sync::{ObjectRef, RootSource, SyncError, kinds, unhand::Unhanding};

/// Takes out what Flux delivers from the root.
pub(in crate::sync) async fn unhand(unhanding: &mut Unhanding<'_>) -> Result<(), SyncError> {
    let root = unhanding.root.kustomization();
    if unhanding.live.objects().contains_key(&root) {
        unhanding.patch(&root, "suspend", json!({"spec": {"suspend": true}})).await?;
    }
    let members = members(unhanding.root, unhanding.live.objects());
    // Sources stay until nothing needs them: a release is removed with the chart that it came from.
    let delivered = members.iter().filter(|object| **object != root && object.group != SOURCE_GROUP);
    for wave in waves(delivered.cloned().collect(), unhanding.live.objects()) {
        unhanding.delete(wave).await?;
    }
    unhanding.delete([root].into()).await?;
    let sources = sources(unhanding).await?;
    unhanding.delete(sources).await
}

/// All sources in the engine's namespace.
async fn sources(unhanding: &Unhanding<'_>) -> Result<BTreeSet<ObjectRef>, SyncError> {
    let RootSource { namespace, .. } = unhanding.root;
    let mut sources = BTreeSet::new();
    for resource in unhanding.kinds.of_group(SOURCE_GROUP) {
        let api = kinds::api(&unhanding.cluster.client, resource, Some(namespace));
        let action = format!("list the objects of kind `{}`", resource.kind);
        for source in api.list(&ListParams::default()).await.map_err(unhanding.cluster.failed(action))? {
            let name = source.metadata.name.as_deref().unwrap_or_default();
            sources.insert(ObjectRef::namespaced(&resource.group, &resource.kind, namespace, name));
        }
    }
    Ok(sources)
}

/// `left` in the order in which it can go. A circle of dependencies, which Flux never delivers, goes at once.
fn waves(mut left: BTreeSet<ObjectRef>, live: &BTreeMap<ObjectRef, DynamicObject>) -> Vec<BTreeSet<ObjectRef>> {
    let parents = parents(&left, live);
    let mut waves = Vec::new();
    while !left.is_empty() {
        let needed: BTreeSet<_> = left.iter().flat_map(|object| needs(object, live, &parents)).collect();
        let mut wave: BTreeSet<_> = left.difference(&needed).cloned().collect();
        if wave.is_empty() {
            wave = left.clone();
        }
        left.retain(|object| !wave.contains(object));
        waves.push(wave);
    }
    waves
}

/// Which Kustomization of `among` brought which object.
fn parents(among: &BTreeSet<ObjectRef>, live: &BTreeMap<ObjectRef, DynamicObject>) -> BTreeMap<ObjectRef, ObjectRef> {
    let brought = |parent: &ObjectRef| live.get(parent).map(|live| Observed(live).applied()).unwrap_or_default();
    among.iter().flat_map(|parent| brought(parent).into_iter().map(|child| (child, parent.clone()))).collect()
}

/// What must not go before `object` has gone: what it depends on and what that came from; and what it brought,
/// because it would bring it again. When a Kustomization goes, Flux deletes what it brought, all at once.
fn needs(
    object: &ObjectRef,
    live: &BTreeMap<ObjectRef, DynamicObject>,
    parents: &BTreeMap<ObjectRef, ObjectRef>,
) -> Vec<ObjectRef> {
    let Some(observed) = live.get(object).map(Observed) else { return Vec::new() };
    let dependencies = observed.depends_on();
    let sources = dependencies.iter().filter_map(|dependency| parents.get(dependency));
    let sources: Vec<_> = sources.filter(|parent| parents.get(object) != Some(parent)).cloned().collect();
    dependencies.into_iter().chain(sources).chain(observed.applied()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn kustomization(name: &str, depends_on: &[&str]) -> (ObjectRef, DynamicObject) {
        bringing(name, depends_on, &[])
    }

    fn bringing(name: &str, depends_on: &[&str], brought: &[&str]) -> (ObjectRef, DynamicObject) {
        let id = |name: &&str| json!({"id": format!("flux-system_{name}_kustomize.toolkit.fluxcd.io_Kustomization"), "v": "v1"});
        let entries: Vec<Value> = brought.iter().map(id).collect();
        let depends_on: Vec<Value> = depends_on.iter().map(|name| json!({"name": name})).collect();
        let live: DynamicObject = serde_json::from_value(json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": {"name": name, "namespace": "flux-system"}, "spec": {"dependsOn": depends_on}, "status": {"inventory": {"entries": entries}},
        }))
        .unwrap();
        (ObjectRef::of(&live).unwrap(), live)
    }

    fn order(objects: &[(ObjectRef, DynamicObject)]) -> Vec<Vec<String>> {
        let live: BTreeMap<_, _> = objects.iter().cloned().collect();
        let waves = waves(live.keys().cloned().collect(), &live);
        waves.into_iter().map(|wave| wave.into_iter().map(|object| object.name).collect()).collect()
    }

    #[test]
    fn dependants_go_before_what_they_depend_on() {
        let objects =
            [kustomization("apps", &["services"]), kustomization("services", &["crds"]), kustomization("crds", &[])];
        assert_eq!(order(&objects), [["apps"], ["services"], ["crds"]]);
    }

    #[test]
    fn what_brought_a_dependency_stays_until_the_dependant_is_gone() {
        let objects = [
            kustomization("apps", &["ingress"]),
            bringing("services", &[], &["ingress"]),
            kustomization("ingress", &[]),
        ];
        assert_eq!(order(&objects), [["apps"], ["services"], ["ingress"]]);
    }

    #[test]
    fn what_is_independent_goes_together_and_a_circle_at_once() {
        assert_eq!(order(&[kustomization("a", &[]), kustomization("b", &["gone"])]), [["a", "b"]]);
        assert_eq!(order(&[kustomization("a", &["b"]), kustomization("b", &["a"])]), [["a", "b"]]);
    }
}
