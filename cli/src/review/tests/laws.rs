//! Laws that hold for any review, with texts that try to break out.

use proptest::prelude::*;
use serde_json::json;

use super::{
    super::*,
    sample::{attribute, instance, object, registry_diff, resource, value},
};
use crate::{
    render::{RegistryDiff, Rendered, diff},
    terraform::{Action, ChangeList, CheckResult, CheckStatus, ResourceChange},
};

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
        notices in prop::collection::vec(nasty(), 0..4),
        checks in prop::collection::vec((nasty(), any::<bool>(), nasty()), 0..4), name in nasty(), data in nasty(), report in nasty(),
    ) -> ReviewInput {
        let with = |environment, outcome| InstanceInput {
            instance: instance("eks-gc0", environment), outcome, protect: vec![], reasons: reasons.clone(), notices: notices.clone(),
        };
        let check = |(address, fails, problem)| CheckResult {
            address, status: if fails { CheckStatus::Fail } else { CheckStatus::Unknown }, problems: vec![problem],
        };
        let checks = checks.into_iter().map(check).collect();
        let config = object(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("x{name}")}, "data": {"a": data}}));
        let head = Rendered { objects: vec![config], notices: vec![] };
        ReviewInput {
            title: Some(title.clone()),
            instances: vec![
                with("ops", Outcome::Planned(ChangeList { resources, checks, ..ChangeList::default() })),
                with("apps", Outcome::Failed { message: message.clone() }),
                with("dev", Outcome::Skipped { reason: message.clone() }),
            ],
            before: vec![],
            previews: vec!["apps".parse().unwrap()],
            stale: vec![Stale { instance: instance("eks-gc0", "ops"), because: title.clone() }],
            registries: vec![RegistryDiff { difference: diff(&Rendered::default(), &head), ..registry_diff("ops") }],
            protect: vec!["aws_eks_*".to_owned()],
            notices: notices.clone(),
            findings: Vec::new(),
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
