//! What a review is made from.

use crate::{platform::Instance, render::RegistryDiff, terraform::ChangeList};

/// Everything that a change does, as the engines found it.
#[derive(Debug, Clone, Default)]
pub struct ReviewInput {
    /// What is reviewed, such as `main..feature`.
    pub title: Option<String>,
    /// The affected instances, in the order of promotion.
    pub instances: Vec<InstanceInput>,
    /// The registries, in the order of promotion.
    pub registries: Vec<RegistryDiff>,
    /// Resource types (with `*`) that `policy.protect` names.
    pub protect: Vec<String>,
    /// What a reader should know, one sentence each; names in backticks.
    pub notices: Vec<String>,
    /// Address of the full report, `https://…`.
    pub report: Option<String>,
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
