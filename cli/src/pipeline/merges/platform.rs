//! A platform of which it is known, without reading it, which files each stack reads.

use std::collections::BTreeMap;

use crate::platform::{EnvironmentName, Instance, StackName};

/// The files of a commit.
pub(super) type Files = BTreeMap<String, String>;

/// What an instance is planned from.
pub(super) type Contents = BTreeMap<String, String>;

/// A change of a commit's files, made again when it is in conflict.
pub(super) type Edit = Box<dyn Fn(&mut Files)>;

const PLATFORM: &str = r#"kstack {
  version = "0.1.0"
}

platform "acme" {
  repository = "https://git.example/acme/platform"
}

environment "ops" {
  trigger = "branch:main"
}

environment "apps" {
  trigger = "tag:apps-deploy-*"
}

state "local" {}

engine "flux" {
  version = "2.7.3"
}

policy {
  protect = ["aws_db_instance"]
}
"#;

/// Stacks, each with its module and its document.
const STACKS: [(&str, &str, &str); 6] = [
    ("app", "base", "all"),
    ("db", "storage", "data"),
    ("dns", "network", "all"),
    ("net", "network", "net"),
    ("vpn", "network", "net"),
    ("web", "base", "all"),
];

/// The stack that all environments share.
const SHARED: &str = "iam";

/// Stacks that come and go.
const PASSING: [&str; 2] = ["lab", "trial"];

/// Lines that changes can meet in.
const PARTS: [&str; 3] = ["a", "b", "c"];

pub(super) fn files() -> Files {
    let mut files = Files::new();
    let mut write = |path: &str, text: String| drop(files.insert(path.to_owned(), text));
    write("kstack.hcl", PLATFORM.to_owned());
    for environment in ["ops", "apps"] {
        write(&format!("environments/{environment}.tfvars"), format!("environment = \"{environment}\"\nsize = 0\n"));
    }
    for module in ["base", "network", "storage"] {
        write(&format!("modules/{module}/main.tf"), "locals {\n  x = 0\n}\n".to_owned());
        write(&format!("modules/{module}/README.md"), "Text.\n".to_owned());
    }
    for document in ["all", "data", "net"] {
        write(&format!("config/{document}.json"), "{}\n".to_owned());
    }
    for path in ["docs/guide.md", "scripts/release.sh", "services/web/base/config.yaml"] {
        write(path, "0\n".to_owned());
    }
    write(&format!("infra/{SHARED}/stack.hcl"), "shared = true\n".to_owned());
    write(&format!("infra/{SHARED}/main.tf"), "locals {\n  x = 0\n}\n".to_owned());
    for (stack, module, document) in STACKS {
        add_stack(&mut files, stack, module, document);
    }
    files
}

fn add_stack(files: &mut Files, stack: &str, module: &str, document: &str) {
    let main = format!(
        "module \"m\" {{\n  source = \"../../modules/{module}\"\n}}\n\nlocals {{\n  d = file(\"../../config/{document}.json\")\n}}\n"
    );
    files.insert(format!("infra/{stack}/main.tf"), main);
    for part in PARTS {
        files.insert(format!("infra/{stack}/{part}.tf"), format!("locals {{\n  {part} = 0\n}}\n"));
    }
}

/// What a stack reads beside its own folder: its module, but not the module's page; its document; the environment's file.
pub(super) fn reads(files: &Files, instance: &Instance) -> Option<Contents> {
    let stack = instance.stack.as_str();
    if !files.contains_key(&format!("infra/{stack}/main.tf")) {
        return None;
    }
    let (_, module, document) = STACKS.into_iter().find(|it| it.0 == stack).unwrap_or((stack, "base", "all"));
    let own = format!("infra/{stack}/");
    let mut others = vec![format!("modules/{module}/main.tf"), format!("config/{document}.json")];
    if stack == SHARED {
        others.clear();
    }
    others.extend(instance.environment.iter().map(|name| format!("environments/{name}.tfvars")));
    let is_read = |path: &String| path.starts_with(&own) || others.contains(path);
    Some(files.iter().filter(|(path, _)| is_read(path)).map(|(path, text)| (path.clone(), text.clone())).collect())
}

/// The instances of `files` that a plan of `environments` is about.
pub(super) fn instances(files: &Files, environments: &[&str]) -> Vec<Instance> {
    let stacks = files.keys().filter_map(|path| path.strip_prefix("infra/")?.strip_suffix("/main.tf"));
    let mut instances = Vec::new();
    for stack in stacks {
        let stack = StackName::new(stack).unwrap();
        if stack.as_str() == SHARED {
            instances.push(Instance { stack, environment: None });
            continue;
        }
        instances.extend(
            environments
                .iter()
                .map(|name| Instance { stack: stack.clone(), environment: Some(EnvironmentName::new(*name).unwrap()) }),
        );
    }
    instances
}

/// Whether a plan of `environments` is about `instance`.
pub(super) fn is_in(instance: &Instance, environments: &[&str]) -> bool {
    instance.environment.as_ref().is_none_or(|name| environments.contains(&name.as_str()))
}

/// The policy, as it is written.
pub(super) fn policy(files: &Files) -> String {
    files["kstack.hcl"].split_once("policy").map(|(_, policy)| policy.to_owned()).unwrap()
}

/// Whether the two differ in nothing but comments.
pub(super) fn mean_the_same(one: Option<&Contents>, two: Option<&Contents>) -> bool {
    let meaning = |contents: &Contents| -> BTreeMap<String, Vec<String>> {
        let lines = |text: &String| text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
        contents.iter().map(|(path, text)| (path.clone(), lines(text))).collect()
    };
    one.map(meaning) == two.map(meaning)
}

/// A change such as people make.
pub(super) fn edit(files: &Files, roll: &mut dyn FnMut(usize) -> usize) -> Edit {
    let value = roll(1_000_000);
    let stack = STACKS[roll(STACKS.len())].0;
    let part = PARTS[roll(PARTS.len())];
    let set =
        |path: String, text: String| -> Edit { Box::new(move |files| drop(files.insert(path.clone(), text.clone()))) };
    match roll(100) {
        // The stack's own files, most of all.
        0..40 => set(format!("infra/{stack}/{part}.tf"), format!("locals {{\n  {part} = {value}\n}}\n")),
        40..48 => {
            let path = format!("infra/{stack}/{part}.tf");
            Box::new(move |files| {
                let text = files.entry(path.clone()).or_default();
                *text = format!("# note {value}\n{text}");
            })
        }
        48..54 => {
            let module = ["base", "network", "storage"][roll(3)];
            set(format!("modules/{module}/main.tf"), format!("locals {{\n  x = {value}\n}}\n"))
        }
        54..60 => set(format!("modules/{}/README.md", ["base", "network"][roll(2)]), format!("Text {value}.\n")),
        60..66 => set(format!("config/{}.json", ["all", "data", "net"][roll(3)]), format!("{{\"x\":{value}}}\n")),
        66..70 => {
            let environment = ["ops", "apps"][roll(2)];
            set(
                format!("environments/{environment}.tfvars"),
                format!("environment = \"{environment}\"\nsize = {value}\n"),
            )
        }
        70..88 => {
            let path = ["docs/guide.md", "scripts/release.sh", "services/web/base/config.yaml"][roll(3)];
            set(path.to_owned(), format!("{value}\n"))
        }
        88..92 => set(format!("infra/{SHARED}/main.tf"), format!("locals {{\n  x = {value}\n}}\n")),
        92..96 => {
            let stack = PASSING[roll(PASSING.len())];
            let exists = files.contains_key(&format!("infra/{stack}/main.tf"));
            Box::new(move |files| {
                if exists {
                    files.retain(|path, _| !path.starts_with(&format!("infra/{stack}/")));
                } else {
                    add_stack(files, stack, "base", "all");
                }
            })
        }
        _ => {
            let protect = format!("protect = [\"aws_db_instance\", \"x{value}_y\"]");
            Box::new(move |files| {
                let text = files.entry("kstack.hcl".to_owned()).or_default();
                let lines = text.lines().map(|line| {
                    if line.trim_start().starts_with("protect") { format!("  {protect}") } else { line.to_owned() }
                });
                *text = lines.map(|line| format!("{line}\n")).collect();
            })
        }
    }
}
