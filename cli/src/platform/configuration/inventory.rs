//! What the files say of a cluster, for the inventory: provider, region and node pools.

use super::{
    call::{Documents, ModuleCall},
    module::Module,
    settled::{Settled, settle},
    value::Value,
};
use crate::platform::{Stack, layout};

/// A cluster stack.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// The folder of its module below `modules/`, such as `aws`.
    pub provider: Option<String>,
    /// Each environment that it has.
    pub instances: Vec<ClusterInstance>,
}

/// A cluster in an environment. What only Terraform can tell is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterInstance {
    /// The environment.
    pub environment: String,
    /// The provider's region.
    pub region: Option<String>,
    /// Its node pools, in the order of the files.
    pub pools: Vec<NodePool>,
}

/// A node pool in an environment.
#[derive(Debug, Clone, PartialEq)]
pub struct NodePool {
    /// The label of its module call.
    pub module: String,
    /// Its name.
    pub name: Option<String>,
    /// Fewest nodes.
    pub min_size: Option<u64>,
    /// Most nodes.
    pub max_size: Option<u64>,
}

impl Cluster {
    /// What the files say of `stack` in `environments`; `None` if it calls no cluster module.
    pub fn read(documents: &Documents, stack: &Stack, environments: &[&str]) -> Option<Self> {
        let calls = ModuleCall::of_stack(documents, &stack.name);
        let (cluster, rest) = calls.iter().partition::<Vec<_>, _>(|call| call.module.ends_with("/cluster"));
        let cluster = *cluster.first()?;
        let pools: Vec<(&ModuleCall, Module)> = rest
            .into_iter()
            .filter(|call| call.module.ends_with("/node-pool"))
            .map(|call| (call, Module::read(documents, &call.module)))
            .collect();
        let module = Module::read(documents, &cluster.module);
        let below = cluster.module.strip_prefix(layout::MODULES).and_then(|path| path.strip_prefix('/'));
        let provider = below.and_then(|path| path.split('/').next()).map(str::to_owned);
        let instances = environments.iter().map(|&environment| ClusterInstance {
            environment: environment.to_owned(),
            region: text(&settled(&module, cluster, environment), "region"),
            pools: pools.iter().map(|(call, module)| NodePool::read(call, module, environment)).collect(),
        });
        Some(Self { provider, instances: instances.collect() })
    }
}

impl NodePool {
    fn read(call: &ModuleCall, module: &Module, environment: &str) -> Self {
        let settled = settled(module, call, environment);
        Self {
            module: call.name.clone(),
            name: text(&settled, "name"),
            min_size: number(&settled, "min_size"),
            max_size: number(&settled, "max_size"),
        }
    }
}

/// What holds in `environment`; nothing where only Terraform can tell, or inheritance is broken.
fn settled(module: &Module, call: &ModuleCall, environment: &str) -> Vec<Settled> {
    call.effective(environment).ok().flatten().map(|effective| settle(module, &effective)).unwrap_or_default()
}

fn value<'a>(settled: &'a [Settled], key: &str) -> Option<&'a Value> {
    settled.iter().find(|settled| settled.path == [key]).map(|settled| &settled.value)
}

fn text(settled: &[Settled], key: &str) -> Option<String> {
    value(settled, key)?.as_str().map(str::to_owned)
}

fn number(settled: &[Settled], key: &str) -> Option<u64> {
    match value(settled, key)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}
