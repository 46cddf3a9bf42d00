//! The review as one HTML file: whole, readable offline and without its script, which only filters.
//!
//! Everything is escaped by the template. Should that ever fail, the page's own policy lets nothing run but the script of
//! this file, by its digest, and loads nothing at all.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, syntax::SyntaxConfig, value::Serde};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{
    Review,
    details::{Detail, Extent},
    model::{Counts, EnvironmentSummary, InstanceState, InstanceSummary},
    outline::{Change, Entry, Kind, Section, outline},
    text::visible,
    wording,
};
use crate::{
    platform::{EnvironmentName, Instance},
    render::Sign,
};

const PAGE: &str = include_str!("html/report.html");
const STYLE: &str = include_str!("html/report.css");
const SCRIPT: &str = include_str!("html/report.js");

/// Lines of details of one change. Nobody reads more of them on a page, and browsers have to.
const LINES: usize = 4000;

/// The page could not be laid out: its template is broken.
#[derive(Debug, thiserror::Error)]
#[error("the report cannot be laid out")]
pub struct ReportError(#[from] minijinja::Error);

impl Review {
    /// The whole review as an HTML page of its own.
    ///
    /// # Errors
    /// [`ReportError`], which is a bug.
    pub fn html(&self) -> Result<String, ReportError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        Ok(environment.template_from_named_str("report.html", PAGE)?.render(Serde(&Page::of(self)))?)
    }
}

/// What the template shows. All texts are visible as they are, and not escaped yet.
#[derive(Serialize)]
struct Page {
    title: Option<String>,
    headline: String,
    style: &'static str,
    style_digest: String,
    script: &'static str,
    script_digest: String,
    rows: Vec<Row>,
    lost: Vec<Lost>,
    allowances: Vec<String>,
    instances: Vec<InstanceRow>,
    environments: Vec<String>,
    sections: Vec<SectionView>,
    /// How many entries can be filtered.
    changes: usize,
}

#[derive(Serialize)]
struct Row {
    name: String,
    instances: usize,
    counts: Counts,
    objects: String,
    remarks: Vec<String>,
}

#[derive(Serialize)]
struct Lost {
    name: String,
    said: String,
    places: String,
}

#[derive(Serialize)]
struct InstanceRow {
    stack: String,
    environment: String,
    state: &'static str,
    note: String,
    counts: Counts,
}

#[derive(Serialize)]
struct SectionView {
    id: String,
    heading: String,
    alarming: bool,
    /// How many changes it has; nothing for sentences.
    count: usize,
    leads: Vec<Vec<Piece>>,
    changes: Vec<ChangeView>,
    sentences: Vec<Sentence>,
}

#[derive(Serialize)]
struct ChangeView {
    symbol: &'static str,
    class: &'static str,
    name: String,
    said: String,
    protected: bool,
    places: String,
    file: Option<String>,
    environments: String,
    open: bool,
    lines: Vec<Line>,
    left_out: usize,
}

#[derive(Serialize)]
struct Line {
    class: &'static str,
    text: String,
}

#[derive(Serialize)]
struct Sentence {
    subjects: Vec<String>,
    joint: &'static str,
    text: Vec<Piece>,
}

/// A part of a sentence.
#[derive(Serialize)]
struct Piece {
    /// Whether it is a name.
    code: bool,
    text: String,
}

impl Page {
    fn of(review: &Review) -> Self {
        let sections = outline(review, Extent::FULL);
        let sections: Vec<_> =
            sections.iter().enumerate().map(|(index, section)| SectionView::of(index, section)).collect();
        let environments = review.environments.iter().map(|environment| visible(&environment.name)).collect();
        Self {
            title: review.title.as_deref().map(visible),
            headline: wording::headline(review),
            style: STYLE,
            style_digest: digest(STYLE),
            script: SCRIPT,
            script_digest: digest(SCRIPT),
            rows: review.environments.iter().map(Row::of).collect(),
            lost: lost(review),
            allowances: review.destroys_protected().map(|group| visible(&wording::allowance(&group.address))).collect(),
            instances: review.instances.iter().map(InstanceRow::of).collect(),
            environments,
            changes: sections.iter().map(|section| section.count).sum(),
            sections,
        }
    }
}

impl Row {
    fn of(summary: &EnvironmentSummary) -> Self {
        let (bad, rest) = wording::remarks(summary);
        Self {
            name: visible(&summary.name),
            instances: summary.instances,
            counts: summary.resources,
            objects: wording::object_counts(summary.objects),
            remarks: bad.into_iter().chain(rest).collect(),
        }
    }
}

impl InstanceRow {
    fn of(summary: &InstanceSummary) -> Self {
        let (state, note) = match &summary.state {
            InstanceState::Planned => ("planned", String::new()),
            InstanceState::NoChanges => ("no changes", String::new()),
            InstanceState::Failed => ("failed", String::new()),
            InstanceState::Skipped { reason } => ("not planned", reason.clone()),
            InstanceState::Staged { stage, after, .. } => {
                ("later", format!("stage {stage}, after {}", wording::all_places(after)))
            }
        };
        Self {
            stack: summary.instance.stack.to_string(),
            environment: environment(&summary.instance).to_owned(),
            state,
            note: visible(&note),
            counts: summary.resources,
        }
    }
}

impl SectionView {
    fn of(index: usize, section: &Section) -> Self {
        let mut view = Self {
            id: format!("s{index}"),
            heading: visible(&section.heading),
            alarming: section.kind.is_alarming(),
            count: 0,
            leads: Vec::new(),
            changes: Vec::new(),
            sentences: Vec::new(),
        };
        for entry in &section.entries {
            match entry {
                Entry::Change(change) => view.changes.push(ChangeView::of(section.kind, change)),
                Entry::Lead(text) => view.leads.push(pieces(text)),
                Entry::Sentence { subjects, joint, text } => view.sentences.push(Sentence {
                    subjects: subjects.iter().map(|subject| visible(subject)).collect(),
                    joint,
                    text: pieces(text),
                }),
            }
        }
        view.count = view.changes.len();
        view
    }
}

impl ChangeView {
    fn of(kind: Kind, change: &Change) -> Self {
        let mut environments: Vec<_> = change.instances.iter().map(environment).collect();
        environments.dedup();
        let mut lines: Vec<Line> = change.details.iter().flat_map(lines).collect();
        let left_out = lines.len().saturating_sub(LINES);
        lines.truncate(LINES);
        Self {
            symbol: change.symbol,
            class: class(change.symbol),
            name: visible(&change.name),
            said: visible(&change.said()),
            protected: change.protected,
            places: wording::all_places(&change.instances),
            file: change.file.as_deref().map(visible),
            environments: environments.join(" "),
            open: change.open || kind.is_alarming(),
            lines,
            left_out,
        }
    }
}

/// What is lost, as the warning says it.
fn lost(review: &Review) -> Vec<Lost> {
    let sections = outline(review, Extent::SHORT);
    let changes = sections.iter().filter(|section| section.kind != Kind::Stage).flat_map(|section| &section.entries);
    let lost = changes.filter_map(|entry| match entry {
        Entry::Change(change) if change.lost => Some(Lost {
            name: visible(&change.name),
            said: visible(&change.said()),
            places: wording::all_places(&change.instances),
        }),
        _ => None,
    });
    lost.collect()
}

fn class(symbol: &str) -> &'static str {
    match symbol {
        "+" => "added",
        "-" | "x" => "removed",
        "±" => "replaced",
        "!" => "failed",
        _ => "changed",
    }
}

fn environment(instance: &Instance) -> &str {
    instance.environment.as_ref().map_or("shared", EnvironmentName::as_str)
}

/// Details as lines, each with what it is.
fn lines(detail: &Detail) -> Vec<Line> {
    let line = |class, text: String| Line { class, text };
    match detail {
        Detail::Line(Sign::Added, text) => vec![line("ins", format!("+ {text}"))],
        Detail::Line(Sign::Removed, text) => vec![line("del", format!("- {text}"))],
        Detail::Line(Sign::Same, text) => vec![line("same", format!("  {text}"))],
        Detail::Line(Sign::Gap, _) => vec![line("note", "  …".to_owned())],
        Detail::Change { path, before, after, note } => {
            let note = if note.is_empty() { String::new() } else { format!("  # {note}") };
            vec![line("del", format!("- {path} = {before}")), line("ins", format!("+ {path} = {after}{note}"))]
        }
        Detail::Note(note) => vec![line("note", format!("# {note}"))],
        Detail::Text(text) => vec![line("same", text.clone())],
    }
}

/// A sentence, with the names in its backticks apart.
fn pieces(text: &str) -> Vec<Piece> {
    let text = visible(text.trim());
    let parts: Vec<_> = text.split('`').collect();
    if parts.len() % 2 == 0 {
        return vec![Piece { code: false, text }];
    }
    let pieces = parts.iter().enumerate().map(|(index, part)| Piece { code: index % 2 == 1, text: (*part).to_owned() });
    pieces.filter(|piece| !piece.text.is_empty()).collect()
}

/// The digest of an inline style or script, as a content security policy names it.
pub(super) fn digest(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}
