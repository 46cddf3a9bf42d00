//! The two states of the repository that a command compares.

use super::Context;
use crate::{
    closure::load_platform,
    error::CliError,
    repo::{Repository, Snapshot},
};

/// What to compare, as every command that compares takes it.
#[derive(Debug, clap::Args)]
pub struct WorktreeArg {
    /// Compare with the files as they are now, with uncommitted changes
    #[arg(long)]
    pub worktree: bool,
}

/// Two states of the repository.
#[derive(Debug)]
pub struct Comparison {
    /// The earlier one; `None` when everything is new.
    pub base: Option<Snapshot>,
    /// The later one.
    pub head: Snapshot,
    /// Both, for people.
    pub text: String,
}

impl Comparison {
    /// Opens what `range` and `--worktree` ask for.
    ///
    /// # Errors
    /// No kstack repository, unknown revisions, missing history.
    pub fn open(context: &Context<'_>, range: Option<&str>, worktree: bool) -> Result<Self, CliError> {
        let repository = Repository::open(&context.directory)?;
        let current =
            if worktree { repository.worktree_snapshot()? } else { repository.commit_snapshot(repository.head()?)? };
        let default_branch = match range {
            Some(_) => String::new(),
            None => load_platform(&current)?.default_branch,
        };
        let (base, head, head_text) = if worktree {
            if range.is_some_and(|range| range.contains("..")) {
                return Err(CliError::usage("`--worktree` is the head; name only the base")
                    .hint("write `BASE` instead of `BASE..HEAD`"));
            }
            (repository.worktree_base(range, &default_branch)?, current, "the work tree".to_owned())
        } else {
            let range = repository.range(range, &default_branch)?;
            (range.base, repository.commit_snapshot(range.head)?, range.head.short())
        };
        let base_text = base.map_or_else(|| "nothing".to_owned(), |base| base.short());
        let base = base.map(|base| repository.commit_snapshot(base)).transpose()?;
        Ok(Self { base, head, text: format!("between {base_text} and {head_text}") })
    }
}
