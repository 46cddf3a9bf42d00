//! What manifests may know of the cluster that they run on: the variables of the ConfigMap
//! `kstack-cluster-info`, which the hand-over writes from the outputs of the cluster's stack.

use super::Provider;

/// The object that holds them.
pub const NAME: &str = "kstack-cluster-info";

/// What the names of identities of services begin with; then comes the key of the service in the stack's output
/// `identity`. The value is what the cloud knows it by: a role at AWS, a principal at Google, a client id in Azure.
pub const IDENTITY: &str = "cluster_identity_";

/// The variables of a cluster of `provider`, where its configuration has what they are about: names, and a DNS zone.
pub fn variables(provider: Provider) -> Vec<&'static str> {
    let mut known = vec!["cluster_name", "cluster_provider", "cluster_region", "cluster_version"];
    known.extend(["cluster_fqdn", "cluster_domain"]);
    if provider != Provider::Local {
        known.extend(["cluster_dns_zone_id", "cluster_dns_zone_name"]);
    }
    if provider == Provider::Aws {
        known.push("cluster_node_role");
    }
    known.extend(of_provider(provider).iter().map(|(variable, _)| *variable));
    known
}

/// The variables that only `provider` has, and where each stands in the output `cluster`.
pub fn of_provider(provider: Provider) -> &'static [(&'static str, &'static str)] {
    match provider {
        Provider::Aws | Provider::Local => &[],
        Provider::Google => &[("cluster_project", "/auth/project")],
        Provider::Azure => &[
            ("cluster_subscription_id", "/auth/subscription_id"),
            ("cluster_tenant_id", "/auth/tenant_id"),
            ("cluster_resource_group", "/auth/resource_group"),
        ],
    }
}
