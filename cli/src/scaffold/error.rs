//! What can go wrong between answers and files.

use std::{io, path::PathBuf};

use super::{Places, Problem};
use crate::{
    hcl::Diagnostic,
    platform::{ParseError, layout},
};

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
    /// Registries of this engine are not edited yet.
    #[error("registries of {engine} are not edited by this command yet")]
    OtherEngine {
        /// The engine.
        engine: &'static str,
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
    /// A file or folder that is made use of cannot be read.
    #[error("cannot read `{path}`")]
    Unreadable {
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
    /// A file of the platform does not say what it must.
    #[error(transparent)]
    Parse(ParseError),
    /// The platform has no registry that was chosen.
    #[error("no cluster has a registry in `{}/`", layout::CLUSTERS)]
    NoRegistry,
    /// A service or app that others wait for cannot go.
    #[error("`{name}` is needed by {}", needing(.by))]
    Needed {
        /// Its name.
        name: String,
        /// What waits for it, and in which registry.
        by: Vec<(String, String)>,
    },
    /// A service does not work on a cluster.
    #[error("`{name}` does not work on {}", some(.clusters))]
    Unfit {
        /// The service.
        name: String,
        /// The clusters.
        clusters: Vec<String>,
        /// Where it works.
        providers: Vec<&'static str>,
    },
    /// A service of one's own has a name of the catalogue's.
    #[error("the catalogue has a service `{name}`")]
    InCatalogue {
        /// The name.
        name: String,
    },
    /// A file that a change is made to is not there.
    #[error("there is no `{path}`: {purpose}")]
    Missing {
        /// Its path inside the repository.
        path: String,
        /// What it is for.
        purpose: &'static str,
    },
    /// A folder that should hold manifests holds none.
    #[error("there are no manifests in `{path}`")]
    NoManifests {
        /// The folder.
        path: PathBuf,
    },
    /// It has to be said which of several is meant.
    #[error("{}", choice(.what, .names))]
    Ambiguous {
        /// What it is, and the flag that says it.
        what: &'static str,
        /// What there is.
        names: Vec<String>,
    },
    /// A kustomization does not say which version of an app runs.
    #[error("`{path}` does not say the version of one image")]
    NoVersion {
        /// Its path inside the repository.
        path: String,
    },
    /// A file is not what it was when it was read.
    #[error("`{path}` was changed meanwhile")]
    Moved {
        /// Its path inside the repository.
        path: String,
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

fn choice(what: &str, names: &[String]) -> String {
    if names.is_empty() { format!("no team has a {what}") } else { format!("several teams have a {what}") }
}

/// What needs something: each name once, with one of its registries.
fn needing(by: &[(String, String)]) -> String {
    let mut names: Vec<String> = Vec::new();
    for (name, registry) in by {
        if !names.iter().any(|known| known.starts_with(&format!("`{name}`"))) {
            names.push(format!("`{name}` in `{registry}`"));
        }
    }
    names.join(", ")
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
