//! What runs when, as `kstack apply` tells it: the order of stacks that come and go, and holds.

use std::fs;

use serde_json::Value;

use crate::support::repository::Repository;

const GREETING: &str = "resource \"terraform_data\" \"greeting\" {\n  input = \"hello\"\n}\n";

/// The events of a run, without those that Terraform tells.
fn events(stdout: &str) -> Vec<Value> {
    let documents = stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    documents.filter(|document| document["type"] == "event").collect()
}

fn finished(events: &[Value]) -> Vec<&str> {
    let ended = events.iter().filter(|event| event["event"] == "finished");
    ended.map(|event| event["instance"]["stack"].as_str().unwrap()).collect()
}

#[test]
fn what_goes_is_destroyed_in_reverse_and_a_throttled_run_goes_slower() {
    let repository = Repository::new();
    let platform = repository.world.read("kstack.hcl").replace("parallelism = 1", "parallelism = \"auto\"");
    repository.write("kstack.hcl", &platform);
    // By name, each would go in the wrong order.
    for (stack, after) in [("a-base", ""), ("b-top", "after = [\"a-base\"]\n"), ("c-stays", "after = [\"a-base\"]\n")] {
        repository.stack(stack, GREETING);
        repository.write(&format!("infra/{stack}/stack.hcl"), after);
    }
    repository.commit("Add three stacks");
    repository.deliver();

    // `a-base` and `b-top` go; `c-stays` lets go of `a-base`, and is throttled once.
    for stack in ["a-base", "b-top"] {
        fs::remove_dir_all(repository.world.work().join("infra").join(stack)).unwrap();
    }
    repository.write("infra/c-stays/stack.hcl", "");
    let mark = repository.world.root().join("asked");
    let command =
        format!("[ -e {0} ] || {{ echo > {0}; echo ThrottlingException: Rate exceeded >&2; exit 1; }}", mark.display());
    let asked = format!(
        "resource \"terraform_data\" \"asked\" {{\n  provisioner \"local-exec\" {{\n    command = \"{command}\"\n  }}\n}}\n"
    );
    repository.stack("c-stays", &format!("{GREETING}\n{asked}"));
    repository.commit("Remove two stacks and change the third");
    let _ = repository.kstack(&["plan"]).done();
    let ran = repository.kstack(&["apply", "--no-handoff", "--format", "json"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    let told = events(&ran.stdout);
    let held: Vec<&Value> = told.iter().filter(|event| event["event"] == "held").collect();
    assert_eq!(held.len(), 1, "{ran}");
    assert_eq!((&held[0]["because"], &held[0]["limit"]), (&"throttling".into(), &1.into()), "{ran}");
    assert!(ran.stderr.contains("no more than 1 at once for now: the cloud asks for fewer requests"), "{ran}");
    // What might still use it has failed, so `a-base` is not destroyed.
    let mut ended = finished(&told);
    ended.sort_unstable();
    assert_eq!(ended, ["b-top", "c-stays"]);

    let _ = repository.kstack(&["plan", "--pending"]).done();
    let ran = repository.kstack(&["apply", "--no-handoff", "--format", "json"]);
    assert_eq!((ran.code, finished(&events(&ran.stdout))), (Some(0), vec!["c-stays", "a-base"]), "{ran}");
    assert!(repository.state("a-base").resources.is_empty());
}
