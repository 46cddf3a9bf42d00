//! `kstack diff` over a repository with two commits, rendered by the real kustomize.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use kstack::repo::Repository;

const PLATFORM: &str = "kstack {\n  version = \"0.1.0\"\n}\n\nplatform \"test\" {\n  repository     = \"https://git.example.com/test\"\n  default_branch = \"main\"\n}\n\nenvironment \"ops\" {\n  trigger = \"branch:main\"\n}\n\nenvironment \"apps\" {\n  trigger = \"tag:apps-deploy-*\"\n}\n\nstate \"local\" {\n  path = \".kstack/state\"\n}\n\nengine \"flux\" {\n  version = \"2.7.3\"\n}\n";
const OVERLAY: &str = "namespace: web\nresources: [../base]\n";

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A platform whose last commit changes a base that two environments share.
fn platform(root: &Path) {
    write(root, "kstack.hcl", PLATFORM);
    for environment in ["ops", "apps"] {
        let kustomization = format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: web, namespace: flux-system}}\nspec: {{path: ./services/web/{environment}, prune: true, sourceRef: {{kind: GitRepository, name: flux-system}}}}\n"
        );
        write(root, &format!("clusters/local-gc0/{environment}/services.yaml"), &kustomization);
        write(root, &format!("services/web/{environment}/kustomization.yaml"), OVERLAY);
    }
    write(root, "services/web/base/kustomization.yaml", "resources: [web.yaml]\n");
    let web = |replicas: u32, password: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{replicas: {replicas}}}\n---\napiVersion: v1\nkind: Secret\nmetadata: {{name: web}}\nstringData: {{password: {password}}}\n"
        )
    };
    write(root, "services/web/base/web.yaml", &web(1, "canary-1"));
    let repository = Repository::init(root, "main").unwrap();
    repository.commit_all("one").unwrap();
    write(root, "services/web/base/web.yaml", &web(2, "canary-2"));
    repository.commit_all("two").unwrap();
}

fn diff(root: &Path, arguments: &[&str]) -> (Output, String) {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_kstack"))
        .arg("diff")
        .args(arguments)
        .current_dir(root)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home.path())
        .output()
        .unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!text.contains("canary"), "{text}");
    (output, text)
}

#[test]
fn what_a_commit_does_to_clusters_is_shown_once_for_all_environments() {
    let folder = tempfile::tempdir().unwrap();
    platform(folder.path());
    let (output, text) = diff(folder.path(), &["HEAD~1..HEAD"]);
    assert_eq!(output.status.code(), Some(0), "{text}");
    insta::assert_snapshot!(text, @r"
    Objects of identity and access
      ~ Secret web/web changed  local-gc0 (ops, apps)  services/web/base/web.yaml
            name: web
            namespace: web
          stringData:
        -   password: (sensitive)
        +   password: (sensitive, changed)

    Other objects
      ~ Deployment web/web changed  local-gc0 (ops, apps)  services/web/base/web.yaml
            name: web
            namespace: web
          spec:
        -   replicas: 1
        +   replicas: 2

    4 objects change
    ");
    let (output, text) = diff(folder.path(), &["HEAD~1..HEAD", "--exit-code", "--environment", "apps"]);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("local-gc0 (apps)") && !text.contains("ops"), "{text}");
}

#[test]
fn equal_sides_differ_in_nothing() {
    let folder = tempfile::tempdir().unwrap();
    platform(folder.path());
    let (output, text) = diff(folder.path(), &["HEAD..HEAD", "--exit-code"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0), "{text}");
}

#[test]
fn programs_get_one_document_per_registry() {
    let folder = tempfile::tempdir().unwrap();
    platform(folder.path());
    let (output, _) = diff(folder.path(), &["HEAD~1..HEAD", "--format", "json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let documents: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(documents.len(), 2);
    assert_eq!((&documents[0]["type"], &documents[0]["version"]), (&"diff".into(), &1.into()));
    assert_eq!(documents[0]["registry"]["environment"], "ops");
    insta::assert_snapshot!(documents[0]["objects"][0], @r#"{"id":{"namespace":"web","kind":"Deployment","group":"apps","name":"web"},"change":"changed","fields":[{"path":"spec.replicas","before":1,"after":2}],"diff":["   name: web","   namespace: web"," spec:","-  replicas: 1","+  replicas: 2"],"origin":{"kustomization":"flux-system/web","path":"services/web/ops","file":"services/web/base/web.yaml"}}"#);
}

#[test]
fn a_registry_that_does_not_render_fails_the_run() {
    let folder = tempfile::tempdir().unwrap();
    platform(folder.path());
    write(folder.path(), "services/web/apps/kustomization.yaml", "resources: [../none]\n");
    let (output, text) = diff(folder.path(), &["HEAD", "--worktree"]);
    assert_eq!(output.status.code(), Some(1), "{text}");
    insta::assert_snapshot!(text, @"
    Failed
      ! clusters/local-gc0/apps failed
          `services/web/apps/kustomization.yaml` names `../none`, which is not in the repository

    1 failed
    error: a registry cannot be rendered
    ");
}
