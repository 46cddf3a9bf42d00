//! What instances output, read from their states where they lie: no Terraform, no providers, no export. Only a state
//! that OpenTofu encrypted needs `tofu`, which has the keys.

use std::collections::BTreeMap;

use futures::StreamExt as _;

use crate::{
    closure::Inventory,
    platform::{EnvironmentName, Instance, StackName},
    store::{Location, Store},
    terraform::{Interrupt, Product, StateFile, StateFileError, TerraformEvent, Watch},
};

use super::{
    Event, EventSink, PipelineError, Site, Workshop, backend::StateLocation, exported::Tree, planning, target, trouble,
};

/// How many states are read at the same time. Reading one is mostly waiting for its store.
const AT_ONCE: usize = 16;

/// How many `tofu` run at the same time.
const PROGRAMS: usize = 4;

/// Whose outputs.
#[derive(Debug, Clone, Default)]
pub struct OutputSelection {
    /// The environments; none: the first, or the first that the stack is in. Shared stacks belong to all of them.
    pub environments: Vec<EnvironmentName>,
    /// All environments, whatever `environments` says.
    pub everywhere: bool,
    /// Only this stack.
    pub stack: Option<StackName>,
}

/// What one instance outputs.
#[derive(Debug)]
pub struct InstanceOutputs {
    /// The instance.
    pub instance: Instance,
    /// Where its state lies, such as `s3://acme-state/ops/net.tfstate`.
    pub location: String,
    /// The state, `None` where nothing was applied yet; or why it cannot be read.
    pub state: Result<Option<StateFile>, PipelineError>,
}

impl InstanceOutputs {
    /// The state, if there is one that can be read.
    pub fn readable(&self) -> Option<&StateFile> {
        self.state.as_ref().ok()?.as_ref()
    }

    /// Why the state cannot be read, with the causes.
    pub fn problem(&self) -> Option<String> {
        Some(trouble::chain(self.state.as_ref().err()?).replace('\n', ": "))
    }

    /// Whether OpenTofu encrypted the state.
    pub fn is_encrypted(&self) -> bool {
        matches!(self.state, Err(PipelineError::State { source: StateFileError::Encrypted, .. }))
    }

    fn is_absent(&self) -> bool {
        matches!(self.state, Ok(None))
    }
}

/// The error that the states that cannot be read come to, if there are any.
pub fn unreadable(found: Vec<InstanceOutputs>) -> Option<PipelineError> {
    let of = found.len();
    let failures = found.into_iter().filter_map(|one| Some((one.instance, one.state.err()?)));
    let mut failures: Vec<_> = failures.collect();
    match failures.len() {
        0 => None,
        1 => failures.pop().map(|(_, error)| error),
        _ => Some(PipelineError::StatesUnreadable { failures, of }),
    }
}

impl Site {
    /// Reads the states of a selection, in the order of stacks and environments. Stacks and where their states lie are
    /// those of the work tree. A state that cannot be read is no reason to leave out the others.
    ///
    /// # Errors
    /// An unknown environment or stack; [`PipelineError::NoState`] when the stack that is asked for has none;
    /// [`PipelineError::NoStore`] when no state is there, nor the place for it.
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
                Some(store) => Ok(store.clone()),
                None => state.store().inspect(|store| drop(stores.insert(state.store_address(), store.clone()))),
            };
            reads.push(async move {
                let location = state.to_string();
                let state = match store {
                    Ok(store) => state.read_in(&store).await,
                    Err(error) => Err(error),
                };
                InstanceOutputs { instance, location, state }
            });
        }
        let found: Vec<_> = futures::stream::iter(reads).buffered(AT_ONCE).collect().await;
        if found.iter().all(InstanceOutputs::is_absent) {
            // A bucket that is not there answers a read just like one that is empty.
            for store in stores.values().filter(|store| !matches!(store.location(), Location::Folder(_))) {
                if !store.exists().await? {
                    return Err(PipelineError::NoStore { location: store.location().to_string() });
                }
            }
        }
        match found.as_slice() {
            [first, ..] if selection.stack.is_some() && found.iter().all(InstanceOutputs::is_absent) => {
                Err(PipelineError::NoState { instance: first.instance.clone(), location: first.location.clone() })
            }
            _ => Ok(found),
        }
    }
}

impl Workshop {
    /// Asks `tofu` for the states in `found` that it encrypted; keys and passphrases are its own affair. With another
    /// program nothing is done.
    ///
    /// # Errors
    /// When the work tree cannot be exported. What `tofu` says of a state is in its place in `found`.
    pub async fn decrypt(
        &self,
        found: &mut [InstanceOutputs],
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<(), PipelineError> {
        if self.binary().product != Product::OpenTofu || !found.iter().any(InstanceOutputs::is_encrypted) {
            return Ok(());
        }
        let snapshot = self.site().repository().worktree_snapshot()?;
        let inventory = Inventory::load(&snapshot)?;
        let tree = self.site().export(&snapshot)?;
        let (inventory, tree) = (&inventory, &tree);
        let pulls = found.iter_mut().filter(|one| one.is_encrypted()).map(|one| async move {
            let message = format!("the state of {} is encrypted: asking `tofu state pull`", one.instance);
            events(Event::Notice { message });
            one.state = self.pull(inventory, tree, &one.instance, interrupt, events).await;
        });
        futures::stream::iter(pulls).buffer_unordered(PROGRAMS).collect::<()>().await;
        Ok(())
    }

    async fn pull(
        &self,
        inventory: &Inventory,
        tree: &Tree,
        instance: &Instance,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<Option<StateFile>, PipelineError> {
        let said = |said: TerraformEvent| events(Event::Terraform { instance: instance.clone(), said });
        let watch = Watch { events: &said, interrupt };
        let _alone = self.site().occupy(instance, interrupt, || {}).await?;
        let terraform = self.terraform(tree, &inventory.platform, instance)?;
        planning::initialise(&terraform, &inventory.platform, instance, &watch).await?;
        Ok(terraform.pull_state(&watch).await?)
    }
}

/// The instances that a selection means.
fn select(inventory: &Inventory, selection: &OutputSelection) -> Result<Vec<Instance>, PipelineError> {
    let mut environments = target::environments(&inventory.platform, &selection.environments)?;
    if selection.everywhere {
        environments = inventory.platform.environments.iter().map(|environment| environment.name.clone()).collect();
    }
    let mut instances = inventory.instances();
    if let Some(stack) = &selection.stack {
        target::known_stacks(std::slice::from_ref(stack), inventory.stacks.iter().map(|stack| &stack.name))?;
        instances.retain(|instance| instance.stack == *stack);
        let first = instances.first().and_then(|instance| instance.environment.clone());
        if selection.environments.is_empty() && !selection.everywhere {
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
