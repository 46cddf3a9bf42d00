//! What cannot be known without Terraform widens the closure and says so; nothing is missed.

use kstack::closure::{Inventory, Memo, Order, closure_of};

use super::{Before, Files, Repo, changes, names, stacks};

/// Two stacks, `a` with `main`, and `other`; modules and files that `a` may reach.
fn platform(main: &str) -> Files {
    Files::platform(&[
        ("infra/a/main.tf", main),
        ("infra/other/main.tf", "locals {}\n"),
        ("modules/m/main.tf", "module \"n\" {\n  source = \"../n\"\n}\n"),
        ("modules/m/text/one.txt", "x"),
        ("modules/n/main.tf", "locals {}\n"),
        ("lib/l/main.tf", "locals {}\n"),
        ("shared/x.txt", "x"),
        ("docs/x.md", "x"),
    ])
}

/// The notices about stack `a`.
fn notices(files: &Files) -> Vec<String> {
    let repo = Repo::new();
    let snapshot = repo.snapshot(files);
    let inventory = Inventory::load(&snapshot).unwrap();
    let instance = inventory.instances().remove(0);
    let closure = closure_of(&snapshot, &inventory, &instance, &Memo::default()).unwrap();
    closure.notices.iter().map(ToString::to_string).collect()
}

/// Asserts which of `paths` affect stack `a` when they change.
fn assert_selected(main: &str, selected: &[&str], ignored: &[&str]) {
    let base = platform(main);
    let before = Before::of(&base);
    for (paths, expected) in [(selected, &["a"][..]), (ignored, &[])] {
        for path in paths {
            let found = stacks(&before.after(&base.clone().touched(path)));
            assert_eq!(found, expected, "after a change of {path} with\n{main}");
        }
    }
}

#[test]
fn a_path_that_only_terraform_knows_is_the_whole_repository() {
    for main in [
        "locals {\n  x = file(data.external.x.result.path)\n}\n",
        "variable \"path\" {\n  type = string\n}\nlocals {\n  x = file(var.path)\n}\n",
        "locals {\n  x = file(yamldecode(file(\"settings.yaml\")).path)\n}\n",
        "locals {\n  x = templatefile(replace(var.y, \"a\", \"b\"), {})\n}\n",
        "locals {\n  x = [for f in module.m.paths : filesha1(f)]\n}\n",
        "locals {\n  x = \"${data.x.y.z}/../x.txt\"\n}\n",
    ] {
        assert_selected(main, &["docs/x.md", "shared/x.txt", "modules/n/main.tf"], &[]);
        let notice = notices(&platform(main)).remove(0);
        assert!(notice.contains("the whole repository counts"), "{notice}");
    }
}

#[test]
fn a_known_beginning_narrows_to_its_folder() {
    let main = "locals {\n  x = file(\"../../shared/${terraform.workspace}.txt\")\n}\n";
    assert_selected(main, &["shared/x.txt"], &["docs/x.md", "modules/m/main.tf"]);
    assert_eq!(
        notices(&platform(main)),
        ["infra/a/main.tf:2: file names a path that is known only when Terraform runs; all of `shared` counts"]
    );
    // A default may be replaced from outside (`TF_VAR_name`).
    let main = "variable \"name\" {\n  default = \"y\"\n}\nlocals {\n  x = file(\"../../shared/${var.name}.txt\")\n}\n";
    assert_selected(main, &["shared/x.txt"], &["docs/x.md"]);
    // Inside the stack's own folder there is nothing to widen.
    let own = "locals {\n  x = file(\"files/${terraform.workspace}.txt\")\n  y = file(basename(var.x))\n}\n";
    assert_eq!(notices(&platform(own)), [""; 0]);
}

#[test]
fn the_root_of_the_repository_is_where_paths_begin_and_no_path_by_itself() {
    let root = "locals {\n  root = \"${path.module}/../..\"\n}\n";
    for using in [
        "locals {\n  x = file(\"${local.root}/shared/x.txt\")\n}\n",
        "resource \"x\" \"y\" {\n  command = \"cat ${local.root}/shared/x.txt | wc\"\n}\n",
        "locals {\n  shared = \"${local.root}/shared\"\n}\nresource \"x\" \"y\" {\n  source_dir = local.shared\n}\n",
        "locals {\n  all = { one = { at = local.root } }\n}\nresource \"x\" \"y\" {\n  for_each = local.all\n  path = join(\"/\", [each.value.at, \"shared\", \"x.txt\"])\n}\n",
        "locals {\n  x = base64encode(\"${local.root}/shared/x.txt\")\n}\n",
        "output \"x\" {\n  value = [for name in [\"x\"] : \"${local.root}/shared/${name}.txt\"]\n}\n",
    ] {
        let main = format!("{root}{using}");
        assert_selected(&main, &["shared/x.txt"], &["docs/x.md", "modules/m/main.tf"]);
        assert_eq!(notices(&platform(&main)), [""; 0], "{main}");
    }
    let passed = "module \"l\" {\n  source = \"../../lib/l\"\n  root   = \"${path.root}/../..\"\n}\n";
    let reader =
        "variable \"root\" {\n  type = string\n}\nresource \"x\" \"y\" {\n  path = \"${var.root}/shared/x.txt\"\n}\n";
    let base = platform(passed).with("lib/l/main.tf", reader);
    assert_eq!(stacks(&changes(&base, &base.clone().touched("shared/x.txt"))), ["a"]);
    assert_eq!(stacks(&changes(&base, &base.clone().touched("docs/x.md"))), [""; 0]);

    // Something that may read all of it.
    let whole = format!("{root}resource \"x\" \"y\" {{\n  working_dir = local.root\n}}\n");
    assert_selected(&whole, &["shared/x.txt", "docs/x.md"], &[]);
    assert_eq!(
        notices(&platform(&whole)),
        ["infra/a/main.tf:5: an expression names a folder that the stack lies in; the whole repository counts"]
    );
}

#[test]
fn variables_are_followed_through_calls_defaults_and_values() {
    let reader = "variable \"path\" {\n  default = \"../../docs/x.md\"\n}\nlocals {\n  x = file(var.path)\n}\n";
    let called = |arguments: &str| {
        platform(&format!("module \"m\" {{\n  source = \"../../lib/l\"\n{arguments}}}\n")).with("lib/l/main.tf", reader)
    };
    let select = |base: &Files, path: &str| stacks(&changes(base, &base.clone().touched(path)));
    let by_default = called("");
    assert_eq!(select(&by_default, "docs/x.md"), ["a"]);
    assert_eq!(select(&by_default, "shared/x.txt"), [""; 0]);
    assert_eq!(select(&called("  path = \"../../shared/x.txt\"\n"), "shared/x.txt"), ["a"]);

    // Set by a `*.tfvars` of the stack.
    let main =
        "variable \"path\" {\n  type = string\n}\nmodule \"m\" {\n  source = \"../../lib/l\"\n  path = var.path\n}\n";
    let by_values = platform(main)
        .with("lib/l/main.tf", reader)
        .with("infra/a/terraform.tfvars", "path = \"../../shared/x.txt\"\n");
    assert_eq!(select(&by_values, "shared/x.txt"), ["a"]);
    // By the environment's: only there.
    let by_environment =
        platform(main).with("lib/l/main.tf", reader).with("environments/ops.tfvars", "path = \"../../shared/x.txt\"\n");
    let found = changes(&by_environment, &by_environment.clone().touched("shared/x.txt"));
    assert_eq!(names(&found), ["changed ops/a", "changed apps/a"], "apps sets nothing, so anything counts there");
}

#[test]
fn a_file_that_cannot_be_parsed_widens_to_its_folder_and_all_modules() {
    // Terraform accepts both; hcl-edit accepts neither.
    for broken in [
        "locals {\n  x = {\n    for k, v in var.m : k => v\n    ? 1 : 2\n  }\n}\nmodule \"l\" {\n  source = \"../../lib/l\"\n}\n",
        "locals {\n  x = { a = 1, a = 2 }\n}\nmodule \"l\" {\n  source = \"../../lib/l\"\n}\n",
    ] {
        assert!(broken.parse::<hcl_edit::structure::Body>().is_err(), "no longer a gap of the parser:\n{broken}");
        assert_selected(
            broken,
            &["modules/m/main.tf", "modules/m/text/one.txt", "modules/n/main.tf", "lib/l/main.tf"],
            &["docs/x.md", "shared/x.txt"],
        );
        assert!(notices(&platform(broken))[0].contains("its whole folder and all modules count"));
        let reading = format!("{broken}locals {{\n  y = file(\"${{path.module}}/../../shared/x.txt\")\n}}\n");
        assert_selected(&reading, &["shared/x.txt"], &["docs/x.md"]);
        let unknown = format!("{broken}locals {{\n  y = file( var.path )\n}}\n");
        assert_selected(&unknown, &["shared/x.txt", "docs/x.md"], &[]);
    }
    // In a module, the module's own folder counts as a whole.
    let base =
        platform("module \"l\" {\n  source = \"../../lib/l\"\n}\n").with("lib/l/main.tf", "locals {\n  broken\n");
    let base = base.with("lib/l/text/one.txt", "x");
    assert_eq!(stacks(&changes(&base, &base.clone().touched("lib/l/text/one.txt"))), ["a"]);
}

#[test]
fn links_out_of_the_repository_and_in_circles_are_told_and_harmless() {
    let files = platform("locals {}\n")
        .with_link("infra/a/outside.txt", "../../../outside.txt")
        .with_link("infra/a/absolute", "/etc/hostname")
        .with_link("infra/a/one", "two")
        .with_link("infra/a/two", "one")
        .with_link("infra/a/up", "..");
    let told = notices(&files);
    assert_eq!(
        told,
        [
            "infra/a/absolute: leads out of the repository; changes there cannot be seen",
            "infra/a/outside.txt: leads out of the repository; changes there cannot be seen",
            "infra/a/one: passes through symlinks that go in circles",
            "infra/a/two: passes through symlinks that go in circles",
        ]
    );
    // `up` leads to all of `infra/`.
    assert_eq!(stacks(&changes(&files, &files.clone().touched("infra/other/main.tf"))), ["a", "other"]);
}

#[test]
fn missing_modules_and_modules_from_elsewhere_are_recorded() {
    let main = "module \"gone\" {\n  source = \"../../modules/gone\"\n}\nmodule \"far\" {\n  source = \"git::https://git.example/m.git?ref=v1\"\n}\nmodule \"vpc\" {\n  source  = \"acme/vpc/aws\"\n  version = \"~> 5.0\"\n}\n";
    let repo = Repo::new();
    let snapshot = repo.snapshot(&platform(main));
    let inventory = Inventory::load(&snapshot).unwrap();
    let closure = closure_of(&snapshot, &inventory, &inventory.instances()[0], &Memo::default()).unwrap();
    let told = closure.notices.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(told, ["infra/a/main.tf:2: module folder `modules/gone` does not exist"]);
    let modules = closure.modules.iter().map(|module| (module.source.as_str(), module.version.as_deref()));
    let expected = [("acme/vpc/aws", Some("~> 5.0")), ("git::https://git.example/m.git?ref=v1", None)];
    assert_eq!(modules.collect::<Vec<_>>(), expected);
}

#[test]
fn a_hash_depends_on_content_alone() {
    let repo = Repo::new();
    let files = platform("module \"m\" {\n  source = \"../../modules/m\"\n}\n");
    let (one, two) = (repo.snapshot(&files), repo.snapshot(&files.clone().touched("docs/x.md")));
    assert_ne!(one.commit(), two.commit());
    let hash = |snapshot, index: usize| {
        let inventory = Inventory::load(snapshot).unwrap();
        closure_of(snapshot, &inventory, &inventory.instances()[index], &Memo::default()).unwrap().hash
    };
    assert_eq!(hash(&one, 0), hash(&two, 0));
    assert_ne!(hash(&one, 0), hash(&one, 1), "environments have closures of their own");
    // The format of the hash: bundles are found by it. A change here needs a new VERSION.
    insta::assert_snapshot!(hash(&one, 0), @"2e1873d5a0bb880296d75d856bc89f23a12db67deaf77c66f687200415ccb66d");
}

#[test]
fn a_broken_base_does_not_stop_the_change_that_mends_it() {
    let good = platform("locals {}\n");
    let broken = good.clone().with("kstack.hcl", "nonsense {}\n");
    let mended = changes(&broken, &good);
    assert_eq!(names(&mended), ["changed ops/a", "changed apps/a", "changed ops/other", "changed apps/other"]);
    assert!(mended.notices.iter().any(|notice| notice.to_string().contains("cannot be read in the base")));
    let before_kstack = Files::default().with("README.md", "x");
    assert!(names(&changes(&before_kstack, &good)).iter().all(|name| name.starts_with("added ")));
}

#[test]
fn stacks_wait_for_those_they_name_and_those_they_read() {
    let order = |files: &Files| {
        let repo = Repo::new();
        let snapshot = repo.snapshot(files);
        let inventory = Inventory::load(&snapshot)?;
        Order::of(&snapshot, &inventory, &Memo::default())
    };
    let state = |key: &str| {
        format!(
            "data \"terraform_remote_state\" \"x\" {{\n  backend = \"s3\"\n  config = {{\n    key = {key}\n  }}\n}}\n"
        )
    };
    let files = Files::platform(&[
        ("infra/network/main.tf", "locals {}\n"),
        ("infra/cluster/main.tf", &state("\"${var.environment}/network.tfstate\"")),
        ("infra/dns/main.tf", &state("\"shared/cluster.tfstate\"")),
        ("infra/late/main.tf", "locals {}\n"),
        ("infra/late/stack.hcl", "after = [\"dns\", \"network\"]\n"),
        ("infra/free/main.tf", &state("var.key")),
    ]);
    let waves = order(&files).unwrap().waves();
    let waves = waves.iter().map(|wave| wave.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
    assert_eq!(waves.collect::<Vec<_>>(), ["free network", "cluster", "dns", "late"]);

    let unknown = order(&files.clone().with("infra/late/stack.hcl", "after = [\"netwrok\"]\n")).unwrap_err();
    let kstack::closure::ClosureError::Stacks { problems } = unknown else { panic!("{unknown}") };
    assert_eq!(problems[0].location(), "infra/late/stack.hcl:1");
    assert_eq!(problems[0].help.as_deref(), Some("did you mean `network`?"));

    let circle = order(&files.with("infra/network/stack.hcl", "after = [\"dns\"]\n")).unwrap_err();
    assert_eq!(circle.to_string(), "stacks wait for each other: `cluster` → `network` → `dns` → `cluster`");
}
