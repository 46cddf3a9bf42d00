//! Every file of a sample platform, and exactly the stacks that a change of it selects.

use super::{Before, Files, changes, names, stacks};

/// Stack → the way that it reads files.
fn sample() -> Files {
    Files::platform(&[
        // Nested local modules, three deep, by both spellings.
        ("infra/deep/main.tf", "module \"a\" {\n  source = \"../../modules/a\"\n}\n"),
        ("modules/a/main.tf", "module \"b\" {\n  source = \"./b\"\n}\n"),
        ("modules/a/b/main.tf", "module \"c\" {\n  source = \"../../c//\"\n}\n"),
        ("modules/c/main.tf", "variable \"x\" {\n  default = 1\n}\n"),
        ("modules/c/variables.tofu", "variable \"y\" {\n  default = 1\n}\n"),
        ("modules/c/README.md", "# c\n"),
        ("modules/c/tests/c.tftest.hcl", "run \"x\" {}\n"),
        // Each function that reads files.
        (
            "infra/reads/main.tf",
            r#"
locals {
  a = file("../../shared/file.txt")
  b = filebase64("../../shared/base64.bin")
  c = filesha256("${path.module}/../../shared/sha.txt")
  d = fileexists("${path.root}/../../shared/exists.txt") ? 1 : 2
  e = [for name in fileset("../../shared/set", "**/*.yaml") : yamldecode(file("../../shared/set/${name}"))]
  f = templatefile("${path.cwd}/../../shared/greeting.tftpl", { name = "x" })
  g = file(join("/", ["..", "..", "shared", "joined.txt"]))
  h = file(format("%s/../../shared/%s.txt", path.module, "formatted"))
  i = filemd5(abspath("../../shared/md5.txt"))
}
"#,
        ),
        ("shared/file.txt", "x"),
        ("shared/base64.bin", "x"),
        ("shared/sha.txt", "x"),
        ("shared/exists.txt", "x"),
        ("shared/set/one.yaml", "a: 1"),
        ("shared/set/deep/two.yaml", "a: 1"),
        ("shared/greeting.tftpl", "Hello ${name} ${file(\"../../shared/inside-template.txt\")}"),
        ("shared/inside-template.txt", "x"),
        ("shared/joined.txt", "x"),
        ("shared/formatted.txt", "x"),
        ("shared/md5.txt", "x"),
        ("shared/unused.txt", "x"),
        // A module that reads beside itself, with paths that come from its caller and from a map.
        (
            "infra/passes/main.tf",
            r#"
locals {
  documents = {
    one = { path = "../../documents/one.json", owner = aws_iam_role.this.arn }
    two = { path = "../../documents/two.json", owner = "x" }
  }
}

module "reader" {
  source   = "../../modules/reader"
  for_each = local.documents
  document = each.value.path
  scripts  = "scripts"
}
"#,
        ),
        (
            "modules/reader/main.tf",
            r#"
variable "document" {
  type = string
}

variable "scripts" {
  type = string
}

locals {
  prefix = "${path.module}/policies"
}

resource "x" "this" {
  body    = file(var.document)
  policy  = templatefile("${local.prefix}/${terraform.workspace}.json", {})
  command = "bash ${path.module}/bin/run.sh --verbose"

  dynamic "part" {
    for_each = toset(["left", "right"])
    content {
      text = file("${path.module}/parts/${part.value}.txt")
    }
  }
}
"#,
        ),
        ("documents/one.json", "{}"),
        ("documents/two.json", "{}"),
        ("documents/three.json", "{}"),
        ("modules/reader/policies/default.json", "{}"),
        ("modules/reader/bin/run.sh", "true"),
        ("modules/reader/bin/other.sh", "true"),
        ("modules/reader/parts/left.txt", "x"),
        ("modules/reader/parts/middle.txt", "x"),
        ("modules/reader/CHANGELOG.md", "x"),
        // Paths outside reading functions: a command, a folder to pack, a chart, a heredoc.
        (
            "infra/mentions/main.tf",
            r#"
resource "terraform_data" "this" {
  provisioner "local-exec" {
    command = "python3 ../../scripts/hook.py && cat '../../scripts/with space.txt'"
  }
}

data "archive_file" "lambda" {
  source_dir = "../../lambda"
}

locals {
  text = <<-EOT
    run ${path.module}/../../scripts/heredoc.sh
    done...
  EOT
}
"#,
        ),
        ("scripts/hook.py", "x"),
        ("scripts/heredoc.sh", "x"),
        ("scripts/unused.sh", "x"),
        ("lambda/handler.py", "x"),
        ("lambda/lib/deep.py", "x"),
        // JSON syntax.
        (
            "infra/json/main.tf.json",
            r#"{"module": {"c": {"source": "../../modules/j"}}, "locals": [{"t": "${file(\"../../shared/json.txt\")}"}]}"#,
        ),
        ("modules/j/main.tf.json", r#"{"variable": {"x": {"default": "${path.module}/data.txt"}}}"#),
        ("modules/j/data.txt", "x"),
        ("shared/json.txt", "x"),
        // Settings of the stack: watched files, and one instance for all environments.
        ("infra/global/main.tf", "locals {}\n"),
        (
            "infra/global/stack.hcl",
            "shared = true\nwatch  = [\"docs/contract.md\", \"schemas\"]\nafter  = [\"deep\"]\n",
        ),
        ("infra/global/files/data.bin", "x"),
        ("infra/global/.terraform.lock.hcl", "# lock\n"),
        ("docs/contract.md", "x"),
        ("docs/other.md", "x"),
        ("schemas/v1/a.json", "{}"),
        // An environment of its own.
        ("infra/only-apps/main.tf", "module \"remote\" {\n  source  = \"acme/thing/aws\"\n  version = \"1.2.3\"\n}\n"),
        ("infra/only-apps/stack.hcl", "environments = [\"apps\"]\n"),
        // Not stacks.
        ("infra/notes/readme.md", "x"),
        ("services/ingress/base/kustomization.yaml", "resources: []\n"),
        ("clusters/deep/ops/apps.yaml", "x"),
    ])
    .with_link("infra/linked/shared.tf", "../../shared-config/shared.tf")
    .with("infra/linked/main.tf", "locals {}\n")
    .with("shared-config/shared.tf", "module \"l\" {\n  source = \"../../modules/linked\"\n}\n")
    .with_link("modules/linked", "real")
    .with("modules/real/main.tf", "locals {\n  x = file(\"${path.module}/x.txt\")\n}\n")
    .with("modules/real/x.txt", "x")
    .with_link("infra/linked/assets", "../../assets")
    .with("assets/logo.svg", "x")
}

const ALL: &[&str] = &["deep", "global", "json", "linked", "mentions", "only-apps", "passes", "reads"];

#[test]
fn a_change_selects_exactly_the_stacks_that_depend_on_the_file() {
    let table: &[(&str, &[&str])] = &[
        ("modules/a/main.tf", &["deep"]),
        ("modules/a/b/main.tf", &["deep"]),
        ("modules/c/main.tf", &["deep"]),
        ("modules/c/variables.tofu", &["deep"]),
        ("modules/c/README.md", &[]),
        ("modules/c/tests/c.tftest.hcl", &[]),
        ("shared/file.txt", &["reads"]),
        ("shared/base64.bin", &["reads"]),
        ("shared/sha.txt", &["reads"]),
        ("shared/exists.txt", &["reads"]),
        ("shared/set/one.yaml", &["reads"]),
        ("shared/set/deep/two.yaml", &["reads"]),
        ("shared/greeting.tftpl", &["reads"]),
        ("shared/inside-template.txt", &["reads"]),
        ("shared/joined.txt", &["reads"]),
        ("shared/formatted.txt", &["reads"]),
        ("shared/md5.txt", &["reads"]),
        ("shared/unused.txt", &[]),
        ("documents/one.json", &["passes"]),
        ("documents/two.json", &["passes"]),
        ("documents/three.json", &[]),
        ("modules/reader/policies/default.json", &["passes"]),
        ("modules/reader/bin/run.sh", &["passes"]),
        ("modules/reader/bin/other.sh", &[]),
        ("modules/reader/parts/left.txt", &["passes"]),
        ("modules/reader/parts/middle.txt", &[]),
        ("modules/reader/CHANGELOG.md", &[]),
        ("scripts/hook.py", &["mentions"]),
        ("scripts/heredoc.sh", &["mentions"]),
        ("scripts/unused.sh", &[]),
        ("lambda/handler.py", &["mentions"]),
        ("lambda/lib/deep.py", &["mentions"]),
        ("modules/j/main.tf.json", &["json"]),
        ("modules/j/data.txt", &["json"]),
        ("shared/json.txt", &["json"]),
        ("infra/global/files/data.bin", &["global"]),
        ("infra/global/.terraform.lock.hcl", &["global"]),
        ("infra/global/stack.hcl", &["global"]),
        ("docs/contract.md", &["global"]),
        ("docs/other.md", &[]),
        ("schemas/v1/a.json", &["global"]),
        ("shared-config/shared.tf", &["linked"]),
        ("modules/real/main.tf", &["linked"]),
        ("modules/real/x.txt", &["linked"]),
        ("assets/logo.svg", &["linked"]),
        ("infra/notes/readme.md", &[]),
        ("services/ingress/base/kustomization.yaml", &[]),
        ("clusters/deep/ops/apps.yaml", &[]),
        // Formatting and triggers change no plan.
        ("kstack.hcl", &[]),
    ];
    let base = sample();
    let before = Before::of(&base);
    for (path, expected) in table {
        let changes = before.after(&base.clone().touched(path));
        assert_eq!(stacks(&changes), *expected, "after a change of {path}");
    }
    // The sample's notices are about one thing: a module that reads a policy named by the workspace.
    let repo = super::Repo::new();
    let all = kstack::closure::affected(None, &repo.snapshot(&base), &kstack::closure::Memo::default()).unwrap();
    let notices = all.notices.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        notices,
        ["modules/reader/main.tf:16: templatefile names a path that is known only when Terraform runs; \
          all of `modules/reader/policies` counts"]
    );
    assert_eq!(stacks(&all), ALL);
}

#[test]
fn files_that_appear_count_as_files_that_change() {
    let table: &[(&str, &[&str])] = &[
        ("infra/deep/override.tf", &["deep"]),
        ("infra/deep/new/anything", &["deep"]),
        ("modules/c/extra.tf", &["deep"]),
        ("shared/set/three.yaml", &["reads"]),
        ("lambda/new.py", &["mentions"]),
        // Named, but missing until now.
        ("modules/reader/parts/right.txt", &["passes"]),
        ("scripts/with space.txt", &["mentions"]),
        ("schemas/v2.json", &["global"]),
        ("shared/new.txt", &[]),
        ("assets/new.svg", &["linked"]),
        ("environments/shared.tfbackend", &["global"]),
    ];
    let base = sample();
    let before = Before::of(&base);
    for (path, expected) in table {
        let changes = before.after(&base.clone().with(path, "x = 1\n"));
        assert_eq!(stacks(&changes), *expected, "after {path} appeared");
    }
}

#[test]
fn files_that_go_away_count_as_files_that_change() {
    let base = sample();
    for (path, expected) in
        [("shared/set/one.yaml", "reads"), ("modules/c/main.tf", "deep"), ("assets/logo.svg", "linked")]
    {
        let changes = changes(&base, &base.clone().without(path));
        assert_eq!(stacks(&changes), [expected], "after {path} went away");
        assert!(super::chain(&changes, expected, path).ends_with("deleted"));
    }
}

#[test]
fn an_environment_file_affects_only_its_environment() {
    let base = sample();
    let apps = changes(&base, &base.clone().touched("environments/apps.tfvars"));
    assert!(names(&apps).iter().all(|name| name.starts_with("changed apps/")), "{:?}", names(&apps));
    assert_eq!(apps.affected.len(), ALL.len() - 1);
    let ops = changes(&base, &base.clone().with("environments/ops.tfbackend", "bucket = \"b\"\n"));
    assert!(names(&ops).iter().all(|name| name.starts_with("changed ops/")), "{:?}", names(&ops));
    // Without `only-apps` and the shared stack.
    assert_eq!(ops.affected.len(), ALL.len() - 2);
}

#[test]
fn where_state_lives_reaches_every_instance_and_triggers_none() {
    let base = sample();
    let platform = super::repository::PLATFORM;
    let moved = changes(&base, &base.clone().with("kstack.hcl", &platform.replace("acme-state", "other")));
    assert_eq!(stacks(&moved), ALL);
    assert_eq!(moved.affected[0].reasons[0].path, "kstack.hcl#state");
    let trigger = changes(&base, &base.clone().with("kstack.hcl", &platform.replace("branch:main", "tag:ops-*")));
    assert_eq!(names(&trigger), [""; 0]);
}

#[test]
fn stacks_and_environments_come_and_go() {
    let base = sample();
    let removed = changes(&base, &base.clone().without("infra/json/main.tf.json"));
    assert_eq!(names(&removed), ["removed ops/json", "removed apps/json"]);
    assert_eq!(removed.affected[0].reasons[0].path, "infra/json/main.tf.json");

    let renamed = base
        .clone()
        .without("infra/deep/main.tf")
        .with("infra/global/stack.hcl", "shared = true\nafter = [\"deeper\"]\n");
    let renamed = renamed.with("infra/deeper/main.tf", "module \"a\" {\n  source = \"../../modules/a\"\n}\n");
    let expected =
        ["added ops/deeper", "added apps/deeper", "changed shared/global", "removed ops/deep", "removed apps/deep"];
    assert_eq!(names(&changes(&base, &renamed)), expected);

    let platform = format!("{}\nenvironment \"lab\" {{\n  trigger = \"tag:lab-*\"\n}}\n", super::repository::PLATFORM);
    let grown = base.clone().with("kstack.hcl", &platform);
    assert!(names(&changes(&base, &grown)).iter().all(|name| name.starts_with("added lab/")));
    let shrunk = changes(&grown, &base);
    assert!(names(&shrunk).iter().all(|name| name.starts_with("removed lab/")));
    assert_eq!(shrunk.affected[0].reasons[0].path, "kstack.hcl");
}

#[test]
fn type_and_executable_bit_are_part_of_a_file() {
    let base = sample();
    let mut executable = base.clone();
    let content = executable.0.get_mut("scripts/hook.py").unwrap();
    *content = super::repository::Content::Executable(b"x".to_vec());
    assert_eq!(stacks(&changes(&base, &executable)), ["mentions"]);

    let relinked = base.clone().with_link("modules/linked", "c");
    let changes = changes(&base, &relinked);
    assert_eq!(stacks(&changes), ["linked"]);
    let paths = changes.affected[0].reasons.iter().map(|reason| reason.path.as_str()).collect::<Vec<_>>();
    assert_eq!(paths, ["modules/linked"], "what follows from the link is not told as a reason");
}

#[test]
fn submodules_count_by_their_commit() {
    let at = |commit: &str| {
        let mut files = Files::platform(&[("infra/a/main.tf", "locals {\n  x = file(\"../../vendor/lib/x\")\n}\n")]);
        files.0.insert("infra/a/lib".to_owned(), super::repository::Content::Submodule(commit.to_owned()));
        files
    };
    let (one, two) = ("1".repeat(40), "2".repeat(40));
    assert_eq!(stacks(&changes(&at(&one), &at(&two))), ["a"]);
}

#[test]
fn the_chain_leads_from_the_stack_to_the_file() {
    let base = sample();
    let c = changes(&base, &base.clone().touched("modules/c/main.tf"));
    insta::assert_snapshot!(super::chain(&c, "deep", "modules/c/main.tf"), @r"
    infra/deep/main.tf:2 (module `a`)
    modules/a/main.tf:2 (module `b`)
    modules/a/b/main.tf:2 (module `c`)
    modules/c/main.tf modified
    ");
    let document = changes(&base, &base.clone().touched("documents/two.json"));
    insta::assert_snapshot!(super::chain(&document, "passes", "documents/two.json"), @r"
    infra/passes/main.tf:5 (a path in an expression)
    documents/two.json modified
    ");
    let inner = changes(&base, &base.clone().touched("shared/inside-template.txt"));
    insta::assert_snapshot!(super::chain(&inner, "reads", "shared/inside-template.txt"), @r"
    infra/reads/main.tf:8 (templatefile)
    shared/greeting.tftpl:1 (file)
    shared/inside-template.txt modified
    ");
    let watched = changes(&base, &base.clone().touched("docs/contract.md"));
    insta::assert_snapshot!(super::chain(&watched, "global", "docs/contract.md"), @r"
    infra/global/stack.hcl (watch)
    docs/contract.md modified
    ");
}
