//! Git as a forge uses it: branches, and the ways to merge them.

use std::{collections::BTreeMap, path::Path};

use git2::{IndexEntry, IndexTime, Oid, Repository, Signature, Time};
use tempfile::TempDir;

use super::platform::Files;

/// How a branch reaches the default branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum How {
    MergeCommit,
    Squash,
    Rebase,
}

impl How {
    pub(super) const ALL: [Self; 3] = [Self::MergeCommit, Self::Squash, Self::Rebase];
}

/// A repository with a default branch.
pub(super) struct Forge {
    folder: TempDir,
    git: Repository,
    tip: Oid,
}

impl Forge {
    pub(super) fn new(files: &Files) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let git = Repository::init(folder.path()).unwrap();
        let mut forge = Self { folder, git, tip: Oid::ZERO_SHA1 };
        forge.tip = forge.commit(files, &[]);
        forge
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The default branch.
    pub(super) fn tip(&self) -> Oid {
        self.tip
    }

    /// Commits exactly `files`.
    pub(super) fn commit(&self, files: &Files, parents: &[Oid]) -> Oid {
        let mut index = git2::Index::new().unwrap();
        let zero = IndexTime::new(0, 0);
        for (path, text) in files {
            let id = self.git.blob(text.as_bytes()).unwrap();
            let entry = IndexEntry {
                ctime: zero,
                mtime: zero,
                dev: 0,
                ino: 0,
                mode: 0o100_644,
                uid: 0,
                gid: 0,
                file_size: 0,
                id,
                flags: 0,
                flags_extended: 0,
                path: path.clone().into_bytes(),
            };
            index.add(&entry).unwrap();
        }
        let tree = index.write_tree_to(&self.git).unwrap();
        self.commit_tree(tree, parents)
    }

    fn commit_tree(&self, tree: Oid, parents: &[Oid]) -> Oid {
        let author = Signature::new("Ada", "ada@example.com", &Time::new(1_700_000_000, 0)).unwrap();
        let parents: Vec<_> = parents.iter().map(|id| self.git.find_commit(*id).unwrap()).collect();
        let parents: Vec<_> = parents.iter().collect();
        let tree = self.git.find_tree(tree).unwrap();
        self.git.commit(None, &author, &author, "Change the platform\n", &tree, &parents).unwrap()
    }

    /// What a commit holds.
    pub(super) fn files(&self, commit: Oid) -> Files {
        let mut files = BTreeMap::new();
        let tree = self.git.find_commit(commit).unwrap().tree().unwrap();
        tree.walk(git2::TreeWalkMode::PreOrder, |folder, entry| {
            if entry.kind() == Some(git2::ObjectType::Blob) {
                let blob = self.git.find_blob(entry.id()).unwrap();
                let text = String::from_utf8(blob.content().to_vec()).unwrap();
                files.insert(format!("{folder}{}", entry.name().unwrap()), text);
            }
            git2::TreeWalkResult::Ok
        })
        .unwrap();
        files
    }

    /// Brings the branch `head` onto the tip; `None` when they are in conflict.
    pub(super) fn merge(&mut self, tip: Oid, head: Oid, how: How) -> Option<Oid> {
        let find = |id| self.git.find_commit(id).unwrap();
        let merged = match how {
            How::MergeCommit | How::Squash => {
                let tree = self.tree(self.git.merge_commits(&find(tip), &find(head), None).unwrap())?;
                let both = [tip, head];
                self.commit_tree(tree, if how == How::Squash { &both[..1] } else { &both })
            }
            How::Rebase => {
                let base = self.git.merge_base(tip, head).unwrap();
                let mut commits = Vec::new();
                let mut next = head;
                while next != base {
                    commits.push(next);
                    next = find(next).parent_id(0).unwrap();
                }
                let mut onto = tip;
                for commit in commits.into_iter().rev() {
                    let picked = self.git.cherrypick_commit(&find(commit), &find(onto), 0, None).unwrap();
                    onto = self.commit_tree(self.tree(picked)?, &[onto]);
                }
                onto
            }
        };
        self.tip = merged;
        Some(merged)
    }

    /// The files of `tip` without what `commit` brought; `None` when that cannot be taken out.
    pub(super) fn reverted(&self, tip: Oid, commit: Oid) -> Option<Files> {
        let find = |id| self.git.find_commit(id).unwrap();
        let mainline = u32::from(find(commit).parent_count() > 1);
        let tree = self.tree(self.git.revert_commit(&find(commit), &find(tip), mainline, None).ok()?)?;
        Some(self.files(self.commit_tree(tree, &[tip])))
    }

    fn tree(&self, mut index: git2::Index) -> Option<Oid> {
        if index.has_conflicts() { None } else { Some(index.write_tree_to(&self.git).unwrap()) }
    }
}
