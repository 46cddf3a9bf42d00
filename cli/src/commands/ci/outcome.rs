//! What came of a delivery, in a few words: a status of the commit, and the last lines of the comment on the pull request
//! that it was.

use crate::{
    error::CliError,
    exit::ExitCode,
    forge::CommitState,
    pipeline::{ApplyReport, Status},
    platform::EnvironmentName,
    review::prose,
};

/// What begins our lines below a review; see [`line_below`].
const MARKER: &str = "\n\n<!-- kstack:delivered -->\n";
/// Longest line, in characters.
const LINE: usize = 200;

/// What came of a delivery.
pub(super) struct Outcome {
    pub(super) state: CommitState,
    pub(super) text: String,
}

impl Outcome {
    /// Of a run that ended with `result`, and `applied` what is said in [`applied`].
    pub(super) fn of(result: &Result<ExitCode, CliError>, applied: Option<&str>) -> Self {
        let applied = applied.unwrap_or("nothing was applied");
        let (state, text) = match result {
            Ok(ExitCode::Done) => (CommitState::Success, applied.to_owned()),
            Ok(ExitCode::Interrupted) => (CommitState::Error, format!("interrupted; {applied}")),
            Ok(ExitCode::Different) => {
                (CommitState::Failure, format!("{applied}, but the clusters do not hold the commit yet"))
            }
            Ok(_) => (CommitState::Failure, applied.to_owned()),
            Err(error) => (CommitState::Failure, error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")),
        };
        Self { state, text }
    }
}

/// What was applied, and what was not.
pub(super) fn applied(report: &ApplyReport, handed_over: bool) -> String {
    let done = report.instances.iter().filter(|delivered| delivered.status == Status::Applied).count();
    let mut words = vec![match (done, report.up_to_date) {
        (0, _) if report.instances.is_empty() => "everything was applied already".to_owned(),
        (_, 0) => format!("{done} applied"),
        (_, others) => format!("{done} applied, {others} up to date"),
    }];
    let missed = report.instances.iter().filter(|delivered| delivered.status != Status::Applied);
    words.extend(missed.map(|delivered| format!("{}: {}", delivered.instance, delivered.summary)));
    words.extend(report.refusals.iter().map(ToString::to_string));
    if report.is_ok() && handed_over {
        words.push("handed over".to_owned());
    }
    words.join(", ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `comment` with a line about `environment` below it; the line that an earlier run wrote there goes.
pub(super) fn line_below(comment: &str, environment: &EnvironmentName, commit: &str, outcome: &Outcome) -> String {
    let (review, before) = comment.split_once(MARKER).unwrap_or((comment, ""));
    let verb = match outcome.state {
        CommitState::Success => "delivered",
        CommitState::Pending => "being delivered",
        CommitState::Failure | CommitState::Error => "**not delivered**",
    };
    let beginning = format!("- `{environment}`:");
    let mut lines: Vec<String> = before
        .lines()
        .filter(|line| line.starts_with("- ") && !line.starts_with(&beginning))
        .map(str::to_owned)
        .collect();
    let text: String = outcome.text.chars().take(LINE).collect();
    lines.push(format!("{beginning} {verb} {}", prose(&format!("at {commit:.7}: {text}"))));
    format!("{}{MARKER}\n{}\n", review.trim_end(), lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_environment_has_one_line_that_the_last_run_writes() {
        let name = |name: &str| EnvironmentName::new(name).unwrap();
        let outcome = |state, text: &str| Outcome { state, text: text.to_owned() };
        let first = outcome(CommitState::Failure, "pool (ops): state differs <!-- @all");
        let once = line_below("review\n", &name("ops"), "0123456789", &first);
        assert!(
            once.starts_with("review\n\n<!-- kstack:delivered -->\n\n- `ops`: **not delivered** at 0123456: pool"),
            "{once}"
        );
        assert!(!once.contains("<!-- @"), "{once}");
        let again = line_below(&once, &name("ops"), "0123456789", &outcome(CommitState::Success, "1 applied"));
        let both = line_below(&again, &name("apps"), "abcdef01", &outcome(CommitState::Success, "2 applied"));
        insta::assert_snapshot!(both, @"
        review

        <!-- kstack:delivered -->

        - `ops`: delivered at 0123456: 1 applied
        - `apps`: delivered at abcdef0: 2 applied
        ");
    }
}
