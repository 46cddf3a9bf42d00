//! The built-in rules over rendered Kubernetes objects.

use serde_json::Value;

use crate::{
    platform::{Level, Policy},
    render::{ObjectChange, ObjectDiff, Registry},
};

use super::{
    Finding,
    rules::exposure::is_world,
    values::{flat, texts},
};

type Check = fn(&Object<'_>) -> Vec<String>;

const CHECKS: &[(&str, Check)] = &[
    ("privileged-pod", privileged),
    ("host-path", host_path),
    ("latest-tag", latest),
    ("public-load-balancer", public),
    ("rbac-wildcard", wildcard),
    ("plain-secret", plain_secret),
];

/// One object as it would be applied.
struct Object<'a> {
    kind: &'a str,
    group: &'a str,
    value: &'a Value,
}

/// What the built-in rules say of an object that is new or changed.
pub(super) fn judge(policy: &Policy, registry: &Registry, object: &ObjectDiff) -> Vec<Finding> {
    let Some(value) = object.value.as_ref().filter(|_| object.change != ObjectChange::Removed) else {
        return Vec::new();
    };
    let subject = Object { kind: &object.id.kind, group: &object.id.group, value };
    let mut findings = Vec::new();
    for (name, check) in CHECKS {
        let level = policy.level(name);
        if level != Level::Off {
            findings.extend(check(&subject).into_iter().map(|message| about(level, name, message, registry, object)));
        }
    }
    findings
}

/// A finding about an object.
pub(super) fn about(level: Level, rule: &str, message: String, registry: &Registry, object: &ObjectDiff) -> Finding {
    let finding = Finding::new(level, rule, message).at(format!("{} in {}", object.id, registry.path()));
    match &object.origin.file {
        Some(file) => finding.in_file(file, None),
        None => finding,
    }
}

impl Object<'_> {
    /// The pod that it makes, if it makes one.
    fn pod(&self) -> Option<&Value> {
        let spec = &self.value["spec"];
        match (self.group, self.kind) {
            ("", "Pod") => Some(spec),
            ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") | ("batch", "Job") => {
                Some(&spec["template"]["spec"])
            }
            ("batch", "CronJob") => Some(&spec["jobTemplate"]["spec"]["template"]["spec"]),
            _ => None,
        }
    }

    fn containers(&self) -> impl Iterator<Item = &Value> {
        let lists = ["initContainers", "containers", "ephemeralContainers"];
        self.pod().into_iter().flat_map(move |pod| lists.into_iter().flat_map(|list| flat(&pod[list])))
    }
}

fn name(container: &Value) -> &str {
    container["name"].as_str().unwrap_or("?")
}

fn privileged(object: &Object<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for container in object.containers() {
        let context = &container["securityContext"];
        if context["privileged"] == true {
            found.push(format!("container `{}` is privileged", name(container)));
        }
        let broad = ["ALL", "SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "SYS_MODULE"];
        for capability in texts(&context["capabilities"]["add"]).into_iter().filter(|it| broad.contains(it)) {
            found.push(format!("container `{}` has the capability `{capability}`", name(container)));
        }
    }
    let shared = ["hostNetwork", "hostPID", "hostIPC"].into_iter();
    found.extend(
        shared
            .filter(|field| object.pod().is_some_and(|pod| pod[*field] == true))
            .map(|field| format!("the pod has `{field}`")),
    );
    found
}

fn host_path(object: &Object<'_>) -> Vec<String> {
    let volumes = object.pod().map(|pod| flat(&pod["volumes"])).unwrap_or_default().into_iter();
    let paths = volumes.filter_map(|volume| volume["hostPath"]["path"].as_str());
    paths.map(|path| format!("the pod mounts `{path}` of its node")).collect()
}

fn latest(object: &Object<'_>) -> Vec<String> {
    let images = object.containers().filter_map(|container| container["image"].as_str());
    // Variables such as `${tag}` are filled in later.
    let loose = images.filter(|image| !image.contains("${") && !is_pinned(image));
    loose.map(|image| format!("image `{image}` may be another one tomorrow")).collect()
}

/// Whether an image has a digest, or a tag that is not `latest`. The port of a registry is no tag.
fn is_pinned(image: &str) -> bool {
    if image.contains('@') {
        return true;
    }
    let last = image.rsplit('/').next().unwrap_or(image);
    last.split_once(':').is_some_and(|(_, tag)| !tag.is_empty() && tag != "latest")
}

/// Annotations that keep a load balancer inside of the network.
const INTERNAL: &[(&str, &[&str])] = &[
    ("service.beta.kubernetes.io/aws-load-balancer-scheme", &["internal"]),
    ("service.beta.kubernetes.io/aws-load-balancer-internal", &["true", "0.0.0.0/0"]),
    ("service.beta.kubernetes.io/azure-load-balancer-internal", &["true"]),
    ("networking.gke.io/load-balancer-type", &["Internal"]),
    ("cloud.google.com/load-balancer-type", &["Internal"]),
];

fn public(object: &Object<'_>) -> Vec<String> {
    let spec = &object.value["spec"];
    if (object.group, object.kind) != ("", "Service") || spec["type"] != "LoadBalancer" {
        return Vec::new();
    }
    let annotations = &object.value["metadata"]["annotations"];
    let internal =
        INTERNAL.iter().any(|(name, values)| annotations[name].as_str().is_some_and(|value| values.contains(&value)));
    let ranges = texts(&spec["loadBalancerSourceRanges"]);
    if internal || (!ranges.is_empty() && !ranges.iter().any(|range| is_world(range))) {
        return Vec::new();
    }
    vec!["every address reaches the load balancer: no `loadBalancerSourceRanges`".to_owned()]
}

fn wildcard(object: &Object<'_>) -> Vec<String> {
    match (object.group, object.kind) {
        ("rbac.authorization.k8s.io", "ClusterRole" | "Role") => {
            let every = |rule: &Value, field: &str| texts(&rule[field]).contains(&"*");
            let rules = flat(&object.value["rules"]).into_iter();
            let broad = rules.filter(|rule| every(rule, "verbs") && every(rule, "resources"));
            broad.take(1).map(|_| "the role may do everything to every resource".to_owned()).collect()
        }
        ("rbac.authorization.k8s.io", "ClusterRoleBinding" | "RoleBinding") => {
            let role = object.value["roleRef"]["name"].as_str().unwrap_or_default();
            let anybody = ["system:anonymous", "system:unauthenticated", "system:authenticated"];
            let subjects = flat(&object.value["subjects"]).into_iter().filter_map(|subject| subject["name"].as_str());
            subjects.filter(|name| anybody.contains(name)).map(|name| format!("`{name}` gets role `{role}`")).collect()
        }
        _ => Vec::new(),
    }
}

fn plain_secret(object: &Object<'_>) -> Vec<String> {
    let sealed = object.value.get("sops").is_some();
    let empty = ["data", "stringData"]
        .iter()
        .all(|field| flat(&object.value[field]).iter().all(|map| **map == Value::Object(serde_json::Map::new())));
    if (object.group, object.kind) != ("", "Secret") || sealed || empty {
        return Vec::new();
    }
    vec!["the Secret's values stand in the repository in clear".to_owned()]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        platform::{Layer, RULES},
        render::{ObjectId, Origin},
    };

    fn said(value: Value) -> Vec<String> {
        let registry = Registry { cluster: "eks-gc0".parse().unwrap(), environment: "ops".parse().unwrap() };
        let origin = Origin { kustomization: String::new(), path: "apps/a/ops".to_owned(), file: None };
        let object = ObjectDiff {
            id: ObjectId::of(&value).unwrap(),
            change: ObjectChange::Added,
            previous_name: None,
            fields: Vec::new(),
            text: Vec::new(),
            origin,
            kept: false,
            unresolved: Vec::new(),
            value: Some(value),
        };
        let found = judge(&Policy::default(), &registry, &object).into_iter();
        found.map(|finding| format!("{} {}: {}", finding.rule, finding.place().unwrap(), finding.message)).collect()
    }

    #[test]
    fn every_rule_of_objects_is_there() {
        let table = RULES.iter().filter(|rule| rule.layer == Layer::Objects).map(|rule| rule.name);
        assert!(table.eq(CHECKS.iter().map(|(name, _)| *name)));
    }

    #[test]
    fn what_reaches_the_node_or_the_world_is_told() {
        let pod = json!({
            "hostNetwork": true,
            "containers": [
                {"name": "a", "image": "registry:5000/a", "securityContext": {"privileged": true}},
                {"name": "b", "image": "b:1.2", "securityContext": {"capabilities": {"add": ["NET_ADMIN", "CHOWN"]}}},
                {"name": "c", "image": "c@sha256:00"},
                {"name": "d", "image": "d:latest"},
                {"name": "e", "image": "e:${tag}"},
            ],
            "volumes": [{"name": "v", "hostPath": {"path": "/etc"}}, {"name": "w", "emptyDir": {}}],
        });
        let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x", "namespace": "n"},
                                "spec": {"template": {"spec": pod}}});
        insta::assert_snapshot!(said(deployment).join("\n"), @"
        privileged-pod Deployment n/x in clusters/eks-gc0/ops: container `a` is privileged
        privileged-pod Deployment n/x in clusters/eks-gc0/ops: container `b` has the capability `NET_ADMIN`
        privileged-pod Deployment n/x in clusters/eks-gc0/ops: the pod has `hostNetwork`
        host-path Deployment n/x in clusters/eks-gc0/ops: the pod mounts `/etc` of its node
        latest-tag Deployment n/x in clusters/eks-gc0/ops: image `registry:5000/a` may be another one tomorrow
        latest-tag Deployment n/x in clusters/eks-gc0/ops: image `d:latest` may be another one tomorrow
        ");
        let service = |spec: Value, annotations: Value| {
            said(json!({"apiVersion": "v1", "kind": "Service",
                        "metadata": {"name": "s", "annotations": annotations}, "spec": spec}))
            .len()
        };
        assert_eq!(service(json!({"type": "LoadBalancer"}), json!({})), 1);
        assert_eq!(service(json!({"type": "ClusterIP"}), json!({})), 0);
        assert_eq!(
            service(json!({"type": "LoadBalancer", "loadBalancerSourceRanges": ["192.0.2.0/24"]}), json!({})),
            0
        );
        let internal = json!({"networking.gke.io/load-balancer-type": "Internal"});
        assert_eq!(service(json!({"type": "LoadBalancer"}), internal), 0);
    }

    #[test]
    fn roles_and_secrets_are_looked_at() {
        let role = |verbs: &[&str]| {
            said(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r"},
                        "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": verbs}]}))
            .len()
        };
        assert_eq!((role(&["*"]), role(&["get", "list"])), (1, 0));
        let secret = |more: Value| {
            let mut value =
                json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "masked"}});
            if let (Some(value), Value::Object(more)) = (value.as_object_mut(), more) {
                value.extend(more);
            }
            said(value).len()
        };
        assert_eq!((secret(json!({})), secret(json!({"sops": {}})), secret(json!({"data": {}}))), (1, 0, 0));
    }
}
