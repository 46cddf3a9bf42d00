//! Change detection on generated repositories: each kind of reference, each kind of change.

mod commands;
mod fleet;
mod ground_truth;
mod history;
mod kinds;
mod laws;
mod recall;
mod repository;
mod scale;
mod snapshots;
mod widening;

use std::collections::{BTreeMap, BTreeSet};

use kstack::{
    closure::{Affected, Changes, Inventory, Memo, affected, closures},
    repo::Snapshot,
};

use repository::{Files, Repo};

/// A first state, to compare others with. Everything is read with one memo, as the program does.
struct Before {
    repo: Repo,
    memo: Memo,
    snapshot: Snapshot,
}

impl Before {
    fn of(files: &Files) -> Self {
        let repo = Repo::new();
        let snapshot = repo.snapshot(files);
        Self { repo, memo: Memo::default(), snapshot }
    }

    /// What differs when the repository is as `files` says.
    fn after(&self, files: &Files) -> Changes {
        let head = self.repo.snapshot(files);
        let changes = affected(Some(&self.snapshot), &head, &self.memo).unwrap();
        self.nothing_is_passed_over(&head, &changes);
        changes
    }

    /// Closures that a change cannot reach are not worked out twice. Here they are: none of them may differ.
    fn nothing_is_passed_over(&self, head: &Snapshot, changes: &Changes) {
        let all = |snapshot: &Snapshot| {
            let inventory = Inventory::load(snapshot).ok()?;
            let closures = closures(snapshot, &inventory, &inventory.instances(), &self.memo).unwrap();
            Some(closures.into_iter().map(|closure| (closure.instance, closure.hash)).collect::<BTreeMap<_, _>>())
        };
        let (Some(base), Some(head)) = (all(&self.snapshot), all(head)) else { return };
        let instances = base.keys().chain(head.keys()).collect::<BTreeSet<_>>();
        let differ = instances.into_iter().filter(|instance| base.get(instance) != head.get(instance));
        let told = changes.affected.iter().map(|affected| &affected.instance).collect::<BTreeSet<_>>();
        assert_eq!(told, differ.collect());
    }
}

/// What differs between two states.
fn changes(base: &Files, head: &Files) -> Changes {
    Before::of(base).after(head)
}

/// `kind stack/environment` of each.
fn names(changes: &Changes) -> Vec<String> {
    let name = |affected: &Affected| format!("{} {}", affected.kind, affected.instance.key());
    changes.affected.iter().map(name).collect()
}

/// The stacks, without environments and repetitions.
fn stacks(changes: &Changes) -> Vec<String> {
    let mut names = changes.affected.iter().map(|affected| affected.instance.stack.to_string()).collect::<Vec<_>>();
    names.dedup();
    names
}

/// The chain to `path`, a line for each step.
fn chain(changes: &Changes, stack: &str, path: &str) -> String {
    let of_stack = |affected: &&Affected| affected.instance.stack.as_str() == stack;
    let reasons = changes.affected.iter().filter(of_stack).flat_map(|affected| &affected.reasons);
    let reason = reasons.into_iter().find(|reason| reason.path == path).expect("the path is a reason");
    let steps = reason.chain.iter().map(|link| {
        let line = link.line.map(|line| format!(":{line}")).unwrap_or_default();
        format!("{}{line} ({})", link.path, link.by)
    });
    steps.chain([format!("{} {}", reason.path, reason.change)]).collect::<Vec<_>>().join("\n")
}
