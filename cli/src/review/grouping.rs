//! Identical changes over instances become one group.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    Risk,
    input::InstanceInput,
    names::{Named, Residue, each},
    risk,
};
use crate::{
    platform::{Instance, is_protected_address, is_protected_type},
    terraform::{Action, AttributeChange, OutputChange, ResourceChange, Shown},
};

/// The same change of a resource in one or more instances.
#[derive(Debug, Clone, Serialize)]
pub struct ResourceGroup {
    /// How much it can break.
    pub risk: Risk,
    /// Whether `policy.protect` or a `stack.hcl` names it.
    pub protected: bool,
    /// The address. Where instances differ by their own names, `{environment}` and `{stack}` stand for those.
    pub address: String,
    /// The address before a `moved` block, if it differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_address: Option<String>,
    /// The resource's type.
    #[serde(rename = "type")]
    pub resource_type: String,
    /// What would happen.
    pub action: Action,
    /// Terraform's reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The id of the object that is imported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub importing: Option<String>,
    /// The key of the deposed object that is destroyed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deposed: Option<String>,
    /// The attributes that change.
    pub attributes: Vec<AttributeChange>,
    /// Where it happens.
    pub instances: Vec<Instance>,
}

/// The same change of an output in one or more instances.
#[derive(Debug, Clone, Serialize)]
pub struct OutputGroup {
    /// The output's name.
    pub name: String,
    /// The value now.
    pub before: Shown,
    /// The value afterwards.
    pub after: Shown,
    /// Where it happens.
    pub instances: Vec<Instance>,
}

/// Groups resource changes and orders them by risk, then severity, then address.
pub(super) fn resources<'a>(
    changes: impl Iterator<Item = (&'a InstanceInput, &'a ResourceChange)>,
    protect: &[String],
) -> Vec<ResourceGroup> {
    let changes: Vec<_> = changes.collect();
    let residue = Residue::of(changes.iter().map(|(input, _)| &input.instance));
    let groups = grouped(
        changes.iter().copied(),
        |change| (change.action, change.resource_type.clone(), residue.key(&change.address)),
        |here, one, there, other| {
            let (a, b) = (&here.instance, &there.instance);
            one.address.alike(a, &other.address, b)
            && one.reason == other.reason
            && one.previous_address.alike(a, &other.previous_address, b)
            // Whether, not which: ids differ everywhere.
            && one.importing.is_some() == other.importing.is_some()
            && one.deposed.is_some() == other.deposed.is_some()
            && one.attributes.alike(a, &other.attributes, b)
        },
    );
    let mut groups: Vec<_> = groups.iter().filter_map(|members| resource_group(members, protect)).collect();
    groups.sort_by(|a, b| {
        let order = |group: &ResourceGroup| (group.risk, !group.protected, severity(group.action));
        order(a).cmp(&order(b)).then_with(|| a.address.cmp(&b.address))
    });
    groups
}

/// Joins the changes that are `alike`, comparing only those with an equal `key`.
pub(super) fn grouped<'a, T, K: Ord>(
    changes: impl Iterator<Item = (&'a InstanceInput, &'a T)>,
    key: impl Fn(&T) -> K,
    alike: impl Fn(&InstanceInput, &T, &InstanceInput, &T) -> bool,
) -> Vec<Vec<(&'a InstanceInput, &'a T)>> {
    let mut buckets: BTreeMap<K, Vec<Vec<(&InstanceInput, &T)>>> = BTreeMap::new();
    for (input, change) in changes {
        let groups = buckets.entry(key(change)).or_default();
        let group = groups
            .iter_mut()
            .find(|group| group.first().is_some_and(|(first_input, first)| alike(first_input, first, input, change)));
        match group {
            Some(group) => group.push((input, change)),
            None => groups.push(vec![(input, change)]),
        }
    }
    buckets.into_values().flatten().collect()
}

fn resource_group(members: &[(&InstanceInput, &ResourceChange)], protect: &[String]) -> Option<ResourceGroup> {
    let ((input, first), others) = members.split_first()?;
    let here = &input.instance;
    let others: Vec<_> = others.iter().map(|(input, change)| (*change, &input.instance)).collect();
    let protected = is_protected_type(protect, &first.resource_type)
        || members.iter().any(|(input, change)| is_protected_address(&input.protect, &change.address));
    Some(ResourceGroup {
        risk: risk::of_resource(first.action, &first.resource_type, protected),
        protected,
        address: first.address.merged(here, &each(&others, |change| Some(&change.address))),
        previous_address: first.previous_address.merged(here, &each(&others, |change| Some(&change.previous_address))),
        resource_type: first.resource_type.clone(),
        action: first.action,
        reason: first.reason.clone(),
        importing: first
            .importing
            .clone()
            .filter(|_| others.iter().all(|(change, _)| change.importing == first.importing)),
        deposed: first.deposed.clone(),
        attributes: first.attributes.merged(here, &each(&others, |change| Some(&change.attributes))),
        instances: members.iter().map(|(input, _)| input.instance.clone()).collect(),
    })
}

fn severity(action: Action) -> u8 {
    match action {
        Action::Destroy => 0,
        Action::DestroyThenCreate => 1,
        Action::CreateThenDestroy => 2,
        Action::Forget | Action::ForgetThenCreate => 3,
        Action::Update => 4,
        Action::Create => 5,
        Action::Move => 6,
        Action::Read => 7,
    }
}

/// Groups output changes, by name.
pub(super) fn outputs<'a>(changes: impl Iterator<Item = (&'a InstanceInput, &'a OutputChange)>) -> Vec<OutputGroup> {
    let groups = grouped(
        changes,
        |change| change.name.clone(),
        |here, one, there, other| {
            one.before.alike(&here.instance, &other.before, &there.instance)
                && one.after.alike(&here.instance, &other.after, &there.instance)
        },
    );
    let groups = groups.iter().filter_map(|members| {
        let ((input, first), others) = members.split_first()?;
        let others: Vec<_> = others.iter().map(|(input, change)| (*change, &input.instance)).collect();
        Some(OutputGroup {
            name: first.name.clone(),
            before: first.before.merged(&input.instance, &each(&others, |change| Some(&change.before))),
            after: first.after.merged(&input.instance, &each(&others, |change| Some(&change.after))),
            instances: members.iter().map(|(input, _)| input.instance.clone()).collect(),
        })
    });
    groups.collect()
}
