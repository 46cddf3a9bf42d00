//! What became of an instance that a killed run, or a killed Terraform, left: a decision on what is known, without any
//! access of its own.

use serde::Serialize;

use crate::terraform::{Operation, StateFile, Trace};

use crate::pipeline::{bundle::StateVersion, journal::Status};

/// What was found out about an instance that was left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "kebab-case")]
pub enum Finding {
    /// Nothing was done.
    NotStarted,
    /// Everything was done, and is in the state.
    Applied,
    /// Something was done, and is in the state.
    Partly,
    /// Terraform was killed, or gave up calls when it was interrupted, and what it made at that time may not be in the state.
    Unrecorded {
        /// What it may have made; empty: nobody knows.
        addresses: Vec<String>,
    },
    /// The state is not the one that the run worked on.
    OtherState,
    /// Terraform still works.
    StillRuns,
    /// Terraform may still work, on a machine that cannot be seen from here.
    OutOfSight {
        /// The machine: that of the run, which [`crate::pipeline::Settled`] names already.
        #[serde(skip)]
        host: String,
    },
}

impl Finding {
    /// What the journal says from now on.
    pub(in crate::pipeline) fn status(&self) -> Status {
        match self {
            Self::NotStarted => Status::Skipped,
            Self::Applied => Status::Applied,
            Self::Partly => Status::Failed,
            Self::Unrecorded { .. } | Self::OtherState => Status::Unknown,
            Self::StillRuns | Self::OutOfSight { .. } => Status::Applying,
        }
    }

    /// What may exist and is in no state, as far as it is known.
    pub(in crate::pipeline) fn unrecorded(&self) -> &[String] {
        if let Self::Unrecorded { addresses } = self { addresses } else { &[] }
    }

    /// It in words.
    pub fn text(&self) -> String {
        match self {
            Self::NotStarted => "nothing had been done".to_owned(),
            Self::Applied => "everything was done and is in the state".to_owned(),
            Self::Partly => "a part was done; what was is in the state".to_owned(),
            Self::Unrecorded { addresses } if addresses.is_empty() => {
                "Terraform was cut off, and what it made at that time may not be in the state".to_owned()
            }
            Self::Unrecorded { addresses } => {
                let addresses: Vec<_> = addresses.iter().map(|address| format!("`{address}`")).collect();
                format!(
                    "Terraform was cut off, and the state does not have what it may have made: {}",
                    addresses.join(", ")
                )
            }
            Self::StillRuns => "Terraform still works on it".to_owned(),
            Self::OtherState => "the state is another one by now, or an older one".to_owned(),
            Self::OutOfSight { host } => {
                format!("Terraform may still work on `{host}`, whose processes cannot be seen from here")
            }
        }
    }
}

/// Who holds the lock on the state, as far as the backend lets us read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pipeline) enum Locked {
    /// Nobody: Terraform gives it back when it ends, and not when it is killed.
    No,
    /// The Terraform that was left.
    ByIt,
    /// Somebody else, so that it has given it back.
    ByOthers,
    /// It cannot be read.
    Unreadable,
}

/// What is known when the Terraform that was left does not run any more, or cannot be seen.
#[derive(Debug)]
pub(in crate::pipeline) struct Evidence<'a> {
    /// The state that the plan was made for.
    pub before: Option<&'a StateVersion>,
    /// The state now.
    pub now: Option<&'a StateFile>,
    /// What it said, if that was on this machine.
    pub trace: Option<&'a Trace>,
    /// What an earlier look found unrecorded; `None`: nobody has looked, or it was all clear.
    pub known: Option<&'a [String]>,
    /// Whether it is known to have been started.
    pub started: bool,
    /// The machine where it may still run.
    pub out_of_sight: Option<&'a str>,
    /// The lock on the state.
    pub locked: Locked,
}

#[derive(PartialEq)]
enum Moved {
    No,
    Ahead,
    Elsewhere,
}

impl Evidence<'_> {
    fn moved(&self) -> Moved {
        match (self.before, self.now) {
            (None, None) => Moved::No,
            (None, Some(_)) => Moved::Ahead,
            (Some(before), Some(now)) if before.lineage == now.lineage && now.serial == before.serial => Moved::No,
            (Some(before), Some(now)) if before.lineage == now.lineage && now.serial > before.serial => Moved::Ahead,
            (Some(_), _) => Moved::Elsewhere,
        }
    }

    /// The decision. When in doubt it is the one that keeps anything from being made twice.
    pub(in crate::pipeline) fn judge(&self) -> Finding {
        let moved = self.moved();
        let as_recorded = || if moved == Moved::Ahead { Finding::Partly } else { Finding::NotStarted };
        if moved == Moved::Elsewhere {
            return Finding::OtherState;
        }
        if let Some(trace) = self.trace {
            let doubtful = doubtful(trace, self.now);
            return match &trace.summary {
                Some(_) => Finding::Applied,
                None if doubtful.is_empty() => as_recorded(),
                None => Finding::Unrecorded { addresses: doubtful },
            };
        }
        // Whoever saw it said so, and its lock, which would still say so, may be gone since.
        if let Some(known) = self.known {
            let missing: Vec<String> = known.iter().filter(|address| !is_there(address, self.now)).cloned().collect();
            return if missing.is_empty() && !known.is_empty() {
                as_recorded()
            } else {
                Finding::Unrecorded { addresses: missing }
            };
        }
        match (self.locked, self.out_of_sight) {
            // It has ended by itself.
            (Locked::No | Locked::ByOthers, _) => as_recorded(),
            (Locked::Unreadable, _) if !self.started && moved == Moved::No => Finding::NotStarted,
            (Locked::ByIt | Locked::Unreadable, Some(host)) => Finding::OutOfSight { host: host.to_owned() },
            (Locked::ByIt | Locked::Unreadable, None) => Finding::Unrecorded { addresses: Vec::new() },
        }
    }
}

/// What Terraform made, or began to make, and the state does not have. A backend far away gets the state every 20
/// seconds and at the end, so also what was made completely may be missing; but where Terraform told its errors the state was
/// stored before, and only calls that it gave up when it was interrupted are in doubt.
pub(in crate::pipeline) fn doubtful(trace: &Trace, now: Option<&StateFile>) -> Vec<String> {
    let has_stored = !trace.errors.is_empty();
    let is_doubtful = |operation: &&Operation| {
        let is_there = is_there(&operation.address, now);
        if has_stored { trace.interrupted && operation.failed && !is_there } else { !operation.ended || !is_there }
    };
    let made = trace.operations.iter().filter(|operation| matches!(operation.action.as_str(), "create" | "replace"));
    made.filter(is_doubtful).map(|made| made.address.clone()).collect()
}

fn is_there(address: &str, now: Option<&StateFile>) -> bool {
    now.is_some_and(|state| state.instances.contains(address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terraform::{ChangeSummary, Diagnostic, Severity};

    fn version(serial: u64) -> StateVersion {
        StateVersion { lineage: "l".to_owned(), serial }
    }

    fn state(lineage: &str, serial: u64) -> StateFile {
        let resource = r#"{"mode":"managed","type":"a","name":"one","instances":[{"attributes":{}}]}"#;
        let text = format!(r#"{{"version":4,"serial":{serial},"lineage":"{lineage}","resources":[{resource}]}}"#);
        StateFile::parse(text.as_bytes()).unwrap()
    }

    fn operation(address: &str, action: &str, ended: bool) -> Operation {
        Operation { address: address.to_owned(), action: action.to_owned(), ended, failed: false }
    }

    fn judge(now: Option<&StateFile>, trace: Option<&Trace>, locked: Locked, out_of_sight: Option<&str>) -> String {
        let before = version(3);
        let evidence = Evidence { before: Some(&before), now, trace, known: None, started: true, out_of_sight, locked };
        evidence.judge().text()
    }

    #[test]
    fn the_log_of_this_machine_tells() {
        let (same, ahead) = (state("l", 3), state("l", 5));
        let judge = |now: &StateFile, trace: &Trace| judge(Some(now), Some(trace), Locked::ByIt, None);
        let began = |operations: Vec<Operation>| Trace { operations, ..Trace::default() };
        assert_eq!(judge(&same, &Trace::default()), "nothing had been done");
        assert_eq!(judge(&same, &began(vec![operation("a.one", "update", false)])), "nothing had been done");
        assert_eq!(
            judge(&ahead, &began(vec![operation("a.one", "create", true), operation("a.two", "update", false)])),
            "a part was done; what was is in the state"
        );
        // Under way, and done but not stored yet.
        let lost = vec![operation("a.two", "create", false), operation("a.three", "create", true)];
        let told = "Terraform was cut off, and the state does not have what it may have made: `a.two`, `a.three`";
        assert_eq!(judge(&same, &began(lost.clone())), told);
        assert_eq!(judge(&ahead, &began(lost.clone())), told);
        // It ended by itself: well, or not.
        let summary =
            Trace { summary: Some(ChangeSummary::default()), ..began(vec![operation("a.one", "create", true)]) };
        assert_eq!(judge(&ahead, &summary), "everything was done and is in the state");
        let error = Diagnostic {
            severity: Severity::Error,
            summary: "no".to_owned(),
            detail: String::new(),
            address: None,
            range: None,
            snippet: None,
        };
        let failed = Trace { errors: vec![error], ..began(vec![operation("a.two", "create", true)]) };
        assert_eq!(judge(&ahead, &failed), "a part was done; what was is in the state");
        // When it was told to stop, the provider gave up the calls that were under way.
        let given_up =
            ["a.one", "a.two"].map(|address| Operation { failed: true, ..operation(address, "create", true) });
        let stopped = Trace { interrupted: true, operations: given_up.to_vec(), ..failed };
        let told = "Terraform was cut off, and the state does not have what it may have made: `a.two`";
        assert_eq!(judge(&ahead, &stopped), told);
        // Whatever was said, it was said about another state.
        for other in [state("l", 2), state("m", 5)] {
            assert_eq!(judge(&other, &summary), "the state is another one by now, or an older one");
        }
    }

    #[test]
    fn what_somebody_saw_stays_true_on_another_machine() {
        let (before, ahead) = (version(3), state("l", 5));
        let judge = |known: &[&str]| {
            let known: Vec<String> = known.iter().map(|address| (*address).to_owned()).collect();
            let (now, known) = (Some(&ahead), Some(known.as_slice()));
            let evidence = Evidence {
                before: Some(&before),
                now,
                trace: None,
                known,
                started: true,
                out_of_sight: None,
                locked: Locked::No,
            };
            evidence.judge()
        };
        let lost =
            |addresses: &[&str]| Finding::Unrecorded { addresses: addresses.iter().map(ToString::to_string).collect() };
        assert_eq!(judge(&["a.two", "a.one"]), lost(&["a.two"]));
        assert_eq!(judge(&["a.one"]), Finding::Partly, "somebody imported it");
        assert_eq!(judge(&[]), lost(&[]));
    }

    #[test]
    fn without_a_log_the_lock_on_the_state_tells() {
        let (same, ahead) = (state("l", 3), state("l", 5));
        let far = Some("elsewhere");
        for locked in [Locked::No, Locked::ByOthers] {
            assert_eq!(judge(Some(&same), None, locked, far), "nothing had been done");
            assert_eq!(judge(Some(&ahead), None, locked, far), "a part was done; what was is in the state");
        }
        for locked in [Locked::ByIt, Locked::Unreadable] {
            for now in [&same, &ahead] {
                assert!(judge(Some(now), None, locked, far).starts_with("Terraform may still work on `elsewhere`"));
                assert!(judge(Some(now), None, locked, None).starts_with("Terraform was cut off, and what it made"));
            }
        }
        assert_eq!(judge(None, None, Locked::No, None), "the state is another one by now, or an older one");
    }
}
