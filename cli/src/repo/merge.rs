//! What a merge would make of two commits, without making it.

use std::collections::BTreeSet;

use super::{CommitId, ObjectId, RepoError, Repository, Snapshot, error};

/// The result of a merge that nobody committed.
#[derive(Debug)]
pub enum Merged {
    /// The files that it would have.
    Clean(Snapshot),
    /// The files in which both sides changed the same place, sorted.
    Conflicts(Vec<String>),
}

impl Repository {
    /// Merges `theirs` into `ours` as Git would. Writes nothing but the trees and files of the result, which nothing
    /// refers to.
    ///
    /// # Errors
    /// When a commit is missing, the two have nothing in common, or the objects cannot be written.
    pub fn would_merge(&self, ours: CommitId, theirs: CommitId) -> Result<Merged, RepoError> {
        let merged = self.with(|git| {
            let failed = || error::git(format!("merge `{}` into `{}`", theirs.short(), ours.short()));
            let one = git.find_commit(ours.0.oid()).map_err(failed())?;
            let other = git.find_commit(theirs.0.oid()).map_err(failed())?;
            let mut index = git.merge_commits(&one, &other, None).map_err(failed())?;
            if index.has_conflicts() {
                let conflicts = index.conflicts().map_err(failed())?;
                let entries = conflicts.filter_map(Result::ok);
                let paths = entries.filter_map(|conflict| conflict.our.or(conflict.their).or(conflict.ancestor));
                let names: BTreeSet<String> =
                    paths.map(|entry| String::from_utf8_lossy(&entry.path).into_owned()).collect();
                return Ok(Err(names.into_iter().collect()));
            }
            let tree = index.write_tree_to(git).map_err(failed())?;
            self.read_tree(git, ObjectId::from_oid(tree)).map(Ok)
        })?;
        Ok(match merged {
            Ok(tree) => Merged::Clean(Snapshot::of_merge(self.clone(), tree)),
            Err(conflicts) => Merged::Conflicts(conflicts),
        })
    }
}
