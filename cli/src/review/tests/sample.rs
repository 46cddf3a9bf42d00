//! A review as it happens: a cluster that is replaced in one environment, changes alike in both, a
//! plan that failed, one that waits, and objects that change in two clusters.

use serde_json::{Value, json};

use super::super::*;
use crate::{
    platform::Instance,
    render::{ObjectId, Origin, Registry, RegistryDiff, Rendered, RenderedObject, diff},
    terraform::{Action, AttributeChange, ChangeList, OutputChange, ResourceChange, ResourceMode, Shown},
};

pub(in crate::review) fn instance(stack: &str, environment: &str) -> Instance {
    Instance { stack: stack.parse().unwrap(), environment: Some(environment.parse().unwrap()) }
}

pub(in crate::review) fn attribute(path: &str, before: Shown, after: Shown) -> AttributeChange {
    AttributeChange { path: path.to_owned(), before, after, forces_replacement: false }
}

pub(in crate::review) fn value(value: impl Into<Value>) -> Shown {
    Shown::Value(value.into())
}

pub(in crate::review) fn resource(address: &str, action: Action, attributes: Vec<AttributeChange>) -> ResourceChange {
    let local = address.split('.').rev().nth(1).unwrap_or("x");
    ResourceChange {
        address: address.to_owned(),
        previous_address: None,
        mode: ResourceMode::Managed,
        resource_type: local.to_owned(),
        provider: "hashicorp/aws".to_owned(),
        action,
        reason: None,
        importing: None,
        deposed: None,
        attributes,
    }
}

/// A cluster that is replaced in one environment, and changes alike in both.
pub(super) fn changes(environment: &str) -> ChangeList {
    let policy = |actions: &[&str]| {
        value(
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})
                .to_string(),
        )
    };
    let name = format!("gc0-{environment}-eu-west-1");
    let mut resources = vec![
        resource(
            "module.cluster.aws_iam_role_policy.nodes",
            Action::Update,
            vec![attribute(
                "policy",
                policy(&["ec2:DescribeInstances"]),
                policy(&["ec2:DescribeInstances", "ec2:TerminateInstances"]),
            )],
        ),
        resource(
            "module.cluster.aws_subnet.private[0]",
            Action::Create,
            vec![
                attribute("cidr_block", Shown::Absent, value("10.0.0.0/19")),
                attribute("id", Shown::Absent, Shown::Unknown),
                attribute("tags", Shown::Absent, value(json!({"Name": name, "kstack.dev/environment": environment}))),
            ],
        ),
        resource(
            "module.node_pool.aws_launch_template.this",
            Action::CreateThenDestroy,
            vec![attribute("user_data", Shown::Sensitive, Shown::Sensitive)],
        ),
    ];
    if environment == "apps" {
        let version =
            AttributeChange { forces_replacement: true, ..attribute("version", value("1.33"), value("1.34")) };
        let mut cluster = resource(
            "module.cluster.aws_eks_cluster.this",
            Action::DestroyThenCreate,
            vec![attribute("arn", value("arn:aws:eks:eu-west-1:1:cluster/x"), Shown::Unknown), version],
        );
        cluster.reason = Some("replace_because_cannot_update".to_owned());
        resources.push(cluster);
        resources.push(resource(
            "aws_db_instance.@team",
            Action::Destroy,
            vec![attribute("id", value("orders"), Shown::Absent)],
        ));
    }
    ChangeList {
        resources,
        drift: Vec::new(),
        checks: Vec::new(),
        outputs: vec![OutputChange {
            name: "fqdn".to_owned(),
            before: Shown::Absent,
            after: value(format!("{name}.example.com")),
        }],
    }
}

pub(super) fn object(value: Value) -> RenderedObject {
    RenderedObject {
        id: ObjectId::of(&value).unwrap(),
        value,
        origin: Origin {
            kustomization: "flux-system/podinfo".to_owned(),
            path: "services/podinfo/ops".to_owned(),
            file: Some("services/podinfo/base/deployment.yaml".to_owned()),
        },
        unresolved: Vec::new(),
        kept: false,
        engine: false,
    }
}

pub(super) fn registry_diff(environment: &str) -> RegistryDiff {
    let deployment = |image: &str, replicas: u32| {
        object(json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "podinfo", "namespace": "podinfo"},
            "spec": {"replicas": replicas, "template": {"spec": {"containers": [{"name": "podinfo", "image": image}]}}},
        }))
    };
    let secret = |password: &str| {
        object(
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login", "namespace": "podinfo"}, "stringData": {"password": password}}),
        )
    };
    let claim = object(
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "podinfo"}}),
    );
    let side = |objects| Rendered { objects, notices: Vec::new() };
    let base = side(vec![deployment("podinfo:6.5.0", 2), secret("canary-1"), claim]);
    let head = side(vec![deployment("podinfo:6.6.0", 3), secret("canary-2")]);
    RegistryDiff {
        registry: Registry { cluster: "eks-gc0-eu-west-1".parse().unwrap(), environment: environment.parse().unwrap() },
        difference: diff(&base, &head),
        notices: vec!["`services/podinfo/ops` uses variables of `ConfigMap kstack-cluster-info`, whose values are not in the repository".to_owned()],
        problems: Vec::new(),
        base_problems: Vec::new(),
    }
}

pub(in crate::review) fn sample() -> ReviewInput {
    let planned = |environment| InstanceInput {
        instance: instance("eks-gc0-eu-west-1", environment),
        outcome: Outcome::Planned(changes(environment)),
        protect: vec!["aws_db_instance.*".to_owned()],
        reasons: vec![
            "`modules/aws/cluster/main.tf` changed, which `infra/eks-gc0-eu-west-1/main.tf` uses as module `cluster`"
                .to_owned(),
        ],
        notices: Vec::new(),
    };
    let other = |stack, outcome| InstanceInput {
        instance: instance(stack, "apps"),
        outcome,
        protect: Vec::new(),
        reasons: Vec::new(),
        notices: Vec::new(),
    };
    ReviewInput {
        title: Some("main..bigger-pool".to_owned()),
        instances: vec![
            planned("ops"),
            planned("apps"),
            other(
                "dns",
                Outcome::Staged {
                    stage: 2,
                    after: vec![instance("eks-gc0-eu-west-1", "apps")],
                    expected: None,
                    unforeseen: Some("its plan fails".to_owned()),
                },
            ),
            other(
                "vpn",
                Outcome::Failed {
                    message: "error: no valid credential sources found\n\n  on providers.tf line 3".to_owned(),
                },
            ),
        ],
        before: Vec::new(),
        previews: vec!["apps".parse().unwrap()],
        stale: vec![Stale {
            instance: instance("eks-gc0-eu-west-1", "ops"),
            because: "`modules/aws/cluster/main.tf` is another on `main` by now".to_owned(),
        }],
        registries: vec![registry_diff("ops"), registry_diff("apps")],
        protect: vec!["aws_eks_*".to_owned()],
        notices: vec![
            "`main` moved on by 2 commits since this was planned; none of them touches these stacks".to_owned(),
        ],
        findings: Vec::new(),
        report: Some("https://ci.example.com/runs/7/report".to_owned()),
    }
}
