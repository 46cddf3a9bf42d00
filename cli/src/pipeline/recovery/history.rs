//! Journals of long ago, for audits and comparisons. Nothing is mended here.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};

use super::journal::{Journal, Record, folder, key, read, time_of};
use crate::{pipeline::PipelineError, platform::EnvironmentName, store::Store};

/// No run goes on for longer.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);
/// How many journals before a time are read as well.
const EARLIER: usize = 20;
/// How many are read at once.
const AT_ONCE: usize = 16;

impl Journal {
    /// The journal of `run`; `None` when it is gone.
    ///
    /// # Errors
    /// As [`Journal::recent`].
    pub async fn of(store: &Store, environment: &EnvironmentName, run: &str) -> Result<Option<Record>, PipelineError> {
        read(store, key(environment, run)).await
    }

    /// The journals of `environment` from `since` on, oldest first, after some that came before: to tell what was
    /// applied before.
    ///
    /// # Errors
    /// As [`Journal::recent`].
    pub async fn since(
        store: &Store,
        environment: &EnvironmentName,
        since: Option<Timestamp>,
    ) -> Result<Vec<Record>, PipelineError> {
        let keys = store.list(&folder(environment)).await?;
        let is_before = |key: &String| {
            let time = key.rsplit('/').next().and_then(time_of);
            // A run that began before may have applied after.
            since.zip(time).is_some_and(|(since, time)| time + LONGEST < since)
        };
        let first = keys.iter().take_while(|key| is_before(key)).count().saturating_sub(EARLIER);
        let records = stream::iter(keys.into_iter().skip(first)).map(|key| read(store, key)).buffered(AT_ONCE);
        records.try_filter_map(async |record| Ok(record)).try_collect().await
    }
}
