//! Stages in every form of a review.

use super::{super::*, sample};
use crate::terraform::{Action, ChangeList, Shown};

#[test]
fn later_stages_are_told_apart_from_what_is_planned() {
    let net = sample::instance("net", "ops");
    let input = |stack: &str, outcome| InstanceInput {
        instance: sample::instance(stack, "ops"),
        outcome,
        protect: Vec::new(),
        reasons: Vec::new(),
        notices: Vec::new(),
    };
    let list = |resources| ChangeList { resources, ..ChangeList::default() };
    let create = |address, path, after| {
        sample::resource(address, Action::Create, vec![sample::attribute(path, Shown::Absent, after)])
    };
    let staged = |stage, after: &str, expected: Result<ChangeList, &str>| Outcome::Staged {
        stage,
        after: vec![sample::instance(after, "ops")],
        unforeseen: expected.as_ref().err().map(|reason| (*reason).to_owned()),
        expected: expected.ok(),
    };
    let review = Review::new(&ReviewInput {
        instances: vec![
            InstanceInput {
                instance: net.clone(),
                ..input("net", Outcome::Planned(list(vec![create("aws_vpc.this", "id", Shown::Unknown)])))
            },
            input("dns", staged(3, "app", Err("its plan fails"))),
            input("app", staged(2, "net", Ok(list(vec![create("aws_subnet.this", "vpc_id", Shown::Unknown)])))),
            input("job", staged(2, "net", Ok(list(Vec::new())))),
        ],
        ..ReviewInput::default()
    });
    insta::assert_snapshot!(review.terminal(&Plain), @"
    environment  instances  create  change  replace  destroy  objects
    ops                  4       1       –        –        –        –

    Network
      + aws_vpc.this created  net (ops)
          (1 attribute known after apply)

    Stage 2, after net (ops): expected changes
      what comes from net (ops) is known when that is applied; then this is planned again, and applied if it does just this and destroys nothing; no changes in job (ops)
      + aws_subnet.this created  app (ops)
          (1 attribute known after apply)

    Not planned yet
      dns (ops) waits in stage 3 for app (ops); what it will do cannot be shown before: its plan fails

    1 to create; 3 in later stages
    ");
    insta::assert_snapshot!(review.markdown(usize::MAX), @"
    <!-- kstack:review -->
    ### kstack

    **1 to create; 3 in later stages**

    | environment | instances | create | change | replace | destroy | objects | |
    |:--|--:|--:|--:|--:|--:|:--|:--|
    | `ops` | 4 | 1 | – | – | – | – | 3 not planned yet |

    #### Network

    <details><summary><code>+</code> <code>aws_vpc.this</code> created · net (ops)</summary>

    ```diff
    # 1 attribute known after apply
    ```

    </details>

    #### Stage 2, after net (ops): expected changes

    what comes from net (ops) is known when that is applied; then this is planned again, and applied if it does just this and destroys nothing; no changes in job (ops)

    <details><summary><code>+</code> <code>aws_subnet.this</code> created · app (ops)</summary>

    ```diff
    # 1 attribute known after apply
    ```

    </details>

    #### Not planned yet

    - `dns (ops)` waits in stage 3 for app (ops); what it will do cannot be shown before: its plan fails
    ");
    let document = serde_json::to_value(review.document()).unwrap();
    insta::assert_snapshot!(document["stages"].to_string(), @r#"[{"stage":2,"after":[{"stack":"net","environment":"ops"}],"resources":[{"risk":"network","protected":false,"address":"aws_subnet.this","type":"aws_subnet","action":"create","attributes":[{"path":"vpc_id","before":"absent","after":"unknown"}],"instances":[{"stack":"app","environment":"ops"}]}],"unchanged":[{"stack":"job","environment":"ops"}]}]"#);
    insta::assert_snapshot!(document["instances"][1].to_string(), @r#"{"instance":{"stack":"dns","environment":"ops"},"state":"staged","stage":3,"after":[{"stack":"app","environment":"ops"}],"unforeseen":"its plan fails","resources":{"create":0,"change":0,"replace":0,"destroy":0,"state_only":0}}"#);
    assert!(!review.is_empty());
    let later = [input("app", staged(2, "net", Ok(list(Vec::new()))))].into();
    let review = Review::new(&ReviewInput { instances: later, ..ReviewInput::default() });
    assert!(review.terminal(&Plain).ends_with("\n1 in later stages\n"));
}
