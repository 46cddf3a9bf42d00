//! What later stages are expected to do.

use serde::Serialize;

use super::{
    ResourceGroup, grouping,
    input::{InstanceInput, Outcome, ReviewInput},
};
use crate::{
    platform::Instance,
    terraform::{Action, ChangeList},
};

/// Instances that are planned when the same others are applied.
#[derive(Debug, Clone, Serialize)]
pub struct Stage {
    /// Its number, 2 or more.
    pub stage: usize,
    /// What is applied before.
    pub after: Vec<Instance>,
    /// The resource changes that are expected, the riskiest first. Values that come from what is applied before are
    /// unknown in them.
    pub resources: Vec<ResourceGroup>,
    /// The instances that are expected to change nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unchanged: Vec<Instance>,
}

/// The stages of `input`, in their order.
pub(super) fn of(input: &ReviewInput) -> Vec<Stage> {
    let staged = |instance| foreseen(instance).map(|(stage, after, _)| (stage, after.to_vec()));
    let mut stages: Vec<(usize, Vec<Instance>)> = Vec::new();
    for found in input.instances.iter().filter_map(staged) {
        if !stages.contains(&found) {
            stages.push(found);
        }
    }
    stages.sort_by_key(|(stage, _)| *stage);
    let stage = |(stage, after): (usize, Vec<Instance>)| {
        let members = || {
            let all = input.instances.iter().filter_map(|input| Some((input, foreseen(input)?)));
            let own = all.filter(|(_, (number, waits, _))| (*number, *waits) == (stage, after.as_slice()));
            own.map(|(input, (_, _, list))| (input, list))
        };
        let changes = members().flat_map(|(input, list)| list.resources.iter().map(move |change| (input, change)));
        Stage {
            stage,
            resources: grouping::resources(changes.filter(|(_, change)| change.action != Action::Read), &input.protect),
            unchanged: members().filter(|(_, list)| list.is_empty()).map(|(input, _)| input.instance.clone()).collect(),
            after: after.clone(),
        }
    };
    stages.into_iter().map(stage).collect()
}

fn foreseen(input: &InstanceInput) -> Option<(usize, &[Instance], &ChangeList)> {
    match &input.outcome {
        Outcome::Staged { stage, after, expected: Some(expected), .. } => Some((*stage, after, expected)),
        _ => None,
    }
}
