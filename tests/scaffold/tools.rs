//! The programs that users run on a platform, on real ones: `terraform fmt` and `validate`,
//! `kubectl kustomize`.

use std::{fs, io::Write as _, path::Path};

use kstack::{
    platform::{Forge, StateBackend},
    scaffold::{Answers, Assets, Place, ScaffoldError, answers_file, platform},
};

use super::platforms;
use crate::support::{
    cli::{World, files_below},
    providers,
};

/// A world with Terraform and kubectl and one of the platforms in its working folder.
fn world(answers: &Answers) -> World {
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

/// Every stack of a platform: clusters, and what comes before and beside them.
fn validate(name: &str, answers: &Answers) {
    let world = world(answers);
    let mut stacks: Vec<_> =
        fs::read_dir(world.work().join("infra")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    stacks.sort();
    assert!(stacks.len() >= answers.clusters.len());
    for stack in stacks {
        validate_stack(&world, name, &format!("infra/{}", stack.to_str().unwrap()));
    }
}

/// In every cloud, with and without a forge that vouches for jobs.
#[test]
fn the_first_stack_of_an_account_is_valid() {
    for folder in ["examples/aws", "examples/google", "examples/azure", "examples/multi-cloud"] {
        for forge in [Forge::GitHub { url: None }, Forge::GitLab { url: None }, Forge::None] {
            let repository = "https://forge.example.com/acme/platform".to_owned();
            let answers = Answers { forge, repository, ..platforms::answers(folder) };
            let name = format!("{folder} with {:?}", answers.forge.kind());
            let world = world(&answers);
            validate_stack(&world, &name, "infra/bootstrap");
            assert_eq!(world.must("infra", "terraform", &["fmt", "-check", "-recursive", "-diff"]), "", "{name}");
            let text = world.read("infra/bootstrap/outputs.tf");
            assert_eq!(text.contains("ci_variables"), answers.forge != Forge::None, "{name}");
            for cluster in &answers.clusters {
                let file = format!("infra/bootstrap/identity_{}.tf", cluster.provider());
                assert_eq!(world.work().join(&file).is_file(), answers.forge != Forge::None, "{name}: {file}");
            }
            let workflow = match answers.forge {
                Forge::GitHub { .. } => world.read(".github/workflows/kstack.yml").replace("vars.", "$"),
                Forge::GitLab { .. } => world.read(".gitlab-ci.yml"),
                _ => continue,
            };
            // What the stack says to the pipeline is what the pipeline asks for, in each cloud.
            let variables: Vec<_> = text.split_whitespace().filter(|word| word.starts_with("KSTACK_")).collect();
            assert!(variables.len() >= 2 * answers.clusters.len(), "{name}: {variables:?}");
            for variable in variables {
                assert!(workflow.contains(&format!("${variable}")), "{name}: the workflow knows no {variable}");
            }
        }
    }
}

/// Where states lie in one cloud, and clusters in several projects and subscriptions of the others.
#[test]
fn the_pipeline_is_somebody_in_every_cloud() {
    let multi_cloud = platforms::answers("examples/multi-cloud");
    let states = [
        StateBackend::Gcs { bucket: "acme-state".into() },
        StateBackend::Azurerm {
            resource_group: "acme-state".into(),
            storage_account: "acmestate".into(),
            container: "state".into(),
        },
    ];
    for state in states {
        let mut answers = Answers { forge: Forge::GitHub { url: None }, state: state.clone(), ..multi_cloud.clone() };
        for cluster in &multi_cloud.clusters {
            let mut second = cluster.clone();
            second.name = "gc1".parse().unwrap();
            second.cidr = None;
            match &mut second.place {
                Place::Google { project, .. } => *project = Some("acme-second".to_owned()),
                Place::Azure { subscription, .. } => {
                    *subscription = Some("00000000-0000-0000-0000-000000000002".to_owned());
                }
                Place::Aws { .. } | Place::Local => {}
            }
            answers.clusters.push(second);
        }
        for environment in &mut answers.environments {
            environment.state = None;
        }
        let world = world(&answers);
        let name = format!("state in {}", state.kind());
        validate_stack(&world, &name, "infra/bootstrap");
        assert_eq!(world.must("infra", "terraform", &["fmt", "-check", "-recursive", "-diff"]), "", "{name}");
        let text = |cloud: &str| world.read(&format!("infra/bootstrap/identity_{cloud}.tf"));
        for (cloud, kind) in [("aws", "s3"), ("google", "gcs"), ("azure", "azurerm")] {
            let is_granted = text(cloud).contains("= module.state.id");
            assert_eq!(is_granted, state.kind() == kind, "{name}: {cloud} is granted states where they are");
        }
        assert!(text("google").contains(r#"= ["acme-platform", "acme-second"]"#), "{name}");
        assert!(text("azure").contains("\"/subscriptions/00000000-0000-0000-0000-000000000002\"]"), "{name}");
    }
}

#[test]
fn the_stack_of_the_repository_is_valid() {
    for (forge, provider) in
        [(Forge::GitHub { url: None }, "integrations/github"), (Forge::GitLab { url: None }, "gitlabhq/gitlab")]
    {
        let answers = Answers { forge, manage_repository: true, ..platforms::aws() };
        let world = world(&answers);
        validate_stack(&world, "the repository", "infra/repository");
        assert!(world.read("kstack.hcl").contains(provider), "the platform allows it");
        assert_eq!(world.must("infra", "terraform", &["fmt", "-check", "-recursive", "-diff"]), "", "{provider}");
    }

    // What Azure knows jobs by: an environment that admits exactly what delivers.
    let forge = Forge::GitHub { url: None };
    let answers = Answers { forge, manage_repository: true, ..platforms::answers("examples/multi-cloud") };
    let world = world(&answers);
    validate_stack(&world, "the repository, with Azure", "infra/repository");
    assert_eq!(world.must("infra", "terraform", &["fmt", "-check", "-recursive", "-diff"]), "");
    let text = world.read("infra/repository/main.tf");
    assert!(text.contains("custom_branch_policies = true") && text.contains("branch_pattern = \"main\""), "{text}");
    assert!(text.contains(r#"toset(["staging-*", "release-*"])"#), "{text}");
    let workflow = world.read(".github/workflows/kstack.yml");
    for job in workflow.split("\n  deliver-").skip(1) {
        assert!(job.contains("    environment: kstack-apply"), "{job}");
    }

    let local = Answers { manage_repository: true, ..platforms::local() };
    let refused = platform(&local, &Assets::embedded(), platforms::ENGINE).unwrap_err();
    assert!(matches!(refused, ScaffoldError::Answers { .. }), "{refused:?}");
}

/// What cannot be had is said aloud: a stack that was not looked at must not look like a good one.
#[expect(clippy::explicit_write, reason = "what `eprintln` says is shown of tests that fail only")]
fn validate_stack(world: &World, name: &str, stack: &str) {
    let versions = world.read(&format!("{stack}/versions.tf"));
    let sources = versions.lines().filter_map(|line| line.trim().strip_prefix("source"));
    let mut required = sources.map(|source| source.trim_matches([' ', '=', '"']).to_owned());
    let init = ["init", "-backend=false", "-input=false", "-no-color"];
    // Without a mirror there may still be the registry.
    if let Some(provider) = required.find(|provider| providers::mirror(&[provider]).is_none())
        && !world.tries(stack, "terraform", &init)
    {
        let why = format!("{stack} is not validated, since neither a mirror nor the registry gives {provider}");
        writeln!(std::io::stderr(), "skipped: {name}: {why}").unwrap();
        return;
    }
    world.must(stack, "terraform", &init);
    let result = world.must(stack, "terraform", &["validate", "-no-color"]);
    assert_eq!(result, "Success! The configuration is valid.\n\n", "{name}: {stack}");
}

#[test]
fn every_kustomization_builds() {
    for (name, answers) in platforms::all() {
        let world = world(&answers);
        let mut built = 0;
        for path in files_below(&world.work()) {
            let Some(folder) = path.strip_suffix("/kustomization.yaml") else { continue };
            // A component is a part of others; `catalogue` builds each with the overlays that it is for.
            if world.read(&path).contains("kind: Component") {
                continue;
            }
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
