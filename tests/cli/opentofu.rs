//! Platforms that are planned and applied by OpenTofu, with and without its encryption.

use crate::support::{cli::Ran, programs, repository::Repository};

/// The platform with OpenTofu as its program; `None` where it cannot be had.
fn platform() -> Option<Repository> {
    let mut repository = Repository::new();
    repository.world.set("KSTACK_TERRAFORM", programs::tofu()?);
    Some(repository)
}

/// A stack with one resource and an output, and what encrypts it.
fn main(input: &str, encrypted: &[&str]) -> String {
    let targets: String =
        encrypted.iter().map(|what| format!("    {what} {{\n      method = method.aes_gcm.main\n    }}\n")).collect();
    let encryption = format!(
        r#"terraform {{
          encryption {{
            key_provider "pbkdf2" "main" {{
              passphrase = "correct horse battery staple"
              iterations = 200000
            }}
            method "aes_gcm" "main" {{ keys = key_provider.pbkdf2.main }}
            {targets}
          }}
        }}"#
    );
    let encryption = if encrypted.is_empty() { "" } else { &encryption };
    format!(
        "{encryption}\nresource \"terraform_data\" \"a\" {{ input = \"{input}\" }}\noutput \"id\" {{ value = terraform_data.a.output }}"
    )
}

fn outputs(repository: &Repository, arguments: &[&str]) -> Ran {
    repository.kstack(&[&["outputs"], arguments].concat())
}

#[test]
fn a_platform_is_planned_applied_and_planned_again() {
    let Some(repository) = platform() else { return };
    repository.stack("network", &main("one", &[]));
    repository.commit("Add the network");
    insta::assert_snapshot!(repository.kstack(&["plan"]), @r#"
    --- stdout ---
    environment  instances  create  change  replace  destroy  objects
    ops                  1       1       –        –        –        –

    Everything else
      + terraform_data.a created  network (ops)
        + input = "one"
          (2 attributes known after apply)

    Outputs
      network (ops)
        + id = (known after apply)

    1 to create
    --- stderr ---
    planned network (ops): 1 to add, 0 to change, 0 to destroy ([TIME])
    the plans are kept in `[WORLD]/work/.kstack/pipeline/plans`
    --- exit code 0 ---
    "#);
    insta::assert_snapshot!(repository.kstack(&["apply", "--no-handoff"]), @"
    --- stderr ---
    applied network (ops): 1 added, 0 changed, 0 destroyed ([TIME])
    --- exit code 0 ---
    ");
    let again = repository.kstack(&["plan", "--all", "--detailed-exitcode"]);
    assert_eq!(again.code, Some(0), "{again}");

    repository.stack("network", &main("two", &[]));
    repository.commit("Change the network");
    let _ = repository.kstack(&["plan"]).done();
    let shown = repository.kstack(&["bundle", "show", "network", "--format", "json"]).done().json().remove(0);
    assert_eq!(shown["manifest"]["terraform"]["product"], "OpenTofu", "{shown}");
    let _ = repository.kstack(&["apply", "--no-handoff"]).done();
    assert_eq!(outputs(&repository, &["network", "id", "--raw"]).done().stdout, "two");

    // A plan is for the program that made it.
    repository.stack("network", &main("three", &[]));
    repository.commit("Change it again");
    let _ = repository.kstack(&["plan"]).done();
    let mut repository = repository;
    repository.world.set("KSTACK_TERRAFORM", "terraform");
    let refused = repository.kstack(&["apply", "--no-handoff"]);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(refused.stderr.contains("terraform version differs: reviewed OpenTofu 1."), "{refused}");
}

#[test]
fn an_encrypted_state_is_left_to_tofu() {
    let Some(mut repository) = platform() else { return };
    repository.stack("network", &main("one", &["state"]));
    repository.commit("Add the network");
    repository.deliver();
    let state = repository.world.read(".kstack/state/ops/network.tfstate");
    assert!(state.contains("encrypted_data") && !state.contains("terraform_data"), "{state}");
    // Which state it is can be told, so a plan is held against it as against any other.
    repository.stack("network", &main("two", &["state"]));
    repository.commit("Change the network");
    repository.deliver();
    insta::assert_snapshot!(outputs(&repository, &[]), @"
    --- stdout ---
    STACK    ENVIRONMENT  OUTPUT  VALUE
    network  ops          id      two
    --- stderr ---
    the state of network (ops) is encrypted: asking `tofu state pull`
    --- exit code 0 ---
    ");
    assert_eq!(outputs(&repository, &["network", "id", "--raw"]).done().stdout, "two");

    repository.world.set("KSTACK_TERRAFORM", "terraform");
    insta::assert_snapshot!(outputs(&repository, &[]), @"
    --- stderr ---
    error: cannot read the state `[WORLD]/work/.kstack/state/ops/network.tfstate`
      caused by: it is encrypted by OpenTofu, and only `tofu` has the keys

    hint: set `KSTACK_TERRAFORM` to `tofu`, and whatever its `encryption` needs: kstack leaves such states to it
    --- exit code 1 ---
    ");
}

#[test]
fn an_encrypted_plan_can_be_seen_but_not_kept() {
    let Some(repository) = platform() else { return };
    repository.stack("network", &main("one", &["plan"]));
    repository.commit("Add the network");
    insta::assert_snapshot!(repository.kstack(&["plan", "--dry-run"]), @r#"
    --- stdout ---
    environment  instances  create  change  replace  destroy  objects
    ops                  1       1       –        –        –        –

    Everything else
      + terraform_data.a created  network (ops)
        + input = "one"
          (2 attributes known after apply)

    Outputs
      network (ops)
        + id = (known after apply)

    Notices
      network (ops): what is sensitive in states that the plan reads cannot be told: the plan is encrypted by OpenTofu, and only `tofu` has the keys
      network (ops): the plan was read by `show -json`: the plan is encrypted by OpenTofu, and only `tofu` has the keys

    1 to create
    --- stderr ---
    planned network (ops): 1 to add, 0 to change, 0 to destroy ([TIME])
    --- exit code 0 ---
    "#);
    insta::assert_snapshot!(repository.kstack(&["plan"]), @"
    --- stdout ---
    environment  instances  create  change  replace  destroy  objects
    ops                  1       –       –        –        –        –

    Failed: network (ops)
      a plan that OpenTofu encrypts cannot be kept, since nothing could hold it against the commit: take `plan` out of the stack's `encryption`, and set `recipients` in `kstack.hcl`

    no changes to infrastructure; 1 failed
    --- stderr ---
    failed network (ops): a plan that OpenTofu encrypts cannot be kept, since nothing could hold it against the commit: take `plan` out of the stack's `encryption`, and set `recipients` in `kstack.hcl` ([TIME])
    --- exit code 1 ---
    ");
}
