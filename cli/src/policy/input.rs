//! The document that Rego rules get as `input`; `docs/policies.md` describes it.

use serde_json::{Value, json};

use crate::{
    platform::{EnvironmentName, Instance},
    render::{ObjectChange, RegistryDiff},
    terraform::{Action, ChangeList, ResourceChange, Shown},
};

use super::values::{Side, Values};

/// Format of the document; fields are only ever added within a version.
const VERSION: u32 = 1;

/// What a plan does to `instance`. Sensitive values are not in it.
pub(super) fn of_plan(instance: &Instance, destroy: bool, protected: bool, changes: &ChangeList) -> Value {
    json!({
        "version": VERSION,
        "layer": "plan",
        "stack": instance.stack.as_str(),
        "environment": instance.environment.as_ref().map(EnvironmentName::as_str),
        "protected": protected,
        "destroy": destroy,
        "resource_changes": changes.resources.iter().map(resource).collect::<Vec<_>>(),
        "manifests": [],
    })
}

/// What a change does to the objects of a registry. Values of Secrets are not in it.
pub(super) fn of_objects(registry: &RegistryDiff, protected: bool) -> Value {
    let objects = registry.difference.objects.iter().filter(|object| object.change != ObjectChange::Removed);
    let removed = registry.difference.objects.iter().filter(|object| object.change == ObjectChange::Removed);
    json!({
        "version": VERSION,
        "layer": "objects",
        "stack": registry.registry.cluster.as_str(),
        "environment": registry.registry.environment.as_str(),
        "protected": protected,
        "destroy": false,
        "resource_changes": [],
        "manifests": objects.filter_map(|object| object.value.clone()).collect::<Vec<_>>(),
        "removed": removed.map(|object| json!({
            "kind": object.id.kind, "group": object.id.group, "namespace": object.id.namespace, "name": object.id.name,
        })).collect::<Vec<_>>(),
    })
}

fn resource(change: &ResourceChange) -> Value {
    let paths = |wanted: &Shown| -> Vec<&str> {
        let attributes = change.attributes.iter().filter(|attribute| attribute.after == *wanted);
        attributes.map(|attribute| attribute.path.as_str()).collect()
    };
    json!({
        "address": change.address,
        "previous_address": change.previous_address,
        "mode": change.mode,
        "type": change.resource_type,
        "provider": change.provider,
        "action": change.action,
        "actions": actions(change.action),
        "reason": change.reason,
        "before": Values::of(change, Side::Before).json(),
        "after": Values::of(change, Side::After).json(),
        "changed": change.attributes.iter().map(|attribute| &attribute.path).collect::<Vec<_>>(),
        "unknown": paths(&Shown::Unknown),
        "sensitive": paths(&Shown::Sensitive),
    })
}

/// As Terraform's own JSON of plans has them, which rules written for that go by
/// (<https://developer.hashicorp.com/terraform/internals/json-format#change-representation>).
fn actions(action: Action) -> &'static [&'static str] {
    match action {
        Action::Read => &["read"],
        Action::Move => &["no-op"],
        Action::Create => &["create"],
        Action::Update => &["update"],
        Action::DestroyThenCreate => &["delete", "create"],
        Action::CreateThenDestroy => &["create", "delete"],
        Action::ForgetThenCreate => &["forget", "create"],
        Action::Destroy => &["delete"],
        Action::Forget => &["forget"],
    }
}
