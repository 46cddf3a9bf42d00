//! One client for all forges.

use super::{
    Address, Approval, Comment, CommitStatus, ForgeError, Posted, PullRequest, Sink, Token, gitea::Gitea,
    github::GitHub, gitlab::GitLab, http::Http,
};
use crate::platform::Forge;

/// How often a comment is looked for again, when it went away while it was edited, or nobody knows whether it was made.
const ATTEMPTS: usize = 3;

/// Talks to the forge of one repository.
///
/// Calls of one run: a pull request is one; its comment is one to find it (none when [`Client::look`] did) and one to
/// write it, and on GitLab and Gitea a third that asks who we are, once, if there is a comment to be told from a
/// stranger's; a status is one, since no forge takes several at once.
pub struct Client {
    api: Api,
}

enum Api {
    GitHub(GitHub),
    GitLab(GitLab),
    Gitea(Gitea),
}

/// Calls the method of whichever forge it is.
macro_rules! at {
    ($self:expr, $api:ident => $call:expr) => {
        match &$self.api {
            Api::GitHub($api) => $call,
            Api::GitLab($api) => $call,
            Api::Gitea($api) => $call,
        }
    };
}

impl Client {
    /// A client for the repository at `address`. Asks nothing yet.
    ///
    /// # Errors
    /// [`ForgeError::TokenForm`], or when the system refuses a client.
    pub fn new(address: Address, token: &Token, events: Sink) -> Result<Self, ForgeError> {
        let http = Http::new(&address.forge, token, events)?;
        let api = match address.forge {
            Forge::GitLab { .. } => Api::GitLab(GitLab::new(http, address)),
            Forge::Gitea { .. } => Api::Gitea(Gitea::new(http, address)),
            Forge::GitHub { .. } | Forge::None => Api::GitHub(GitHub::new(http, address)),
        };
        Ok(Self { api })
    }

    /// What the forge knows of pull request `number`.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub async fn pull_request(&self, number: u64) -> Result<PullRequest, ForgeError> {
        at!(self, api => api.pull_request(number).await)
    }

    /// The pull request, and our comment on it that begins with `marker`. A comment of somebody else with the same
    /// marker is none.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub async fn look(&self, number: u64, marker: &str) -> Result<(PullRequest, Option<Comment>), ForgeError> {
        match &self.api {
            Api::GitHub(api) => api.look(number, marker).await,
            Api::GitLab(api) => Ok((api.pull_request(number).await?, api.comment(number, marker).await?)),
            Api::Gitea(api) => Ok((api.pull_request(number).await?, api.comment(number, marker).await?)),
        }
    }

    /// The pull requests that brought `commit` to its branch; most often one.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub async fn pull_requests_of(&self, commit: &str) -> Result<Vec<PullRequest>, ForgeError> {
        at!(self, api => api.pull_requests_of(commit).await)
    }

    /// Who approves of pull request `number` and has not said otherwise since.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub async fn approvals(&self, number: u64) -> Result<Vec<Approval>, ForgeError> {
        at!(self, api => api.approvals(number).await)
    }

    /// Makes `body`, which begins with `marker`, our comment on pull request `number`: edits the one that is there, or
    /// makes it. `known` is what [`Client::look`] found.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub async fn put_comment(
        &self,
        number: u64,
        marker: &str,
        body: &str,
        known: Option<Comment>,
    ) -> Result<Posted, ForgeError> {
        let mut comment = known;
        let mut attempt = 1;
        loop {
            let result = match &comment {
                Some(Comment { body: present, .. }) if present == body => return Ok(Posted::Kept),
                Some(comment) => at!(self, api => api.edit(number, comment, body).await),
                None => at!(self, api => api.create(number, body).await),
            };
            match result {
                Ok(()) => return Ok(if comment.is_none() { Posted::Created } else { Posted::Edited }),
                // It was deleted meanwhile.
                Err(error) if error.is_not_found() && comment.is_some() && attempt < ATTEMPTS => {}
                // It may be there, or not.
                Err(error) if error.is_passing() && comment.is_none() && attempt < ATTEMPTS => {}
                Err(error) => return Err(error),
            }
            attempt += 1;
            comment = at!(self, api => api.comment(number, marker).await)?;
        }
    }

    /// Sets `status` on `commit`.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub async fn set_status(&self, commit: &str, status: &CommitStatus) -> Result<(), ForgeError> {
        at!(self, api => api.set_status(commit, status).await)
    }

    /// How many calls were made so far.
    pub fn calls(&self) -> usize {
        at!(self, api => api.http().calls())
    }

    /// From now on nothing is repeated or waited for: the CI system is about to end us.
    pub fn hurry(&self) {
        at!(self, api => api.http().hurry());
    }
}
