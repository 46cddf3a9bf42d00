//! Tags, and the way a branch came to a commit: what promotion names and audits read.

use std::collections::BTreeSet;

use super::{CommitId, ObjectId, RepoError, Repository, error};

/// The most commits of a branch that are walked through.
const FAR: usize = 10_000;

impl Repository {
    /// The names of all tags of this repository.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn tags(&self) -> Result<BTreeSet<String>, RepoError> {
        self.with(|git| {
            let names = git.tag_names(None).map_err(error::git("read tags"))?;
            Ok(names.iter().filter_map(|name| name.ok().flatten().map(str::to_owned)).collect())
        })
    }

    /// The names of all tags of `remote`, as it has them now.
    ///
    /// # Errors
    /// As [`Repository::fetch`].
    pub fn remote_tags(&self, remote: &str) -> Result<BTreeSet<String>, RepoError> {
        let listed = self.ask_remote(remote, &["ls-remote", "--tags", "--refs", "--end-of-options", remote])?;
        let name = |line: &str| Some(line.split_once("refs/tags/")?.1.to_owned());
        Ok(listed.lines().filter_map(name).collect())
    }

    /// Who made the annotated tag `name`; `None` for a plain one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn tagger(&self, name: &str) -> Result<Option<String>, RepoError> {
        self.with(|git| {
            let reading = || format!("read tag `{name}`");
            let reference = git.find_reference(&format!("refs/tags/{name}")).map_err(error::git(reading()))?;
            let Ok(tag) = reference.peel_to_tag() else { return Ok(None) };
            Ok(tag.tagger().map(|who| String::from_utf8_lossy(who.name_bytes()).into_owned()))
        })
    }

    /// Whether `name` can be the name of a tag.
    pub fn is_tag_name(name: &str) -> bool {
        !name.starts_with('-') && git2::Reference::is_valid_name(&format!("refs/tags/{name}"))
    }

    /// Makes the annotated tag `name` at `commit`.
    ///
    /// # Errors
    /// When there is one of this name.
    pub fn tag(&self, name: &str, commit: CommitId, message: &str) -> Result<(), RepoError> {
        let commit = commit.to_string();
        self.with_identity(&["tag", "--annotate", "--message", message, "--end-of-options", name, &commit])?
            .success("tag")
            .map(drop)
    }

    /// Removes the tag `name` from this repository.
    ///
    /// # Errors
    /// When there is none.
    pub fn untag(&self, name: &str) -> Result<(), RepoError> {
        self.git(&["tag", "--delete", "--end-of-options", name])?.success("tag").map(drop)
    }

    /// The commits that a branch went through from `base` to `head`, by first parents: its merges, newest first. Without
    /// `base`, and where `head` did not come from it, `head` alone.
    ///
    /// # Errors
    /// When a commit is missing.
    pub fn merged(&self, base: Option<CommitId>, head: CommitId) -> Result<Vec<CommitId>, RepoError> {
        let Some(base) = base else { return Ok(vec![head]) };
        self.with(|git| {
            let mut walk = git.revwalk().map_err(error::git("read history"))?;
            let mut prepare = || {
                walk.simplify_first_parent()?;
                walk.push(head.0.oid())?;
                walk.hide(base.0.oid())
            };
            prepare().map_err(error::git("read history"))?;
            let found: Result<Vec<_>, _> = walk.take(FAR).collect();
            let found = found.map_err(error::git("read history"))?;
            let commits: Vec<_> = found.into_iter().map(|id| CommitId(ObjectId::from_oid(id))).collect();
            let came = |id: &CommitId| git.graph_descendant_of(id.0.oid(), base.0.oid()).unwrap_or(false);
            Ok(if commits.first().is_some_and(came) { commits } else { vec![head] })
        })
    }
}
