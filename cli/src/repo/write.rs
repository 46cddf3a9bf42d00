//! The few writes that scaffolding and the local demonstration need, by the git program, so that the
//! user's hooks, signing and line-end settings count.

use std::{path::Path, process::Command};

use super::{CommitId, RepoError, Repository, error, program};

/// Who commits where Git knows nobody, as in a fresh container.
const IDENTITY: (&str, &str) = ("kstack", "kstack@localhost");

impl Repository {
    /// Makes a repository in `folder` whose first branch is `branch`. An existing one is kept as it is.
    ///
    /// This one write is libgit2's, since it needs no more of the user's settings than
    /// `init.templateDir`, and then works where no git program is.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn init(folder: &Path, branch: &str) -> Result<Self, RepoError> {
        let mut options = git2::RepositoryInitOptions::new();
        options.mkpath(true).external_template(true);
        if !folder.join(".git").exists() {
            options.initial_head(branch);
        }
        git2::Repository::init_opts(folder, &options)
            .map_err(error::git(format!("make a repository in `{}`", folder.display())))?;
        Self::open_any(folder)
    }

    /// Makes a bare repository in `folder`, as a Git server has it.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn init_bare(folder: &Path, branch: &str) -> Result<(), RepoError> {
        std::fs::create_dir_all(folder).map_err(error::io("create", folder))?;
        let initial = format!("--initial-branch={branch}");
        program::run(folder, &["init", "--quiet", "--bare", &initial], &[])?.success("init").map(drop)
    }

    /// Commits everything in the work tree that is not ignored.
    ///
    /// # Errors
    /// [`RepoError::NothingToCommit`]; a hook or signer that refuses.
    pub fn commit_all(&self, message: &str) -> Result<CommitId, RepoError> {
        self.git(&["add", "--all"])?.success("add")?;
        if self.git(&["status", "--porcelain"])?.success("status")?.trim().is_empty() {
            return Err(RepoError::NothingToCommit);
        }
        self.with_identity(&["commit", "--quiet", "--message", message])?.success("commit")?;
        self.head()
    }

    /// Creates the branch `name` at `HEAD`, or moves it there, and switches to it.
    ///
    /// # Errors
    /// An invalid name, or changes in the work tree that are in the way.
    pub fn branch(&self, name: &str) -> Result<(), RepoError> {
        self.git(&["switch", "--quiet", "--force-create", checked(name)?])?.success("switch").map(drop)
    }

    /// Switches to the branch `name`.
    ///
    /// # Errors
    /// An unknown branch, or changes in the work tree that are in the way.
    pub fn switch(&self, name: &str) -> Result<(), RepoError> {
        self.git(&["switch", "--quiet", "--no-guess", checked(name)?])?.success("switch").map(drop)
    }

    /// Merges `branch` into the current one, always with a commit of its own.
    ///
    /// # Errors
    /// [`RepoError::Conflict`], after which everything is as before.
    pub fn merge(&self, branch: &str, message: &str) -> Result<CommitId, RepoError> {
        let output = self.with_identity(&["merge", "--quiet", "--no-ff", "--message", message, checked(branch)?])?;
        if output.success {
            return self.head();
        }
        let conflicts = self.git(&["diff", "--name-only", "--diff-filter=U"])?.success("diff")?;
        if conflicts.is_empty() {
            return Err(RepoError::Program { command: "merge".to_owned(), detail: output.detail() });
        }
        self.git(&["merge", "--abort"])?.success("merge --abort")?;
        let files = conflicts.lines().map(|file| format!("`{file}`")).collect();
        Err(RepoError::Conflict { branch: branch.to_owned(), files })
    }

    /// Adds a remote, or points the existing one elsewhere.
    ///
    /// # Errors
    /// An invalid name.
    pub fn add_remote(&self, name: &str, url: &str) -> Result<(), RepoError> {
        let name = checked(name)?;
        if self.remote_url(name)?.is_some() {
            return self.git(&["remote", "set-url", name, checked(url)?])?.success("remote").map(drop);
        }
        self.git(&["remote", "add", name, checked(url)?])?.success("remote").map(drop)
    }

    pub(super) fn with_identity(&self, arguments: &[&str]) -> Result<program::Output, RepoError> {
        let mut command = Command::new("git");
        command.arg("-C").arg(self.root());
        let known = self.git(&["var", "GIT_COMMITTER_IDENT"])?.success && self.configured("user.email")?;
        if !known && std::env::var_os("GIT_COMMITTER_EMAIL").is_none() {
            command.arg("-c").arg(format!("user.name={}", IDENTITY.0));
            command.arg("-c").arg(format!("user.email={}", IDENTITY.1));
        }
        command.args(arguments);
        program::run_command(command, &[])
    }

    fn configured(&self, key: &str) -> Result<bool, RepoError> {
        Ok(self.git(&["config", "--get", key])?.success)
    }
}

/// Refuses a name that the git program would take for an option.
fn checked(name: &str) -> Result<&str, RepoError> {
    if name.starts_with('-') || name.is_empty() {
        let (command, detail) = ("check-ref-format".to_owned(), format!("`{name}` is not a valid name"));
        return Err(RepoError::Program { command, detail });
    }
    Ok(name)
}
