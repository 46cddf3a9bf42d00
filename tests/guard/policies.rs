//! Policies over plans and objects: what they say, where it is shown, and that it holds when the plan is applied.

use std::fs;

use super::{DATA, Lab, section};

/// A change that drops what `main` has applied and protects.
fn loss() -> Lab {
    let lab = Lab::new("  protect = [\"terraform_*\"]\n");
    lab.repository.git(&["switch", "--quiet", "main"]);
    lab.repository.deliver();
    fs::remove_file(lab.repository.bundle()).unwrap();
    lab.repository.git(&["switch", "--quiet", "change"]);
    lab.repository.stack("net", &DATA.replace("\"a\"", "\"b\""));
    lab.repository.commit("Drop what is protected");
    lab
}

#[test]
fn what_is_protected_needs_the_word_in_the_description_at_plan_and_at_apply() {
    let lab = loss();
    let ran = lab.pull_request(&[]);
    assert_eq!(ran.code, Some(1), "{ran}");
    insta::assert_snapshot!(section(&ran.stdout, "Refused by policy"), @"- `terraform_data.a · net (ops)`: it is protected, and would be lost (protected): if that is meant, write the line `kstack: allow destroy terraform_data.a` into the pull request's description");
    let ran = lab.repository.kstack(&["apply", "--no-handoff"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    insta::assert_snapshot!(ran.stderr, @"
    error: nothing was applied: not everything is as it was reviewed
      net (ops): refused by policy: `terraform_data.a`: it is protected, and would be lost (protected)

    hint: what is protected needs the line `kstack: allow destroy <address>` in the pull request's description
    hint: `kstack policy list` shows the rules; `kstack plan` what they say of a change
    ");
    assert_eq!(lab.repository.state("net").resources.len(), 1);

    // The word for something else is none.
    let description = lab.repository.world.root().join("description.md");
    fs::write(&description, "kstack: allow destroy terraform_data.b\n").unwrap();
    let with = ["--description-file", "../description.md"];
    assert_eq!(lab.pull_request(&with).code, Some(1));
    fs::write(&description, "We moved on.\n\n- kstack: allow destroy terraform_data.a\n").unwrap();
    let ran = lab.pull_request(&with).done();
    assert!(!ran.stdout.contains("Refused by policy"), "{ran}");
    // Merged, and applied by a job that knows nothing of the pull request.
    lab.repository.git(&["switch", "--quiet", "main"]);
    lab.repository.git(&["merge", "--quiet", "--no-ff", "--message", "Merge", "change"]);
    lab.repository.kstack(&["apply", "--no-handoff"]).done();
}

#[test]
fn a_person_says_the_word_on_the_command_line() {
    let lab = loss();
    let ran = lab.repository.kstack(&["plan", "--dry-run"]);
    assert_eq!(ran.code, Some(1));
    insta::assert_snapshot!(ran, @r#"
    --- stdout ---
    environment  instances  create  change  replace  destroy  objects
    ops                  1       1       –        –        1        –

    Refused by policy
      terraform_data.a · net (ops): it is protected, and would be lost (protected): if that is meant, write the line `kstack: allow destroy terraform_data.a` into the pull request's description

    Destroyed or replaced, with what it holds
      - terraform_data.a destroyed, though protected: it is no longer in the configuration  net (ops)

    Everything else
      + terraform_data.b created (protected)  net (ops)
        + input = "ops"
          (2 attributes known after apply)

    Why
      net (ops): `infra/net/main.tf` modified, read through the stack's folder

    1 to create, 1 to destroy; 1 refused by policy
    --- stderr ---
    planned net (ops): 1 to add, 0 to change, 1 to destroy ([TIME])
    --- exit code 1 ---
    "#);
    lab.repository.kstack(&["plan", "--allow-destroy", "terraform_data.a"]).done();
    lab.repository.kstack(&["apply", "--no-handoff"]).done();
}

const RULES: &str = r#"package acme

# Nobody needs more than ten.
deny contains finding if {
  some change in input.resource_changes
  change.type == "terraform_data"
  change.after.input > 10
  finding := {"msg": sprintf("%v is too many", [change.after.input]), "address": change.address}
}

warn contains msg if {
  input.environment == "ops"
  count(input.resource_changes) > 1
  msg := "many changes at once"
}
"#;

const TESTS: &str = r#"package acme_test

import data.acme

change(size) := {"type": "terraform_data", "address": "terraform_data.x", "after": {"input": size}}

test_ten_is_enough if {
  count(acme.deny) == 0 with input as {"resource_changes": [change(10)]}
}

test_eleven_is_too_many if {
  some finding in acme.deny with input as {"resource_changes": [change(11)]}
  finding.address == "terraform_data.x"
}
"#;

fn with_rules() -> Lab {
    let lab = Lab::new("");
    lab.repository.git(&["switch", "--quiet", "main"]);
    lab.repository.write("policies/acme.rego", RULES);
    lab.repository.write("policies/acme_test.rego", TESTS);
    lab.repository.commit("Add rules");
    lab.repository.git(&["switch", "--quiet", "change"]);
    lab.repository.git(&["rebase", "--quiet", "main"]);
    lab
}

#[test]
fn rules_of_the_platforms_own_are_those_of_the_base_branch() {
    let lab = with_rules();
    lab.repository
        .stack("net", "resource \"terraform_data\" \"a\" {\n  input = 11\n}\n\nresource \"terraform_data\" \"b\" {}\n");
    lab.repository.commit("Ask for more");
    let ran = lab.pull_request(&[]);
    assert_eq!(ran.code, Some(1), "{ran}");
    insta::assert_snapshot!(section(&ran.stdout, "Refused by policy"), @"- `terraform_data.a · net (ops, apps)`: 11 is too many (data.acme.deny)");
    insta::assert_snapshot!(section(&ran.stdout, "Policy warnings"), @"- `data.acme.warn · net (ops)`: many changes at once (data.acme.warn)");
    // Weaker rules in the same change make it one that is only looked at, and do not count when it is run.
    lab.repository.write("policies/acme.rego", "package acme\n");
    lab.repository.commit("Ask nobody");
    assert!(!lab.pull_request(&[]).stdout.contains("terraform_data.b"));
    let ran = lab.pull_request(&["--label", "kstack/run"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.stdout.contains("11 is too many"), "{ran}");
}

#[test]
fn a_plan_that_rules_refuse_is_not_applied() {
    let lab = with_rules();
    lab.repository.stack("net", "resource \"terraform_data\" \"a\" {\n  input = 11\n}\n");
    lab.repository.commit("Ask for more");
    let ran = lab.repository.kstack(&["plan", "--format", "json"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    let review = ran.json().into_iter().find(|document| document["type"] == "review").unwrap();
    insta::assert_snapshot!(format!("{:#}", review["findings"]), @r#"
    [
      {
        "level": "deny",
        "rule": "data.acme.deny",
        "message": "11 is too many",
        "instance": {
          "stack": "net",
          "environment": "ops"
        },
        "address": "terraform_data.a",
        "instances": [
          {
            "stack": "net",
            "environment": "ops"
          }
        ]
      }
    ]
    "#);
    let ran = lab.repository.kstack(&["apply", "--no-handoff"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    insta::assert_snapshot!(ran.stderr, @"
    error: nothing was applied: not everything is as it was reviewed
      net (ops): refused by policy: `terraform_data.a`: 11 is too many (data.acme.deny)

    hint: `kstack policy list` shows the rules; `kstack plan` what they say of a change
    ");
}

#[test]
fn rules_are_tested_listed_and_told_where_they_are_wrong() {
    let lab = with_rules();
    insta::assert_snapshot!(lab.repository.kstack(&["policy", "test"]), @"
    --- stdout ---
    pass   data.acme_test.test_ten_is_enough  policies/acme_test.rego:7
    pass   data.acme_test.test_eleven_is_too_many  policies/acme_test.rego:11
    --- stderr ---
    2 passed
    --- exit code 0 ---
    ");
    let json = lab.repository.kstack(&["policy", "test", "--format", "json"]).done().json();
    assert_eq!(json[0]["tests"].as_array().unwrap().len(), 2);
    insta::assert_snapshot!(lab.repository.kstack(&["policy", "list"]), @"
    --- stdout ---
    RULE                  LEVEL  WHAT IT ASKS FOR
    protected             deny   what `protect` names is only destroyed or replaced with the word for it
    required-tags         deny   resources have the tags or labels of `policy.tags`
    open-to-world         warn   no firewall, bucket or cluster endpoint is open to every address
    iam-wildcard          warn   no role may do everything, and nobody at all is trusted
    unencrypted           warn   storage, databases and queues are encrypted
    deletion-protection   warn   in protected environments, data and clusters cannot be deleted by mistake
    privileged-pod        warn   no container is privileged or shares the node's namespaces
    host-path             warn   no pod mounts a folder of its node
    latest-tag            warn   images have a tag or digest that stays what it is
    public-load-balancer  warn   a Service of type `LoadBalancer` says who may reach it
    rbac-wildcard         warn   no role may do everything in the cluster
    plain-secret          warn   no Secret lies in the repository in clear
    data.acme.deny        deny   a rule of this platform
    data.acme.warn        warn   a rule of this platform

    CONSTRUCT          ALLOWED  WHAT IT DOES
    external           no       runs a program while planning: data `external`, `local_command`, key providers
    http               no       asks a server while planning: data `http`
    local-exec         no       runs a program on the machine that applies
    remote-exec        no       runs a program on, or copies files to, another machine
    provider-exec      no       lets a provider run a program to get credentials: block `exec`
    provider-endpoint  no       sends a provider, and its credentials, to another address
    outside-file       no       reads a file outside of the repository
    link               no       a stack, module or policy that is a symbolic link
    --- exit code 0 ---
    ");
    let json = lab.repository.kstack(&["policy", "list", "--format", "json"]).done().json();
    assert_eq!(json[0]["own"][0]["name"], "data.acme.deny");

    lab.repository.write("policies/acme_test.rego", &TESTS.replace("count(acme.deny) == 0", "count(acme.deny) == 1"));
    let ran = lab.repository.kstack(&["policy", "test"]);
    assert_eq!(ran.code, Some(1));
    insta::assert_snapshot!(ran, @"
    --- stdout ---
    fail   data.acme_test.test_ten_is_enough  policies/acme_test.rego:7
    pass   data.acme_test.test_eleven_is_too_many  policies/acme_test.rego:11
    --- stderr ---
    1 of 2 failed
    --- exit code 1 ---
    ");
    lab.repository.write("policies/acme.rego", &RULES.replace("> 10", "> "));
    insta::assert_snapshot!(lab.repository.kstack(&["policy", "test"]), @"
    --- stderr ---
    error: policies/acme.rego:8: expecting `}` while parsing query

    hint: `kstack policy test` compiles the policies and runs their tests
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(lab.repository.kstack(&["validate"]), @r#"
    --- stderr ---
    error: the platform has a problem

    error: expecting `}` while parsing query
     --> policies/acme.rego:8:1
      |
    8 |   finding := {"msg": sprintf("%v is too many", [change.after.input]), "address": change.address}
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    --- exit code 1 ---
    "#);
    insta::assert_snapshot!(lab.repository.kstack(&["policy", "test", "nowhere"]), @"
    --- stderr ---
    error: there is no `*.rego` below `nowhere`

    hint: rules lie in `policies/*.rego`, their tests in `policies/*_test.rego`
    --- exit code 1 ---
    ");
}

#[test]
fn objects_are_judged_and_the_guard_answers_on_a_laptop() {
    let lab = Lab::new("");
    lab.repository.stack("net", &format!("{DATA}\ndata \"external\" \"x\" {{\n  program = [\"x\"]\n}}\n"));
    let ran = lab.repository.kstack(&["validate", "--guard", "main"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    insta::assert_snapshot!(ran, @"
    --- stdout ---
    valid: 7 files, 1 stack, 2 environments

    Refused by policy
      infra/net/main.tf:13: data `external.x` runs a program while planning (external): to trust it, add `external:infra/net/main.tf` to `policy.allow` of `kstack.hcl` on the branch that this goes to

    Policy warnings
      infra/net/main.tf: provider `hashicorp/external` is new to the platform (provider): `policy.providers` of `kstack.hcl` would say which ones may be started

    no changes to objects; 1 refused by policy; 1 policy warning
    --- exit code 1 ---
    ");
    let json = lab.repository.kstack(&["validate", "--guard", "--format", "json"]).json();
    assert_eq!(json[0]["guard"][0]["rule"], "external");
    assert!(!lab.ran());
}
