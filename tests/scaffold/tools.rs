//! The programs that users run on a platform, on real ones: `terraform fmt` and `validate`,
//! `kubectl kustomize`.

use std::{fs, path::Path};

use kstack::scaffold::{Assets, answers_file};

use super::platforms;
use crate::support::{
    cli::{World, files_below},
    providers,
};

/// A world with Terraform and kubectl and one of the platforms in its working folder.
fn world(answers: &kstack::scaffold::Answers) -> World {
    let mut world = World::new();
    world.install("terraform");
    world.install("kubectl");
    world.set("TF_CLI_CONFIG_FILE", providers::cli_config(world.root()));
    world.set("CHECKPOINT_DISABLE", "1");
    platforms::render(answers).write(&world.work()).unwrap();
    world
}

#[test]
fn platforms_are_formatted() {
    for (name, answers) in platforms::all() {
        let world = world(&answers);
        // `fmt` reads only Terraform's own files: give it kstack's under such a name.
        for file in ["kstack.hcl", "kstack.lock.hcl"] {
            fs::copy(world.work().join(file), world.work().join(file.replace(".hcl", "_hcl.tf"))).unwrap();
        }
        for environment in &answers.environments {
            let backend = world.work().join(format!("environments/{}.tfbackend", environment.name));
            fs::copy(&backend, backend.with_extension("backend.tfvars")).unwrap();
        }
        let answers = answers_file(&answers, &Assets::embedded()).unwrap();
        fs::write(world.work().join("answers_hcl.tf"), answers).unwrap();
        let unformatted = world.must("", "terraform", &["fmt", "-check", "-recursive", "-diff"]);
        assert_eq!(unformatted, "", "{name}");
    }
}

#[test]
fn stacks_are_valid() {
    for (name, answers) in platforms::all() {
        validate(name, &answers);
    }
}

fn validate(name: &str, answers: &kstack::scaffold::Answers) {
    let world = world(answers);
    for cluster in &answers.clusters {
        let stack = format!("infra/{}", cluster.stack().unwrap());
        let init = ["init", "-backend=false", "-input=false", "-no-color"];
        let missing = cluster
            .provider()
            .terraform_providers()
            .iter()
            .find(|(provider, _)| providers::mirror(&[provider]).is_none());
        match missing {
            // Without a mirror there may still be the registry.
            Some((provider, _)) if !world.tries(&stack, "terraform", &init) => {
                println!(
                    "skipped: {name}: {stack} is not validated, since neither a mirror nor the registry gives {provider}"
                );
                continue;
            }
            Some(_) => {}
            None => drop(world.must(&stack, "terraform", &init)),
        }
        let result = world.must(&stack, "terraform", &["validate", "-no-color"]);
        assert_eq!(result, "Success! The configuration is valid.\n\n", "{name}: {stack}");
    }
}

#[test]
fn every_kustomization_builds() {
    for (name, answers) in platforms::all() {
        let world = world(&answers);
        let mut built = 0;
        for path in files_below(&world.work()) {
            let Some(folder) = path.strip_suffix("/kustomization.yaml") else { continue };
            let output = world.must("", "kubectl", &["kustomize", folder]);
            assert!(output.contains("kind: "), "{name}: {folder} builds nothing");
            built += 1;
        }
        assert!(built >= 8, "{name}: {built}");
    }
}

/// What `kstack init` promises: the engine starts from the root object, and everything that the
/// registry refers to is there.
#[test]
fn a_registry_builds_with_everything_it_refers_to() {
    let world = world(&platforms::aws());
    let text = world.must("", "kubectl", &["kustomize", "clusters/eks-gc0-eu-west-1/apps"]);
    let objects: Vec<serde_json::Value> = serde_saphyr::from_multiple(&text).unwrap();
    let names = |kind: &str| {
        let of_kind = objects.iter().filter(|object| object["kind"] == kind);
        of_kind.map(|object| object["metadata"]["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("GitRepository"), ["flux-system"]);
    assert_eq!(names("Kustomization"), ["access", "cert-manager", "flux-system", "hello", "scheduling", "tenancy"]);
    for object in objects.iter().filter(|object| object["kind"] == "Kustomization") {
        let path = object["spec"]["path"].as_str().unwrap();
        assert!(Path::new(&world.work()).join(path).join("kustomization.yaml").is_file(), "{path}");
    }
}
