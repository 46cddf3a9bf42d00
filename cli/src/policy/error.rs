//! What keeps policies from being applied at all, as opposed to what they find.

use crate::{closure::ClosureError, repo::RepoError};

/// Why nothing could be judged.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// A file of Rego is not one.
    #[error("{path}:{line}: {message}")]
    Compile {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// The policies cannot be used together.
    #[error("the policies cannot be compiled: {message}")]
    Unusable {
        /// Why.
        message: String,
    },
    /// A file of policies is no text.
    #[error("`{path}` is no text")]
    NotText {
        /// The file.
        path: String,
    },
    /// A file of policies is larger than any policy should be.
    #[error("`{path}` is larger than {limit} bytes")]
    TooLarge {
        /// The file.
        path: String,
        /// How large it may be.
        limit: usize,
    },
    /// There are no policies where some were expected.
    #[error("there is no `*.rego` below `{folder}`")]
    NoPolicies {
        /// The folder.
        folder: String,
    },
    /// A file cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file or folder.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The repository cannot be read.
    #[error(transparent)]
    Repo(#[from] RepoError),
    /// What a change affects cannot be told.
    #[error(transparent)]
    Closure(#[from] ClosureError),
}
