//! `modules/local/cluster` applied by the real Terraform with a fake of kstack (`tests/local/fake/kstack`), which writes a
//! kubeconfig and starts nothing: what the module does around a sandbox. `chain/local.rs` runs it with the real one.

use std::{fs, path::PathBuf};

use serde_json::json;

use super::applied::{self, Stack};

const MAIN: &str = r#"
module "cluster" {
  source = "../../modules/local/cluster"

  environment  = "ops"
  sandbox_home = "HOME"

  configuration = {
    apps = {
      name_prefix = "gc0"
      base_domain = "platform.example.com"
    }

    ops = {}
  }
}

output "cluster" {
  value = module.cluster.cluster
}
"#;

#[test]
fn a_sandbox_is_made_read_renamed_and_removed() {
    let mut world = Stack::world(&[]).unwrap();
    for program in ["base64", "cat", "mkdir", "rm"] {
        world.install(program); // for the fake
    }
    let fake = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/local/fake/kstack");
    world.set("KSTACK", fake);
    let calls = world.root().join("calls");
    world.set("FAKE_KSTACK_CALLS", &calls);
    let home = world.root().join("kstack home"); // a space: nothing may depend on its absence
    applied::copy_modules(&world);
    let aside = world.root().join("aside");
    let stack = Stack::new(world, "infra/local-gc0", &[]);
    stack.write("main.tf", &MAIN.replace("HOME", home.to_str().unwrap()));
    stack.terraform(&["init"]);

    // The sandbox is there before its kubeconfig is read.
    stack.apply();
    let kubeconfig = home.join("sandboxes/gc0-ops-local/kubeconfig");
    assert_eq!(
        stack.output("cluster"),
        json!({
            "name": "gc0-ops-local",
            "provider": "local",
            "region": "local",
            "endpoint": "https://127.0.0.1:6443",
            "ca_certificate": "YSBjZXJ0aWZpY2F0ZQ==",
            "version": null,
            "auth": { "type": "kubeconfig", "path": kubeconfig.to_str().unwrap(), "context": "gc0-ops-local" },
        })
    );
    let state = stack.read("terraform.tfstate");
    assert!(state.contains("https://127.0.0.1:6443") && !state.contains("a-credential"), "{state}");
    stack.must_be_converged();

    // On another machine the file is missing: no error, and no address.
    fs::rename(&kubeconfig, &aside).unwrap();
    stack.apply();
    assert!(stack.output("cluster")["endpoint"].is_null());
    fs::rename(&aside, &kubeconfig).unwrap();

    // Another name is another sandbox.
    stack.edit("main.tf", &[("\"gc0\"", "\"ml0\"")]);
    stack.apply();
    let path = home.join("sandboxes/ml0-ops-local/kubeconfig");
    assert_eq!(stack.output("cluster")["auth"]["path"], path.to_str().unwrap());
    stack.terraform(&["destroy", "-auto-approve"]);
    let expected = "sandbox up gc0-ops-local --quiet\nsandbox down gc0-ops-local\n\
                    sandbox up ml0-ops-local --quiet\nsandbox down ml0-ops-local\n";
    assert_eq!(fs::read_to_string(calls).unwrap(), expected);
}
