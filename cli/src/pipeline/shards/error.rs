//! Why the results of shards cannot be one report.

use std::{io, path::PathBuf};

use super::Shard;

/// What is wrong with results.
#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    /// A file or folder cannot be read or written.
    #[error("cannot {verb} `{}`", path.display())]
    Io {
        /// What was tried.
        verb: &'static str,
        /// Where.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// No shard left a result, though there was something to plan.
    #[error("there is no result of a shard in `{}`", folder.display())]
    Nothing {
        /// Where results are looked for.
        folder: PathBuf,
    },
    /// Shards left no result: their jobs died, or their files were not handed on.
    #[error("{} left no result in `{}`", names(shards), folder.display())]
    Missing {
        /// They.
        shards: Vec<Shard>,
        /// Where results are looked for.
        folder: PathBuf,
    },
    /// Two files are the result of one shard, and nothing says which one counts.
    #[error("`{}` and `{}` are both the result of shard `{shard}`", one.display(), other.display())]
    Doubled {
        /// The shard.
        shard: Shard,
        /// One file.
        one: PathBuf,
        /// The other.
        other: PathBuf,
    },
    /// A file is not what a shard wrote.
    #[error("`{}` is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How that can be told.
        reason: String,
    },
    /// A result of another version of kstack.
    #[error("`{}` was written by kstack `{found}`, and this is `{wanted}`", path.display())]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: String,
        /// The version that joins.
        wanted: &'static str,
    },
    /// A result of another change.
    #[error("`{}` is the result of `{found}`, not of `{wanted}`", path.display())]
    OtherChange {
        /// The file.
        path: PathBuf,
        /// Its range of commits.
        found: String,
        /// The range that is reported.
        wanted: String,
    },
    /// Results of runs with different numbers of shards.
    #[error(
        "`{}` is the result of one of {} shards, and `{}` of one of {}",
        path.display(), shard.of(), first.display(), number
    )]
    OtherNumber {
        /// The file.
        path: PathBuf,
        /// Its shard.
        shard: Shard,
        /// A file that says otherwise.
        first: PathBuf,
        /// How many shards that one knows of.
        number: usize,
    },
    /// A shard planned something else than its part.
    #[error("`{}` is not the part of shard `{shard}`: {what}", path.display())]
    OtherPart {
        /// The file.
        path: PathBuf,
        /// The shard.
        shard: Shard,
        /// What it lacks or has too much.
        what: String,
    },
}

fn names(shards: &[Shard]) -> String {
    let names: Vec<String> = shards.iter().map(|shard| format!("`{shard}`")).collect();
    format!("{} {}", if names.len() == 1 { "shard" } else { "shards" }, names.join(", "))
}
