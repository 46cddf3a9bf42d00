//! The review as a comment on a pull request, in GitHub's Markdown.
//!
//! A comment holds 65,536 characters. The headline and the warnings are always there; then every
//! change gets a line, then some details, then all, as far as they fit. What does not fit is counted.

use super::{
    ResourceGroup, Review, Risk,
    budget::{Entry, fit},
    details::{self, Detail},
    model::{EnvironmentSummary, InstanceState, Remark},
    text::{code, fence, html, prose, shorten, visible},
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
        let sections = sections(self);
        let headings: Vec<_> = sections.iter().map(|(heading, _)| format!("\n#### {heading}\n\n")).collect();
        let entries: Vec<_> = sections
            .into_iter()
            .enumerate()
            .flat_map(|(section, (_, forms))| forms.into_iter().map(move |forms| Entry { section, forms }))
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
    let mut remarks = Vec::new();
    if environment.failed > 0 {
        remarks.push(format!("**{} failed**", environment.failed));
    }
    if environment.pending > 0 {
        remarks.push(format!("{} not planned yet", environment.pending));
    }
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
            let line = format!("kstack: allow destroy {}", shorten(&group.address, NAME));
            text.push_str(&format!("> - {}\n", code(&line, false)));
        }
    }
    text
}

/// Sections with their entries, the riskiest first.
fn sections(review: &Review) -> Vec<(String, Vec<[String; 3]>)> {
    let mut sections: Vec<(String, Vec<[String; 3]>)> = Vec::new();
    let mut add = |heading: String, forms: [String; 3]| match sections.last_mut() {
        Some((last, entries)) if *last == heading => entries.push(forms),
        _ => sections.push((heading, vec![forms])),
    };
    for failure in &review.failures {
        let lines: Vec<_> = failure.message.lines().map(|line| visible(&shorten(line, 400))).collect();
        add("Failed".to_owned(), forms(&Line::new("!", &failure.subject, "failed", ""), "text", &lines, true));
    }
    for group in review.failing_checks() {
        let line = Line::new("!", &group.address, wording::check(group), &wording::places(&group.instances));
        let problems = group.problems.iter().flat_map(|problem| problem.lines());
        let problems: Vec<_> = problems.map(|line| visible(&shorten(line, 400))).collect();
        add(wording::CHECKS.to_owned(), forms(&line, "text", &problems, true));
    }
    for risk in wording::RISKS {
        for group in review.resources.iter().filter(|group| group.risk == risk) {
            add(wording::risk(risk).to_owned(), resource(group));
        }
        for group in review.objects.iter().filter(|group| group.risk == risk) {
            let (symbol, verb) = wording::object(group.change, group.kept);
            let place = format!("{} · {}", wording::registries(&group.registries), shorten(&group.file, NAME));
            let line = Line::new(symbol, &group.object.to_string(), verb, &place);
            let details = lines(&details::object(group));
            add(wording::risk_of_objects(risk).to_owned(), forms(&line, "diff", &details, risk == Risk::StateLost));
        }
    }
    for change in &review.engines {
        let line = Line::new("~", &wording::engine(change), "", &wording::registries(&change.registries));
        add("Engine".to_owned(), forms(&line, "diff", &lines(&details::engine(&change.difference)), false));
    }
    for group in &review.outputs {
        let line = Line::new("~", &group.name, "", &wording::places(&group.instances));
        add("Outputs".to_owned(), forms(&line, "diff", &lines(&details::output(group)), false));
    }
    for stage in &review.stages {
        let heading = prose(&wording::stage(stage));
        add(heading.clone(), same(format!("{}\n\n", prose(&wording::stage_note(stage)))));
        stage.resources.iter().for_each(|group| add(heading.clone(), resource(group)));
    }
    for group in &review.drift {
        let (symbol, verb) = wording::action(group);
        let line = Line::new(symbol, &group.address, verb, &wording::places(&group.instances));
        add("Changed outside Terraform".to_owned(), forms(&line, "diff", &lines(&details::resource(group)), false));
    }
    for group in review.checks.iter().filter(|group| !group.fails()) {
        let line = Line::new("?", &group.address, "", &wording::places(&group.instances));
        add(wording::UNKNOWN_CHECKS.to_owned(), forms(&line, "text", &[], false));
    }
    for summary in &review.instances {
        let sentence = match &summary.state {
            InstanceState::Staged { stage, after, unforeseen: Some(reason) } => {
                format!("{}: {}", wording::unforeseen(*stage, after), prose(&shorten(reason, 400)))
            }
            InstanceState::Skipped { reason } => format!("was not planned: {}", prose(&shorten(reason, 400))),
            _ => continue,
        };
        add(
            "Not planned yet".to_owned(),
            same(format!("- {} {sentence}\n", code(&summary.instance.to_string(), false))),
        );
    }
    remarks(&review.notices, "Notices", &mut add);
    remarks(&review.reasons, "Why these stacks", &mut add);
    sections
}

fn resource(group: &ResourceGroup) -> [String; 3] {
    let (symbol, verb) = wording::action(group);
    let reason = group.reason.as_deref().and_then(wording::reason);
    let because = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    let protected = if group.protected { " (protected)" } else { "" };
    let verb = format!("{verb}{because}{protected}");
    let line = Line::new(symbol, &group.address, &verb, &wording::places(&group.instances));
    forms(&line, "diff", &lines(&details::resource(group)), group.risk == Risk::StateLost)
}

fn remarks(remarks: &[Remark], heading: &str, add: &mut impl FnMut(String, [String; 3])) {
    for Remark { subjects, text } in remarks {
        let subjects =
            if subjects.is_empty() { String::new() } else { format!("{}: ", code(&wording::some_of(subjects), false)) };
        add(heading.to_owned(), same(format!("- {subjects}{}\n", prose(&shorten(text, 400)))));
    }
}

fn same(text: String) -> [String; 3] {
    [text.clone(), text.clone(), text]
}

/// The line of a change: symbol, name, what happens, where.
struct Line {
    markdown: String,
    html: String,
}

impl Line {
    fn new(symbol: &str, name: &str, verb: &str, place: &str) -> Self {
        let name = shorten(name, NAME);
        let (markdown_place, html_place) = match place {
            "" => (String::new(), String::new()),
            place => (format!(" · {}", prose(place)), format!(" · {}", html(place))),
        };
        let space = if verb.is_empty() { "" } else { " " };
        Self {
            markdown: format!("{} {}{space}{verb}{markdown_place}", code(symbol, false), code(&name, false)),
            html: format!(
                "<code>{}</code> <code>{}</code>{space}{}{html_place}",
                html(symbol),
                html(&name),
                html(verb)
            ),
        }
    }
}

/// The line alone, with some of `details`, and with all of them.
fn forms(line: &Line, language: &str, details: &[String], open: bool) -> [String; 3] {
    let short = format!("- {}\n", line.markdown);
    if details.is_empty() {
        return same(short);
    }
    let folded = |details: &[String]| {
        let open = if open { " open" } else { "" };
        format!("<details{open}><summary>{}</summary>\n\n{}\n</details>\n\n", line.html, fence(language, details))
    };
    let clipped = if details.len() > CLIPPED {
        let mut some = details[..CLIPPED].to_vec();
        some.push(format!("  … {} more lines", details.len() - CLIPPED));
        folded(&some)
    } else {
        folded(details)
    };
    [short, clipped, folded(details)]
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
