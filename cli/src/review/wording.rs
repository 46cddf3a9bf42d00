//! The words and symbols of a review, the same in every form.

use std::collections::HashMap;

use super::{
    Comparison, Risk, Unlike,
    checks::CheckGroup,
    findings,
    grouping::ResourceGroup,
    model::{Counts, EngineChange, EnvironmentSummary, InstanceState, ObjectCounts, Review},
    objects,
    stages::Stage,
};
use crate::{
    platform::{EnvironmentName, Instance},
    render::{EngineDiff, ObjectChange, Registry},
    terraform::{Action, CheckStatus},
};

/// The symbol and the verb of an action.
pub(super) fn action(group: &ResourceGroup) -> (&'static str, &'static str) {
    match group.action {
        _ if group.deposed.is_some() => ("-", "old copy destroyed"),
        Action::Create if group.importing.is_some() => ("+", "imported"),
        Action::Update if group.importing.is_some() => ("~", "imported and changed"),
        Action::Move if group.importing.is_some() => ("=", "imported"),
        action => bare_action(action),
    }
}

fn bare_action(action: Action) -> (&'static str, &'static str) {
    match action {
        Action::Create => ("+", "created"),
        Action::Update => ("~", "changed"),
        Action::DestroyThenCreate => ("±", "destroyed, then created"),
        Action::CreateThenDestroy => ("±", "created, then the old one destroyed"),
        Action::Destroy => ("-", "destroyed"),
        Action::Forget => ("x", "dropped from the state, left in place"),
        Action::ForgetThenCreate => ("±", "dropped from the state and left in place, then created anew"),
        Action::Move => ("=", "moved"),
        Action::Read => ("?", "read"),
    }
}

/// The symbol and the verb of an object's change.
pub(super) fn object(change: ObjectChange, kept: bool) -> (&'static str, &'static str) {
    match change {
        ObjectChange::Added => ("+", "added"),
        ObjectChange::Changed => ("~", "changed"),
        ObjectChange::Removed if kept => ("-", "removed here, stays in the cluster"),
        ObjectChange::Removed => ("-", "removed"),
    }
}

/// What came of conditions, as a verb.
pub(super) fn check(group: &CheckGroup) -> &'static str {
    match group.status {
        CheckStatus::Fail => "does not hold",
        CheckStatus::Error => "cannot be evaluated",
        CheckStatus::Unknown => "is known after apply",
    }
}

/// The heading of conditions that do not hold.
pub(super) const CHECKS: &str = "Checks that do not hold";

/// The heading of conditions of which the plan knows nothing yet.
pub(super) const UNKNOWN_CHECKS: &str = "Checks known after apply";

/// All risks, in the order of review.
pub(super) const RISKS: [Risk; 5] = [Risk::StateLost, Risk::Lost, Risk::Access, Risk::Network, Risk::Other];

/// The heading of a risk.
pub(super) fn risk(risk: Risk) -> &'static str {
    match risk {
        Risk::StateLost => "Destroyed or replaced, with what it holds",
        Risk::Lost => "Destroyed or replaced",
        Risk::Access => "Identity and access",
        Risk::Network => "Network",
        Risk::Other => "Everything else",
    }
}

/// Terraform's reason in words; `None` for those that say nothing new.
pub(super) fn reason(reason: &str) -> Option<&'static str> {
    Some(match reason {
        "replace_because_tainted" => "it is tainted",
        "replace_because_cannot_update" => "it cannot be changed in place",
        "replace_by_request" => "asked for with -replace",
        "replace_by_triggers" => "replace_triggered_by",
        "delete_because_no_resource_config" => "it is no longer in the configuration",
        "delete_because_no_module" => "its module is no longer in the configuration",
        "delete_because_wrong_repetition" => "it changed between count, for_each and neither",
        "delete_because_count_index" => "its index is beyond count",
        "delete_because_each_key" => "its key is no longer in for_each",
        "delete_because_no_move_target" => "it was moved to nowhere",
        _ => return None,
    })
}

/// The whole in one line, such as `2 to create, 1 to replace; 5 objects change`.
pub(super) fn headline(review: &Review) -> String {
    let counts = review.counts();
    let mut parts = Vec::new();
    let is_later = |state: &InstanceState| matches!(state, InstanceState::Staged { .. });
    let later = review.instances.iter().filter(|instance| is_later(&instance.state)).count();
    if counts != Counts::default() {
        let parts_of = [
            (counts.create, "to create"),
            (counts.change, "to change"),
            (counts.replace, "to replace"),
            (counts.destroy, "to destroy"),
            (counts.state_only, "only in the state"),
        ];
        let named: Vec<_> = parts_of.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
        parts.push(named.join(", "));
    } else if review.instances.len() > later {
        parts.push("no changes to infrastructure".to_owned());
    }
    if later > 0 {
        parts.push(format!("{later} in later stages"));
    }
    let objects = review.object_counts().total();
    match objects {
        0 if review.instances.is_empty() && review.failures.is_empty() && review.engines.is_empty() => {
            parts.push("no changes to objects".to_owned());
        }
        0 => {}
        1 => parts.push("1 object changes".to_owned()),
        many => parts.push(format!("{many} objects change")),
    }
    if !review.engines.is_empty() {
        parts.push("the engine changes".to_owned());
    }
    match review.failing_checks().map(|group| group.instances.len()).sum() {
        0 => {}
        1 => parts.push("1 check does not hold".to_owned()),
        many => parts.push(format!("{many} checks do not hold")),
    }
    parts.extend(findings::counts(&review.findings));
    if !review.failures.is_empty() {
        parts.push(format!("{} failed", review.failures.len()));
    }
    parts.join("; ")
}

/// What a comparison comes to.
pub(super) fn comparison(comparison: &Comparison) -> String {
    let Comparison { one, applied, other, alike, unlike, .. } = comparison;
    let gets = if *applied { "got" } else { "gets" };
    let alike = match alike {
        0 => String::new(),
        1 => "; 1 other change is the same".to_owned(),
        many => format!("; {many} other changes are the same"),
    };
    match unlike.len() {
        0 => format!("{other} would get what {one} {gets}{alike}").replace(" other change", " change"),
        1 => format!("1 change is not what {one} {gets}{alike}"),
        many => format!("{many} changes are not what {one} {gets}{alike}"),
    }
}

/// How a change differs between two environments.
pub(super) fn unlike(unlike: &Unlike, comparison: &Comparison) -> String {
    let Comparison { one, other, .. } = comparison;
    let verb = |action| bare_action(action).1;
    match (unlike.one, unlike.other) {
        (Some(action), None) => format!("{} in {one} only", verb(action)),
        (None, Some(action)) => format!("{} in {other} only", verb(action)),
        (Some(before), Some(after)) if before != after => {
            format!("{} in {one}, {} in {other}", verb(before), verb(after))
        }
        (_, Some(action)) => format!("{} in both, with other values", verb(action)),
        (None, None) => String::new(),
    }
}

/// What else there is to know of an environment: what is bad, and the rest.
pub(super) fn remarks(summary: &EnvironmentSummary) -> (Vec<String>, Vec<String>) {
    let (mut bad, mut rest) = (Vec::new(), Vec::new());
    if summary.failed > 0 {
        bad.push(format!("{} failed", summary.failed));
    }
    if summary.pending > 0 {
        rest.push(format!("{} not planned yet", summary.pending));
    }
    if summary.preview {
        rest.push("preview".to_owned());
    }
    (bad, rest)
}

/// The heading of a stage.
pub(super) fn stage(stage: &Stage) -> String {
    format!("Stage {}, after {}: expected changes", stage.stage, places(&stage.after))
}

/// What a reader must know of a stage.
pub(super) fn stage_note(stage: &Stage) -> String {
    let after = places(&stage.after);
    let unchanged = match stage.unchanged.as_slice() {
        [] => String::new(),
        unchanged => format!("; no changes in {}", places(unchanged)),
    };
    format!(
        "what comes from {after} is known when that is applied; then this is planned again, and applied if it does just \
         this and destroys nothing{unchanged}"
    )
}

/// What is said of an instance whose stage cannot be foreseen.
pub(super) fn unforeseen(stage: usize, after: &[Instance]) -> String {
    format!("waits in stage {stage} for {}; what it will do cannot be shown before", places(after))
}

/// The line of a pull request's description that allows the loss of what is protected.
pub(super) fn allowance(address: &str) -> String {
    format!("kstack: allow destroy {address}")
}

/// Counts of objects, such as `+3 ~1 -2`.
pub(super) fn object_counts(counts: ObjectCounts) -> String {
    let parts = [("+", counts.added), ("~", counts.changed), ("-", counts.removed)];
    let parts: Vec<_> = parts.iter().filter(|(_, n)| *n > 0).map(|(sign, n)| format!("{sign}{n}")).collect();
    if parts.is_empty() { "–".to_owned() } else { parts.join(" ") }
}

/// Instances by stack, such as `eks-gc0 (ops, apps), eks-gc1 (apps) and 4 more`.
pub(super) fn places(instances: &[Instance]) -> String {
    some_of(&by_stack(instances))
}

/// [`places`], however many.
pub(super) fn all_places(instances: &[Instance]) -> String {
    by_stack(instances).join(", ")
}

fn by_stack(instances: &[Instance]) -> Vec<String> {
    let mut stacks: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    for instance in instances {
        let environment = instance.environment.as_ref().map_or("shared", EnvironmentName::as_str);
        let index = *known.entry(instance.stack.as_str()).or_insert(stacks.len());
        match stacks.get_mut(index) {
            Some((_, environments)) => environments.push(environment),
            None => stacks.push((instance.stack.as_str(), vec![environment])),
        }
    }
    stacks.iter().map(|(stack, environments)| format!("{stack} ({})", environments.join(", "))).collect()
}

/// [`places`] of registries.
pub(super) fn registries(registries: &[Registry]) -> String {
    places(&registries.iter().map(objects::instance).collect::<Vec<_>>())
}

/// The heading of a risk, for objects.
pub(super) fn risk_of_objects(risk: Risk) -> &'static str {
    match risk {
        Risk::StateLost => "Objects removed, with what they hold",
        Risk::Lost => "Objects removed",
        Risk::Access => "Objects of identity and access",
        Risk::Network => "Objects of the network",
        Risk::Other => "Other objects",
    }
}

/// The first few of many, such as `a, b, c and 4 more`.
pub(super) fn some_of(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// A change of an engine in one line: its versions, or else how many of its objects change.
pub(super) fn engine(change: &EngineChange) -> String {
    let EngineDiff { before, after, added, removed, changed } = &change.difference;
    let counts = ObjectCounts { added: added.len(), changed: changed.len(), removed: removed.len() };
    let objects = format!("its objects: {}", object_counts(counts));
    match (before, after) {
        (None, Some(after)) => format!("engine {after} installed ({objects})"),
        (Some(before), None) => format!("engine {before} removed ({objects})"),
        (Some(before), Some(after)) if before != after => format!("engine {before} → {after} ({objects})"),
        _ => format!("engine manifests ({objects})"),
    }
}
