//! Platforms with Argo CD: what `kstack init` writes, and what `kstack validate` says about mistakes in it.

use std::process::Command;

use crate::{
    scaffold::platforms,
    support::cli::{Ran, World},
};

const REGISTRY: &str = "clusters/local-gc0/ops";

/// One cluster on this machine, two environments.
const ANSWERS: &str = r#"
platform "acme" {
  base_domain = "acme.example.com"
  repository  = "https://git.example.com/acme/platform.git"
}

environment "ops" {}
environment "apps" {}

engine "argocd" {
  version = "3.2.1"
}

cluster "gc0" {
  provider = "local"
}
"#;

fn world(answers: &str) -> World {
    let world = World::new();
    platforms::render(&platforms::read(answers)).write(&world.work()).unwrap();
    world
}

/// `kstack validate` after `old` was replaced by `new` in the file at `path`.
fn after(path: &str, old: &str, new: &str) -> Ran {
    let world = world(ANSWERS);
    let text = world.read(path);
    assert!(text.contains(old), "`{old}` is not in {path}:\n{text}");
    world.write(path, &text.replacen(old, new, 1));
    world.kstack(&["validate"])
}

#[test]
fn what_is_written_is_valid_and_builds_with_plain_kustomize() {
    let world = world(ANSWERS);
    let ran = world.kstack(&["validate"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for folder in [REGISTRY, "services/tenancy/ops", "apps/hello/ops", "apps/hello/apps"] {
        let built = Command::new("kubectl").arg("kustomize").arg(world.work().join(folder)).output().unwrap();
        assert!(built.status.success(), "{folder}: {}", String::from_utf8_lossy(&built.stderr));
    }
}

#[test]
fn core_and_full_differ_in_what_is_installed() {
    let files = |answers: &str| {
        let changes = platforms::render(&platforms::read(answers));
        let text = |file: &kstack::scaffold::NewFile| String::from_utf8_lossy(&file.content).into_owned();
        changes.files().map(|(path, file)| (path.to_owned(), text(file))).collect::<std::collections::BTreeMap<_, _>>()
    };
    let full = ANSWERS.replace("version = \"3.2.1\"", "version = \"3.2.1\"\n  mode = \"full\"");
    let (core, full) = (files(ANSWERS), files(&full));
    let different: Vec<_> =
        core.iter().filter(|(path, text)| full.get(*path) != Some(text)).map(|(path, _)| path).collect();
    assert_eq!(different, ["kstack.hcl", "kstack.lock.hcl"]);
    assert!(core["kstack.lock.hcl"].contains("/v3.2.1/manifests/core-install.yaml"));
    assert!(full["kstack.lock.hcl"].contains("/v3.2.1/manifests/install.yaml"));
    assert!(core["kstack.lock.hcl"].contains("digest  = \"sha256:"), "the release's file is pinned by its digest");
    assert!(core["kstack.hcl"].contains("engine \"argocd\" {\n  version = \"3.2.1\"\n  mode    = \"core\"\n"));
}

#[test]
fn mistakes_in_a_registry_are_told_with_their_line() {
    let cases = [
        (
            "project.yaml",
            "    - https://git.example.com/acme/platform.git\n",
            "    - '*'\n",
            "`sourceRepos` of the project lets in everything that `*` fits",
            "project.yaml:13",
        ),
        (
            "project.yaml",
            "      namespace: demo\n",
            "      namespace: '*'\n",
            "`destinations` of the project lets in everything that `*` fits",
            "project.yaml:20",
        ),
        (
            "argocd/settings.yaml",
            "health.argoproj.io_ApplicationSet:",
            "health.argoproj.io_Rollout:",
            "the wave of this ApplicationSet waits for nothing: Argo CD knows no health of it",
            "services.yaml:14",
        ),
        (
            "root.yaml",
            "path: clusters/local-gc0/ops",
            "path: clusters/local-gc0/apps",
            "the engine starts from `clusters/local-gc0/apps`",
            "root.yaml:13",
        ),
        (
            "apps.yaml",
            "goTemplateOptions: [missingkey=error]",
            "goTemplateOptions: []",
            "`hello` fills in nothing where a value is missing",
            "apps.yaml:6",
        ),
        (
            "apps.yaml",
            "hello-{{ .nameNormalized }}",
            "hello-{{ .name }}",
            "what `hello` makes is called by a name that may be none",
            "apps.yaml:",
        ),
        (
            "argocd/install.yaml",
            "kind: Namespace",
            "kind: Namespace # mine",
            "this is not the file that `kstack.lock.hcl` has the digest of",
            "argocd/install.yaml:1",
        ),
        (
            "apps.yaml",
            "targetRevision: main",
            "targetRevision: other",
            "the engine of `ops` follows the branch `other`",
            "apps.yaml:",
        ),
        (
            "apps.yaml",
            "path: apps/hello/ops",
            "path: apps/gone/ops",
            "the folder `apps/gone/ops`, which is applied here, does not exist",
            "apps.yaml:",
        ),
    ];
    for (file, old, new, message, place) in cases {
        let ran = after(&format!("{REGISTRY}/{file}"), old, new);
        assert_eq!(ran.code, Some(1), "{message}: {}", ran.stderr);
        assert!(ran.stderr.contains(message), "{message}: {}", ran.stderr);
        assert!(ran.stderr.contains(&format!("--> {REGISTRY}/{place}")), "{place}: {}", ran.stderr);
    }
}

#[test]
fn a_wildcard_that_somebody_wants_is_allowed() {
    let new = "    - '*' # kstack: allow wildcard\n";
    let ran = after(&format!("{REGISTRY}/project.yaml"), "    - https://git.example.com/acme/platform.git\n", new);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}
