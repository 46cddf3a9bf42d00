//! What went wrong with an instance, as reports and journals tell it.

use crate::{
    platform::{Instance, layout},
    terraform::{Diagnostic, Failure, TerraformError},
};

use super::{PipelineError, fit::Refusal};

/// The error and its causes, a line each; the first line stands for all of it. Terraform's errors come with
/// their places in the repository: the files that it ran on are an export that is gone by then.
pub(super) fn tell(error: &PipelineError, instance: &Instance) -> String {
    if let PipelineError::Terraform(error) = error
        && let TerraformError::Failed(failure) = &**error
        && failure.errors().next().is_some()
    {
        return failed(failure, instance);
    }
    // It is about this instance alone.
    if let PipelineError::Refused { refusals } = error {
        return refusals.iter().map(Refusal::difference).collect::<Vec<_>>().join("\n");
    }
    chain(error)
}

/// The line that stands for all of a message.
pub(super) fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

/// What to do about an error whose cause is a full disk; `None`: it has another one.
pub fn full_disk(error: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    // By its words: a store hands on what the system said, and not its code.
    let found = causes.any(|cause| cause.to_string().to_lowercase().contains("no space left on device"));
    found.then_some("make room on that disk, then run it again: what was done by then is kept")
}

/// An error and its causes, a line each.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let mut lines: Vec<String> = causes.map(ToString::to_string).collect();
    lines.dedup();
    lines.extend(full_disk(error).map(ToOwned::to_owned));
    lines.join("\n")
}

fn failed(failure: &Failure, instance: &Instance) -> String {
    let mut lines = Vec::new();
    for error in failure.errors() {
        let place = place(error, instance).map(|place| format!("{place}: ")).unwrap_or_default();
        let command = if lines.is_empty() { format!("`{}` failed: ", failure.command) } else { String::new() };
        lines.push(format!("{command}{place}{}", error.summary));
        lines.extend(error.detail.lines().map(str::trim_end).filter(|line| !line.is_empty()).map(ToOwned::to_owned));
    }
    lines.join("\n")
}

/// Terraform names files as seen from the stack's folder.
fn place(error: &Diagnostic, instance: &Instance) -> Option<String> {
    let range = error.range.as_ref()?;
    let stack = layout::stack(&instance.stack);
    let mut parts: Vec<&str> = stack.split('/').collect();
    for part in range.filename.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            part => parts.push(part),
        }
    }
    Some(format!("{}:{}", parts.join("/"), range.start.line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        platform::StackName,
        terraform::{Position, Range, Severity},
    };

    #[test]
    fn every_error_has_its_place_in_the_repository() {
        let diagnostic = |filename: &str, summary: &str, detail: &str| Diagnostic {
            severity: Severity::Error,
            summary: summary.to_owned(),
            detail: detail.to_owned(),
            address: None,
            range: Some(Range {
                filename: filename.to_owned(),
                start: Position { line: 3, column: 1 },
                end: Position { line: 3, column: 2 },
            }),
            snippet: None,
        };
        let failure = Failure {
            command: "terraform plan".to_owned(),
            code: Some(1),
            diagnostics: vec![
                diagnostic("main.tf", "Invalid reference", "It names nothing.\n\nReally."),
                diagnostic("../../modules/net/main.tf", "Unsupported argument", ""),
            ],
            lines: Vec::new(),
            errored_state: None,
        };
        let instance = Instance { stack: StackName::new("db").unwrap(), environment: None };
        let error = PipelineError::from(TerraformError::Failed(Box::new(failure)));
        insta::assert_snapshot!(tell(&error, &instance), @r"
        `terraform plan` failed: infra/db/main.tf:3: Invalid reference
        It names nothing.
        Really.
        modules/net/main.tf:3: Unsupported argument
        ");
    }
}
