//! What can go wrong between answers and files.

use std::{io, path::PathBuf};

use super::{Places, Problem};
use crate::hcl::Diagnostic;

/// Why no files were written.
#[derive(Debug, thiserror::Error)]
pub enum ScaffoldError {
    /// The platform cannot be made from these answers.
    #[error("{}", sentence(.problems))]
    Answers {
        /// What is wrong; never empty.
        problems: Vec<Problem>,
        /// Where those from a file stand in it.
        places: Places,
    },
    /// A template does not render.
    #[error("the template `{template}` does not render")]
    Template {
        /// Its path below the templates folder.
        template: String,
        /// Why, with the line.
        source: Box<minijinja::Error>,
    },
    /// A template is not text.
    #[error("the template `{template}` is not UTF-8 text")]
    NotText {
        /// Its path below the templates folder.
        template: String,
    },
    /// The folder named by `KSTACK_TEMPLATES_DIR` cannot be read.
    #[error("cannot read the templates in `{path}`")]
    Templates {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The catalogue of services has mistakes.
    #[error("the catalogue of services has {}", mistakes(.problems.len()))]
    Catalogue {
        /// Each with its place; never empty.
        problems: Vec<Diagnostic>,
    },
    /// There is nothing of that name.
    #[error("there is no {what} `{name}`")]
    Unknown {
        /// What it would be, such as `service`.
        what: &'static str,
        /// The name.
        name: String,
        /// The nearest name, or all of them.
        help: Option<String>,
    },
    /// Two templates have the same target, or a target lies outside the repository.
    #[error("cannot scaffold `{path}`: {reason}")]
    Target {
        /// Path inside the repository.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Files are in the way.
    #[error("{} in the way in `{root}`", counted(.paths.len()))]
    Conflicts {
        /// The folder to write to.
        root: PathBuf,
        /// The paths inside it, sorted.
        paths: Vec<String>,
    },
    /// Something is in the folder, though not in the way.
    #[error("`{root}` is not empty: it holds {}", some(.names))]
    NotEmpty {
        /// The folder to write to.
        root: PathBuf,
        /// What it holds, sorted.
        names: Vec<String>,
    },
    /// A file cannot be written; everything written before it was removed again, except `left`.
    #[error("cannot write `{path}`{}", left_over(.left))]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
        /// What could not be removed again.
        left: Vec<PathBuf>,
    },
}

fn sentence(problems: &[Problem]) -> String {
    match problems {
        [problem] => problem.message.clone(),
        _ => format!("{} answers cannot be used", problems.len()),
    }
}

/// The first names.
fn some(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let mut text = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(" and more");
    }
    text
}

fn mistakes(count: usize) -> String {
    if count == 1 { "a mistake".to_owned() } else { format!("{count} mistakes") }
}

fn counted(count: usize) -> String {
    if count == 1 { "a file is".to_owned() } else { format!("{count} files are") }
}

fn left_over(left: &[PathBuf]) -> String {
    if left.is_empty() {
        return String::new();
    }
    let listed = left.iter().map(|path| format!("`{}`", path.display())).collect::<Vec<_>>().join(", ");
    format!(", and what had been written before could not be removed: {listed}")
}
