//! The renderers over one review, and laws that hold for any.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    platform::Instance,
    render::{ObjectId, Origin, Registry, RegistryDiff, Rendered, RenderedObject, diff},
    terraform::{Action, AttributeChange, ChangeList, OutputChange, ResourceChange, ResourceMode, Shown},
};

fn instance(stack: &str, environment: &str) -> Instance {
    Instance { stack: stack.parse().unwrap(), environment: Some(environment.parse().unwrap()) }
}

fn attribute(path: &str, before: Shown, after: Shown) -> AttributeChange {
    AttributeChange { path: path.to_owned(), before, after, forces_replacement: false }
}

fn value(value: impl Into<Value>) -> Shown {
    Shown::Value(value.into())
}

fn resource(address: &str, action: Action, attributes: Vec<AttributeChange>) -> ResourceChange {
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
fn changes(environment: &str) -> ChangeList {
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
        outputs: vec![OutputChange {
            name: "fqdn".to_owned(),
            before: Shown::Absent,
            after: value(format!("{name}.example.com")),
        }],
    }
}

fn object(value: Value) -> RenderedObject {
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

fn registry_diff(environment: &str) -> RegistryDiff {
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

fn sample() -> ReviewInput {
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
            other("dns", Outcome::Staged { after: vec![instance("eks-gc0-eu-west-1", "apps")] }),
            other(
                "vpn",
                Outcome::Failed {
                    message: "error: no valid credential sources found\n\n  on providers.tf line 3".to_owned(),
                },
            ),
        ],
        registries: vec![registry_diff("ops"), registry_diff("apps")],
        protect: vec!["aws_eks_*".to_owned()],
        notices: vec![
            "`main` moved on by 2 commits since this was planned; none of them touches these stacks".to_owned(),
        ],
        report: Some("https://ci.example.com/runs/7/report".to_owned()),
    }
}

#[test]
fn a_pull_request_comment() {
    insta::assert_snapshot!(Review::new(&sample()).markdown(COMMENT_BUDGET), @r#"
    <!-- kstack:review -->
    ### kstack · `main..bigger-pool`

    **2 to create, 2 to change, 3 to replace, 1 to destroy; 6 objects change; 1 failed**

    | environment | instances | create | change | replace | destroy | objects | |
    |:--|--:|--:|--:|--:|--:|:--|:--|
    | `ops` | 1 | 1 | 1 | **1** | – | ~2 -1 |  |
    | `apps` | 3 | 1 | 1 | **2** | **1** | ~2 -1 | **1 failed**, 1 not planned yet |

    > [!CAUTION]
    > - `aws_db_instance.@team` is destroyed in eks-gc0-eu-west-1 (apps), **though protected**
    > - `module.cluster.aws_eks_cluster.this` is destroyed, then created in eks-gc0-eu-west-1 (apps), **though protected**
    > - `PersistentVolumeClaim podinfo/data` is removed in eks-gc0-eu-west-1 (ops, apps)
    >
    > To apply this, the description of the pull request needs a line for each that is protected:
    >
    > - `kstack: allow destroy aws_db_instance.@team`
    > - `kstack: allow destroy module.cluster.aws_eks_cluster.this`

    #### Failed

    <details open><summary><code>!</code> <code>vpn (apps)</code> failed</summary>

    ```text
    error: no valid credential sources found

      on providers.tf line 3
    ```

    </details>

    #### Destroyed or replaced, with what it holds

    <details open><summary><code>-</code> <code>aws_db_instance.&#64;team</code> destroyed (protected) · eks-gc0-eu-west-1 (apps)</summary>

    ```diff
    - id = "orders"
    ```

    </details>

    <details open><summary><code>±</code> <code>module.cluster.aws_eks_cluster.this</code> destroyed, then created: it cannot be changed in place (protected) · eks-gc0-eu-west-1 (apps)</summary>

    ```diff
    - arn = "arn:aws:eks:eu-west-1:1:cluster/x"
    + arn = (known after apply)
    - version = "1.33"
    + version = "1.34"  # forces replacement
    ```

    </details>

    #### Objects removed, with what they hold

    <details open><summary><code>-</code> <code>PersistentVolumeClaim podinfo/data</code> removed · eks-gc0-eu-west-1 (ops, apps) · services/podinfo/base/deployment.yaml</summary>

    ```diff
    - apiVersion: v1
    - kind: PersistentVolumeClaim
    - metadata:
    -   name: data
    -   namespace: podinfo
    ```

    </details>

    #### Destroyed or replaced

    <details><summary><code>±</code> <code>module.node_pool.aws_launch_template.this</code> created, then the old one destroyed · eks-gc0-eu-west-1 (ops, apps)</summary>

    ```diff
    - user_data = (sensitive)
    + user_data = (sensitive, changed)
    ```

    </details>

    #### Identity and access

    <details><summary><code>~</code> <code>module.cluster.aws_iam_role_policy.nodes</code> changed · eks-gc0-eu-west-1 (ops, apps)</summary>

    ```diff
      policy:
          "Statement": [
            {
              "Action": [
    -           "ec2:DescribeInstances"
    +           "ec2:DescribeInstances",
    +           "ec2:TerminateInstances"
              ],
              "Effect": "Allow",
              "Resource": "*"
    ```

    </details>

    #### Objects of identity and access

    <details><summary><code>~</code> <code>Secret podinfo/login</code> changed · eks-gc0-eu-west-1 (ops, apps) · services/podinfo/base/deployment.yaml</summary>

    ```diff
        name: login
        namespace: podinfo
      stringData:
    -   password: (sensitive)
    +   password: (sensitive, changed)
    ```

    </details>

    #### Network

    <details><summary><code>+</code> <code>module.cluster.aws_subnet.private[0]</code> created · eks-gc0-eu-west-1 (ops, apps)</summary>

    ```diff
    + cidr_block = "10.0.0.0/19"
    + tags =
    +   {
    +     "Name": "gc0-{environment}-eu-west-1",
    +     "kstack.dev/environment": "{environment}"
    +   }
    # 1 attribute known after apply
    ```

    </details>

    #### Other objects

    <details><summary><code>~</code> <code>Deployment podinfo/podinfo</code> changed · eks-gc0-eu-west-1 (ops, apps) · services/podinfo/base/deployment.yaml</summary>

    ```diff
        name: podinfo
        namespace: podinfo
      spec:
    -   replicas: 2
    +   replicas: 3
        template:
          spec:
            containers:
            - name: podinfo
    -         image: podinfo:6.5.0
    +         image: podinfo:6.6.0
    ```

    </details>

    #### Outputs

    <details><summary><code>~</code> <code>fqdn</code> · eks-gc0-eu-west-1 (ops, apps)</summary>

    ```diff
    + fqdn = "gc0-{environment}-eu-west-1.example.com"
    ```

    </details>

    #### Not planned yet

    - `dns (apps)` is planned when eks-gc0-eu-west-1 (apps) is applied

    #### Notices

    - `main` moved on by 2 commits since this was planned; none of them touches these stacks
    - `clusters/eks-gc0-eu-west-1/ops, clusters/eks-gc0-eu-west-1/apps`: `services/podinfo/ops` uses variables of `ConfigMap kstack-cluster-info`, whose values are not in the repository

    #### Why these stacks

    - `eks-gc0-eu-west-1 (ops), eks-gc0-eu-west-1 (apps)`: `modules/aws/cluster/main.tf` changed, which `infra/eks-gc0-eu-west-1/main.tf` uses as module `cluster`

    [Full report](<https://ci.example.com/runs/7/report>)
    "#);
}

#[test]
fn a_comment_with_little_room_says_what_is_missing() {
    insta::assert_snapshot!(Review::new(&sample()).markdown(2400), @r"
    <!-- kstack:review -->
    ### kstack · `main..bigger-pool`

    **2 to create, 2 to change, 3 to replace, 1 to destroy; 6 objects change; 1 failed**

    | environment | instances | create | change | replace | destroy | objects | |
    |:--|--:|--:|--:|--:|--:|:--|:--|
    | `ops` | 1 | 1 | 1 | **1** | – | ~2 -1 |  |
    | `apps` | 3 | 1 | 1 | **2** | **1** | ~2 -1 | **1 failed**, 1 not planned yet |

    > [!CAUTION]
    > - `aws_db_instance.@team` is destroyed in eks-gc0-eu-west-1 (apps), **though protected**
    > - `module.cluster.aws_eks_cluster.this` is destroyed, then created in eks-gc0-eu-west-1 (apps), **though protected**
    > - `PersistentVolumeClaim podinfo/data` is removed in eks-gc0-eu-west-1 (ops, apps)
    >
    > To apply this, the description of the pull request needs a line for each that is protected:
    >
    > - `kstack: allow destroy aws_db_instance.@team`
    > - `kstack: allow destroy module.cluster.aws_eks_cluster.this`

    #### Failed

    - `!` `vpn (apps)` failed

    #### Destroyed or replaced, with what it holds

    - `-` `aws_db_instance.@team` destroyed (protected) · eks-gc0-eu-west-1 (apps)
    - `±` `module.cluster.aws_eks_cluster.this` destroyed, then created: it cannot be changed in place (protected) · eks-gc0-eu-west-1 (apps)

    #### Objects removed, with what they hold

    - `-` `PersistentVolumeClaim podinfo/data` removed · eks-gc0-eu-west-1 (ops, apps) · services/podinfo/base/deployment.yaml

    #### Destroyed or replaced

    - `±` `module.node_pool.aws_launch_template.this` created, then the old one destroyed · eks-gc0-eu-west-1 (ops, apps)

    #### Identity and access

    - `~` `module.cluster.aws_iam_role_policy.nodes` changed · eks-gc0-eu-west-1 (ops, apps)

    #### Objects of identity and access

    - `~` `Secret podinfo/login` changed · eks-gc0-eu-west-1 (ops, apps) · services/podinfo/base/deployment.yaml

    #### Network

    - `+` `module.cluster.aws_subnet.private[0]` created · eks-gc0-eu-west-1 (ops, apps)

    #### Other objects

    - `~` `Deployment podinfo/podinfo` changed · eks-gc0-eu-west-1 (ops, apps) · services/podinfo/base/deployment.yaml

    #### Outputs

    - `~` `fqdn` · eks-gc0-eu-west-1 (ops, apps)

    *and 4 more, and the details of 10 changes are shortened: see the [full report](<https://ci.example.com/runs/7/report>)*
    ");
}

#[test]
fn terminal_text() {
    insta::assert_snapshot!(Review::new(&sample()).terminal(&Plain), @r#"
    environment  instances  create  change  replace  destroy  objects
    ops                  1       1       1        1        –    ~2 -1
    apps                 3       1       1        2        1    ~2 -1

    Failed: vpn (apps)
      error: no valid credential sources found

        on providers.tf line 3

    Destroyed or replaced, with what it holds
      - aws_db_instance.@team destroyed, though protected  eks-gc0-eu-west-1 (apps)
        - id = "orders"
      ± module.cluster.aws_eks_cluster.this destroyed, then created, though protected: it cannot be changed in place  eks-gc0-eu-west-1 (apps)
          arn = "arn:aws:eks:eu-west-1:1:cluster/x" → (known after apply)
          version = "1.33" → "1.34"  # forces replacement

    Objects removed, with what they hold
      - PersistentVolumeClaim podinfo/data removed  eks-gc0-eu-west-1 (ops, apps)  services/podinfo/base/deployment.yaml
        - apiVersion: v1
        - kind: PersistentVolumeClaim
        - metadata:
        -   name: data
        -   namespace: podinfo

    Destroyed or replaced
      ± module.node_pool.aws_launch_template.this created, then the old one destroyed  eks-gc0-eu-west-1 (ops, apps)
          user_data = (sensitive) → (sensitive, changed)

    Identity and access
      ~ module.cluster.aws_iam_role_policy.nodes changed  eks-gc0-eu-west-1 (ops, apps)
          policy:
              "Statement": [
                {
                  "Action": [
        -           "ec2:DescribeInstances"
        +           "ec2:DescribeInstances",
        +           "ec2:TerminateInstances"
                  ],
                  "Effect": "Allow",
                  "Resource": "*"

    Objects of identity and access
      ~ Secret podinfo/login changed  eks-gc0-eu-west-1 (ops, apps)  services/podinfo/base/deployment.yaml
            name: login
            namespace: podinfo
          stringData:
        -   password: (sensitive)
        +   password: (sensitive, changed)

    Network
      + module.cluster.aws_subnet.private[0] created  eks-gc0-eu-west-1 (ops, apps)
        + cidr_block = "10.0.0.0/19"
        + tags =
        +   {
        +     "Name": "gc0-{environment}-eu-west-1",
        +     "kstack.dev/environment": "{environment}"
        +   }
          (1 attribute known after apply)

    Other objects
      ~ Deployment podinfo/podinfo changed  eks-gc0-eu-west-1 (ops, apps)  services/podinfo/base/deployment.yaml
            name: podinfo
            namespace: podinfo
          spec:
        -   replicas: 2
        +   replicas: 3
            template:
              spec:
                containers:
                - name: podinfo
        -         image: podinfo:6.5.0
        +         image: podinfo:6.6.0

    Outputs
      eks-gc0-eu-west-1 (ops, apps)
        + fqdn = "gc0-{environment}-eu-west-1.example.com"

    Not planned yet
      dns (apps) is planned when eks-gc0-eu-west-1 (apps) is applied

    Why
      eks-gc0-eu-west-1 (ops), eks-gc0-eu-west-1 (apps): `modules/aws/cluster/main.tf` changed, which `infra/eks-gc0-eu-west-1/main.tf` uses as module `cluster`

    Notices
      `main` moved on by 2 commits since this was planned; none of them touches these stacks
      clusters/eks-gc0-eu-west-1/ops, clusters/eks-gc0-eu-west-1/apps: `services/podinfo/ops` uses variables of `ConfigMap kstack-cluster-info`, whose values are not in the repository

    2 to create, 2 to change, 3 to replace, 1 to destroy; 6 objects change; 1 failed
    "#);
}

#[test]
fn a_review_without_changes() {
    let mut input = sample();
    input.instances.truncate(1);
    input.instances[0].outcome = Outcome::Planned(ChangeList::default());
    input.registries.clear();
    input.notices.clear();
    let review = Review::new(&input);
    assert!(review.is_empty());
    insta::assert_snapshot!(review.terminal(&Plain), @r"
    environment  instances  create  change  replace  destroy  objects
    ops                  1       –       –        –        –        –

    Why
      eks-gc0-eu-west-1 (ops): `modules/aws/cluster/main.tf` changed, which `infra/eks-gc0-eu-west-1/main.tf` uses as module `cluster`

    no changes to infrastructure
    ");
}

#[test]
fn the_document_is_versioned_and_holds_what_programs_need() {
    let document = serde_json::to_value(Review::new(&sample()).document()).unwrap();
    assert_eq!((&document["type"], &document["version"]), (&json!("review"), &json!(1)));
    insta::assert_snapshot!(format!("{:#}", document["resources"][2]), @r#"
    {
      "risk": "lost",
      "protected": false,
      "address": "module.node_pool.aws_launch_template.this",
      "type": "aws_launch_template",
      "action": "create-then-destroy",
      "attributes": [
        {
          "path": "user_data",
          "before": "sensitive",
          "after": "sensitive"
        }
      ],
      "instances": [
        {
          "stack": "eks-gc0-eu-west-1",
          "environment": "ops"
        },
        {
          "stack": "eks-gc0-eu-west-1",
          "environment": "apps"
        }
      ]
    }
    "#);
    insta::assert_snapshot!(document["environments"].to_string(), @r#"[{"name":"ops","instances":1,"failed":0,"pending":0,"resources":{"create":1,"change":1,"replace":1,"destroy":0,"state_only":0},"objects":{"added":0,"changed":2,"removed":1}},{"name":"apps","instances":3,"failed":1,"pending":1,"resources":{"create":1,"change":1,"replace":2,"destroy":1,"state_only":0},"objects":{"added":0,"changed":2,"removed":1}}]"#);
    insta::assert_snapshot!(document["instances"].to_string(), @r#"[{"instance":{"stack":"eks-gc0-eu-west-1","environment":"ops"},"state":"planned","resources":{"create":1,"change":1,"replace":1,"destroy":0,"state_only":0}},{"instance":{"stack":"eks-gc0-eu-west-1","environment":"apps"},"state":"planned","resources":{"create":1,"change":1,"replace":2,"destroy":1,"state_only":0}},{"instance":{"stack":"dns","environment":"apps"},"state":"staged","after":[{"stack":"eks-gc0-eu-west-1","environment":"apps"}],"resources":{"create":0,"change":0,"replace":0,"destroy":0,"state_only":0}},{"instance":{"stack":"vpn","environment":"apps"},"state":"failed","resources":{"create":0,"change":0,"replace":0,"destroy":0,"state_only":0}}]"#);
}

#[test]
fn secrets_are_in_no_form() {
    let review = Review::new(&sample());
    let document = serde_json::to_string(&review.document()).unwrap();
    for form in [review.markdown(usize::MAX), review.terminal(&Plain), document, format!("{review:?}")] {
        assert!(!form.contains("canary"), "{form}");
    }
}

#[test]
fn changes_that_differ_in_more_than_names_are_not_one() {
    let mut input = sample();
    if let Outcome::Planned(changes) = &mut input.instances[1].outcome {
        changes.resources[1].attributes[0].after = value("10.0.32.0/19");
    }
    let review = Review::new(&input);
    let subnets = review.resources.iter().filter(|group| group.resource_type == "aws_subnet");
    assert_eq!(subnets.map(|group| group.instances.len()).collect::<Vec<_>>(), [1, 1]);
}

/// Text that tries to break out.
fn nasty() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "`",
        "```",
        "````",
        "\n",
        "\n```\n",
        "<!--",
        "-->",
        COMMENT_MARKER,
        "@team",
        "</details>",
        "<img src=x>",
        "|",
        "\\",
        "\u{202e}",
        "\u{1b}[31m",
        "ü",
        "日本",
        "🎉",
        "#1",
        "https://e.vil",
        "[x](y)",
        "$",
        "a",
        "ops",
        "_",
        "* ",
        "\r",
        "{",
        "\"",
    ]);
    prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
}

prop_compose! {
    fn any_resource()(
        address in nasty(), kind in prop::sample::select(vec!["aws_eks_cluster", "aws_iam_role", "aws_subnet", "null_resource"]),
        action in prop::sample::select(vec![Action::Create, Action::Update, Action::Destroy, Action::DestroyThenCreate, Action::Move]),
        attributes in prop::collection::vec((nasty(), nasty(), nasty()), 0..6), repeat in 1_usize..60,
    ) -> ResourceChange {
        let attributes = attributes.into_iter().map(|(path, before, after)| attribute(&path, value(before.repeat(repeat)), value(after)));
        ResourceChange { resource_type: kind.to_owned(), ..resource(&address, action, attributes.collect()) }
    }
}

prop_compose! {
    fn any_input()(
        title in nasty(), resources in prop::collection::vec(any_resource(), 0..30), message in nasty(), reasons in prop::collection::vec(nasty(), 0..4),
        notices in prop::collection::vec(nasty(), 0..4), name in nasty(), data in nasty(), report in nasty(),
    ) -> ReviewInput {
        let with = |environment, outcome| InstanceInput {
            instance: instance("eks-gc0", environment), outcome, protect: vec![], reasons: reasons.clone(), notices: notices.clone(),
        };
        let config = object(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("x{name}")}, "data": {"a": data}}));
        let head = Rendered { objects: vec![config], notices: vec![] };
        ReviewInput {
            title: Some(title),
            instances: vec![
                with("ops", Outcome::Planned(ChangeList { resources, ..ChangeList::default() })),
                with("apps", Outcome::Failed { message: message.clone() }),
                with("dev", Outcome::Skipped { reason: message.clone() }),
            ],
            registries: vec![RegistryDiff { difference: diff(&Rendered::default(), &head), ..registry_diff("ops") }],
            protect: vec!["aws_eks_*".to_owned()],
            notices: notices.clone(),
            report: Some(format!("https://x/{report}")),
        }
    }
}

/// Reads Markdown as CommonMark does where it matters here: returns what is outside code blocks.
/// Panics if a code block is still open at the end, or if `<details>` are not balanced.
fn outside_code(markdown: &str) -> String {
    let (mut outside, mut fence, mut open) = (String::new(), None::<usize>, 0_i32);
    for line in markdown.lines() {
        let run = line.len() - line.trim_start_matches('`').len();
        match fence {
            Some(length) if run >= length && line.trim_start_matches('`').trim().is_empty() => fence = None,
            Some(_) => {}
            None if run >= 3 && !line.trim_start_matches('`').contains('`') => fence = Some(run),
            None => {
                open += i32::from(line.starts_with("<details")) - i32::from(line == "</details>");
                outside.push_str(line);
                outside.push('\n');
            }
        }
    }
    assert_eq!((fence, open), (None, 0), "{markdown}");
    outside
}

/// No character that moves a cursor or turns text around.
fn is_tame(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && c != '\n' || c == '\u{202e}')
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_comment_never_exceeds_its_budget_and_never_breaks(input in any_input(), budget in 0_usize..20_000) {
        let review = Review::new(&input);
        for budget in [budget, COMMENT_BUDGET, usize::MAX] {
            let text = review.markdown(budget);
            prop_assert!(text.len() <= budget);
            prop_assert_eq!(text.matches("<!--").count(), usize::from(budget >= COMMENT_MARKER.len()));
            prop_assert!(is_tame(&text));
            let outside = outside_code(&text);
            let (html, markdown): (Vec<_>, Vec<_>) = outside.lines().partition(|line| line.starts_with("<details"));
            for line in html {
                // Markdown is not read inside an HTML block; only our own tags may be there.
                let tags = ["<details>", "<details open>", "<summary>", "</summary>", "<code>", "</code>"];
                let inner = tags.iter().fold(line.to_owned(), |line, tag| line.replace(tag, ""));
                prop_assert!(!inner.contains(['<', '>', '@']), "{}", line);
            }
            let live = without_code_spans(&markdown.join("\n"));
            prop_assert!(!live.contains("<img") && !live.contains("@team") && !live.contains("](y)"), "{}", live);
        }
    }

    #[test]
    fn the_terminal_is_left_alone(input in any_input()) {
        let text = Review::new(&input).terminal(&Plain);
        prop_assert!(is_tame(&text));
    }
}

/// What formats, mentions and links: without escaped characters, and without code spans as CommonMark
/// finds them, from a run of backticks to the next run of equal length.
fn without_code_spans(text: &str) -> String {
    let mut result = String::new();
    for line in text.lines() {
        let mut rest = line;
        while let Some(at) = rest.find(['`', '\\']) {
            result.push_str(&rest[..at]);
            rest = &rest[at..];
            if rest.starts_with('\\') {
                let next = rest.chars().nth(1).map_or(0, char::len_utf8);
                result.push('·');
                rest = &rest[1 + next..];
                continue;
            }
            let run = rest.len() - rest.trim_start_matches('`').len();
            let (ticks, after) = rest.split_at(run);
            let mut search = 0;
            let end = loop {
                let Some(found) = after[search..].find(ticks) else { break None };
                let start = search + found;
                let length = after[start..].len() - after[start..].trim_start_matches('`').len();
                if length == run {
                    break Some(start);
                }
                search = start + length;
            };
            match end {
                Some(end) => rest = &after[end + run..],
                None => {
                    result.push_str(ticks);
                    rest = after;
                }
            }
        }
        result.push_str(rest);
        result.push('\n');
    }
    result
}
