//! What exactly changes, as lines that every renderer shows in its own way.

use super::{
    beside::UnlikeAttribute,
    grouping::{OutputGroup, ResourceGroup},
    objects::ObjectGroup,
    text::{shorten, visible},
    value::{block, inline},
};
use crate::{
    platform::EnvironmentName,
    render::{DiffLine, EngineDiff, Sign, diff_lines},
    terraform::{Action, AttributeChange, Shown},
};

/// How much of everything is shown; the rest is counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// Attributes of something new.
    attributes: usize,
    /// Longest line, in characters.
    line: usize,
    /// Longest value on a line, in characters.
    value: usize,
}

impl Extent {
    /// What a person reads in passing.
    pub(super) const SHORT: Self = Self { attributes: 24, line: 240, value: 160 };
    /// What a person looks up. Still an end: a value of megabytes would make the page useless.
    pub(super) const FULL: Self = Self { attributes: usize::MAX, line: 4000, value: 4000 };
}

/// One line of details; all texts are harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Detail {
    /// A line that is new, gone, or the same.
    Line(Sign, String),
    /// A value that changes.
    Change { path: String, before: String, after: String, note: &'static str },
    /// Something about the whole.
    Note(String),
    /// What a program said.
    Text(String),
}

/// The details of a resource.
pub(super) fn resource(group: &ResourceGroup, extent: Extent) -> Vec<Detail> {
    let mut lines = Vec::new();
    if let Some(previous) = &group.previous_address {
        lines.push(Detail::Note(format!("moved from {}", visible(previous))));
    }
    if let Some(id) = &group.importing {
        lines.push(Detail::Note(format!("imports {}", visible(&shorten(id, extent.line)))));
    }
    match group.action {
        Action::Create => created(&group.attributes, extent, &mut lines),
        Action::Destroy | Action::Forget => {
            for change in group.attributes.iter().filter(|change| identifies(&change.path)) {
                lines.push(Detail::Line(Sign::Removed, assignment(&change.path, &change.before, extent)));
            }
        }
        _ => group.attributes.iter().for_each(|change| changed(change, extent, &mut lines)),
    }
    lines
}

/// The details of an output.
pub(super) fn output(group: &OutputGroup, extent: Extent) -> Vec<Detail> {
    let change = AttributeChange {
        path: group.name.clone(),
        before: group.before.clone(),
        after: group.after.clone(),
        forces_replacement: false,
    };
    let mut lines = Vec::new();
    changed(&change, extent, &mut lines);
    lines
}

/// The details of an object.
pub(super) fn object(group: &ObjectGroup, extent: Extent) -> Vec<Detail> {
    let mut lines = Vec::new();
    if let Some(previous) = &group.previous_name {
        lines.push(Detail::Note(format!("replaces {}, since its name holds a hash of its content", visible(previous))));
    }
    if !group.unresolved.is_empty() {
        let names = group.unresolved.iter().map(|name| format!("${{{}}}", visible(name))).collect::<Vec<_>>();
        lines.push(Detail::Note(format!("filled in by the engine: {}", names.join(", "))));
    }
    lines.extend(group.diff.iter().map(|difference| line(difference, extent)));
    lines
}

/// An attribute that gets other values in two environments.
pub(super) fn unlike(
    attribute: &UnlikeAttribute,
    one: &EnvironmentName,
    other: &EnvironmentName,
    extent: Extent,
) -> Detail {
    let value = |shown: &Shown| match shown {
        Shown::Absent => "not set".to_owned(),
        shown => inline(shown, extent.value),
    };
    let (path, before, after) = (visible(&attribute.path), value(&attribute.one), value(&attribute.other));
    Detail::Line(Sign::Same, format!("{path}: {before} in {one}, {after} in {other}"))
}

fn created(attributes: &[AttributeChange], extent: Extent, lines: &mut Vec<Detail>) {
    let set: Vec<_> = attributes.iter().filter(|change| change.after != Shown::Absent).collect();
    // What is known says more than what is not.
    let (known, unknown): (Vec<_>, Vec<_>) = set.into_iter().partition(|change| change.after != Shown::Unknown);
    for change in known.iter().take(extent.attributes) {
        match block(&change.after) {
            Some(text) => {
                lines.push(Detail::Line(Sign::Added, format!("{} =", visible(&change.path))));
                lines.extend(diff_lines("", &text).iter().map(|difference| indented(difference, extent)));
            }
            None => lines.push(Detail::Line(Sign::Added, assignment(&change.path, &change.after, extent))),
        }
    }
    if let more @ 1.. = known.len().saturating_sub(extent.attributes) {
        lines.push(Detail::Note(format!("and {} more", count(more, "attribute"))));
    }
    if !unknown.is_empty() {
        lines.push(Detail::Note(format!("{} known after apply", count(unknown.len(), "attribute"))));
    }
}

fn changed(change: &AttributeChange, extent: Extent, lines: &mut Vec<Detail>) {
    let note = if change.forces_replacement { "forces replacement" } else { "" };
    let path = visible(&change.path);
    let blocks = match (block(&change.before), block(&change.after)) {
        (Some(before), Some(after)) => Some((before, after)),
        (Some(before), None) if change.after == Shown::Absent => Some((before, String::new())),
        (None, Some(after)) if change.before == Shown::Absent => Some((String::new(), after)),
        _ => None,
    };
    let Some((before, after)) = blocks else {
        lines.push(match (&change.before, &change.after) {
            (Shown::Absent, after) if note.is_empty() => {
                Detail::Line(Sign::Added, assignment(&change.path, after, extent))
            }
            (before, Shown::Absent) if note.is_empty() => {
                Detail::Line(Sign::Removed, assignment(&change.path, before, extent))
            }
            (Shown::Sensitive, Shown::Sensitive) => Detail::Change {
                path,
                before: inline(&change.before, extent.value),
                after: "(sensitive, changed)".to_owned(),
                note,
            },
            (before, after) => {
                Detail::Change { path, before: inline(before, extent.value), after: inline(after, extent.value), note }
            }
        });
        return;
    };
    let difference = diff_lines(&before, &after);
    let heading = match (difference.is_empty(), note) {
        (true, _) => format!("{path}: only the order of its keys or its spacing differs"),
        (false, "") => format!("{path}:"),
        (false, note) => format!("{path}:  # {note}"),
    };
    lines.push(Detail::Line(Sign::Same, heading));
    lines.extend(difference.iter().map(|difference| indented(difference, extent)));
}

fn indented(difference: &DiffLine, extent: Extent) -> Detail {
    match line(difference, extent) {
        Detail::Line(sign, text) => Detail::Line(sign, format!("  {text}")),
        other => other,
    }
}

fn line(difference: &DiffLine, extent: Extent) -> Detail {
    let text =
        if difference.sign == Sign::Gap { "…".to_owned() } else { visible(&shorten(&difference.text, extent.line)) };
    Detail::Line(difference.sign, text)
}

fn assignment(path: &str, value: &Shown, extent: Extent) -> String {
    format!("{} = {}", visible(path), inline(value, extent.value))
}

/// Whether an attribute tells a person which object it is.
fn identifies(path: &str) -> bool {
    matches!(path, "id" | "arn" | "name" | "bucket" | "identifier" | "cluster_name" | "tags[\"Name\"]")
}

/// `count` of a thing with a regular plural.
pub(super) fn count(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// The details of an engine's change: which of its objects, not their thousands of lines.
pub(super) fn engine(difference: &EngineDiff) -> Vec<Detail> {
    let signs =
        [(Sign::Added, &difference.added), (Sign::Removed, &difference.removed), (Sign::Same, &difference.changed)];
    let lines = signs.into_iter().flat_map(|(sign, ids)| {
        ids.iter().map(move |id| {
            let changed = if sign == Sign::Same { " (changed)" } else { "" };
            Detail::Line(sign, format!("{}{changed}", visible(&id.to_string())))
        })
    });
    lines.collect()
}
