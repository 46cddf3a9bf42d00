//! Tags and labels that resources must have.

use crate::{
    policy::values::Values,
    terraform::{ResourceChange, Shown},
};

use super::Subject;

/// Where the providers of the clouds keep them. The computed ones (`tags_all` and the like) hold defaults as well.
const MAPS: [&str; 6] = ["tags", "tags_all", "labels", "effective_labels", "terraform_labels", "resource_labels"];

/// Types of Azure that take tags: there nothing computed tells.
const AZURE: &[&str] = &[
    "azurerm_container_registry",
    "azurerm_dns_zone",
    "azurerm_key_vault",
    "azurerm_kubernetes_cluster",
    "azurerm_kubernetes_cluster_node_pool",
    "azurerm_managed_disk",
    "azurerm_nat_gateway",
    "azurerm_network_security_group",
    "azurerm_public_ip",
    "azurerm_resource_group",
    "azurerm_storage_account",
    "azurerm_user_assigned_identity",
    "azurerm_virtual_network",
];

/// The tags of `policy.tags` that are missing, or taken away.
pub(super) fn required(subject: &Subject<'_>) -> Vec<String> {
    let kind = subject.kind();
    let takes = AZURE.contains(&kind) || MAPS.iter().any(|map| names(subject.change, map));
    if !takes || subject.tags.is_empty() {
        return Vec::new();
    }
    let missing = subject.tags.iter().filter(|tag| {
        let gone = has(&subject.before, tag) && !has(&subject.after, tag);
        if subject.is_new() { !has(&subject.after, tag) && !is_open(subject.change) } else { gone }
    });
    let missing: Vec<String> = missing.map(|tag| format!("`{tag}`")).collect();
    match missing.as_slice() {
        [] => Vec::new(),
        [one] => vec![format!("it has no tag {one}")],
        more => vec![format!("it has no tags {}", more.join(", "))],
    }
}

fn has(values: &Values, tag: &str) -> bool {
    MAPS.iter().filter_map(|map| values.get(map)).any(|map| map.get(tag).is_some_and(|value| !value.is_null()))
}

/// Whether the change has something to do with the attribute `map`.
fn names(change: &ResourceChange, map: &str) -> bool {
    let inside =
        |path: &str| path.strip_prefix(map).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    change.attributes.iter().any(|attribute| inside(&attribute.path))
}

/// Whether the tags that are written are not known yet. What is only computed is unknown without any.
fn is_open(change: &ResourceChange) -> bool {
    let written = ["tags", "labels", "resource_labels"];
    let mut open = change.attributes.iter().filter(|attribute| attribute.after == Shown::Unknown);
    open.any(|attribute| written.contains(&attribute.path.as_str()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{policy::rules::said, terraform::Action};

    #[test]
    fn tags_are_asked_for_where_there_can_be_some() {
        let of = |kind: &str, action, after: &[(&str, Value)]| said("required-tags", kind, action, after);
        assert_eq!(of("aws_vpc", Action::Create, &[("tags_all", json!("?"))]), ["it has no tag `owner`"]);
        assert!(of("aws_vpc", Action::Create, &[("tags.owner", json!("a")), ("tags_all", json!("?"))]).is_empty());
        assert!(of("aws_vpc", Action::Create, &[("tags", json!("?"))]).is_empty());
        assert!(of("aws_iam_role_policy", Action::Create, &[("name", json!("x"))]).is_empty());
        assert_eq!(of("azurerm_resource_group", Action::Create, &[]).len(), 1);
        assert!(of("google_dns_managed_zone", Action::Create, &[("effective_labels.owner", json!("a"))]).is_empty());
        assert!(of("aws_vpc", Action::Update, &[("tags.other", json!("a"))]).is_empty());
    }
}
