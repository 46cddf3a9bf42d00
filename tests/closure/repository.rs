//! Repositories whose commits are made from files in memory.

use std::collections::BTreeMap;

use kstack::repo::{CommitId, Repository, Snapshot};
use tempfile::TempDir;

pub const PLATFORM: &str = r#"kstack {
  version = "0.1.0"
}

platform "acme" {
  repository = "https://git.example/acme/platform"
}

environment "ops" {
  trigger = "branch:main"
}

environment "apps" {
  trigger = "tag:apps-deploy-*"
}

state "s3" {
  bucket = "acme-state"
  region = "eu-west-1"
}

engine "flux" {
  version = "2.7.3"
}
"#;

/// What a path of a commit holds.
#[derive(Clone)]
pub enum Content {
    File(Vec<u8>),
    Executable(Vec<u8>),
    Link(String),
    Submodule(String),
}

/// The files of a commit to be.
#[derive(Clone, Default)]
pub struct Files(pub BTreeMap<String, Content>);

impl Files {
    /// A platform with the given files.
    pub fn platform(files: &[(&str, &str)]) -> Self {
        let mut all = Self::default().with("kstack.hcl", PLATFORM);
        for environment in ["ops", "apps"] {
            let variables = format!("environment = \"{environment}\"\n");
            all = all.with(&format!("environments/{environment}.tfvars"), &variables);
        }
        files.iter().fold(all, |all, (path, text)| all.with(path, text))
    }

    pub fn with(mut self, path: &str, text: &str) -> Self {
        self.0.insert(path.to_owned(), Content::File(text.as_bytes().to_vec()));
        self
    }

    pub fn with_link(mut self, path: &str, target: &str) -> Self {
        self.0.insert(path.to_owned(), Content::Link(target.to_owned()));
        self
    }

    pub fn without(mut self, path: &str) -> Self {
        assert!(self.0.remove(path).is_some(), "`{path}` is not in the sample");
        self
    }

    /// The files with a line that means nothing at the end of `path`, in that file's own syntax.
    pub fn touched(mut self, path: &str) -> Self {
        match self.0.get_mut(path) {
            Some(Content::File(bytes) | Content::Executable(bytes)) => bytes.extend(b"\n"),
            _ => panic!("`{path}` is no file of the sample"),
        }
        self
    }
}

/// A repository below a temporary folder.
pub struct Repo {
    folder: TempDir,
    git: git2::Repository,
    pub repository: Repository,
}

impl Repo {
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let git = git2::Repository::init_opts(
            folder.path(),
            git2::RepositoryInitOptions::new().initial_head("main").external_template(false),
        )
        .unwrap();
        let repository = Repository::open_any(folder.path()).unwrap();
        Self { folder, git, repository }
    }

    pub fn path(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Commits exactly `files` on top of `HEAD`, without touching the work tree.
    pub fn commit(&self, files: &Files) -> CommitId {
        let mut index = self.git.index().unwrap();
        index.clear().unwrap();
        for (path, content) in &files.0 {
            let (mode, bytes) = match content {
                Content::File(bytes) => (0o100_644, bytes.clone()),
                Content::Executable(bytes) => (0o100_755, bytes.clone()),
                Content::Link(target) => (0o120_000, target.clone().into_bytes()),
                Content::Submodule(_) => (0o160_000, Vec::new()),
            };
            let id = match content {
                Content::Submodule(id) => id.parse().unwrap(),
                _ => self.git.blob(&bytes).unwrap(),
            };
            let zero = git2::IndexTime::new(0, 0);
            index
                .add(&git2::IndexEntry {
                    ctime: zero,
                    mtime: zero,
                    dev: 0,
                    ino: 0,
                    mode,
                    uid: 0,
                    gid: 0,
                    file_size: 0,
                    id,
                    flags: 0,
                    flags_extended: 0,
                    path: path.clone().into_bytes(),
                })
                .unwrap();
        }
        let tree = self.git.find_tree(index.write_tree().unwrap()).unwrap();
        let author = git2::Signature::new("Ada", "ada@example.com", &git2::Time::new(1_700_000_000, 0)).unwrap();
        let parents = self.git.head().ok().map(|head| head.peel_to_commit().unwrap());
        let parents = parents.iter().collect::<Vec<_>>();
        let id = self.git.commit(Some("HEAD"), &author, &author, "Change the sample\n", &tree, &parents).unwrap();
        id.to_string().parse().unwrap()
    }

    pub fn snapshot(&self, files: &Files) -> Snapshot {
        self.repository.commit_snapshot(self.commit(files)).unwrap()
    }

    /// Makes the work tree and the index equal `HEAD`.
    pub fn check_out(&self) {
        self.git.checkout_head(Some(git2::build::CheckoutBuilder::new().force().remove_untracked(true))).unwrap();
    }
}
