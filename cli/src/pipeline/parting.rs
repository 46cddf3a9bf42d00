//! What is due, as a whole or apart: what can be applied, what waits for something that cannot, and what cannot.

use crate::platform::StackName;

use super::{PipelineError, due::Job, fit::Refusal};

/// What is due.
pub(super) struct Due {
    /// What can be applied.
    pub(super) jobs: Vec<Job>,
    /// What cannot, and why.
    pub(super) refusals: Vec<Refusal>,
}

impl Due {
    /// All of it, or nothing if anything is refused.
    pub(super) fn whole(self) -> Result<Vec<Job>, PipelineError> {
        let Self { jobs, refusals } = self;
        if refusals.is_empty() { Ok(jobs) } else { Err(PipelineError::Refused { refusals }) }
    }

    /// What depends on nothing that is refused, and what does, each with the stack that it waits for.
    pub(super) fn apart(self) -> (Vec<Job>, Vec<(Job, StackName)>, Vec<Refusal>) {
        let Self { mut jobs, refusals } = self;
        let mut waiting = Vec::new();
        let mut stopped: Vec<StackName> = refusals.iter().map(|refusal| refusal.instance.stack.clone()).collect();
        let waits = |job: &Job, stopped: &[StackName]| job.after.iter().find(|stack| stopped.contains(stack)).cloned();
        while let Some(index) = jobs.iter().position(|job| waits(job, &stopped).is_some()) {
            let job = jobs.swap_remove(index);
            let stack = waits(&job, &stopped).unwrap_or_else(|| job.instance.stack.clone());
            stopped.push(job.instance.stack.clone());
            waiting.push((job, stack));
        }
        (jobs, waiting, refusals)
    }
}
