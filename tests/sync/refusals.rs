//! What `kstack sync` refuses before it has met a cluster.

use std::{path::Path, process::Command};

use super::platform::Platform;

/// What the program says in `folder`, with its exit code.
fn says(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_kstack"))
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("GIT_CEILING_DIRECTORIES", folder.parent().unwrap())
        .args(arguments)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap().replace(folder.to_str().unwrap(), "[PLATFORM]");
    format!("{text}exit code {}", output.status.code().unwrap())
}

fn platform() -> Platform {
    Platform::unpushed("", "https://example.com/p", "/nonexistent")
}

#[test]
fn what_is_no_repository_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    insta::assert_snapshot!(says(&folder.path().canonicalize().unwrap(), &["sync"]), @"
    error: `[PLATFORM]` is not inside a Git repository

    hint: run it inside your platform's repository, or name it with `-C DIR`
    exit code 1
    ");
}

#[test]
fn a_cluster_that_is_not_there_or_not_clear_is_refused() {
    let platform = platform();
    insta::assert_snapshot!(says(platform.folder(), &["sync", "eks-gc0"]), @"
    error: there is no stack `eks-gc0`

    hint: `kstack list` shows them all
    exit code 1
    ");
    insta::assert_snapshot!(says(platform.folder(), &["sync", "--commit", "nowhere"]), @"
    error: unknown revision `nowhere`

    hint: fetch it, or check the name with `git branch --all` and `git tag`
    exit code 1
    ");
    platform.write("clusters/local-gc0/apps/flux-system/gotk-sync.yaml", "");
    platform.commit("Add an environment");
    insta::assert_snapshot!(says(platform.folder(), &["sync", "--environment", "apps"]), @"
    error: there is no environment `apps`

    hint: `kstack.hcl` has: `ops`
    exit code 1
    ");
}

#[test]
fn a_cluster_that_cannot_be_reached_is_refused() {
    let platform = platform();
    insta::assert_snapshot!(says(platform.folder(), &["sync"]), @"
    error: local-gc0 (ops) was never applied, so its cluster is not known

    hint: run `kstack apply` first, or name the cluster with `--kubeconfig`
    exit code 1
    ");
    insta::assert_snapshot!(says(platform.folder(), &["sync", "--kubeconfig", "gone"]), @"
    error: cannot read `[PLATFORM]/gone`
      caused by: No such file or directory (os error 2)

    hint: check that the file exists and can be read
    exit code 1
    ");
    let kubeconfig = "apiVersion: v1\nkind: Config\ncurrent-context: x\ncontexts: [{name: x, context: {cluster: x}}]\n\
                      clusters: [{name: x, cluster: {server: 'https://127.0.0.1:1'}}]\n";
    platform.write("kubeconfig", kubeconfig);
    insta::assert_snapshot!(says(platform.folder(), &["sync", "--kubeconfig", "kubeconfig"]), @"
    error: cannot reach the cluster at `https://127.0.0.1:1`: Connection refused (os error 111)

    hint: check that the cluster runs and that this machine may reach its API server
    exit code 1
    ");
    let other = ["sync", "--kubeconfig", "kubeconfig", "--context", "y"];
    insta::assert_snapshot!(says(platform.folder(), &other), @"
    error: kubeconfig `[PLATFORM]/kubeconfig` has no context `y`

    hint: contexts of the file: `x`
    exit code 1
    ");
}

#[test]
fn a_wrong_time_is_refused() {
    insta::assert_snapshot!(says(platform().folder(), &["sync", "--timeout", "soon"]), @r#"
    error: invalid value 'soon' for '--timeout <TIME>': failed to parse input in the "friendly" duration format: expected duration to start with a unit value (a decimal integer) after an optional sign, but no integer was found

    For more information, try '--help'.
    exit code 64
    "#);
}
