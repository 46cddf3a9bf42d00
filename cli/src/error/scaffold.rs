//! Errors of `scaffold/` for the user.

use super::{CliError, ErrorKind};
use crate::scaffold::{Problem, ScaffoldError};

impl From<ScaffoldError> for CliError {
    fn from(error: ScaffoldError) -> Self {
        let kind = match &error {
            ScaffoldError::Answers { .. } => ErrorKind::Usage,
            ScaffoldError::Conflicts { .. } | ScaffoldError::NotEmpty { .. } => ErrorKind::User,
            ScaffoldError::Unknown { .. } => ErrorKind::User,
            ScaffoldError::Write { .. } => ErrorKind::External,
            // The embedded templates are tested; these come from a folder of the user's.
            ScaffoldError::Template { .. } | ScaffoldError::NotText { .. } | ScaffoldError::Target { .. } => {
                ErrorKind::User
            }
            ScaffoldError::Catalogue { .. } | ScaffoldError::Templates { .. } => ErrorKind::User,
        };
        let mut located = Vec::new();
        let hints: Vec<String> = match &error {
            ScaffoldError::Answers { problems, places } => {
                located = problems.iter().filter_map(|problem| places.locate(problem)).collect();
                let given: Vec<_> = problems.iter().filter(|problem| places.locate(problem).is_none()).collect();
                match &given[..] {
                    [problem] if located.is_empty() => vec![format!("give another `{}`", problem.field.flag())],
                    given => {
                        let hint = |problem: &&Problem| format!("`{}`: {}", problem.field.flag(), problem.message);
                        given.iter().map(hint).collect()
                    }
                }
            }
            ScaffoldError::Conflicts { paths, .. } => vec![
                format!("in the way: {}", listed(paths)),
                "move them away, or choose another folder; `--overwrite` replaces files, but no folders and links"
                    .to_owned(),
            ],
            ScaffoldError::NotEmpty { .. } => {
                vec!["choose another folder, or give `--allow-non-empty` to write beside what is there".to_owned()]
            }
            ScaffoldError::Unknown { help, .. } => help.iter().cloned().collect(),
            ScaffoldError::Catalogue { problems } => {
                located.clone_from(problems);
                Vec::new()
            }
            _ => Vec::new(),
        };
        // A wrong file is not a wrong command line.
        let kind = if located.is_empty() { kind } else { ErrorKind::User };
        hints.into_iter().fold(Self::new(kind, error), Self::hint).diagnostics(located)
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
