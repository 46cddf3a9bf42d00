//! Errors of `scaffold/` for the user.

use super::{CliError, ErrorKind};
use crate::scaffold::ScaffoldError;

impl From<ScaffoldError> for CliError {
    fn from(error: ScaffoldError) -> Self {
        let kind = match &error {
            ScaffoldError::Answers { .. } => ErrorKind::Usage,
            ScaffoldError::Conflicts { .. } => ErrorKind::User,
            ScaffoldError::Write { .. } => ErrorKind::External,
            // The embedded templates are tested; these come from a folder of the user's.
            ScaffoldError::Template { .. } | ScaffoldError::NotText { .. } | ScaffoldError::Target { .. } => {
                ErrorKind::User
            }
            ScaffoldError::Templates { .. } => ErrorKind::User,
        };
        let hints: Vec<String> = match &error {
            ScaffoldError::Answers { problems } if problems.len() == 1 => {
                problems.iter().map(|problem| format!("give another `{}`", problem.flag)).collect()
            }
            ScaffoldError::Answers { problems } => {
                problems.iter().map(|problem| format!("`{}`: {}", problem.flag, problem.message)).collect()
            }
            ScaffoldError::Conflicts { paths, .. } => {
                let mut hints = vec![format!("in the way: {}", listed(paths))];
                hints.push("move them away, or choose another folder; kstack never overwrites files here".to_owned());
                hints
            }
            _ => Vec::new(),
        };
        hints.into_iter().fold(Self::new(kind, error), Self::hint)
    }
}

/// The first paths, and how many more there are.
fn listed(paths: &[String]) -> String {
    const SHOWN: usize = 12;
    let mut text = paths.iter().take(SHOWN).map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
    if let Some(more) = paths.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        text.push_str(&format!(" and {more} more"));
    }
    text
}
