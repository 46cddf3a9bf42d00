//! Which cluster a command is about: its registry in a commit, and how it is reached. Not the work tree: what was not committed was not reviewed.

use std::path::{Path, PathBuf};

use git2::{Repository, Tree};

use crate::{
    error::{CliError, ErrorKind},
    platform::{EnvironmentName, StackName, layout},
    sync::{self, ClusterAccess, EngineFiles, Revision},
};

/// Which cluster, in which environment, at which commit, and how it is reached.
#[derive(Debug, clap::Args)]
pub struct ClusterArgs {
    /// The cluster stack; needed when the platform has several
    stack: Option<StackName>,
    /// The environment; needed when the stack has several
    #[arg(short, long, value_name = "NAME")]
    environment: Option<EnvironmentName>,
    /// Reach the cluster with this kubeconfig
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig, instead of its current one
    #[arg(long, value_name = "NAME", requires = "kubeconfig")]
    context: Option<String>,
    /// The commit that the cluster is to hold
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    commit: String,
}

impl ClusterArgs {
    /// The cluster's registry in the commit.
    ///
    /// # Errors
    /// When there is no repository, commit or registry, or it is not clear which one is meant.
    pub fn registry(&self, folder: &Path) -> Result<Registry, CliError> {
        Registry::find(folder, &self.commit, self.stack.as_ref(), self.environment.as_ref())
    }

    /// How the cluster is reached.
    ///
    /// # Errors
    /// When nothing says so.
    pub fn access(&self) -> Result<ClusterAccess, CliError> {
        match &self.kubeconfig {
            Some(path) => Ok(ClusterAccess::Kubeconfig { path: path.clone(), context: self.context.clone() }),
            None => Err(CliError::usage("it is not known how to reach the cluster").hint("pass `--kubeconfig <FILE>`")),
        }
    }
}

/// The registry of one cluster in one environment.
#[derive(Debug)]
pub struct Registry {
    /// `<stack>/<environment>`.
    pub name: String,
    commit: String,
    /// What the engine starts from.
    pub files: EngineFiles,
}

impl Registry {
    /// What its root source reports when it has the commit.
    pub fn revision(&self) -> Revision {
        self.files.root().revision(&self.commit)
    }

    /// Finds it in the commit `revision` of the repository around `folder`.
    fn find(
        folder: &Path,
        revision: &str,
        stack: Option<&StackName>,
        environment: Option<&EnvironmentName>,
    ) -> Result<Self, CliError> {
        let repository = Repository::discover(folder)
            .map_err(|_| CliError::user(format!("`{}` is not in a Git repository", folder.display())))?;
        let commit = repository
            .revparse_single(revision)
            .and_then(|object| object.peel_to_commit())
            .map_err(|_| CliError::user(format!("`{revision}` is no commit of this repository")))?;
        let tree = commit.tree().map_err(git)?;
        let all = registries(&repository, &tree);
        let fits = |name: &&String| {
            let (of, at) = name.split_once('/').unwrap_or((name, ""));
            stack.is_none_or(|stack| stack.as_str() == of) && environment.is_none_or(|wanted| wanted.as_str() == at)
        };
        let mut found = all.iter().filter(fits);
        let name = match (found.next(), found.next()) {
            (Some(name), None) => name.clone(),
            (None, _) if all.is_empty() => {
                return Err(CliError::user(format!(
                    "commit `{revision}` has no cluster below `{}/`",
                    layout::CLUSTERS
                ))
                .hint(format!(
                    "a cluster has `{}/<stack>/<environment>/{}`",
                    layout::CLUSTERS,
                    sync::SYNC
                )));
            }
            (None, _) => return Err(CliError::user("there is no such cluster").hint(known(&all))),
            (Some(_), Some(_)) => {
                return Err(CliError::usage("it is not clear which cluster is meant")
                    .hint("name the stack and `--environment`")
                    .hint(known(&all)));
            }
        };
        let path = format!("{}/{name}", layout::CLUSTERS);
        let components = text(&repository, &tree, &format!("{path}/{}", sync::COMPONENTS))?;
        let root = text(&repository, &tree, &format!("{path}/{}", sync::SYNC))?;
        let files = EngineFiles::parse(Path::new(&path), &components, &root)?;
        Ok(Self { name, commit: commit.id().to_string(), files })
    }
}

/// `<stack>/<environment>` of every registry in `tree`.
fn registries(repository: &Repository, tree: &Tree<'_>) -> Vec<String> {
    let folders = |path: &str| -> Vec<String> {
        let Some(folder) =
            tree.get_path(Path::new(path)).ok().and_then(|entry| entry.to_object(repository).ok()?.into_tree().ok())
        else {
            return Vec::new();
        };
        folder.iter().filter_map(|entry| entry.name().ok().map(ToOwned::to_owned)).collect()
    };
    let mut all = Vec::new();
    for stack in folders(layout::CLUSTERS) {
        for environment in folders(&format!("{}/{stack}", layout::CLUSTERS)) {
            let name = format!("{stack}/{environment}");
            let sync = format!("{}/{name}/{}", layout::CLUSTERS, sync::SYNC);
            if tree.get_path(Path::new(&sync)).is_ok() {
                all.push(name);
            }
        }
    }
    all
}

fn text(repository: &Repository, tree: &Tree<'_>, path: &str) -> Result<String, CliError> {
    let missing = |_| CliError::user(format!("the commit has no `{path}`"));
    let blob =
        tree.get_path(Path::new(path)).map_err(missing)?.to_object(repository).and_then(|object| object.peel_to_blob());
    let blob = blob.map_err(git)?;
    String::from_utf8(blob.content().to_vec()).map_err(|_| CliError::user(format!("`{path}` is not text")))
}

fn known(all: &[String]) -> String {
    let all: Vec<_> = all.iter().map(|name| format!("`{}`", name.replacen('/', "` in `", 1))).collect();
    format!("known clusters: {}", all.join(", "))
}

fn git(error: git2::Error) -> CliError {
    CliError::new(ErrorKind::User, error)
}
