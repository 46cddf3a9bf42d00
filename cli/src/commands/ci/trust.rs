//! How far a pull request is trusted: what the guard finds in its files, who it comes from, and what a maintainer says of
//! it. All of that is settled before anything of it runs, by the policy of the branch that it goes to.

use std::path::PathBuf;

use crate::{
    commands::Context,
    error::{CliError, ErrorKind},
    pipeline::PullRequestEvent,
    platform::{Platform, RUN_LABEL},
    policy::{self, Finding, Guarded, Words},
    repo::CommitId,
    review::ReviewInput,
};

use super::pull_request::Change;

/// What is said of a pull request beside its commits.
#[derive(Debug, clap::Args)]
pub(super) struct SaidArgs {
    /// File with the pull request's description, whose lines `kstack: allow destroy ADDRESS` allow what is protected; by
    /// default it is the event's
    #[arg(long, value_name = "FILE")]
    description_file: Option<PathBuf>,
    /// A label of the pull request; can be given several times. By default they are the event's
    #[arg(long = "label", value_name = "LABEL")]
    labels: Vec<String>,
}

/// What is said of a pull request beside its commits.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    pub(super) description: String,
    pub(super) labels: Vec<String>,
}

impl SaidArgs {
    /// What the flags say, or else what the event does.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(super) fn read(&self, context: &Context<'_>, event: Said) -> Result<Said, CliError> {
        let description = match &self.description_file {
            None => event.description,
            Some(file) => std::fs::read_to_string(context.directory.join(file)).map_err(|error| {
                let text = format!("cannot read `{}`: {error}", file.display());
                CliError::new(ErrorKind::User, std::io::Error::new(error.kind(), text))
            })?,
        };
        let labels = if self.labels.is_empty() { event.labels } else { self.labels.clone() };
        Ok(Said { description, labels })
    }
}

/// What is done with a pull request.
#[derive(Debug)]
pub(super) struct Trust {
    /// What the guard found.
    pub(super) findings: Vec<Finding>,
    /// Whether it comes from another repository.
    fork: bool,
    /// Why nothing of it is run, one sentence each; empty: it is planned.
    pub(super) held: Vec<String>,
    /// The commit whose policies hold.
    pub(super) policies: CommitId,
    /// What was allowed with a word.
    pub(super) words: Words,
}

impl Trust {
    /// Whether it is planned.
    pub(super) fn runs(&self) -> bool {
        self.held.is_empty()
    }

    /// Why it is not planned, in a few words; `None`: it is.
    pub(super) fn in_short(&self) -> Option<&'static str> {
        match (self.runs(), self.findings.iter().any(Finding::denies), self.fork) {
            (true, _, _) => None,
            (_, true, _) => Some("not planned: the guard refuses it"),
            (_, _, true) => Some("not planned: it comes from another repository"),
            _ => Some("not planned: it changes the pipeline, and nobody has said that it may run"),
        }
    }

    /// The review of what is not planned.
    pub(super) fn input(&self, change: &Change) -> ReviewInput {
        ReviewInput {
            notices: self.held.clone(),
            protect: change.platform.policy.protect.clone(),
            ..ReviewInput::default()
        }
    }
}

/// Settles how far the `change` of `event` is trusted.
///
/// # Errors
/// When the repository or the platform of the base cannot be read.
pub(super) fn settle(change: &Change, event: &PullRequestEvent, said: &Said) -> Result<Trust, CliError> {
    let fork = event.fork;
    // The branch as it is now, where it is at hand: the event may be older than its policy.
    let branch = event.target.as_ref().and_then(|branch| change.repository.resolve(&format!("origin/{branch}")).ok());
    let tip = branch.map_or_else(|| change.repository.resolve(&event.base), Ok)?;
    let trusted = change.repository.commit_snapshot(tip)?;
    let platform = match crate::closure::load_platform(&trusted) {
        Err(crate::closure::ClosureError::NoPlatform { .. }) => None,
        platform => Some(platform?),
    };
    let began = change.repository.commit_snapshot(change.base)?;
    let guarded = Guarded {
        trusted: platform.as_ref().map(|platform| (&trusted, platform)),
        base: Some(&began),
        head: &change.snapshot,
        platform: &change.platform,
    };
    let examined = policy::examine(&guarded)?;
    let label = platform.as_ref().map_or(RUN_LABEL, |platform| platform.policy.label());
    let mut held = Vec::new();
    if !said.labels.iter().any(|known| known == label) {
        held.extend(restricted(fork, &examined.pipeline, label));
    }
    if examined.is_denied() {
        held.push(
            "The guard refuses this change, so nothing of it was run and there is no plan. What it found is listed \
             above; what is to be trusted is for `kstack.hcl` of the branch that this goes to."
                .to_owned(),
        );
    }
    let mut findings = examined.findings;
    findings.extend(examined.pipeline);
    Ok(Trust {
        findings,
        fork,
        held,
        policies: policies(tip, change, platform.as_ref()),
        words: Words::read(&said.description),
    })
}

/// Why a change gets the static part only.
fn restricted(fork: bool, pipeline: &[Finding], label: &str) -> Option<String> {
    if fork {
        return Some(format!(
            "This pull request comes from another repository. Thank you! Its files were checked and its objects rendered, \
             but nothing of it was run, so there is no plan. A maintainer who has read it can have it planned with the label \
             `{label}`, or by pushing the branch to this repository."
        ));
    }
    (!pipeline.is_empty()).then(|| {
        format!(
            "This pull request changes how changes are planned and applied (see the policy warnings), so nothing of it was \
             run and there is no plan. A maintainer who has read it can have it planned with the label `{label}`."
        )
    })
}

/// The commit whose policies hold: of a branch without a platform there are none but the change's own.
fn policies(tip: CommitId, change: &Change, platform: Option<&Platform>) -> CommitId {
    if platform.is_some() { tip } else { change.head }
}
