//! Both readers of plans side by side, and change lists as text.

use kstack::terraform::{Binary, ChangeList, Product, Shown, changes_from_show_json};
use serde_json::Value;

use super::stack::{Stack, binary, programs};

/// Plans `main` after `before` is real; both readers must agree.
pub async fn both(stack: &Stack, before: Option<&str>, main: &str) -> ChangeList {
    if let Some(before) = before {
        stack.converge(before).await;
    }
    stack.write("infra/stack/main.tf", main);
    stack.plan().await;
    agreed(stack).await
}

/// The changes of the plan that lies there, on which both readers agree.
pub async fn agreed(stack: &Stack) -> ChangeList {
    let terraform = stack.terraform().await;
    let json = stack.watching(async |watch| terraform.show_json(&stack.plan_path(), watch).await).await.unwrap();
    let native = stack.plan_file().changes(terraform.binary().product).unwrap();
    assert_eq!(native, changes_from_show_json(&json).unwrap(), "native left, `show -json` right");
    native
}

/// What `test` finds with each of the programs that can be had, which must be the same for all.
pub async fn same_for_all(test: impl AsyncFn(&Binary) -> String) -> String {
    same_where(|_| true, test).await
}

/// The same, for the programs that `fits` names.
pub async fn same_where(fits: impl Fn(&Binary) -> bool, test: impl AsyncFn(&Binary) -> String) -> String {
    let mut first: Option<(Binary, String)> = None;
    for program in programs().await.into_iter().filter(fits) {
        let found = test(&program).await;
        match &first {
            Some((other, expected)) => assert_eq!(
                *expected, found,
                "{} {} left, {} {} right",
                other.product, other.version, program.product, program.version
            ),
            None => first = Some((program, found)),
        }
    }
    first.map(|(_, found)| found).unwrap_or_default()
}

/// One line for every change, so that expectations can be read.
pub fn text(list: &ChangeList) -> String {
    let shown = |shown: &Shown| match shown {
        Shown::Absent => "-".to_owned(),
        Shown::Unknown => "?".to_owned(),
        Shown::Sensitive => "***".to_owned(),
        Shown::Value(Value::String(id)) if is_random(id) => "<random>".to_owned(),
        Shown::Value(value) => value.to_string(),
    };
    let mut lines = Vec::new();
    for (kind, changes) in [("", &list.resources), ("drift ", &list.drift)] {
        for change in changes {
            let mut line = format!("{kind}{:?} {}", change.action, change.address);
            for (label, value) in [
                ("from", &change.previous_address),
                ("because", &change.reason),
                ("import", &change.importing),
                ("deposed", &change.deposed),
            ] {
                if let Some(value) = value {
                    line += &format!(" ({label} {value})");
                }
            }
            lines.push(line);
            for attribute in &change.attributes {
                let force = if attribute.forces_replacement { " !" } else { "" };
                let (before, after) = (shown(&attribute.before), shown(&attribute.after));
                lines.push(format!("  {}: {before} > {after}{force}", attribute.path));
            }
        }
    }
    lines.extend(list.outputs.iter().map(|o| format!("output {}: {} > {}", o.name, shown(&o.before), shown(&o.after))));
    lines.extend(list.checks.iter().map(|c| format!("{:?} {} {:?}", c.status, c.address, c.problems)));
    lines.join("\n")
}

/// Ids that are another in every run.
fn is_random(text: &str) -> bool {
    text.len() == 36 && text.matches('-').count() == 4
}

/// Whether the program is one whose plans are read natively.
pub async fn is_terraform() -> bool {
    binary().await.product == Product::Terraform
}
