//! A plan that is about to be applied, with what that needs.

use std::sync::Arc;

use jiff::Timestamp;
use tempfile::TempPath;

use crate::{
    platform::{Instance, Platform, StackName},
    repo::CommitId,
};

use super::{
    applied::Applied,
    bundle::Bundle,
    exported::Tree,
    journal::{Entry, Status},
    schedule::Took,
};

/// A plan that fits, with what applying it needs.
pub(super) struct Job {
    pub(super) instance: Instance,
    pub(super) bundle: Bundle,
    /// The bundle's plan, as a file.
    pub(super) plan: TempPath,
    /// SHA-256 of the reviewed plan, if another one with the same changes takes its place.
    pub(super) reviewed: Option<String>,
    /// Whether what the plan file would do was held against the manifest; if not, only Terraform itself can read it.
    pub(super) changes_read: bool,
    /// The stacks that this one comes after; when it goes away, those that came after it.
    pub(super) after: Vec<StackName>,
    pub(super) closure: Option<String>,
    pub(super) tree: Arc<Tree>,
    pub(super) platform: Arc<Platform>,
    pub(super) commit: CommitId,
}

impl Job {
    pub(super) fn entry(&self, status: Status) -> Entry {
        Entry {
            instance: self.instance.clone(),
            status,
            plan_sha256: self.bundle.manifest.plan_sha256.clone(),
            reviewed_sha256: self.reviewed.clone(),
            closure: self.closure.clone(),
            announced: None,
            place: None,
            terraform: None,
            state_lock: None,
            before: self.bundle.manifest.state.clone(),
            after: None,
            changed: Timestamp::now(),
            problem: None,
        }
    }

    pub(super) fn applied(&self, run: String, took: Took) -> Applied {
        Applied {
            outdated: false,
            version: 1,
            instance: self.instance.clone(),
            closure: self.closure.clone(),
            commit: self.commit.to_string(),
            run,
            time: Timestamp::now(),
            took: Some(took),
        }
    }
}
