//! What a review is made from.

use serde::Serialize;

use crate::{
    platform::{EnvironmentName, Instance},
    policy::Finding,
    render::RegistryDiff,
    terraform::ChangeList,
};

/// Everything that a change does, as the engines found it.
#[derive(Debug, Clone, Default)]
pub struct ReviewInput {
    /// What is reviewed, such as `main..feature`.
    pub title: Option<String>,
    /// The affected instances, in the order of promotion.
    pub instances: Vec<InstanceInput>,
    /// What was applied last in an environment that is not planned here: plans are held against it.
    pub before: Vec<BeforeInput>,
    /// Environments whose plans show what would happen, and are not applied by a merge.
    pub previews: Vec<EnvironmentName>,
    /// Plans that are not what a merge would apply any more.
    pub stale: Vec<Stale>,
    /// The registries, in the order of promotion.
    pub registries: Vec<RegistryDiff>,
    /// Resource types (with `*`) that `policy.protect` names.
    pub protect: Vec<String>,
    /// What a reader should know, one sentence each; names in backticks.
    pub notices: Vec<String>,
    /// What policies and the guard found.
    pub findings: Vec<Finding>,
    /// Address of the full report, `https://…`.
    pub report: Option<String>,
}

/// A plan that would be refused.
#[derive(Debug, Clone, Serialize)]
pub struct Stale {
    /// The instance.
    pub instance: Instance,
    /// What differs, in a sentence; names in backticks.
    pub because: String,
}

/// What an instance of another environment got.
#[derive(Debug, Clone)]
pub struct BeforeInput {
    /// The instance.
    pub instance: Instance,
    /// What its plan did.
    pub changes: ChangeList,
}

/// One affected instance.
#[derive(Debug, Clone)]
pub struct InstanceInput {
    /// Which.
    pub instance: Instance,
    /// How planning it went.
    pub outcome: Outcome,
    /// Resource addresses (with `*`) that its `stack.hcl` protects, and what is below them.
    pub protect: Vec<String>,
    /// Why it is affected, one line each.
    pub reasons: Vec<String>,
    /// What a reader should know, one sentence each; names in backticks.
    pub notices: Vec<String>,
}

/// How planning an instance went.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// There is a plan.
    Planned(ChangeList),
    /// It is planned when these are applied: it needs outputs that are not known before.
    Staged {
        /// Its stage, 2 or more.
        stage: usize,
        /// What it waits for.
        after: Vec<Instance>,
        /// What it is expected to do; `None`: that cannot be told.
        expected: Option<ChangeList>,
        /// Why not, in one sentence.
        unforeseen: Option<String>,
    },
    /// There is no plan.
    Failed {
        /// Why; may have lines.
        message: String,
    },
    /// It was not planned.
    Skipped {
        /// Why, in one sentence.
        reason: String,
    },
}
