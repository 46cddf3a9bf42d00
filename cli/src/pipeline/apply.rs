//! Applies exactly the plans that were reviewed, or refuses and says what differs.

use std::{path::PathBuf, sync::Arc, time::Instant};

use tokio::sync::Mutex;

use crate::{
    platform::{EnvironmentName, Instance, Parallelism, Platform, StackName},
    repo::CommitId,
    terraform::{Interrupt, PlanFile, TerraformError, TerraformEvent, Trace, Watch},
};

use super::{
    ApplyReport, Delivered, Event, EventSink, Finding, PipelineError, Workshop, apply_report,
    backend::Stores,
    compare,
    due::Scene,
    job::Job,
    journal::{Journal, Status},
    lock::Lock,
    order, providers,
    relay::relay,
    schedule::{self, Graph, Pace, Took},
    settle::{Assurances, Grounds},
    stages::Work,
    states_read, target, trouble,
};

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
    /// Take the reviewed plans from these files and folders instead of the plan store.
    pub bundles: Vec<PathBuf>,
    /// Go on with a run that was cut short: push the states that it could not store, and apply what can be applied,
    /// although something else cannot.
    pub resume: bool,
    /// What the user knows of earlier runs.
    pub assurances: Assurances,
}

impl ApplyRequest {
    /// Whether the request is about `instance`. Shared stacks go with the first environment.
    pub(super) fn covers(&self, instance: &Instance, platform: &Platform) -> bool {
        platform.delivering(instance) == Some(&self.environment)
            && (self.stacks.is_empty() || self.stacks.contains(&instance.stack))
    }
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
        let stores = self.site().stores(&scene.inventory.platform, &request.environment)?;
        if request.bundles.is_empty() {
            stores.plans.probe().await?;
        }
        if request.dry_run {
            return self.checked(request, &scene, &stores, interrupt, events, None).await;
        }
        // Before the checks: what they find must still be so when Terraform starts.
        let mut lock = Lock::take(&stores.records, &request.environment, &request.assurances.gone).await?;
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
        let grounds = Grounds {
            platform: &scene.inventory.platform,
            environment: &request.environment,
            stores,
            assurances: &request.assurances,
            alone: match &lock {
                Some(_) => true,
                None => {
                    Lock::holder(&stores.records, &request.environment).await?.is_none_or(|held| held.dead.is_some())
                }
            },
            mends: lock.is_some(),
        };
        let left = self.site().settle(&grounds, interrupt, events).await?;
        // At once, and not with the report: after such a run there may be a refusal instead of one.
        for settled in &left {
            events(Event::Notice { message: settled.to_string() });
        }
        let pushed = match lock {
            Some(_) if request.resume => self.push_states(scene, stores, interrupt, events).await?,
            _ => Vec::new(),
        };
        let due = self.due(request, scene, stores, &left, interrupt, events).await?;
        let (jobs, waiting, refusals) =
            if request.resume { due.apart() } else { (due.whole()?, Vec::new(), Vec::new()) };
        let stays = waiting.iter().map(|(job, _)| job).chain(&jobs).filter(|job| !job.destroys()).count();
        let refused = refusals.iter().filter(|refusal| scene.closures.contains_key(&refusal.instance)).count();
        let up_to_date = scene.closures.len().saturating_sub(stays + refused);
        let mut report = ApplyReport {
            run: None,
            commit: request.commit,
            environment: request.environment.clone(),
            instances: Vec::new(),
            up_to_date,
            notices: Vec::new(),
            interrupted: false,
            left,
            pushed,
            refusals,
        };
        events(Event::Selected { instances: jobs.iter().map(|job| job.instance().clone()).collect() });
        let held = waiting.into_iter().map(|(job, stack)| {
            job.outcome(Status::Skipped, format!("not started: `{stack}` needs a new review first"))
        });
        let held: Vec<Delivered> = held.collect();
        let Some(lock) = lock.filter(|_| !jobs.is_empty()) else {
            report.instances = jobs.iter().map(Work::checked).collect();
            report.instances.extend(held);
            return Ok(report);
        };
        let journal = Journal::start(&stores.records, &request.environment, &request.commit.to_string()).await?;
        report.run = Some(journal.run().to_owned());
        let journal = Arc::new(Mutex::new(journal));
        report.instances = self.apply_all(jobs, stores, &journal, lock, interrupt, events).await?;
        report.instances.extend(held);
        report.interrupted = interrupt.is_raised();
        if let Ok(journal) = Arc::try_unwrap(journal).map(Mutex::into_inner)
            && let Err(error) = journal.end().await
        {
            // What was applied is applied: the report must not be lost for it.
            report.notices.push(format!("the journal could not be ended: {}", trouble::chain(&error)));
        }
        Ok(report)
    }

    async fn apply_all(
        &self,
        jobs: Vec<Work>,
        stores: &Stores,
        journal: &Arc<Mutex<Journal>>,
        lock: &mut Lock,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<Vec<Delivered>, PipelineError> {
        let (sender, relay) = relay();
        let jobs: Vec<Arc<Work>> = jobs.into_iter().map(Arc::new).collect();
        for job in &jobs {
            journal.lock().await.set(job.entry(Status::Planned)).await?;
        }
        let graph = Graph::new(&order::of_applies(&jobs, &stores.records).await?);
        let pace = Pace::of(jobs.first().map_or(Parallelism::Auto, |job| job.platform().pipeline.parallelism));
        let throttle = pace.throttle();
        let run = schedule::run(
            &graph,
            pace,
            || interrupt.is_raised(),
            |hold| sender.send(Event::Held(hold)),
            |index| {
                let (workshop, job, stores) = (self.clone(), Arc::clone(&jobs[index]), stores.clone());
                let (journal, interrupt, sender) = (Arc::clone(journal), interrupt.clone(), sender.clone());
                let throttle = throttle.clone();
                async move {
                    let send = |event: Event| {
                        if event.is_throttling() {
                            throttle.heard();
                        }
                        sender.send(event);
                    };
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
                schedule::Outcome::Skipped { because } => {
                    format!("not started: {} was not applied", jobs[because].instance())
                }
                schedule::Outcome::Stopped => "not started: interrupted".to_owned(),
                schedule::Outcome::Circular => "not started: the stacks wait for each other".to_owned(),
            };
            let mut skipped = job.outcome(Status::Skipped, summary);
            if let Err(error) = journal.lock().await.set(job.entry(Status::Skipped)).await {
                skipped.summary = format!("{}\nit could not be recorded: {}", skipped.summary, trouble::chain(&error));
            }
            delivered.push(skipped);
        }
        Ok(delivered)
    }

    /// Applies one plan between two journal entries; in a later stage it is made first.
    async fn apply_one(
        &self,
        work: &Work,
        stores: &Stores,
        journal: &Mutex<Journal>,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Delivered {
        let started = Instant::now();
        events(Event::Started { instance: work.instance().clone() });
        let unfolded;
        let (job, result) = match work {
            Work::Reviewed(job) => (Some(job), self.apply_steps(job, journal, interrupt, events).await),
            Work::Later(later) => match self.unfold(later, interrupt, events).await {
                Ok(job) => {
                    unfolded = job;
                    (Some(&unfolded), self.apply_steps(&unfolded, journal, interrupt, events).await)
                }
                Err(error) => (None, Err(error)),
            },
        };
        let (mut status, mut summary) = match &result {
            Ok(summary) => (Status::Applied, summary.clone()),
            Err(PipelineError::Terraform(error))
                if matches!(**error, TerraformError::Interrupted { killed: false, .. }) =>
            {
                (Status::Interrupted, "interrupted; Terraform has kept its state".to_owned())
            }
            Err(error @ PipelineError::OutsideEnvelope { .. }) => (Status::Held, error.to_string()),
            Err(error) => (Status::Failed, trouble::tell(error, work.instance())),
        };
        let mut unrecorded = Vec::new();
        if let (Some(job), Err(error)) = (job, &result) {
            let announced = journal.lock().await.has_announced(&job.instance);
            let kept = self.keep_state(job, error, stores).await;
            if announced && (was_killed(error) || kept.is_err()) {
                status = Status::Unknown;
                summary = format!("{summary}\nwhat it did by then is not clear: `kstack resume` finds out");
            }
            if announced && status != Status::Unknown && interrupt.is_raised() {
                (status, unrecorded) = self.site().given_up(job, status).await;
                if status == Status::Unknown {
                    summary = format!("{summary}\n{}", Finding::Unrecorded { addresses: unrecorded.clone() }.text());
                }
            }
            if let Err(lost) = kept {
                summary = format!("{summary}\nits state is still on this machine: {}", trouble::chain(&lost));
            }
        }
        let mut delivered = work.outcome(status, summary);
        let mut entry = job.map_or_else(|| work.entry(status), |job| job.entry(status));
        entry.problem = result.is_err().then(|| delivered.summary.clone());
        entry.unrecorded = unrecorded;
        if let Some(job) = job {
            // Where it cannot be read the entry says what is known; the next run reads the state again.
            entry.after =
                self.site().state(&job.tree, &job.platform, &job.instance).version().await.unwrap_or_default();
        }
        let mut journal = journal.lock().await;
        let run = journal.run().to_owned();
        let mut recorded = journal.set(entry).await;
        if let Some(job) = job.filter(|_| recorded.is_ok() && status == Status::Applied) {
            let took = Took {
                seconds: started.elapsed().as_secs_f64(),
                changes: order::changes(&job.bundle.manifest.changes),
            };
            recorded = job.applied(run, took).write(&stores.records).await;
        }
        let is_recorded = recorded.is_ok() && status != Status::Unknown;
        if let Err(error) = recorded {
            let lost = trouble::chain(&error);
            delivered.summary = match status {
                Status::Applied => format!("applied, but it could not be recorded: {lost}"),
                _ if result.as_ref().is_err_and(|error| trouble::chain(error) == lost) => delivered.summary,
                _ => format!("{}\nit could not be recorded: {lost}", delivered.summary),
            };
            delivered.status = Status::Failed;
        }
        if is_recorded && let Err(error) = Trace::forget(&self.site().data(work.instance())) {
            let notice = format!("{}: {}", work.instance(), trouble::chain(&error));
            events(Event::Notice { message: notice });
        }
        events(Event::Finished {
            instance: work.instance().clone(),
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
        // Once more: those that it reads may have been applied in this run.
        if let Some(refusal) = job.held().await?.check.and_then(|check| check.refusal(instance)) {
            return Err(PipelineError::Refused { refusals: vec![refusal] });
        }
        match states_read::secrets(&job.plan, &terraform.workspace().directory).await {
            Ok((secrets, _)) => terraform.hide(secrets),
            Err(error) if error.is_declined() => {}
            Err(error) => return Err(error.into()),
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
        journal.lock().await.set(self.announced(job)).await?;
        step("applying");
        let done = self.apply_noted(job, &terraform, journal, interrupt, events).await?;
        Ok(apply_report::done(done.as_ref()))
    }
}

/// Whether Terraform did not end by itself.
fn was_killed(error: &PipelineError) -> bool {
    let PipelineError::Terraform(error) = error else { return false };
    match &**error {
        TerraformError::Interrupted { killed, .. } => *killed,
        TerraformError::Failed(failure) => failure.code.is_none(),
        _ => false,
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
