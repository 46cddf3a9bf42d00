//! A pull request: check the files, plan, render both sides, and put all of it into one comment.

use std::collections::BTreeSet;

use crate::{
    check::{self, Files},
    closure,
    commands::{Context, interrupt, setup},
    error::CliError,
    exit::ExitCode,
    forge::CommitState,
    pipeline::{Exactness, PlanReport, PlanRequest, Planned, PullRequestEvent, Site, Which},
    platform::{EnvironmentName, Instance, Platform},
    repo::{CommitId, Range, RepoError, Repository, Snapshot},
    review::{COMMENT_BUDGET, Review},
    terraform::Interrupt,
    ui::Reporter,
};

use super::{
    CiArgs, checks,
    comment::{self, CommentArg},
    desk::{self, Desk, Opened},
    event::EventArgs,
    posting::PostArgs,
    trust::{self, Said, SaidArgs, Trust},
};

/// The two sides of a pull request.
pub(super) struct Sides {
    repository: Repository,
    /// The commit where the branch began.
    base: CommitId,
    head: CommitId,
}

impl Sides {
    /// Finds both.
    ///
    /// # Errors
    /// Unknown revisions.
    pub(super) fn open(context: &Context<'_>, base: &str, head: &str) -> Result<Self, CliError> {
        let repository = Repository::open(&context.directory)?;
        let head = repository.resolve(head).map_err(gone)?;
        // What the branch adds, not what its base has gained since.
        let base = repository.merge_base(repository.resolve(base)?, head)?;
        Ok(Self { repository, base, head })
    }

    /// The last commit of the branch that `event` goes to, as far as the clone knows: newer than the event, if it was
    /// fetched since.
    fn tip(&self, event: &PullRequestEvent) -> Result<CommitId, CliError> {
        let fetched = event.target.as_ref().and_then(|name| self.repository.resolve(&format!("origin/{name}")).ok());
        Ok(fetched.map_or_else(|| self.repository.resolve(&event.base), Ok)?)
    }

    /// Checks the files of the head.
    ///
    /// # Errors
    /// Files that `kstack validate` refuses.
    pub(super) fn check(self) -> Result<Change, CliError> {
        let Self { repository, base, head } = self;
        let snapshot = repository.commit_snapshot(head)?;
        let warnings = validate(&snapshot)?;
        let platform = closure::load_platform(&snapshot)?;
        Ok(Change { repository, base, head, snapshot, platform, warnings })
    }

    /// The platform before the change, as far as it can be read: what the change itself says of the forge is not
    /// trusted. `None`: it is not there yet.
    fn platform_before(&self) -> Result<Option<Platform>, CliError> {
        Ok(closure::load_platform(&self.repository.commit_snapshot(self.base)?).ok())
    }

    fn title(&self) -> String {
        format!("{}..{}", self.base.short(), self.head.short())
    }
}

/// A commit that a forge names and the clone does not have.
fn gone(error: RepoError) -> CliError {
    let unknown = matches!(error, RepoError::UnknownRevision { .. });
    let error = CliError::from(error);
    if !unknown {
        return error;
    }
    error.hint("its branch may have been deleted or replaced since the event: the newest commit has a run of its own")
}

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
        Sides::open(context, base, head)?.check()
    }

    /// Its two sides.
    pub(super) fn range(&self) -> Range {
        Range { base: Some(self.base), head: self.head }
    }

    /// What the review is called.
    pub(super) fn title(&self) -> String {
        format!("{}..{}", self.base.short(), self.head.short())
    }
}

pub(super) fn run(context: &mut Context<'_>, args: &CiArgs, event: &PullRequestEvent) -> Result<ExitCode, CliError> {
    let interrupt = interrupt::listen(context)?;
    let (said, facts) = (&args.event, &args.said);
    let request = Request { event, said, facts, post: &args.post, comment: &args.comment };
    reviewed(context, &request, &interrupt, |context, change, trust| {
        let (planned, notices) = planned(context, change, trust, None, &interrupt)?;
        Ok(if interrupt.is_raised() { None } else { Some((planned, notices)) })
    })
}

/// What a pull request is reviewed for, and where the review goes.
pub(super) struct Request<'a> {
    pub(super) event: &'a PullRequestEvent,
    pub(super) said: &'a EventArgs,
    pub(super) facts: &'a SaidArgs,
    pub(super) post: &'a PostArgs,
    pub(super) comment: &'a CommentArg,
}

/// Reviews what `plan` planned (`None`: it was interrupted), says at the forge how far that is, and in the end what came
/// of it: also when it fails, so that no check stays pending.
pub(super) fn reviewed(
    context: &mut Context<'_>,
    request: &Request<'_>,
    interrupt: &Interrupt,
    plan: impl FnOnce(&mut Context<'_>, &Change, &Trust) -> Result<Option<(Vec<Planned>, Vec<String>)>, CliError>,
) -> Result<ExitCode, CliError> {
    let PullRequestEvent { number, base, head, fork, .. } = request.event;
    let sides = Sides::open(context, base, head)?;
    let tip = sides.tip(request.event)?;
    let before = sides.platform_before()?;
    let client = match &before {
        Some(platform) => request.post.connect(context, platform, request.said, *fork)?,
        None => None,
    };
    let mut desk = match Desk::of_pull_request(context, client, *number, &sides.head.to_string(), *fork)? {
        Opened::Desk(desk) => desk,
        Opened::MovedOn { head } => {
            context.ui.status(&desk::moved_on(number.unwrap_or_default(), &head));
            return Ok(ExitCode::Done);
        }
    };
    let title = sides.title();
    let environments = before.iter().flat_map(|platform| &platform.environments);
    let pending = environments.map(|environment| checks::plan(&environment.name)).chain([checks::EXACT.to_owned()]);
    let result = desk.pend(context, pending.collect::<Vec<_>>()).and_then(|()| {
        let change = sides.check()?;
        let said = match desk.pull_request() {
            // What holds now, not when the event came about.
            Some(facts) => Said { description: facts.description.clone(), labels: facts.labels.clone() },
            None => request.said.facts()?,
        };
        let trust = trust::settle(&change, request.event, &request.facts.read(context, said)?)?;
        let (input, exactness) = if trust.runs() {
            let Some((planned, notices)) = plan(context, &change, &trust)? else { return Ok(None) };
            let site = Site::new(change.repository.clone(), &context.cache()?);
            let exactness = site.exactness(change.range(), tip, &planned)?;
            let mut input = comment::input(&change, planned, notices);
            if let Exactness::Inexact(reasons) = &exactness {
                let told =
                    reasons.iter().map(|reason| format!("Merging now would not apply what is shown here: {reason}."));
                input.notices.extend(told);
            }
            (input, exactness)
        } else {
            (trust.input(&change), Exactness::Inexact(trust.in_short().map(str::to_owned).into_iter().collect()))
        };
        let (review, failed) = comment::review(context, request.comment, &change, &trust, input)?;
        Ok(Some((change, review, failed, exactness, trust)))
    });
    if interrupt.is_raised() {
        desk.hurry();
    }
    match result {
        Ok(Some((change, review, failed, exactness, trust))) => {
            let written = comment::write(context, request.comment, &review, desk.posts());
            // A merge that waits for the checks finds the comment there.
            let commented = desk.comment(context, &review.markdown(COMMENT_BUDGET));
            settle(context, &mut desk, &change, &review, &exactness, &trust).and(commented).and(written)?;
            Ok(if failed { ExitCode::Failed } else { ExitCode::Done })
        }
        Ok(None) => {
            let said = "the run was interrupted before everything was planned";
            let closed = desk.close(context, CommitState::Error, said);
            let notice = comment::notice(&title, vec![format!("For this commit {said}. Run the job again.")]);
            told(context, closed.and(desk.comment(context, &notice)));
            Ok(ExitCode::Interrupted)
        }
        Err(error) => {
            let closed = desk.close(context, CommitState::Error, &error.to_string());
            told(context, closed.and(desk.comment(context, &comment::failure(&title, &error))));
            Err(error)
        }
    }
}

/// Settles the checks by what was reviewed, the one that a merge waits for last.
fn settle(
    context: &Context<'_>,
    desk: &mut Desk,
    change: &Change,
    review: &Review,
    exactness: &Exactness,
    trust: &Trust,
) -> Result<(), CliError> {
    if let Some(reason) = trust.in_short() {
        return desk.close(context, CommitState::Failure, reason);
    }
    let (exact, text) = match exactness {
        _ if review.is_denied() => (CommitState::Failure, "refused by policy".to_owned()),
        Exactness::Exact => (CommitState::Success, "merging applies what was reviewed".to_owned()),
        Exactness::Inexact(reasons) => (CommitState::Failure, reasons.join("; ")),
    };
    for (at, environment) in change.platform.environments.iter().enumerate() {
        let (state, text) = checks::of_environment(review, environment.name.as_str(), at == 0);
        desk.set(context, checks::plan(&environment.name), state, &text)?;
    }
    desk.set(context, checks::EXACT.to_owned(), exact, &text)?;
    desk.close(context, CommitState::Success, "the change has no such environment")
}

/// What went wrong beside the error that ends the run.
fn told(context: &Context<'_>, result: Result<(), CliError>) {
    if let Err(error) = result {
        context.ui.warn(&error.to_string());
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
    trust: &Trust,
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
            policies: Some(trust.policies),
            words: trust.words.clone(),
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
