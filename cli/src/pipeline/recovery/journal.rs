//! The write-ahead journal of a run: what was about to be applied, and what came of it.
//!
//! An entry is written before Terraform starts and after it ends, so whatever kills the run, the
//! journal names every instance that may be half applied.

use std::{collections::BTreeMap, path::PathBuf};

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    platform::{EnvironmentName, Instance},
    program::ProcessIdentity,
    store::Store,
};

use crate::pipeline::{
    PipelineError,
    bundle::StateVersion,
    owner::{Life, Owner},
    starter::Starter,
};

const MILLISECOND: SignedDuration = SignedDuration::from_millis(1);

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
    /// Terraform was killed in the middle, and something it made may not be in the state. Nothing is applied to the
    /// instance until somebody has looked.
    Unknown,
}

/// Where Terraform worked, on the owner's machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The stack's folder in the exported files; `errored.tfstate` would be there.
    pub directory: PathBuf,
    /// The instance's data folder, with what Terraform said.
    pub data: PathBuf,
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
    /// Hash of the closure that is applied; `None`: the instance is destroyed.
    #[serde(default)]
    pub closure: Option<String>,
    /// When it was announced that Terraform is started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced: Option<Timestamp>,
    /// Where Terraform works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Terraform's process, once it was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terraform: Option<ProcessIdentity>,
    /// The ID of the lock that Terraform holds on the state, once it was read there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_lock: Option<String>,
    /// The state before.
    pub before: Option<StateVersion>,
    /// The state after, once it is known.
    pub after: Option<StateVersion>,
    /// When the status was last set.
    pub changed: Timestamp,
    /// What went wrong, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What Terraform may have made and the state does not have, if that was seen where it ran.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unrecorded: Vec<String>,
}

impl Entry {
    /// An entry of `instance` of which nothing else is known.
    pub(in crate::pipeline) fn new(instance: Instance, status: Status) -> Self {
        Self {
            instance,
            status,
            plan_sha256: String::new(),
            reviewed_sha256: None,
            closure: None,
            announced: None,
            place: None,
            terraform: None,
            state_lock: None,
            before: None,
            after: None,
            changed: Timestamp::now(),
            problem: None,
            unrecorded: Vec::new(),
        }
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
    /// Who had it run; `None`: an earlier kstack wrote this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_by: Option<Starter>,
    /// The commit that is applied.
    pub commit: String,
    /// When the run started.
    pub started: Timestamp,
    /// When it ended; `None` while it runs, and until somebody settles what it left if it was killed.
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

pub(super) fn folder(environment: &EnvironmentName) -> String {
    format!("journal/{environment}")
}

pub(super) fn key(environment: &EnvironmentName, run: &str) -> String {
    format!("{}/{run}.json", folder(environment))
}

/// The time that a run's id begins with.
pub(super) fn time_of(run: &str) -> Option<Timestamp> {
    let whole = DateTime::strptime("%Y%m%dT%H%M%S", run.get(..15)?).ok()?.to_zoned(TimeZone::UTC).ok()?;
    let milliseconds: i64 = run.get(15..18)?.parse().ok()?;
    Some(whole.timestamp() + SignedDuration::from_millis(milliseconds))
}

impl Journal {
    /// Starts the journal of a run that applies `commit` to `environment`.
    ///
    /// # Errors
    /// [`PipelineError::Store`].
    pub async fn start(store: &Store, environment: &EnvironmentName, commit: &str) -> Result<Self, PipelineError> {
        // Ids tell the order of runs, and the machine of an earlier one may have had a clock that is ahead.
        let newest = store.list(&folder(environment)).await?.pop();
        let after = newest.and_then(|key| time_of(key.rsplit('/').next()?)).map(|time| time + MILLISECOND);
        let started = after.map_or_else(Timestamp::now, |after| after.max(Timestamp::now()));
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let run = format!("{}-{}", started.strftime("%Y%m%dT%H%M%S%3fZ"), &unique[..8]);
        let record = Record {
            version: 1,
            run: run.clone(),
            owner: Owner::this_process(),
            started_by: Some(Starter::from_env()),
            commit: commit.to_owned(),
            started,
            ended: None,
            entries: BTreeMap::new(),
        };
        let key = key(environment, &run);
        record.write(store, &key).await?;
        Ok(Self { store: store.clone(), key, record })
    }

    /// The run's id.
    pub fn run(&self) -> &str {
        &self.record.run
    }

    /// Whether Terraform was announced for `instance`.
    pub(in crate::pipeline) fn has_announced(&self, instance: &Instance) -> bool {
        self.record.entries.get(&instance.key()).is_some_and(|entry| entry.announced.is_some())
    }

    /// Sets an instance's entry and writes the journal before it returns.
    ///
    /// # Errors
    /// [`PipelineError::Store`]: then the step that the entry announces must not be taken.
    pub async fn set(&mut self, mut entry: Entry) -> Result<(), PipelineError> {
        let key = entry.instance.key();
        // What was noted of Terraform stays.
        if let Some(known) = self.record.entries.remove(&key) {
            entry.announced = entry.announced.or(known.announced);
            entry.place = entry.place.or(known.place);
            entry.terraform = entry.terraform.or(known.terraform);
            entry.state_lock = entry.state_lock.or(known.state_lock);
        }
        self.record.entries.insert(key, entry);
        self.record.write(&self.store, &self.key).await
    }

    /// Adds to the entry of `instance` what became known while Terraform works, and writes the journal.
    ///
    /// # Errors
    /// [`PipelineError::Store`].
    pub async fn note(&mut self, instance: &Instance, add: impl FnOnce(&mut Entry)) -> Result<(), PipelineError> {
        if let Some(entry) = self.record.entries.get_mut(&instance.key()) {
            add(entry);
        }
        self.record.write(&self.store, &self.key).await
    }

    /// Ends the journal.
    ///
    /// # Errors
    /// [`PipelineError::Store`].
    pub async fn end(mut self) -> Result<Record, PipelineError> {
        self.record.ended = Some(Timestamp::now());
        self.record.write(&self.store, &self.key).await?;
        Ok(self.record)
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
            records.extend(read(store, key).await?);
        }
        Ok(records)
    }
}

/// Where what nobody could settle yet is kept, until somebody could: later runs push journals out of sight.
fn open_folder(environment: &EnvironmentName) -> String {
    format!("open/{environment}")
}

/// Reading and mending the journals of earlier runs. Mending is for whoever holds the lock of the environment.
impl Journal {
    /// The newest `count` journals, and of earlier ones what is not settled yet; newest first.
    pub(in crate::pipeline) async fn recent_and_open(
        store: &Store,
        environment: &EnvironmentName,
        count: usize,
    ) -> Result<Vec<Record>, PipelineError> {
        let mut records = Self::recent(store, environment, count).await?;
        for key in store.list(&open_folder(environment)).await? {
            records.extend(read(store, key).await?);
        }
        records.sort_by(|one, other| other.run.cmp(&one.run));
        Ok(records)
    }

    /// Writes what was found out about an entry of an earlier run.
    pub(in crate::pipeline) async fn mend(
        store: &Store,
        environment: &EnvironmentName,
        record: &Record,
        entry: Entry,
    ) -> Result<(), PipelineError> {
        let open = format!("{}/{}.json", open_folder(environment), entry.instance.key());
        let is_open = matches!(entry.status, Status::Applying | Status::Unknown);
        if is_open {
            let entries = [(entry.instance.key(), entry.clone())].into();
            Record { entries, ..record.clone() }.write(store, &open).await?;
        }
        let key = key(environment, &record.run);
        if let Some(mut record) = read(store, key.clone()).await? {
            record.entries.insert(entry.instance.key(), entry);
            record.write(store, &key).await?;
        }
        if !is_open {
            store.delete(&open).await?;
        }
        Ok(())
    }

    /// Ends the journal of a run that was killed, once all its entries are settled.
    pub(in crate::pipeline) async fn close(
        store: &Store,
        environment: &EnvironmentName,
        run: &str,
    ) -> Result<(), PipelineError> {
        let key = key(environment, run);
        match read(store, key.clone()).await? {
            Some(mut record) if record.entries.values().all(|entry| entry.status != Status::Applying) => {
                record.ended = Some(Timestamp::now());
                record.write(store, &key).await
            }
            _ => Ok(()),
        }
    }
}

pub(super) async fn read(store: &Store, key: String) -> Result<Option<Record>, PipelineError> {
    let Some((bytes, _)) = store.get(&key).await? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|source| PipelineError::Record { key, source })
}

impl Record {
    async fn write(&self, store: &Store, key: &str) -> Result<(), PipelineError> {
        let text =
            serde_json::to_vec_pretty(self).map_err(|source| PipelineError::Record { key: key.to_owned(), source })?;
        Ok(store.put(key, text).await?)
    }

    /// Whether the run was killed. `alone` says that the caller holds the lock of the environment: then no other run
    /// goes on, wherever it was started.
    pub(in crate::pipeline) fn was_killed(&self, alone: bool) -> bool {
        self.ended.is_none() && (alone || self.owner.life() == Life::Gone)
    }

    /// Whether nobody knows how far Terraform came with `entry`.
    fn is_open(&self, entry: &Entry, alone: bool) -> bool {
        match entry.status {
            Status::Applying => self.was_killed(alone),
            Status::Unknown => true,
            _ => false,
        }
    }
}

/// The entries of the runs that worked on an instance last, with their runs. `records` are journals, newest first.
pub(in crate::pipeline) fn last_worked_on(records: &[Record]) -> impl Iterator<Item = (&Record, &Entry)> {
    let mut newest: BTreeMap<&Instance, (&Record, &Entry)> = BTreeMap::new();
    for record in records {
        let unstarted = |entry: &&Entry| matches!(entry.status, Status::Planned | Status::Held | Status::Skipped);
        for entry in record.entries.values().filter(|entry| !unstarted(entry)) {
            newest.entry(&entry.instance).or_insert((record, entry));
        }
    }
    newest.into_values()
}

/// Those of which nobody knows how far Terraform came: the run that worked on them last was killed, or Terraform was.
pub(in crate::pipeline) fn left_open(records: &[Record], alone: bool) -> Vec<(&Record, &Entry)> {
    last_worked_on(records).filter(|(record, entry)| record.is_open(entry, alone)).collect()
}

#[cfg(test)]
pub(in crate::pipeline) mod tests;
