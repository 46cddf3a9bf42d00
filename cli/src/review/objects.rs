//! Identical changes of Kubernetes objects over registries become one group.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    Risk,
    names::{Named, Residue, each},
    risk,
};
use crate::{
    platform::Instance,
    render::{DiffLine, FieldChange, ObjectChange, ObjectDiff, ObjectId, Registry, RegistryDiff},
};

/// The same change of an object in one or more clusters.
#[derive(Debug, Clone, Serialize)]
pub struct ObjectGroup {
    /// How much it can break.
    pub risk: Risk,
    /// The object. Where clusters differ by their own names, `{environment}` and `{stack}` stand for those.
    pub object: ObjectId,
    /// What happens to it.
    pub change: ObjectChange,
    /// Its name on the old side, if a generator gave it another one because its content changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_name: Option<String>,
    /// The fields that differ, as in the first of the registries.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
    /// The difference as lines of YAML.
    pub diff: Vec<DiffLine>,
    /// The file it comes from, or else the folder that is built. Where files have other names in
    /// other clusters, that of the first.
    pub file: String,
    /// For removed objects: whether the engine leaves it in the cluster nevertheless.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub kept: bool,
    /// Variables whose values are not at hand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unresolved: Vec<String>,
    /// Where it happens.
    pub registries: Vec<Registry>,
}

/// Groups object changes and orders them by risk, then by what happens, then by identity.
pub(super) fn group(registries: &[RegistryDiff]) -> Vec<ObjectGroup> {
    let mut buckets: BTreeMap<_, Vec<Vec<Member<'_>>>> = BTreeMap::new();
    let instances: Vec<_> = registries.iter().map(|registry| instance(&registry.registry)).collect();
    let residue = Residue::of(instances.iter());
    for registry in registries {
        let instance = instance(&registry.registry);
        for object in &registry.difference.objects {
            let member = Member { instance: instance.clone(), registry: &registry.registry, object };
            let key = (&object.id.kind, &object.id.group, object.change, object.kept, residue.key(&object.id.name));
            let groups = buckets.entry(key).or_default();
            match groups.iter_mut().find(|group| group.first().is_some_and(|first| first.alike(&member))) {
                Some(group) => group.push(member),
                None => groups.push(vec![member]),
            }
        }
    }
    let mut groups: Vec<_> = buckets.into_values().flatten().filter_map(|members| object_group(&members)).collect();
    groups.sort_by(|a, b| (a.risk, order(a.change), &a.object).cmp(&(b.risk, order(b.change), &b.object)));
    groups
}

struct Member<'a> {
    instance: Instance,
    registry: &'a Registry,
    object: &'a ObjectDiff,
}

impl Member<'_> {
    fn alike(&self, other: &Self) -> bool {
        let (here, there) = (&self.instance, &other.instance);
        let (one, two) = (self.object, other.object);
        one.id.name.alike(here, &two.id.name, there)
            && one.id.namespace.alike(here, &two.id.namespace, there)
            && one.previous_name.alike(here, &two.previous_name, there)
            && one.text.alike(here, &two.text, there)
    }
}

impl Named for DiffLine {
    fn alike(&self, here: &Instance, other: &Self, there: &Instance) -> bool {
        self.sign == other.sign && self.text.alike(here, &other.text, there)
    }

    fn merged(&self, here: &Instance, others: &[(&Self, &Instance)]) -> Self {
        Self { sign: self.sign, text: self.text.merged(here, &each(others, |other| Some(&other.text))) }
    }
}

/// A registry belongs to the instance that makes its cluster.
pub(super) fn instance(registry: &Registry) -> Instance {
    Instance { stack: registry.cluster.clone(), environment: Some(registry.environment.clone()) }
}

fn object_group(members: &[Member<'_>]) -> Option<ObjectGroup> {
    let (Member { instance: here, object: first, .. }, others) = members.split_first()?;
    let others: Vec<_> = others.iter().map(|member| (member.object, &member.instance)).collect();
    let files: Vec<_> = members.iter().map(|member| file(member.object)).collect();
    let file = files.iter().zip(members).skip(1).map(|(file, member)| (file, &member.instance)).collect::<Vec<_>>();
    Some(ObjectGroup {
        risk: risk::of_object(first.change, &first.id, first.kept),
        object: ObjectId {
            namespace: first.id.namespace.merged(here, &each(&others, |object| Some(&object.id.namespace))),
            name: first.id.name.merged(here, &each(&others, |object| Some(&object.id.name))),
            ..first.id.clone()
        },
        change: first.change,
        previous_name: first.previous_name.merged(here, &each(&others, |object| Some(&object.previous_name))),
        fields: first.fields.clone(),
        diff: first.text.merged(here, &each(&others, |object| Some(&object.text))),
        file: files[0].merged(here, &file),
        kept: first.kept,
        unresolved: first.unresolved.clone(),
        registries: members.iter().map(|member| member.registry.clone()).collect(),
    })
}

fn file(object: &ObjectDiff) -> String {
    object.origin.file.clone().unwrap_or_else(|| object.origin.path.clone())
}

fn order(change: ObjectChange) -> u8 {
    match change {
        ObjectChange::Removed => 0,
        ObjectChange::Changed => 1,
        ObjectChange::Added => 2,
    }
}
