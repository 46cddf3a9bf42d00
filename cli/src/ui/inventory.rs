//! What `kstack list` shows: clusters, and the other stacks.

use serde_json::{Value as Json, json};

use super::{Styles, Table};
use crate::platform::{
    Stack,
    configuration::{Cluster, ClusterInstance, NodePool},
};

/// A stack of the inventory.
#[derive(Debug)]
pub struct Listed<'a> {
    /// The stack.
    pub stack: &'a Stack,
    /// The environments that it has.
    pub environments: Vec<&'a str>,
    /// Whether it is a cluster stack.
    pub is_cluster: bool,
    /// What is known of the cluster.
    pub cluster: Option<Cluster>,
}

/// A table of clusters, and one of other stacks; each is left out where it would be empty.
pub fn tables(styles: Styles, stacks: &[Listed<'_>]) -> String {
    let (clusters, others): (Vec<_>, Vec<_>) = stacks.iter().partition(|listed| listed.is_cluster);
    let mut texts = Vec::new();
    if !clusters.is_empty() {
        let header = ["CLUSTER", "PROVIDER", "REGION", "ENVIRONMENTS", "NODE POOLS", "DESCRIPTION"];
        let mut table = Table::new(styles, &header);
        for listed in clusters {
            let provider = listed.cluster.as_ref().and_then(|cluster| cluster.provider.clone());
            let instances = listed.cluster.as_ref().map_or(&[][..], |cluster| &cluster.instances);
            let regions =
                instances.iter().filter_map(|instance| Some((instance.environment.as_str(), instance.region.clone()?)));
            table.row([
                listed.stack.name.to_string(),
                provider.unwrap_or_default(),
                by_environment(&regions.collect::<Vec<_>>(), instances.len()),
                listed.environments(),
                pools(instances),
                listed.stack.settings.description.clone().unwrap_or_default(),
            ]);
        }
        texts.push(table.render());
    }
    if !others.is_empty() {
        let mut table = Table::new(styles, &["STACK", "ENVIRONMENTS", "AFTER", "DESCRIPTION"]);
        for listed in others {
            let settings = &listed.stack.settings;
            let description = settings.description.clone().unwrap_or_default();
            table.row([listed.stack.name.to_string(), listed.environments(), listed.after().join(", "), description]);
        }
        texts.push(table.render());
    }
    texts.join("\n\n")
}

/// The stack as a document.
pub fn document(listed: &Listed<'_>) -> Json {
    let Stack { name, settings } = listed.stack;
    let cluster = listed.cluster.as_ref().map(|cluster| {
        let pool = |pool: &NodePool| {
            json!({ "module": pool.module, "name": pool.name, "min_size": pool.min_size, "max_size": pool.max_size })
        };
        let instance = |instance: &ClusterInstance| {
            json!({
                "environment": instance.environment, "region": instance.region,
                "node_pools": instance.pools.iter().map(pool).collect::<Vec<_>>(),
            })
        };
        json!({ "provider": cluster.provider, "instances": cluster.instances.iter().map(instance).collect::<Vec<_>>() })
    });
    json!({
        "type": "stack", "version": 1, "stack": name, "environments": listed.environments, "shared": settings.shared,
        "kind": if listed.is_cluster { "cluster" } else { "stack" }, "description": settings.description,
        "after": listed.after(), "cluster": cluster,
    })
}

impl Listed<'_> {
    fn after(&self) -> Vec<&str> {
        self.stack.settings.after.iter().map(|after| after.value.as_str()).collect()
    }

    fn environments(&self) -> String {
        if self.stack.settings.shared { "shared".to_owned() } else { self.environments.join(", ") }
    }
}

/// `default (ops 1-3, apps 3-9), gpu (0-4)`.
fn pools(instances: &[ClusterInstance]) -> String {
    let Some(first) = instances.first() else { return String::new() };
    let pools = first.pools.iter().enumerate().map(|(index, pool)| {
        let of =
            instances.iter().filter_map(|instance| Some((instance.environment.as_str(), instance.pools.get(index)?)));
        let sizes =
            of.filter_map(|(environment, pool)| Some((environment, format!("{}-{}", pool.min_size?, pool.max_size?))));
        let sizes = by_environment(&sizes.collect::<Vec<_>>(), instances.len());
        let name = pool.name.as_deref().unwrap_or(&pool.module);
        if sizes.is_empty() { name.to_owned() } else { format!("{name} ({sizes})") }
    });
    pools.collect::<Vec<_>>().join(", ")
}

/// What all of `count` environments have alike, once; otherwise each after its environment.
fn by_environment(values: &[(&str, String)], count: usize) -> String {
    match values.first() {
        Some((_, first)) if values.len() == count && values.iter().all(|(_, value)| value == first) => first.clone(),
        _ => values.iter().map(|(environment, value)| format!("{environment} {value}")).collect::<Vec<_>>().join(", "),
    }
}
