//! The statuses of a commit: their names, and what a review makes of them.

use crate::{
    forge::CommitState,
    platform::EnvironmentName,
    review::{EnvironmentSummary, Review},
};

/// The one that branch protection asks for: merging would apply exactly what was reviewed.
pub(super) const EXACT: &str = "kstack/plan-exact";

/// What a change does to an environment.
pub(super) fn plan(environment: &EnvironmentName) -> String {
    format!("kstack/plan ({environment})")
}

/// What was delivered to an environment.
pub(super) fn apply(environment: &EnvironmentName) -> String {
    format!("kstack/apply ({environment})")
}

/// What `review` says of an environment. `shared` is where the shared stacks go with.
pub(super) fn of_environment(review: &Review, name: &str, with_shared: bool) -> (CommitState, String) {
    let is_its = |summary: &&EnvironmentSummary| summary.name == name || (with_shared && summary.name == "shared");
    let mut words = Vec::new();
    let (mut failed, mut pending) = (0, 0);
    let (mut resources, mut objects) = ([0; 5], 0);
    for summary in review.environments.iter().filter(is_its) {
        failed += summary.failed;
        pending += summary.pending;
        objects += summary.objects.total();
        let counts = summary.resources;
        let counts = [counts.create, counts.change, counts.replace, counts.destroy, counts.state_only];
        for (sum, count) in resources.iter_mut().zip(counts) {
            *sum += count;
        }
    }
    if failed > 0 {
        words.push(format!("{failed} failed"));
    }
    let named = ["to create", "to change", "to replace", "to destroy", "only in the state"];
    words.extend(
        resources.iter().zip(named).filter(|(count, _)| **count > 0).map(|(count, what)| format!("{count} {what}")),
    );
    match objects {
        0 => {}
        1 => words.push("1 object changes".to_owned()),
        many => words.push(format!("{many} objects change")),
    }
    if pending > 0 {
        words.push(format!("{pending} not planned yet"));
    }
    if words.is_empty() {
        words.push("no changes".to_owned());
    }
    (if failed > 0 { CommitState::Failure } else { CommitState::Success }, words.join(", "))
}
