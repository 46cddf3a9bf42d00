//! What instances output, read from their states where they lie: no Terraform, no providers, no export.

use std::collections::BTreeMap;

use futures::{StreamExt as _, TryStreamExt as _};

use crate::{
    closure::Inventory,
    platform::{EnvironmentName, Instance, StackName},
    store::{Location, Store},
    terraform::StateFile,
};

use super::{PipelineError, Site, backend::StateLocation, target};

/// How many states are read at the same time. Reading one is mostly waiting for its store.
const AT_ONCE: usize = 16;

/// Whose outputs.
#[derive(Debug, Clone, Default)]
pub struct OutputSelection {
    /// The environments; none: the first, or the first that the stack is in. Shared stacks belong to all of them.
    pub environments: Vec<EnvironmentName>,
    /// Only this stack.
    pub stack: Option<StackName>,
}

/// What one instance outputs.
#[derive(Debug, Clone, PartialEq)]
pub struct InstanceOutputs {
    /// The instance.
    pub instance: Instance,
    /// Where its state lies, such as `s3://acme-state/ops/net.tfstate`.
    pub location: String,
    /// The state; `None` where nothing was applied yet.
    pub state: Option<StateFile>,
}

impl Site {
    /// Reads the states of a selection, in the order of stacks and environments. Stacks and where their states lie are
    /// those of the work tree.
    ///
    /// # Errors
    /// An unknown environment or stack; [`PipelineError::NoState`] when the stack that is asked for has none;
    /// [`PipelineError::Store`] and [`PipelineError::State`] for a state that cannot be read.
    pub async fn outputs(&self, selection: &OutputSelection) -> Result<Vec<InstanceOutputs>, PipelineError> {
        let inventory = Inventory::load(&self.repository().worktree_snapshot()?)?;
        let instances = select(&inventory, selection)?;
        // Opening a store may mean a token from a cloud, so each is opened once.
        let mut stores: BTreeMap<String, Store> = BTreeMap::new();
        let mut reads = Vec::new();
        for instance in instances {
            let root = self.repository().root();
            let state = StateLocation::of(&inventory.platform, &instance, root, root);
            let store = match stores.get(&state.store_address()) {
                Some(store) => store.clone(),
                None => stores.entry(state.store_address()).or_insert(state.store()?).clone(),
            };
            reads.push(async move {
                let (location, state) = (state.to_string(), state.read_in(&store).await?);
                Ok::<_, PipelineError>(InstanceOutputs { instance, location, state })
            });
        }
        let found: Vec<_> = futures::stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
        if found.iter().all(|one| one.state.is_none()) {
            // A bucket that is not there answers a read just like one that is empty.
            for store in stores.values().filter(|store| !matches!(store.location(), Location::Folder(_))) {
                if !store.exists().await? {
                    return Err(PipelineError::NoStore { location: store.location().to_string() });
                }
            }
        }
        match found.as_slice() {
            [first, ..] if selection.stack.is_some() && found.iter().all(|one| one.state.is_none()) => {
                Err(PipelineError::NoState { instance: first.instance.clone(), location: first.location.clone() })
            }
            _ => Ok(found),
        }
    }
}

/// The instances that a selection means.
fn select(inventory: &Inventory, selection: &OutputSelection) -> Result<Vec<Instance>, PipelineError> {
    let mut environments = target::environments(&inventory.platform, &selection.environments)?;
    let mut instances = inventory.instances();
    if let Some(stack) = &selection.stack {
        target::known_stacks(std::slice::from_ref(stack), inventory.stacks.iter().map(|stack| &stack.name))?;
        instances.retain(|instance| instance.stack == *stack);
        let first = instances.first().and_then(|instance| instance.environment.clone());
        if selection.environments.is_empty() {
            environments = first.into_iter().collect();
        }
    }
    let has: Vec<String> = instances.iter().filter_map(|one| Some(one.environment.as_ref()?.to_string())).collect();
    instances.retain(|instance| instance.environment.as_ref().is_none_or(|name| environments.contains(name)));
    match (&selection.stack, instances.is_empty()) {
        (Some(stack), true) => Err(PipelineError::NotInEnvironment {
            stack: stack.to_string(),
            environment: environments.first().map(ToString::to_string).unwrap_or_default(),
            has,
        }),
        _ => Ok(instances),
    }
}
