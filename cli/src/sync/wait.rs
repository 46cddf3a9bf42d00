//! Following a revision through the cluster until every object of the registry has delivered it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use futures::StreamExt as _;
use kube::api::{Patch, PatchParams};
use serde::Serialize;
use serde_json::json;

use super::{
    Cluster, Engine, ObjectRef, ObjectStatus, Revision, RootSource, State, SyncError,
    event::{Sink, SyncEvent},
    kinds::{FIELD_MANAGER, Kinds},
    live::{Change, Live},
    picture::Picture,
    state::DEPENDENCY,
};

/// How long to pause when the cluster does not answer in between.
const TROUBLE_PAUSE: Duration = Duration::from_secs(1);

/// What to wait for.
#[derive(Debug, Clone)]
pub struct WaitSettings {
    /// Where the engine starts.
    pub root: RootSource,
    /// What every object must deliver.
    pub revision: Revision,
    /// How long at most.
    pub timeout: Duration,
    /// How long a failure may heal by itself, or by what is still on its way, before the object is
    /// asked to try again at once; if that fails as well, the failure stands.
    pub grace: Duration,
}

impl WaitSettings {
    /// Waits at most `timeout`, with the usual patience for failures that heal.
    pub fn new(root: RootSource, revision: Revision, timeout: Duration) -> Self {
        Self { root, revision, timeout, grace: Duration::from_secs(5) }
    }
}

/// How waiting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every object has delivered the revision.
    Ready,
    /// The engine cannot deliver it.
    Failed,
    /// The time was over before it was decided.
    TimedOut,
    /// Nothing more will happen until somebody resumes what is suspended.
    Suspended,
}

/// How waiting ended, and how far every object was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SyncReport {
    /// Who was waited for.
    #[serde(skip)]
    pub engine: Engine,
    /// The outcome.
    pub outcome: Outcome,
    /// What was waited for.
    pub revision: String,
    /// How far every object was.
    pub objects: Vec<ObjectStatus>,
    /// What kept the cluster from being watched when the time was over, if anything did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// Waits until every object of the registry has delivered the revision, or it is clear that they will not.
///
/// The engine is asked to look at Git at once if it does not have the revision yet; if it has, and
/// delivered it, nothing is written. Objects that appear on the way count from then on.
///
/// # Errors
/// When the cluster cannot be asked at the start. What is lost on the way is found again, or ends in
/// [`Outcome::TimedOut`].
pub async fn wait(cluster: &Cluster, settings: &WaitSettings, sink: Sink<'_>) -> Result<SyncReport, SyncError> {
    let kinds = Kinds::discover(cluster, settings.root.engine).await?;
    let mut waiting = Waiting::new(cluster, settings, &kinds, sink);
    waiting.live = Live::list(cluster, &kinds).await?;
    for object in waiting.picture().behind() {
        waiting.request(&object).await?;
    }
    let outcome = tokio::time::timeout(settings.timeout, waiting.follow()).await.unwrap_or(Outcome::TimedOut);
    Ok(waiting.report(outcome))
}

struct Waiting<'a> {
    cluster: &'a Cluster,
    settings: &'a WaitSettings,
    kinds: &'a Kinds,
    sink: Sink<'a>,
    /// Marks this run's requests, so that answers to those of others are told apart.
    run: uuid::Uuid,
    requests: usize,
    live: Live,
    shown: BTreeMap<ObjectRef, State>,
    failing_since: BTreeMap<ObjectRef, Instant>,
    /// The last request to each object that was asked to reconcile.
    asked: BTreeMap<ObjectRef, String>,
    retried: BTreeSet<ObjectRef>,
    freed: BTreeSet<ObjectRef>,
    trouble: Option<String>,
}

impl<'a> Waiting<'a> {
    fn new(cluster: &'a Cluster, settings: &'a WaitSettings, kinds: &'a Kinds, sink: Sink<'a>) -> Self {
        Self {
            cluster,
            settings,
            kinds,
            sink,
            run: uuid::Uuid::new_v4(),
            requests: 0,
            live: Live::default(),
            shown: BTreeMap::new(),
            failing_since: BTreeMap::new(),
            asked: BTreeMap::new(),
            retried: BTreeSet::new(),
            freed: BTreeSet::new(),
            trouble: None,
        }
    }

    /// Follows the cluster until the outcome is clear.
    async fn follow(&mut self) -> Outcome {
        let mut changes = Live::changes(self.cluster, self.kinds);
        loop {
            match self.judge().await {
                Ok(Some(outcome)) => return outcome,
                Ok(None) => {
                    let next_retry = self.next_retry();
                    tokio::select! {
                        batch = changes.next() => self.take(batch.unwrap_or_default()),
                        () = sleep_until(next_retry) => {}
                    }
                }
                Err(error) => {
                    self.trouble = Some(chain(&error));
                    tokio::time::sleep(TROUBLE_PAUSE).await;
                }
            }
        }
    }

    /// The outcome, if it is clear by now.
    async fn judge(&mut self) -> Result<Option<Outcome>, SyncError> {
        let statuses = self.assess();
        self.show(&statuses);
        if statuses.iter().all(|status| status.state == State::Ready) {
            // The watches of different kinds do not keep step with each other: a release that a
            // Kustomization has just changed may still look ready. A list taken now cannot be older.
            self.live = Live::list(self.cluster, self.kinds).await?;
            let ready = self.assess().iter().all(|status| status.state == State::Ready);
            return Ok(ready.then_some(Outcome::Ready));
        }
        if self.has_failed(&statuses).await? {
            return Ok(Some(Outcome::Failed));
        }
        self.free_dependants(&statuses).await?;
        Ok(self.is_suspended(&statuses).then_some(Outcome::Suspended))
    }

    fn take(&mut self, batch: Vec<Change>) {
        for change in batch {
            self.trouble = self.live.take(change).err().map(|error| chain(&error));
        }
    }

    fn picture(&self) -> Picture<'_> {
        Picture {
            root: &self.settings.root,
            revision: &self.settings.revision,
            asked: &self.asked,
            objects: self.live.objects(),
        }
    }

    fn assess(&self) -> Vec<ObjectStatus> {
        self.picture().assess()
    }

    fn show(&mut self, statuses: &[ObjectStatus]) {
        let changed = statuses.iter().filter(|status| self.shown.get(&status.object) != Some(&status.state));
        let changed: Vec<_> = changed.cloned().collect();
        if changed.is_empty() {
            return;
        }
        self.shown.extend(changed.iter().map(|status| (status.object.clone(), status.state.clone())));
        let ready = statuses.iter().filter(|status| status.state == State::Ready).count();
        (self.sink)(SyncEvent::Waiting { ready, total: statuses.len(), changed });
    }

    /// Whether a failure stands. One that may heal gets time, and then one more try at once.
    async fn has_failed(&mut self, statuses: &[ObjectStatus]) -> Result<bool, SyncError> {
        let failed: BTreeMap<_, _> = statuses
            .iter()
            .filter_map(|status| match &status.state {
                State::Failed { reason, .. } => Some((status.object.clone(), reason.clone())),
                _ => None,
            })
            .collect();
        self.failing_since.retain(|object, _| failed.contains_key(object));
        for (object, reason) in failed {
            let since = *self.failing_since.entry(object.clone()).or_insert_with(Instant::now);
            // The engine has already waited for health as long as it was told to.
            if reason == "HealthCheckFailed" || self.retried.contains(&object) {
                return Ok(true);
            }
            if since.elapsed() >= self.settings.grace {
                self.request(&object).await?;
                self.retried.insert(object);
            }
        }
        Ok(false)
    }

    /// Asks what waits for dependencies to look again as soon as they are ready.
    async fn free_dependants(&mut self, statuses: &[ObjectStatus]) -> Result<(), SyncError> {
        let mut free = self.picture().free(statuses);
        free.retain(|object| !self.freed.contains(object));
        for object in free {
            self.request(&object).await?;
            self.freed.insert(object);
        }
        Ok(())
    }

    /// When the next failure has had its time.
    fn next_retry(&self) -> Option<Instant> {
        self.failing_since.values().min().map(|since| *since + self.settings.grace)
    }

    /// Whether nothing moves because something is suspended.
    fn is_suspended(&self, statuses: &[ObjectStatus]) -> bool {
        let root = &self.settings.root;
        let suspended = |status: &&ObjectStatus| status.state == State::Suspended;
        if statuses.iter().filter(suspended).any(|status| root.starts_at(&status.object)) {
            return true;
        }
        let stuck = |status: &ObjectStatus| match &status.state {
            State::Ready | State::Suspended => true,
            State::Waiting { reason, .. } => reason == DEPENDENCY,
            State::Failed { .. } => false,
        };
        statuses.iter().any(|status| status.state == State::Suspended) && statuses.iter().all(stuck)
    }

    /// Asks the engine to reconcile `object` now.
    async fn request(&mut self, object: &ObjectRef) -> Result<(), SyncError> {
        let Some(api) = self.kinds.api(&self.cluster.client, object) else { return Ok(()) };
        // Controllers react only to a value that they have not seen.
        self.requests += 1;
        let token = format!("{}-{}", self.run, self.requests);
        let annotation = json!({"metadata": {"annotations": self.settings.root.engine.request(&token)}});
        let parameters = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        match api.patch(&object.name, &parameters, &Patch::Merge(&annotation)).await {
            Ok(_) => {
                self.asked.insert(object.clone(), token);
                (self.sink)(SyncEvent::Requested { object: object.clone() });
                Ok(())
            }
            Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
            Err(error) => Err(self.cluster.failed(format!("ask for `{object}` to be reconciled"))(error)),
        }
    }

    fn report(&self, outcome: Outcome) -> SyncReport {
        let objects = self.assess();
        let revision = self.settings.revision.to_string();
        if outcome == Outcome::Ready {
            (self.sink)(SyncEvent::Synced { revision: revision.clone(), total: objects.len() });
        }
        let trouble = self.trouble.clone().filter(|_| outcome == Outcome::TimedOut);
        SyncReport { engine: self.settings.root.engine, outcome, revision, objects, trouble }
    }
}

async fn sleep_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant.into()).await,
        None => std::future::pending().await,
    }
}

/// An error with its causes on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
