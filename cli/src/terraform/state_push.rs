//! Putting a state that Terraform could not store where it belongs.

use std::path::Path;

use super::{Terraform, TerraformError, Watch, engine::waiting, process::Stdout};

/// How long to wait for the state lock.
const LOCK_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(60);

impl Terraform {
    /// Stores the state in the file `state` under Terraform's own checks: it refuses another lineage, and a state that
    /// is older than the stored one.
    ///
    /// # Errors
    /// [`TerraformError::Failed`], [`TerraformError::Interrupted`] or an I/O error.
    pub async fn push_state(&self, state: &Path, watch: &Watch<'_>) -> Result<(), TerraformError> {
        let command = || {
            let mut command = self.command(["state", "push", "-no-color"]);
            command.args(waiting(Some(LOCK_TIMEOUT), None)).arg(state);
            command
        };
        self.prepared("state push", Stdout::Document, &[], watch, command).await.map(drop)
    }
}
