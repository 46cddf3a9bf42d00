//! Change detection on generated repositories: each kind of reference, each kind of change.

mod laws;
mod recall;
mod repository;
mod scale;
mod snapshots;
mod widening;

use kstack::closure::{Affected, Changes, Memo, affected};

use repository::{Files, Repo};

/// What differs between two states, both read with one memo as the program does.
fn changes(base: &Files, head: &Files) -> Changes {
    let repo = Repo::new();
    let (base, head) = (repo.snapshot(base), repo.snapshot(head));
    affected(Some(&base), &head, &Memo::default()).unwrap()
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
