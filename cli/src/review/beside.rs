//! Environments side by side: what one gets, or got, that the next one does not get, and the other way round.
//!
//! A change is promoted because it went well in the environment before. That says little about whatever differs here.

use std::collections::HashMap;

use serde::Serialize;

use super::{
    input::{BeforeInput, InstanceInput, Outcome, ReviewInput},
    names::Named,
};
use crate::{
    platform::{EnvironmentName, Instance, StackName},
    terraform::{Action, AttributeChange, ChangeList, ResourceChange, Shown},
};

/// The same stacks in two environments.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The stacks that differ in the same way.
    pub stacks: Vec<StackName>,
    /// The environment that comes first.
    pub one: EnvironmentName,
    /// Whether it has had its changes, and they are not just planned.
    pub applied: bool,
    /// The one that comes after it.
    pub other: EnvironmentName,
    /// How many resource changes are the same but for names.
    pub alike: usize,
    /// Those that are not: what destroys first, then by address.
    pub unlike: Vec<Unlike>,
}

/// A resource that is changed in one environment and not, or not in the same way, in the other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unlike {
    /// Its address, as in the environment that changes it.
    pub address: String,
    /// What happens in the first; `None`: nothing.
    pub one: Option<Action>,
    /// What happens in the other; `None`: nothing.
    pub other: Option<Action>,
    /// Where the same happens: the attributes that get other values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<UnlikeAttribute>,
}

/// An attribute that gets another value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UnlikeAttribute {
    /// Its path.
    pub path: String,
    /// The value in the first environment.
    pub one: Shown,
    /// The value in the other.
    pub other: Shown,
}

/// One side of a comparison.
struct Side<'a> {
    instance: &'a Instance,
    environment: &'a EnvironmentName,
    changes: &'a ChangeList,
    applied: bool,
}

/// Compares each stack of `input` between environments that follow each other in it.
pub(super) fn of(input: &ReviewInput) -> Vec<Comparison> {
    let before = input.before.iter().filter_map(|BeforeInput { instance, changes }| side(instance, changes, true));
    let planned = input.instances.iter().filter_map(|InstanceInput { instance, outcome, .. }| match outcome {
        Outcome::Planned(changes) => side(instance, changes, false),
        _ => None,
    });
    let mut last: HashMap<&StackName, Side<'_>> = HashMap::new();
    let mut comparisons: Vec<Comparison> = Vec::new();
    for side in before.chain(planned) {
        let stack = &side.instance.stack;
        let compared = last.get(stack).filter(|one| one.environment != side.environment);
        if let Some(mut found) = compared.map(|one| compare(one, &side)) {
            let same = |known: &&mut Comparison| {
                known.unlike == found.unlike
                    && (&known.one, known.applied, &known.other) == (&found.one, found.applied, &found.other)
            };
            match comparisons.iter_mut().find(same) {
                Some(known) => {
                    known.stacks.append(&mut found.stacks);
                    known.alike += found.alike;
                }
                None => comparisons.push(found),
            }
        }
        last.insert(stack, side);
    }
    // That two plans of one change are alike can be seen from the changes themselves.
    comparisons.retain(|comparison| comparison.applied || !comparison.unlike.is_empty());
    comparisons
}

fn side<'a>(instance: &'a Instance, changes: &'a ChangeList, applied: bool) -> Option<Side<'a>> {
    Some(Side { instance, environment: instance.environment.as_ref()?, changes, applied })
}

fn compare(one: &Side<'_>, other: &Side<'_>) -> Comparison {
    let changing = |side: &Side<'_>| -> Vec<ResourceChange> {
        side.changes.resources.iter().filter(|change| change.action != Action::Read).cloned().collect()
    };
    let (ones, others) = (changing(one), changing(other));
    let by_address: HashMap<&str, usize> =
        others.iter().enumerate().map(|(index, change)| (change.address.as_str(), index)).collect();
    let mut met = vec![false; others.len()];
    let (mut alike, mut unlike) = (0, Vec::new());
    for change in &ones {
        let same_address =
            |candidate: &ResourceChange| change.address.alike(one.instance, &candidate.address, other.instance);
        let named = [one.environment.as_str(), one.instance.stack.as_str()];
        let found = by_address.get(change.address.as_str()).copied().or_else(|| {
            // Names of resources seldom hold those of environments.
            let may_differ = named.iter().any(|name| change.address.contains(name));
            may_differ.then(|| others.iter().position(same_address)).flatten()
        });
        let Some(index) = found else {
            unlike.push(Unlike {
                address: change.address.clone(),
                one: Some(change.action),
                other: None,
                attributes: Vec::new(),
            });
            continue;
        };
        met[index] = true;
        let counterpart = &others[index];
        let attributes = match change.action == counterpart.action {
            true => attributes(one.instance, &change.attributes, other.instance, &counterpart.attributes),
            false => Vec::new(),
        };
        if change.action == counterpart.action && attributes.is_empty() {
            alike += 1;
        } else {
            unlike.push(Unlike {
                address: counterpart.address.clone(),
                one: Some(change.action),
                other: Some(counterpart.action),
                attributes,
            });
        }
    }
    let alone = others.iter().zip(&met).filter(|(_, met)| !**met).map(|(change, _)| Unlike {
        address: change.address.clone(),
        one: None,
        other: Some(change.action),
        attributes: Vec::new(),
    });
    unlike.extend(alone);
    let destroys = |unlike: &Unlike| [unlike.one, unlike.other].into_iter().flatten().any(Action::destroys);
    unlike.sort_by(|a, b| destroys(b).cmp(&destroys(a)).then_with(|| a.address.cmp(&b.address)));
    Comparison {
        stacks: vec![other.instance.stack.clone()],
        one: one.environment.clone(),
        applied: one.applied,
        other: other.environment.clone(),
        alike,
        unlike,
    }
}

/// The attributes whose values afterwards differ in more than names.
fn attributes(
    here: &Instance,
    ones: &[AttributeChange],
    there: &Instance,
    others: &[AttributeChange],
) -> Vec<UnlikeAttribute> {
    let after = |changes: &[AttributeChange], path: &str| {
        changes.iter().find(|change| change.path == path).map_or(Shown::Absent, |change| change.after.clone())
    };
    let paths = ones.iter().chain(others.iter().filter(|other| ones.iter().all(|one| one.path != other.path)));
    let compared = paths.map(|change| UnlikeAttribute {
        path: change.path.clone(),
        one: after(ones, &change.path),
        other: after(others, &change.path),
    });
    compared.filter(|attribute| !attribute.one.alike(here, &attribute.other, there)).collect()
}

#[cfg(test)]
mod tests {
    use super::{
        super::{COMMENT_BUDGET, Plain, Review, tests::sample},
        *,
    };

    fn list(environment: &str, size: u64, extra: &[&str]) -> ChangeList {
        let pool = sample::resource(
            "module.pool.terraform_data.this",
            Action::Update,
            vec![
                sample::attribute("input.name", sample::value("x"), sample::value(format!("pool-{environment}"))),
                sample::attribute("input.size", sample::value(1), sample::value(size)),
            ],
        );
        let same = sample::resource("terraform_data.same", Action::Create, Vec::new());
        let extra = extra.iter().map(|address| sample::resource(address, Action::Destroy, Vec::new()));
        ChangeList { resources: [pool, same].into_iter().chain(extra).collect(), ..ChangeList::default() }
    }

    fn planned(stack: &str, environment: &str, changes: ChangeList) -> InstanceInput {
        InstanceInput {
            instance: sample::instance(stack, environment),
            outcome: Outcome::Planned(changes),
            protect: Vec::new(),
            reasons: Vec::new(),
            notices: Vec::new(),
        }
    }

    #[test]
    fn what_differs_from_the_environment_before_is_told() {
        let before = |stack: &str| BeforeInput {
            instance: sample::instance(stack, "ops"),
            changes: list("ops", 2, &["terraform_data.old"]),
        };
        let input = ReviewInput {
            before: vec![before("net"), before("edge")],
            instances: vec![
                planned("net", "apps", list("apps", 3, &["terraform_data.db"])),
                planned("edge", "apps", list("apps", 3, &["terraform_data.db"])),
            ],
            ..ReviewInput::default()
        };
        let review = Review::new(&input);
        insta::assert_snapshot!(section(&review.terminal(&Plain)), @"
        apps compared with ops
          net (apps), edge (apps): 3 changes are not what ops got; 2 other changes are the same
          ≠ terraform_data.db destroyed in apps only  net (apps), edge (apps)
          ≠ terraform_data.old destroyed in ops only  net (apps), edge (apps)
          ≠ module.pool.terraform_data.this changed in both, with other values  net (apps), edge (apps)
              input.size: 2 in ops, 3 in apps
        ");
        insta::assert_snapshot!(section(&review.markdown(COMMENT_BUDGET)), @"
        #### apps compared with ops

        net (apps), edge (apps): 3 changes are not what ops got; 2 other changes are the same

        - `≠` `terraform_data.db` destroyed in apps only · net (apps), edge (apps)
        - `≠` `terraform_data.old` destroyed in ops only · net (apps), edge (apps)
        <details><summary><code>≠</code> <code>module.pool.terraform_data.this</code> changed in both, with other values · net (apps), edge (apps)</summary>

        ```diff
          input.size: 2 in ops, 3 in apps
        ```

        </details>
        ");
    }

    /// What a text says under the heading of comparisons.
    fn section(text: &str) -> &str {
        let start = text.find("compared with").and_then(|at| text[..at].rfind("\n\n")).unwrap();
        let rest = &text[start + 2..];
        rest.find("\n\n#### ").or_else(|| rest.rfind("\n\n")).map_or(rest, |end| &rest[..end])
    }

    #[test]
    fn plans_that_differ_by_names_alone_are_not_compared() {
        let alike = |environment| planned("net", environment, list(environment, 2, &[]));
        let input = ReviewInput { instances: vec![alike("ops"), alike("apps")], ..ReviewInput::default() };
        assert_eq!(of(&input), []);
    }
}
