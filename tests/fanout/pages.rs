//! `docs/fan-out.md` shows whole jobs: they are YAML, and kstack knows the commands in them.

use std::{fs, path::Path};

use regex::Regex;
use serde_json::Value;

/// The YAML blocks of the page.
fn blocks() -> Vec<Value> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/fan-out.md")).unwrap();
    let blocks = page.split("```yaml\n").skip(1).map(|rest| rest.split_once("\n```").unwrap().0);
    blocks.map(|text| serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error} in\n{text}"))).collect()
}

/// Every text in `value`, with the key that it stands under.
fn texts<'a>(key: &'a str, value: &'a Value, found: &mut Vec<(&'a str, &'a str)>) {
    match value {
        Value::String(text) => found.push((key, text)),
        Value::Array(items) => items.iter().for_each(|item| texts(key, item, found)),
        Value::Object(fields) => fields.iter().for_each(|(key, value)| texts(key, value, found)),
        _ => {}
    }
}

/// The words of a command as the CI system and the shell would hand them on, up to where its output goes.
pub fn words(command: &str) -> Vec<String> {
    // What an expression or variable stands for, as far as it matters to who reads the command line.
    let value = |name: &str| if name.to_lowercase().contains("shard") { "1/2" } else { "main" };
    let expression = Regex::new(r"\$?\{\{([^}]*)\}\}|\$([A-Z_]+)").unwrap();
    let command = command.replace("$CI_NODE_INDEX/$CI_NODE_TOTAL", "1/2");
    let command = command.split(" >").next().unwrap().to_owned();
    let text = expression.replace_all(&command, |found: &regex::Captures<'_>| {
        value(found.get(1).or_else(|| found.get(2)).unwrap().as_str()).to_owned()
    });
    text.split_whitespace().map(|word| word.trim_matches('"').to_owned()).collect()
}

#[test]
fn every_command_of_the_page_is_one() {
    let blocks = blocks();
    let mut commands = Vec::new();
    for block in &blocks {
        let mut found = Vec::new();
        texts("", block, &mut found);
        commands.extend(found.into_iter().filter(|(key, _)| ["run", "script"].contains(key)).map(|(_, text)| text));
    }
    assert_eq!(commands.len(), 8, "{commands:?}");
    for command in commands {
        let words = words(command);
        assert_eq!(words[0], "kstack", "{command}");
        kstack::command().try_get_matches_from(&words).unwrap_or_else(|error| panic!("{command}: {error}"));
    }
}

#[test]
fn every_job_that_is_waited_for_is_there() {
    for block in blocks() {
        let jobs = block.get("jobs").unwrap_or(&block).as_object().unwrap().clone();
        for (name, job) in &jobs {
            let needs = match &job["needs"] {
                Value::String(one) => vec![one.clone()],
                Value::Array(several) => several.iter().map(|one| one.as_str().unwrap().to_owned()).collect(),
                _ => Vec::new(),
            };
            assert!(needs.iter().all(|need| jobs.contains_key(need)), "{name} needs {needs:?}");
        }
    }
}

/// Actions are pinned as in the workflow that `kstack init` writes.
#[test]
fn actions_are_those_of_the_generated_workflow_or_pinned_as_they_are() {
    let pinned = Regex::new("^(\\./|[a-z-]+/[a-z-]+@[0-9a-f]{40}$)").unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workflow = fs::read_to_string(root.join("examples/aws/.github/workflows/kstack.yml")).unwrap();
    let blocks = blocks();
    let mut found = Vec::new();
    blocks.iter().for_each(|block| texts("", block, &mut found));
    for (_, action) in found.into_iter().filter(|(key, _)| *key == "uses") {
        assert!(pinned.is_match(action), "{action}");
        let name = action.split('@').next().unwrap();
        if workflow.contains(&format!("{name}@")) {
            assert!(workflow.contains(action), "{action} is another one than in the workflow");
        }
    }
}
