//! The selection against Terraform itself: a generated platform whose stacks read files in every way, each file
//! changed, each stack really planned. A stack whose plan differs must have been selected.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::Command,
    thread,
};

use super::{Before, Files, repository::Content, stacks};

/// A way to read files. `STACK` stands for the stack's name; `v1` is what changes in a file.
struct Kind {
    name: &'static str,
    files: &'static [(&'static str, &'static str)],
    links: &'static [(&'static str, &'static str)],
}

const fn kind(name: &'static str, files: &'static [(&'static str, &'static str)]) -> Kind {
    Kind { name, files, links: &[] }
}

const KINDS: [Kind; 15] = [
    kind(
        "functions",
        &[
            (
                "infra/STACK/functions.tf",
                r#"output "functions" {
  value = [
    file("../../data/file.txt"),
    filesha256("${path.module}/../../data/hash.txt"),
    filebase64("${path.root}/../../data/base64.txt"),
    filemd5(abspath("../../data/md5.txt")),
  ]
}
"#,
            ),
            ("data/file.txt", "v1"),
            ("data/hash.txt", "v1"),
            ("data/base64.txt", "v1"),
            ("data/md5.txt", "v1"),
        ],
    ),
    kind(
        "cwd",
        &[
            (
                "infra/STACK/cwd.tf",
                "output \"cwd\" {\n  value = file(\"${dirname(dirname(path.cwd))}/data/cwd.txt\")\n}\n",
            ),
            ("data/cwd.txt", "v1"),
        ],
    ),
    kind(
        "locals",
        &[
            (
                "infra/STACK/locals.tf",
                "locals {\n  up = \"${path.module}/../..\"\n}\noutput \"locals\" {\n  value = file(join(\"/\", [local.up, \"data\", format(\"%s.txt\", \"joined\")]))\n}\n",
            ),
            ("data/joined.txt", "v1"),
        ],
    ),
    kind(
        "fileset",
        &[
            (
                "infra/STACK/fileset.tf",
                "output \"fileset\" {\n  value = [for name in fileset(\"../../data/set\", \"**/*.yaml\") : file(\"../../data/set/${name}\")]\n}\n",
            ),
            ("data/set/one.yaml", "v1"),
            ("data/set/deep/two.yaml", "v1"),
            ("data/set/other.txt", "v1"),
        ],
    ),
    kind(
        "pattern",
        &[
            (
                "infra/STACK/pattern.tf",
                "locals {\n  top = \"../..\"\n}\noutput \"pattern\" {\n  value = [for name in fileset(path.module, \"${local.top}/patterns/*.json\") : file(name)]\n}\n",
            ),
            ("patterns/one.json", "v1"),
        ],
    ),
    kind(
        "template",
        &[
            (
                "infra/STACK/template.tf",
                "output \"template\" {\n  value = templatefile(\"../../data/greeting.tftpl\", { name = file(\"../../data/name.txt\") })\n}\n",
            ),
            ("data/greeting.tftpl", "v1 ${name} ${file(\"../../data/inside.txt\")}"),
            ("data/name.txt", "v1"),
            ("data/inside.txt", "v1"),
        ],
    ),
    kind(
        "module",
        &[
            (
                "infra/STACK/module.tf",
                "module \"outer\" {\n  source = \"../../modules/outer\"\n  path   = \"../../data/passed.txt\"\n}\noutput \"module\" {\n  value = module.outer.all\n}\n",
            ),
            (
                "modules/outer/main.tf",
                "variable \"path\" {\n  type = string\n}\nmodule \"inner\" {\n  source = \"./inner\"\n}\noutput \"all\" {\n  value = \"v1 ${file(var.path)} ${module.inner.text}\"\n}\n",
            ),
            (
                "modules/outer/inner/main.tf",
                "output \"text\" {\n  value = \"v1 ${file(\"${path.module}/text.txt\")}\"\n}\n",
            ),
            ("modules/outer/inner/text.txt", "v1"),
            ("modules/outer/README.md", "v1"),
            ("data/passed.txt", "v1"),
        ],
    ),
    Kind {
        name: "linked_module",
        files: &[
            (
                "infra/STACK/linked_module.tf",
                "module \"linked\" {\n  source = \"../../modules/linked\"\n}\noutput \"linked_module\" {\n  value = module.linked.text\n}\n",
            ),
            (
                "lib/real/deep/main.tf",
                "module \"sibling\" {\n  source = \"../sibling\"\n}\noutput \"text\" {\n  value = \"v1 ${module.sibling.text} ${file(\"${path.module}/../beside.txt\")}\"\n}\n",
            ),
            ("lib/real/sibling/main.tf", "output \"text\" {\n  value = \"v1\"\n}\n"),
            ("lib/real/beside.txt", "v1"),
            ("modules/sibling/main.tf", "output \"text\" {\n  value = \"v1\"\n}\n"),
            ("modules/beside.txt", "v1"),
        ],
        links: &[("modules/linked", "../lib/real/deep")],
    },
    Kind {
        name: "linked_folder",
        files: &[
            ("infra/STACK/linked_folder.tf", "output \"linked_folder\" {\n  value = file(\"assets/logo.txt\")\n}\n"),
            ("assets/logo.txt", "v1"),
        ],
        links: &[("infra/STACK/assets", "../../assets")],
    },
    Kind {
        name: "up_through_link",
        files: &[
            ("infra/STACK/up.tf", "output \"up\" {\n  value = file(\"../../links/far/../near.txt\")\n}\n"),
            ("far/away/x.txt", "v1"),
            ("far/near.txt", "v1"),
            ("links/near.txt", "v1"),
        ],
        links: &[("links/far", "../far/away")],
    },
    kind(
        "json",
        &[
            (
                "infra/STACK/json.tf.json",
                r#"{"output": {"one": {"value": "${file(\"../../data/j1.txt\")}"}}, "output": {"two": {"value": "v1 ${file(\"../../data/j2.txt\")}"}}}"#,
            ),
            ("infra/STACK/list.tf.json", r#"[{"output": {"three": {"value": "${file(\"../../data/j3.txt\")}"}}}]"#),
            ("data/j1.txt", "v1"),
            ("data/j2.txt", "v1"),
            ("data/j3.txt", "v1"),
        ],
    ),
    kind(
        "override",
        &[
            (
                "infra/STACK/overridden.tf",
                "module \"overridden\" {\n  source = \"../../lib/named\"\n  name   = \"first\"\n}\noutput \"overridden\" {\n  value = module.overridden.text\n}\n",
            ),
            ("infra/STACK/overridden_override.tf", "module \"overridden\" {\n  name = \"second\"\n}\n"),
            (
                "lib/named/main.tf",
                "variable \"name\" {\n  type = string\n}\noutput \"text\" {\n  value = \"v1 ${file(\"${path.module}/../../data/${var.name}.txt\")}\"\n}\n",
            ),
            ("data/first.txt", "v1"),
            ("data/second.txt", "v1"),
        ],
    ),
    kind(
        "values",
        &[
            (
                "infra/STACK/values.tf",
                "variable \"automatic\" {\n  type = string\n}\noutput \"values\" {\n  value = file(var.automatic)\n}\n",
            ),
            ("infra/STACK/x.auto.tfvars", "automatic = \"../../data/automatic.txt\" # v1\n"),
            ("data/automatic.txt", "v1"),
        ],
    ),
    kind(
        "each",
        &[
            (
                "infra/STACK/each.tf",
                "resource \"terraform_data\" \"each\" {\n  for_each = { a = \"each-a\", b = \"each-b\" }\n  input    = file(\"../../data/${each.value}.txt\")\n}\n",
            ),
            ("data/each-a.txt", "v1"),
            ("data/each-b.txt", "v1"),
        ],
    ),
    kind(
        "nothing",
        &[
            ("infra/STACK/nothing.tf", "output \"nothing\" {\n  value = \"v1\"\n}\n"),
            ("data/unused.txt", "v1"),
            ("modules/unused/main.tf", "locals {\n  x = \"v1\"\n}\n"),
        ],
    ),
];

const STACKS: [&str; 3] = ["one", "two", "three"];

/// Each stack reads in about half of the ways, chosen by a fixed sequence; each way has a stack.
fn platform() -> Files {
    let mut files = Files::platform(&[]);
    let mut state = 11_u64;
    for (index, kind) in KINDS.iter().enumerate() {
        for (number, stack) in STACKS.iter().enumerate() {
            // Knuth's linear congruential generator: the same platform on every machine.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            if index % STACKS.len() != number && state >> 63 == 0 {
                continue;
            }
            let named = |text: &str| text.replace("STACK", stack);
            for (path, text) in kind.files {
                files = files.with(&named(path), text);
            }
            for (path, target) in kind.links {
                files = files.with_link(&named(path), target);
            }
        }
    }
    files
}

fn write(root: &Path, path: &str, content: &Content) {
    let place = root.join(path);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    match content {
        Content::File(bytes) | Content::Executable(bytes) => fs::write(place, bytes).unwrap(),
        Content::Link(target) => symlink(target, place).unwrap(),
        Content::Submodule(_) => unreachable!("Terraform cannot look into a submodule that is not there"),
    }
}

/// Runs Terraform in a stack; what it says. Nothing here needs a provider or a state.
fn terraform(root: &Path, stack: &str, arguments: &[&str]) -> String {
    let output = Command::new("terraform")
        .args(arguments)
        .args(["-no-color", "-input=false"])
        .current_dir(root.join("infra").join(stack))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", root)
        .env("TF_CLI_CONFIG_FILE", "/dev/null")
        .env("CHECKPOINT_DISABLE", "1")
        .output()
        .unwrap();
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "terraform {arguments:?} in {stack}: {talk}");
    String::from_utf8(output.stdout).unwrap()
}

/// The plan of every stack.
fn plans(root: &Path) -> BTreeMap<&'static str, String> {
    thread::scope(|scope| {
        let running =
            STACKS.map(|stack| (stack, scope.spawn(move || terraform(root, stack, &["plan", "-lock=false"]))));
        running.map(|(stack, plan)| (stack, plan.join().unwrap())).into()
    })
}

#[test]
fn every_stack_whose_plan_differs_is_selected() {
    let base = platform();
    let folder = tempfile::TempDir::new().unwrap();
    base.0.iter().for_each(|(path, content)| write(folder.path(), path, content));
    for stack in STACKS {
        terraform(folder.path(), stack, &["init"]);
    }
    let planned = plans(folder.path());
    let before = Before::of(&base);
    let (mut differing, mut selections) = (0, 0);
    let mut moved = BTreeSet::new();
    for (path, content) in &base.0 {
        let Content::File(bytes) = content else { continue };
        let text = String::from_utf8(bytes.clone()).unwrap();
        if !text.contains("v1") {
            continue;
        }
        let head = base.clone().with(path, &text.replace("v1", "v2"));
        let selected = stacks(&before.after(&head));
        write(folder.path(), path, &head.0[path]);
        for (stack, plan) in plans(folder.path()) {
            if planned[stack] != plan {
                differing += 1;
                moved.insert(path.clone());
                assert!(
                    selected.iter().any(|name| name == stack),
                    "{path} changes the plan of {stack}, which was missed"
                );
            }
        }
        write(folder.path(), path, content);
        selections += selected.len();
    }
    assert_eq!(plans(folder.path()), planned, "nothing but the files decides");
    let ways = KINDS.iter().filter(|kind| kind.files.iter().any(|(path, _)| moved.contains(*path)));
    let seen = ways.map(|kind| kind.name).collect::<Vec<_>>();
    assert_eq!(seen.len(), KINDS.len() - 1, "each way of reading, but for `nothing`, made a plan differ: {seen:?}");
    println!("recall 100 %, precision {} % ({differing} of {selections})", 100 * differing / selections);
    assert!(100 * differing >= 75 * selections, "{differing} of {selections} selected stacks had another plan");
}
