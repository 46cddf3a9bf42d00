//! What a run says about its commit at the forge: statuses that are pending while it works and settled when it ends,
//! however it ends, and the comment. Without a forge it says nothing.

use std::collections::BTreeSet;

use crate::{
    commands::Context,
    error::CliError,
    forge::{Client, CommitState, CommitStatus, ForgeError, Posted, PullRequest, PullState},
    platform::EnvironmentName,
    review::COMMENT_MARKER,
};

use super::outcome::{self, Outcome};

/// Writes about one commit.
pub(super) struct Desk {
    client: Option<Client>,
    commit: String,
    number: Option<u64>,
    pull_request: Option<PullRequest>,
    /// A stranger's job may get a token that can only read.
    fork: bool,
    /// Statuses that are pending.
    open: BTreeSet<String>,
}

/// A pull request that was looked at before anything is done.
pub(super) enum Opened {
    /// It is as the event says.
    Desk(Box<Desk>),
    /// It has got a newer commit, which another run is for.
    MovedOn {
        /// The newer commit.
        head: String,
    },
}

impl Desk {
    /// For a commit that no pull request is looked up for.
    pub(super) fn of_commit(client: Option<Client>, commit: impl Into<String>) -> Self {
        Self { client, commit: commit.into(), number: None, pull_request: None, fork: false, open: BTreeSet::new() }
    }

    /// For pull request `number`, whose last commit is said to be `head`.
    ///
    /// # Errors
    /// A forge that does not answer; a pull request that is closed.
    pub(super) fn of_pull_request(
        context: &Context<'_>,
        client: Option<Client>,
        number: Option<u64>,
        head: &str,
        fork: bool,
    ) -> Result<Opened, CliError> {
        let mut desk = Self { number, fork, ..Self::of_commit(client, head) };
        let (Some(client), Some(number)) = (&desk.client, number) else {
            desk.client = None;
            return Ok(Opened::Desk(Box::new(desk)));
        };
        let facts = context.block_on(client.pull_request(number))?;
        match facts.state {
            PullState::Open => {}
            PullState::Closed => {
                return Err(CliError::user(format!("pull request #{number} is closed"))
                    .hint("reopen it, or open a new one: what is closed is not planned"));
            }
            PullState::Merged => {
                return Err(CliError::user(format!("pull request #{number} is merged already"))
                    .hint("the run for the push of its target branch delivers it"));
            }
        }
        if facts.head != head {
            return Ok(Opened::MovedOn { head: facts.head });
        }
        desk.pull_request = Some(facts);
        Ok(Opened::Desk(Box::new(desk)))
    }

    /// Whether something is written.
    pub(super) fn posts(&self) -> bool {
        self.client.is_some()
    }

    /// What the forge knew of the pull request when the run began.
    pub(super) fn pull_request(&self) -> Option<&PullRequest> {
        self.pull_request.as_ref()
    }

    /// Says that these checks go on.
    ///
    /// # Errors
    /// A forge that does not take it.
    pub(super) fn pend(
        &mut self,
        context: &Context<'_>,
        checks: impl IntoIterator<Item = String>,
    ) -> Result<(), CliError> {
        for check in checks {
            self.set(context, check.clone(), CommitState::Pending, "kstack is at it")?;
            self.open.insert(check);
        }
        Ok(())
    }

    /// Settles a check.
    ///
    /// # Errors
    /// A forge that does not take it.
    pub(super) fn set(
        &mut self,
        context: &Context<'_>,
        check: String,
        state: CommitState,
        description: &str,
    ) -> Result<(), CliError> {
        let Some(client) = &self.client else { return Ok(()) };
        self.open.remove(&check);
        let status = CommitStatus { context: check, state, description: description.replace('`', "") };
        let result = context.block_on(client.set_status(&self.commit, &status));
        self.taken(context, result).map(drop)
    }

    /// Settles every check that is still pending.
    ///
    /// # Errors
    /// A forge that does not take it; the others are settled all the same.
    pub(super) fn close(
        &mut self,
        context: &Context<'_>,
        state: CommitState,
        description: &str,
    ) -> Result<(), CliError> {
        let open = std::mem::take(&mut self.open);
        let results = open.into_iter().map(|check| self.set(context, check, state, description));
        results.fold(Ok(()), Result::and)
    }

    /// From now on nothing is waited for.
    pub(super) fn hurry(&self) {
        if let Some(client) = &self.client {
            client.hurry();
        }
    }

    /// Makes `body` the comment on the pull request, unless that has a newer commit or is closed by now.
    ///
    /// # Errors
    /// A forge that does not take it.
    pub(super) fn comment(&mut self, context: &Context<'_>, body: &str) -> Result<(), CliError> {
        let (Some(client), Some(number)) = (&self.client, self.number) else { return Ok(()) };
        let result = context.block_on(async {
            let (facts, known) = client.look(number, COMMENT_MARKER).await?;
            if facts.head != self.commit || facts.state != PullState::Open {
                return Ok((facts, None));
            }
            let posted = client.put_comment(number, COMMENT_MARKER, body, known).await?;
            Ok((facts, Some(posted)))
        });
        let Some((facts, posted)) = self.taken(context, result)? else { return Ok(()) };
        let url = &facts.url;
        context.ui.status(&match posted {
            Some(Posted::Created) => format!("commented on {url}"),
            Some(Posted::Edited) => format!("edited the comment on {url}"),
            Some(Posted::Kept) => format!("the comment on {url} says so already"),
            None if facts.state != PullState::Open => format!("{url} is not open any more: its comment stays as it is"),
            None => moved_on(number, &facts.head),
        });
        Ok(())
    }

    /// Says below the comment of the pull requests that the commit was what came of its delivery.
    ///
    /// # Errors
    /// A forge that does not answer, or does not take it.
    pub(super) fn add_outcome(
        &self,
        context: &Context<'_>,
        environment: &EnvironmentName,
        outcome: &Outcome,
    ) -> Result<(), CliError> {
        let Some(client) = &self.client else { return Ok(()) };
        let told = context.block_on(async {
            let mut told = Vec::new();
            for pull_request in client.pull_requests_of(&self.commit).await? {
                if pull_request.state != PullState::Merged {
                    continue;
                }
                // Without a review there is nothing to say it below.
                let (facts, Some(comment)) = client.look(pull_request.number, COMMENT_MARKER).await? else { continue };
                let body = outcome::line_below(&comment.body, environment, &self.commit, outcome);
                client.put_comment(facts.number, COMMENT_MARKER, &body, Some(comment)).await?;
                told.push(facts.url);
            }
            Ok::<_, ForgeError>(told)
        })?;
        for url in told {
            context.ui.status(&format!("said so on {url}"));
        }
        Ok(())
    }

    /// What came of a call. A job that may only read because it is a stranger's is no fault of anybody.
    fn taken<T>(&mut self, context: &Context<'_>, result: Result<T, ForgeError>) -> Result<Option<T>, CliError> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) if self.fork && error.is_forbidden() => {
                context.ui.status("nothing is posted: a pull request from elsewhere has a token that may only read");
                self.client = None;
                self.open.clear();
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// What is said of a pull request that went on meanwhile.
pub(super) fn moved_on(number: u64, head: &str) -> String {
    format!("pull request #{number} has moved on to `{head:.7}`: what is said there is left to the run for that commit")
}
