//! Each field that binds a bundle is changed, alone, in a bundle that is sealed as it should be: each time the apply is
//! refused, names the field, and changes nothing.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Sealed, apply, data, set_pipeline, untouched};

/// Fields of the manifest that bind nothing: what tells people where a plan comes from.
const UNBOUND: [&str; 5] = ["kstack", "files", "base", "commit", "created"];

/// What is changed, to what, and the words of the refusal.
fn mutations(manifest: &Value) -> Vec<(&'static str, Value, &'static str)> {
    let flipped = |pointer: &str| {
        let text = manifest.pointer(pointer).and_then(Value::as_str).unwrap();
        let last = if text.ends_with('0') { "1" } else { "0" };
        json!(format!("{}{last}", &text[..text.len() - 1]))
    };
    let serial = manifest["state"]["serial"].as_u64().unwrap();
    let provider = json!({ "registry.terraform.io/evil/data": { "version": "1.0.0", "hashes": ["h1:x"] } });
    vec![
        ("/version", json!(1), "it has format 1, this kstack reads format 2"),
        ("/version", json!(3), "it has format 3, this kstack reads format 2"),
        ("/instance/stack", json!("dns"), "stack differs: reviewed dns, found net"),
        ("/instance/environment", json!("apps"), "environment differs: reviewed apps, found ops"),
        ("/instance/environment", Value::Null, "environment differs: reviewed shared, found ops"),
        ("/destroy", json!(true), "purpose differs: reviewed to destroy the stack, found to keep the stack"),
        ("/closure", flipped("/closure"), "closure differs"),
        ("/state", Value::Null, "state differs: reviewed none, found one with serial"),
        ("/state/lineage", flipped("/state/lineage"), "state lineage differs"),
        ("/state/serial", json!(serial + 1), "state serial differs"),
        ("/state/serial", json!(serial - 1), "state serial differs"),
        ("/terraform/product", json!("OpenTofu"), "terraform version differs: reviewed OpenTofu"),
        ("/terraform/version", json!("1.10.0"), "terraform version differs: reviewed Terraform 1.10.0"),
        ("/terraform/sha256", flipped("/terraform/sha256"), "terraform binary differs"),
        ("/providers", provider, "providers differ: reviewed `registry.terraform.io/evil/data` 1.0.0, found no"),
        ("/policy", flipped("/policy"), "policy differs"),
        (
            "/mocked",
            json!(["network.vpc_id"]),
            "inputs differ: reviewed `network.vpc_id`, found that they were made up",
        ),
        ("/plan_sha256", flipped("/plan_sha256"), "its plan is not the one that was reviewed: the digest differs"),
        ("/changes/resources", json!([]), "changes differ: reviewed no changes"),
        ("/changes/resources/0/action", json!("destroy"), "`terraform_data.greeting`: update instead of destroy"),
        (
            "/changes/resources/0/address",
            json!("terraform_data.other"),
            "`terraform_data.other`: nothing instead of update",
        ),
        (
            "/changes/resources/0/attributes/0/after",
            json!({ "value": "harmless" }),
            "`terraform_data.greeting`: update, with other values",
        ),
    ]
}

#[test]
fn each_field_that_is_changed_is_named() {
    let mut sealed = Sealed::new(&data("hello"));
    sealed.unlock();
    let _ = apply(&sealed.repository, &[]).done();
    std::fs::remove_file(sealed.repository.bundle()).unwrap();
    sealed.repository.stack("net", &data("good evening"));
    sealed.repository.commit("Greet in the evening");
    let _ = sealed.repository.kstack(&["plan"]).done();
    let (manifest, plan) = sealed.open();
    let state = || std::fs::read(sealed.repository.world.work().join(".kstack/state/ops/net.tfstate")).unwrap();
    let before = state();

    let mut changed = BTreeSet::new();
    for (pointer, value, words) in mutations(&manifest) {
        let mut forged = manifest.clone();
        *forged.pointer_mut(pointer).unwrap() = value;
        assert_ne!(forged, manifest, "{pointer}");
        sealed.forge(&forged, &plan);
        let ran = apply(&sealed.repository, &[]);
        assert_eq!(ran.code, Some(1), "{pointer}:\n{ran}");
        assert!(ran.stderr.contains(words), "{pointer}: `{words}` is not in\n{ran}");
        assert_eq!(state(), before, "{pointer}");
        let verified = sealed.repository.kstack(&["bundle", "verify", "net"]);
        assert_eq!(verified.code, Some(1), "{pointer}:\n{verified}");
        changed.insert(pointer.split('/').nth(1).unwrap());
    }
    // Whoever adds a field has to say whether it binds.
    for field in manifest.as_object().unwrap().keys() {
        assert!(changed.contains(field.as_str()) != UNBOUND.contains(&field.as_str()), "`{field}`");
    }

    // As it was, it is applied: each refusal was for the field.
    sealed.forge(&manifest, &plan);
    let _ = apply(&sealed.repository, &[]).done();
    assert_ne!(state(), before);
}

#[test]
fn what_only_tells_people_binds_nothing() {
    let mut sealed = Sealed::new(&data("hello"));
    sealed.unlock();
    let (mut manifest, plan) = sealed.open();
    manifest["kstack"] = json!("0.0.1");
    manifest["files"] = json!({});
    manifest["base"] = Value::Null;
    manifest["commit"] = json!("0123456789012345678901234567890123456789");
    manifest["created"] = json!("2020-01-01T00:00:00Z");
    sealed.forge(&manifest, &plan);
    let _ = apply(&sealed.repository, &[]).done();
}

#[test]
fn commits_that_have_nothing_to_do_with_it_leave_it_exact() {
    let mut sealed = Sealed::new(&data("hello"));
    sealed.unlock();
    let repository = &sealed.repository;
    repository.write("notes.md", "a note\n");
    repository.commit("Take notes");
    repository.write("environments/apps.tfvars", "environment = \"apps\"\nsize = 3\n");
    repository.commit("Change the other environment");
    repository.git(&["switch", "--quiet", "--create", "side", "HEAD~1"]);
    repository.write("docs/page.md", "a page\n");
    repository.commit("Write a page");
    repository.git(&["switch", "--quiet", "main"]);
    repository.git(&["merge", "--quiet", "--no-ff", "--message", "Merge the page", "side"]);
    insta::assert_snapshot!(apply(repository, &[]), @r"
    --- stderr ---
    applied net (ops): 1 added, 0 changed, 0 destroyed ([TIME])
    --- exit code 0 ---
    ");
}

#[test]
fn the_policy_is_another() {
    let mut sealed = Sealed::new(&data("hello"));
    sealed.unlock();
    let text = sealed.repository.world.read("kstack.hcl");
    sealed.repository.write("kstack.hcl", &format!("{text}\npolicy {{\n  protect = [\"terraform_data\"]\n}}\n"));
    sealed.repository.commit("Protect data");
    let ran = apply(&sealed.repository, &[]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.stderr.contains("net (ops): policy differs: reviewed sha256 "), "{ran}");
    untouched(&sealed.repository);
}

#[test]
fn a_plan_of_another_repository_is_found_out() {
    let mut sealed = Sealed::new(&data("hello"));
    sealed.unlock();
    let other = Sealed::new(&data("something that nobody reviewed"));
    let (manifest, _) = sealed.open();
    let (theirs, plan) = other.open();
    // Everything that the manifest can say is said right.
    let mut forged = manifest;
    for field in ["plan_sha256", "changes"] {
        forged[field] = theirs[field].clone();
    }
    sealed.forge(&forged, &plan);
    let ran = apply(&sealed.repository, &[]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.stderr.contains("configuration differs: reviewed `infra/net/main.tf` as the plan holds it"), "{ran}");

    // The same files elsewhere: the plan would write another state.
    let twin = Sealed::new(&data("hello"));
    let (theirs, plan) = twin.open();
    forged["plan_sha256"] = theirs["plan_sha256"].clone();
    forged["changes"] = theirs["changes"].clone();
    sealed.forge(&forged, &plan);
    let ran = apply(&sealed.repository, &[]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.stderr.contains("state backend differs: reviewed path `"), "{ran}");
    untouched(&sealed.repository);
}

#[test]
fn removing_recipients_does_not_spend_a_plan() {
    let mut sealed = Sealed::new(&data("hello"));
    sealed.unlock();
    let (_, second) = crate::support::age::pair();
    let text = sealed.repository.world.read("kstack.hcl").replace(&sealed.recipient, &second);
    sealed.repository.write("kstack.hcl", &text);
    set_pipeline(&sealed.repository, "# another key from now on");
    sealed.repository.commit("Change the key");
    let _ = apply(&sealed.repository, &[]).done();
}
