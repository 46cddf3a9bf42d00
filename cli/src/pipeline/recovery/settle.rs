//! Settles what killed runs left, before anything is applied: waits for a Terraform that still works, finds out how far
//! it came, gives its locks back, keeps the state that it could not store, and mends the journal and the records.
//!
//! Every step can be repeated, so a run that is killed here is itself settled by the next one.

use std::{path::Path, time::Duration};

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    platform::{EnvironmentName, Instance, Platform, StackName},
    terraform::{Interrupt, Trace},
};

use crate::pipeline::{
    Event, EventSink, PipelineError, Site,
    applied::Applied,
    backend::{StateLocation, Stores},
    bundle::StateVersion,
    errored,
    fit::{Field, Refusal},
    job::Job,
    journal::{self, Entry, Journal, Record, Status},
    left::{self, Evidence, Finding, Locked},
    owner::Life,
    seal::Recipients,
};

/// How many runs to look back for one that was killed. Whatever an earlier one left open is kept apart.
const RECENT: usize = 5;

/// How often to look whether Terraform still works.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What the user knows and kstack cannot find out.
#[derive(Debug, Clone, Default)]
pub struct Assurances {
    /// Machines that are gone for good, with everything that ran on them.
    pub gone: Vec<String>,
    /// Stacks whose resources the user has looked at.
    pub checked: Vec<StackName>,
}

/// What was left, and what was found out about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Settled {
    /// The instance.
    pub instance: Instance,
    /// The run that left it.
    pub run: String,
    /// The machine of that run.
    pub host: String,
    /// How far it came.
    #[serde(flatten)]
    pub finding: Finding,
    /// What the journal says from now on.
    pub status: Status,
}

impl std::fmt::Display for Settled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { instance, run, host, finding, .. } = self;
        write!(f, "run `{run}` on `{host}` was cut short while it applied {instance}: {}", finding.text())
    }
}

impl Settled {
    /// The refusal to apply anything to the instance, as long as it is not clear what became of it.
    pub(in crate::pipeline) fn refusal(&self) -> Option<Refusal> {
        let is_open = matches!(self.status, Status::Applying | Status::Unknown);
        is_open.then(|| Refusal {
            instance: self.instance.clone(),
            field: Field::LastRun,
            reviewed: "none".to_owned(),
            found: self.finding.text(),
        })
    }
}

/// Where and how to settle.
#[derive(Debug, Clone, Copy)]
pub(in crate::pipeline) struct Grounds<'a> {
    pub(in crate::pipeline) platform: &'a Platform,
    pub(in crate::pipeline) environment: &'a EnvironmentName,
    pub(in crate::pipeline) stores: &'a Stores,
    pub(in crate::pipeline) assurances: &'a Assurances,
    /// Whether no other run goes on, so that one which has not ended was killed.
    pub(in crate::pipeline) alone: bool,
    /// Whether the caller holds the lock of the environment. Without it, nothing is waited for or changed.
    pub(in crate::pipeline) mends: bool,
}

impl Site {
    /// Settles what was left in the environment.
    pub(in crate::pipeline) async fn settle(
        &self,
        grounds: &Grounds<'_>,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<Vec<Settled>, PipelineError> {
        let Grounds { environment, stores, alone, mends, .. } = *grounds;
        let records = Journal::recent_and_open(&stores.records, environment, RECENT).await?;
        let mut all = Vec::new();
        for (record, entry) in journal::left_open(&records, alone) {
            let (settled, after) = self.settle_one(grounds, record, entry, interrupt, events).await?;
            if mends {
                let entry = Entry {
                    status: settled.status,
                    changed: Timestamp::now(),
                    after: after.or_else(|| entry.after.clone()),
                    problem: (settled.status != Status::Applied).then(|| settled.finding.text()),
                    unrecorded: settled.finding.unrecorded().to_vec(),
                    ..entry.clone()
                };
                if settled.status == Status::Applied {
                    applied(record, &entry).write(&stores.records).await?;
                }
                Journal::mend(&stores.records, environment, record, entry).await?;
            }
            all.push(settled);
        }
        if mends {
            self.complete(grounds, &records).await?;
        }
        Ok(all)
    }

    /// What becomes of `status` when the providers of an interrupted Terraform have given up calls, and what those may have
    /// made: it is in no state, so somebody has to look.
    pub(in crate::pipeline) async fn given_up(&self, job: &Job, status: Status) -> (Status, Vec<String>) {
        let look = async {
            let trace = Trace::of_last_apply(&self.data(&job.instance))?.unwrap_or_default();
            let now = self.state(&job.tree, &job.platform, &job.instance).read().await?;
            Ok::<_, PipelineError>(left::doubtful(&trace, now.as_ref()))
        };
        match look.await {
            Ok(doubtful) if doubtful.is_empty() => (status, doubtful),
            // Where the state cannot be read now, it is when the run is settled.
            looked => (Status::Unknown, looked.unwrap_or_default()),
        }
    }

    /// What a killed run applied and had no time to record, and its end.
    async fn complete(&self, grounds: &Grounds<'_>, records: &[Record]) -> Result<(), PipelineError> {
        let store = &grounds.stores.records;
        for (record, entry) in journal::last_worked_on(records) {
            if entry.status == Status::Applied && record.ended.is_none() {
                let wanted = applied(record, entry);
                let known = Applied::of(store, &entry.instance).await?;
                if known.is_none_or(|known| known.run != wanted.run) {
                    wanted.write(store).await?;
                }
            }
        }
        for record in records.iter().filter(|record| record.ended.is_none()) {
            Journal::close(store, grounds.environment, &record.run).await?;
        }
        Ok(())
    }

    async fn settle_one(
        &self,
        grounds: &Grounds<'_>,
        record: &Record,
        entry: &Entry,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<(Settled, Option<StateVersion>), PipelineError> {
        let instance = &entry.instance;
        let settled = |finding: Finding| {
            let looked = grounds.assurances.checked.contains(&instance.stack);
            let status = match finding.status() {
                Status::Unknown if looked => Status::Failed,
                status => status,
            };
            let (run, host) = (record.run.clone(), record.owner.host.clone());
            Settled { instance: instance.clone(), run, host, finding, status }
        };
        if self.still_runs(grounds, record, entry, interrupt, events).await? {
            return Ok((settled(Finding::StillRuns), None));
        }
        let in_sight = record.owner.is_in_sight();
        let place = entry.place.as_ref().filter(|_| in_sight);
        if let Some(place) = place.filter(|_| grounds.mends) {
            self.forget_plans(instance)?;
            let recipients = Recipients::parse(&grounds.platform.pipeline.recipients)?;
            errored::collect(&place.directory, instance, &recipients, &grounds.stores.records).await?;
        }
        let trace = place.map(|place| Trace::of_last_apply(&place.data)).transpose()?.flatten();
        // An earlier run's log is still there if this run was killed before Terraform started.
        let announced = entry.announced.unwrap_or(entry.changed);
        let trace = trace.filter(|trace| trace.started.is_none_or(|started| started >= announced));
        // Where its disk was full there may be none of what a Terraform said that has worked.
        let trace = trace.filter(|trace| trace.started.is_some() || entry.terraform.is_none());
        let state = StateLocation::of(grounds.platform, instance, self.repository().root(), Path::new(""));
        let lock = state.lock().await?;
        let locked = match &lock {
            None if state.shows_its_lock() => Locked::No,
            None => Locked::Unreadable,
            Some(lock) if lock.is_of(record, entry) => Locked::ByIt,
            Some(_) => Locked::ByOthers,
        };
        let now = state.read().await?;
        let is_gone = in_sight || grounds.assurances.gone.contains(&record.owner.host);
        let evidence = Evidence {
            before: entry.before.as_ref(),
            now: now.as_ref(),
            trace: trace.as_ref(),
            known: (entry.status == Status::Unknown).then_some(entry.unrecorded.as_slice()),
            started: entry.terraform.is_some(),
            out_of_sight: (!is_gone).then_some(record.owner.host.as_str()),
            locked,
        };
        let finding = evidence.judge();
        let dead = !matches!(finding, Finding::OutOfSight { .. });
        if let Some(lock) = lock.filter(|_| grounds.mends && dead && locked == Locked::ByIt) {
            state.remove_lock(&lock).await?;
            let message = format!("{instance}: the lock that a killed Terraform left was removed: {}", lock.holder());
            events(Event::Notice { message });
        }
        let after = now.map(|state| StateVersion { lineage: state.lineage, serial: state.serial });
        Ok((settled(finding), after))
    }

    /// Whether the Terraform of `entry` works and goes on. Waits for it, if the caller holds the lock and nobody
    /// interrupts.
    async fn still_runs(
        &self,
        grounds: &Grounds<'_>,
        record: &Record,
        entry: &Entry,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<bool, PipelineError> {
        let mut told = false;
        while runs(record, entry)? {
            if !grounds.mends || interrupt.is_raised() {
                return Ok(true);
            }
            if !std::mem::replace(&mut told, true) {
                let (instance, run) = (&entry.instance, &record.run);
                let message = format!("waiting for the Terraform of run `{run}`, which still works on {instance}");
                events(Event::Notice { message });
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(false)
    }
}

/// Whether the Terraform of `entry` can be seen to run.
pub(in crate::pipeline) fn runs(record: &Record, entry: &Entry) -> Result<bool, PipelineError> {
    let known = entry.terraform.as_ref().is_some_and(|process| record.owner.life_of(process) == Life::Runs);
    let place = entry.place.as_ref().filter(|_| record.owner.is_in_sight());
    Ok(known || place.map(|place| Trace::is_running(&place.data)).transpose()?.unwrap_or(false))
}

fn applied(record: &Record, entry: &Entry) -> Applied {
    Applied {
        version: 1,
        instance: entry.instance.clone(),
        closure: entry.closure.clone(),
        commit: record.commit.clone(),
        run: record.run.clone(),
        time: Timestamp::now(),
        outdated: false,
        // Nobody was there to measure it.
        took: None,
    }
}
