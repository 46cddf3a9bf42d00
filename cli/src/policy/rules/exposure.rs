//! What is open to every address, or to everybody.

use serde_json::Value;

use crate::policy::values::{is_unknown, texts};

use super::Subject;

/// Firewalls, buckets and clusters' endpoints.
pub(super) fn open_to_world(subject: &Subject<'_>) -> Vec<String> {
    let after = &subject.after;
    let text = |name: &str| after.text(name).unwrap_or_default();
    match subject.kind() {
        "aws_security_group" | "aws_default_security_group" => {
            let open = after.blocks("ingress").into_iter().filter(|rule| reaches_all(rule));
            open.map(|rule| format!("{} is open to every address", ports(rule, "from_port", "to_port"))).collect()
        }
        "aws_vpc_security_group_ingress_rule" => when(
            is_world(text("cidr_ipv4")) || is_world(text("cidr_ipv6")),
            format!("{} is open to every address", ports(after.json(), "from_port", "to_port")),
        ),
        "aws_security_group_rule" => when(
            text("type") != "egress" && reaches_all(after.json()),
            format!("{} is open to every address", ports(after.json(), "from_port", "to_port")),
        ),
        "aws_s3_bucket" | "aws_s3_bucket_acl" => when(
            text("acl").starts_with("public-") || text("acl") == "authenticated-read",
            format!("the bucket's ACL is `{}`", text("acl")),
        ),
        "aws_s3_bucket_public_access_block" => {
            let switches =
                ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"];
            let off = switches.into_iter().filter(|name| subject.lacks(name));
            off.map(|name| format!("`{name}` is off, so the bucket can be made public")).collect()
        }
        "aws_eks_cluster" => aws_cluster(subject),
        "google_compute_firewall" => when(
            text("direction") != "EGRESS"
                && after.get("source_ranges").is_some_and(|ranges| texts(ranges).into_iter().any(is_world))
                && (!subject.is_new() || after.get("allow").is_some()),
            "the firewall lets every address in".to_owned(),
        ),
        "google_container_cluster" => google_cluster(subject),
        "azurerm_network_security_rule" => when(lets_in(after.json()), "the rule lets every address in".to_owned()),
        "azurerm_network_security_group" => {
            let open = after.blocks("security_rule").into_iter().filter(|rule| lets_in(rule));
            open.map(|rule| format!("rule `{}` lets every address in", rule["name"].as_str().unwrap_or("?"))).collect()
        }
        "azurerm_storage_account" => when(
            after.is("allow_nested_items_to_be_public", true),
            "containers of the storage account can be made public".to_owned(),
        ),
        "azurerm_storage_container" => when(
            ["blob", "container"].contains(&text("container_access_type")),
            "the container can be read by everybody".to_owned(),
        ),
        "azurerm_kubernetes_cluster" => azure_cluster(subject),
        kind if kind.starts_with("google_") && kind.contains("_iam_") => {
            let all = ["member", "members"].into_iter().filter_map(|name| after.get(name)).flat_map(texts);
            let public = all.filter(|member| ["allUsers", "allAuthenticatedUsers"].contains(member));
            public.map(|member| format!("`{member}` has {}", role(text("role")))).collect()
        }
        _ => Vec::new(),
    }
}

fn role(name: &str) -> String {
    if name.is_empty() { "the role".to_owned() } else { format!("`{name}`") }
}

fn aws_cluster(subject: &Subject<'_>) -> Vec<String> {
    let configs = subject.after.blocks("vpc_config").into_iter();
    let open = configs.filter(|config| {
        let public = config["endpoint_public_access"].as_bool();
        let ranges = &config["public_access_cidrs"];
        // What is left out is only known after apply, and open to all.
        let limited = !is_unknown(ranges) && !texts(ranges).is_empty() && !texts(ranges).into_iter().any(is_world);
        match public {
            // Of a new cluster everything is told, and public is what it is by default.
            _ if subject.is_new() => public != Some(false) && !limited,
            Some(true) => !limited,
            _ => texts(ranges).into_iter().any(is_world),
        }
    });
    open.map(|_| "the cluster's endpoint is public, and no `public_access_cidrs` limit it".to_owned()).collect()
}

fn google_cluster(subject: &Subject<'_>) -> Vec<String> {
    let after = &subject.after;
    let networks = after.get("master_authorized_networks_config");
    let ranges = networks.map(texts).unwrap_or_default();
    let private = after.blocks("private_cluster_config").iter().any(|it| it["enable_private_endpoint"] == true);
    when(
        !private && (ranges.iter().any(|range| is_world(range)) || (subject.is_new() && networks.is_none())),
        "the cluster's endpoint is public, and no authorized networks limit it".to_owned(),
    )
}

fn azure_cluster(subject: &Subject<'_>) -> Vec<String> {
    let after = &subject.after;
    let ranges = after.get("api_server_access_profile").map(texts).unwrap_or_default();
    let private = after.is("private_cluster_enabled", true);
    when(
        !private && (ranges.iter().any(|range| is_world(range)) || (subject.is_new() && ranges.is_empty())),
        "the cluster's endpoint is public, and no `authorized_ip_ranges` limit it".to_owned(),
    )
}

/// One sentence, if it is so.
fn when(so: bool, message: String) -> Vec<String> {
    if so { vec![message] } else { Vec::new() }
}

/// Whether a range holds every address of its kind, or half of them, which is how that is hidden.
pub(in crate::policy) fn is_world(range: &str) -> bool {
    match range.rsplit_once('/') {
        Some((_, prefix)) => matches!(prefix, "0" | "1"),
        None => false,
    }
}

fn reaches_all(rule: &Value) -> bool {
    ["cidr_blocks", "ipv6_cidr_blocks"].into_iter().flat_map(|name| texts(&rule[name])).any(is_world)
}

/// Whether a rule of Azure lets everybody in.
fn lets_in(rule: &Value) -> bool {
    let text = |name: &str| rule[name].as_str().unwrap_or_default();
    let sources = texts(&rule["source_address_prefixes"]).into_iter().chain([text("source_address_prefix")]);
    let anybody = |source: &str| is_world(source) || ["*", "internet", "any"].contains(&source.to_lowercase().as_str());
    !text("direction").eq_ignore_ascii_case("outbound")
        && !text("access").eq_ignore_ascii_case("deny")
        && sources.into_iter().any(anybody)
}

fn ports(rule: &Value, from: &str, to: &str) -> String {
    match (rule[from].as_i64(), rule[to].as_i64()) {
        (Some(from), Some(to)) if from == to && from > 0 => format!("port {from}"),
        (Some(from), Some(to)) if from < to => format!("ports {from} to {to}"),
        _ => "every port".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{policy::rules::said, terraform::Action};

    #[test]
    fn what_is_open_to_every_address_is_told() {
        let open = |kind: &str, action, after: &[(&str, Value)]| said("open-to-world", kind, action, after);
        let group = json!({"from_port": 22, "to_port": 22, "cidr_blocks": ["10.0.0.0/8", "0.0.0.0/0"]});
        assert_eq!(
            open("aws_security_group", Action::Create, &[("ingress[0]", group)]),
            ["port 22 is open to every address"]
        );
        // A block that is changed inside.
        assert_eq!(
            open("aws_security_group", Action::Update, &[("ingress[0].ipv6_cidr_blocks", json!(["::/0"]))]),
            ["every port is open to every address"]
        );
        assert!(
            open("aws_security_group", Action::Create, &[("egress[0].cidr_blocks", json!(["0.0.0.0/0"]))]).is_empty()
        );
        let cluster = |public: bool, ranges: Value| {
            open(
                "aws_eks_cluster",
                Action::Create,
                &[
                    ("vpc_config[0].endpoint_public_access", json!(public)),
                    ("vpc_config[0].public_access_cidrs", ranges),
                ],
            )
        };
        assert_eq!(cluster(true, json!(["0.0.0.0/0"])).len(), 1);
        assert_eq!(cluster(true, json!("?")).len(), 1);
        assert!(cluster(true, json!(["192.0.2.0/24"])).is_empty() && cluster(false, json!("?")).is_empty());
        assert_eq!(
            open(
                "google_storage_bucket_iam_member",
                Action::Create,
                &[("member", json!("allUsers")), ("role", json!("roles/storage.objectViewer")),]
            ),
            ["`allUsers` has `roles/storage.objectViewer`"]
        );
        let rule =
            json!({"name": "ssh", "direction": "Inbound", "access": "Allow", "source_address_prefix": "Internet"});
        assert_eq!(
            open("azurerm_network_security_group", Action::Create, &[("security_rule[0]", rule)]),
            ["rule `ssh` lets every address in"]
        );
        assert_eq!(open("google_container_cluster", Action::Create, &[]).len(), 1);
        assert!(open("google_container_cluster", Action::Update, &[]).is_empty());
    }

    proptest! {
        /// Where the ranges stand in the list, and which others are there, makes no difference.
        #[test]
        fn one_open_range_is_enough(others in prop::collection::vec("10\\.[0-9]{1,2}\\.0\\.0/(8|16|24)", 0..6), at in 0usize..6) {
            let rule = |ranges: &[String]| said("open-to-world", "aws_security_group_rule", Action::Create,
                &[("type", json!("ingress")), ("cidr_blocks", json!(ranges))]);
            prop_assert!(rule(&others).is_empty());
            let mut ranges = others;
            ranges.insert(at.min(ranges.len()), "0.0.0.0/0".to_owned());
            prop_assert_eq!(rule(&ranges).len(), 1);
        }
    }
}
