//! Stages: what cannot be planned before others are applied, since it reads outputs that they will change.
//!
//! An instance is of stage n + 1 when one of stage n, in the same run, changes an output that it reads, or has no state
//! yet. Before the apply it is previewed: planned in a scratch copy whose `terraform_remote_state` reads the outputs as
//! they will be, with stand-ins for what is known only afterwards. The preview is its envelope, which is what is reviewed;
//! the plan file is thrown away. When those before it are applied it is planned for real, and applied in the same run if
//! that does nothing beyond the envelope.

mod envelope;
mod graph;
mod later;
mod preview;
mod readers;

use serde::{Deserialize, Serialize};

use crate::{platform::Instance, terraform::ChangeList};

use super::{Manifest, PlanResult};

pub(super) use graph::{Foreseen, Graph};
pub(super) use later::Work;
pub(super) use readers::{Round, outdate, possible};

/// How an instance waits for others: the part of a bundle that makes it an envelope instead of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staging {
    /// Its stage, 2 or more.
    pub stage: usize,
    /// What is applied before it is planned.
    pub after: Vec<Producer>,
    /// Why nothing can be told of what it will do; `None`: the bundle's changes tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unforeseen: Option<String>,
}

/// An instance whose outputs another one waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Producer {
    /// The instance.
    pub instance: Instance,
    /// Hash of its closure when the other one was previewed.
    pub closure: String,
}

impl Manifest {
    /// The bundle as planning reported it.
    pub fn result(&self) -> PlanResult {
        let Some(Staging { stage, after, unforeseen }) = &self.staging else {
            return PlanResult::Changes(self.changes.clone());
        };
        PlanResult::Staged(Staged {
            stage: *stage,
            after: after.iter().map(|producer| producer.instance.clone()).collect(),
            expected: unforeseen.is_none().then(|| self.changes.clone()),
            unforeseen: unforeseen.clone(),
        })
    }
}

/// What is known of an instance that waits for others.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Staged {
    /// Its stage, 2 or more.
    pub stage: usize,
    /// What is applied before it is planned.
    pub after: Vec<Instance>,
    /// What it will do, as far as that can be known; `None`: it cannot.
    pub expected: Option<ChangeList>,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unforeseen: Option<String>,
}
