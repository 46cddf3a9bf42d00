//! Applies exactly the plans that were reviewed, or refuses and says what differs.

use std::{path::PathBuf, sync::Arc, time::Instant};

use serde::Serialize;
use tokio::sync::Mutex;

use crate::{
    platform::{EnvironmentName, Instance, StackName},
    repo::CommitId,
    terraform::{ApplyOptions, Interrupt, PlanFile, TerraformError, TerraformEvent, Watch},
};

use super::{
    Event, EventSink, PipelineError, Workshop,
    backend::Stores,
    compare,
    due::{Job, Scene, dependencies},
    errored,
    journal::{self, Journal, Record, Status},
    lock::Lock,
    plan, providers,
    relay::relay,
    schedule, target, trouble,
};

/// How many runs to look back for one that was killed.
const RECENT: usize = 5;

/// What to apply.
#[derive(Debug, Clone)]
pub struct ApplyRequest {
    /// The merged commit.
    pub commit: CommitId,
    /// The environment.
    pub environment: EnvironmentName,
    /// Only these stacks; empty: all.
    pub stacks: Vec<StackName>,
    /// Check everything, change nothing.
    pub dry_run: bool,
    /// Take the reviewed plans from this folder instead of the plan store.
    pub bundles: Option<PathBuf>,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct ApplyReport {
    /// The run's id in the journal; `None` when nothing had to be applied or it was a dry run.
    pub run: Option<String>,
    /// The commit.
    pub commit: CommitId,
    /// The environment.
    pub environment: EnvironmentName,
    /// The instances that had something to apply.
    pub instances: Vec<Delivered>,
    /// How many instances were up to date already.
    pub up_to_date: usize,
    /// What should be looked at.
    pub notices: Vec<String>,
    /// Whether the run was interrupted.
    pub interrupted: bool,
}

impl ApplyReport {
    /// Whether everything that had to be applied was.
    pub fn is_ok(&self) -> bool {
        !self.interrupted
            && self.instances.iter().all(|delivered| matches!(delivered.status, Status::Applied | Status::Planned))
    }
}

/// One instance's part of the report.
#[derive(Debug, Clone, Serialize)]
pub struct Delivered {
    /// The instance.
    pub instance: Instance,
    /// How far it came; [`Status::Planned`] in a dry run.
    pub status: Status,
    /// What was done, or what went wrong.
    pub summary: String,
}

impl Workshop {
    /// Applies to one environment what `request.commit` has and was not applied yet.
    ///
    /// # Errors
    /// [`PipelineError::Refused`] when a reviewed plan does not fit: nothing was applied then.
    /// [`PipelineError::Locked`] when another run applies to the environment. A failed instance is part of the report.
    pub async fn apply(
        &self,
        request: &ApplyRequest,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<ApplyReport, PipelineError> {
        let scene = self.site().scene(request)?;
        target::environment(&scene.inventory.platform, &request.environment)?;
        let stores = self.site().stores(&scene.inventory.platform, &request.environment, request.bundles.as_deref())?;
        stores.plans.probe().await?;
        if request.dry_run {
            return self.checked(request, &scene, &stores, interrupt, events, None).await;
        }
        // Before the checks: what they find must still be so when Terraform starts.
        let mut lock = Lock::take(&stores.records, &request.environment).await?;
        let result = self.checked(request, &scene, &stores, interrupt, events, Some(&mut lock)).await;
        match (lock.release().await, result) {
            (_, Err(error)) => Err(error),
            (Ok(()), Ok(report)) => Ok(report),
            (Err(error), Ok(mut report)) => {
                report.notices.push(format!("the lock could not be given back: {}", trouble::chain(&error)));
                Ok(report)
            }
        }
    }

    async fn checked(
        &self,
        request: &ApplyRequest,
        scene: &Scene,
        stores: &Stores,
        interrupt: &Interrupt,
        events: EventSink<'_>,
        lock: Option<&mut Lock>,
    ) -> Result<ApplyReport, PipelineError> {
        let recent = Journal::recent(&stores.records, &request.environment, RECENT).await?;
        let left = journal::left_applying(&recent, lock.is_some()).into_iter();
        // At once, and not with the report: after such a run there may be a refusal instead of one.
        for (Record { run, owner, .. }, instance) in left {
            let host = &owner.host;
            events(Event::Notice {
                message: format!(
                    "run `{run}` on `{host}` was killed while it applied {instance}: the state may lack what it did last"
                ),
            });
        }
        let jobs = self.jobs(request, scene, stores, interrupt, events).await?;
        let up_to_date = scene.closures.len() - jobs.iter().filter(|job| job.closure.is_some()).count();
        let mut report = ApplyReport {
            run: None,
            commit: request.commit,
            environment: request.environment.clone(),
            instances: Vec::new(),
            up_to_date,
            notices: Vec::new(),
            interrupted: false,
        };
        events(Event::Selected { instances: jobs.iter().map(|job| job.instance.clone()).collect() });
        let Some(lock) = lock else {
            report.instances = jobs.iter().map(|job| job.outcome(Status::Planned, "fits".to_owned())).collect();
            return Ok(report);
        };
        if jobs.is_empty() {
            return Ok(report);
        }
        let journal = Journal::start(&stores.records, &request.environment, &request.commit.to_string()).await?;
        report.run = Some(journal.run().to_owned());
        let journal = Arc::new(Mutex::new(journal));
        report.instances = self.apply_all(jobs, stores, &journal, lock, interrupt, events).await?;
        report.interrupted = interrupt.is_raised();
        if let Ok(journal) = Arc::try_unwrap(journal).map(Mutex::into_inner) {
            journal.end().await?;
        }
        Ok(report)
    }

    async fn apply_all(
        &self,
        jobs: Vec<Job>,
        stores: &Stores,
        journal: &Arc<Mutex<Journal>>,
        lock: &mut Lock,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<Vec<Delivered>, PipelineError> {
        let (sender, relay) = relay();
        let jobs: Vec<Arc<Job>> = jobs.into_iter().map(Arc::new).collect();
        for job in &jobs {
            journal.lock().await.set(job.entry(Status::Planned)).await?;
        }
        let before = dependencies(&jobs);
        let limit = jobs.first().map_or(1, |job| plan::parallelism(&job.platform));
        let run = schedule::run(
            &before,
            limit,
            || interrupt.is_raised(),
            |index| {
                let (workshop, job, stores) = (self.clone(), Arc::clone(&jobs[index]), stores.clone());
                let (journal, interrupt, sender) = (Arc::clone(journal), interrupt.clone(), sender.clone());
                async move {
                    let send = |event| sender.send(event);
                    let delivered = workshop.apply_one(&job, &stores, &journal, &interrupt, &send).await;
                    let ok = delivered.status == Status::Applied;
                    (delivered, ok)
                }
            },
        );
        let outcomes = relay.during(holding(lock, interrupt, events, run), events).await?;
        let mut delivered = Vec::new();
        for (job, outcome) in jobs.iter().zip(outcomes) {
            let summary = match outcome {
                schedule::Outcome::Ran { value, .. } => {
                    delivered.push(value);
                    continue;
                }
                schedule::Outcome::Skipped { because } => format!("not started: {} failed", jobs[because].instance),
                schedule::Outcome::Stopped => "not started: interrupted".to_owned(),
            };
            journal.lock().await.set(job.entry(Status::Skipped)).await?;
            delivered.push(job.outcome(Status::Skipped, summary));
        }
        Ok(delivered)
    }

    /// Applies one plan between two journal entries.
    async fn apply_one(
        &self,
        job: &Job,
        stores: &Stores,
        journal: &Mutex<Journal>,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Delivered {
        let started = Instant::now();
        events(Event::Started { instance: job.instance.clone() });
        let result = self.apply_steps(job, journal, interrupt, events).await;
        let (status, summary) = match &result {
            Ok(summary) => (Status::Applied, summary.clone()),
            Err(PipelineError::Terraform(error)) if matches!(**error, TerraformError::Interrupted { .. }) => {
                (Status::Interrupted, "interrupted; Terraform has kept its state".to_owned())
            }
            Err(error) => (Status::Failed, trouble::tell(error, &job.instance)),
        };
        let mut delivered = job.outcome(status, summary);
        if let Err(error) = &result
            && let Some(path) = errored::state_of(error)
            && let Err(lost) = errored::rescue(path, &job.instance, &stores.records).await
        {
            delivered.summary =
                format!("{}\nits state could not be kept: {}", delivered.summary, trouble::chain(&lost));
        }
        let mut entry = job.entry(status);
        entry.problem = result.is_err().then(|| delivered.summary.clone());
        // Where it cannot be read the entry says what is known; the next run reads the state again.
        entry.after = self.site().state(&job.tree, &job.platform, &job.instance).version().await.unwrap_or_default();
        let mut journal = journal.lock().await;
        let run = journal.run().to_owned();
        let mut recorded = journal.set(entry).await;
        if recorded.is_ok() && status == Status::Applied {
            recorded = job.applied(run).write(&stores.records).await;
        }
        if let Err(error) = recorded {
            delivered.status = Status::Failed;
            delivered.summary = format!("applied, but it could not be recorded: {}", trouble::chain(&error));
        }
        events(Event::Finished {
            instance: job.instance.clone(),
            ok: delivered.status == Status::Applied,
            summary: delivered.summary.lines().next().unwrap_or_default().to_owned(),
            seconds: started.elapsed().as_secs_f64(),
        });
        delivered
    }

    async fn apply_steps(
        &self,
        job: &Job,
        journal: &Mutex<Journal>,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<String, PipelineError> {
        if job.bundle.manifest.changes.is_empty() {
            return Ok("no changes".to_owned());
        }
        let instance = &job.instance;
        let said = |said: TerraformEvent| events(Event::Terraform { instance: instance.clone(), said });
        let watch = Watch { events: &said, interrupt };
        let step = |step| events(Event::Step { instance: instance.clone(), step });
        let _alone = self.site().occupy(instance, interrupt, || step("waiting for another run")).await?;
        let terraform = self.terraform(&job.tree, &job.platform, instance)?;
        let lock_path = terraform.workspace().directory.join(".terraform.lock.hcl");
        let plan_file = PlanFile::open(&job.plan)?;
        providers::check(&job.platform.policy, instance, plan_file.lock_file().unwrap_or_default())?;
        // A stack without a committed lock file gets the providers that were reviewed.
        if let Some(lock) = plan_file.lock_file().filter(|_| !lock_path.exists()) {
            std::fs::write(&lock_path, lock).map_err(|source| PipelineError::Io {
                verb: "write",
                path: lock_path.clone(),
                source,
            })?;
        }
        step("initialising");
        terraform.init(&watch).await?;
        if !job.changes_read {
            // Only Terraform itself can read this plan, and it needed its providers for that.
            let mut changes = terraform.changes(&job.plan, &watch).await?.list;
            changes.keep_answered_drift();
            let reviewed = &job.bundle.manifest.changes;
            let check = compare::check(reviewed, &changes, &compare::differences(reviewed, &changes));
            if let Some(refusal) = check.refusal(instance) {
                return Err(PipelineError::Refused { refusals: vec![refusal] });
            }
        }
        journal.lock().await.set(job.entry(Status::Applying)).await?;
        step("applying");
        let done = terraform.apply(&job.plan, &ApplyOptions::default(), &watch).await?;
        Ok(format!("{} added, {} changed, {} destroyed", done.add, done.change, done.remove))
    }
}

/// Waits for `work` and renews the lock meanwhile. A lock that is lost stops the run, since another may begin.
async fn holding<T>(lock: &mut Lock, interrupt: &Interrupt, events: EventSink<'_>, work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    let mut renewal = tokio::time::interval(Lock::renewal());
    renewal.tick().await;
    loop {
        tokio::select! {
            _ = renewal.tick() => if let Err(error) = lock.renew().await {
                events(Event::Notice { message: format!("stopping: {}", trouble::chain(&error)) });
                interrupt.raise();
            },
            done = &mut work => return done,
        }
    }
}
