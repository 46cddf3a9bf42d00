//! What a plan does, held against the policies of the merged commit: whatever a bundle says of itself, a plan that they
//! refuse is not applied. What was allowed with a word counts only if the bundle was made with it.

use crate::{
    pipeline::{
        bundle::Manifest,
        due::Stage,
        fit::{Check, Field},
    },
    platform::Level,
    policy::{Finding, Planned, Words},
};

/// What the policies say of the plan of `manifest`, which is applied in `stage`; `None`: it changes nothing.
pub(in crate::pipeline) fn allowed(stage: &Stage, manifest: &Manifest) -> Option<Check> {
    if manifest.changes.is_empty() {
        return None;
    }
    let said = manifest.protected.iter().filter(|(_, allowed)| **allowed).map(|(address, _)| address.clone());
    let mut found = stage.policies.judge(&Planned {
        instance: &manifest.instance,
        destroy: manifest.destroy,
        changes: &manifest.changes,
        protect: &stage.protect,
        words: &Words::for_addresses(said),
    });
    // What was protected where the change began may not be so any more after it.
    let level = stage.platform.policy.level("protected");
    let unsaid = manifest.protected.iter().filter(|(_, allowed)| level == Level::Deny && !**allowed);
    for (address, _) in unsaid {
        if found.iter().all(|finding| finding.rule != "protected" || finding.address.as_ref() != Some(address)) {
            found.push(Finding::new(level, "protected", "it is protected, and would be lost").at(address));
        }
    }
    let denied: Vec<String> = found.iter().filter(|finding| finding.denies()).map(told).collect();
    let refused = (!denied.is_empty()).then(|| denied.join("; "));
    Some(Check {
        field: Field::Rules,
        reviewed: "a plan that they allow".to_owned(),
        fits: refused.is_none(),
        found: refused.unwrap_or_else(|| "a plan that they allow".to_owned()),
    })
}

/// A finding in one line.
fn told(finding: &Finding) -> String {
    let place = finding.place().map(|place| format!("`{place}`: ")).unwrap_or_default();
    format!("{place}{} ({})", finding.message, finding.rule)
}
