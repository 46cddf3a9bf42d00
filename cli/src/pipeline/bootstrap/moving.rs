//! The way of the state from the file into the bucket: written only where nothing is, read back, and read once more by
//! Terraform itself through the stack's own backend, before the file goes.

use std::{path::PathBuf, time::Duration};

use serde::Serialize;

use crate::{
    pipeline::{Event, EventSink, PipelineError, Workshop, planning},
    store::Store,
    terraform::{Interrupt, StateFile, TerraformEvent, Watch},
};

use super::Work;

/// A new bucket answers to its name after some seconds; new rights, where those are needed, after minutes.
const PATIENCE: Duration = Duration::from_secs(3 * 60);
const PAUSE: Duration = Duration::from_secs(2);

/// A state that moved.
#[derive(Debug, Clone, Serialize)]
pub struct Moved {
    /// Its lineage.
    pub lineage: String,
    /// Its serial.
    pub serial: u64,
    /// How many resources it has.
    pub resources: usize,
    /// Where a copy of it is kept on this machine.
    pub backup: PathBuf,
}

impl Workshop {
    /// Moves the state, and says what it is.
    pub(super) async fn move_state(
        &self,
        work: &Work,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<(StateFile, Moved), PipelineError> {
        let step = |step| events(Event::Step { instance: work.instance.clone(), step });
        let Some((bytes, state)) = work.disk.read()? else {
            return Err(PipelineError::NothingToMove { path: work.disk.path().to_owned() });
        };
        step("moving the state");
        let store = work.state.store()?;
        reachable(&store, interrupt, || step("waiting for the bucket")).await?;
        let key = work.state.key();
        let differ = |reason: &str| PipelineError::StatesDiffer {
            path: work.disk.path().to_owned(),
            location: store.location().join(key).to_string(),
            reason: reason.to_owned(),
        };
        // Whoever comes first wins, and the other one is told.
        store.create(key, bytes.clone()).await?;
        let arrived = store.get(key).await?.map(|(arrived, _)| arrived);
        if arrived.as_deref() != Some(bytes.as_slice()) {
            return Err(differ("another state was written in the meantime"));
        }
        step("checking the moved state");
        let pulled = self.pulled(work, interrupt, events).await?;
        if pulled.as_ref() != Some(&state) {
            return Err(differ("Terraform reads something else through the backend"));
        }
        let moved = Moved {
            lineage: state.lineage.clone(),
            serial: state.serial,
            resources: state.resources.len(),
            backup: work.disk.retire(&state)?,
        };
        Ok((state, moved))
    }

    /// The state as Terraform reads it with the stack as it is committed.
    async fn pulled(
        &self,
        work: &Work,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<Option<StateFile>, PipelineError> {
        let said = |said: TerraformEvent| events(Event::Terraform { instance: work.instance.clone(), said });
        let watch = Watch { events: &said, interrupt };
        work.disk.hand_back(&work.tree, &work.instance)?;
        let terraform = self.terraform_on(&work.tree, &work.state, &work.instance)?;
        planning::initialise(&terraform, &work.platform, &work.instance, &watch).await?;
        Ok(terraform.pull_state(&watch).await?)
    }
}

/// Waits until the store can be used.
async fn reachable(store: &Store, interrupt: &Interrupt, waiting: impl Fn()) -> Result<(), PipelineError> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        match store.probe().await {
            Ok(()) => return Ok(()),
            Err(error) if interrupt.is_raised() || tokio::time::Instant::now() > deadline => return Err(error.into()),
            Err(_) => waiting(),
        }
        tokio::time::sleep(PAUSE).await;
    }
}
