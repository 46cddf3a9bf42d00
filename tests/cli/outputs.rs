//! `kstack outputs`: states that Terraform wrote, and states as they should not be.

use crate::support::{cli::Ran, moto::Moto, repository::Repository};

/// A platform in which nothing was applied, with states as they are given: path below the folder of states, and text.
fn platform(states: &[(&str, &str)]) -> Repository {
    let repository = Repository::new();
    for stack in ["cluster", "network"] {
        repository.stack(stack, "");
    }
    repository.stack("account", "");
    repository.write("infra/account/stack.hcl", "shared = true\n");
    repository.stack("late", "");
    repository.write("infra/late/stack.hcl", "environments = [\"apps\"]\n");
    for (path, text) in states {
        repository.write(&format!(".kstack/state/{path}.tfstate"), text);
    }
    repository
}

/// A state with these outputs.
fn state(outputs: &str) -> String {
    format!(
        r#"{{"version":4,"terraform_version":"1.11.4","serial":3,"lineage":"l","outputs":{{{outputs}}},"resources":[]}}"#
    )
}

/// A platform with two applied environments.
fn applied() -> Repository {
    let network = r#"
        "vpc_id": {"value": "vpc-1", "type": "string"},
        "zones":  {"value": ["a", "b"], "type": ["list", "string"]},
        "count":  {"value": 2, "type": "number"},
        "text":   {"value": "2", "type": "string"},
        "key":    {"value": "hush-hush", "type": "string", "sensitive": true},
        "pem":    {"value": "one\ntwo\n", "type": "string"},
        "odd":    {"value": "\u001b[2J", "type": "string"},
        "none":   {"value": null, "type": "dynamic"}"#;
    platform(&[
        ("ops/network", &state(network)),
        ("apps/network", &state(&network.replace("vpc-1", "vpc-2"))),
        ("ops/cluster", &state("")),
        ("shared/account", &state(r#""bucket": {"value": "acme-state", "type": "string"}"#)),
    ])
}

fn outputs(repository: &Repository, arguments: &[&str]) -> Ran {
    repository.kstack(&[&["outputs"], arguments].concat())
}

#[test]
fn what_terraform_wrote_is_read_without_terraform() {
    let mut repository = Repository::new();
    repository.stack(
        "network",
        r#"
        output "vpc" { value = { id = "vpc-1", zones = ["a", "b"] } }
        output "environment" { value = var.environment }
        output "password" {
          value     = "hush-hush"
          sensitive = true
        }"#,
    );
    repository.commit("Add the network");
    repository.deliver();
    // From here on there is no program to ask.
    repository.world.set("PATH", "");
    insta::assert_snapshot!(outputs(&repository, &[]), @r#"
    --- stdout ---
    STACK    ENVIRONMENT  OUTPUT       VALUE
    network  ops          environment  ops
    network  ops          password     (sensitive)
    network  ops          vpc          {"id":"vpc-1","zones":["a","b"]}
    --- exit code 0 ---
    "#);
    let raw = outputs(&repository, &["network", "password", "--raw"]).done();
    assert_eq!((raw.stdout.as_str(), raw.stderr.as_str()), ("hush-hush", ""));
}

#[test]
fn all_stacks_at_once() {
    let repository = applied();
    insta::assert_snapshot!(outputs(&repository, &[]), @r#"
    --- stdout ---
    STACK    ENVIRONMENT  OUTPUT  VALUE
    account  shared       bucket  acme-state
    cluster  ops                  (no outputs)
    network  ops          count   2
    network  ops          key     (sensitive)
    network  ops          none    null
    network  ops          odd     "\u001b[2J"
    network  ops          pem     "one\ntwo\n"
    network  ops          text    "2"
    network  ops          vpc_id  vpc-1
    network  ops          zones   ["a","b"]
    --- exit code 0 ---
    "#);
    let both = outputs(&repository, &["network", "vpc_id", "--environment", "apps", "--environment", "ops"]);
    insta::assert_snapshot!(both, @"
    --- stdout ---
    STACK    ENVIRONMENT  OUTPUT  VALUE
    network  ops          vpc_id  vpc-1
    network  apps         vpc_id  vpc-2
    --- exit code 0 ---
    ");
    insta::assert_snapshot!(outputs(&repository, &["network", "--show-sensitive", "--environment", "apps"]), @r#"
    --- stdout ---
    STACK    ENVIRONMENT  OUTPUT  VALUE
    network  apps         count   2
    network  apps         key     hush-hush
    network  apps         none    null
    network  apps         odd     "\u001b[2J"
    network  apps         pem     "one\ntwo\n"
    network  apps         text    "2"
    network  apps         vpc_id  vpc-2
    network  apps         zones   ["a","b"]
    --- exit code 0 ---
    "#);
}

#[test]
fn one_output() {
    let repository = applied();
    insta::assert_snapshot!(outputs(&repository, &["network", "zones"]), @r#"
    --- stdout ---
    [
      "a",
      "b"
    ]
    --- exit code 0 ---
    "#);
    insta::assert_snapshot!(outputs(&repository, &["network", "odd"]), @r"
    --- stdout ---
    \u{1b}[2J
    --- exit code 0 ---
    ");
    insta::assert_snapshot!(outputs(&repository, &["network", "key"]), @"
    --- stdout ---
    (sensitive)
    --- exit code 0 ---
    ");
    for (name, value) in
        [("vpc_id", "vpc-1"), ("count", "2"), ("key", "hush-hush"), ("pem", "one\ntwo\n"), ("odd", "\u{1b}[2J")]
    {
        assert_eq!(outputs(&repository, &["network", name, "--raw"]).done().stdout, value, "{name}");
    }
    insta::assert_snapshot!(outputs(&repository, &["network", "zones", "--raw"]), @"
    --- stderr ---
    error: output `zones` is neither a text, a number nor a boolean

    hint: `--format json` prints what it is
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(outputs(&repository, &["network", "vpc_id", "--raw", "-e", "ops", "-e", "apps"]), @"
    --- stderr ---
    error: `--raw` prints one value: name one environment with `--environment`
    --- exit code 64 ---
    ");
}

#[test]
fn json_has_a_document_for_each_instance() {
    let repository = applied();
    let all = outputs(&repository, &["--format", "json"]);
    assert!(!all.to_string().contains("hush-hush"), "{all}");
    insta::assert_snapshot!(all, @r#"
    --- stdout ---
    {"type":"outputs","version":1,"instance":{"stack":"account","environment":null},"state":"[WORLD]/work/.kstack/state/shared/account.tfstate","serial":3,"outputs":{"bucket":{"sensitive":false,"value":"acme-state"}}}
    {"type":"outputs","version":1,"instance":{"stack":"cluster","environment":"ops"},"state":"[WORLD]/work/.kstack/state/ops/cluster.tfstate","serial":3,"outputs":{}}
    {"type":"outputs","version":1,"instance":{"stack":"network","environment":"ops"},"state":"[WORLD]/work/.kstack/state/ops/network.tfstate","serial":3,"outputs":{"count":{"sensitive":false,"value":2},"key":{"sensitive":true},"none":{"sensitive":false,"value":null},"odd":{"sensitive":false,"value":"\u001b[2J"},"pem":{"sensitive":false,"value":"one\ntwo\n"},"text":{"sensitive":false,"value":"2"},"vpc_id":{"sensitive":false,"value":"vpc-1"},"zones":{"sensitive":false,"value":["a","b"]}}}
    --- exit code 0 ---
    "#);
    insta::assert_snapshot!(outputs(&repository, &["network", "key", "--show-sensitive", "--format", "json"]), @r#"
    --- stdout ---
    {"type":"outputs","version":1,"instance":{"stack":"network","environment":"ops"},"state":"[WORLD]/work/.kstack/state/ops/network.tfstate","serial":3,"outputs":{"key":{"sensitive":true,"value":"hush-hush"}}}
    --- exit code 0 ---
    "#);
    insta::assert_snapshot!(outputs(&repository, &["network", "key", "--raw", "--format", "json"]), @r#"
    --- stdout ---
    {"type":"error","version":1,"message":"`--raw` and `--format json` are two forms of the same","causes":[],"hints":[],"problems":[]}
    --- stderr ---
    error: `--raw` and `--format json` are two forms of the same
    --- exit code 64 ---
    "#);
}

#[test]
fn a_name_that_is_not_there_is_answered_with_the_nearest() {
    let repository = applied();
    let answer = |arguments: &[&str]| format!("$ {}\n{}", arguments.join(" "), outputs(&repository, arguments));
    let answers = [
        &["netwrok"][..],
        &["network", "vpcid"],
        &["cluster", "vpc_id"],
        &["network", "--environment", "prod"],
        &["late", "--environment", "ops"],
        &["late"],
        &["network", "--raw"],
    ];
    insta::assert_snapshot!(answers.map(answer).join("\n\n"), @"
    $ netwrok
    --- stderr ---
    error: there is no stack `netwrok`

    hint: did you mean `network`?
    --- exit code 1 ---

    $ network vpcid
    --- stderr ---
    error: network (ops) has no output `vpcid`

    hint: did you mean `vpc_id`?
    --- exit code 1 ---

    $ cluster vpc_id
    --- stderr ---
    error: cluster (ops) has no output `vpc_id`

    hint: an output that is new in the configuration is there after `kstack apply`
    --- exit code 1 ---

    $ network --environment prod
    --- stderr ---
    error: there is no environment `prod`

    hint: `kstack.hcl` has: `ops`, `apps`
    --- exit code 1 ---

    $ late --environment ops
    --- stderr ---
    error: stack `late` is not in environment `ops`

    hint: it is in: `apps`
    --- exit code 1 ---

    $ late
    --- stderr ---
    error: late (apps) has no state yet

    hint: `kstack plan` and `kstack apply` bring it about
    --- exit code 1 ---

    $ network --raw
    --- stderr ---
    error: the following required arguments were not provided:
      <NAME>

    Usage: kstack outputs --raw <STACK> <NAME>

    For more information, try '--help'.
    --- exit code 64 ---
    ");
}

#[test]
fn a_state_that_cannot_be_read_is_named() {
    let encrypted = r#"{"serial":1,"lineage":"l","meta":{"key_provider.pbkdf2.main":"e30="},
        "encrypted_data":"aHVzaA==","encryption_version":"v0"}"#;
    let answer = |text: &str| outputs(&platform(&[("ops/network", text)]), &["network"]).to_string();
    let answers = [encrypted, r#"{"version":3,"serial":1}"#, "{\"version\":4,\"outp", ""].map(answer);
    insta::assert_snapshot!(answers.join("\n\n"), @"
    --- stderr ---
    error: cannot read the state `[WORLD]/work/.kstack/state/ops/network.tfstate`
      caused by: it is encrypted by OpenTofu, and only `tofu` has the keys

    hint: set `KSTACK_TERRAFORM` to `tofu`, and whatever its `encryption` needs: kstack leaves such states to it
    --- exit code 1 ---

    --- stderr ---
    error: cannot read the state `[WORLD]/work/.kstack/state/ops/network.tfstate`
      caused by: it has format 3, only 4 is known

    hint: Terraform 0.12 and newer write format 4: `terraform apply` with a newer version converts an older state
    --- exit code 1 ---

    --- stderr ---
    error: cannot read the state `[WORLD]/work/.kstack/state/ops/network.tfstate`
      caused by: it is no valid state
      caused by: EOF while parsing a string at line 1 column 18

    hint: put back an older version of it: buckets for states keep them, and Terraform a `.backup` beside a file
    --- exit code 1 ---

    --- stderr ---
    error: network (ops) has no state yet

    hint: `kstack plan` and `kstack apply` bring it about
    --- exit code 1 ---
    ");
}

#[test]
fn a_state_that_cannot_be_read_hides_no_other() {
    let broken = platform(&[
        ("ops/cluster", "{\"version\":5,\"serial\":1}"),
        ("ops/network", &state(r#""vpc_id": {"value": "vpc-1", "type": "string"}"#)),
    ]);
    insta::assert_snapshot!(outputs(&broken, &[]), @"
    --- stdout ---
    STACK    ENVIRONMENT  OUTPUT  VALUE
    account  shared               (no state yet)
    cluster  ops                  (cannot be read)
    network  ops          vpc_id  vpc-1
    --- stderr ---
    error: cannot read the state `[WORLD]/work/.kstack/state/ops/cluster.tfstate`
      caused by: it has format 5, only 4 is known

    hint: Terraform 0.12 and newer write format 4: `terraform apply` with a newer version converts an older state
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(outputs(&broken, &["--format", "json"]), @r#"
    --- stdout ---
    {"type":"outputs","version":1,"instance":{"stack":"account","environment":null},"state":"[WORLD]/work/.kstack/state/shared/account.tfstate","serial":null,"outputs":null}
    {"type":"outputs","version":1,"instance":{"stack":"cluster","environment":"ops"},"state":"[WORLD]/work/.kstack/state/ops/cluster.tfstate","serial":null,"outputs":null,"error":"cannot read the state `[WORLD]/work/.kstack/state/ops/cluster.tfstate`: it has format 5, only 4 is known"}
    {"type":"outputs","version":1,"instance":{"stack":"network","environment":"ops"},"state":"[WORLD]/work/.kstack/state/ops/network.tfstate","serial":3,"outputs":{"vpc_id":{"sensitive":false,"value":"vpc-1"}}}
    {"type":"error","version":1,"message":"cannot read the state `[WORLD]/work/.kstack/state/ops/cluster.tfstate`","causes":["it has format 5, only 4 is known"],"hints":["Terraform 0.12 and newer write format 4: `terraform apply` with a newer version converts an older state"],"problems":[]}
    --- stderr ---
    error: cannot read the state `[WORLD]/work/.kstack/state/ops/cluster.tfstate`
      caused by: it has format 5, only 4 is known

    hint: Terraform 0.12 and newer write format 4: `terraform apply` with a newer version converts an older state
    --- exit code 1 ---
    "#);
    broken.write(".kstack/state/shared/account.tfstate", "<html>");
    insta::assert_snapshot!(outputs(&broken, &[]), @"
    --- stdout ---
    STACK    ENVIRONMENT  OUTPUT  VALUE
    account  shared               (cannot be read)
    cluster  ops                  (cannot be read)
    network  ops          vpc_id  vpc-1
    --- stderr ---
    error: 2 of 3 states cannot be read
      account (shared): cannot read the state `[WORLD]/work/.kstack/state/shared/account.tfstate`: it is no valid state: expected value at line 1 column 1
      cluster (ops): cannot read the state `[WORLD]/work/.kstack/state/ops/cluster.tfstate`: it has format 5, only 4 is known

    hint: put back an older version of it: buckets for states keep them, and Terraform a `.backup` beside a file
    hint: Terraform 0.12 and newer write format 4: `terraform apply` with a newer version converts an older state
    --- exit code 1 ---
    ");
}

#[test]
fn all_environments() {
    let repository = applied();
    insta::assert_snapshot!(outputs(&repository, &["network", "vpc_id", "--all"]), @"
    --- stdout ---
    STACK    ENVIRONMENT  OUTPUT  VALUE
    network  ops          vpc_id  vpc-1
    network  apps         vpc_id  vpc-2
    --- exit code 0 ---
    ");
    insta::assert_snapshot!(outputs(&repository, &["--all", "--environment", "ops"]), @"
    --- stderr ---
    error: the argument '--all' cannot be used with '--environment <NAME>'

    Usage: kstack outputs --all [STACK] [NAME]

    For more information, try '--help'.
    --- exit code 64 ---
    ");
}

#[test]
fn states_in_a_bucket_are_read_where_they_lie() {
    let mut repository = platform(&[]);
    let moto = Moto::start(repository.world.root());
    for (name, value) in moto.variables() {
        repository.world.set(name, value);
    }
    let text = repository.world.read("kstack.hcl");
    let bucket = "state \"s3\" {\n  bucket = \"acme-state\"\n  region = \"eu-west-1\"\n}";
    repository.write("kstack.hcl", &text.replace("state \"local\" {}", bucket));
    insta::assert_snapshot!(outputs(&repository, &[]), @"
    --- stderr ---
    error: there is no `s3://acme-state`

    hint: `kstack bootstrap` makes it; if it is there, check the `state` of `kstack.hcl` and the account
    --- exit code 1 ---
    ");

    moto.make_bucket("acme-state");
    insta::assert_snapshot!(outputs(&repository, &[]), @"
    --- stdout ---
    STACK    ENVIRONMENT  OUTPUT  VALUE
    account  shared               (no state yet)
    cluster  ops                  (no state yet)
    network  ops                  (no state yet)
    --- exit code 0 ---
    ");
    let put = |key: &str, text: &str| {
        let text = serde_json::to_string(text).unwrap();
        moto.call("s3", &format!("client.put_object(Bucket='acme-state', Key='{key}', Body={text})"))
    };
    put("ops/network.tfstate", &state(r#""vpc_id": {"value": "vpc-1", "type": "string"}"#));
    insta::assert_snapshot!(outputs(&repository, &[]), @"
    --- stdout ---
    STACK    ENVIRONMENT  OUTPUT  VALUE
    account  shared               (no state yet)
    cluster  ops                  (no state yet)
    network  ops          vpc_id  vpc-1
    --- exit code 0 ---
    ");
    insta::assert_snapshot!(outputs(&repository, &["network", "--format", "json"]), @r#"
    --- stdout ---
    {"type":"outputs","version":1,"instance":{"stack":"network","environment":"ops"},"state":"s3://acme-state/ops/network.tfstate","serial":3,"outputs":{"vpc_id":{"sensitive":false,"value":"vpc-1"}}}
    --- exit code 0 ---
    "#);
    put("shared/account.tfstate", "<Error/>");
    insta::assert_snapshot!(outputs(&repository, &[]), @"
    --- stdout ---
    STACK    ENVIRONMENT  OUTPUT  VALUE
    account  shared               (cannot be read)
    cluster  ops                  (no state yet)
    network  ops          vpc_id  vpc-1
    --- stderr ---
    error: cannot read the state `s3://acme-state/shared/account.tfstate`
      caused by: it is no valid state
      caused by: expected value at line 1 column 1

    hint: put back an older version of it: buckets for states keep them, and Terraform a `.backup` beside a file
    --- exit code 1 ---
    ");
}
