//! Whether an apply would change anything.

use kube::core::DynamicObject;
use serde_json::Value;

/// Whether `live` and the answer to a dry-run apply are the same object, the way kubectl and Flux
/// find differences: without the status and what the API server keeps itself.
pub(super) fn same(live: &DynamicObject, dry: &DynamicObject) -> bool {
    stripped(live) == stripped(dry)
}

fn stripped(object: &DynamicObject) -> DynamicObject {
    let mut object = object.clone();
    let metadata = &mut object.metadata;
    metadata.managed_fields = None;
    metadata.resource_version = None;
    metadata.generation = None;
    metadata.uid = None;
    metadata.creation_timestamp = None;
    metadata.self_link = None;
    if let Value::Object(data) = &mut object.data {
        data.remove("status");
    }
    object
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> DynamicObject {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_the_server_keeps_does_not_count() {
        let live = object(json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "a", "resourceVersion": "1", "generation": 1, "uid": "u",
                "managedFields": [{"manager": "x"}], "labels": {"l": "1"}},
            "data": {"k": "v"}, "status": {"seen": 1},
        }));
        let mut dry = live.clone();
        dry.metadata.resource_version = Some("2".to_owned());
        dry.metadata.managed_fields = None;
        dry.data["status"] = json!({});
        assert!(same(&live, &dry));
        dry.data["data"]["k"] = json!("w");
        assert!(!same(&live, &dry));
    }

    #[test]
    fn labels_count() {
        let live = object(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}));
        let mut dry = live.clone();
        dry.metadata.labels = Some([("l".to_owned(), "1".to_owned())].into());
        assert!(!same(&live, &dry));
    }
}
