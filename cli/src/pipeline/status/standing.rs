//! What the facts about an instance come to. Pure.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    pipeline::{
        applied::Applied,
        journal::{Entry, Record, Status},
        trouble,
    },
    platform::Instance,
};

use super::LockStatus;

/// How far an instance is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstanceState {
    /// What the commit has is applied.
    Applied,
    /// It is not, and a reviewed plan that fits is there.
    Planned,
    /// It is not, and the plans that are there do not fit.
    Stale,
    /// It is not, and there is no plan.
    Unplanned,
    /// A run that goes on applies it now …
    Applying,
    /// … or will, when its turn has come.
    Waiting,
    /// The last run was interrupted while Terraform worked on it; Terraform ended and kept its state.
    Interrupted,
    /// The last run was killed while Terraform worked on it: what it did last may not be in the state.
    Unknown,
    /// A state that could not be written is kept and has to be pushed before anything is applied.
    Errored,
}

/// One instance's status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InstanceStatus {
    /// The instance.
    pub instance: Instance,
    /// How far it is.
    pub state: InstanceState,
    /// The commit that was applied last, or is being applied; `None`: none ever was.
    pub commit: Option<String>,
    /// When that was, or began.
    pub since: Option<Timestamp>,
    /// What else there is to know, in a line.
    pub note: Option<String>,
}

/// What the plan store has for content that is not applied.
#[derive(Debug)]
pub(super) enum Plans {
    /// A plan that fits.
    Fit {
        /// The commit that was planned.
        commit: String,
    },
    /// A plan that cannot be opened here.
    Sealed,
    /// None that fits.
    Stale {
        /// What differs.
        because: String,
    },
    /// None at all.
    None,
}

/// What the journals say.
#[derive(Debug)]
pub(super) struct Worked<'a> {
    record: &'a Record,
    entry: &'a Entry,
    /// Whether the run goes on.
    live: bool,
}

impl<'a> Worked<'a> {
    /// The newest run that began with `instance`, or a live one that has it before it. `records` are newest first;
    /// `lock` is that of the environment: only who has it goes on.
    pub(super) fn of(instance: &Instance, records: &'a [Record], lock: Option<&LockStatus>) -> Option<Self> {
        let goes_on = |record: &Record| {
            let owner = lock.filter(|lock| lock.live).map(|lock| (lock.host.as_str(), lock.pid));
            record.ended.is_none() && owner == Some((record.owner.host.as_str(), record.owner.pid))
        };
        let key = instance.key();
        records.iter().find_map(|record| {
            let (entry, live) = (record.entries.get(&key)?, goes_on(record));
            let began = !matches!(entry.status, Status::Planned | Status::Skipped);
            (began || (live && entry.status == Status::Planned)).then_some(Self { record, entry, live })
        })
    }
}

/// Everything that is known of an instance.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub(super) applied: Option<&'a Applied>,
    /// Whether what was applied last is what the commit has.
    pub(super) is_applied: bool,
    /// Whether the commit has no such instance any more.
    pub(super) goes: bool,
    /// Whether its stack is left to people.
    pub(super) by_hand: bool,
    pub(super) worked: Option<Worked<'a>>,
    /// The key of its kept state.
    pub(super) errored: Option<String>,
    pub(super) plans: Plans,
}

impl Facts<'_> {
    /// What they come to. What is wrong with an instance goes before what is under way, and that before what is to be
    /// done.
    pub(super) fn status(self, instance: Instance) -> InstanceStatus {
        let mut commit = self.applied.map(|applied| applied.commit.clone());
        let mut since = self.applied.map(|applied| applied.time);
        let (state, mut notes) = self.state();
        if matches!(state, InstanceState::Applying | InstanceState::Waiting)
            && let Some(Worked { record, entry, .. }) = &self.worked
        {
            (commit, since) = (Some(record.commit.clone()), Some(entry.changed));
        }
        if self.goes {
            notes.insert(0, "the commit does not have it any more".to_owned());
        }
        if self.by_hand && state != InstanceState::Applied {
            notes.push("planned and applied by people".to_owned());
        }
        let note = (!notes.is_empty()).then(|| notes.join("; "));
        InstanceStatus { instance, state, commit, since, note }
    }

    fn state(&self) -> (InstanceState, Vec<String>) {
        if let Some(key) = &self.errored {
            return (
                InstanceState::Errored,
                vec![format!("its state is kept as `{key}` and has to be pushed: `kstack resume` does it")],
            );
        }
        let last = self.worked.as_ref().filter(|worked| {
            // What was applied after it has settled it.
            self.applied.is_none_or(|applied| applied.time < worked.entry.changed || applied.run == worked.record.run)
        });
        let mut notes = Vec::new();
        if let Some(Worked { record, entry, live }) = last {
            let (run, host) = (&record.run, &record.owner.host);
            match (entry.status, live) {
                (Status::Applying, true) => return (InstanceState::Applying, vec![format!("run `{run}` on `{host}`")]),
                (Status::Planned, true) => return (InstanceState::Waiting, vec![format!("run `{run}` on `{host}`")]),
                (Status::Applying, false) | (Status::Unknown, _) => {
                    let note = format!("run `{run}` on `{host}` was killed: the state may lack what it did last");
                    return (InstanceState::Unknown, vec![note, "`kstack resume` finds out".to_owned()]);
                }
                (Status::Interrupted, _) => {
                    return (InstanceState::Interrupted, vec![format!("run `{run}`; Terraform has kept its state")]);
                }
                (Status::Failed, _) if !self.is_applied => {
                    let problem = entry.problem.as_deref().map(trouble::first_line).unwrap_or_default();
                    notes.push(format!("run `{run}` failed: {problem}"));
                }
                _ => {}
            }
        }
        if self.is_applied {
            return (InstanceState::Applied, notes);
        }
        let (state, more) = match &self.plans {
            Plans::Fit { commit } => (InstanceState::Planned, Some(format!("from commit {}", short(commit)))),
            Plans::Sealed => {
                (InstanceState::Planned, Some("sealed: whether it fits is known to who has the key".to_owned()))
            }
            Plans::Stale { because } => (InstanceState::Stale, Some(because.clone())),
            Plans::None => (InstanceState::Unplanned, None),
        };
        notes.splice(0..0, more);
        (state, notes)
    }
}

fn short(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        pipeline::{journal::tests::entry, owner::Owner},
        platform::StackName,
    };

    fn net() -> Instance {
        Instance { stack: StackName::new("net").unwrap(), environment: "ops".parse().ok() }
    }

    fn at(minute: u8) -> Timestamp {
        format!("2026-01-01T00:{minute:02}:00Z").parse().unwrap()
    }

    fn record(status: Status, minute: u8, ended: bool) -> Record {
        let problem = Some("no such thing\nreally".to_owned());
        let entry = Entry { changed: at(minute), problem, ..entry("net", status) };
        Record {
            version: 1,
            run: format!("run-{minute}"),
            owner: Owner { host: "ci".to_owned(), pid: 7, process: None, pid_namespace: None },
            started_by: None,
            commit: "c0ffee0".to_owned(),
            started: at(minute),
            ended: ended.then(|| at(minute)),
            entries: BTreeMap::from([(net().key(), entry)]),
        }
    }

    fn lock(pid: u32, live: bool) -> LockStatus {
        LockStatus { host: "ci".to_owned(), pid, since: at(0), live }
    }

    /// State and note for a net that was applied at minute 5 with other content.
    fn told(records: &[Record], lock: Option<&LockStatus>, plans: Plans) -> String {
        let applied = Applied {
            outdated: false,
            version: 1,
            instance: net(),
            closure: Some("old".to_owned()),
            commit: "aaaaaaa".to_owned(),
            run: "run-5".to_owned(),
            time: at(5),
            took: None,
        };
        let facts = Facts {
            applied: Some(&applied),
            is_applied: false,
            goes: false,
            by_hand: false,
            worked: Worked::of(&net(), records, lock),
            errored: None,
            plans,
        };
        let status = facts.status(net());
        let state = serde_json::to_value(status.state).unwrap();
        format!("{} {}: {}", state.as_str().unwrap(), status.commit.unwrap(), status.note.unwrap_or_default())
    }

    #[test]
    fn a_run_goes_on_only_with_the_lock_of_its_owner() {
        use Status::{Applying, Planned};
        let applying = [record(Applying, 10, false)];
        let told = |records: &[Record], lock: Option<LockStatus>| told(records, lock.as_ref(), Plans::None);
        assert_eq!(told(&applying, Some(lock(7, true))), "applying c0ffee0: run `run-10` on `ci`");
        assert_eq!(told(&[record(Planned, 10, false)], Some(lock(7, true))), "waiting c0ffee0: run `run-10` on `ci`");
        let killed = "unknown aaaaaaa: run `run-10` on `ci` was killed: the state may lack what it did last; `kstack \
                      resume` finds out";
        for lock in [None, Some(lock(7, false)), Some(lock(8, true))] {
            assert_eq!(told(&applying, lock), killed);
        }
        // A killed run that had not begun with it has left nothing.
        assert_eq!(told(&[record(Planned, 10, false)], None), "unplanned aaaaaaa: ");
        // A later run that did not start it settles nothing; an apply does.
        assert_eq!(told(&[record(Status::Skipped, 11, true), record(Applying, 10, false)], None), killed);
        assert_eq!(told(&[record(Applying, 4, false)], None), "unplanned aaaaaaa: ");
    }

    #[test]
    fn what_is_not_applied_says_how_far_it_is() {
        let plain = |plans| told(&[], None, plans);
        assert_eq!(plain(Plans::Fit { commit: "0123456789".to_owned() }), "planned aaaaaaa: from commit 0123456");
        assert_eq!(plain(Plans::Stale { because: "x differs".to_owned() }), "stale aaaaaaa: x differs");
        assert!(plain(Plans::Sealed).starts_with("planned aaaaaaa: sealed"));
        let failed = [record(Status::Failed, 10, true)];
        assert_eq!(
            told(&failed, None, Plans::Stale { because: "x differs".to_owned() }),
            "stale aaaaaaa: x differs; run `run-10` failed: no such thing"
        );
        let interrupted = [record(Status::Interrupted, 10, true)];
        assert_eq!(
            told(&interrupted, None, Plans::None),
            "interrupted aaaaaaa: run `run-10`; Terraform has kept its state"
        );
    }
}
