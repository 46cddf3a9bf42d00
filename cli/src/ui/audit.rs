//! How `kstack audit` is laid out.

use super::{Styles, Table};
use crate::{
    pipeline::{AuditRow, MergedChange, Status},
    platform::EnvironmentName,
    review::visible,
};

/// A row for each apply, newest first.
pub fn table(styles: Styles, rows: &[AuditRow]) -> String {
    let header = [
        "WHEN",
        "STACK",
        "STATUS",
        "COMMIT",
        "PULL REQUEST",
        "PROPOSED BY",
        "APPROVED BY",
        "MERGED BY",
        "APPLIED BY",
        "PLAN",
        "MARKS",
    ];
    let mut table = Table::new(styles, &header);
    for row in rows {
        let short = |text: &str, length: usize| text.get(..length).unwrap_or(text).to_owned();
        let marks = marks(row, ", ");
        table.row([
            row.time.strftime("%Y-%m-%d %H:%M").to_string(),
            format!("{} ({})", row.instance.stack, row.environment),
            status(styles, row.status),
            short(&row.commit, 7),
            visible(&numbers(row, ", ")),
            people(row, ", ", |change| change.proposed_by.iter().cloned().collect()),
            people(row, ", ", |change| change.approved_by.clone()),
            people(row, ", ", |change| change.merged_by.iter().cloned().collect()),
            visible(&applied_by(row)),
            row.plan_sha256.as_deref().map(|digest| short(digest, 12)).unwrap_or_default(),
            if marks.is_empty() { marks } else { styles.warning(marks) },
        ]);
    }
    table.render()
}

/// The same as comma-separated values (RFC 4180), with everything in full.
pub fn csv(rows: &[AuditRow]) -> String {
    let header = [
        "time",
        "environment",
        "stack",
        "shared",
        "status",
        "run",
        "commit",
        "pull_requests",
        "proposed_by",
        "approved_by",
        "merged_by",
        "promoted_by",
        "applied_by",
        "host",
        "job",
        "plan_sha256",
        "reviewed_sha256",
        "marks",
        "problem",
    ];
    let mut text = line(header.map(str::to_owned));
    for row in rows {
        let starter = row.started_by.as_ref();
        let promoted = row.tags.iter().map(|tag| match &tag.by {
            Some(by) => format!("{by} ({})", tag.tag),
            None => tag.tag.clone(),
        });
        text.push_str(&line([
            row.time.to_string(),
            row.environment.to_string(),
            row.instance.stack.to_string(),
            row.instance.environment.as_ref().map(EnvironmentName::as_str).is_none().to_string(),
            word(row.status).to_owned(),
            row.run.clone(),
            row.commit.clone(),
            numbers(row, " "),
            people(row, "; ", |change| change.proposed_by.iter().cloned().collect()),
            people(row, "; ", |change| change.approved_by.clone()),
            people(row, "; ", |change| change.merged_by.iter().cloned().collect()),
            promoted.collect::<Vec<_>>().join("; "),
            applied_by(row),
            row.host.clone(),
            starter.and_then(|starter| starter.job.clone()).unwrap_or_default(),
            row.plan_sha256.clone().unwrap_or_default(),
            row.reviewed_sha256.clone().unwrap_or_default(),
            marks(row, " "),
            row.problem.clone().unwrap_or_default(),
        ]));
    }
    text
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Planned => "planned",
        Status::Applying => "applying",
        Status::Applied => "applied",
        Status::Failed => "failed",
        Status::Interrupted => "interrupted",
        Status::Held => "held",
        Status::Skipped => "skipped",
        Status::Unknown => "unknown",
    }
}

fn status(styles: Styles, status: Status) -> String {
    match status {
        Status::Applied => styles.good(word(status)),
        Status::Failed | Status::Unknown => styles.error(word(status)),
        _ => styles.warning(word(status)),
    }
}

fn marks(row: &AuditRow, between: &str) -> String {
    row.marks.iter().map(|mark| mark.as_str()).collect::<Vec<_>>().join(between)
}

fn numbers(row: &AuditRow, between: &str) -> String {
    let numbers = row.changes.iter().filter_map(|change| change.pull_request);
    numbers.map(|number| format!("#{number}")).collect::<Vec<_>>().join(between)
}

/// The people of all changes, each once.
fn people(row: &AuditRow, between: &str, of: impl Fn(&MergedChange) -> Vec<String>) -> String {
    let mut names: Vec<String> = Vec::new();
    for name in row.changes.iter().flat_map(of).map(|name| visible(&name)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(between)
}

fn applied_by(row: &AuditRow) -> String {
    let Some(starter) = &row.started_by else { return String::new() };
    match (&starter.actor, &starter.system) {
        (Some(actor), Some(system)) => format!("{actor}, {system}"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => "a person".to_owned(),
    }
}

/// One line of comma-separated values.
fn line<const N: usize>(cells: [String; N]) -> String {
    format!("{}\r\n", cells.map(|text| cell(&text)).join(","))
}

/// A cell. Names may have been chosen by anybody: none becomes a formula when a spreadsheet opens the file.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_are_no_formulas() {
        assert_eq!(
            line(["a", "b, c", "d \"e\"", "=1+1", ""].map(str::to_owned)),
            "a,\"b, c\",\"d \"\"e\"\"\",'=1+1,\r\n"
        );
    }
}
