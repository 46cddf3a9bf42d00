//! Whether the engine's own controllers run.

use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use kube::{Api, runtime::wait::await_condition};

use super::{Cluster, ObjectRef, SyncError, manifest::Desired};

/// Waits until `workloads` are available, and counts them.
pub(super) async fn available<'a>(
    cluster: &Cluster,
    workloads: impl Iterator<Item = &'a Desired>,
    within: Duration,
) -> Result<usize, SyncError> {
    let deadline = tokio::time::Instant::now() + within;
    let mut count = 0;
    for desired in workloads {
        count += 1;
        match desired.object.kind.as_str() {
            "StatefulSet" => await_one::<StatefulSet>(cluster, &desired.object, (deadline, within)).await?,
            _ => await_one::<Deployment>(cluster, &desired.object, (deadline, within)).await?,
        }
    }
    Ok(count)
}

/// What runs all the time.
trait Workload:
    kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
    + Clone
    + std::fmt::Debug
    + serde::de::DeserializeOwned
    + Send
    + 'static
{
    /// Whether it runs as it is now.
    fn is_available(&self) -> bool;
    /// Why it does not, in its own words.
    fn unavailable(&self) -> String;
}

async fn await_one<T: Workload>(
    cluster: &Cluster,
    object: &ObjectRef,
    (deadline, within): (tokio::time::Instant, Duration),
) -> Result<(), SyncError> {
    let name = &object.name;
    let api: Api<T> = Api::namespaced(cluster.client.clone(), object.namespace.as_deref().unwrap_or("default"));
    let condition = await_condition(api.clone(), name, |live: Option<&T>| live.is_some_and(Workload::is_available));
    let reason = match tokio::time::timeout_at(deadline, condition).await {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(error)) => error.to_string(),
        Err(_) => {
            let live = api.get_opt(name).await.map_err(cluster.failed(format!("read `{object}`")))?;
            live.as_ref().map_or_else(|| "it does not exist".to_owned(), Workload::unavailable)
        }
    };
    Err(SyncError::NotInTime { object: Box::new(object.clone()), wanted: "available", within, reason })
}

impl Workload for Deployment {
    fn is_available(&self) -> bool {
        let Some(status) = &self.status else { return false };
        status.observed_generation == self.metadata.generation
            && status
                .conditions
                .iter()
                .flatten()
                .any(|condition| condition.type_ == "Available" && condition.status == "True")
    }

    fn unavailable(&self) -> String {
        let conditions = self.status.iter().flat_map(|status| status.conditions.iter().flatten());
        let messages: Vec<_> = conditions
            .filter(|condition| condition.status != "True")
            .filter_map(|condition| condition.message.clone())
            .collect();
        if messages.is_empty() { "no controller has looked at it".to_owned() } else { messages.join("; ") }
    }
}

impl Workload for StatefulSet {
    fn is_available(&self) -> bool {
        let Some(status) = &self.status else { return false };
        status.observed_generation == self.metadata.generation && status.available_replicas >= Some(self.wanted())
    }

    fn unavailable(&self) -> String {
        let available = self.status.as_ref().and_then(|status| status.available_replicas).unwrap_or_default();
        format!("{available} of {} pods are available", self.wanted())
    }
}

trait Wanted {
    fn wanted(&self) -> i32;
}

impl Wanted for StatefulSet {
    /// The pods that it should have.
    fn wanted(&self) -> i32 {
        self.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_deployment_is_available_only_as_it_is_now() {
        let deployment = |generation: i64, available: &str| -> Deployment {
            serde_json::from_value(json!({
                "metadata": {"generation": 2},
                "status": {"observedGeneration": generation,
                    "conditions": [{"type": "Available", "status": available, "message": "no nodes"}]},
            }))
            .unwrap()
        };
        assert!(deployment(2, "True").is_available());
        assert!(!deployment(1, "True").is_available());
        assert!(!deployment(2, "False").is_available());
        assert_eq!(deployment(2, "False").unavailable(), "no nodes");
    }
}
