//! Terraform's own lock on a state, read where the backend keeps it.
//!
//! Who applies gets a lock with an ID that only the backend knows, so the ID is read there and kept in the journal: that
//! is what later proves a lock to be ours. Locks are objects beside the state in S3 (`use_lockfile`) and Google Cloud
//! Storage, and a file for people on the local disk, where the system itself holds the real lock. In Azure a lock is a
//! lease on the state's blob, which cannot be read; there `terraform force-unlock` remains.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{platform::Instance, store::Location};

use crate::pipeline::{
    PipelineError,
    backend::StateLocation,
    journal::{Entry, Record, Status},
};

/// How long after its entry in the journal a Terraform may take its lock: it loads its providers first.
const SOON: SignedDuration = SignedDuration::from_mins(2);

/// What a lock says of its holder (Terraform: internal/states/statemgr/locker.go, `LockInfo`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateLock {
    /// What `force-unlock` asks for.
    #[serde(rename(deserialize = "ID"))]
    pub id: String,
    /// Such as `OperationTypeApply`.
    #[serde(rename(deserialize = "Operation"), default)]
    pub operation: String,
    /// `user@host`.
    #[serde(rename(deserialize = "Who"), default)]
    pub who: String,
    /// When it was taken, by the holder's clock.
    #[serde(rename(deserialize = "Created"), default)]
    pub created: Option<Timestamp>,
}

impl StateLocation {
    /// The key of the lock in the store of the state; `None` where it is no object.
    fn lock_key(&self) -> Option<String> {
        let key = self.key();
        match self.location() {
            Location::S3 { .. } => Some(format!("{key}.tflock")),
            Location::Gcs { .. } => Some(format!("{}.tflock", key.strip_suffix(".tfstate").unwrap_or(key))),
            Location::Folder(_) => {
                let (folder, name) = key.rsplit_once('/').map_or(("", key), |(folder, name)| (folder, name));
                Some(format!("{folder}/.{name}.lock.info"))
            }
            Location::Azure { .. } => None,
        }
    }

    /// Whether the lock can be read here.
    pub(in crate::pipeline) fn shows_its_lock(&self) -> bool {
        self.lock_key().is_some()
    }

    /// Who holds the lock on the state; `None`: nobody, or it cannot be read.
    ///
    /// # Errors
    /// [`PipelineError::Store`]; [`PipelineError::StateLock`] when there is something that is no lock.
    pub(in crate::pipeline) async fn lock(&self) -> Result<Option<StateLock>, PipelineError> {
        let Some(key) = self.lock_key() else { return Ok(None) };
        let Some((bytes, _)) = self.store()?.get(&key).await? else { return Ok(None) };
        let broken = |source| PipelineError::StateLock { location: format!("{}/{key}", self.store_address()), source };
        serde_json::from_slice(&bytes).map(Some).map_err(broken)
    }

    /// Removes `lock`, if it still is the one that is held.
    ///
    /// # Errors
    /// As [`StateLocation::lock`].
    pub(in crate::pipeline) async fn remove_lock(&self, lock: &StateLock) -> Result<(), PipelineError> {
        match self.lock_key() {
            Some(key) if self.lock().await?.as_ref() == Some(lock) => Ok(self.store()?.delete(&key).await?),
            _ => Ok(()),
        }
    }
}

impl StateLock {
    /// The entry of the run that took it for `instance`, if it is one of ours.
    pub(in crate::pipeline) fn entry<'a>(
        &self,
        instance: &Instance,
        records: &'a [Record],
    ) -> Option<(&'a Record, &'a Entry)> {
        let mut entries = records.iter().filter_map(|record| Some((record, record.entries.get(&instance.key())?)));
        entries.find(|(record, entry)| self.is_of(record, entry))
    }

    /// By its ID; or, when the run was killed before it had read that, by who took it, for what, and when.
    pub(in crate::pipeline) fn is_of(&self, record: &Record, entry: &Entry) -> bool {
        if let Some(id) = &entry.state_lock {
            return *id == self.id;
        }
        let announced = entry.announced.unwrap_or(entry.changed);
        let since = announced - SignedDuration::from_secs(1);
        matches!(entry.status, Status::Applying | Status::Unknown)
            && self.operation == "OperationTypeApply"
            && self.who.rsplit('@').next() == Some(record.owner.host.as_str())
            && self.created.is_some_and(|created| created >= since && created <= announced + SOON)
    }

    /// Who holds it, since when.
    pub(in crate::pipeline) fn holder(&self) -> String {
        let since = self.created.map(|created| format!(" since {created:.0}")).unwrap_or_default();
        format!("`{}`{since}, ID {}", self.who, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::{journal::tests::entry, owner::Owner};

    #[test]
    fn a_lock_is_ours_by_its_id_or_by_everything_else() {
        let text = br#"{"ID":"one","Operation":"OperationTypeApply","Info":"","Who":"ann@ci","Version":"1.11.4",
            "Created":"2026-01-01T00:00:30.5Z","Path":"bucket/ops/a.tfstate"}"#;
        let lock: StateLock = serde_json::from_slice(text).unwrap();
        assert_eq!(lock.holder(), "`ann@ci` since 2026-01-01T00:00:30Z, ID one");
        let entry = |change: &dyn Fn(&mut Entry)| {
            let mut entry = entry("a", Status::Applying);
            entry.announced = Some("2026-01-01T00:00:00Z".parse().unwrap());
            change(&mut entry);
            entry
        };
        let is_ours = |entry: Entry, host: &str| {
            let owner = Owner { host: host.to_owned(), ..Owner::this_process() };
            let instance = entry.instance.clone();
            let record = Record {
                version: 1,
                run: "r".to_owned(),
                owner,
                started_by: None,
                commit: String::new(),
                started: entry.changed,
                ended: None,
                entries: [(instance.key(), entry)].into(),
            };
            lock.entry(&instance, &[record]).is_some()
        };
        assert!(is_ours(entry(&|_| {}), "ci"));
        assert!(!is_ours(entry(&|_| {}), "other"));
        assert!(is_ours(entry(&|entry| entry.state_lock = Some("one".to_owned())), "other"));
        // Another lock than the one that the run had.
        assert!(!is_ours(entry(&|entry| entry.state_lock = Some("two".to_owned())), "ci"));
        // Taken before the run began with it, or long after; and a run that ended has given its own back.
        for time in ["2026-01-01T00:00:32Z", "2025-12-31T23:58:00Z"] {
            assert!(!is_ours(entry(&|entry| entry.announced = Some(time.parse().unwrap())), "ci"), "{time}");
        }
        assert!(!is_ours(entry(&|entry| entry.status = Status::Failed), "ci"));
    }
}
