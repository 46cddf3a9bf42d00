//! What can go wrong at a forge.

use std::time::Duration;

/// A forge that cannot be asked, or that says no.
#[derive(Debug, thiserror::Error)]
pub enum ForgeError {
    /// Nothing says which repository of the forge this is.
    #[error("the address `{repository}` does not name a repository of {forge}")]
    Repository {
        /// The forge's name.
        forge: &'static str,
        /// The address, as `kstack.hcl` has it.
        repository: String,
    },
    /// There is no token.
    #[error("there is no token for {forge}")]
    NoToken {
        /// The forge's name.
        forge: &'static str,
        /// The variables that can hold it.
        variables: &'static [&'static str],
    },
    /// A token that no header can hold.
    #[error("the token for {forge} holds a character that no token has")]
    TokenForm {
        /// The forge's name.
        forge: &'static str,
    },
    /// No answer.
    #[error("cannot {action}: {forge} does not answer at `{url}`")]
    Unreachable {
        /// The forge's name.
        forge: &'static str,
        /// What was meant to be done.
        action: String,
        /// The address of the API.
        url: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The forge does not know the token (401).
    #[error("cannot {action}: {forge} does not accept the token: {message}")]
    Unauthorized {
        /// The forge's name.
        forge: &'static str,
        /// What was meant to be done.
        action: String,
        /// The forge's words.
        message: String,
        /// Whether it was the token of a job on GitLab.
        job: bool,
    },
    /// The token may not do this (403).
    #[error("cannot {action}: {forge} does not allow it: {message}")]
    Forbidden {
        /// The forge's name.
        forge: &'static str,
        /// What was meant to be done.
        action: String,
        /// The forge's words.
        message: String,
        /// What to grant, in the forge's words.
        grant: &'static str,
        /// Whether it was the token of a job on GitLab.
        job: bool,
    },
    /// There is no such thing, or the token may not see it (404).
    #[error("cannot {action}: {forge} knows nothing of it at `{url}`")]
    NotFound {
        /// The forge's name.
        forge: &'static str,
        /// What was meant to be done.
        action: String,
        /// The address that was asked.
        url: String,
        /// What to grant, in the forge's words.
        grant: &'static str,
    },
    /// The forge does not take what it was given (400, 409, 422).
    #[error("cannot {action}: {forge} refuses it: {message}")]
    Invalid {
        /// The forge's name.
        forge: &'static str,
        /// What was meant to be done.
        action: String,
        /// The forge's words.
        message: String,
    },
    /// Too many calls, and it would take too long to wait.
    #[error("cannot {action}: {forge} takes no more calls for the next {} s", wait.as_secs())]
    Limited {
        /// The forge's name.
        forge: &'static str,
        /// What was meant to be done.
        action: String,
        /// How long the forge asks to wait.
        wait: Duration,
    },
    /// Another answer that is none.
    #[error("cannot {action}: {forge} answers with status {status}: {message}")]
    Status {
        /// The forge's name.
        forge: &'static str,
        /// What was meant to be done.
        action: String,
        /// The status.
        status: u16,
        /// The forge's words.
        message: String,
    },
    /// An answer of another form.
    #[error("cannot {action}: the answer of {forge} is not as documented: {reason}")]
    Answer {
        /// The forge's name.
        forge: &'static str,
        /// What was meant to be done.
        action: String,
        /// What is wrong with it.
        reason: String,
    },
    /// More calls than a run may make.
    #[error("cannot {action}: this run has made {calls} calls to {forge} already, which is as many as it may")]
    Budget {
        /// The forge's name.
        forge: &'static str,
        /// What was meant to be done.
        action: String,
        /// How many.
        calls: usize,
    },
}

impl ForgeError {
    /// Whether what was asked for is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// Whether the token may not do what was asked for.
    pub fn is_forbidden(&self) -> bool {
        matches!(self, Self::Forbidden { .. } | Self::NotFound { .. })
    }

    /// Whether the same call may go well later, and may have gone well now.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Status { status: 500.., .. })
    }
}
