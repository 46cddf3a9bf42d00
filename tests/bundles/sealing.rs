//! Who plans writes what it cannot read; who has a key applies; the `age` program opens and seals the same.

use std::fs;

use super::{Sealed, apply, data, pack, unpack, untouched};
use crate::support::{age, cli::files_below};

const CANARY: &str = "canary-3f9c71";

/// A stack with secrets wherever Terraform lets them be: a variable, a resource, an output.
const SECRETIVE: &str = r#"variable "password" {
  type      = string
  sensitive = true
}

resource "terraform_data" "login" {
  input = var.password
}

output "password" {
  value     = terraform_data.login.output
  sensitive = true
}
"#;

#[test]
fn a_sealed_plan_is_applied_with_the_key_alone() {
    let mut sealed = Sealed::new(&data("hello"));
    let stored = sealed.stored();
    assert!(stored.starts_with(b"age-encryption.org/v1\n"));
    assert!(sealed.repository.bundle().to_str().unwrap().ends_with(".zip.age"));

    insta::assert_snapshot!(apply(&sealed.repository, &[]), @r"
    --- stderr ---
    error: cannot use the bundle `ops/net/[SHA256]/[PLAN].zip.age`
      caused by: it is encrypted, and no key to open it was given

    hint: set `KSTACK_AGE_KEY` to the secret key of one of the `recipients` in `kstack.hcl`, or `KSTACK_AGE_KEY_FILE` to a file that has it
    --- exit code 1 ---
    ");
    untouched(&sealed.repository);

    let (other, _) = age::pair();
    sealed.repository.world.set("KSTACK_AGE_KEY", &other);
    insta::assert_snapshot!(apply(&sealed.repository, &[]), @r"
    --- stderr ---
    error: cannot use the bundle `ops/net/[SHA256]/[PLAN].zip.age`
      caused by: it is encrypted, and not to the key that was given

    hint: set `KSTACK_AGE_KEY` to the secret key of one of the `recipients` in `kstack.hcl`, or `KSTACK_AGE_KEY_FILE` to a file that has it
    --- exit code 1 ---
    ");
    untouched(&sealed.repository);

    // A file of keys, with another key before the right one.
    sealed.repository.world.set("KSTACK_AGE_KEY", "");
    let file = sealed.repository.world.root().join("keys.txt");
    fs::write(&file, format!("{other}{}", sealed.key)).unwrap();
    sealed.repository.world.set("KSTACK_AGE_KEY_FILE", &file);
    insta::assert_snapshot!(apply(&sealed.repository, &[]), @r"
    --- stderr ---
    applied net (ops): 1 added, 0 changed, 0 destroyed ([TIME])
    --- exit code 0 ---
    ");
    assert_eq!(sealed.repository.journal().entries["ops/net"].plan_sha256, {
        let (manifest, _) = sealed.open();
        manifest["plan_sha256"].as_str().unwrap().to_owned()
    });
}

#[test]
fn planning_again_needs_no_key() {
    let sealed = Sealed::new(&data("hello"));
    let before = sealed.stored();
    let _ = sealed.repository.kstack(&["plan", "--all"]).done();
    // What is there stays as it is. Plans that Terraform makes in the same second are the same, bit for bit.
    let plans = sealed.repository.pipeline().join("plans");
    let bundles = files_below(&plans);
    assert!(bundles.iter().any(|bundle| fs::read(plans.join(bundle)).unwrap() == before), "{bundles:?}");
    assert!(bundles.iter().all(|bundle| bundle.ends_with(".zip.age")), "{bundles:?}");
}

#[test]
fn the_age_program_opens_and_seals_bundles() {
    let Some(program) = age::program() else { return };
    let mut sealed = Sealed::new(&data("hello"));
    let keys = sealed.repository.world.root().join("keys.txt");
    fs::write(&keys, &sealed.key).unwrap();
    let opened = age::run(&program, &["--decrypt", "--identity", keys.to_str().unwrap()], &sealed.stored());
    let (manifest, plan) = unpack(&opened);
    assert_eq!((manifest.clone(), plan.clone()), sealed.open());
    assert!(plan.starts_with(b"PK"));

    let again = age::run(&program, &["--encrypt", "--recipient", &sealed.recipient], &pack(&manifest, &plan));
    assert_ne!(again, sealed.stored());
    fs::write(sealed.repository.bundle(), again).unwrap();
    sealed.unlock();
    let _ = apply(&sealed.repository, &[]).done();
    assert_eq!(sealed.repository.state("net").resources, ["terraform_data.greeting"]);
}

#[test]
fn a_plan_in_the_clear_is_refused_where_plans_are_sealed() {
    let mut sealed = Sealed::new(&data("hello"));
    let (manifest, plan) = sealed.open();
    fs::write(sealed.repository.bundle(), pack(&manifest, &plan)).unwrap();
    sealed.unlock();
    insta::assert_snapshot!(apply(&sealed.repository, &[]), @r"
    --- stderr ---
    error: nothing was applied: not everything is as it was reviewed
      net (ops): encryption differs: reviewed a plan in the clear, found `recipients` in `kstack.hcl`

    hint: who can read the plan store could read that plan: delete it, and plan again
    --- exit code 1 ---
    ");
    untouched(&sealed.repository);
}

#[test]
fn no_secret_is_written_or_printed() {
    let mut sealed = Sealed::new(&data("hello"));
    sealed.repository.world.set("TF_VAR_password", CANARY);
    sealed.repository.stack("net", SECRETIVE);
    sealed.repository.commit("Log in");
    let key = sealed.key.clone();
    let secrets = [CANARY, key.lines().last().unwrap()];
    let clean = |ran: &crate::support::cli::Ran| {
        let text = ran.to_string();
        assert!(secrets.iter().all(|secret| !text.contains(secret)), "{text}");
    };
    clean(&sealed.repository.kstack(&["plan", "--markdown", "-"]).done());
    clean(&sealed.repository.kstack(&["plan", "--format", "json"]).done());
    sealed.unlock();
    for arguments in [
        &["bundle", "show", "net"][..],
        &["bundle", "show", "net", "--format", "json"],
        &["bundle", "verify", "net", "--format", "json"],
        &["apply", "--no-handoff", "--format", "json"],
    ] {
        clean(&sealed.repository.kstack(arguments).done());
    }
    // Terraform's own state is the one place that has to hold it.
    let root = sealed.repository.world.root();
    let state = |file: &str| file.starts_with("work/.kstack/state/");
    let mut found_in_state = false;
    for file in files_below(root) {
        let bytes = fs::read(root.join(&file)).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        found_in_state |= state(&file) && text.contains(CANARY);
        assert!(state(&file) || secrets.iter().all(|secret| !text.contains(secret)), "{file}");
        assert!(!file.ends_with(".zip"), "{file} is in the clear");
    }
    assert!(found_in_state, "the canary must be alive");
}
