//! Errors of `terraform/` for the user.

use std::sync::Arc;

use super::{CliError, ErrorKind};
use crate::{
    hcl::{Diagnostic, SourceFile},
    terraform::{
        self, Cause, Failure, LockFileProblem, LockInfo, PlanFileError, Platform, ProviderStoreError, SETTING,
        ShowError, StateFileError, TerraformError,
    },
};

impl From<TerraformError> for CliError {
    fn from(error: TerraformError) -> Self {
        let kind = match &error {
            TerraformError::Interrupted { .. } => ErrorKind::Interrupted,
            TerraformError::NotFound { .. } | TerraformError::NotTerraform { .. } | TerraformError::TooOld { .. } => {
                ErrorKind::User
            }
            TerraformError::Providers(error) if matches!(**error, ProviderStoreError::LockFile { .. }) => {
                ErrorKind::User
            }
            _ => ErrorKind::External,
        };
        let mut hints = hints(&error);
        if let Some(state) = error.errored_state() {
            hints.push(format!(
                "Terraform could not store the state and left it in `{}`: push it with `terraform state push` before \
                 anything else is applied",
                state.display()
            ));
        }
        let located = match &error {
            TerraformError::Failed(failure) => failure.errors().filter_map(located).collect(),
            _ => Vec::new(),
        };
        let error = Self::new(kind, error).diagnostics(located);
        hints.into_iter().fold(error, Self::hint)
    }
}

fn hints(error: &TerraformError) -> Vec<String> {
    let choose = || format!("name the program with `{SETTING}`, or put `terraform` or `tofu` on `PATH`");
    match error {
        TerraformError::NotFound { .. } => vec![
            "install Terraform (https://developer.hashicorp.com/terraform/install) or OpenTofu \
             (https://opentofu.org/docs/intro/install/)"
                .to_owned(),
            choose(),
        ],
        TerraformError::NotTerraform { .. } => vec![choose()],
        TerraformError::TooOld { oldest, .. } => {
            vec![format!("state in S3 is locked without DynamoDB, which came with {oldest}"), choose()]
        }
        TerraformError::Interrupted { killed: true, .. } => {
            vec!["look at the resources by hand before the next run: not everything may be recorded".to_owned()]
        }
        TerraformError::Failed(failure) => failed(failure),
        TerraformError::Providers(error) => provider(error),
        _ => Vec::new(),
    }
}

fn provider(error: &ProviderStoreError) -> Vec<String> {
    let lock = |platform: &Platform| {
        format!("run `terraform providers lock -platform={platform}` in the stack, and commit `.terraform.lock.hcl`")
    };
    match error {
        ProviderStoreError::LockFile { problem, .. } if matches!(**problem, LockFileProblem::NoHashes { .. }) => {
            vec![lock(&Platform::current())]
        }
        ProviderStoreError::LockFile { .. } => vec![
            "restore `.terraform.lock.hcl` from Git, or delete it and run `terraform init` in the stack".to_owned(),
        ],
        ProviderStoreError::Mismatch { package, .. } => vec![
            format!("if the lock file was written on another platform: {}", lock(&package.platform)),
            "otherwise somebody has replaced the package: do not use it before you know who".to_owned(),
        ],
        ProviderStoreError::Registry { host, .. } => vec![format!(
            "check the network and the proxy, or name a mirror that has it in `{}`: `{host}` is not asked then",
            terraform::MIRROR_SETTING
        )],
        _ => Vec::new(),
    }
}

fn failed(failure: &Failure) -> Vec<String> {
    match failure.cause() {
        Cause::StateLocked(lock) => locked(&lock),
        Cause::ProviderMissing => vec![format!(
            "a provider that a mirror has (`{}`, or `filesystem_mirror` in your CLI configuration) is not looked for in \
             its registry: the mirror needs a version that fits",
            terraform::MIRROR_SETTING
        )],
        Cause::LockFileOutdated => vec![
            "run `terraform init -upgrade` and `terraform providers lock` in the stack, and commit \
             `.terraform.lock.hcl`"
                .to_owned(),
        ],
        Cause::BackendAccess => {
            vec!["check the credentials in the environment and the settings in `environments/*.tfbackend`".to_owned()]
        }
        Cause::StalePlan => {
            vec!["the state or the providers have changed since the plan was made: plan again".to_owned()]
        }
        Cause::InitNeeded | Cause::Other => Vec::new(),
    }
}

fn locked(lock: &LockInfo) -> Vec<String> {
    let who = lock.who.as_deref().unwrap_or("somebody");
    let since = lock.created.as_ref().map(|created| format!(" since {created}")).unwrap_or_default();
    let what = lock.operation.as_ref().map(|operation| format!(" for `{operation}`")).unwrap_or_default();
    let mut hints = vec![format!("{who} holds the lock{what}{since}: wait until that run has ended")];
    if let Some(id) = &lock.id {
        hints.push(format!("if it has surely died, release the lock with `terraform force-unlock {id}`"));
    }
    hints
}

/// The diagnostic with its source lines, as far as Terraform sent them. The lines before are left
/// empty, so that numbers are right.
fn located(found: &terraform::Diagnostic) -> Option<Diagnostic> {
    let (range, snippet) = (found.range.as_ref()?, found.snippet.as_ref()?);
    let before = snippet.start_line.saturating_sub(1);
    let text = format!("{}{}", "\n".repeat(before), snippet.code);
    let place = |offset: usize| {
        let offset = before + offset.min(snippet.code.len());
        (0..=offset).rev().find(|&offset| text.is_char_boundary(offset)).unwrap_or(0)
    };
    let span = place(snippet.highlight_start_offset)..place(snippet.highlight_end_offset);
    let file = Arc::new(SourceFile { path: range.filename.clone(), text: text.clone() });
    let diagnostic = Diagnostic::new(&file, span, found.summary.clone());
    Some(if found.detail.is_empty() { diagnostic } else { diagnostic.with_help(found.detail.trim_end()) })
}

impl From<PlanFileError> for CliError {
    fn from(error: PlanFileError) -> Self {
        TerraformError::from(error).into()
    }
}

impl From<ShowError> for CliError {
    fn from(error: ShowError) -> Self {
        TerraformError::from(error).into()
    }
}

impl From<StateFileError> for CliError {
    fn from(error: StateFileError) -> Self {
        TerraformError::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terraform::{Position, Range, Severity, Snippet};

    fn failure(summary: &str, detail: &str) -> Failure {
        Failure {
            command: "terraform plan".into(),
            code: Some(1),
            diagnostics: vec![terraform::Diagnostic {
                severity: Severity::Error,
                summary: summary.into(),
                detail: detail.into(),
                address: None,
                range: Some(Range {
                    filename: "main.tf".into(),
                    start: Position { line: 3, column: 7 },
                    end: Position { line: 3, column: 12 },
                }),
                snippet: Some(Snippet {
                    code: "  x = wrong".into(),
                    start_line: 3,
                    highlight_start_offset: 6,
                    highlight_end_offset: 11,
                }),
            }],
            lines: Vec::new(),
            errored_state: None,
        }
    }

    #[test]
    fn a_diagnostic_keeps_its_place() {
        let error = CliError::from(TerraformError::Failed(Box::new(failure("Invalid reference", "Really."))));
        let [located] = error.located() else { panic!() };
        assert_eq!(located.location(), "main.tf:3");
        assert_eq!(&located.file.text[located.span.clone()], "wrong");
        assert_eq!(located.help.as_deref(), Some("Really."));
        assert_eq!(error.kind(), ErrorKind::External);
    }

    #[test]
    fn a_lock_says_whom_to_wait_for() {
        let detail =
            "Lock Info:\n  ID:        abc\n  Operation: OperationTypeApply\n  Who:       ann@ci\n  Created:   now";
        let mut failure = failure("Error acquiring the state lock", detail);
        failure.errored_state = Some("/x/errored.tfstate".into());
        let error = CliError::from(TerraformError::Failed(Box::new(failure)));
        insta::assert_snapshot!(error.hints().join("\n"), @r"
        ann@ci holds the lock for `OperationTypeApply` since now: wait until that run has ended
        if it has surely died, release the lock with `terraform force-unlock abc`
        Terraform could not store the state and left it in `/x/errored.tfstate`: push it with `terraform state push` before anything else is applied
        ");
    }

    #[test]
    fn a_provider_that_is_not_what_was_locked_is_explained() {
        let package = terraform::Package {
            address: "registry.terraform.io/hashicorp/random".parse().unwrap(),
            version: "3.9.0".parse().unwrap(),
            platform: "linux_amd64".parse().unwrap(),
        };
        let error = ProviderStoreError::Mismatch {
            package: package.into(),
            from: "/mirror".into(),
            found: vec!["h1:A".into()],
        };
        let error = CliError::from(TerraformError::from(error));
        insta::assert_snapshot!(format!("{error}\n{}", error.hints().join("\n")), @"
        `hashicorp/random` 3.9.0 for linux_amd64 from `/mirror` is not what the lock file has: it has h1:A
        if the lock file was written on another platform: run `terraform providers lock -platform=linux_amd64` in the stack, and commit `.terraform.lock.hcl`
        otherwise somebody has replaced the package: do not use it before you know who
        ");
        let problem = terraform::LockFile::parse(b"provider \"a").unwrap_err().into();
        let error = ProviderStoreError::LockFile { path: ".terraform.lock.hcl".into(), problem };
        assert_eq!(CliError::from(TerraformError::from(error)).kind(), ErrorKind::User);
    }

    #[test]
    fn a_missing_program_comes_with_its_remedy() {
        let error = CliError::from(TerraformError::NotFound { names: vec!["terraform".into(), "tofu".into()] });
        assert_eq!((error.to_string().as_str(), error.kind()), ("cannot find `terraform` or `tofu`", ErrorKind::User));
        assert!(error.hints()[1].contains("KSTACK_TERRAFORM"));
    }
}
