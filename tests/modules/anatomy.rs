//! Every module is built alike: the same files, no provider inside, ranges with both ends, everything described.

use std::fs;

use hcl_edit::Span;
use regex::Regex;

use super::{
    settings::{self, Typed},
    source::{File, Module, modules, string},
};

/// The files of a module that others call.
const FILES: [&str; 5] = ["main.tf", "variables.tf", "outputs.tf", "versions.tf", "README.md"];

/// The files of a part of a module: its page is that of the module.
const FILES_OF_A_PART: [&str; 3] = ["variables.tf", "outputs.tf", "versions.tf"];

#[test]
fn every_module_has_the_same_files_and_tests() {
    let all = modules();
    let mut wrong = Vec::new();
    for module in &all {
        let files: &[&str] = if module.is_part(&all) { &FILES_OF_A_PART } else { &FILES };
        for file in files.iter().filter(|file| !module.folder().join(file).is_file()) {
            wrong.push(format!("{}: no {file}", module.path));
        }
        let tests = fs::read_dir(module.folder().join("tests")).into_iter().flatten().flatten();
        if !tests.map(|entry| entry.file_name()).any(|name| name.to_str().unwrap().ends_with(".tftest.hcl")) {
            wrong.push(format!("{}: no tests/*.tftest.hcl", module.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn providers_and_backends_are_left_to_whoever_calls() {
    let mut wrong = Vec::new();
    for module in modules() {
        for (file, block) in module.blocks("provider") {
            wrong.push(format!("{}: a `provider` block", file.place(block.span())));
        }
        for (file, block) in module.blocks("terraform") {
            if block.body.has_blocks("backend") || block.body.has_blocks("cloud") {
                wrong.push(format!("{}: a backend", file.place(block.span())));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn versions_have_a_floor_and_a_ceiling() {
    let range = Regex::new(r"^>= \d+\.\d+\.\d+, < \d+\.\d+\.\d+$").unwrap();
    let version = Regex::new(r#"version = "([^"]*)""#).unwrap();
    let mut wrong = Vec::new();
    for module in modules() {
        let file = module.file("versions.tf").unwrap_or_else(|| panic!("{}: no versions.tf", module.path));
        let block = file.body.get_blocks("terraform").next().expect("a `terraform` block");
        if !string(block, "required_version").is_some_and(|version| range.is_match(version)) {
            wrong.push(format!("{}: required_version is not `>= x.y.z, < x.y.z`", file.place(block.span())));
        }
        let providers = block.body.get_blocks("required_providers").flat_map(|block| block.body.attributes());
        for provider in providers {
            let text = file.on_one_line(&provider.value);
            if !version.captures(&text).is_some_and(|found| range.is_match(&found[1])) {
                wrong.push(format!("{}: the version is not `>= x.y.z, < x.y.z`", file.place(provider.span())));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_variable_and_output_is_described_and_every_variable_typed() {
    let mut wrong = Vec::new();
    for module in modules() {
        for kind in ["variable", "output"] {
            for (file, block) in module.blocks(kind) {
                let here = || format!("{}: {kind} `{}`", file.place(block.span()), block.labels[0].as_str());
                if !string(block, "description").is_some_and(|text| text.ends_with('.')) {
                    wrong.push(format!("{} has no description that is a sentence", here()));
                }
                if kind == "variable" && !block.body.has_attribute("type") {
                    wrong.push(format!("{} has no type", here()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What whoever calls a module for a cluster or its nodes may rely on, whatever the cloud.
#[test]
fn every_cloud_has_the_same_interface() {
    let inputs = ["configuration", "environment", "configuration_base_key", "inherits"];
    let of_a_cluster = ["cluster", "current_config", "current_metadata", "network", "identity", "dns"];
    let declared = |module: &Module, name: &str| {
        let (file, block) = module.blocks("variable").find(|(_, block)| block.has_exact_labels(&[name]))?;
        let said = |attribute| Some(file.on_one_line(&block.body.get_attribute(attribute)?.value));
        Some(["type", "default", "nullable"].map(said))
    };
    let all = modules();
    let model = all.iter().find(|module| module.path == "aws/cluster").unwrap();
    let mut wrong = Vec::new();
    for module in &all {
        let outputs: &[&str] = match module.path.split_once('/') {
            Some((_, "cluster")) => &of_a_cluster,
            Some((_, "cluster/node-pool")) => &["current_config", "node_pool"],
            _ => continue,
        };
        for name in inputs.iter().filter(|name| declared(module, name) != declared(model, name)) {
            wrong.push(format!("{}: variable `{name}` is not that of {}", module.path, model.path));
        }
        for name in outputs.iter().filter(|name| !module.blocks("output").any(|(_, it)| it.has_exact_labels(&[**name])))
        {
            wrong.push(format!("{}: no output `{name}`", module.path));
        }
        let pools = all.iter().any(|pool| pool.path == format!("{}/node-pool", module.path));
        if pools && !module.blocks("output").any(|(_, it)| it.has_exact_labels(&["node_pool_context"])) {
            wrong.push(format!("{}: no output `node_pool_context` for its node pools", module.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_names_of_runs_are_sentences() {
    let sentence = Regex::new("^[a-z0-9]+(_[a-z0-9]+){2,}$").unwrap();
    let mut wrong = Vec::new();
    for module in modules() {
        for entry in fs::read_dir(module.folder().join("tests")).into_iter().flatten().flatten() {
            if !entry.file_name().to_str().unwrap().ends_with(".tftest.hcl") {
                continue;
            }
            let file = File::read(&entry.path());
            for run in file.body.get_blocks("run").filter(|run| !sentence.is_match(run.labels[0].as_str())) {
                wrong.push(format!("{}: `{}` says nothing", file.place(run.span()), run.labels[0].as_str()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn known_keys_and_typed_settings_are_the_same() {
    let all = modules();
    let mut compared = 0;
    for module in &all {
        let Some(known) = settings::known(module) else { continue };
        let typed = settings::typed(module, &all);
        let typed = typed.unwrap_or_else(|| panic!("{}: no settings/variables.tf beside known_keys.tf", module.path));
        compared += known.len();
        let mut wrong = Vec::new();
        for key in &known {
            match typed.iter().find(|setting| setting.path == key.path) {
                None => wrong.push(format!("{}: not in settings/variables.tf", key.place)),
                Some(setting) if !same_kind(key.kind.as_deref(), setting) => {
                    let kind = setting.kind.as_deref().unwrap_or("object");
                    wrong.push(format!("{}: in settings/variables.tf it is {kind}", key.place));
                }
                Some(_) => {}
            }
        }
        for setting in typed.iter().filter(|setting| !known.iter().any(|key| key.path == setting.path)) {
            wrong.push(format!("{}: `{}` is not in known_keys.tf", module.path, setting.path.join(".")));
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
    assert!(compared > 0, "no module has settings");
}

/// A choice such as `gp3 | gp2` is a string; everything else is written as Terraform's type.
fn same_kind(known: Option<&str>, setting: &Typed) -> bool {
    match (known, setting.kind.as_deref()) {
        (Some(known), Some("string")) => known == "string" || known.contains(" | "),
        (known, kind) => known == kind,
    }
}

#[test]
fn a_part_is_called_by_the_module_around_it() {
    let all = modules();
    let parts: Vec<&Module> = all.iter().filter(|module| module.path.ends_with("/settings")).collect();
    assert!(!parts.is_empty());
    for part in parts {
        assert!(part.is_part(&all), "`{}` is called by nobody", part.path);
    }
}
