//! `docs/schema/` describes every document that kstack writes. Every test that runs `kstack` in a world of its own holds
//! what it prints to the schemas as well, see `support::schema`.

use std::{collections::BTreeSet, fs, path::Path};

use kstack::{
    platform::Instance,
    sync::{Kept, ObjectRef, ObjectStatus, Outcome, RegistryStatus, State, SyncEvent, SyncReport, Tally},
};
use regex::Regex;
use serde_json::{Value, json};

use crate::support::{
    cli::World,
    schema::{DOCUMENTS, hold, problem},
};

#[test]
fn every_type_has_a_schema_and_every_schema_a_type() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md")).unwrap();
    let row = Regex::new(r"(?m)^\| \[`([a-z-]+)`\]\([^)]*\) \| \[([0-9]+)\]\(schema/([a-z0-9.-]+)\) \|").unwrap();
    let mut described: BTreeSet<String> = BTreeSet::from(["common.v1.json".to_owned()]);
    for found in row.captures_iter(&page) {
        let file = format!("{}.v{}.json", &found[1], &found[2]);
        assert_eq!(&found[3], file);
        described.insert(file);
    }
    let names: BTreeSet<String> = DOCUMENTS.names().into_iter().map(str::to_owned).collect();
    assert_eq!(names, described);
    let references = Regex::new(r##""\$ref":"([^"#]*)#([^"]*)""##).unwrap();
    for name in names {
        let schema = DOCUMENTS.get(&name);
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
        assert!(schema["description"].as_str().is_some_and(|text| text.ends_with('.')), "{name}");
        for found in references.captures_iter(&schema.to_string()) {
            let target = if found[1].is_empty() { name.as_str() } else { &found[1] };
            assert!(DOCUMENTS.get(target).pointer(&found[2]).is_some(), "{name}: {}", &found[0]);
        }
    }
}

#[test]
fn a_document_that_is_not_as_described_is_found() {
    let good = json!({"type": "matrix", "version": 1, "base": "a".repeat(40), "head": "b".repeat(40), "shards": [
        {"shard": "1/1", "instances": [{"stack": "alpha", "environment": null}]},
    ]});
    assert_eq!(problem(&good), Ok(()));
    let wrong = |change: fn(&mut Value)| {
        let mut document = good.clone();
        change(&mut document);
        problem(&document).unwrap_err()
    };
    // Each event has its own fields.
    assert!(problem(&json!({"type": "event", "version": 1, "event": "started"})).is_err());
    let told = [
        wrong(|document| drop(document.as_object_mut().unwrap().remove("head"))),
        wrong(|document| document["base"] = json!("main")),
        wrong(|document| document["shards"][0]["shard"] = json!("0/1")),
        wrong(|document| document["shards"][0]["instances"][0]["environment"] = json!(7)),
        wrong(|document| document["shards"][0]["instances"][0]["region"] = json!("here")),
        wrong(|document| document["version"] = json!(2)),
        wrong(|document| document["type"] = json!("shards")),
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
    $: "head" is missing
    $.base: "main" does not match "^[0-9a-f]{40,64}$"
    $.shards[0].shard: "0/1" does not match "^[1-9][0-9]*/[1-9][0-9]*$"
    $.shards[0].instances[0].environment: 7 is not of type ["string","null"]
    $.shards[0].instances[0]: `region` is not in the schema
    there is no `docs/schema/matrix.v2.json`
    there is no `docs/schema/shards.v1.json`
    "#);
}

/// What a hand-over prints needs a cluster; here are the values themselves, one of each kind.
#[test]
fn documents_of_a_hand_over() {
    let object = ObjectRef::namespaced("kustomize.toolkit.fluxcd.io", "Kustomization", "flux-system", "apps");
    let whole = ObjectRef { namespace: None, ..object.clone() };
    let tally = Tally { created: 1, changed: 2, unchanged: 3, left: 4 };
    let states = [
        State::Ready,
        State::Waiting { reason: "Progressing".into(), message: "soon".into() },
        State::Failed { reason: "BuildFailed".into(), message: "no".into() },
        State::Suspended,
    ];
    let objects: Vec<_> = states.into_iter().map(|state| ObjectStatus { object: object.clone(), state }).collect();
    let events = [
        SyncEvent::Connected { endpoint: "https://127.0.0.1".into(), version: "v1.34.2".into() },
        SyncEvent::Object { object: whole, created: true },
        SyncEvent::CrdsEstablished { count: 3 },
        SyncEvent::Applied(tally),
        SyncEvent::EngineReady { controllers: 2 },
        SyncEvent::CredentialCreated { object: object.clone() },
        SyncEvent::CredentialKept { object: object.clone(), kept: Kept::NotGiven },
        SyncEvent::ClusterInfo(tally),
        SyncEvent::Root(tally),
        SyncEvent::Requested { object: object.clone() },
        SyncEvent::Waiting { ready: 1, total: 4, changed: objects.clone() },
        SyncEvent::Synced { revision: "main@sha1:abc".into(), total: 4 },
        SyncEvent::Released { count: 1 },
        SyncEvent::Deleting { object },
    ];
    for event in events {
        let mut document = json!({"type": "sync-event", "version": 1});
        document.as_object_mut().unwrap().extend(serde_json::to_value(&event).unwrap().as_object().unwrap().clone());
        hold(&document.to_string());
    }
    let instance = Instance { stack: "eks-gc0".parse().unwrap(), environment: Some("ops".parse().unwrap()) };
    let revision = "main@sha1:abc".to_owned();
    let report = SyncReport {
        engine: kstack::sync::Engine::Flux,
        outcome: Outcome::TimedOut,
        revision: revision.clone(),
        objects: objects.clone(),
        trouble: Some("slow".into()),
    };
    for report in [None, Some(report)] {
        hold(&json!({"type": "sync", "version": 1, "cluster": {"instance": instance, "changed": true, "report": report}}).to_string());
    }
    let status = RegistryStatus { revision, objects, delivered: Default::default() };
    hold(&json!({"type": "status", "version": 1, "instance": instance, "ready": false, "status": status}).to_string());
}

/// One run of each command that needs neither a cluster nor a cloud. `World` holds what is printed to the schemas; here
/// is seen to it that every one of these types really is printed.
#[test]
fn documents_of_the_commands() {
    let mut world = World::new();
    for program in ["git", "terraform", "kubectl"] {
        world.install(program);
    }
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut run = |world: &World, folder: &str, arguments: &[&str]| -> Vec<Value> {
        let ran = world.kstack_in(folder, &[arguments, &["--format=json"]].concat());
        let documents = ran.json();
        assert!(!documents.is_empty(), "{arguments:?} prints nothing:\n{ran}");
        seen.extend(documents.iter().map(|document| document["type"].as_str().unwrap().to_owned()));
        documents
    };
    fs::write(world.root().join("engine.yaml"), crate::scaffold::platforms::ENGINE).unwrap();
    run(
        &world,
        "",
        &[
            "init",
            "lab",
            "--provider=local",
            "--repository=https://git.example.com/lab",
            "--engine-manifests=../engine.yaml",
        ],
    );
    // A stack that plans without a cluster, and a change of it and of a manifest.
    world.write("lab/infra/pool/main.tf", &pool(1));
    world.write("lab/infra/pool/backend.tf", "terraform {\n  backend \"local\" {}\n}\n");
    let git = |arguments: &[&str]| world.must("lab", "git", arguments);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message", "Begin"]);
    world.write("lab/infra/pool/main.tf", &pool(2));
    world.write("lab/apps/hello/base/message.txt", "Another message\n");
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message", "Change"]);

    run(&world, "lab", &["validate"]);
    run(&world, "lab", &["doctor"]);
    run(&world, "lab", &["list"]);
    run(&world, "lab", &["list", "--changed"]);
    run(&world, "lab", &["explain", "local-gc0"]);
    run(&world, "lab", &["why", "pool"]);
    run(&world, "lab", &["diff"]);
    run(&world, "lab", &["ci", "matrix", "--shards=2", "--event=pull-request", "--base=HEAD^"]);
    run(&world, "lab", &["plan"]);
    run(&world, "lab", &["bundle", "show", "pool"]);
    run(&world, "lab", &["bundle", "verify", "pool"]);
    run(&world, "lab", &["apply", "--stack=pool", "--no-handoff"]);
    run(&world, "lab", &["outputs", "pool"]);
    run(&world, "lab", &["bootstrap", "--dry-run"]);
    run(&world, "lab", &["plan", "no..where"]);
    let expected = [
        "affected",
        "apply",
        "bootstrap",
        "bundle",
        "bundle-verdict",
        "diff",
        "doctor",
        "error",
        "event",
        "init",
        "matrix",
        "outputs",
        "review",
        "setting",
        "stack",
        "validate",
    ];
    assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

fn pool(size: u32) -> String {
    format!(
        "variable \"environment\" {{\n  type    = string\n  default = \"none\"\n}}\n\nresource \"terraform_data\" \"pool\" {{\n  \
         input = {{ environment = var.environment, size = {size} }}\n}}\n\noutput \"size\" {{\n  value = {size}\n}}\n"
    )
}
