//! Server-side apply that writes only where something would change.

use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use k8s_openapi::{
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{
    Api,
    api::{Patch, PatchParams},
    core::{ApiResource, DynamicObject},
    discovery::{Discovery, Scope},
    runtime::{conditions::is_crd_established, wait::await_condition},
};

use super::{
    Cluster, SyncError, Tally, argocd,
    compare::same,
    event::{Sink, SyncEvent},
    flux,
    kinds::{self, FIELD_MANAGER},
    manifest::{Desired, Stage},
};

/// Requests in flight at once: enough to hide the round trip, too few to be throttled.
pub(super) const PARALLEL: usize = 8;
/// How long the API server gets to serve a new kind.
const ESTABLISH_TIMEOUT: Duration = Duration::from_secs(60);
/// How often it is asked for the list of kinds meanwhile; discovery cannot be watched.
const DISCOVERY_PAUSE: Duration = Duration::from_millis(100);

/// Who decides what an object looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The engine, once it has taken the object over; until then kstack, but it takes nothing away
    /// from anybody else.
    Engine,
    /// kstack: what others changed is put right.
    Kstack,
}

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Created,
    Changed,
    Unchanged,
    Left,
}

/// Applies objects to a cluster.
pub(super) struct Applier<'a> {
    cluster: &'a Cluster,
    kinds: Discovery,
    dry_run: bool,
    sink: Sink<'a>,
    /// Namespaces and kinds that a dry run would have created, so that what needs them cannot be asked for.
    pending: Vec<Desired>,
}

impl<'a> Applier<'a> {
    pub(super) async fn new(cluster: &'a Cluster, dry_run: bool, sink: Sink<'a>) -> Result<Self, SyncError> {
        Ok(Self { cluster, kinds: discover(cluster).await?, dry_run, sink, pending: Vec::new() })
    }

    pub(super) fn cluster(&self) -> &Cluster {
        self.cluster
    }

    /// Applies `objects`: definitions first, until the API server serves what they define, then the rest.
    pub(super) async fn apply(&mut self, objects: &[Desired], owner: Owner) -> Result<Tally, SyncError> {
        let (definitions, rest): (Vec<_>, Vec<_>) =
            objects.iter().partition(|desired| desired.stage() == Stage::Definitions);
        let mut tally = Tally::default();
        let changes = self.apply_all(&definitions, owner).await?;
        for (desired, change) in definitions.iter().zip(&changes) {
            tally.count(*change);
            if self.dry_run && *change == Change::Created {
                self.pending.push((*desired).clone());
            }
        }
        self.establish(&definitions).await?;
        for change in self.apply_all(&rest, owner).await? {
            tally.count(change);
        }
        Ok(tally)
    }

    async fn apply_all(&self, objects: &[&Desired], owner: Owner) -> Result<Vec<Change>, SyncError> {
        let applies = objects.iter().map(|desired| self.apply_one(desired, owner));
        stream::iter(applies).buffered(PARALLEL).try_collect().await
    }

    async fn apply_one(&self, desired: &Desired, owner: Owner) -> Result<Change, SyncError> {
        if self.is_pending(desired) {
            return Ok(self.report(desired, Change::Created));
        }
        let api = self.api(desired)?;
        let name = &desired.object.name;
        let live = api.get_opt(name).await.map_err(self.cluster.failed(format!("read `{}`", desired.object)))?;
        let change = match live {
            None => Change::Created,
            Some(live) if owner == Owner::Engine && adopted(&live.metadata) => return Ok(Change::Left),
            Some(live) => {
                let dry = self.patch(&api, desired, owner, true).await?;
                if same(&live, &dry) {
                    return Ok(Change::Unchanged);
                }
                Change::Changed
            }
        };
        // A dry run asks the API server about new objects as well, so that what it would refuse shows.
        if !self.dry_run || change == Change::Created {
            self.patch(&api, desired, owner, self.dry_run).await?;
        }
        Ok(self.report(desired, change))
    }

    fn report(&self, desired: &Desired, change: Change) -> Change {
        let created = change == Change::Created;
        (self.sink)(SyncEvent::Object { object: desired.object.clone(), created });
        change
    }

    async fn patch(
        &self,
        api: &Api<DynamicObject>,
        desired: &Desired,
        owner: Owner,
        dry_run: bool,
    ) -> Result<DynamicObject, SyncError> {
        let mut parameters = PatchParams::apply(FIELD_MANAGER);
        parameters.force = owner == Owner::Kstack;
        parameters.dry_run = dry_run;
        api.patch(&desired.object.name, &parameters, &Patch::Apply(&desired.body)).await.map_err(|error| match error {
            kube::Error::Api(status) if status.is_conflict() => {
                let causes = status.details.map(|details| details.causes).unwrap_or_default();
                let fields = causes.into_iter().map(|cause| format!("{}, field `{}`", cause.message, cause.field));
                SyncError::Conflict { object: desired.object.clone(), fields: fields.collect() }
            }
            error => self.cluster.failed(format!("apply `{}`", desired.object))(error),
        })
    }

    /// Whether `desired` needs a namespace or kind that this dry run did not really create.
    fn is_pending(&self, desired: &Desired) -> bool {
        self.pending.iter().any(|pending| match pending.defined() {
            Some(kind) => kind == (desired.kind.group.as_str(), desired.kind.kind.as_str()),
            None => pending.is_namespace() && Some(&pending.object.name) == desired.object.namespace.as_ref(),
        })
    }

    /// Waits until the API server serves what `definitions` define.
    async fn establish(&mut self, definitions: &[&Desired]) -> Result<(), SyncError> {
        let crds: Vec<_> = definitions.iter().filter(|desired| desired.is_crd()).collect();
        if crds.is_empty() || self.dry_run {
            return Ok(());
        }
        let api: Api<CustomResourceDefinition> = Api::all(self.cluster.client.clone());
        let waits = crds.iter().map(|desired| {
            let established = await_condition(api.clone(), &desired.object.name, is_crd_established());
            async move { tokio::time::timeout(ESTABLISH_TIMEOUT, established).await }
        });
        for (desired, waited) in crds.iter().zip(futures::future::join_all(waits).await) {
            match waited {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return Err(unserved(desired, error.to_string())),
                Err(_) => return Err(unserved(desired, "the API server says nothing".to_owned())),
            }
        }
        // Discovery follows a moment after a definition is established.
        let started = std::time::Instant::now();
        while crds.iter().any(|crd| !self.serves(crd)) && started.elapsed() < ESTABLISH_TIMEOUT {
            tokio::time::sleep(DISCOVERY_PAUSE).await;
            self.kinds = discover(self.cluster).await?;
        }
        (self.sink)(SyncEvent::CrdsEstablished { count: crds.len() });
        Ok(())
    }

    /// Whether the kind that `definition` defines is known.
    fn serves(&self, definition: &Desired) -> bool {
        let Some((group, kind)) = definition.defined() else { return true };
        self.kinds.get(group).is_some_and(|group| group.recommended_kind(kind).is_some())
    }

    /// The API of `desired`.
    pub(super) fn api(&self, desired: &Desired) -> Result<Api<DynamicObject>, SyncError> {
        let (resource, capabilities): (ApiResource, _) =
            self.kinds.resolve_gvk(&desired.kind).ok_or_else(|| SyncError::UnknownKind {
                api_version: desired.api_version(),
                kind: desired.kind.kind.clone(),
                object: Box::new(desired.object.clone()),
            })?;
        let namespace = match capabilities.scope {
            Scope::Cluster => None,
            Scope::Namespaced => Some(desired.object.namespace.as_deref().unwrap_or("default")),
        };
        Ok(kinds::api(&self.cluster.client, &resource, namespace))
    }
}

impl Tally {
    fn count(&mut self, change: Change) {
        *match change {
            Change::Created => &mut self.created,
            Change::Changed => &mut self.changed,
            Change::Unchanged => &mut self.unchanged,
            Change::Left => &mut self.left,
        } += 1;
    }
}

/// Whether the engine applies this object itself by now: it marks what it applies.
pub(super) fn adopted(live: &ObjectMeta) -> bool {
    let label = format!("{}/name", flux::KUSTOMIZE_GROUP);
    live.labels.as_ref().is_some_and(|labels| labels.contains_key(&label))
        || live.annotations.as_ref().is_some_and(|annotations| annotations.contains_key(argocd::TRACKING_ID))
}

async fn discover(cluster: &Cluster) -> Result<Discovery, SyncError> {
    Discovery::new(cluster.client.clone())
        .run_aggregated()
        .await
        .map_err(cluster.failed("list the kinds of the cluster"))
}

fn unserved(desired: &Desired, reason: String) -> SyncError {
    SyncError::NotInTime {
        object: Box::new(desired.object.clone()),
        wanted: "established",
        within: ESTABLISH_TIMEOUT,
        reason,
    }
}
