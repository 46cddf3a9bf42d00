//! Goes on where a run was cut short: with what it had not done yet and can still be applied as it was reviewed.

use std::path::PathBuf;

use serde::Serialize;

use crate::{
    platform::{EnvironmentName, Instance, Platform},
    terraform::{Interrupt, StateFile, TerraformEvent, Watch},
};

use crate::pipeline::{
    ApplyReport, ApplyRequest, Assurances, Event, EventSink, PipelineError, Workshop,
    backend::Stores,
    due::Scene,
    errored::Errored,
    exported::Tree,
    journal::{Journal, Status},
    lock::Lock,
    seal::Keys,
    trouble,
};

/// What to go on with.
#[derive(Debug, Clone)]
pub struct ResumeRequest {
    /// The environment.
    pub environment: EnvironmentName,
    /// Tell what was left, change nothing.
    pub dry_run: bool,
    /// Take the reviewed plans from these files and folders instead of the plan store.
    pub bundles: Vec<PathBuf>,
    /// What the user knows of earlier runs.
    pub assurances: Assurances,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct ResumeReport {
    /// The environment.
    pub environment: EnvironmentName,
    /// The run that was gone on with; `None`: the last one left nothing, or there was none.
    pub run: Option<String>,
    /// How applying its commit went.
    pub applied: Option<ApplyReport>,
}

impl Workshop {
    /// Goes on with the last run that applied to the environment, if anything is left of it or of earlier ones.
    /// `platform` says where the environment's records are.
    ///
    /// # Errors
    /// As [`Workshop::apply`], except for plans that do not fit any more: they are part of the report.
    pub async fn resume(
        &self,
        platform: &Platform,
        request: &ResumeRequest,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<ResumeReport, PipelineError> {
        let ResumeRequest { environment, dry_run, bundles, assurances } = request;
        let records = self.site().stores(platform, environment)?.records;
        let runs = Journal::recent_and_open(&records, environment, 1).await?;
        let mut report = ResumeReport { environment: environment.clone(), run: None, applied: None };
        let is_done = runs
            .iter()
            .all(|run| run.ended.is_some() && run.entries.values().all(|entry| entry.status == Status::Applied));
        let Some(last) = runs.first().filter(|_| !is_done) else {
            // A run may be killed after its last word, when only its lock is left.
            let held = Lock::holder(&records, environment).await?;
            if !dry_run && held.is_some_and(|held| held.dead.is_some()) {
                Lock::take(&records, environment, &[]).await?.release().await?;
            }
            return Ok(report);
        };
        let request = ApplyRequest {
            commit: self.site().repository().resolve(&last.commit)?,
            environment: environment.clone(),
            stacks: Vec::new(),
            dry_run: *dry_run,
            bundles: bundles.clone(),
            resume: true,
            assurances: assurances.clone(),
        };
        report.run = Some(last.run.clone());
        report.applied = Some(self.apply(&request, interrupt, events).await?);
        Ok(report)
    }

    /// Pushes the states that Terraform could not store. What cannot be pushed is told, and stays.
    pub(in crate::pipeline) async fn push_states(
        &self,
        scene: &Scene,
        stores: &Stores,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<Vec<Instance>, PipelineError> {
        let errored = Errored::all(&stores.records).await?;
        let mut pushed = Vec::new();
        let mut tree = None;
        for instance in scene.closures.keys() {
            let Some(key) = errored.of(instance) else { continue };
            let tree = match &tree {
                Some(tree) => tree,
                None => tree.insert(self.site().export(&scene.snapshot)?),
            };
            let push = async {
                let state = errored.read(key, &Keys::from_env()?).await?;
                self.push_state(scene, tree, instance, &state, interrupt, events).await?;
                errored.forget(key).await
            };
            match push.await {
                Ok(()) => pushed.push(instance.clone()),
                Err(error) => {
                    let message = format!("{instance}: its state was not pushed: {}", trouble::chain(&error));
                    events(Event::Notice { message });
                }
            }
        }
        Ok(pushed)
    }

    async fn push_state(
        &self,
        scene: &Scene,
        tree: &Tree,
        instance: &Instance,
        state: &[u8],
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<(), PipelineError> {
        let platform = &scene.inventory.platform;
        let place = self.site().state(tree, platform, instance);
        let wrong = |source| PipelineError::State { location: "errored.tfstate".to_owned(), source };
        let kept = StateFile::parse(state).map_err(wrong)?;
        if let Some(now) = place.read().await? {
            // An earlier resume was killed between pushing and forgetting it.
            if (&now.lineage, now.serial) == (&kept.lineage, kept.serial) && now == kept {
                return Ok(());
            }
            if now.lineage != kept.lineage || now.serial >= kept.serial {
                return Err(PipelineError::StateMovedOn {
                    location: place.to_string(),
                    kept: format!("serial {} of lineage {}", kept.serial, kept.lineage),
                    found: format!("serial {} of lineage {}", now.serial, now.lineage),
                });
            }
        }
        let file = self.site().secret_file(instance)?;
        let io = |source| PipelineError::Io { verb: "write", path: file.to_path_buf(), source };
        std::fs::write(&file, state).map_err(io)?;
        let said = |said: TerraformEvent| events(Event::Terraform { instance: instance.clone(), said });
        let watch = Watch { events: &said, interrupt };
        let step = |step| events(Event::Step { instance: instance.clone(), step });
        let _alone = self.site().occupy(instance, interrupt, || step("waiting for another run")).await?;
        step("pushing the state that could not be stored");
        let terraform = self.terraform(tree, platform, instance)?;
        Ok(terraform.push_state(&file, &watch).await?)
    }
}
