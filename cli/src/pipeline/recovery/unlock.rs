//! Removes locks that dead runs left, and no others: each must be proven to be ours, and its holder to be dead.

use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    closure::Inventory,
    platform::{EnvironmentName, Instance},
    repo::Snapshot,
};

use crate::pipeline::{
    PipelineError, Site,
    backend::{StateLocation, Stores},
    journal::{Journal, Record},
    lock::{Death, Held, Lock},
    owner::Owner,
    settle::runs,
    state_lock::StateLock,
};

/// How many runs to look back for the one that a lock belongs to.
const RECENT: usize = 20;

/// Which locks.
#[derive(Debug, Clone)]
pub struct UnlockRequest {
    /// The environment.
    pub environment: EnvironmentName,
    /// Tell about the locks, remove none.
    pub dry_run: bool,
    /// Machines that are gone for good.
    pub gone: Vec<String>,
}

/// What was found.
#[derive(Debug, Serialize)]
pub struct UnlockReport {
    /// The environment.
    pub environment: EnvironmentName,
    /// Its locks.
    pub locks: Vec<LockReport>,
    /// The instances whose backend does not show its locks.
    pub unreadable: Vec<Instance>,
}

/// What is locked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Whose {
    /// The environment, by a run of kstack.
    Environment,
    /// A state, by Terraform.
    State {
        /// The instance.
        instance: Instance,
        /// The lock's ID.
        id: String,
    },
}

/// What is to be done about a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It was removed, or would be.
    Removed,
    /// It is ours, and its holder runs.
    InUse,
    /// It is ours, and nobody here can see whether its holder runs.
    OutOfSight,
    /// It is not ours.
    Foreign,
}

/// A lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LockReport {
    /// What is locked.
    #[serde(flatten)]
    pub what: Whose,
    /// Who holds it.
    pub holder: String,
    /// The machine of the holder, if it is ours.
    pub host: Option<String>,
    /// Since when, by the holder's clock.
    pub since: Option<Timestamp>,
    /// What is to be done.
    pub verdict: Verdict,
    /// What proves that, or what is missing.
    pub because: String,
}

impl Site {
    /// Removes the dead locks of an environment of the platform that `snapshot` holds.
    ///
    /// # Errors
    /// [`PipelineError::Store`], [`PipelineError::Record`], [`PipelineError::StateLock`].
    pub async fn unlock(&self, snapshot: &Snapshot, request: &UnlockRequest) -> Result<UnlockReport, PipelineError> {
        let UnlockRequest { environment, dry_run, gone } = request;
        let inventory = Inventory::load(snapshot)?;
        crate::pipeline::target::environment(&inventory.platform, environment)?;
        let stores = Stores::open(&inventory.platform, environment, self.repository().root())?;
        let records = Journal::recent_and_open(&stores.records, environment, RECENT).await?;
        let mut report = UnlockReport { environment: environment.clone(), locks: Vec::new(), unreadable: Vec::new() };
        let mut instances: Vec<Instance> = inventory.instances();
        // Of stacks that are gone from this commit as well.
        instances.extend(records.iter().flat_map(|record| record.entries.values()).map(|entry| entry.instance.clone()));
        instances.retain(|instance| inventory.platform.delivering(instance) == Some(environment));
        instances.sort();
        instances.dedup();
        for instance in instances {
            let state = StateLocation::of(&inventory.platform, &instance, self.repository().root(), Path::new(""));
            if !state.shows_its_lock() {
                report.unreadable.push(instance);
                continue;
            }
            let Some(lock) = state.lock().await? else { continue };
            let found = judge(&instance, &lock, &records, gone)?;
            if found.verdict == Verdict::Removed && !dry_run {
                state.remove_lock(&lock).await?;
            }
            report.locks.push(found);
        }
        if let Some(held) = Lock::holder(&stores.records, environment).await? {
            let found = judge_run(held, gone);
            if found.verdict == Verdict::Removed && !dry_run {
                // Taken over first, by a conditional write: somebody else may have been faster.
                Lock::take(&stores.records, environment, gone).await?.release().await?;
            }
            report.locks.push(found);
        }
        Ok(report)
    }
}

fn judge_run(held: Held, gone: &[String]) -> LockReport {
    let Held { owner, since, dead } = held;
    let Owner { host, pid, .. } = &owner;
    let (verdict, because) = match dead {
        Some(Death::OwnerGone) => (Verdict::Removed, "its process does not run any more".to_owned()),
        Some(Death::LeaseOver(age)) => {
            (Verdict::Removed, format!("it was not renewed for {} minutes", age.as_secs() / 60))
        }
        None if gone.contains(host) => (Verdict::Removed, format!("`{host}` is gone, as you say")),
        None if owner.is_in_sight() => (Verdict::InUse, "its process runs".to_owned()),
        None => (Verdict::OutOfSight, "its lease is not over".to_owned()),
    };
    let holder = format!("process {pid} on `{host}`");
    LockReport { what: Whose::Environment, holder, host: Some(host.clone()), since: Some(since), verdict, because }
}

fn judge(
    instance: &Instance,
    lock: &StateLock,
    records: &[Record],
    gone: &[String],
) -> Result<LockReport, PipelineError> {
    let found = |host: Option<&str>, verdict, because: String| LockReport {
        what: Whose::State { instance: instance.clone(), id: lock.id.clone() },
        holder: lock.who.clone(),
        host: host.map(ToOwned::to_owned),
        since: lock.created,
        verdict,
        because,
    };
    let Some((record, entry)) = lock.entry(instance, records) else {
        return Ok(found(None, Verdict::Foreign, "no journal of kstack knows its ID".to_owned()));
    };
    let (host, run) = (&record.owner.host, &record.run);
    let found = |verdict, because| Ok(found(Some(host), verdict, because));
    if runs(record, entry)? {
        found(Verdict::InUse, format!("the Terraform of run `{run}` works"))
    } else if record.owner.is_in_sight() {
        found(Verdict::Removed, format!("the Terraform of run `{run}` does not run any more"))
    } else if gone.contains(host) {
        found(Verdict::Removed, format!("it is of run `{run}`, and `{host}` is gone, as you say"))
    } else {
        found(
            Verdict::OutOfSight,
            format!("it is of run `{run}`, and the processes of `{host}` cannot be seen from here"),
        )
    }
}
