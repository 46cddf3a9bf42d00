//! What came of applying.

use serde::Serialize;

use crate::{
    platform::{EnvironmentName, Instance},
    repo::CommitId,
    terraform::ChangeSummary,
};

use super::{fit::Refusal, journal::Status, settle::Settled};

/// What came of it.
#[derive(Debug, Serialize)]
pub struct ApplyReport {
    /// The run's id in the journal; `None` when nothing had to be applied or it was a dry run.
    pub run: Option<String>,
    /// The commit.
    pub commit: CommitId,
    /// The environment.
    pub environment: EnvironmentName,
    /// The instances that had something to apply.
    pub instances: Vec<Delivered>,
    /// How many instances were up to date already.
    pub up_to_date: usize,
    /// What should be looked at.
    pub notices: Vec<String>,
    /// Whether the run was interrupted.
    pub interrupted: bool,
    /// What earlier runs had left, and what was found out about it.
    pub left: Vec<Settled>,
    /// The instances whose state Terraform could not store in an earlier run, and that was pushed now.
    pub pushed: Vec<Instance>,
    /// What could not be applied as it was reviewed, in a run that applies the rest all the same.
    pub refusals: Vec<Refusal>,
}

impl ApplyReport {
    /// Whether everything that had to be applied was.
    pub fn is_ok(&self) -> bool {
        !self.interrupted
            && self.refusals.is_empty()
            && self.instances.iter().all(|delivered| matches!(delivered.status, Status::Applied | Status::Planned))
    }
}

/// One instance's part of the report.
#[derive(Debug, Clone, Serialize)]
pub struct Delivered {
    /// The instance.
    pub instance: Instance,
    /// How far it came; [`Status::Planned`] in a dry run.
    pub status: Status,
    /// What was done, or what went wrong.
    pub summary: String,
}

/// What was done by an apply that went well; `None`: Terraform's words are lost.
pub(super) fn done(done: Option<&ChangeSummary>) -> String {
    match done {
        Some(done) => format!("{} added, {} changed, {} destroyed", done.add, done.change, done.remove),
        None => "all of it was done; what Terraform said could not be written: is the disk full?".to_owned(),
    }
}
