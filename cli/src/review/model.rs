//! The one model that all renderers show.

use serde::Serialize;

use super::{
    Risk,
    beside::{self, Comparison},
    checks::{self, CheckGroup},
    findings::{self, FindingGroup},
    grouping::{self, OutputGroup, ResourceGroup},
    input::{InstanceInput, Outcome, ReviewInput, Stale},
    objects::{self, ObjectGroup},
    stages::{self, Stage},
};
use crate::{
    platform::{EnvironmentName, Instance},
    render::{EngineDiff, ObjectChange, Registry},
    terraform::{Action, ChangeList, ResourceChange},
};

/// What a change does, grouped and in the order of review.
#[derive(Debug, Clone, Serialize)]
pub struct Review {
    /// What is reviewed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Totals per environment, in the order of the input.
    pub environments: Vec<EnvironmentSummary>,
    /// How planning each instance went.
    pub instances: Vec<InstanceSummary>,
    /// Plans and registries that failed.
    pub failures: Vec<Failure>,
    /// Plans that are not what a merge would apply any more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stale: Vec<Stale>,
    /// Resource changes, the riskiest first.
    pub resources: Vec<ResourceGroup>,
    /// Object changes, the riskiest first.
    pub objects: Vec<ObjectGroup>,
    /// Changes of the engines' own manifests.
    pub engines: Vec<EngineChange>,
    /// Output changes.
    pub outputs: Vec<OutputGroup>,
    /// Conditions that do not hold, and those that are known only after apply; the former first.
    pub checks: Vec<CheckGroup>,
    /// Where the next environment gets something else than the one before it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub compared: Vec<Comparison>,
    /// What policies and the guard found; what is refused first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<FindingGroup>,
    /// What later stages are expected to do, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Stage>,
    /// What was changed outside Terraform.
    pub drift: Vec<ResourceGroup>,
    /// Why each instance is affected.
    pub reasons: Vec<Remark>,
    /// What a reader should know.
    pub notices: Vec<Remark>,
    /// Address of the full report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
}

/// Totals of resources. A group counts once per instance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Made new.
    pub create: usize,
    /// Changed in place.
    pub change: usize,
    /// Destroyed and made again, in either order.
    pub replace: usize,
    /// Destroyed.
    pub destroy: usize,
    /// Moved, imported or forgotten: the state changes, the object does not.
    pub state_only: usize,
}

/// Totals of Kubernetes objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ObjectCounts {
    /// New.
    pub added: usize,
    /// Changed.
    pub changed: usize,
    /// Removed.
    pub removed: usize,
}

/// Totals of one environment.
#[derive(Debug, Clone, Default, Serialize)]
pub struct EnvironmentSummary {
    /// Its name; `shared` for instances without one.
    pub name: String,
    /// How many of its instances are affected.
    pub instances: usize,
    /// How many plans and registries failed.
    pub failed: usize,
    /// How many instances have no plan yet.
    pub pending: usize,
    /// Whether a merge leaves it alone: its plans only show what would happen.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub preview: bool,
    /// Resources.
    pub resources: Counts,
    /// Kubernetes objects.
    pub objects: ObjectCounts,
}

/// How planning an instance went.
#[derive(Debug, Clone, Serialize)]
pub struct InstanceSummary {
    /// Which.
    pub instance: Instance,
    /// How.
    #[serde(flatten)]
    pub state: InstanceState,
    /// Totals of its plan.
    pub resources: Counts,
}

/// How planning an instance went, in a word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum InstanceState {
    /// It has a plan that changes something.
    Planned,
    /// It has a plan that changes nothing.
    NoChanges,
    /// It is planned after others are applied.
    Staged {
        /// Its stage, 2 or more.
        stage: usize,
        /// Which others.
        after: Vec<Instance>,
        /// Why what it will do cannot be told; without a reason it is among what is expected.
        #[serde(skip_serializing_if = "Option::is_none")]
        unforeseen: Option<String>,
    },
    /// There is no plan, see the failures.
    Failed,
    /// It was not planned.
    Skipped {
        /// Why.
        reason: String,
    },
}

/// A plan or registry that failed.
#[derive(Debug, Clone, Serialize)]
pub struct Failure {
    /// What failed: an instance or a registry's folder.
    pub subject: String,
    /// Why; may have lines.
    pub message: String,
}

/// A change of an engine's own manifests.
#[derive(Debug, Clone, Serialize)]
pub struct EngineChange {
    /// Where it happens.
    pub registries: Vec<Registry>,
    /// What differs.
    #[serde(flatten)]
    pub difference: EngineDiff,
}

/// A sentence about one or more subjects.
#[derive(Debug, Clone, Serialize)]
pub struct Remark {
    /// Instances or folders of registries; none: it is about the whole.
    pub subjects: Vec<String>,
    /// The sentence; names in backticks.
    pub text: String,
}

impl Review {
    /// Makes the model.
    pub fn new(input: &ReviewInput) -> Self {
        let planned = || input.instances.iter().filter_map(|instance| Some((instance, changes(instance)?)));
        let resources =
            planned().flat_map(|(instance, list)| list.resources.iter().map(move |change| (instance, change)));
        let drift = planned().flat_map(|(instance, list)| list.drift.iter().map(move |change| (instance, change)));
        let outputs = planned().flat_map(|(instance, list)| list.outputs.iter().map(move |change| (instance, change)));
        let checks = planned().flat_map(|(instance, list)| list.checks.iter().map(move |result| (instance, result)));
        Self {
            title: input.title.clone(),
            environments: environments(input),
            instances: input.instances.iter().map(instance_summary).collect(),
            failures: failures(input),
            stale: input.stale.clone(),
            resources: grouping::resources(
                resources.filter(|(_, change)| change.action != Action::Read),
                &input.protect,
            ),
            objects: objects::group(&input.registries),
            engines: engines(input),
            outputs: grouping::outputs(outputs),
            checks: checks::group(checks),
            compared: beside::of(input),
            findings: findings::group(&input.findings),
            stages: stages::of(input),
            drift: grouping::resources(drift, &input.protect),
            reasons: remarks(
                input.instances.iter().map(|instance| (Some(instance.instance.to_string()), &instance.reasons)),
            ),
            notices: notices(input),
            report: input.report.clone(),
        }
    }

    /// Totals of resources over all environments.
    pub fn counts(&self) -> Counts {
        self.environments.iter().fold(Counts::default(), |sum, environment| sum.plus(environment.resources))
    }

    /// Totals of objects over all clusters.
    pub fn object_counts(&self) -> ObjectCounts {
        self.environments.iter().fold(ObjectCounts::default(), |sum, environment| sum.plus(environment.objects))
    }

    /// Conditions that are known not to hold, or could not be evaluated.
    pub fn failing_checks(&self) -> impl Iterator<Item = &CheckGroup> {
        self.checks.iter().filter(|group| group.fails())
    }

    /// Whether a policy or the guard refuses it.
    pub fn is_denied(&self) -> bool {
        self.findings.iter().any(|group| group.finding.denies())
    }

    /// Whether nothing changes and nothing failed or is left to be planned.
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty()
            && self.objects.is_empty()
            && self.engines.is_empty()
            && self.outputs.is_empty()
            && self.failures.is_empty()
            && self.findings.is_empty()
            && self.failing_checks().next().is_none()
            && self.environments.iter().all(|environment| environment.pending == 0)
    }

    /// What is destroyed or replaced though `policy.protect` or a `stack.hcl` protects it.
    pub fn destroys_protected(&self) -> impl Iterator<Item = &ResourceGroup> {
        self.resources.iter().filter(|group| group.protected && group.risk == Risk::StateLost)
    }
}

impl Counts {
    fn add(&mut self, change: &ResourceChange) {
        match change.action {
            Action::Create => self.create += 1,
            Action::Update => self.change += 1,
            Action::DestroyThenCreate | Action::CreateThenDestroy | Action::ForgetThenCreate => self.replace += 1,
            Action::Destroy => self.destroy += 1,
            Action::Move | Action::Forget => self.state_only += 1,
            Action::Read => {}
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            create: self.create + other.create,
            change: self.change + other.change,
            replace: self.replace + other.replace,
            destroy: self.destroy + other.destroy,
            state_only: self.state_only + other.state_only,
        }
    }
}

impl ObjectCounts {
    /// How many objects differ.
    pub fn total(self) -> usize {
        self.added + self.changed + self.removed
    }

    fn plus(self, other: Self) -> Self {
        Self {
            added: self.added + other.added,
            changed: self.changed + other.changed,
            removed: self.removed + other.removed,
        }
    }
}

fn changes(instance: &InstanceInput) -> Option<&ChangeList> {
    match &instance.outcome {
        Outcome::Planned(changes) => Some(changes),
        _ => None,
    }
}

fn counts(instance: &InstanceInput) -> Counts {
    let mut counts = Counts::default();
    changes(instance).into_iter().flat_map(|list| &list.resources).for_each(|change| counts.add(change));
    counts
}

fn instance_summary(input: &InstanceInput) -> InstanceSummary {
    let state = match &input.outcome {
        Outcome::Planned(changes) if changes.is_empty() => InstanceState::NoChanges,
        Outcome::Planned(_) => InstanceState::Planned,
        Outcome::Staged { stage, after, unforeseen, .. } => {
            InstanceState::Staged { stage: *stage, after: after.clone(), unforeseen: unforeseen.clone() }
        }
        Outcome::Failed { .. } => InstanceState::Failed,
        Outcome::Skipped { reason } => InstanceState::Skipped { reason: reason.clone() },
    };
    InstanceSummary { instance: input.instance.clone(), state, resources: counts(input) }
}

fn environments(input: &ReviewInput) -> Vec<EnvironmentSummary> {
    let mut summaries = Vec::new();
    for instance in &input.instances {
        let name = instance.instance.environment.as_ref().map_or("shared", EnvironmentName::as_str);
        let summary = summary(&mut summaries, name);
        summary.instances += 1;
        summary.failed += usize::from(matches!(instance.outcome, Outcome::Failed { .. }));
        summary.pending += usize::from(matches!(instance.outcome, Outcome::Staged { .. } | Outcome::Skipped { .. }));
        summary.resources = summary.resources.plus(counts(instance));
    }
    for registry in &input.registries {
        let summary = summary(&mut summaries, registry.registry.environment.as_str());
        summary.failed += usize::from(!registry.problems.is_empty());
        for object in &registry.difference.objects {
            match object.change {
                ObjectChange::Added => summary.objects.added += 1,
                ObjectChange::Removed => summary.objects.removed += 1,
                ObjectChange::Changed => summary.objects.changed += 1,
            }
        }
    }
    for summary in &mut summaries {
        summary.preview = input.previews.iter().any(|preview| preview.as_str() == summary.name);
    }
    summaries
}

/// The summary called `name`, made where it is not there.
fn summary<'a>(summaries: &'a mut Vec<EnvironmentSummary>, name: &str) -> &'a mut EnvironmentSummary {
    let index = summaries.iter().position(|summary| summary.name == name).unwrap_or(summaries.len());
    if index == summaries.len() {
        summaries.push(EnvironmentSummary { name: name.to_owned(), ..EnvironmentSummary::default() });
    }
    &mut summaries[index]
}

fn failures(input: &ReviewInput) -> Vec<Failure> {
    let plans = input.instances.iter().filter_map(|instance| match &instance.outcome {
        Outcome::Failed { message } => {
            Some(Failure { subject: instance.instance.to_string(), message: message.trim().to_owned() })
        }
        _ => None,
    });
    let registries = input.registries.iter().filter(|registry| !registry.problems.is_empty());
    let registries =
        registries.map(|registry| Failure { subject: registry.registry.path(), message: registry.problems.join("\n") });
    plans.chain(registries).collect()
}

fn engines(input: &ReviewInput) -> Vec<EngineChange> {
    let mut changes: Vec<EngineChange> = Vec::new();
    for registry in &input.registries {
        let Some(difference) = &registry.difference.engine else { continue };
        match changes.iter_mut().find(|change| change.difference == *difference) {
            Some(change) => change.registries.push(registry.registry.clone()),
            None => changes
                .push(EngineChange { registries: vec![registry.registry.clone()], difference: difference.clone() }),
        }
    }
    changes
}

fn notices(input: &ReviewInput) -> Vec<Remark> {
    let base_problems: Vec<_> = input
        .registries
        .iter()
        .map(|registry| {
            let told = |problem: &String| format!("cannot be compared, since the old side does not render: {problem}");
            registry.base_problems.iter().map(told).collect::<Vec<_>>()
        })
        .collect();
    let paths = || input.registries.iter().map(|registry| Some(registry.registry.path()));
    let whole = std::iter::once((None, &input.notices));
    let instances = input.instances.iter().map(|instance| (Some(instance.instance.to_string()), &instance.notices));
    let registries = paths().zip(input.registries.iter().map(|registry| &registry.notices));
    remarks(whole.chain(instances).chain(paths().zip(&base_problems)).chain(registries))
}

/// Joins the subjects of equal sentences.
fn remarks<'a>(lines: impl Iterator<Item = (Option<String>, &'a Vec<String>)>) -> Vec<Remark> {
    let mut remarks: Vec<Remark> = Vec::new();
    for (subject, lines) in lines {
        for line in lines {
            match remarks.iter_mut().find(|remark| remark.text == *line) {
                Some(remark) => remark.subjects.extend(subject.clone()),
                None => remarks.push(Remark { subjects: subject.iter().cloned().collect(), text: line.clone() }),
            }
        }
    }
    remarks
}
