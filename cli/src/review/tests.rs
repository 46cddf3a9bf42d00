//! The renderers over one review.

use self::sample::{sample, value};
use super::*;
use crate::terraform::ChangeList;

mod html;
mod large;
mod laws;
pub(super) mod sample;
mod stages;

#[test]
fn a_pull_request_comment() {
    insta::assert_snapshot!(Review::new(&sample()).markdown(COMMENT_BUDGET), @r#"
    <!-- kstack:review -->
    ### kstack · `main..bigger-pool`

    **2 to create, 2 to change, 3 to replace, 1 to destroy; 1 in later stages; 6 objects change; 1 failed**

    | environment | instances | create | change | replace | destroy | objects | |
    |:--|--:|--:|--:|--:|--:|:--|:--|
    | `ops` | 1 | 1 | 1 | **1** | – | ~2 -1 |  |
    | `apps` | 3 | 1 | 1 | **2** | **1** | ~2 -1 | **1 failed**, 1 not planned yet, preview |

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

    #### Not exact any more: plan again before merging

    - `eks-gc0-eu-west-1 (ops)`: `modules/aws/cluster/main.tf` is another on `main` by now

    #### Destroyed or replaced, with what it holds

    <details open><summary><code>-</code> <code>aws_db_instance.&#64;team</code> destroyed, though protected · eks-gc0-eu-west-1 (apps)</summary>

    ```diff
    - id = "orders"
    ```

    </details>

    <details open><summary><code>±</code> <code>module.cluster.aws_eks_cluster.this</code> destroyed, then created, though protected: it cannot be changed in place · eks-gc0-eu-west-1 (apps)</summary>

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

    #### apps compared with ops

    eks-gc0-eu-west-1 (apps): 2 changes are not what ops gets; 3 other changes are the same

    - `≠` `aws_db_instance.@team` destroyed in apps only · eks-gc0-eu-west-1 (apps)
    - `≠` `module.cluster.aws_eks_cluster.this` destroyed, then created in apps only · eks-gc0-eu-west-1 (apps)

    #### Outputs

    <details><summary><code>~</code> <code>fqdn</code> · eks-gc0-eu-west-1 (ops, apps)</summary>

    ```diff
    + fqdn = "gc0-{environment}-eu-west-1.example.com"
    ```

    </details>

    #### Not planned yet

    - `dns (apps)` waits in stage 2 for eks-gc0-eu-west-1 (apps); what it will do cannot be shown before: its plan fails

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
    insta::assert_snapshot!(Review::new(&sample()).markdown(2400), @"
    <!-- kstack:review -->
    ### kstack · `main..bigger-pool`

    **2 to create, 2 to change, 3 to replace, 1 to destroy; 1 in later stages; 6 objects change; 1 failed**

    | environment | instances | create | change | replace | destroy | objects | |
    |:--|--:|--:|--:|--:|--:|:--|:--|
    | `ops` | 1 | 1 | 1 | **1** | – | ~2 -1 |  |
    | `apps` | 3 | 1 | 1 | **2** | **1** | ~2 -1 | **1 failed**, 1 not planned yet, preview |

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

    #### Not exact any more: plan again before merging

    - `eks-gc0-eu-west-1 (ops)`: `modules/aws/cluster/main.tf` is another on `main` by now

    #### Destroyed or replaced, with what it holds

    - `-` `aws_db_instance.@team` destroyed, though protected · eks-gc0-eu-west-1 (apps)
    - `±` `module.cluster.aws_eks_cluster.this` destroyed, then created, though protected: it cannot be changed in place · eks-gc0-eu-west-1 (apps)

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

    *and 9 more, and the details of 8 changes are shortened: see the [full report](<https://ci.example.com/runs/7/report>)*
    ");
}

#[test]
fn terminal_text() {
    insta::assert_snapshot!(Review::new(&sample()).terminal(&Plain), @r#"
    environment     instances  create  change  replace  destroy  objects
    ops                     1       1       1        1        –    ~2 -1
    apps (preview)          3       1       1        2        1    ~2 -1

    Failed
      ! vpn (apps) failed
          error: no valid credential sources found

            on providers.tf line 3

    Not exact any more: plan again before merging
      eks-gc0-eu-west-1 (ops): `modules/aws/cluster/main.tf` is another on `main` by now

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

    apps compared with ops
      eks-gc0-eu-west-1 (apps): 2 changes are not what ops gets; 3 other changes are the same
      ≠ aws_db_instance.@team destroyed in apps only  eks-gc0-eu-west-1 (apps)
      ≠ module.cluster.aws_eks_cluster.this destroyed, then created in apps only  eks-gc0-eu-west-1 (apps)

    Outputs
      eks-gc0-eu-west-1 (ops, apps)
        + fqdn = "gc0-{environment}-eu-west-1.example.com"

    Not planned yet
      dns (apps) waits in stage 2 for eks-gc0-eu-west-1 (apps); what it will do cannot be shown before: its plan fails

    Why
      eks-gc0-eu-west-1 (ops), eks-gc0-eu-west-1 (apps): `modules/aws/cluster/main.tf` changed, which `infra/eks-gc0-eu-west-1/main.tf` uses as module `cluster`

    Notices
      `main` moved on by 2 commits since this was planned; none of them touches these stacks
      clusters/eks-gc0-eu-west-1/ops, clusters/eks-gc0-eu-west-1/apps: `services/podinfo/ops` uses variables of `ConfigMap kstack-cluster-info`, whose values are not in the repository

    2 to create, 2 to change, 3 to replace, 1 to destroy; 1 in later stages; 6 objects change; 1 failed
    "#);
}

#[test]
fn a_review_without_changes() {
    let mut input = sample();
    input.instances.truncate(1);
    input.instances[0].outcome = Outcome::Planned(ChangeList::default());
    input.registries.clear();
    input.notices.clear();
    input.stale.clear();
    let review = Review::new(&input);
    assert!(review.is_empty());
    insta::assert_snapshot!(review.terminal(&Plain), @"
    environment  instances  create  change  replace  destroy  objects
    ops                  1       –       –        –        –        –

    Why
      eks-gc0-eu-west-1 (ops): `modules/aws/cluster/main.tf` changed, which `infra/eks-gc0-eu-west-1/main.tf` uses as module `cluster`

    no changes to infrastructure
    ");
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
