//! Errors of `scaffold/` for the user.

use super::{CliError, ErrorKind};
use crate::scaffold::{Problem, ScaffoldError};

impl From<ScaffoldError> for CliError {
    fn from(error: ScaffoldError) -> Self {
        let error = match error {
            ScaffoldError::Parse(error) => return error.into(),
            error => error,
        };
        let kind = match &error {
            ScaffoldError::Answers { .. } => ErrorKind::Usage,
            ScaffoldError::Conflicts { .. } | ScaffoldError::NotEmpty { .. } => ErrorKind::User,
            ScaffoldError::Unknown { .. }
            | ScaffoldError::Parse(_)
            | ScaffoldError::NoRegistry
            | ScaffoldError::Needed { .. }
            | ScaffoldError::OtherEngine { .. }
            | ScaffoldError::Unfit { .. }
            | ScaffoldError::InCatalogue { .. }
            | ScaffoldError::Missing { .. }
            | ScaffoldError::NoManifests { .. }
            | ScaffoldError::Ambiguous { .. }
            | ScaffoldError::NoVersion { .. }
            | ScaffoldError::Moved { .. } => ErrorKind::User,
            ScaffoldError::Write { .. } => ErrorKind::External,
            // The embedded templates are tested; these come from a folder of the user's.
            ScaffoldError::Template { .. } | ScaffoldError::NotText { .. } | ScaffoldError::Target { .. } => {
                ErrorKind::User
            }
            ScaffoldError::Catalogue { .. } | ScaffoldError::Unreadable { .. } => ErrorKind::User,
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
            ScaffoldError::NoRegistry => vec!["`kstack list` shows the clusters and their environments".to_owned()],
            ScaffoldError::Needed { .. } => vec!["take that away first, or its `dependsOn`".to_owned()],
            ScaffoldError::OtherEngine { .. } => vec![
                "copy an ApplicationSet in `services.yaml` or `apps.yaml` of the registry, and change its name, wave and path".to_owned(),
            ],
            ScaffoldError::Unfit { providers, .. } => vec![format!("it works on {}", providers.join(", "))],
            ScaffoldError::InCatalogue { name } => vec![format!(
                "`kstack add service {name}` without `--chart` and `--manifests` adds it; or choose another name"
            )],
            ScaffoldError::Missing { .. } => vec!["`kstack init` writes it: bring it back from history".to_owned()],
            ScaffoldError::NoManifests { .. } => vec!["manifests are files that end in `.yaml` or `.yml`".to_owned()],
            ScaffoldError::Ambiguous { what, names } if names.is_empty() => {
                vec![format!(
                    "a {what} with the label `kstack.dev/team` comes with `services/tenancy`: add a team there"
                )]
            }
            ScaffoldError::Ambiguous { what, names } => vec![format!("give `--{what}`: {}", listed(names))],
            ScaffoldError::NoVersion { .. } => {
                vec!["it needs one item in `images`, with one of `newTag` and `digest`".to_owned()]
            }
            ScaffoldError::Moved { .. } => vec!["nothing was written: run the command again".to_owned()],
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
