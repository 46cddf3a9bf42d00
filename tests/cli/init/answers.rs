//! Answers of `kstack init` from a file, from standard input and on a terminal.

use super::*;

/// The answers of a platform at AWS, and a mistake for each kind.
const ANSWERS: &str = r#"
platform "acme" {
  base_domain = "acme.example.com"
  repository  = "https://git.example.com/acme/platform"
}

state "s3" {
  bucket = "acme-state"
  region = "eu-west-1"
}

cluster "gc0" {
  provider = "aws"
  region   = "eu-west-1"
}
"#;

#[test]
fn answers_come_from_a_file_and_flags_stand_over_them() {
    let world = world();
    world.write("answers.hcl", ANSWERS);
    init(&world, &["one", "--answers", "answers.hcl"]).done();
    assert!(world.read("one/kstack.hcl").contains("platform \"acme\""));
    assert!(world.read("one/infra/eks-gc0-eu-west-1/main.tf").contains("10.0.0.0/16"));
    let flags = ["--base-domain", "other.example.com", "--cluster", "local:lab", "--cluster", "aws:gc1:us-east-2"];
    init(&world, &[&["two", "--answers", "answers.hcl"][..], &flags].concat()).done();
    assert!(world.read("two/kstack.hcl").contains("other.example.com"));
    assert!(world.read("two/infra/eks-gc1-us-east-2/main.tf").contains("us-east-2a"));
    assert!(
        world.work().join("two/infra/local-lab").is_dir() && !world.work().join("two/infra/eks-gc0-eu-west-1").exists()
    );
}

#[test]
fn answers_come_from_standard_input() {
    let world = world();
    let mut command = world.command(env!("CARGO_BIN_EXE_kstack"), &world.work());
    command.args(["init", "acme", "--engine-manifests", "../engine.yaml", "--quiet", "--answers", "-"]);
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    process.stdin.take().unwrap().write_all(ANSWERS.as_bytes()).unwrap();
    assert!(process.wait().unwrap().success());
    assert!(world.read("acme/kstack.hcl").contains("platform \"acme\""));
}

#[test]
fn printed_answers_make_the_same_platform_and_write_nothing() {
    let world = world();
    let flags = [
        "--google-project",
        "acme-platform",
        "--cluster",
        "google:gc0:europe-west1:b,c",
        "--cluster",
        "aws:gc0:eu-west-1",
    ];
    let more = ["--state", "gs://acme-state", "--base-domain", "acme.example.com", "--repository", REPOSITORY];
    let flags = [&flags[..], &more, &["--forge", "github", "--manage-repository"]].concat();
    let printed = init(&world, &[&["acme", "--print-answers"][..], &flags].concat()).done();
    assert_eq!(world.files(""), Vec::<String>::new());
    world.write("answers.hcl", &printed.stdout);
    init(&world, &[&["one/acme"][..], &flags].concat()).done();
    init(&world, &["two/acme", "--answers", "answers.hcl"]).done();
    assert_eq!(world.files("one"), world.files("two"));
    assert!(
        world.files("one").iter().any(|file| file.starts_with("acme/infra/repository/")),
        "what is managed is there"
    );
    for file in world.files("one") {
        assert_eq!(world.read(&format!("one/{file}")), world.read(&format!("two/{file}")), "{file}");
    }
}

#[test]
fn every_mistake_of_a_file_is_told_at_its_place_and_nothing_written() {
    let world = world();
    let wrong = ANSWERS
        .replace("base_domain", "base_domian")
        .replace("\"aws\"", "\"asw\"")
        .replace("bucket = \"acme-state\"", "bucket = 7");
    world.write("answers.hcl", &wrong);
    insta::assert_snapshot!(init(&world, &["acme", "--answers", "answers.hcl"]), @r#"
    --- stderr ---
    error: `answers.hcl` has 3 problems

    error: block `platform` takes no attribute `base_domian`
     --> answers.hcl:3:3
      |
    3 |   base_domian = "acme.example.com"
      |   ^^^^^^^^^^^
      |
    help: did you mean `base_domain`?

    error: `bucket` must be a string
     --> answers.hcl:8:12
      |
    8 |   bucket = 7
      |            ^

    error: unknown provider `asw`
      --> answers.hcl:13:14
       |
    13 |   provider = "asw"
       |              ^^^^^
       |
    help: known: `aws`, `google`, `azure`, `local`
    --- exit code 1 ---
    "#);
    world.write("answers.hcl", &ANSWERS.replace("acme.example.com", "acme").replace("acme-state", "No"));
    insta::assert_snapshot!(init(&world, &["acme", "--answers", "answers.hcl"]), @r#"
    --- stderr ---
    error: 2 answers cannot be used

    error: `acme` is not a domain: write it with its parent, such as `platform.example.com`
     --> answers.hcl:3:17
      |
    3 |   base_domain = "acme"
      |                 ^^^^^^

    error: `No` is not a bucket name: it must have 3 to 63 characters
     --> answers.hcl:7:7
      |
    7 | state "s3" {
      |       ^^^^
    --- exit code 1 ---
    "#);
    world.write("answers.hcl", "platform {{\n");
    insta::assert_snapshot!(init(&world, &["acme", "--answers", "answers.hcl"]), @r"
    --- stderr ---
    error: `answers.hcl` has a problem

    error: invalid HCL: invalid block body; expected `}`, newline or identifier
     --> answers.hcl:1:11
      |
    1 | platform {{
      |           ^
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(init(&world, &["acme", "--answers", "gone.hcl"]), @r"
    --- stderr ---
    error: cannot read `gone.hcl`: No such file or directory (os error 2)

    hint: give another file of answers with `--answers`
    --- exit code 1 ---
    ");
    assert_eq!(world.files(""), ["answers.hcl"]);
}

#[test]
fn everything_that_is_missing_is_told_at_once() {
    let world = world();
    let clusters = ["--cluster", "google:gc0:europe-west1", "--cluster", "azure:gc0:westeurope"];
    insta::assert_snapshot!(init(&world, &clusters), @r"
    --- stderr ---
    error: 5 answers are missing

    hint: `--google-project`: id of the Google Cloud project
    hint: `--azure-subscription`: id of the Azure subscription
    hint: `--base-domain`: DNS domain of the clusters
    hint: `--repository`: address that the engines pull the repository from
    hint: `--state`: where Terraform state lives
    hint: without a terminal nothing is asked for; give the flags, or a file with `--answers`
    --- exit code 64 ---
    ");
    assert_eq!(world.files(""), Vec::<String>::new());
}

const DOWN: &str = "\u{1b}[B";
const CTRL_C: &str = "\u{3}";

#[test]
fn what_is_missing_is_asked_for_on_a_terminal_with_defaults_and_until_it_can_be_used() {
    let world = world();
    let steps = [
        ("where the cluster runs (`--cluster`)", "\r"),
        ("region of the cluster", "Ireland\r"),
        ("the region `Ireland` does not look like `eu-west-1`", "eu-west-1\r"),
        ("name of the cluster [gc0]", "\r"),
        ("one more cluster", "y"),
        ("where the cluster runs", &format!("{DOWN}{DOWN}{DOWN}\r")),
        ("name of the cluster [gc1]", "lab\r"),
        ("one more cluster", "n"),
        ("DNS domain of the clusters (`--base-domain`)", "platform\r"),
        ("`platform` is not a domain", "platform.example.com\r"),
        ("pull the repository from (`--repository`)", &format!("{REPOSITORY}\r")),
        ("where Terraform state lives (`--state`) [s3://acme-kstack-state]", "\r"),
    ];
    let talk = terminal::talk(&world, &["init", "acme", "--engine-manifests", "../engine.yaml"], &steps);
    assert_eq!(talk.code, 0, "{}", talk.screen);
    let platform = world.read("acme/kstack.hcl");
    for line in ["platform.example.com", "\"acme-kstack-state\"", "region = \"eu-west-1\"", REPOSITORY] {
        assert!(platform.contains(line), "{line} in {platform}");
    }
    let stacks = ["infra/eks-gc0-eu-west-1/main.tf", "infra/local-lab/main.tf"];
    assert!(stacks.iter().all(|path| world.work().join("acme").join(path).is_file()), "{:?}", world.files("acme"));
}

#[test]
fn only_what_flags_leave_open_is_asked_for() {
    let world = world();
    let flags = ["init", "acme", "--engine-manifests", "../engine.yaml", "--provider", "local"];
    let talk = terminal::talk(&world, &flags, &[("(`--repository`)", &format!("{REPOSITORY}\r"))]);
    assert_eq!(talk.code, 0, "{}", talk.screen);
    assert!(world.read("acme/kstack.hcl").contains("acme.localhost"));
}

#[test]
fn ctrl_c_at_a_question_leaves_nothing() {
    let world = world();
    let flags = ["init", "acme", "--engine-manifests", "../engine.yaml"];
    // At a list, where the cursor is hidden, and at a line.
    let (list, line) = (("where the cluster runs", CTRL_C), ("region of the cluster", CTRL_C));
    for steps in [&[list][..], &[("where the cluster runs", "\r"), line]] {
        let talk = terminal::talk(&world, &flags, steps);
        assert_eq!(talk.code, 130, "{}", talk.screen);
        assert!(talk.screen.contains("interrupted; nothing was written"), "{}", talk.screen);
        let (hidden, shown) = (talk.screen.rfind("\u{1b}[?25l"), talk.screen.rfind("\u{1b}[?25h"));
        assert!(hidden.is_some() && hidden < shown, "the cursor is left hidden: {}", talk.screen);
        assert_eq!(fs::read_dir(world.work()).unwrap().count(), 0);
    }
}
