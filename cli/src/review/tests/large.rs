//! A change of a whole fleet: 200 stacks of which 120 change alike, and one with a plan of five megabytes.

use regex::Regex;
use serde_json::{Value, json};

use super::{
    super::{
        details::Extent,
        outline::{Entry, outline},
        *,
    },
    sample::instance,
};
use crate::terraform::changes_from_show_json;

const STACKS: usize = 200;
const ALIKE: usize = 120;
/// Resources of the largest plan.
const HUGE: usize = 1_300;
const CANARY: &str = "canary-hunter2";

/// One resource of a plan, as Terraform shows it; its `password` is sensitive.
fn change(kind: &str, name: &str, actions: &[&str], size: usize) -> Value {
    let side = |size: usize| {
        json!({
            "name": name, "size": size, "password": format!("{CANARY}-{size}"),
            "text": "lorem ipsum dolor sit amet ".repeat(size / 4),
        })
    };
    let (before, after) = match actions {
        ["create"] => (Value::Null, side(size)),
        ["delete"] => (side(size), Value::Null),
        _ => (side(1), side(size)),
    };
    json!({
        "address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name,
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {
            "actions": actions, "before": before, "after": after, "after_unknown": {},
            "before_sensitive": if before.is_null() { json!(false) } else { json!({"password": true}) },
            "after_sensitive": if after.is_null() { json!(false) } else { json!({"password": true}) },
        },
    })
}

/// A plan with `changes`, read as that of any program.
fn plan(stack: &str, changes: &[Value]) -> (usize, InstanceInput) {
    let document = json!({ "format_version": "1.2", "resource_changes": changes }).to_string();
    let list = changes_from_show_json(document.as_bytes()).unwrap();
    let input = InstanceInput {
        instance: instance(stack, "ops"),
        outcome: Outcome::Planned(list),
        protect: Vec::new(),
        reasons: vec!["`modules/aws/cluster/main.tf` changed".to_owned()],
        notices: Vec::new(),
    };
    (document.len(), input)
}

fn fleet() -> ReviewInput {
    let stack = |index: usize| {
        let name = format!("eks-gc{index}");
        let own = format!("pool-{index}");
        match index {
            _ if index < ALIKE => vec![
                change("aws_iam_role", &format!("{name}-nodes"), &["update"], 2),
                change("aws_launch_template", "this", &["delete", "create"], 3),
                change("aws_subnet", "private", &["create"], 4),
            ],
            _ if index < STACKS - 1 => vec![
                change("aws_eks_node_group", &own, &["update"], index),
                change("aws_db_instance", &own, &["delete"], index),
            ],
            _ => (0..HUGE).map(|number| change("aws_s3_object", &format!("o{number}"), &["update"], 600)).collect(),
        }
    };
    let plans: Vec<_> = (0..STACKS).map(|index| plan(&format!("eks-gc{index}"), &stack(index))).collect();
    assert!(plans[STACKS - 1].0 > 5_000_000, "{}", plans[STACKS - 1].0);
    ReviewInput { instances: plans.into_iter().map(|(_, input)| input).collect(), ..ReviewInput::default() }
}

#[test]
fn a_fleet_fits_into_one_comment_that_says_what_it_leaves_out() {
    let review = Review::new(&fleet());
    let comment = review.markdown(COMMENT_BUDGET);
    assert!(comment.chars().count() <= 65_536, "{}", comment.chars().count());

    // What is counted is all there is, however little of it is shown.
    assert!(
        comment.contains("**120 to create, 1499 to change, 120 to replace, 79 to destroy**"),
        "{}",
        &comment[..400]
    );
    assert!(comment.contains("| `ops` | 200 | 120 | 1499 | **120** | **79** |"), "{}", &comment[..800]);
    // 120 changes that are alike are one line.
    let alike =
        "- `~` `aws_iam_role.{stack}-nodes` changed · eks-gc0 (ops), eks-gc1 (ops), eks-gc2 (ops) and 117 more\n";
    assert!(comment.contains(alike), "{comment}");

    // What is left out is counted as well.
    let sections = outline(&review, Extent::SHORT);
    let all: usize = sections.iter().map(|section| section.entries.len()).sum();
    let changes =
        sections.iter().flat_map(|section| &section.entries).filter(|entry| matches!(entry, Entry::Change(_)));
    assert_eq!(changes.count(), 3 + 2 * 79 + HUGE);
    let left_out =
        Regex::new(r"\*and (\d+) more, and the details of \d+ changes are shortened: see the full report\*\n$");
    let left_out: usize = left_out.unwrap().captures(&comment).unwrap()[1].parse().unwrap();
    let shown =
        Regex::new(r"(?m)^(- `[^`]|<details)").unwrap().find_iter(comment.split_once("\n#### ").unwrap().1).count();
    assert_eq!(shown + left_out, all);
    assert!(left_out > 0 && shown > 79 + 3, "{shown} shown, {left_out} left out");

    // The worst comes first, and is all there.
    for index in ALIKE..STACKS - 1 {
        assert!(comment.contains(&format!("aws_db_instance.pool-{index}")), "{index}");
    }
}

#[test]
fn the_report_of_a_fleet_is_whole_and_no_form_has_a_secret() {
    let review = Review::new(&fleet());
    let html = review.html().unwrap();
    for index in ALIKE..STACKS - 1 {
        assert!(html.contains(&format!("aws_eks_node_group.pool-{index}<")), "{index}");
    }
    for number in 0..HUGE {
        assert!(html.contains(&format!("aws_s3_object.o{number}<")), "{number}");
    }
    assert!(html.contains("eks-gc119 (ops)") && html.len() < 8_000_000, "{}", html.len());
    let document = serde_json::to_string(&review.document()).unwrap();
    let comment = review.markdown(COMMENT_BUDGET);
    assert!(html.contains("(sensitive)") && document.contains("\"sensitive\""));
    for form in [html, document, comment] {
        assert!(!form.contains(CANARY));
    }
}
