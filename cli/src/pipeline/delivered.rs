//! Which commits were delivered to which environment: what promotion asks for.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    platform::{EnvironmentName, Platform},
    repo::CommitId,
};

use super::{PipelineError, Site, backend::Stores};

/// A commit that an environment has had: applied, and handed over if that was asked for.
#[derive(Debug, Serialize)]
struct Delivery<'a> {
    version: u32,
    environment: &'a EnvironmentName,
    commit: CommitId,
    time: Timestamp,
}

fn key(environment: &EnvironmentName, commit: CommitId) -> String {
    format!("delivered/{environment}/{commit}.json")
}

impl Site {
    /// Records that `commit` was delivered to `environment`.
    ///
    /// # Errors
    /// [`PipelineError::Store`].
    pub async fn record_delivery(
        &self,
        platform: &Platform,
        environment: &EnvironmentName,
        commit: CommitId,
    ) -> Result<(), PipelineError> {
        let records = Stores::open(platform, environment, self.repository().root())?.records;
        let key = key(environment, commit);
        let delivery = Delivery { version: 1, environment, commit, time: Timestamp::now() };
        let text = serde_json::to_vec_pretty(&delivery)
            .map_err(|source| PipelineError::Record { key: key.clone(), source })?;
        // The first time counts.
        records.create(&key, text).await?;
        Ok(())
    }

    /// Whether `commit` was ever delivered to `environment`.
    ///
    /// # Errors
    /// [`PipelineError::Store`].
    pub async fn was_delivered(
        &self,
        platform: &Platform,
        environment: &EnvironmentName,
        commit: CommitId,
    ) -> Result<bool, PipelineError> {
        let records = Stores::open(platform, environment, self.repository().root())?.records;
        Ok(records.get(&key(environment, commit)).await?.is_some())
    }
}
