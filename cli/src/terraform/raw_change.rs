//! What both readers of plans find for a resource, and what becomes of it in the change list.

use super::{
    Action, CheckResult, ResourceChange, ResourceMode,
    cell::{Cell, Step},
    diff,
};

/// Terraform's own registry, and OpenTofu's: providers there are named without it.
const PUBLIC_REGISTRIES: [&str; 2] = ["registry.terraform.io/", "registry.opentofu.org/"];

/// A planned change as a plan has it.
pub(super) struct RawChange {
    pub(super) address: String,
    pub(super) previous_address: Option<String>,
    pub(super) mode: ResourceMode,
    pub(super) resource_type: String,
    /// With its host.
    pub(super) provider: String,
    /// `None` for a resource that stays as it is.
    pub(super) action: Option<Action>,
    pub(super) reason: Option<String>,
    pub(super) importing: Option<String>,
    pub(super) deposed: Option<String>,
    pub(super) before: Cell,
    pub(super) after: Cell,
    pub(super) replace: Vec<Vec<Step>>,
}

impl RawChange {
    /// As an entry of the change list, if it is worth one.
    pub(super) fn finish(self) -> Option<ResourceChange> {
        let moved = self.previous_address.is_some() || self.importing.is_some();
        let action = match self.action {
            // Dropping a data source from the state changes nothing outside it; Terraform hides it as well.
            Some(Action::Destroy) if self.mode == ResourceMode::Data => return None,
            Some(action) => action,
            None if moved => Action::Move,
            None => return None,
        };
        let attributes = match action {
            Action::Create | Action::Update => diff::attributes(&self.before, &self.after, &[]),
            action if action.replaces() => diff::attributes(&self.before, &self.after, &self.replace),
            _ => Vec::new(),
        };
        let provider = PUBLIC_REGISTRIES.iter().find_map(|host| self.provider.strip_prefix(host));
        Some(ResourceChange {
            provider: provider.unwrap_or(&self.provider).to_owned(),
            address: self.address,
            previous_address: self.previous_address,
            mode: self.mode,
            resource_type: self.resource_type,
            action,
            reason: self.reason,
            importing: self.importing,
            deposed: self.deposed,
            attributes,
        })
    }
}

/// Drift of which anything is left when marks for secrets are set aside: Terraform finds drift as well
/// where a newer version of it, or of a provider, marks more than the state does.
pub(super) fn finish_drift(changes: impl IntoIterator<Item = RawChange>) -> Vec<ResourceChange> {
    let mut finished = finish_all(changes);
    finished.retain(|change| change.action != Action::Update || !change.attributes.is_empty());
    finished
}

/// Those that do not hold, sorted by address; their messages are sorted too, since Terraform evaluates conditions in any order.
pub(super) fn finish_checks(checks: impl IntoIterator<Item = Option<CheckResult>>) -> Vec<CheckResult> {
    let mut finished: Vec<_> = checks.into_iter().flatten().collect();
    finished.sort_by(|one, two| one.address.cmp(&two.address));
    for check in &mut finished {
        check.problems.sort();
    }
    finished
}

/// Sorted by address, and within it by deposed key.
pub(super) fn finish_all(changes: impl IntoIterator<Item = RawChange>) -> Vec<ResourceChange> {
    let mut finished: Vec<_> = changes.into_iter().filter_map(RawChange::finish).collect();
    finished.sort_by(|one, two| (&one.address, &one.deposed).cmp(&(&two.address, &two.deposed)));
    finished
}
