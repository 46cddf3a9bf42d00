//! Changes of the pipeline itself, and changes from strangers: they are only looked at until a maintainer says otherwise.

use super::{DATA, Lab, section};

/// What is said of a change that is only looked at; it is no failure.
fn held(lab: &Lab) -> String {
    lab.repository.commit("Change the rules");
    let ran = lab.pull_request(&[]).done();
    assert!(!lab.ran(), "something ran:\n{ran}");
    format!("{}\n{}", section(&ran.stdout, "Policy warnings"), section(&ran.stdout, "Notices"))
}

#[test]
fn a_change_of_policy_workflow_or_state_gets_the_static_part_only() {
    let lab = Lab::new("  providers = []\n");
    let platform = lab.repository.world.read("kstack.hcl");
    let changed = platform.replace("providers = []", "providers = [\"evil/rogue\"]");
    lab.repository
        .write("kstack.hcl", &changed.replace("parallelism = 1", "parallelism = 1\n  plan_store = \"plans\""));
    lab.repository.write("policies/acme.rego", "package acme\n");
    lab.repository.write(".github/workflows/kstack.yml", "on: pull_request\n");
    lab.repository.write("environments/apps.tfbackend", "path = \"x\"\n");
    lab.repository.stack("net", &format!("{DATA}\nresource \"terraform_data\" \"b\" {{}}\n"));
    insta::assert_snapshot!(held(&lab), @"
    - `.github/workflows/kstack.yml`: the workflow changes (pipeline)
    - `environments/apps.tfbackend`: the place of the state changes (pipeline)
    - `policies/acme.rego`: the policies change (pipeline)
    - `kstack.hcl`: block `policy` changes (pipeline)
    - `kstack.hcl`: block `pipeline` changes (pipeline)
    - This pull request changes how changes are planned and applied (see the policy warnings), so nothing of it was run and there is no plan. A maintainer who has read it can have it planned with the label `kstack/run`.
    ");

    // The label is the base branch's to name.
    let ran = lab.pull_request(&["--label", "other", "--label", "kstack/run"]);
    assert!(ran.stdout.contains("terraform_data.b"), "{ran}");
}

#[test]
fn the_label_of_the_base_branch_counts_not_that_of_the_change() {
    let lab = Lab::new("  label = \"safe to run\"\n");
    let platform = lab.repository.world.read("kstack.hcl");
    lab.repository.write("kstack.hcl", &platform.replace("safe to run", "mine"));
    lab.repository.stack("net", &format!("{DATA}\nresource \"terraform_data\" \"b\" {{}}\n"));
    lab.repository.commit("Name another label");
    for label in ["mine", "kstack/run"] {
        assert!(lab.pull_request(&["--label", label]).done().stdout.contains("`safe to run`"));
        assert!(!lab.ran());
    }
    assert!(lab.pull_request(&["--label", "safe to run"]).done().stdout.contains("terraform_data.b"));
}

#[test]
fn what_a_label_lets_run_is_guarded_all_the_same() {
    let lab = Lab::new("");
    lab.repository.stack("net", "data \"external\" \"x\" {\n  program = [\"touch\", \"canary\"]\n}\n");
    lab.repository.commit("Attack");
    let ran = lab.pull_request(&["--fork", "--label", "kstack/run"]);
    assert_eq!((ran.code, lab.ran()), (Some(1), false), "{ran}");
    assert!(ran.stdout.contains("data `external.x`"), "{ran}");
}

#[test]
fn a_stranger_is_told_kindly_and_the_event_names_labels() {
    let mut lab = Lab::new("");
    lab.repository.stack("net", &format!("{DATA}\nresource \"terraform_data\" \"b\" {{}}\n"));
    lab.repository.commit("Add something");
    let tip = |branch: &str| lab.repository.world.read(&format!(".git/refs/heads/{branch}")).trim().to_owned();
    let event = |labels: &[&str]| {
        serde_json::json!({"action": "opened", "pull_request": {
            "number": 7,
            "base": {"sha": tip("main"), "ref": "main", "repo": {"full_name": "acme/lab"}},
            "head": {"sha": tip("change"), "ref": "change", "repo": {"full_name": "stranger/lab"}},
            "body": "kstack: allow destroy terraform_data.a",
            "labels": labels.iter().map(|name| serde_json::json!({"name": name})).collect::<Vec<_>>(),
        }})
        .to_string()
    };
    let (bare, labelled) = (event(&[]), event(&["x", "kstack/run"]));
    let path = lab.repository.world.root().join("event.json");
    lab.repository.world.set("GITHUB_EVENT_NAME", "pull_request");
    lab.repository.world.set("GITHUB_EVENT_PATH", &path);
    std::fs::write(&path, bare).unwrap();
    let ran = lab.repository.kstack(&["ci"]).done();
    insta::assert_snapshot!(section(&ran.stdout, "Notices"), @"- This pull request comes from another repository. Thank you! Its files were checked and its objects rendered, but nothing of it was run, so there is no plan. A maintainer who has read it can have it planned with the label `kstack/run`, or by pushing the branch to this repository.");
    assert!(!lab.ran());
    std::fs::write(&path, labelled).unwrap();
    assert!(lab.repository.kstack(&["ci"]).done().stdout.contains("terraform_data.b"));
}

#[test]
fn an_edited_comment_applies_nothing() {
    let mut lab = Lab::new("");
    let path = lab.repository.world.root().join("event.json");
    let event = serde_json::json!({"action": "edited", "comment": {"body": "kstack apply"}, "issue": {"number": 1, "pull_request": {}}});
    std::fs::write(&path, event.to_string()).unwrap();
    lab.repository.world.set("GITHUB_EVENT_NAME", "issue_comment");
    lab.repository.world.set("GITHUB_EVENT_PATH", &path);
    insta::assert_snapshot!(lab.repository.kstack(&["ci"]), @"
    --- stderr ---
    error: kstack does nothing for event `issue_comment`

    hint: start the job for pull requests (merge requests), for pushes of branches and tags, and on a schedule
    --- exit code 64 ---
    ");
    assert!(!lab.ran());
}
