//! A new account's first stack, `infra/bootstrap`: it makes the bucket that the states of all stacks lie in, its own
//! among them. Until there is a bucket its state is a file of this machine; then it moves.
//!
//! Every step can be repeated. Which one comes next is read from what is there: the file, the bucket, the state in it.

mod disk;
mod moving;
mod survey;

use std::{
    collections::BTreeMap,
    fs::File,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tempfile::TempPath;

use crate::{
    closure::{self, Inventory, Kind, Memo},
    platform::{Instance, Platform, layout},
    repo::CommitId,
    terraform::{
        ApplyOptions, ChangeList, Interrupt, PlanOptions, Reader, StateFile, Terraform, TerraformEvent, Watch,
    },
};

use super::{
    Event, EventSink, PipelineError, PlanReport, PlanResult, Planned, Workshop,
    applied::Applied,
    apply_report,
    backend::{StateLocation, Stores},
    errored,
    exported::Tree,
    journal::Status,
    lock::Lock,
    planning, trouble,
};

use disk::Disk;
pub use moving::Moved;
pub use survey::Standing;
use survey::Survey;

/// The stack that makes what all others need.
pub const BOOTSTRAP_STACK: &str = "bootstrap";

/// How long to wait for another Terraform on this machine, such as one whose kstack was killed.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// What bootstrapping would do now, to be looked at before it is done.
#[derive(Debug)]
pub struct Draft {
    report: PlanReport,
    standing: Standing,
    destination: String,
    work: Option<Work>,
}

impl Draft {
    /// The plan, as a report of one instance.
    pub fn report(&self) -> &PlanReport {
        &self.report
    }

    /// How far earlier runs came.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// Where the state belongs.
    pub fn destination(&self) -> &str {
        &self.destination
    }

    /// Whether carrying it out would change anything in the cloud. Moving the state does not.
    pub fn has_changes(&self) -> bool {
        self.report.has_changes()
    }
}

/// Everything that carrying out a draft needs.
#[derive(Debug)]
struct Work {
    commit: CommitId,
    closure: String,
    platform: Platform,
    instance: Instance,
    tree: Arc<Tree>,
    state: StateLocation,
    disk: Disk,
    terraform: Terraform,
    plan: TempPath,
    changes: ChangeList,
    /// Keeps other runs of this machine out from the first look at the state to the last.
    _alone: File,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct BootstrapReport {
    /// The stack's instance.
    pub instance: Instance,
    /// How far earlier runs had come.
    pub standing: Standing,
    /// How the apply ended.
    pub status: Status,
    /// What was done, or what went wrong.
    pub summary: String,
    /// Where the state belongs.
    pub destination: String,
    /// The move of the state; `None` when it was there already, or is not there yet.
    pub moved: Option<Moved>,
    /// What the stack says for the pipeline's settings: its outputs, without sensitive ones.
    pub outputs: BTreeMap<String, Value>,
}

impl Workshop {
    /// Finds out how far earlier runs came, and plans what is left, with the state on disk or, once it has moved, with
    /// the one in the bucket.
    ///
    /// # Errors
    /// [`PipelineError::NoBootstrap`] without the stack, [`PipelineError::BucketTaken`] and
    /// [`PipelineError::StatesDiffer`] when going on could touch what is not ours. A plan that fails is part of the draft.
    pub async fn draft_bootstrap(
        &self,
        commit: CommitId,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<Draft, PipelineError> {
        let snapshot = self.site().repository().commit_snapshot(commit)?;
        let inventory = Inventory::load(&snapshot)?;
        let instance = bootstrap_instance(&inventory)?;
        let closure = closure::closure_of(&snapshot, &inventory, &instance, &Memo::default())?;
        let tree = Arc::new(self.site().export(&snapshot)?);
        let platform = inventory.platform;
        let root = self.site().repository().root();
        let state = StateLocation::of(&platform, &instance, root, tree.path());
        let disk = Disk::new(root);

        let started = Instant::now();
        events(Event::Selected { instances: vec![instance.clone()] });
        events(Event::Started { instance: instance.clone() });
        let step = |step| events(Event::Step { instance: instance.clone(), step });
        let alone = self.site().occupy(&instance, interrupt, || step("waiting for another run")).await?;
        step("looking for the state");
        let survey = Survey::take(&state, &disk).await?;
        if let Some(moved) = &survey.left_over {
            // An earlier run was killed between its last two steps.
            let backup = disk.retire(moved)?;
            events(Event::Notice {
                message: format!("the state had moved already; its copy is now `{}`", backup.display()),
            });
        }
        let standing = survey.standing;
        let terraform = match standing {
            Standing::Moved => self.terraform_on(&tree, &state, &instance)?,
            Standing::New | Standing::Begun => {
                disk.prepare()?;
                disk.take_over(&tree, &instance)?;
                self.terraform_on(&tree, &StateLocation::on_disk(disk.path()), &instance)?
            }
        };
        let planned = self.plan_bootstrap(&terraform, &tree, &platform, &instance, interrupt, events).await;
        let (result, notices, work) = match planned {
            Ok((plan, changes, notices)) => {
                survey.refuse_taken(&changes)?;
                let result = PlanResult::Changes(changes.clone());
                let (closure, instance, platform) = (closure.hash.to_string(), instance.clone(), platform.clone());
                let work = Work {
                    commit,
                    closure,
                    platform,
                    instance,
                    tree,
                    state,
                    disk,
                    terraform,
                    plan,
                    changes,
                    _alone: alone,
                };
                (result, notices, Some(work))
            }
            Err(error @ PipelineError::Terraform(_)) if !interrupt.is_raised() => {
                (PlanResult::Failed { message: trouble::tell(&error, &instance) }, Vec::new(), None)
            }
            Err(error) => return Err(error),
        };
        events(finished(&instance, work.is_some(), result.summary(), started));
        let planned = Planned {
            instance,
            kind: Kind::Added,
            reasons: Vec::new(),
            notices,
            protect: Vec::new(),
            result,
            findings: Vec::new(),
        };
        let report = PlanReport {
            commit: Some(commit),
            plan_stores: Vec::new(),
            instances: vec![planned],
            notices: Vec::new(),
            protect: platform.policy.protect,
        };
        Ok(Draft { report, standing, destination: survey.destination, work })
    }

    async fn plan_bootstrap(
        &self,
        terraform: &Terraform,
        tree: &Tree,
        platform: &Platform,
        instance: &Instance,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<(TempPath, ChangeList, Vec<String>), PipelineError> {
        let said = |said: TerraformEvent| events(Event::Terraform { instance: instance.clone(), said });
        let watch = Watch { events: &said, interrupt };
        let step = |step| events(Event::Step { instance: instance.clone(), step });
        step("initialising");
        let mut notices: Vec<String> =
            planning::initialise(terraform, platform, instance, &watch).await?.into_iter().collect();
        step("planning");
        let out = self.site().secret_file(instance)?;
        let options = PlanOptions {
            var_files: planning::var_files(tree, instance),
            lock_timeout: Some(LOCK_TIMEOUT),
            ..PlanOptions::new(&out)
        };
        terraform.plan(&options, &watch).await?;
        step("reading the plan");
        let mut changes = terraform.changes(&out, &watch).await?;
        changes.list.keep_answered_drift();
        if let Reader::Show { because } = &changes.reader {
            notices.push(format!("the plan was read by `show -json`: {because}"));
        }
        Ok((out, changes.list, notices))
    }

    /// Applies the draft's plan, moves the state where it belongs, and proves that it arrived before the file goes.
    ///
    /// # Errors
    /// When the state cannot be moved: it stays on disk, and the next run goes on from there. An apply that fails, or
    /// is interrupted, is part of the report.
    pub async fn bootstrap(
        &self,
        draft: Draft,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<BootstrapReport, PipelineError> {
        let Draft { standing, destination, work, .. } = draft;
        let Some(work) = work else { return Err(PipelineError::NothingPlanned) };
        let started = Instant::now();
        events(Event::Started { instance: work.instance.clone() });
        // Before there is a bucket nobody else can know of the state; after that a pipeline may apply as well.
        let lock = match (standing, work.platform.environments.first()) {
            (Standing::Moved, Some(first)) if !work.changes.is_empty() => {
                let stores = Stores::open(&work.platform, &first.name, self.site().repository().root())?;
                Some(Lock::take(&stores.records, &first.name, &[]).await?)
            }
            _ => None,
        };
        let result = self.carry_out(&work, standing, destination, interrupt, events).await;
        if let Some(lock) = lock
            && let Err(error) = lock.release().await
        {
            events(Event::Notice { message: format!("the lock could not be given back: {}", trouble::chain(&error)) });
        }
        let (ok, summary) = match &result {
            Ok(report) => (report.status == Status::Applied, trouble::first_line(&report.summary)),
            Err(error) => (false, error.to_string()),
        };
        events(finished(&work.instance, ok, summary, started));
        result
    }

    async fn carry_out(
        &self,
        work: &Work,
        standing: Standing,
        destination: String,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<BootstrapReport, PipelineError> {
        let mut report = BootstrapReport {
            instance: work.instance.clone(),
            standing,
            status: Status::Applied,
            summary: "no changes".to_owned(),
            destination,
            moved: None,
            outputs: BTreeMap::new(),
        };
        if !work.changes.is_empty() {
            match self.apply_bootstrap(work, interrupt, events).await {
                Ok(summary) => report.summary = summary,
                Err(error @ PipelineError::Terraform(_)) => {
                    report.status = if interrupt.is_raised() { Status::Interrupted } else { Status::Failed };
                    report.summary = trouble::tell(&error, &work.instance);
                    if let Some(path) = errored::state_of(&error) {
                        let kept = work.disk.rescue(path)?;
                        report.summary = format!("{}\nits state is in `{}`", report.summary, kept.display());
                    }
                    return Ok(report);
                }
                Err(error) => return Err(error),
            }
        }
        let state = if standing == Standing::Moved {
            work.state.read().await?
        } else {
            if interrupt.is_raised() {
                report.status = Status::Interrupted;
                report.summary = format!("{}; its state is still on this machine", report.summary);
                return Ok(report);
            }
            let (state, moved) = self.move_state(work, interrupt, events).await?;
            report.moved = Some(moved);
            Some(state)
        };
        report.outputs = state.map(outputs).unwrap_or_default();
        self.record(work, events).await?;
        Ok(report)
    }

    async fn apply_bootstrap(
        &self,
        work: &Work,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<String, PipelineError> {
        let said = |said: TerraformEvent| events(Event::Terraform { instance: work.instance.clone(), said });
        let watch = Watch { events: &said, interrupt };
        events(Event::Step { instance: work.instance.clone(), step: "applying" });
        let options = ApplyOptions { lock_timeout: Some(LOCK_TIMEOUT), ..ApplyOptions::default() };
        let done = work.terraform.apply(&work.plan, &options, &watch).await?;
        Ok(apply_report::done(done.as_ref()))
    }

    /// From now on the stack is one like any other: what was applied here is not due again.
    async fn record(&self, work: &Work, events: EventSink<'_>) -> Result<(), PipelineError> {
        let Some(environment) = work.platform.delivering(&work.instance) else { return Ok(()) };
        let records = Stores::open(&work.platform, environment, self.site().repository().root())?.records;
        if !records.exists().await? {
            // An environment may have a bucket of its own, which another stack or account makes.
            let message =
                format!("`{}` does not exist yet: `kstack apply` will ask for a plan of this", records.location());
            events(Event::Notice { message });
            return Ok(());
        }
        let applied = Applied {
            outdated: false,
            version: 1,
            instance: work.instance.clone(),
            closure: Some(work.closure.clone()),
            commit: work.commit.to_string(),
            run: BOOTSTRAP_STACK.to_owned(),
            time: Timestamp::now(),
            took: None,
        };
        applied.write(&records).await
    }
}

fn finished(instance: &Instance, ok: bool, summary: String, started: Instant) -> Event {
    Event::Finished { instance: instance.clone(), ok, summary, seconds: started.elapsed().as_secs_f64() }
}

/// The instance of `infra/bootstrap`, which must be a shared stack: an account has one.
fn bootstrap_instance(inventory: &Inventory) -> Result<Instance, PipelineError> {
    let stack = inventory.stacks.iter().find(|stack| stack.name.as_str() == BOOTSTRAP_STACK);
    match stack {
        Some(stack) if stack.settings.shared => Ok(Instance { stack: stack.name.clone(), environment: None }),
        found => Err(PipelineError::NoBootstrap {
            folder: PathBuf::from(layout::INFRA).join(BOOTSTRAP_STACK),
            exists: found.is_some(),
        }),
    }
}

fn outputs(state: StateFile) -> BTreeMap<String, Value> {
    let shown = state.outputs.into_iter().filter(|(_, output)| !output.sensitive);
    shown.map(|(name, output)| (name, output.value)).collect()
}
