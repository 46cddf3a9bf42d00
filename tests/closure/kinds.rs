//! Kinds of references that are easily missed, each as Terraform treats it.

use kstack::closure::{Inventory, Memo, ReadOutputs, Upstream, closure_of};

use super::{Before, Files, Repo, repository::Content, stacks};

/// Two stacks, of which only `a` can be affected; `other` stays as it is.
pub fn platform(files: &[(&str, &str)]) -> Files {
    let base = Files::platform(&[("infra/other/main.tf", "locals {}\n")]);
    files.iter().fold(base, |all, (path, text)| all.with(path, text))
}

fn submodule(files: Files, path: &str, digit: char) -> Files {
    let mut files = files;
    files.0.insert(path.to_owned(), Content::Submodule(digit.to_string().repeat(40)));
    files
}

/// Asserts which of `paths` affect stack `a` when they change, or appear.
fn assert_selected(base: &Files, selected: &[&str], ignored: &[&str]) {
    let before = Before::of(base);
    for (paths, expected) in [(selected, &["a"][..]), (ignored, &[])] {
        for path in paths {
            let head = if base.0.contains_key(*path) {
                base.clone().touched(path)
            } else {
                base.clone().with(path, "1.9.0\n")
            };
            assert_eq!(stacks(&before.after(&head)), expected, "after a change of {path}");
        }
    }
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

/// The stacks whose state stack `a` reads.
fn upstream(main: &str) -> Vec<String> {
    let repo = Repo::new();
    let snapshot = repo.snapshot(&platform(&[("infra/a/main.tf", main)]));
    let inventory = Inventory::load(&snapshot).unwrap();
    let instance = inventory.instances().remove(0);
    let closure = closure_of(&snapshot, &inventory, &instance, &Memo::default()).unwrap();
    closure.upstream.into_iter().map(|upstream| upstream.name).collect()
}

#[test]
fn whatever_leads_into_a_submodule_depends_on_its_commit() {
    for main in [
        "locals {\n  x = file(\"../../vendor/lib/policies/x.json\")\n}\n",
        "locals {\n  x = fileset(\"../../vendor/lib\", \"**\")\n}\n",
        "locals {\n  x = file(\"../../vendor/lib/${terraform.workspace}/x\")\n}\n",
        "module \"m\" {\n  source = \"../../vendor/lib//cluster\"\n}\n",
        "module \"m\" {\n  source = \"../../vendor/lib\"\n}\n",
        "resource \"x\" \"y\" {\n  command = \"sh ../../vendor/lib/bin/run.sh\"\n}\n",
        "locals {\n  x = file(\"../../links/policies/x.json\")\n}\n",
    ] {
        let base = platform(&[("infra/a/main.tf", main)]).with_link("links", "vendor/lib");
        let before = Before::of(&submodule(submodule(base.clone(), "vendor/lib", '1'), "vendor/other", '1'));
        let moved = submodule(submodule(base.clone(), "vendor/lib", '2'), "vendor/other", '1');
        assert_eq!(stacks(&before.after(&moved)), ["a"], "{main}");
        let unrelated = submodule(submodule(base, "vendor/lib", '1'), "vendor/other", '2');
        assert_eq!(stacks(&before.after(&unrelated)), [""; 0], "{main}");
    }
    let watching =
        platform(&[("infra/a/main.tf", "locals {}\n"), ("infra/a/stack.hcl", "watch = [\"vendor/lib/schemas\"]\n")]);
    let before = Before::of(&submodule(watching.clone(), "vendor/lib", '1'));
    assert_eq!(stacks(&before.after(&submodule(watching, "vendor/lib", '2'))), ["a"]);

    // A way through a submodule's folder and out of it again is none of its commit.
    let through = platform(&[
        ("infra/a/main.tf", "resource \"x\" \"y\" {\n  command = \"cat ../../vendor/lib/../x.txt\"\n}\n"),
        ("vendor/x.txt", "x"),
    ]);
    let before = Before::of(&submodule(through.clone(), "vendor/lib", '1'));
    assert_eq!(stacks(&before.after(&submodule(through.clone(), "vendor/lib", '2'))), [""; 0]);
    assert_selected(&submodule(through, "vendor/lib", '1'), &["vendor/x.txt"], &[]);
}

#[test]
fn what_is_passed_to_a_module_that_cannot_be_seen_counts_as_read() {
    let locals = "locals {\n  root = \"${path.module}/../..\"\n  all  = { one = { file = \"${local.root}/shared/object.txt\" } }\n}\n";
    for source in ["git::https://git.example/m.git?ref=v1", "acme/vpc/aws", "../../vendor/lib//m"] {
        let main = format!(
            "{locals}module \"m\" {{\n  source = \"{source}\"\n  path   = \"${{local.root}}/shared/path.txt\"\n  all    = local.all\n}}\n"
        );
        let base = platform(&[
            ("infra/a/main.tf", &main),
            ("shared/path.txt", "x"),
            ("shared/object.txt", "x"),
            ("shared/unused.txt", "x"),
        ]);
        let base = submodule(base, "vendor/lib", '1');
        assert_selected(&base, &["shared/path.txt", "shared/object.txt"], &["shared/unused.txt"]);
        let told = notices(&base);
        if source.starts_with("..") {
            assert_eq!(
                told,
                ["infra/a/main.tf:6: the module lies in submodule `vendor/lib`, whose commit counts; what it reads \
                  outside of it cannot be seen"]
            );
        } else {
            assert_eq!(told, [""; 0]);
        }
    }
}

#[test]
fn a_linked_module_calls_from_where_it_really_lies() {
    let base = platform(&[
        ("infra/a/main.tf", "module \"l\" {\n  source = \"../../modules/linked\"\n}\n"),
        ("lib/real/deep/main.tf", "module \"s\" {\n  source = \"../sibling\"\n}\n"),
        ("lib/real/deep/more.tf", "locals {\n  x = file(\"${path.module}/../beside.txt\")\n}\n"),
        ("lib/real/sibling/main.tf", "locals {}\n"),
        ("lib/real/beside.txt", "x"),
        ("modules/sibling/main.tf", "locals {}\n"),
        ("modules/beside.txt", "x"),
    ])
    .with_link("modules/linked", "../lib/real/deep");
    assert_selected(
        &base,
        &["lib/real/deep/main.tf", "lib/real/sibling/main.tf", "lib/real/beside.txt"],
        &["modules/sibling/main.tf", "modules/beside.txt"],
    );
    let relinked = base.clone().with_link("modules/linked", "sibling");
    assert_eq!(stacks(&Before::of(&base).after(&relinked)), ["a"]);
}

#[test]
fn a_reading_function_goes_up_by_text_and_a_command_by_folders() {
    let base = |main: &str| {
        platform(&[
            ("infra/a/main.tf", main),
            ("lib/real/deep/x", "x"),
            ("lib/real/here.txt", "x"),
            ("modules/here.txt", "x"),
        ])
        .with_link("modules/linked", "../lib/real/deep")
    };
    let reading = base("locals {\n  x = file(\"../../modules/linked/../here.txt\")\n}\n");
    assert_selected(&reading, &["modules/here.txt"], &["lib/real/here.txt"]);
    let running = base("resource \"x\" \"y\" {\n  command = \"cat ../../modules/linked/../here.txt\"\n}\n");
    assert_selected(&running, &["lib/real/here.txt"], &["modules/here.txt"]);
}

#[test]
fn linked_folders_count_with_all_that_is_in_them() {
    let base = platform(&[
        ("infra/a/main.tf", "locals {\n  x = fileset(\"charts\", \"**\")\n}\n"),
        ("assets/charts/web/values.yaml", "x"),
        ("assets/base/deep/common.yaml", "x"),
        ("assets/unused.yaml", "x"),
    ])
    .with_link("infra/a/charts", "../../assets/charts")
    .with_link("assets/charts/base", "../base/deep");
    assert_selected(
        &base,
        &["assets/charts/web/values.yaml", "assets/base/deep/common.yaml", "assets/charts/new.yaml"],
        &["assets/unused.yaml", "assets/base/new.yaml"],
    );
}

#[test]
fn the_nearest_version_file_above_the_stack_counts() {
    let none = platform(&[("infra/a/main.tf", "locals {}\n"), ("infra/other/.terraform-version", "1.9.0\n")]);
    assert_selected(&none, &[".terraform-version", "infra/.terraform-version", "infra/a/.terraform-version"], &[]);
    let root = none.clone().with(".terraform-version", "1.8.0\n").with(".opentofu-version", "1.8.0\n");
    let both = Before::of(&root).after(&root.clone().touched(".opentofu-version"));
    assert_eq!(stacks(&both), ["a", "other"]);
    assert_eq!(
        super::chain(&both, "a", ".opentofu-version"),
        "infra/a (the version of Terraform)\n.opentofu-version modified"
    );
    assert_selected(&root, &[".terraform-version", "infra/.terraform-version"], &["modules/.terraform-version"]);
    let nearer = root.with("infra/.terraform-version", "1.9.0\n");
    assert_selected(&nearer, &["infra/.terraform-version"], &[".terraform-version"]);
}

#[test]
fn overrides_change_arguments_sources_and_collections() {
    let reader = "variable \"path\" {\n  type = string\n}\nlocals {\n  x = file(\"${path.module}/../../shared/${var.path}.txt\")\n}\n";
    let call = "module \"m\" {\n  source = \"../../lib/m\"\n  path   = \"one\"\n}\n";
    let base = |overriding: &str, name: &str| {
        platform(&[
            ("infra/a/main.tf", call),
            (&format!("infra/a/{name}"), overriding),
            ("lib/m/main.tf", reader),
            ("lib/n/main.tf", reader),
            ("modules/far/main.tf", "locals {}\n"),
            ("shared/one.txt", "x"),
            ("shared/two.txt", "x"),
            ("shared/three.txt", "x"),
        ])
    };
    let argument = "module \"m\" {\n  path = \"two\"\n}\n";
    for (name, text) in [
        ("override.tf", argument),
        ("local_override.tf", argument),
        ("override.tf.json", "{\"module\": {\"m\": {\"path\": \"two\"}}}"),
    ] {
        assert_selected(
            &base(text, name),
            &["lib/m/main.tf", "shared/two.txt"],
            &["shared/three.txt", "lib/n/main.tf", "modules/far/main.tf"],
        );
    }
    let source = base("module \"m\" {\n  source = \"../../lib/n\"\n}\n", "override.tf");
    assert_selected(&source, &["lib/n/main.tf"], &["modules/far/main.tf"]);

    let each = "resource \"x\" \"y\" {\n  for_each = toset([\"one\"])\n  text     = file(\"../../shared/${each.value}.txt\")\n}\n";
    let replaced = platform(&[
        ("infra/a/main.tf", each),
        ("infra/a/override.tf", "resource \"x\" \"y\" {\n  for_each = toset([\"two\"])\n}\n"),
        ("shared/two.txt", "x"),
    ]);
    assert_selected(&replaced, &["shared/two.txt"], &[]);
    assert_eq!(
        notices(&replaced),
        ["infra/a/override.tf:2: an overriding `for_each` names a path that is known only when Terraform runs; the \
          whole repository counts"]
    );
}

#[test]
fn json_is_read_as_terraform_reads_it() {
    let files = |name: &str, text: &str| {
        platform(&[
            (&format!("infra/a/{name}"), text),
            ("modules/one/main.tf", "locals {}\n"),
            ("modules/two/main.tf", "locals {}\n"),
            ("modules/three/main.tf", "locals {}\n"),
            ("shared/x.txt", "x"),
        ])
    };
    let (selected, ignored) =
        (["modules/one/main.tf", "modules/two/main.tf"], ["modules/three/main.tf", "shared/x.txt"]);
    for text in [
        r#"{"module": {"a": {"source": "../../modules/one"}}, "module": {"b": {"source": "../../modules/two"}}}"#,
        r#"[{"module": {"a": {"source": "../../modules/one"}}}, {"module": {"b": {"source": "../../modules/two"}}}]"#,
        r#"{"module": [{"a": {"source": "../../modules/one"}}, {"b": [{"source": "../../modules/two"}]}]}"#,
        r#"{"//": "two", "module": {"a": {"source": "../../modules/one"}, "b": {"source": "../../modules/two"}}}"#,
    ] {
        for name in ["main.tf.json", "main.tofu.json"] {
            assert_selected(&files(name, text), &selected, &ignored);
            assert_eq!(notices(&files(name, text)), [""; 0], "{text}");
        }
    }
    // A template that the parser does not accept may read anything that it does not name in a literal.
    let beyond = r#"{"locals": {"x": "${{ a = file(var.path), a = 2 }}"}}"#;
    let base = files("main.tf.json", beyond);
    assert!(notices(&base).iter().any(|notice| notice.contains("is no template")), "{:?}", notices(&base));
    assert_selected(&base, &["shared/x.txt"], &[]);
    // Values of variables, too.
    let main = "variable \"path\" {\n  type = string\n}\nlocals {\n  x = file(var.path)\n}\n";
    let values = platform(&[
        ("infra/a/main.tf", main),
        ("infra/a/x.auto.tfvars.json", r#"{"path": "../../shared/x.txt"}"#),
        ("shared/x.txt", "x"),
        ("shared/y.txt", "x"),
    ]);
    assert_selected(&values, &["shared/x.txt"], &["shared/y.txt"]);
}

#[test]
fn only_automatic_values_settle_a_variable() {
    let main = "variable \"path\" {\n  type = string\n}\nlocals {\n  x = file(\"${path.module}/../../shared/${var.path}\")\n}\n";
    let base = |name: &str| {
        platform(&[
            ("infra/a/main.tf", main),
            (&format!("infra/a/{name}"), "path = \"x.txt\"\n"),
            ("shared/x.txt", "x"),
            ("shared/y.txt", "x"),
        ])
    };
    for name in ["terraform.tfvars", "one.auto.tfvars"] {
        assert_selected(&base(name), &["shared/x.txt"], &["shared/y.txt"]);
    }
    // Nothing says that this one is passed.
    assert_selected(&base("by-hand.tfvars"), &["shared/x.txt", "shared/y.txt"], &[]);
}

#[test]
fn the_folder_of_an_absolute_path_is_one_up() {
    for path in [
        "${dirname(dirname(path.cwd))}/shared/x.txt",
        "${dirname(dirname(abspath(path.root)))}/shared/x.txt",
        "${dirname(abspath(\"..\"))}/shared/x.txt",
        "${dirname(\"../../shared/\")}/x.txt",
        "${dirname(\"../../shared/y.txt\")}/x.txt",
    ] {
        let main = format!("locals {{\n  x = file(\"{path}\")\n}}\n");
        let base = platform(&[("infra/a/main.tf", &main), ("shared/x.txt", "x"), ("docs/x.md", "x")]);
        assert_selected(&base, &["shared/x.txt"], &["docs/x.md"]);
    }
}

#[test]
fn patterns_may_go_up_and_be_made_of_parts() {
    for (call, ignored) in [
        ("fileset(\".\", \"../../shared/*.yaml\")", "docs/x.yaml"),
        ("fileset(path.module, \"${local.up}/shared/*.yaml\")", "docs/x.yaml"),
        ("fileset(path.module, \"${local.up}/shared/${terraform.workspace}/*.yaml\")", "docs/x.yaml"),
        ("fileset(\"../../shared\", \"*.${local.ending}\")", "docs/x.yaml"),
        ("fileset(path.module, join(\"/\", [local.up, \"shared\", \"**\"]))", "docs/x.yaml"),
        ("fileset(path.module, local.pattern)", "docs/x.yaml"),
    ] {
        let main = format!(
            "locals {{\n  up      = \"../..\"\n  ending  = \"yaml\"\n  pattern = \"../../shared/*\"\n  all     = {call}\n}}\n"
        );
        let base = platform(&[("infra/a/main.tf", &main), ("shared/default/x.yaml", "x"), ("docs/x.yaml", "x")]);
        assert_selected(&base, &["shared/default/x.yaml"], &[ignored]);
    }
}

#[test]
fn state_is_read_by_the_names_of_every_backend() {
    let state = |backend: &str, config: &str| {
        format!("data \"terraform_remote_state\" \"x\" {{\n  backend = \"{backend}\"\n  config  = {config}\n}}\n")
    };
    for (backend, config) in [
        ("s3", "{ key = \"ops/net.tfstate\" }"),
        ("s3", "merge(local.common, { key = \"${var.environment}/net.tfstate\" })"),
        ("gcs", "{ prefix = \"${var.environment}/net\" }"),
        ("local", "{ path = \"../../.kstack/state/ops/net.tfstate\" }"),
        ("s3", "local.net"),
    ] {
        let locals =
            "locals {\n  common = { bucket = \"b\" }\n  net    = { bucket = \"b\", key = \"ops/net.tfstate\" }\n}\n";
        assert_eq!(upstream(&format!("{locals}{}", state(backend, config))), ["net"], "{config}");
    }
    let json = r#"{"data": {"terraform_remote_state": {"x": {"backend": "gcs", "config": {"prefix": "ops/net"}}}}}"#;
    let repo = Repo::new();
    let snapshot = repo.snapshot(&platform(&[("infra/a/main.tf.json", json)]));
    let inventory = Inventory::load(&snapshot).unwrap();
    let closure = closure_of(&snapshot, &inventory, &inventory.instances()[0], &Memo::default()).unwrap();
    assert_eq!(closure.upstream.into_iter().map(|upstream| upstream.name).collect::<Vec<_>>(), ["net"]);
}

#[test]
fn what_is_read_of_a_state_is_known() {
    let files = platform(&[
        ("infra/a/main.tf", "module \"m\" {\n  source = \"../../modules/m\"\n}\n"),
        (
            "modules/m/state.tf",
            "data \"terraform_remote_state\" \"x\" {\n  for_each = var.all\n  backend  = \"gcs\"\n  config   = { prefix = \
             \"ops/net\" }\n}\n",
        ),
        ("modules/m/main.tf", "locals {\n  id = data.terraform_remote_state.x[\"a\"].outputs.id\n}\n"),
    ]);
    let repo = Repo::new();
    let snapshot = repo.snapshot(&files);
    let inventory = Inventory::load(&snapshot).unwrap();
    let closure = closure_of(&snapshot, &inventory, &inventory.instances()[0], &Memo::default()).unwrap();
    let upstream: Vec<Upstream> = closure.upstream.into_iter().collect();
    let expected = Upstream {
        name: "net".to_owned(),
        environment: Some("ops".to_owned()),
        path: "modules/m/state.tf".to_owned(),
        line: 4,
        module: "modules/m".to_owned(),
        block: "x".to_owned(),
        repeated: true,
        outputs: ReadOutputs::Named(["id".to_owned()].into()),
    };
    assert_eq!(upstream, [expected]);
}

#[test]
fn what_a_template_reads_may_be_named_by_its_arguments() {
    for arguments in [
        "{ path = \"../../shared/x.txt\" }",
        "{ path = \"${local.up}/shared/x.txt\" }",
        "{ path = local.all.one.path }",
        "merge(local.all.one, { other = 1 })",
        "local.all[\"one\"]",
    ] {
        let main = format!(
            "locals {{\n  up  = \"../..\"\n  all = {{ one = {{ path = \"${{local.up}}/shared/x.txt\" }} }}\n  x   = templatefile(\"../../templates/one.tftpl\", {arguments})\n}}\n"
        );
        for template in [
            "${file(path)}",
            "%{ for name in [path] ~}\n${file(name)}\n%{ endfor ~}\n",
            "${filesha1(format(\"%s\", path))}",
        ] {
            let base = platform(&[
                ("infra/a/main.tf", &main),
                ("templates/one.tftpl", template),
                ("templates/two.tftpl", template),
                ("shared/x.txt", "x"),
            ]);
            assert_selected(&base, &["templates/one.tftpl", "shared/x.txt"], &[]);
        }
        // Without reading, the argument is still a path that something may follow; the other template is not.
        let base = platform(&[
            ("infra/a/main.tf", &main),
            ("templates/one.tftpl", "cat ${path}\n"),
            ("templates/two.tftpl", "x"),
            ("shared/x.txt", "x"),
        ]);
        assert_selected(&base, &["shared/x.txt"], &["templates/two.tftpl"]);
    }
}
