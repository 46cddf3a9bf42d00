//! What `kstack init` has to know.

mod check;
mod draft;
mod file;
mod question;

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use super::Cluster;
use crate::{
    hcl::{Diagnostic, SourceFile},
    platform::{Engine, Environment, EnvironmentName, Forge, PlatformName, StateBackend},
};

pub use draft::{Draft, EnvironmentDraft};
pub use question::Question;

/// Everything that a new platform is made from. `kstack.hcl` and the stacks are where it is kept
/// afterwards: there is no second file of answers in the platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// The platform's name.
    pub name: PlatformName,
    /// The DNS domain below which clusters get their names.
    pub base_domain: String,
    /// Where the engines pull the repository from.
    pub repository: String,
    /// The branch that reviewed changes are merged into.
    pub default_branch: String,
    /// Environments in the order of promotion.
    pub environments: Vec<Environment>,
    /// The clusters, each of them in every environment.
    pub clusters: Vec<Cluster>,
    /// Where Terraform state lives, unless an environment says otherwise.
    pub state: StateBackend,
    /// The Git forge.
    pub forge: Forge,
    /// The engine in the clusters.
    pub engine: Engine,
    /// Whether the repository's own settings are a stack, `infra/repository`.
    pub manage_repository: bool,
    /// Whether workflow templates for Argo Workflows are written, `pipeline/argo-workflows`.
    pub argo_workflows: bool,
}

impl Answers {
    /// Everything that is wrong, in the order of the fields; empty when a platform can be made.
    pub fn problems(&self) -> Vec<Problem> {
        check::problems(&check::Given {
            base_domain: Some(&self.base_domain),
            repository: Some(&self.repository),
            default_branch: &self.default_branch,
            environments: &self.environments,
            clusters: &self.clusters,
            state: Some(&self.state),
            forge: Some(&self.forge),
            engine: &self.engine,
        })
    }

    /// The environment that the others inherit from: `apps`, or the last one.
    pub fn base_environment(&self) -> Option<&EnvironmentName> {
        let names = || self.environments.iter().map(|environment| &environment.name);
        names().find(|name| name.as_str() == "apps").or_else(|| names().next_back())
    }
}

/// An answer, by what it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// The platform's name.
    Name,
    /// The DNS domain.
    BaseDomain,
    /// Where engines pull from.
    Repository,
    /// The branch that is merged into.
    DefaultBranch,
    /// The list of environments.
    Environments,
    /// One environment, by its number.
    Environment(usize),
    /// The list of clusters.
    Clusters,
    /// One cluster, by its number.
    Cluster(usize),
    /// The project or subscription of one cluster, by its number.
    Account(usize),
    /// The node pools of one cluster, by its number.
    Pool(usize),
    /// The network of one cluster, by its number.
    Network(usize),
    /// The region of the one cluster of which only the provider is known.
    Region,
    /// The project of clusters at Google.
    GoogleProject,
    /// The subscription of clusters in Azure.
    AzureSubscription,
    /// Where state lives.
    State,
    /// The Git forge.
    Forge,
    /// The engine in the clusters.
    Engine,
}

impl Field {
    /// The flag that gives the answer.
    pub fn flag(self) -> &'static str {
        match self {
            Self::Name => "--name",
            Self::BaseDomain => "--base-domain",
            Self::Repository => "--repository",
            Self::DefaultBranch => "--default-branch",
            Self::Environments | Self::Environment(_) => "--environments",
            Self::Clusters | Self::Cluster(_) => "--cluster",
            // Only a file says more of a cluster than the flag.
            Self::Account(_) | Self::Pool(_) | Self::Network(_) => "--cluster",
            Self::Region => "--region",
            Self::GoogleProject => "--google-project",
            Self::AzureSubscription => "--azure-subscription",
            Self::State => "--state",
            Self::Forge => "--forge",
            Self::Engine => "--engine",
        }
    }
}

/// An answer that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which answer.
    pub field: Field,
    /// What is wrong with it.
    pub message: String,
}

/// Where in a file of answers each one stands.
#[derive(Debug, Clone, Default)]
pub struct Places {
    file: Option<Arc<SourceFile>>,
    spans: BTreeMap<Field, Range<usize>>,
}

impl Places {
    /// The problem at its place, if the answer comes from a file.
    pub fn locate(&self, problem: &Problem) -> Option<Diagnostic> {
        let whole = match problem.field {
            Field::Account(index) | Field::Pool(index) | Field::Network(index) => Field::Cluster(index),
            field => field,
        };
        let span = self.spans.get(&problem.field).or_else(|| self.spans.get(&whole))?;
        let file = self.file.as_ref()?;
        Some(Diagnostic::new(file, span.clone(), problem.message.clone()))
    }

    /// The answer comes from elsewhere now; so do the parts of a list.
    fn forget(&mut self, field: Field) {
        self.spans.retain(|known, _| match (field, known) {
            (Field::Environments, Field::Environment(_)) => false,
            (Field::Clusters, Field::Cluster(_) | Field::Account(_) | Field::Pool(_) | Field::Network(_)) => false,
            _ => *known != field,
        });
    }
}

/// The forge that a repository's address belongs to, by its host.
pub fn forge_of(repository: &str) -> Forge {
    let host = repository.split_once("://").map_or(repository, |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    match host.split(':').next() {
        Some("github.com") => Forge::GitHub { url: None },
        Some("gitlab.com") => Forge::GitLab { url: None },
        _ => Forge::None,
    }
}

/// A platform name out of a folder's name, if one can be made.
pub fn platform_name(folder: &str) -> Option<PlatformName> {
    let name: String = folder
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .skip_while(|c| !c.is_ascii_lowercase())
        .collect();
    PlatformName::new(name.trim_end_matches('-')).ok()
}

#[cfg(test)]
mod tests;
