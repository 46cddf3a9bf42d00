//! The review as a comment on a pull request, in GitHub's Markdown.
//!
//! A comment holds 65,536 characters. The headline and the warnings are always there; then every
//! change gets a line, then some details, then all, as far as they fit. What does not fit is counted.

use super::{
    Review, Risk,
    budget::{Entry, fit},
    details::{self, Detail, Extent},
    model::EnvironmentSummary,
    outline::{self, Change, Section, outline},
    text::{code, fence, html, prose, shorten},
    wording,
};
use crate::render::Sign;

/// How our comment is found again, to be edited in place. It begins the comment and is nowhere else.
pub const COMMENT_MARKER: &str = "<!-- kstack:review -->";
/// Bytes of a comment: GitHub's 65,536 characters, with room for what a forge adds.
pub const COMMENT_BUDGET: usize = 65_000;

/// Lines of details that most changes do with.
const CLIPPED: usize = 24;
/// Rows of the table, and lines of the warning.
const ROWS: usize = 40;
const WARNED: usize = 12;
/// Longest name in running text, in characters.
const NAME: usize = 160;
/// Longest sentence, and longest line of what a program said.
const SENTENCE: usize = 400;
/// Room for the line that counts what was left out.
const TAIL: usize = 200;

impl Review {
    /// The review as Markdown of at most `budget` bytes (see [`COMMENT_BUDGET`]; `usize::MAX` for the
    /// full report), beginning with [`COMMENT_MARKER`] unless not even that fits.
    pub fn markdown(&self, budget: usize) -> String {
        let report = self.report.as_deref().filter(|address| is_plain_address(address));
        let tail_room = TAIL + report.map_or(0, str::len);
        let heads = [head(self, ROWS, WARNED), head(self, 0, 2), format!("{COMMENT_MARKER}\n")];
        let Some(mut text) = heads.into_iter().find(|head| head.len() + tail_room <= budget) else {
            return if COMMENT_MARKER.len() <= budget { COMMENT_MARKER.to_owned() } else { String::new() };
        };
        let sections = outline(self, Extent::SHORT);
        let headings: Vec<_> =
            sections.iter().map(|section| format!("\n#### {}\n\n", prose(&section.heading))).collect();
        let entries: Vec<_> = sections
            .iter()
            .enumerate()
            .flat_map(|(section, about)| entries(about).into_iter().map(move |forms| Entry { section, forms }))
            .collect();
        let chosen = fit(&headings, &entries, budget - text.len() - tail_room);
        let mut last = None;
        for (entry, form) in entries.iter().zip(&chosen) {
            let Some(form) = *form else { break };
            if last != Some(entry.section) {
                last = Some(entry.section);
                let heading = &headings[entry.section];
                text.push_str(if text.ends_with("\n\n") { heading.trim_start() } else { heading });
            }
            text.push_str(&entry.forms[form]);
        }
        let left_out = chosen.iter().filter(|form| form.is_none()).count();
        let shortened = entries
            .iter()
            .zip(&chosen)
            .filter(|(entry, form)| form.is_some_and(|form| entry.forms[form].len() < entry.forms[2].len()));
        text.push_str(&tail(left_out, shortened.count(), report));
        text
    }
}

/// Headline, table and warnings.
fn head(review: &Review, rows: usize, warned: usize) -> String {
    let title =
        review.title.as_ref().map(|title| format!(" · {}", code(&shorten(title, NAME), false))).unwrap_or_default();
    let mut text = format!("{COMMENT_MARKER}\n### kstack{title}\n\n**{}**\n", wording::headline(review));
    if rows > 0 && review.environments.iter().any(|environment| environment.instances > 0) {
        text.push_str("\n| environment | instances | create | change | replace | destroy | objects | |\n");
        text.push_str("|:--|--:|--:|--:|--:|--:|:--|:--|\n");
        review.environments.iter().take(rows).for_each(|environment| text.push_str(&row(environment)));
        if let more @ 1.. = review.environments.len().saturating_sub(rows) {
            text.push_str(&format!("\nand {} more\n", details::count(more, "environment")));
        }
    }
    text.push_str(&warning(review, warned));
    text
}

fn row(environment: &EnvironmentSummary) -> String {
    let plain = |number: usize| if number == 0 { "–".to_owned() } else { number.to_string() };
    let loud = |number: usize| if number == 0 { "–".to_owned() } else { format!("**{number}**") };
    let counts = environment.resources;
    let (bad, rest) = wording::remarks(environment);
    let remarks: Vec<_> = bad.iter().map(|remark| format!("**{remark}**")).chain(rest).collect();
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} |\n",
        code(&environment.name, true),
        plain(environment.instances),
        plain(counts.create),
        plain(counts.change),
        loud(counts.replace),
        loud(counts.destroy),
        wording::object_counts(environment.objects),
        remarks.join(", "),
    )
}

/// What is lost, and what to write to allow it.
fn warning(review: &Review, shown: usize) -> String {
    let resources = review.resources.iter().filter(|group| group.risk == Risk::StateLost).map(|group| {
        let (_, verb) = wording::action(group);
        let protected = if group.protected { ", **though protected**" } else { "" };
        let address = code(&shorten(&group.address, NAME), false);
        format!("{address} is {verb} in {}{protected}", wording::places(&group.instances))
    });
    let objects = review.objects.iter().filter(|group| group.risk == Risk::StateLost).map(|group| {
        let object = code(&shorten(&group.object.to_string(), NAME), false);
        format!("{object} is removed in {}", wording::registries(&group.registries))
    });
    let lost: Vec<_> = resources.chain(objects).collect();
    if lost.is_empty() {
        return String::new();
    }
    let mut text = "\n> [!CAUTION]\n".to_owned();
    lost.iter().take(shown).for_each(|line| text.push_str(&format!("> - {line}\n")));
    if let more @ 1.. = lost.len().saturating_sub(shown) {
        text.push_str(&format!("> - and {more} more\n"));
    }
    if review.destroys_protected().next().is_some() {
        text.push_str(
            ">\n> To apply this, the description of the pull request needs a line for each that is protected:\n>\n",
        );
        for group in review.destroys_protected().take(shown.min(3)) {
            let line = wording::allowance(&shorten(&group.address, NAME));
            text.push_str(&format!("> - {}\n", code(&line, false)));
        }
    }
    text
}

/// A section's entries in all their forms.
fn entries(section: &Section) -> Vec<[String; 3]> {
    let form = |entry: &outline::Entry| match entry {
        outline::Entry::Change(change) => forms(change),
        outline::Entry::Lead(text) => same(format!("{}\n\n", prose(text))),
        outline::Entry::Sentence { subjects, joint, text } => {
            let subjects = match subjects.as_slice() {
                [] => String::new(),
                subjects => format!("{}{joint}", code(&wording::some_of(subjects), false)),
            };
            same(format!("- {subjects}{}\n", prose(&shorten(text, SENTENCE))))
        }
    };
    section.entries.iter().map(form).collect()
}

fn same(text: String) -> [String; 3] {
    [text.clone(), text.clone(), text]
}

/// A change as a line alone, with some of its details, and with all of them.
fn forms(change: &Change) -> [String; 3] {
    let (name, said) = (shorten(&change.name, NAME), change.said());
    let space = if said.is_empty() { "" } else { " " };
    let file = change.file.as_ref().map(|file| shorten(file, NAME));
    let place = [Some(change.places()), file].into_iter().flatten().filter(|part| !part.is_empty());
    let place: Vec<_> = place.collect();
    let at = |text: fn(&str) -> String| place.iter().map(|part| format!(" · {}", text(part))).collect::<String>();
    let short = format!("- {} {}{space}{said}{}\n", code(change.symbol, false), code(&name, false), at(prose));
    let details = lines(&change.details);
    if details.is_empty() {
        return same(short);
    }
    let (symbol, name, said) = (html(change.symbol), html(&name), html(&said));
    let summary = format!("<code>{symbol}</code> <code>{name}</code>{space}{said}{}", at(html));
    let is_text = change.details.iter().all(|detail| matches!(detail, Detail::Text(_)));
    let language = if is_text { "text" } else { "diff" };
    let folded = |details: &[String]| {
        let open = if change.open { " open" } else { "" };
        format!("<details{open}><summary>{summary}</summary>\n\n{}\n</details>\n\n", fence(language, details))
    };
    let clipped = if details.len() > CLIPPED {
        let mut some = details[..CLIPPED].to_vec();
        some.push(format!("  … {} more lines", details.len() - CLIPPED));
        folded(&some)
    } else {
        folded(&details)
    };
    [short, clipped, folded(&details)]
}

/// Details as lines that GitHub colours.
fn lines(details: &[Detail]) -> Vec<String> {
    let mut lines = Vec::new();
    for detail in details {
        match detail {
            Detail::Line(Sign::Gap, _) => lines.push("@@ … @@".to_owned()),
            Detail::Line(sign, text) => lines.push(format!("{} {text}", sign.symbol())),
            Detail::Change { path, before, after, note } => {
                lines.push(format!("- {path} = {before}"));
                let note = if note.is_empty() { String::new() } else { format!("  # {note}") };
                lines.push(format!("+ {path} = {after}{note}"));
            }
            Detail::Note(note) => lines.push(format!("# {note}")),
            Detail::Text(text) => lines.push(shorten(text, SENTENCE)),
        }
    }
    lines
}

/// What was left out.
fn tail(left_out: usize, shortened: usize, report: Option<&str>) -> String {
    let missing = match (left_out, shortened) {
        (0, 0) => None,
        (0, shortened) => Some(format!("the details of {} are shortened", details::count(shortened, "change"))),
        (left_out, 0) => Some(format!("and {left_out} more")),
        (left_out, shortened) => Some(format!(
            "and {left_out} more, and the details of {} are shortened",
            details::count(shortened, "change")
        )),
    };
    match (missing, report) {
        (Some(missing), Some(report)) => format!("\n*{missing}: see the [full report](<{report}>)*\n"),
        (Some(missing), None) => format!("\n*{missing}: see the full report*\n"),
        (None, Some(report)) => format!("\n[Full report](<{report}>)\n"),
        (None, None) => String::new(),
    }
}

/// Whether `address` can stand in a link as it is.
fn is_plain_address(address: &str) -> bool {
    address.len() <= 1000
        && (address.starts_with("https://") || address.starts_with("http://"))
        && address.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/?#&=%+,;".contains(&byte))
}
