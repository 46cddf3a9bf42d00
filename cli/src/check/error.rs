//! What keeps a check from being made, as opposed to what a check finds.

use std::{io, path::PathBuf};

/// Why nothing could be checked.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The folder is not a platform.
    #[error("`{path}` is not a platform: it has no `kstack.hcl`")]
    NoPlatform {
        /// The folder.
        path: PathBuf,
    },
    /// A file or folder cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A program that was asked for is not here.
    #[error("`{program}` was not found")]
    NoProgram {
        /// Its name.
        program: String,
    },
    /// A program cannot be started.
    #[error("cannot run `{program}`")]
    Run {
        /// Its path.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What a program printed cannot be understood.
    #[error("`{program}` printed something unexpected: {output}")]
    Output {
        /// Its path.
        program: PathBuf,
        /// The beginning of what it printed.
        output: String,
    },
}
