//! `kstack audit`.

use jiff::{Timestamp, civil, tz::TimeZone};
use serde_json::json;

use super::{Context, delivery, teller::teller};
use crate::{
    error::CliError,
    exit::ExitCode,
    forge::{Address, Client, Token, Variables},
    pipeline::{AuditReport, AuditRequest, Site},
    platform::{EnvironmentName, StackName},
    repo::Repository,
    ui::audit,
};

/// Show who proposed, approved, merged and applied what, and when
///
/// Each row is a stack that one run applied, from the journals that lie beside the states; how it came to that is read
/// from Git. Approvals are known to the forge alone. What is missing or unusual is marked: a change that nobody
/// reviewed, a commit that is on no branch, a run that no pipeline started.
#[derive(Debug, clap::Args)]
pub struct AuditArgs {
    /// Nothing before this: a date, a time, or how long ago, such as `30d`
    #[arg(long, value_name = "TIME", value_parser = begin)]
    since: Option<Timestamp>,
    /// Nothing after this; a date means its end
    #[arg(long, value_name = "TIME", value_parser = end)]
    until: Option<Timestamp>,
    /// Only this environment; can be given several times
    #[arg(short, long = "environment", value_name = "NAME")]
    environments: Vec<EnvironmentName>,
    /// Only this stack; can be given several times
    #[arg(short, long = "stack", value_name = "NAME")]
    stacks: Vec<StackName>,
    /// Only what has a mark
    #[arg(long)]
    marked: bool,
    /// Leave the forge alone
    #[arg(long)]
    no_forge: bool,
    /// Print comma-separated values instead of a table
    #[arg(long, conflicts_with = "format")]
    csv: bool,
    /// Exit with 2 when something has a mark
    #[arg(long)]
    exit_code: bool,
}

/// Asks the forge. Returns what it cannot tell, if there is anything.
fn ask(
    context: &Context<'_>,
    site: &Site,
    report: &mut AuditReport,
    no_forge: bool,
) -> Result<Option<String>, CliError> {
    const UNKNOWN: &str = "who approved is not known, and pull requests are told from the messages of commits";
    let platform = delivery::platform(site, site.repository().head()?)?;
    let (forge, variables) = (&platform.forge, Variables::of_process());
    let Some(title) = forge.title() else { return Ok(None) };
    let address = Address::find(forge, &platform.repository, &variables)?;
    let (Some(address), Some(token), false) = (address, Token::find(forge, &variables), no_forge) else {
        let names = Token::variables(forge).iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
        let how = if no_forge { String::new() } else { format!("; {names} lets kstack ask it") };
        return Ok(Some(format!("{title} was not asked: {UNKNOWN}{how}")));
    };
    let client = Client::new(address, &token, teller(context))?;
    match context.block_on(report.ask(&client)) {
        Ok(0) => Ok(None),
        Ok(more) => Ok(Some(format!("{title} was not asked about the oldest {more} changes: of them, {UNKNOWN}"))),
        Err(error) => {
            context.ui.warn(&format!("{title} cannot be asked: {error}"));
            Ok(Some(format!("of what it was not asked about, {UNKNOWN}")))
        }
    }
}

/// Reads journals and history, and prints them.
///
/// # Errors
/// When the platform, a journal or the history cannot be read.
pub fn run(context: &mut Context<'_>, args: &AuditArgs) -> Result<ExitCode, CliError> {
    if let (Some(since), Some(until)) = (args.since, args.until)
        && since > until
    {
        return Err(CliError::usage("`--since` is after `--until`"));
    }
    let site = Site::new(Repository::open(&context.directory)?, &context.cache()?);
    let request = AuditRequest {
        commit: site.repository().head()?,
        environments: args.environments.clone(),
        stacks: args.stacks.clone(),
        since: args.since,
        until: args.until,
    };
    let mut report = context.block_on(site.audit(&request))?;
    let told = ask(context, &site, &mut report, args.no_forge)?;
    let mut rows = report.rows;
    let marked = rows.iter().filter(|row| !row.marks.is_empty()).count();
    if args.marked {
        rows.retain(|row| !row.marks.is_empty());
    }
    if args.csv {
        context.ui.raw(&audit::csv(&rows));
    } else if context.ui.is_json() {
        for row in &rows {
            context.ui.json(&json!({ "type": "audit", "version": 1, "apply": row }))?;
        }
    } else if rows.is_empty() {
        context.ui.status("nothing was applied");
    } else {
        context.ui.data(&audit::table(*context.ui.styles(), &rows));
    }
    if let Some(told) = told {
        context.ui.status(&told);
    }
    Ok(if args.exit_code && marked > 0 { ExitCode::Different } else { ExitCode::Done })
}

fn begin(text: &str) -> Result<Timestamp, String> {
    time(text, civil::Time::midnight())
}

fn end(text: &str) -> Result<Timestamp, String> {
    time(text, civil::Time::MAX)
}

/// A time, a date in UTC, or a span before now.
fn time(text: &str, of_day: civil::Time) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    if let Ok(date) = text.parse::<civil::Date>() {
        let time = date.to_datetime(of_day).to_zoned(TimeZone::UTC);
        return time.map(|time| time.timestamp()).map_err(|error| error.to_string());
    }
    let wrong = || "it is neither a date (2026-01-31), a time (2026-01-31T12:00:00Z) nor how long ago (30d)".to_owned();
    let span: jiff::Span = text.parse().map_err(|_| wrong())?;
    let now = Timestamp::now().to_zoned(TimeZone::UTC);
    // A span that was written with a sign is one all the same.
    now.checked_sub(span.abs()).map(|time| time.timestamp()).map_err(|_| wrong())
}
