//! The step that changes something, noted in the journal as it goes: which process Terraform is, and which lock it holds.

use std::sync::{Mutex as Slot, PoisonError};

use jiff::Timestamp;
use tokio::sync::{Mutex, mpsc};

use crate::{
    platform::layout,
    program::ProcessIdentity,
    terraform::{ApplyOptions, ChangeSummary, Interrupt, Terraform, TerraformEvent, Watch},
};

use super::{
    Event, EventSink, PipelineError, Workshop,
    backend::Stores,
    errored,
    job::Job,
    journal::{Entry, Journal, Place, Status},
    seal::Recipients,
    trouble,
};

/// What Terraform shows of itself.
enum Sign {
    /// It runs.
    Started(Option<ProcessIdentity>),
    /// It has begun to change something, so it holds the lock on the state.
    Working,
}

impl Workshop {
    /// The entry that announces Terraform.
    pub(super) fn announced(&self, job: &Job) -> Entry {
        let absolute = |path: std::path::PathBuf| std::path::absolute(&path).unwrap_or(path);
        let place = Place {
            directory: absolute(job.tree.path().join(layout::stack(&job.instance.stack))),
            data: absolute(self.site().data(&job.instance)),
        };
        Entry { announced: Some(Timestamp::now()), place: Some(place), ..job.entry(Status::Applying) }
    }

    /// Applies the plan of `job`.
    pub(super) async fn apply_noted(
        &self,
        job: &Job,
        terraform: &Terraform,
        journal: &Mutex<Journal>,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<Option<ChangeSummary>, PipelineError> {
        let instance = &job.instance;
        let (sender, signs) = mpsc::unbounded_channel();
        let signs_end = Slot::new(Some(sender));
        let said = |said: TerraformEvent| {
            let sign = match &said {
                TerraformEvent::Started { command: "apply", process } => Some(Sign::Started(process.clone())),
                TerraformEvent::ApplyStart(_) => Some(Sign::Working),
                _ => None,
            };
            let sender = signs_end.lock().unwrap_or_else(PoisonError::into_inner);
            if let (Some(sign), Some(sender)) = (sign, &*sender) {
                // It is received until the end is taken away below.
                let _ = sender.send(sign);
            }
            events(Event::Terraform { instance: instance.clone(), said });
        };
        let watch = Watch { events: &said, interrupt };
        let applying = async {
            let done = terraform.apply(&job.plan, &ApplyOptions::default(), &watch).await;
            signs_end.lock().unwrap_or_else(PoisonError::into_inner).take();
            done
        };
        // Never cut short: a write that is under way must not end after the one that says how it came out.
        let (done, ()) = tokio::join!(applying, self.note(job, journal, signs, events));
        Ok(done?)
    }

    /// Notes what `signs` tell. That this fails does not stop Terraform, which is better left to its end.
    async fn note(
        &self,
        job: &Job,
        journal: &Mutex<Journal>,
        mut signs: mpsc::UnboundedReceiver<Sign>,
        events: EventSink<'_>,
    ) {
        let instance = &job.instance;
        let mut is_locked = false;
        while let Some(sign) = signs.recv().await {
            let noted = match sign {
                Sign::Started(process) => journal.lock().await.note(instance, |entry| entry.terraform = process).await,
                Sign::Working if is_locked => Ok(()),
                Sign::Working => {
                    is_locked = true;
                    self.note_lock(job, journal).await
                }
            };
            if let Err(error) = noted {
                let message = format!("{instance}: the journal misses a note: {}", trouble::chain(&error));
                events(Event::Notice { message });
            }
        }
    }

    async fn note_lock(&self, job: &Job, journal: &Mutex<Journal>) -> Result<(), PipelineError> {
        let lock = self.site().state(&job.tree, &job.platform, &job.instance).lock().await?;
        journal.lock().await.note(&job.instance, |entry| entry.state_lock = lock.map(|lock| lock.id)).await
    }

    /// Keeps the state that Terraform could not store, if that is what went wrong.
    pub(super) async fn keep_state(
        &self,
        job: &Job,
        error: &PipelineError,
        stores: &Stores,
    ) -> Result<(), PipelineError> {
        let Some(folder) = errored::state_of(error).and_then(std::path::Path::parent) else { return Ok(()) };
        let recipients = Recipients::parse(&job.platform.pipeline.recipients)?;
        errored::collect(folder, &job.instance, &recipients, &stores.records).await
    }
}
