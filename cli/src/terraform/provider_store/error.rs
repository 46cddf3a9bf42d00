//! What can go wrong with the store.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{LockFileProblem, Package};

/// Why a provider cannot be had from the store.
#[derive(Debug, thiserror::Error)]
pub enum ProviderStoreError {
    /// The lock file cannot be used.
    #[error("the lock file `{}` is wrong: {problem}", path.display())]
    LockFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: Box<LockFileProblem>,
    },
    /// A package is not what was locked.
    #[error("{package} from `{from}` is not what the lock file has: it has {}", found.join(" and "))]
    Mismatch {
        /// The package.
        package: Box<Package>,
        /// Where it came from.
        from: String,
        /// Its digests.
        found: Vec<String>,
    },
    /// The archive is what was locked, but the lock file lacks what an unpacked package is held against.
    #[error(
        "the lock file has no `h1:` hash of {package}, only those of archives: `terraform providers lock -platform={}` adds it",
        .package.platform
    )]
    NoUnpackedHash {
        /// The package.
        package: Box<Package>,
        /// The hash that it lacks.
        h1: String,
    },
    /// What lies in the store was changed, and there is nowhere to get it again.
    #[error("{package} in `{}` is not what was put there, and no source has it", path.display())]
    Corrupt {
        /// The package.
        package: Box<Package>,
        /// Where it lies.
        path: PathBuf,
    },
    /// The archive is damaged, or would write where it must not.
    #[error("cannot unpack {package} from `{from}`: {reason}")]
    Archive {
        /// The package.
        package: Box<Package>,
        /// Where it came from.
        from: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A registry does not give the package.
    #[error("cannot get {package} from `{host}`: {reason}")]
    Registry {
        /// The package.
        package: Box<Package>,
        /// The registry's host.
        host: String,
        /// What it answered, or why it did not.
        reason: String,
    },
    /// A registry gives something else than it says.
    #[error("`{url}` has {found}, but `{host}` announces {expected}")]
    Announced {
        /// The file.
        url: String,
        /// The registry's host.
        host: String,
        /// The digest of the file, or the one in its list.
        found: String,
        /// The digest that it should have.
        expected: String,
    },
    /// No client for registries can be made.
    #[error("cannot make an HTTP client")]
    HttpClient(#[source] reqwest::Error),
    /// A file or folder cannot be used.
    #[error("cannot {verb} `{}`", path.display())]
    Io {
        /// What was tried, such as `write`.
        verb: &'static str,
        /// With what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The run was interrupted.
    #[error("getting providers was interrupted")]
    Interrupted,
}

impl ProviderStoreError {
    pub(super) fn io(verb: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { verb, path: path.to_owned(), source }
    }
}
