//! A pull request: check the files, plan, render both sides, and put all of it into one comment.

use std::collections::BTreeSet;

use crate::{
    check::{self, Files},
    closure,
    commands::{Context, interrupt, setup},
    error::CliError,
    exit::ExitCode,
    pipeline::{PlanReport, PlanRequest, Planned, Which},
    platform::{EnvironmentName, Instance, Platform},
    repo::{CommitId, Range, Repository, Snapshot},
    review::ReviewInput,
    terraform::Interrupt,
    ui::Reporter,
};

use super::comment::{self, CommentArg};

/// What a pull request changes; its files are known to be good.
pub(super) struct Change {
    pub(super) repository: Repository,
    /// The commit where the branch began.
    pub(super) base: CommitId,
    pub(super) head: CommitId,
    /// The files at the head.
    pub(super) snapshot: Snapshot,
    pub(super) platform: Platform,
    /// What should be looked at in its files.
    pub(super) warnings: Vec<String>,
}

impl Change {
    /// Reads both sides, and checks the files of the head.
    ///
    /// # Errors
    /// Unknown revisions; files that `kstack validate` refuses.
    pub(super) fn open(context: &Context<'_>, base: &str, head: &str) -> Result<Self, CliError> {
        let repository = Repository::open(&context.directory)?;
        let head = repository.resolve(head)?;
        // What the branch adds, not what its base has gained since.
        let base = repository.merge_base(repository.resolve(base)?, head)?;
        let snapshot = repository.commit_snapshot(head)?;
        let warnings = validate(&snapshot)?;
        let platform = closure::load_platform(&snapshot)?;
        Ok(Self { repository, base, head, snapshot, platform, warnings })
    }

    /// Its two sides.
    pub(super) fn range(&self) -> Range {
        Range { base: Some(self.base), head: self.head }
    }
}

pub(super) fn run(
    context: &mut Context<'_>,
    comment: &CommentArg,
    base: &str,
    head: &str,
    fork: bool,
) -> Result<ExitCode, CliError> {
    let change = Change::open(context, base, head)?;
    let input = if fork {
        strangers(&change)
    } else {
        let interrupt = interrupt::listen(context)?;
        let (planned, notices) = planned(context, &change, None, &interrupt)?;
        if interrupt.is_raised() {
            return Ok(ExitCode::Interrupted);
        }
        comment::input(&change, planned, notices)
    };
    comment::write(context, comment, &change, input)
}

/// What is reviewed of a pull request from another repository.
pub(super) fn strangers(change: &Change) -> ReviewInput {
    let notice = "This pull request comes from another repository: nothing of it was run, so there is no plan. \
                  A maintainer can push the branch to this repository to have it planned.";
    ReviewInput {
        notices: vec![notice.to_owned()],
        protect: change.platform.policy.protect.clone(),
        ..ReviewInput::default()
    }
}

/// What `kstack validate` says of the commit: an error, or what should be looked at.
fn validate(snapshot: &Snapshot) -> Result<Vec<String>, CliError> {
    let mut files = Vec::new();
    for entry in snapshot.files("")? {
        if let Some(blob) = snapshot.read(&entry.path)? {
            files.push((entry.path, blob.bytes));
        }
    }
    let report = check::repository(&Files::new(files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))));
    if !report.problems.is_empty() {
        return Err(report.into());
    }
    Ok(report.buried.iter().map(ToString::to_string).collect())
}

/// Plans the first environment, and previews the others: what those would do is planned for real, and kept,
/// once the change has reached the environment before. With `part`, only its instances. Returns what was planned, in
/// the order of the report, and what should be looked at beyond single instances.
pub(super) fn planned(
    context: &mut Context<'_>,
    change: &Change,
    part: Option<&BTreeSet<Instance>>,
    interrupt: &Interrupt,
) -> Result<(Vec<Planned>, Vec<String>), CliError> {
    let workshop = setup::workshop(context)?;
    let run = |environments: Vec<EnvironmentName>, keep: bool| -> Result<PlanReport, CliError> {
        let request = PlanRequest {
            range: change.range(),
            worktree: false,
            which: Which::Changed,
            environments,
            stacks: Vec::new(),
            part: part.cloned(),
            keep,
            bundles: None,
        };
        let reporter = Reporter::new(context.ui, "planned");
        Ok(context.block_on(workshop.plan(&request, interrupt, &|event| reporter.event(&event)))?)
    };
    let mut names = change.platform.environments.iter().map(|environment| environment.name.clone());
    let PlanReport { instances: mut planned, notices, .. } = run(names.next().into_iter().collect(), true)?;
    let others: Vec<EnvironmentName> = names.collect();
    if !others.is_empty() && !interrupt.is_raised() {
        let preview = run(others, false)?.instances;
        // Shared stacks were planned with the first environment.
        planned.extend(preview.into_iter().filter(|planned| planned.instance.environment.is_some()));
    }
    Ok((planned, notices))
}
