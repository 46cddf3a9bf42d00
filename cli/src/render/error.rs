//! What can go wrong between a registry and its objects.

use std::{io, path::PathBuf};

/// Why a registry could not be rendered. Paths of manifests are relative to the repository.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// Neither kubectl nor kustomize is there.
    #[error("neither `kubectl` nor `kustomize` was found")]
    NoProgram,
    /// The program that the setting names does not exist.
    #[error("`{}` is not a program that can be run", path.display())]
    NotAProgram {
        /// What the setting says.
        path: PathBuf,
    },
    /// A file or folder could not be read or written.
    #[error("cannot access `{}`", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder that a Flux Kustomization names is not in the repository.
    #[error("`{path}`, which {wanted_by} wants, is not a folder of the repository")]
    NoFolder {
        /// The folder.
        path: String,
        /// Who names it, as a phrase.
        wanted_by: String,
    },
    /// A manifest names a file that is not there.
    #[error("`{file}` names `{reference}`, which is not in the repository")]
    Missing {
        /// The kustomization file.
        file: String,
        /// What it names.
        reference: String,
    },
    /// A manifest names a file outside the repository, by path or through a symbolic link.
    #[error("`{file}` names `{reference}`, which lies outside the repository")]
    Outside {
        /// The manifest.
        file: String,
        /// What it names.
        reference: String,
    },
    /// A manifest is fetched from elsewhere; offline it cannot be.
    #[error("`{file}` fetches `{reference}` from elsewhere, so its objects cannot be known from the repository alone")]
    Remote {
        /// The kustomization file.
        file: String,
        /// What it names.
        reference: String,
    },
    /// Text that is not YAML. The text itself is not part of the message: it may hold a secret.
    #[error("`{file}`{} is not valid YAML: {reason}", place(*line))]
    Yaml {
        /// The file, or what printed the text.
        file: String,
        /// Line, counted from 1, where known.
        line: Option<u64>,
        /// What is wrong.
        reason: String,
    },
    /// A Flux Kustomization that Flux would not accept.
    #[error("Kustomization `{name}` is not valid: {reason}")]
    Kustomization {
        /// Its namespace and name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A `${…}` that Flux refuses.
    #[error("{object}: bad substitution `{expression}`: {reason}")]
    Substitution {
        /// The object that holds it.
        object: String,
        /// The expression, or where it begins.
        expression: String,
        /// What is wrong.
        reason: String,
    },
    /// kustomize refused to build a folder.
    #[error("kustomize cannot build `{path}`: {message}")]
    Build {
        /// The folder.
        path: String,
        /// What it says, with everything in braces left out: it may print whole objects.
        message: String,
    },
    /// Kustomizations that make Kustomizations without an end.
    #[error("`{registry}` nests Kustomizations more than {limit} deep")]
    TooDeep {
        /// The registry.
        registry: String,
        /// How deep they may be.
        limit: usize,
    },
    /// More than one of the above.
    #[error("{} problems in `{registry}`:{}", problems.len(), listed(problems))]
    Several {
        /// The registry.
        registry: String,
        /// Each of them.
        problems: Vec<RenderError>,
    },
}

impl RenderError {
    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |source| Self::Io { path, source }
    }

    /// One error for `problems`, which must not be empty.
    pub(super) fn join(registry: &str, mut problems: Vec<Self>) -> Self {
        if problems.len() == 1 { problems.remove(0) } else { Self::Several { registry: registry.to_owned(), problems } }
    }

    /// The messages of its problems, causes included, one each.
    pub fn messages(&self) -> Vec<String> {
        match self {
            Self::Several { problems, .. } => problems.iter().flat_map(Self::messages).collect(),
            Self::Io { source, .. } => vec![format!("{self}: {source}")],
            other => vec![other.to_string()],
        }
    }
}

fn place(line: Option<u64>) -> String {
    line.map(|line| format!(", line {line},")).unwrap_or_default()
}

fn listed(problems: &[RenderError]) -> String {
    problems.iter().flat_map(RenderError::messages).map(|message| format!("\n  - {message}")).collect()
}
