//! The write-ahead journal of a run: what was about to be applied, and what came of it.
//!
//! An entry is written before Terraform starts and after it ends, so whatever kills the run, the
//! journal names every instance that may be half applied.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    platform::{EnvironmentName, Instance},
    store::Store,
};

use super::{PipelineError, bundle::StateVersion};

/// How far an instance came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Its bundle was found and fits.
    Planned,
    /// Terraform was started; if the journal ends here, nobody knows how far it came.
    Applying,
    /// Done.
    Applied,
    /// Terraform failed; what it had done by then is in the state.
    Failed,
    /// Terraform was interrupted, ended by itself and kept its state.
    Interrupted,
    /// Planned in its stage, and not applied: the plan is not what was expected when it was reviewed.
    Held,
    /// Not started, because something it depends on failed or the run was interrupted.
    Skipped,
}

/// One instance's part of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The instance.
    pub instance: Instance,
    /// How far it came.
    pub status: Status,
    /// SHA-256 of the plan that is applied; empty as long as there is none, in a later stage.
    pub plan_sha256: String,
    /// SHA-256 of what was reviewed, where another plan is applied: with `on_stale = "compare"` the plan, after the state
    /// has moved on; in a later stage what was expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_sha256: Option<String>,
    /// The state before.
    pub before: Option<StateVersion>,
    /// The state after, once it is known.
    pub after: Option<StateVersion>,
    /// When the status was last set.
    pub changed: Timestamp,
    /// What went wrong, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Who runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Name of the machine.
    pub host: String,
    /// Process id there.
    pub pid: u32,
}

impl Owner {
    /// This process.
    pub fn this_process() -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self { host, pid: std::process::id() }
    }

    /// Whether the owner is known to be gone: same machine, and no process with its id. A process
    /// on another machine is never known to be gone.
    pub fn is_gone(&self) -> bool {
        let pid = i32::try_from(self.pid).ok().and_then(rustix::process::Pid::from_raw);
        self.host == Self::this_process().host
            && pid.is_none_or(|pid| rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH))
    }
}

/// One run's journal as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Format of this document.
    pub version: u32,
    /// The run's id; sorts by time.
    pub run: String,
    /// Who runs it.
    pub owner: Owner,
    /// The commit that is applied.
    pub commit: String,
    /// When the run started.
    pub started: Timestamp,
    /// When it ended; `None` while it runs, and for ever if it was killed.
    pub ended: Option<Timestamp>,
    /// The instances, by key.
    pub entries: BTreeMap<String, Entry>,
}

/// A journal being written.
#[derive(Debug)]
pub struct Journal {
    store: Store,
    key: String,
    record: Record,
}

fn folder(environment: &EnvironmentName) -> String {
    format!("journal/{environment}")
}

impl Journal {
    /// Starts the journal of a run that applies `commit` to `environment`.
    ///
    /// # Errors
    /// [`PipelineError::Store`].
    pub async fn start(store: &Store, environment: &EnvironmentName, commit: &str) -> Result<Self, PipelineError> {
        let started = Timestamp::now();
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let run = format!("{}-{}", started.strftime("%Y%m%dT%H%M%S%3fZ"), &unique[..8]);
        let record = Record {
            version: 1,
            run: run.clone(),
            owner: Owner::this_process(),
            commit: commit.to_owned(),
            started,
            ended: None,
            entries: BTreeMap::new(),
        };
        let journal = Self { store: store.clone(), key: format!("{}/{run}.json", folder(environment)), record };
        journal.write().await?;
        Ok(journal)
    }

    /// The run's id.
    pub fn run(&self) -> &str {
        &self.record.run
    }

    /// Sets an instance's entry and writes the journal before it returns.
    ///
    /// # Errors
    /// [`PipelineError::Store`]: then the step that the entry announces must not be taken.
    pub async fn set(&mut self, entry: Entry) -> Result<(), PipelineError> {
        self.record.entries.insert(entry.instance.key(), entry);
        self.write().await
    }

    /// Ends the journal.
    ///
    /// # Errors
    /// [`PipelineError::Store`].
    pub async fn end(mut self) -> Result<Record, PipelineError> {
        self.record.ended = Some(Timestamp::now());
        self.write().await?;
        Ok(self.record)
    }

    async fn write(&self) -> Result<(), PipelineError> {
        let text = serde_json::to_vec_pretty(&self.record)
            .map_err(|source| PipelineError::Record { key: self.key.clone(), source })?;
        Ok(self.store.put(&self.key, text).await?)
    }

    /// The newest `count` journals of `environment`, newest first. Journals are never deleted, so nobody reads
    /// all of them.
    ///
    /// # Errors
    /// [`PipelineError::Store`], [`PipelineError::Record`].
    pub async fn recent(
        store: &Store,
        environment: &EnvironmentName,
        count: usize,
    ) -> Result<Vec<Record>, PipelineError> {
        let mut records = Vec::new();
        // The keys end in the runs' ids, which sort by time.
        for key in store.list(&folder(environment)).await?.into_iter().rev().take(count) {
            if let Some((bytes, _)) = store.get(&key).await? {
                records.push(serde_json::from_slice(&bytes).map_err(|source| PipelineError::Record { key, source })?);
            }
        }
        Ok(records)
    }
}

impl Record {
    /// Whether Terraform was working on `entry` when the run was killed. `alone` says that the caller holds the
    /// lock of the environment: then no other run goes on, wherever it was started.
    fn left(&self, entry: &Entry, alone: bool) -> bool {
        self.ended.is_none() && (alone || self.owner.is_gone()) && entry.status == Status::Applying
    }
}

/// The instances that were left in the middle: the run that worked on them last was killed. `records` are
/// journals, newest first.
pub(super) fn left_applying(records: &[Record], alone: bool) -> Vec<(&Record, &Instance)> {
    let mut newest: BTreeMap<&Instance, (&Record, &Entry)> = BTreeMap::new();
    for record in records {
        let unstarted = |entry: &&Entry| matches!(entry.status, Status::Planned | Status::Held | Status::Skipped);
        for entry in record.entries.values().filter(|entry| !unstarted(entry)) {
            newest.entry(&entry.instance).or_insert((record, entry));
        }
    }
    let left = newest.into_iter().filter(|(_, (record, entry))| record.left(entry, alone));
    left.map(|(instance, (record, _))| (record, instance)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{platform::StackName, store::Location};

    #[tokio::test]
    async fn the_journal_is_on_disk_before_the_step_and_tells_what_was_left() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Location::Folder(folder.path().to_owned())).unwrap();
        let ops: EnvironmentName = "ops".parse().unwrap();
        let mut journal = Journal::start(&store, &ops, "abc").await.unwrap();
        let entry = Entry {
            instance: Instance { stack: StackName::new("a").unwrap(), environment: Some(ops.clone()) },
            status: Status::Applying,
            plan_sha256: String::new(),
            reviewed_sha256: None,
            before: None,
            after: None,
            changed: Timestamp::now(),
            problem: None,
        };
        journal.set(entry).await.unwrap();
        // A second reader sees the entry although the run has not ended …
        let mut seen = Journal::recent(&store, &ops, 5).await.unwrap();
        assert_eq!(seen[0].entries["ops/a"].status, Status::Applying);
        assert_eq!(left_applying(&seen, false).len(), 0, "this process lives");
        assert_eq!(left_applying(&seen, true).len(), 1, "whoever holds the lock knows that it cannot go on");
        // … and knows that it was left once the owner is gone. No process has the largest id.
        seen[0].owner.pid = i32::MAX as u32;
        assert_eq!(left_applying(&seen, false).len(), 1);
        let ended = journal.end().await.unwrap();
        assert!(ended.ended.is_some());
        // A later run that got somewhere with it settles the matter; one that did not start it does not.
        let mut later = seen[0].clone();
        later.entries.values_mut().for_each(|entry| entry.status = Status::Skipped);
        assert_eq!(left_applying(&[later.clone(), seen[0].clone()], true).len(), 1);
        later.entries.values_mut().for_each(|entry| entry.status = Status::Failed);
        assert_eq!(left_applying(&[later, seen[0].clone()], true).len(), 0);
    }
}
