//! What can go wrong while working out what a change affects.

use crate::{
    hcl::Diagnostic,
    platform::{InvalidName, ParseError},
    repo::RepoError,
};

/// A repository that does not hold a readable platform.
#[derive(Debug, thiserror::Error)]
pub enum ClosureError {
    /// The repository cannot be read.
    #[error(transparent)]
    Repository(#[from] RepoError),
    /// There is no `kstack.hcl`.
    #[error("there is no `{path}` in {state}")]
    NoPlatform {
        /// Its path.
        path: &'static str,
        /// Where it was looked for, such as ``commit `abc1234` `` or `the work tree`.
        state: String,
    },
    /// A file that is no UTF-8.
    #[error("`{path}` is not UTF-8 text")]
    NotText {
        /// The file.
        path: String,
    },
    /// `kstack.hcl` or a `stack.hcl` has problems.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// A folder below `infra/` whose name no stack can have.
    #[error("`{folder}` cannot be a stack")]
    StackName {
        /// The folder.
        folder: String,
        /// What is wrong with its name.
        source: InvalidName,
    },
    /// A stack that does not exist.
    #[error("there is no stack `{name}`")]
    UnknownStack {
        /// As the user wrote it.
        name: String,
        /// The stack that is most like it.
        near: Option<String>,
    },
    /// `stack.hcl` files that name what does not exist, or that make stacks wait for each other.
    #[error("{}", stacks_message(problems))]
    Stacks {
        /// The problems, each at its place; never empty.
        problems: Vec<Diagnostic>,
    },
    /// Stacks that wait for each other.
    #[error("stacks wait for each other: {}", names.join(" → "))]
    Cycle {
        /// The stacks in order, the first again at the end, in backticks.
        names: Vec<String>,
        /// What makes each wait for the next, as `file:line`.
        places: Vec<String>,
    },
}

fn stacks_message(problems: &[Diagnostic]) -> String {
    match problems {
        [problem] => format!("`{}` has a problem", problem.file.path),
        _ => format!("the stacks have {} problems", problems.len()),
    }
}
