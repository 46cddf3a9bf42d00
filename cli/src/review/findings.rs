//! What policies and the guard found: the same over several instances is one.

use serde::Serialize;

use super::wording;
use crate::{
    platform::{Instance, Level},
    policy::Finding,
};

/// A finding, and where it holds.
#[derive(Debug, Clone, Serialize)]
pub struct FindingGroup {
    /// The finding; its instance is the first one.
    #[serde(flatten)]
    pub finding: Finding,
    /// The instances; none: it is about files or objects.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<Instance>,
}

impl FindingGroup {
    /// Where it is: a place, and the instances.
    pub(super) fn subject(&self) -> String {
        let place = self.finding.place().unwrap_or_else(|| self.finding.rule.clone());
        match self.instances.as_slice() {
            [] => place,
            instances => format!("{place} · {}", wording::places(instances)),
        }
    }

    /// What is wrong, and what to do about it.
    pub(super) fn sentence(&self) -> String {
        let Finding { message, rule, help, .. } = &self.finding;
        match help {
            Some(help) => format!("{message} ({rule}): {help}"),
            None => format!("{message} ({rule})"),
        }
    }
}

/// Groups `findings`; what is refused comes first.
pub(super) fn group(findings: &[Finding]) -> Vec<FindingGroup> {
    let mut groups: Vec<FindingGroup> = Vec::new();
    for finding in findings {
        let same = |group: &&mut FindingGroup| {
            Finding { instance: None, ..group.finding.clone() } == Finding { instance: None, ..finding.clone() }
        };
        match (groups.iter_mut().find(same), &finding.instance) {
            (Some(group), Some(instance)) if !group.instances.contains(instance) => {
                group.instances.push(instance.clone());
            }
            (Some(_), _) => {}
            (None, instance) => {
                let (finding, instances) = (finding.clone(), instance.iter().cloned().collect());
                groups.push(FindingGroup { finding, instances });
            }
        }
    }
    groups.sort_by_key(|group| group.finding.level);
    groups
}

/// `1 refused by policy` and the like, for headlines.
pub(super) fn counts(groups: &[FindingGroup]) -> Vec<String> {
    let count = |level| groups.iter().filter(|group| group.finding.level == level).count();
    let mut parts = Vec::new();
    if let denied @ 1.. = count(Level::Deny) {
        parts.push(format!("{denied} refused by policy"));
    }
    if let warned @ 1.. = count(Level::Warn) {
        parts.push(format!("{warned} policy warning{}", if warned == 1 { "" } else { "s" }));
    }
    parts
}
