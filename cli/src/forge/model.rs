//! The nouns of a forge, as all three of them have them.

use serde::Serialize;

/// How far a pull request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PullState {
    /// It can be merged one day.
    Open,
    /// It was given up.
    Closed,
    /// It is merged.
    Merged,
}

/// What a forge knows of a pull request; a merge request on GitLab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PullRequest {
    /// Its number in the repository.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its description; may be empty. Anybody may have written it.
    pub description: String,
    /// Its page.
    pub url: String,
    /// Who opened it; empty when that account is gone.
    pub author: String,
    /// How far it is.
    pub state: PullState,
    /// Whether its author says that it is not finished.
    pub draft: bool,
    /// Its last commit.
    pub head: String,
    /// The branch that it comes from.
    pub head_branch: String,
    /// The last commit of the branch that it goes to, as far as the forge says so.
    pub base: Option<String>,
    /// The branch that it goes to.
    pub base_branch: String,
    /// Whether it comes from another repository, or from one that is gone.
    pub fork: bool,
    /// Its labels.
    pub labels: Vec<String>,
    /// Whether it merges without conflict; `None`: the forge has not found out yet.
    pub mergeable: Option<bool>,
    /// Who merged it.
    pub merged_by: Option<String>,
    /// The commit that it became on the branch that it went to.
    pub merge_commit: Option<String>,
}

/// Somebody's approval of a pull request that still stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// Who approved.
    pub by: String,
    /// The commit that they saw; `None`: the forge does not say.
    pub commit: Option<String>,
    /// When, as the forge writes it (RFC 3339).
    pub time: Option<String>,
}

/// A comment that we wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// How the forge finds it.
    pub(super) id: String,
    /// Its text.
    pub body: String,
}

/// What became of a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    /// It is a new one.
    Created,
    /// Ours has another text now.
    Edited,
    /// Ours said that already.
    Kept,
}

/// How far a check of a commit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitState {
    /// It is going on.
    Pending,
    /// It went well.
    Success,
    /// It found something.
    Failure,
    /// It could not be brought to its end.
    Error,
}

/// A check of a commit, as a forge shows it beside the commit and asks for before a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitStatus {
    /// Its name, such as `kstack/plan (ops)`. A later status of the same name takes its place.
    pub context: String,
    /// How far it is.
    pub state: CommitState,
    /// What came of it, in a few words; cut to [`CommitStatus::LIMIT`] characters.
    pub description: String,
}

impl CommitStatus {
    /// As many characters as a description may have on every forge.
    pub const LIMIT: usize = 140;

    /// The description as it is sent: one line, not too long.
    pub(super) fn text(&self) -> String {
        let line = self.description.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.chars().count() <= Self::LIMIT {
            return line;
        }
        let mut short: String = line.chars().take(Self::LIMIT - 1).collect();
        short.push('…');
        short
    }
}
