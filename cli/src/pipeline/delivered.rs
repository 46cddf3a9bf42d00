//! Which commits were delivered to which environment: what promotion asks for.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    platform::{EnvironmentName, Platform},
    repo::CommitId,
};

use super::{PipelineError, Site, backend::Stores};

/// A commit that an environment has had: applied, and handed over if that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Format of this document.
    pub version: u32,
    /// The environment.
    pub environment: EnvironmentName,
    /// The commit.
    pub commit: String,
    /// When it had been delivered for the first time.
    pub time: Timestamp,
    /// Whether its clusters had the commit then, and were ready; `None`: an earlier kstack wrote this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_over: Option<bool>,
}

/// How many records are read at once.
const AT_ONCE: usize = 16;

fn key(environment: &EnvironmentName, commit: CommitId) -> String {
    format!("delivered/{environment}/{commit}.json")
}

impl Site {
    /// Records that `commit` was delivered to `environment`, and whether its clusters were waited for.
    ///
    /// # Errors
    /// [`PipelineError::Store`].
    pub async fn record_delivery(
        &self,
        platform: &Platform,
        environment: &EnvironmentName,
        commit: CommitId,
        handed_over: bool,
    ) -> Result<(), PipelineError> {
        let records = Stores::open(platform, environment, self.repository().root())?.records;
        let key = key(environment, commit);
        let delivery = Delivery {
            version: 1,
            environment: environment.clone(),
            commit: commit.to_string(),
            time: Timestamp::now(),
            handed_over: Some(handed_over),
        };
        let text = serde_json::to_vec_pretty(&delivery)
            .map_err(|source| PipelineError::Record { key: key.clone(), source })?;
        // The first time counts.
        records.create(&key, text).await?;
        Ok(())
    }

    /// The commit whose first delivery to `environment` was the last one.
    ///
    /// # Errors
    /// [`PipelineError::Store`], [`PipelineError::Record`]; a record that names no commit, or one that the clone lacks.
    pub async fn last_delivered(
        &self,
        platform: &Platform,
        environment: &EnvironmentName,
    ) -> Result<Option<CommitId>, PipelineError> {
        let records = Stores::open(platform, environment, self.repository().root())?.records;
        let read = async |key: String| {
            let Some((bytes, _)) = records.get(&key).await? else { return Ok(None) };
            serde_json::from_slice(&bytes).map(Some).map_err(|source| PipelineError::Record { key, source })
        };
        let keys = records.list(&format!("delivered/{environment}")).await?;
        let deliveries: Vec<Option<Delivery>> = stream::iter(keys).map(read).buffered(AT_ONCE).try_collect().await?;
        let last = deliveries.into_iter().flatten().max_by_key(|delivery| delivery.time);
        last.map(|delivery| Ok(self.repository().resolve(&delivery.commit)?)).transpose()
    }

    /// The record of the first delivery of `commit` to `environment`, if there was one.
    ///
    /// # Errors
    /// [`PipelineError::Store`], [`PipelineError::Record`].
    pub async fn delivery(
        &self,
        platform: &Platform,
        environment: &EnvironmentName,
        commit: CommitId,
    ) -> Result<Option<Delivery>, PipelineError> {
        let records = Stores::open(platform, environment, self.repository().root())?.records;
        let key = key(environment, commit);
        let Some((bytes, _)) = records.get(&key).await? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|source| PipelineError::Record { key, source })
    }
}
