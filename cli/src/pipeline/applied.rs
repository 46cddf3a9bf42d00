//! What was applied last, per instance: how `apply` knows what is still to be done, without
//! guessing from commits.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{platform::Instance, store::Store};

use super::{PipelineError, schedule::Took};

/// How many records are read at once: one after the other, a platform of hundreds of instances would wait for its bucket
/// for seconds.
const AT_ONCE: usize = 16;

/// The last successful apply of an instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Applied {
    /// Format of this document.
    pub version: u32,
    /// The instance.
    pub instance: Instance,
    /// Hash of the closure that was applied; `None` after the instance was destroyed.
    pub closure: Option<String>,
    /// The commit, for people.
    pub commit: String,
    /// The run that applied it.
    pub run: String,
    /// When.
    pub time: Timestamp,
    /// Whether a later run has changed outputs that it reads, or was about to: then it is to be applied again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outdated: bool,
    /// How long it took, which tells how long the next one may; `None`: another kstack wrote this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took: Option<Took>,
}

fn key(instance: &Instance) -> String {
    format!("applied/{}.json", instance.key())
}

impl Applied {
    /// Everything that was ever applied, by instance.
    ///
    /// # Errors
    /// [`PipelineError::Store`], [`PipelineError::Record`].
    pub async fn all(store: &Store) -> Result<Vec<Self>, PipelineError> {
        let read = async |key: String| {
            let Some((bytes, _)) = store.get(&key).await? else { return Ok(None) };
            serde_json::from_slice(&bytes).map(Some).map_err(|source| PipelineError::Record { key, source })
        };
        let records = stream::iter(store.list("applied").await?).map(read).buffered(AT_ONCE);
        records.try_filter_map(async |record| Ok(record)).try_collect().await
    }

    /// The last apply of `instance`, if there was one.
    ///
    /// # Errors
    /// As [`Applied::all`].
    pub async fn of(store: &Store, instance: &Instance) -> Result<Option<Self>, PipelineError> {
        let key = key(instance);
        let Some((bytes, _)) = store.get(&key).await? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|source| PipelineError::Record { key, source })
    }

    /// Whether the closure `hash` needs no apply.
    pub fn is_current(&self, hash: &str) -> bool {
        self.closure.as_deref() == Some(hash) && !self.outdated
    }

    /// Records it.
    ///
    /// # Errors
    /// [`PipelineError::Store`].
    pub async fn write(&self, store: &Store) -> Result<(), PipelineError> {
        let key = key(&self.instance);
        let text =
            serde_json::to_vec_pretty(self).map_err(|source| PipelineError::Record { key: key.clone(), source })?;
        Ok(store.put(&key, text).await?)
    }
}
