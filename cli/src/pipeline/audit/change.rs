//! A change that was merged: what Git says of it, and what the forge knows better.

use std::sync::LazyLock;

use regex::Regex;
use serde::Serialize;

use crate::{
    pipeline::PipelineError,
    repo::{CommitId, CommitInfo, Repository},
};

/// A change of the default branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MergedChange {
    /// The commit that brought it to the branch.
    pub commit: CommitId,
    /// The first line of its message.
    pub subject: String,
    /// The number of the pull request, from the forge, or else from the commit's message.
    pub pull_request: Option<u64>,
    /// Who proposed it: the author of the pull request, or else of the last commit that was merged.
    pub proposed_by: Option<String>,
    /// Who approved it; the forge alone knows.
    pub approved_by: Vec<String>,
    /// Who merged it: as the forge says, or else the author of the merge commit.
    pub merged_by: Option<String>,
    /// Whether the forge confirms the pull request; `None`: it was not asked.
    pub confirmed: Option<bool>,
    /// Whether it came as a merge commit.
    #[serde(skip)]
    pub(super) is_merge: bool,
}

/// What a forge knows of the pull request that brought a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PullRequestFacts {
    /// Its number.
    pub(super) number: u64,
    /// Who opened it.
    pub(super) author: Option<String>,
    /// Who approved it.
    pub(super) approved_by: Vec<String>,
    /// Who merged it.
    pub(super) merged_by: Option<String>,
}

impl MergedChange {
    pub(super) fn of(repository: &Repository, commit: CommitId) -> Result<Self, PipelineError> {
        let info = repository.commit_info(commit)?;
        let merged = info.parents.get(1).copied();
        let proposed_by = match merged {
            // A shallow clone may not have what was merged.
            Some(merged) => repository.commit_info(merged).ok().map(|merged| merged.author_name),
            None => Some(info.author_name.clone()),
        };
        Ok(Self {
            commit,
            pull_request: number(&info),
            proposed_by,
            approved_by: Vec::new(),
            merged_by: merged.map(|_| info.author_name),
            confirmed: None,
            is_merge: merged.is_some(),
            subject: info.subject,
        })
    }

    pub(super) fn learn(&mut self, facts: Option<&PullRequestFacts>) {
        self.confirmed = Some(facts.is_some());
        let Some(facts) = facts else { return };
        self.pull_request = Some(facts.number);
        self.proposed_by = facts.author.clone().or(self.proposed_by.take());
        self.merged_by = facts.merged_by.clone().or(self.merged_by.take());
        self.approved_by.clone_from(&facts.approved_by);
    }
}

/// The number of the pull request as forges write it into messages: `Merge pull request #7 from …`,
/// `Merge pull request 'Title' (#7) from …` and `Title (#7)` in the first line, `See merge request acme/platform!7` below.
fn number(info: &CommitInfo) -> Option<u64> {
    static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"^Merge pull request #(\d+) |^Merge pull request '.*' \(#(\d+)\) |\(#(\d+)\)$").ok()
    });
    static BELOW: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?m)^See merge request (?:\S*)!(\d+)$").ok());
    let of = |pattern: &LazyLock<Option<Regex>>, text: &str| {
        let found = pattern.as_ref()?.captures(text)?;
        found.iter().skip(1).flatten().next()?.as_str().parse().ok()
    };
    of(&PATTERN, &info.subject).or_else(|| of(&BELOW, &info.message))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn told(message: &str) -> Option<u64> {
        number(&CommitInfo {
            id: "0123456789012345678901234567890123456789".parse().unwrap(),
            parents: Vec::new(),
            author_name: String::new(),
            author_email: String::new(),
            time: Timestamp::UNIX_EPOCH,
            subject: message.lines().next().unwrap_or_default().to_owned(),
            message: message.to_owned(),
        })
    }

    #[test]
    fn numbers_are_read_as_forges_write_them() {
        assert_eq!(told("Merge pull request #7 from acme/pool"), Some(7));
        assert_eq!(told("Merge pull request 'Grow the (#1) pool' (#7) from pool into main"), Some(7));
        assert_eq!(told("Grow the pool (#7)"), Some(7));
        assert_eq!(
            told("Merge branch 'pool' into 'main'\n\nGrow the pool\n\nSee merge request acme/platform!7"),
            Some(7)
        );
        for other in ["Merge branch 'pool'", "Fix #7", "See (#7) there", "x\n\nwe See merge request !7 again"] {
            assert_eq!(told(other), None, "{other}");
        }
    }
}
