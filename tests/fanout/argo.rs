//! `pipeline/argo-workflows`, which `kstack init --argo-workflows` writes: held to the real CRDs of Argo Workflows, and to
//! what its pods may and must not do. No controller runs here.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use kstack::{
    platform::StateBackend,
    scaffold::{Answers, Assets, ScaffoldError, answers_file, platform},
};
use regex::Regex;
use serde_json::{Value, json};

use crate::{
    scaffold::platforms,
    support::{cli::World, schema::Schemas},
};

/// The release whose CRDs are used; a Go module, so that its content is known by the checksum database.
const ARGO: &str = "github.com/argoproj/argo-workflows/v3@v3.7.3";

fn answers() -> Answers {
    platforms::answers("tests/golden/fleet")
}

/// The documents of a YAML text; anchors are resolved.
fn documents(text: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(text).unwrap()
}

/// The workflow templates of a platform, by name.
fn templates(answers: &Answers) -> Vec<(String, Value)> {
    let changes = platforms::render(answers);
    let read = |name: &str| {
        let file = changes.get(&format!("pipeline/argo-workflows/{name}.yaml")).unwrap();
        documents(std::str::from_utf8(file).unwrap()).remove(0)
    };
    ["plan", "apply"].map(|name| (name.to_owned(), read(name))).into()
}

/// The CRD of workflow templates, from Go's module cache or proxy; `None` where neither has it.
fn crd() -> Option<Value> {
    let output = Command::new("go").args(["mod", "download", "-json", ARGO]).current_dir("/").output().ok()?;
    let told: Value = serde_json::from_slice(&output.stdout).ok()?;
    let folder = PathBuf::from(told["Dir"].as_str()?);
    let path = folder.join("manifests/base/crds/full/argoproj.io_workflowtemplates.yaml");
    let mut crd = documents(&fs::read_to_string(path).unwrap());
    Some(crd.remove(0)["spec"]["versions"][0]["schema"]["openAPIV3Schema"].take())
}

#[test]
fn templates_are_what_the_crd_of_argo_workflows_takes() {
    let Some(crd) = crd() else {
        eprintln!("skipped: the CRDs of Argo Workflows cannot be had: `go mod download {ARGO}` fails");
        return;
    };
    let schemas = Schemas::single("crd", crd);
    for folder in ["tests/golden/fleet", "examples/google", "examples/azure", "examples/multi-cloud"] {
        let answers = Answers { argo_workflows: true, ..platforms::answers(folder) };
        for (name, template) in templates(&answers) {
            assert_eq!(schemas.check("crd", &template), Ok(()), "{folder}: {name}");
            // It is strict enough to find a wrong field, deep inside.
            let mut wrong = template.clone();
            wrong["spec"]["templates"][0]["synchronisation"] = json!({});
            assert!(schemas.check("crd", &wrong).is_err(), "{folder}: {name}");
        }
    }
}

fn without(value: &Value, key: &str) -> Value {
    let mut value = value.clone();
    value.as_object_mut().unwrap().remove(key);
    value
}

#[test]
fn everything_that_a_template_names_is_declared() {
    let reference = Regex::new(r"\{\{([^}]*)\}\}").unwrap();
    for (name, workflow) in templates(&answers()) {
        let spec = &workflow["spec"];
        let named = |list: &Value| -> BTreeSet<String> {
            list.as_array().into_iter().flatten().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
        };
        let parameters = named(&spec["arguments"]["parameters"]);
        let templates = named(&spec["templates"]);
        assert!(templates.contains(spec["entrypoint"].as_str().unwrap()), "{name}");
        for template in spec["templates"].as_array().unwrap() {
            let inputs = named(&template["inputs"]["parameters"]);
            let text = template.to_string();
            for found in reference.captures_iter(&text) {
                let known = match found[1].split('.').collect::<Vec<_>>().as_slice() {
                    ["workflow", "parameters", parameter] => parameters.contains(*parameter),
                    ["inputs", "parameters", parameter] => inputs.contains(*parameter),
                    ["tasks", "matrix", "outputs", "result"] | ["item", "shard" | "index"] | ["workflow", "uid"] => {
                        true
                    }
                    _ => false,
                };
                assert!(known, "{name}: {}", &found[0]);
            }
            for task in template["dag"]["tasks"].as_array().into_iter().flatten() {
                assert!(templates.contains(task["template"].as_str().unwrap()), "{name}: {task}");
                let given = named(&task["arguments"]["parameters"]);
                let target = spec["templates"].as_array().unwrap().iter().find(|one| one["name"] == task["template"]);
                assert_eq!(given, named(&target.unwrap()["inputs"]["parameters"]), "{name}: {task}");
            }
        }
    }
}

#[test]
fn pods_run_kstack_by_its_arguments_and_may_little() {
    for (name, workflow) in templates(&answers()) {
        let spec = &workflow["spec"];
        assert_eq!(spec["podGC"]["strategy"], "OnWorkflowSuccess");
        assert_eq!(spec["securityContext"]["runAsNonRoot"], true);
        assert_eq!(spec["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
        assert_eq!(spec["serviceAccountName"], format!("kstack-{name}"));
        let mut containers = 0;
        for template in spec["templates"].as_array().unwrap() {
            assert!(template.get("script").is_none(), "no shell: {template}");
            let Some(container) = template.get("container") else { continue };
            containers += 1;
            assert_eq!(container["command"], json!(["kstack"]));
            let arguments =
                container["args"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect::<Vec<_>>();
            // The branch that delivers is written down; `{{…}}` are what Argo puts in.
            let words = super::pages::words(
                &format!("kstack {}", arguments.join(" ")).replace("{{workflow.parameters.shards}}", "8"),
            );
            kstack::command().try_get_matches_from(&words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
            assert_eq!(
                container["securityContext"],
                json!({"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}})
            );
            assert!(
                container["resources"]["requests"]["cpu"].is_string()
                    && container["resources"]["limits"]["memory"].is_string()
            );
            // What is not known when the template is written comes with the workflow, never from a Secret.
            assert!(!container.to_string().contains("secretKeyRef"), "{container}");
            let applies = template["name"].as_str().unwrap().starts_with("deliver-");
            assert_eq!(template.get("retryStrategy").is_none(), applies, "an apply is never repeated by itself");
            assert_eq!(template["synchronization"]["mutexes"][0]["name"].is_string(), applies);
        }
        assert!(containers >= 3, "{name}");
    }
}

#[test]
fn results_go_where_the_platform_keeps_its_state() {
    for (folder, store, key) in
        [("tests/golden/fleet", "s3", "key"), ("examples/google", "gcs", "key"), ("examples/azure", "azure", "blob")]
    {
        let answers = Answers { argo_workflows: true, ..platforms::answers(folder) };
        let (_, plan) = templates(&answers).remove(0);
        let template = |name: &str| {
            let templates = plan["spec"]["templates"].as_array().unwrap();
            templates.iter().find(|one| one["name"] == name).unwrap().clone()
        };
        let written = template("shard")["outputs"]["artifacts"][0][store][key].clone();
        let read = template("report")["inputs"]["artifacts"][1][store][key].clone();
        assert_eq!(written, format!("{}/{{{{inputs.parameters.index}}}}", read.as_str().unwrap()), "{folder}");
        // Where the identity that plans may write, see `modules/*/ci-identity`.
        assert!(read.as_str().unwrap().starts_with("kstack/plans/_results/"), "{read}");
    }
    let local =
        Answers { argo_workflows: true, state: StateBackend::Local { path: ".kstack/state".to_owned() }, ..answers() };
    let error = platform(&local, &Assets::embedded(), platforms::ENGINE).unwrap_err();
    let ScaffoldError::Answers { problems, .. } = error else { panic!("{error}") };
    assert!(problems.iter().any(|problem| problem.message.contains("--argo-workflows")), "{problems:?}");
}

#[test]
fn answers_keep_the_wish_and_kustomize_builds_it() {
    let text = answers_file(&answers(), &Assets::embedded()).unwrap();
    assert!(platforms::read(&text).argo_workflows);
    assert!(
        platforms::render(&platforms::aws()).get("pipeline/argo-workflows/plan.yaml").is_none(),
        "only where asked for"
    );
    let mut world = World::new();
    world.install("kubectl");
    platforms::render(&answers()).write(&world.work()).unwrap();
    let built = documents(&world.must("", "kubectl", &["kustomize", "pipeline/argo-workflows"]));
    let kinds: Vec<_> = built.iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "WorkflowTemplate").count(), 2, "{kinds:?}");
    for object in built.iter().filter(|one| one["kind"] != "Namespace") {
        assert_eq!(object["metadata"]["namespace"], "kstack-pipeline", "{object}");
    }
    // Anchors are resolved on the way, to what they stand for.
    let plan =
        built.iter().find(|one| one["kind"] == "WorkflowTemplate" && one["metadata"]["name"] == "kstack-plan").unwrap();
    assert_eq!(without(plan, "metadata"), without(&templates(&answers()).remove(0).1, "metadata"));
    assert!(Path::new(&world.work()).join("pipeline/argo-workflows/apply.yaml").is_file());
    world.kstack(&["validate"]).done();
}
