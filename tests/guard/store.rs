//! Bundles that somebody else wrote into the plan store.

use std::fs;

use kstack::{
    pipeline::{Bundle, Keys, Recipients},
    store::{Location, Store},
};

use super::{DATA, Lab};

/// The only bundle of the plan store.
fn taken(lab: &Lab) -> Bundle {
    let path = lab.repository.bundle();
    let bundle = Bundle::open("", &fs::read(&path).unwrap(), &Keys::default()).unwrap();
    fs::remove_file(path).unwrap();
    bundle
}

fn put(lab: &Lab, bundle: &Bundle) {
    let store = Store::open(&Location::Folder(lab.repository.pipeline().join("plans"))).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(bundle.save(&store, &Recipients::parse(&[]).unwrap())).unwrap();
}

#[test]
fn a_forged_plan_in_the_place_of_the_reviewed_one_is_not_applied() {
    let lab = Lab::new("");
    lab.repository.git(&["switch", "--quiet", "main"]);
    lab.repository.kstack(&["plan"]).done();
    let reviewed = taken(&lab);

    // Made elsewhere, with the same tools, from other files.
    lab.repository.git(&["switch", "--quiet", "change"]);
    lab.repository.stack(
        "net",
        &format!(
            "{}  provisioner \"local-exec\" {{\n    command = \": > '{}'\"\n  }}\n}}\n",
            DATA.trim_end().trim_end_matches('}'),
            lab.canary().display()
        ),
    );
    lab.repository.commit("Attack");
    lab.repository.kstack(&["plan"]).done();
    let evil = taken(&lab);
    assert_eq!(evil.manifest.changes, reviewed.manifest.changes, "the attack does not show in what is planned");

    lab.repository.git(&["switch", "--quiet", "main"]);
    let mut forged = reviewed.clone();
    forged.plan.clone_from(&evil.plan);
    forged.manifest.plan_sha256.clone_from(&evil.manifest.plan_sha256);
    put(&lab, &forged);
    let ran = lab.repository.kstack(&["apply", "--no-handoff"]);
    assert_eq!((ran.code, lab.canary().exists()), (Some(1), false), "{ran}");
    insta::assert_snapshot!(ran.stderr, @"
    error: nothing was applied: not everything is as it was reviewed
      net (ops): configuration differs: reviewed `infra/net/main.tf` as the plan holds it, found other content in the commit

    hint: the plan was not made from these files: find out who wrote to the plan store
    ");

    // The same program runs where it was reviewed: the canary sings.
    lab.repository.git(&["switch", "--quiet", "change"]);
    put(&lab, &evil);
    lab.repository.kstack(&["apply", "--no-handoff"]).done();
    assert!(lab.canary().exists());
}

#[test]
fn a_bundle_that_hides_what_it_destroys_is_not_applied() {
    let lab = Lab::new("  protect = [\"terraform_*\"]\n");
    lab.repository.deliver();
    lab.repository.stack("net", "resource \"terraform_data\" \"b\" {}\n");
    lab.repository.commit("Drop what is protected");
    fs::remove_file(lab.repository.bundle()).unwrap();
    assert_eq!(lab.repository.kstack(&["plan"]).code, Some(1));
    let mut forged = taken(&lab);
    assert_eq!(forged.manifest.protected.len(), 1);
    forged.manifest.protected.clear();
    put(&lab, &forged);
    let ran = lab.repository.kstack(&["apply", "--no-handoff"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    insta::assert_snapshot!(ran.stderr, @"
    error: nothing was applied: not everything is as it was reviewed
      net (ops): refused by policy: `terraform_data.a`: it is protected, and would be lost (protected)

    hint: what is protected needs the line `kstack: allow destroy <address>` in the pull request's description
    hint: `kstack policy list` shows the rules; `kstack plan` what they say of a change
    ");
}
