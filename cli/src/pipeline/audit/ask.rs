//! Asking the forge about the changes of an audit.

use crate::{
    forge::{Client, ForgeError, PullRequest, PullState},
    repo::CommitId,
};

use super::{AuditReport, PullRequestFacts};

/// The most changes that are asked about, the newest first: each takes two calls, and forges count them.
const MOST: usize = 300;

impl AuditReport {
    /// Asks the forge which pull requests brought the changes, and who approved and merged them. Returns how many changes
    /// it was not asked about, because there are too many.
    ///
    /// # Errors
    /// [`ForgeError`]; what was learnt by then is in the report.
    pub async fn ask(&mut self, client: &Client) -> Result<usize, ForgeError> {
        let mut commits: Vec<CommitId> = Vec::new();
        for change in self.rows.iter().flat_map(|row| &row.changes) {
            if !commits.contains(&change.commit) {
                commits.push(change.commit);
            }
        }
        for commit in commits.iter().take(MOST) {
            let known = client.pull_requests_of(&commit.to_string()).await?;
            let facts = match brought(&known, *commit) {
                Some(pull_request) => Some(facts(client, pull_request).await?),
                None => None,
            };
            self.learn(*commit, facts.as_ref());
        }
        Ok(commits.len().saturating_sub(MOST))
    }
}

/// The pull request that brought `commit`: the one that became it, or else one that is merged.
fn brought(known: &[PullRequest], commit: CommitId) -> Option<&PullRequest> {
    let commit = commit.to_string();
    let merged = || known.iter().filter(|known| known.state == PullState::Merged);
    merged().find(|known| known.merge_commit.as_deref() == Some(&commit)).or_else(|| merged().next())
}

async fn facts(client: &Client, pull_request: &PullRequest) -> Result<PullRequestFacts, ForgeError> {
    let approvals = client.approvals(pull_request.number).await?;
    Ok(PullRequestFacts {
        number: pull_request.number,
        author: Some(pull_request.author.clone()).filter(|author| !author.is_empty()),
        approved_by: approvals.into_iter().map(|approval| approval.by).collect(),
        merged_by: pull_request.merged_by.clone(),
    })
}
