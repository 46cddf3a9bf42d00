//! `verify = "replan"`: right before an apply every plan is made once more, and the reviewed one is applied only if the
//! two come to the same. What a bundle is bound to cannot tell that somebody changed the world by hand: no state moves
//! by that.

use futures::{StreamExt as _, TryStreamExt as _};

use crate::{platform::Parallelism, terraform::Interrupt};

use crate::pipeline::{
    EventSink, PipelineError, Workshop,
    bundle::Manifest,
    compare,
    fit::{Check, Refusal},
    job::Job,
    planning::{Fresh, Ground},
};

impl Workshop {
    /// Plans what `jobs` are about anew, several at once, and gives those that would do something else by now. The
    /// reviewed plans stay the ones that are applied.
    ///
    /// # Errors
    /// When Terraform fails.
    pub(in crate::pipeline) async fn verify_anew(
        &self,
        jobs: &[Job],
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<Vec<Refusal>, PipelineError> {
        let limit = match jobs.first().map(|job| job.platform.pipeline.parallelism) {
            Some(Parallelism::Fixed(count)) => count,
            // One that reads takes about a core.
            _ => std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
        };
        let refusals = futures::stream::iter(jobs).map(|job| self.verify_one(job, interrupt, events)).buffered(limit);
        let refusals: Vec<Option<Refusal>> = refusals.try_collect().await?;
        Ok(refusals.into_iter().flatten().collect())
    }

    async fn verify_one(
        &self,
        job: &Job,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<Option<Refusal>, PipelineError> {
        let lock_file = tokio::sync::Mutex::default();
        let manifest = &job.bundle.manifest;
        let ground = Ground {
            instance: &job.instance,
            tree: &job.tree,
            platform: &job.platform,
            destroy: manifest.destroy,
            lock_file: &lock_file,
        };
        let (_, check) = self.plan_beside(manifest, &ground, interrupt, events).await?;
        Ok(check.refusal(&job.instance).map(|differs| Refusal {
            found: format!("{}, planned again right before the apply", differs.found),
            ..differs
        }))
    }

    /// A new plan on `ground`, and how what it would do compares with what was reviewed.
    pub(in crate::pipeline) async fn plan_beside(
        &self,
        reviewed: &Manifest,
        ground: &Ground<'_>,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<(Fresh, Check), PipelineError> {
        let fresh = self.plan_fresh(ground, interrupt, events).await?;
        let differences = compare::differences(&reviewed.changes, &fresh.changes);
        let check = compare::check(&reviewed.changes, &fresh.changes, &differences);
        Ok((fresh, check))
    }
}
