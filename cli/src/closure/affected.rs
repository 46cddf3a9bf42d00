//! Which instances differ between two snapshots.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt,
};

use serde::{Deserialize, Serialize};

use super::{
    Closure, ClosureError, ClosureHash, Inventory, Link, Memo, Notice, closure_of, closures,
    difference::Difference,
    instance::{closure_if_met, settings},
};
use crate::{
    platform::{Instance, layout},
    repo::{FoundNode, Mode, ObjectId, RepoError, Snapshot, in_parallel},
};

/// What differs between two snapshots.
#[derive(Debug, Clone)]
pub struct Changes {
    /// The platform and stacks of the head.
    pub inventory: Inventory,
    /// The instances that differ: stacks by name, environments in the order of promotion, those that
    /// are gone last.
    pub affected: Vec<Affected>,
    /// What their closures could not know exactly.
    pub notices: BTreeSet<Notice>,
}

/// An instance that differs.
#[derive(Debug, Clone)]
pub struct Affected {
    /// The instance.
    pub instance: Instance,
    /// How it differs.
    pub kind: Kind,
    /// Its closure in the head; `None` when it is gone.
    pub closure: Option<Closure>,
    /// The hash of its closure in the base; `None` when it is new.
    pub base_hash: Option<ClosureHash>,
    /// The files that make it differ, sorted by path.
    pub reasons: Vec<Reason>,
}

/// How an instance differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It is new.
    Added,
    /// Something in its closure changed.
    Changed,
    /// It is gone: what it manages is to be destroyed.
    Removed,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        })
    }
}

/// A file that makes an instance differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The file, or `kstack.hcl#state`.
    pub path: String,
    /// How it differs.
    pub change: FileChange,
    /// The chain from the stack to it.
    pub chain: Vec<Link>,
}

/// How a file differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileChange {
    /// It is new.
    Added,
    /// Its content changed.
    Modified,
    /// It is gone.
    Deleted,
    /// Only its type or executable bit changed.
    Mode,
    /// The file is the same, and the stack began to use it.
    Reached,
    /// The file is the same, and the stack stopped using it.
    Left,
    /// A setting of `kstack.hcl` changed.
    Setting,
}

impl fmt::Display for FileChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Added => "added",
            Self::Modified => "modified",
            Self::Deleted => "deleted",
            Self::Mode => "mode changed",
            Self::Reached => "now used",
            Self::Left => "no longer used",
            Self::Setting => "setting changed",
        })
    }
}

/// Compares the instances of two snapshots. Without a base, everything is new.
///
/// # Errors
/// When the head has no readable platform, or a snapshot cannot be read. A base whose platform cannot
/// be read makes every instance count as changed, with a notice.
pub fn affected(base: Option<&Snapshot>, head: &Snapshot, memo: &Memo) -> Result<Changes, ClosureError> {
    let inventory = Inventory::load(head)?;
    let instances = inventory.instances();
    let mut notices = BTreeSet::new();
    let mut unreadable = false;
    let before = match base {
        // Equal trees: nothing to read twice, and nothing to find.
        Some(base) if base.tree_id() == head.tree_id() => {
            return Ok(Changes { inventory, affected: Vec::new(), notices });
        }
        Some(base) => match Inventory::load(base) {
            Ok(before) => Some(before),
            Err(error @ ClosureError::Repository(_)) => return Err(error),
            // The base is from before kstack.
            Err(ClosureError::NoPlatform { .. }) => None,
            Err(error) => {
                unreadable = true;
                notices.insert(Notice::BaseUnreadable { message: error.to_string() });
                None
            }
        },
        None => None,
    };
    let (mut old, mut same) = (BTreeMap::new(), HashSet::new());
    if let (Some(base), Some(before)) = (base, &before) {
        let difference = Difference::between(base, head);
        let instances = before.instances();
        let closures = in_parallel(&instances, |instance| {
            if keeps_settings(instance, before, &inventory) {
                closure_if_met(base, before, instance, memo, &difference)
            } else {
                closure_of(base, before, instance, memo).map(Some)
            }
        })?;
        for (instance, closure) in instances.into_iter().zip(closures) {
            match closure {
                Some(closure) => drop(old.insert(instance, closure)),
                None => drop(same.insert(instance)),
            }
        }
    }
    let mut affected = Vec::new();
    let instances: Vec<Instance> = instances.into_iter().filter(|instance| !same.contains(instance)).collect();
    for closure in closures(head, &inventory, &instances, memo)? {
        let old = old.remove(&closure.instance);
        if old.as_ref().is_some_and(|old| old.hash == closure.hash) {
            continue;
        }
        let kind = if old.is_some() || unreadable { Kind::Changed } else { Kind::Added };
        let reasons = match (&old, base) {
            (Some(old), Some(base)) => reasons(old, &closure, base, head)?,
            _ => Vec::new(),
        };
        notices.extend(closure.notices.iter().cloned());
        let instance = closure.instance.clone();
        let base_hash = old.map(|old| old.hash);
        affected.push(Affected { instance, kind, closure: Some(closure), base_hash, reasons });
    }
    // In the order that the base had them.
    let gone = before.iter().flat_map(Inventory::instances);
    for closure in gone.filter_map(|instance| old.remove(&instance)) {
        let base_hash = Some(closure.hash);
        let reasons = removed(&closure, head)?;
        affected.push(Affected { instance: closure.instance, kind: Kind::Removed, closure: None, base_hash, reasons });
    }
    Ok(Changes { inventory, affected, notices })
}

/// Whether `instance` is in both, and what its closure takes from the inventory is the same there.
fn keeps_settings(instance: &Instance, before: &Inventory, after: &Inventory) -> bool {
    let stack = |inventory: &Inventory| {
        let stack = inventory.stack(instance.stack.as_str()).ok()?;
        let has_it = stack.instances(&inventory.platform.environments).contains(instance);
        has_it.then(|| (stack.settings.clone(), settings(&inventory.platform, instance)))
    };
    stack(before).is_some_and(|before| stack(after).as_ref() == Some(&before))
}

/// Why a closure differs: the files that are not what they were. That a file is reached or left is
/// told only if nothing else is, because it follows from such a change.
fn reasons(old: &Closure, new: &Closure, base: &Snapshot, head: &Snapshot) -> Result<Vec<Reason>, ClosureError> {
    let mut reasons = Vec::new();
    for (path, file) in &new.files {
        let change = match old.files.get(path) {
            Some(before) if before.id != file.id => FileChange::Modified,
            Some(before) if before.mode != file.mode => FileChange::Mode,
            Some(_) => continue,
            None => match object_at(base, path)? {
                None => FileChange::Added,
                Some(before) if before == (file.mode, file.id) => FileChange::Reached,
                Some(_) => FileChange::Modified,
            },
        };
        reasons.push(Reason { path: path.clone(), change, chain: new.chain(path) });
    }
    for (path, file) in old.files.iter().filter(|(path, _)| !new.files.contains_key(*path)) {
        let change = match object_at(head, path)? {
            None => FileChange::Deleted,
            Some(after) if after == (file.mode, file.id) => FileChange::Left,
            Some(_) => FileChange::Modified,
        };
        reasons.push(Reason { path: path.clone(), change, chain: old.chain(path) });
    }
    for name in new.settings.keys().filter(|name| new.settings.get(*name) != old.settings.get(*name)) {
        reasons.push(Reason { path: name.clone(), change: FileChange::Setting, chain: Vec::new() });
    }
    let consequence = |reason: &Reason| matches!(reason.change, FileChange::Reached | FileChange::Left);
    if reasons.iter().any(|reason| !consequence(reason)) {
        reasons.retain(|reason| !consequence(reason));
    }
    reasons.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(reasons)
}

/// Why an instance is gone: its stack's files are, or the platform no longer gives it the environment.
fn removed(old: &Closure, head: &Snapshot) -> Result<Vec<Reason>, ClosureError> {
    let mut reasons = Vec::new();
    for path in old.files.keys() {
        if object_at(head, path)?.is_none() {
            let chain = old.chain(path);
            reasons.push(Reason { path: path.clone(), change: FileChange::Deleted, chain });
        }
    }
    if reasons.is_empty() {
        let path = layout::PLATFORM_FILE.to_owned();
        reasons.push(Reason { path, change: FileChange::Modified, chain: Vec::new() });
    }
    Ok(reasons)
}

/// What lies at exactly `path`, without following symlinks at its end.
fn object_at(snapshot: &Snapshot, path: &str) -> Result<Option<(Mode, ObjectId)>, ClosureError> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let found = match snapshot.lookup(folder) {
        // What is a folder in one snapshot can be a symlink to anywhere in the other.
        Err(RepoError::Escapes { .. } | RepoError::LinkLoop { .. }) => None,
        found => found?,
    };
    let Some(FoundNode::Folder(tree)) = found.map(|found| found.node) else { return Ok(None) };
    let entry = tree.children().find(|(known, ..)| *known == name);
    Ok(entry.filter(|(_, mode, ..)| *mode != Mode::Folder).map(|(_, mode, id, _)| (mode, id)))
}
