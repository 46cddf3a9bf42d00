//! What is missing or unusual about an apply. Pure.

use serde::Serialize;

use super::{AuditRow, MergedChange};
use crate::pipeline::Status;

/// Something that an auditor asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// A change came to the branch neither by a merge nor by a pull request.
    Pushed,
    /// No pull request is known that brought a change.
    NoPullRequest,
    /// The forge knows of no approval.
    NotApproved,
    /// Nobody but its author approved it.
    SelfApproved,
    /// The commit is not on the default branch.
    OffBranch,
    /// This clone does not have the commit.
    UnknownCommit,
    /// A person started the run, not a pipeline.
    ByHand,
    /// Nobody noted who started the run.
    UnknownStarter,
    /// Another plan was applied than the one that was reviewed, after both were found to do the same.
    PlannedAgain,
    /// It failed, and what was done by then is in the state.
    Failed,
    /// It was not heard to its end.
    Unfinished,
}

impl Mark {
    /// The mark in a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pushed => "pushed",
            Self::NoPullRequest => "no-pull-request",
            Self::NotApproved => "not-approved",
            Self::SelfApproved => "self-approved",
            Self::OffBranch => "off-branch",
            Self::UnknownCommit => "unknown-commit",
            Self::ByHand => "by-hand",
            Self::UnknownStarter => "unknown-starter",
            Self::PlannedAgain => "planned-again",
            Self::Failed => "failed",
            Self::Unfinished => "unfinished",
        }
    }
}

/// Sets the marks of `row` that follow from the rest of it. Those that only Git can tell are there already.
pub(super) fn judge(row: &mut AuditRow, has_forge: bool) {
    row.marks.retain(|mark| matches!(mark, Mark::OffBranch | Mark::UnknownCommit));
    for change in &row.changes {
        row.marks.extend(of_change(change, has_forge));
    }
    row.marks.extend(match &row.started_by {
        None => Some(Mark::UnknownStarter),
        Some(starter) if starter.system.is_none() => Some(Mark::ByHand),
        Some(_) => None,
    });
    if row.reviewed_sha256.is_some() && row.reviewed_sha256 != row.plan_sha256 {
        row.marks.insert(Mark::PlannedAgain);
    }
    row.marks.extend(match row.status {
        Status::Failed => Some(Mark::Failed),
        Status::Interrupted | Status::Applying | Status::Unknown => Some(Mark::Unfinished),
        Status::Applied | Status::Planned | Status::Held | Status::Skipped => None,
    });
}

fn of_change(change: &MergedChange, has_forge: bool) -> Option<Mark> {
    let by_pull_request = match change.confirmed {
        Some(confirmed) => confirmed,
        None => change.pull_request.is_some(),
    };
    if !by_pull_request {
        return match (change.is_merge, has_forge) {
            (false, _) => Some(Mark::Pushed),
            (true, true) => Some(Mark::NoPullRequest),
            // Without a forge, a merge is all that there can be.
            (true, false) => None,
        };
    }
    // Who approved is known to the forge alone.
    change.confirmed?;
    let others = change.approved_by.iter().filter(|who| Some(*who) != change.proposed_by.as_ref()).count();
    match (change.approved_by.len(), others) {
        (0, _) => Some(Mark::NotApproved),
        (_, 0) => Some(Mark::SelfApproved),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(confirmed: Option<bool>, is_merge: bool, number: Option<u64>, approved_by: &[&str]) -> MergedChange {
        MergedChange {
            commit: "0123456789012345678901234567890123456789".parse().unwrap(),
            subject: String::new(),
            pull_request: number,
            proposed_by: Some("ada".to_owned()),
            approved_by: approved_by.iter().map(|&who| who.to_owned()).collect(),
            merged_by: None,
            confirmed,
            is_merge,
        }
    }

    #[test]
    fn gaps_are_marked_and_only_what_is_known() {
        let mark = |change, has_forge| of_change(&change, has_forge);
        assert_eq!(mark(change(None, true, Some(7), &[]), true), None, "the forge was not asked");
        assert_eq!(mark(change(None, true, None, &[]), true), Some(Mark::NoPullRequest));
        assert_eq!(mark(change(None, true, None, &[]), false), None);
        assert_eq!(mark(change(None, false, None, &[]), false), Some(Mark::Pushed));
        assert_eq!(
            mark(change(Some(false), false, Some(7), &[]), true),
            Some(Mark::Pushed),
            "a message can say anything"
        );
        assert_eq!(mark(change(Some(true), true, Some(7), &[]), true), Some(Mark::NotApproved));
        assert_eq!(mark(change(Some(true), true, Some(7), &["ada"]), true), Some(Mark::SelfApproved));
        assert_eq!(mark(change(Some(true), true, Some(7), &["ada", "bob"]), true), None);
    }
}
