//! The built-in rules over what a plan does. Each is a function from one change to what is wrong with it.
//!
//! Of an update a plan tells only what changes, so rules look at that: what was let pass once is not told again with
//! every change that comes near.

mod access;
mod encryption;
pub(super) mod exposure;
mod tags;

use crate::{
    platform::{Level, Policy},
    terraform::{Action, ResourceChange, ResourceMode},
};

use super::{
    Finding,
    values::{Side, Values},
};

/// One change, as rules see it.
pub(super) struct Subject<'a> {
    pub(super) change: &'a ResourceChange,
    pub(super) before: Values,
    pub(super) after: Values,
    /// Whether the environment is a protected one.
    pub(super) protected: bool,
    /// The tags that are asked for.
    pub(super) tags: &'a [String],
}

impl Subject<'_> {
    /// The resource's type.
    pub(super) fn kind(&self) -> &str {
        &self.change.resource_type
    }

    /// Whether everything that the resource will be is told.
    pub(super) fn is_new(&self) -> bool {
        self.change.action == Action::Create
    }

    /// Whether the setting `name` is off: it is set so, or it is left out of a new resource, where that means off.
    pub(super) fn lacks(&self, name: &str) -> bool {
        match self.after.get(name) {
            None => self.is_new(),
            Some(value) => value.as_bool() == Some(false),
        }
    }
}

/// What a rule says of a change, one sentence for each thing that is wrong.
type Check = fn(&Subject<'_>) -> Vec<String>;

/// The rules of plans that are such functions; `protected` is none, since it goes by more than the change.
const CHECKS: &[(&str, Check)] = &[
    ("required-tags", tags::required),
    ("open-to-world", exposure::open_to_world),
    ("iam-wildcard", access::wildcard),
    ("unencrypted", encryption::missing),
    ("deletion-protection", encryption::unprotected),
];

/// What the built-in rules say of `change`.
pub(super) fn judge(policy: &Policy, change: &ResourceChange, protected: bool) -> Vec<Finding> {
    let keeps = !matches!(change.action, Action::Destroy | Action::Forget | Action::Read | Action::Move);
    if change.mode == ResourceMode::Data || !keeps || change.deposed.is_some() {
        return Vec::new();
    }
    let subject = Subject {
        change,
        before: Values::of(change, Side::Before),
        after: Values::of(change, Side::After),
        protected,
        tags: &policy.tags,
    };
    let mut findings = Vec::new();
    for (name, check) in CHECKS {
        let level = policy.level(name);
        if level != Level::Off {
            let found = check(&subject).into_iter();
            findings.extend(found.map(|message| Finding::new(level, *name, message).at(&change.address)));
        }
    }
    findings
}

/// Whether every rule of plans in the table is there.
#[cfg(test)]
#[test]
fn every_rule_of_plans_is_there() {
    use crate::platform::{Layer, RULES};
    let table = RULES.iter().filter(|rule| rule.layer == Layer::Plan && rule.name != "protected");
    let mut table: Vec<_> = table.map(|rule| rule.name).collect();
    let mut checks: Vec<_> = CHECKS.iter().map(|(name, _)| *name).collect();
    table.sort_unstable();
    checks.sort_unstable();
    assert_eq!(table, checks);
}

/// What `rule` says of a change that has these values afterwards.
#[cfg(test)]
fn said(rule: &str, kind: &str, action: Action, after: &[(&str, serde_json::Value)]) -> Vec<String> {
    let policy = Policy { tags: vec!["owner".to_owned()], ..Policy::default() };
    let found = judge(&policy, &super::values::change(kind, action, after), true).into_iter();
    found.filter(|finding| finding.rule == rule).map(|finding| finding.message).collect()
}
