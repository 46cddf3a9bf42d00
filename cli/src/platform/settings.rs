//! What `kstack.hcl` says, resolved: defaults filled in, names checked.

use super::{Environment, EnvironmentName, Forge, Instance, Policy, State, StateBackend};

/// The whole platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// The kstack version that wrote the repository: the base of three-way upgrades.
    pub version: String,
    /// The platform's name.
    pub name: String,
    /// DNS domain below which clusters get their names, if the platform has one.
    pub base_domain: Option<String>,
    /// Where the engines pull the repository from.
    pub repository: String,
    /// The branch that reviewed changes are merged into.
    pub default_branch: String,
    /// Environments in the order of promotion; never empty.
    pub environments: Vec<Environment>,
    /// Where Terraform state lives, unless an environment has a place of its own; see [`Platform::backend_of`].
    pub state: State,
    /// The in-cluster engine.
    pub engine: Engine,
    /// The Git forge.
    pub forge: Forge,
    /// How changes are planned and applied.
    pub pipeline: Pipeline,
    /// What is not allowed, or not without a word.
    pub policy: Policy,
}

impl Platform {
    /// The environment called `name`.
    pub fn environment(&self, name: &str) -> Option<&Environment> {
        self.environments.iter().find(|environment| environment.name.as_str() == name)
    }

    /// The environment promoted to after `name`.
    pub fn next_environment(&self, name: &EnvironmentName) -> Option<&Environment> {
        let position = self.environments.iter().position(|environment| &environment.name == name)?;
        self.environments.get(position + 1)
    }

    /// The environment whose runs deliver `instance`: its own, and the first for a shared stack.
    pub fn delivering<'a>(&'a self, instance: &'a Instance) -> Option<&'a EnvironmentName> {
        let first = self.environments.first().map(|environment| &environment.name);
        instance.environment.as_ref().or(first)
    }

    /// Where the state of `environment` lives: in a place of its own, or in the platform's. `None` is what
    /// shared stacks live in.
    pub fn backend_of(&self, environment: Option<&EnvironmentName>) -> &StateBackend {
        let own = environment.and_then(|name| self.environment(name.as_str())?.state.as_ref());
        &own.unwrap_or(&self.state).backend
    }
}

/// The in-cluster engine and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Engine {
    /// Flux.
    Flux {
        /// Its release without the leading `v`, such as `2.7.3`.
        version: String,
        /// How it is installed.
        mode: FluxMode,
    },
    /// Argo CD.
    ArgoCd {
        /// Its release without the leading `v`, such as `3.2.1`.
        version: String,
        /// How much of it is installed.
        mode: ArgoCdMode,
    },
}

/// How Flux is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FluxMode {
    /// The three files of `flux bootstrap` in the registry.
    Classic,
}

/// How much of Argo CD is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgoCdMode {
    /// What syncs: controllers, repo server, cache. No API, no web interface, no sign-on.
    Core,
    /// All of it.
    Full,
}

impl Engine {
    /// The words for engines.
    pub const KINDS: [&'static str; 2] = ["flux", "argocd"];

    /// The engine as `kstack.hcl` calls it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Flux { .. } => "flux",
            Self::ArgoCd { .. } => "argocd",
        }
    }

    /// The engine as people call it.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Flux { .. } => "Flux",
            Self::ArgoCd { .. } => "Argo CD",
        }
    }

    /// The release without the leading `v`.
    pub fn version(&self) -> &str {
        match self {
            Self::Flux { version, .. } | Self::ArgoCd { version, .. } => version,
        }
    }

    /// How it is installed, as `kstack.hcl` calls it.
    pub fn mode(&self) -> &'static str {
        match self {
            Self::Flux { mode: FluxMode::Classic, .. } => "classic",
            Self::ArgoCd { mode: ArgoCdMode::Core, .. } => "core",
            Self::ArgoCd { mode: ArgoCdMode::Full, .. } => "full",
        }
    }
}

/// How changes are planned and applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// Where bundles are kept: `s3://bucket/prefix`, `gs://bucket/prefix`, `az://account/container/prefix` or a
    /// folder; `None`: beside the state.
    pub plan_store: Option<String>,
    /// How many instances run at once.
    pub parallelism: Parallelism,
    /// What happens when the reviewed plan no longer fits.
    pub on_stale: OnStale,
    /// Whether the world is looked at once more before an apply.
    pub verify: Verify,
    /// Whom bundles are encrypted to, as `age` writes recipients (`age1…`); empty: they are kept in the clear.
    pub recipients: Vec<String>,
}

/// How many instances run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parallelism {
    /// As many as the machine's cores and memory take, and fewer when a cloud asks for fewer requests.
    Auto,
    /// This many, whatever happens.
    Fixed(usize),
}

/// What happens when the reviewed plan no longer fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnStale {
    /// Stop and name the field that differs.
    Refuse,
    /// Where the state, the program or the policy moved on, plan again; apply if that comes to the reviewed changes.
    Compare,
}

/// How a plan that fits is verified before it is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verify {
    /// By everything that it is bound to.
    Bundle,
    /// By a plan that is made anew as well: a change made outside Terraform moves no state.
    Replan,
}
