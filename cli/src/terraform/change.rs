//! The normalised change list: what a plan would do, the same whichever reader found it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a plan would do to one instance.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChangeList {
    /// Resources that would change, sorted by address. Resources that stay as they are do not appear.
    pub resources: Vec<ResourceChange>,
    /// Changes made outside Terraform that refresh found, sorted by address.
    pub drift: Vec<ResourceChange>,
    /// Root outputs that would change, sorted by name.
    pub outputs: Vec<OutputChange>,
    /// Conditions and `check` blocks that do not hold, or cannot be told yet, sorted by address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckResult>,
}

impl ChangeList {
    /// Whether applying would change nothing at all.
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty() && self.outputs.is_empty()
    }

    /// Drops drift that the plan has no answer to: attributes that the provider fills in after the fact, and settings
    /// that the configuration leaves open. They would be listed again and again, since a plan without changes is
    /// never applied. What the plan undoes or goes along with stays, and so do objects that are gone.
    pub fn keep_answered_drift(&mut self) {
        let Self { resources, drift, .. } = self;
        drift.retain_mut(|drifted| {
            if drifted.action != Action::Update {
                return true;
            }
            let planned = resources.iter().filter(|change| change.address == drifted.address);
            let planned: Vec<&str> =
                planned.flat_map(|change| &change.attributes).map(|attribute| attribute.path.as_str()).collect();
            drifted.attributes.retain(|attribute| planned.iter().any(|path| overlaps(path, &attribute.path)));
            !drifted.attributes.is_empty()
        });
    }

    /// Whether any resource would be created, changed, replaced or destroyed.
    pub fn touches_resources(&self) -> bool {
        self.resources.iter().any(|change| change.action != Action::Read)
    }
}

/// Whether one of the paths is the other, or lies inside it.
fn overlaps(one: &str, other: &str) -> bool {
    let inside = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    inside(one, other) || inside(other, one)
}

/// What would happen to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// A data source is read during apply.
    Read,
    /// Only its address, or its import, changes.
    Move,
    /// Made new.
    Create,
    /// Changed in place.
    Update,
    /// Destroyed, then made again.
    DestroyThenCreate,
    /// Made again, then the old one destroyed.
    CreateThenDestroy,
    /// Dropped from the state but left alone, and made again.
    ForgetThenCreate,
    /// Destroyed.
    Destroy,
    /// Dropped from the state but left alone.
    Forget,
}

impl Action {
    /// Whether the object that exists now is lost.
    pub fn destroys(self) -> bool {
        matches!(self, Self::Destroy | Self::DestroyThenCreate | Self::CreateThenDestroy)
    }

    /// Whether it is a replacement, in either order.
    pub fn replaces(self) -> bool {
        matches!(self, Self::DestroyThenCreate | Self::CreateThenDestroy | Self::ForgetThenCreate)
    }
}

/// Terraform's two modes of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResourceMode {
    /// `resource` blocks.
    Managed,
    /// `data` blocks.
    Data,
}

/// What would happen to one resource instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResourceChange {
    /// Absolute address, such as `module.cluster.aws_vpc.this[0]`.
    pub address: String,
    /// The address before a `moved` block, if it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_address: Option<String>,
    /// Resource or data source.
    pub mode: ResourceMode,
    /// Type, such as `aws_vpc`.
    pub resource_type: String,
    /// Provider source address without host for the public registry, such as `hashicorp/aws`.
    pub provider: String,
    /// What would happen.
    pub action: Action,
    /// Terraform's reason, such as `replace_because_cannot_update`, if it gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Id of the object that is imported, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub importing: Option<String>,
    /// Key of the deposed object that is destroyed, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposed: Option<String>,
    /// Attributes that would change, in order of their paths. Listed for creations, updates and replacements;
    /// an update without any only changes what counts as sensitive.
    pub attributes: Vec<AttributeChange>,
}

/// A changed value inside a resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttributeChange {
    /// Path in Terraform's notation, such as `tags.Name`, `tags["kubernetes.io/x"]` or `ingress[0].cidr_blocks`.
    pub path: String,
    /// The value now.
    pub before: Shown,
    /// The value afterwards.
    pub after: Shown,
    /// Whether this change is what forces the replacement.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forces_replacement: bool,
}

/// A root output that would change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutputChange {
    /// Its name.
    pub name: String,
    /// The value now.
    pub before: Shown,
    /// The value afterwards.
    pub after: Shown,
}

/// What came of the conditions of an object that does not meet all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    /// What has the conditions, such as `check.health`, `output.endpoint` or `module.m.aws_vpc.this[0]`.
    pub address: String,
    /// What came of them.
    pub status: CheckStatus,
    /// Their messages, sorted; Terraform itself leaves sensitive ones out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// Terraform's statuses of conditions, other than that they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckStatus {
    /// Known only after apply.
    Unknown,
    /// At least one does not hold.
    Fail,
    /// At least one could not be evaluated.
    Error,
}

/// A value as it may be shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shown {
    /// There is none: null, or the object does not exist.
    Absent,
    /// Known only after apply.
    Unknown,
    /// Marked sensitive; the value is not carried along.
    Sensitive,
    /// The value.
    Value(Value),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(address: &str, action: Action, paths: &[&str]) -> ResourceChange {
        let attribute = |path: &&str| AttributeChange {
            path: (*path).to_owned(),
            before: Shown::Absent,
            after: Shown::Unknown,
            forces_replacement: false,
        };
        ResourceChange {
            address: address.to_owned(),
            previous_address: None,
            mode: ResourceMode::Managed,
            resource_type: "aws_vpc".to_owned(),
            provider: "hashicorp/aws".to_owned(),
            action,
            reason: None,
            importing: None,
            deposed: None,
            attributes: paths.iter().map(attribute).collect(),
        }
    }

    #[test]
    fn drift_counts_where_the_plan_answers_it() {
        let mut list = ChangeList {
            resources: vec![
                change("aws_vpc.a", Action::Update, &["tags.Name", "route"]),
                change("aws_vpc.gone", Action::Create, &[]),
            ],
            drift: vec![
                change("aws_vpc.a", Action::Update, &["arn", "route[0].cidr", "tags.Name", "tags.NameServer"]),
                change("aws_vpc.b", Action::Update, &["arn"]),
                change("aws_vpc.gone", Action::Destroy, &[]),
            ],
            outputs: Vec::new(),
            checks: Vec::new(),
        };
        list.keep_answered_drift();
        let kept: Vec<_> = list.drift.iter().map(|change| change.address.as_str()).collect();
        assert_eq!(kept, ["aws_vpc.a", "aws_vpc.gone"]);
        let paths: Vec<_> = list.drift[0].attributes.iter().map(|attribute| attribute.path.as_str()).collect();
        assert_eq!(paths, ["route[0].cidr", "tags.Name"]);
    }
}
