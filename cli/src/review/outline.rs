//! What a review says, in its order: sections, their entries, and the details of these. Said once, so that the comment,
//! the terminal and the report differ in looks alone.

use super::{
    Comparison, ResourceGroup, Review, Risk, Role,
    details::{self, Detail, Extent},
    model::InstanceState,
    objects,
    text::visible,
    wording,
};
use crate::{
    platform::{Instance, StackName},
    render::{ObjectChange, Registry},
    terraform::Action,
};

/// What a section is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Plans and registries that failed.
    Failed,
    /// Conditions that do not hold.
    Checks,
    /// What a policy or the guard refuses.
    Denied,
    /// What a policy or the guard would have looked at.
    Warned,
    /// Plans that would be refused.
    Stale,
    /// Resources, of one risk.
    Resources(Risk),
    /// Objects, of one risk.
    Objects(Risk),
    /// Where environments differ.
    Compared,
    /// The engines' own manifests.
    Engines,
    /// Outputs.
    Outputs,
    /// What a later stage is expected to do.
    Stage,
    /// What was changed outside Terraform.
    Drift,
    /// Conditions that are known after apply.
    UnknownChecks,
    /// What has no plan yet.
    Pending,
    /// What a reader should know.
    Notices,
    /// Why instances are affected.
    Reasons,
}

/// A heading and what is below it.
#[derive(Debug, Clone)]
pub(super) struct Section {
    pub(super) kind: Kind,
    pub(super) heading: String,
    pub(super) entries: Vec<Entry>,
}

/// One thing that a section says.
#[derive(Debug, Clone)]
pub(super) enum Entry {
    /// A change, or what stands for one.
    Change(Box<Change>),
    /// What goes for all entries that follow.
    Lead(String),
    /// A sentence about `subjects`, names in backticks.
    Sentence {
        /// Instances or folders; none: it is about the whole.
        subjects: Vec<String>,
        /// What stands between them and the sentence.
        joint: &'static str,
        text: String,
    },
}

/// A change with its details. Its texts are not harmless yet, those of the details are.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) symbol: &'static str,
    pub(super) role: Role,
    pub(super) name: String,
    /// What happens.
    pub(super) verb: String,
    /// Why, in Terraform's opinion.
    pub(super) because: Option<&'static str>,
    /// Whether somebody protects it.
    pub(super) protected: bool,
    /// Whether it is lost, with what it holds.
    pub(super) lost: bool,
    pub(super) instances: Vec<Instance>,
    pub(super) file: Option<String>,
    pub(super) details: Vec<Detail>,
    /// Whether a reader must see the details.
    pub(super) open: bool,
}

impl Kind {
    /// Whether what is below is lost, or wrong.
    pub(super) fn is_alarming(self) -> bool {
        matches!(
            self,
            Self::Failed
                | Self::Denied
                | Self::Stale
                | Self::Checks
                | Self::Resources(Risk::StateLost)
                | Self::Objects(Risk::StateLost)
        )
    }
}

impl Change {
    fn new(symbol: &'static str, role: Role, name: String, verb: &str, instances: &[Instance]) -> Self {
        Self {
            symbol,
            role,
            name,
            verb: verb.to_owned(),
            because: None,
            protected: false,
            lost: false,
            instances: instances.to_vec(),
            file: None,
            details: Vec::new(),
            open: false,
        }
    }

    /// What happens, why, and whether somebody protects it from that.
    pub(super) fn said(&self) -> String {
        let though = if self.protected && self.lost { ", though protected" } else { "" };
        let because = self.because.map(|because| format!(": {because}")).unwrap_or_default();
        let protected = if self.protected && !self.lost { " (protected)" } else { "" };
        format!("{}{though}{because}{protected}", self.verb)
    }

    /// Where it happens.
    pub(super) fn places(&self) -> String {
        wording::places(&self.instances)
    }
}

/// The sections of `review`, those that matter most first; empty ones are left out.
pub(super) fn outline(review: &Review, extent: Extent) -> Vec<Section> {
    let mut sections = vec![
        section(Kind::Failed, "Failed", failures(review)),
        section(Kind::Denied, "Refused by policy", findings(review, true)),
        section(Kind::Stale, "Not exact any more: plan again before merging", stale(review)),
        section(Kind::Checks, wording::CHECKS, review.failing_checks().map(check).collect()),
        section(Kind::Warned, "Policy warnings", findings(review, false)),
    ];
    for risk in wording::RISKS {
        let resources = review.resources.iter().filter(|group| group.risk == risk);
        let resources = resources.map(|group| resource(group, extent)).collect();
        sections.push(section(Kind::Resources(risk), wording::risk(risk), resources));
        let objects = review.objects.iter().filter(|group| group.risk == risk);
        let objects = objects.map(|group| object(group, extent)).collect();
        sections.push(section(Kind::Objects(risk), wording::risk_of_objects(risk), objects));
    }
    for comparison in &review.compared {
        let section = compared(comparison, extent);
        match sections.last_mut() {
            Some(last) if last.heading == section.heading => last.entries.extend(section.entries),
            _ => sections.push(section),
        }
    }
    sections.push(section(Kind::Engines, "Engine", engines(review)));
    sections.push(section(Kind::Outputs, "Outputs", outputs(review, extent)));
    sections.extend(review.stages.iter().map(|stage| {
        let lead = std::iter::once(Entry::Lead(wording::stage_note(stage)));
        let resources = stage.resources.iter().map(|group| resource(group, extent));
        section(Kind::Stage, &wording::stage(stage), lead.chain(resources).collect())
    }));
    let drift = review.drift.iter().map(|group| drifted(group, extent)).collect();
    sections.push(section(Kind::Drift, "Changed outside Terraform", drift));
    let unknown = review.checks.iter().filter(|group| !group.fails());
    let unknown = unknown.map(|group| entry(Change::new("?", Role::Dim, group.address.clone(), "", &group.instances)));
    sections.push(section(Kind::UnknownChecks, wording::UNKNOWN_CHECKS, unknown.collect()));
    sections.push(section(Kind::Pending, "Not planned yet", pending(review)));
    sections.push(section(Kind::Notices, "Notices", remarks(&review.notices)));
    sections.push(section(Kind::Reasons, "Why these stacks", remarks(&review.reasons)));
    sections.retain(|section| !section.entries.is_empty());
    sections
}

fn section(kind: Kind, heading: &str, entries: Vec<Entry>) -> Section {
    Section { kind, heading: heading.to_owned(), entries }
}

fn entry(change: Change) -> Entry {
    Entry::Change(Box::new(change))
}

fn failures(review: &Review) -> Vec<Entry> {
    let failures = review.failures.iter().map(|failure| {
        let details = failure.message.lines().map(|line| Detail::Text(visible(line))).collect();
        let change = Change::new("!", Role::Danger, failure.subject.clone(), "failed", &[]);
        entry(Change { details, open: true, ..change })
    });
    failures.collect()
}

/// What policies and the guard found; only what is refused, or only what is not.
fn findings(review: &Review, denied: bool) -> Vec<Entry> {
    let groups = review.findings.iter().filter(|group| group.finding.denies() == denied);
    let sentences =
        groups.map(|group| Entry::Sentence { subjects: vec![group.subject()], joint: ": ", text: group.sentence() });
    sentences.collect()
}

fn stale(review: &Review) -> Vec<Entry> {
    let sentences = review.stale.iter().map(|stale| Entry::Sentence {
        subjects: vec![stale.instance.to_string()],
        joint: ": ",
        text: stale.because.clone(),
    });
    sentences.collect()
}

fn check(group: &super::CheckGroup) -> Entry {
    let problems = group.problems.iter().flat_map(|problem| problem.lines());
    let details = problems.map(|line| Detail::Text(visible(line))).collect();
    let change = Change::new("!", Role::Danger, group.address.clone(), wording::check(group), &group.instances);
    entry(Change { details, open: true, ..change })
}

fn resource(group: &ResourceGroup, extent: Extent) -> Entry {
    let lost = group.risk == Risk::StateLost;
    let (symbol, verb) = wording::action(group);
    let role = match group.action {
        _ if lost => Role::Danger,
        Action::Create => Role::Added,
        _ if group.action.destroys() => Role::Removed,
        _ => Role::Changed,
    };
    entry(Change {
        because: group.reason.as_deref().and_then(wording::reason),
        protected: group.protected,
        lost,
        open: lost,
        details: details::resource(group, extent),
        ..Change::new(symbol, role, group.address.clone(), verb, &group.instances)
    })
}

fn drifted(group: &ResourceGroup, extent: Extent) -> Entry {
    let (symbol, verb) = wording::action(group);
    let change = Change::new(symbol, Role::Changed, group.address.clone(), verb, &group.instances);
    entry(Change { details: details::resource(group, extent), ..change })
}

fn object(group: &super::ObjectGroup, extent: Extent) -> Entry {
    let (symbol, verb) = wording::object(group.change, group.kept);
    let role = match group.change {
        ObjectChange::Added => Role::Added,
        ObjectChange::Removed => Role::Removed,
        ObjectChange::Changed => Role::Changed,
    };
    let lost = group.risk == Risk::StateLost;
    entry(Change {
        lost,
        open: lost,
        file: Some(group.file.clone()),
        details: details::object(group, extent),
        ..Change::new(symbol, role, group.object.to_string(), verb, &of_registries(&group.registries))
    })
}

fn compared(comparison: &Comparison, extent: Extent) -> Section {
    let Comparison { stacks, one, other, .. } = comparison;
    let instance = |stack: &StackName| Instance { stack: stack.clone(), environment: Some(comparison.other.clone()) };
    let instances: Vec<_> = stacks.iter().map(instance).collect();
    let lead = format!("{}: {}", wording::places(&instances), wording::comparison(comparison));
    let lead = std::iter::once(Entry::Lead(lead));
    let unlike = comparison.unlike.iter().map(|unlike| {
        let details = unlike.attributes.iter().map(|attribute| details::unlike(attribute, one, other, extent));
        let verb = wording::unlike(unlike, comparison);
        let change = Change::new("≠", Role::Changed, unlike.address.clone(), &verb, &instances);
        entry(Change { details: details.collect(), ..change })
    });
    section(Kind::Compared, &format!("{other} compared with {one}"), lead.chain(unlike).collect())
}

fn engines(review: &Review) -> Vec<Entry> {
    let changes = review.engines.iter().map(|change| {
        let instances = of_registries(&change.registries);
        let details = details::engine(&change.difference);
        entry(Change { details, ..Change::new("~", Role::Changed, wording::engine(change), "", &instances) })
    });
    changes.collect()
}

fn outputs(review: &Review, extent: Extent) -> Vec<Entry> {
    let outputs = review.outputs.iter().map(|group| {
        let details = details::output(group, extent);
        entry(Change { details, ..Change::new("~", Role::Changed, group.name.clone(), "", &group.instances) })
    });
    outputs.collect()
}

fn pending(review: &Review) -> Vec<Entry> {
    let sentences = review.instances.iter().filter_map(|summary| {
        let text = match &summary.state {
            InstanceState::Staged { stage, after, unforeseen: Some(reason) } => {
                format!("{}: {reason}", wording::unforeseen(*stage, after))
            }
            InstanceState::Skipped { reason } => format!("was not planned: {reason}"),
            _ => return None,
        };
        Some(Entry::Sentence { subjects: vec![summary.instance.to_string()], joint: " ", text })
    });
    sentences.collect()
}

fn remarks(remarks: &[super::Remark]) -> Vec<Entry> {
    let sentence = |remark: &super::Remark| Entry::Sentence {
        subjects: remark.subjects.clone(),
        joint: ": ",
        text: remark.text.clone(),
    };
    remarks.iter().map(sentence).collect()
}

fn of_registries(registries: &[Registry]) -> Vec<Instance> {
    registries.iter().map(objects::instance).collect()
}
