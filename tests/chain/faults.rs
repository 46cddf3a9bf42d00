//! What goes wrong around a local cluster, and how it goes on afterwards.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::Stdio,
    time::Duration,
};

use insta::assert_snapshot;
use k8s_openapi::api::core::v1::{Node, Secret};
use kube::{
    Api, ResourceExt as _,
    api::{DeleteParams, ListParams, Patch, PatchParams},
};
use serde_json::{Value, json};

use super::{
    cluster::Cluster,
    platform::{DEPLOYMENT, Platform, SANDBOX},
    runs::{error, is_running, journal, processes, signal, synced},
};

/// The state of the cluster's stack.
const STATE: &str = ".kstack/state/ops/local-gc0.tfstate";

#[tokio::test]
async fn what_goes_wrong_around_a_local_cluster_is_said_with_a_remedy() {
    let mut platform = Platform::new().await;
    platform.add_remote(platform.remote());
    platform.push();
    platform.plan();

    an_interrupted_apply_leaves_a_consistent_journal(&platform);
    a_credential_that_is_refused_is_no_matter_of_minutes(&mut platform);
    let cluster = Cluster::of(&platform).await;
    the_right_credential_replaces_a_deleted_one(&mut platform, &cluster).await;
    an_interrupted_wait_is_finished_by_the_next_apply(&platform, &cluster).await;
    a_kubeconfig_that_is_not_there_is_named(&platform);
    a_cluster_whose_processes_ended_is_started_again(&platform);
    a_cluster_that_is_gone_is_called_by_its_name(&platform);
}

fn an_interrupted_apply_leaves_a_consistent_journal(platform: &Platform) {
    let mut command = platform.world().command(env!("CARGO_BIN_EXE_kstack"), &platform.path(""));
    let mut apply = command.arg("apply").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    while processes(platform).is_empty() {
        assert_eq!(apply.try_wait().unwrap(), None, "it ended before the control plane began to start");
        std::thread::sleep(Duration::from_millis(20));
    }
    signal(apply.id(), "INT");
    let output = apply.wait_with_output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{text}");
    assert!(text.contains("interrupted; Terraform has kept its state"), "{text}");
    assert!(text.ends_with("hint: what was done is in the state; `kstack plan` shows what remains\n"), "{text}");

    let journal = journal(platform);
    assert!(journal["ended"].is_string(), "{journal:#}");
    let entry = &journal["entries"]["ops/local-gc0"];
    assert_eq!((&entry["status"], &entry["before"]), (&json!("interrupted"), &Value::Null), "{journal:#}");
    let state: Value = serde_json::from_slice(&fs::read(platform.path(STATE)).unwrap()).unwrap();
    assert_eq!(entry["after"], json!({ "lineage": state["lineage"], "serial": state["serial"] }));

    // What was reviewed was to begin with nothing, and half a sandbox is something.
    let ran = platform.kstack(&["apply"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    let refused = "local-gc0 (ops): state differs: reviewed none, found one with serial";
    assert!(ran.stderr.contains(refused) && ran.stderr.contains("hint: run `kstack plan` for the commit"), "{ran}");
    let review = platform.plan().stdout;
    let made_anew = "± module.cluster.terraform_data.sandbox destroyed, then created: it is tainted  local-gc0 (ops)";
    assert!(review.contains(made_anew), "{review}");
}

fn a_credential_that_is_refused_is_no_matter_of_minutes(platform: &mut Platform) {
    platform.world_mut().set("KSTACK_GIT_USERNAME", "kstack");
    platform.world_mut().set("KSTACK_GIT_PASSWORD", "not the token");
    let ran = platform.kstack(&["apply", "--timeout", "5m"]);
    assert_eq!(ran.code, Some(1), "a failure, not the end of the time:\n{ran}");
    assert_snapshot!(error(platform, &ran), @r"
    error: Flux cannot deliver `main@sha1:[COMMIT]`
      GitRepository/flux-system/flux-system: GitOperationFailed: failed to checkout and determine revision: unable to clone 'http://[ADDRESS]/platform.git': authentication required: the user is `kstack`, the password the sandbox's token

    hint: check the repository's address and the Git credential: `kubectl -n flux-system delete secret flux-system`, then run the command again with the right one
    ");
}

async fn the_right_credential_replaces_a_deleted_one(platform: &mut Platform, cluster: &Cluster) {
    let token = platform.git_token().to_owned();
    platform.world_mut().set("KSTACK_GIT_PASSWORD", &token);
    let ran = platform.kstack(&["apply"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.stderr.contains("is not the one given; it was left as it is"), "{ran}");

    let secrets: Api<Secret> = Api::namespaced(cluster.client.clone(), "flux-system");
    secrets.delete("flux-system", &DeleteParams::default()).await.unwrap();
    let ran = platform.kstack(&["apply"]).done();
    assert_eq!(synced(&ran), platform.head());
    assert!(!ran.to_string().contains(&token), "no credential is ever printed");
}

async fn an_interrupted_wait_is_finished_by_the_next_apply(platform: &Platform, cluster: &Cluster) {
    // No node has this label, so the new pods, and with them Flux, wait for one.
    platform.edit(
        DEPLOYMENT,
        "      automountServiceAccountToken: false",
        "      nodeSelector: {example.com/disk: fast}\n      automountServiceAccountToken: false",
    );
    platform.commit("Run on fast disks");
    platform.push();

    let mut command = platform.world().command(env!("CARGO_BIN_EXE_kstack"), &platform.path(""));
    let mut apply = command.arg("apply").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(apply.stderr.take().unwrap()).lines();
    let waits = lines.find(|line| line.as_ref().unwrap().starts_with("source and root: "));
    assert!(waits.is_some(), "it ended before it waited");
    signal(apply.id(), "INT");
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(apply.wait().unwrap().code(), Some(130), "{rest:?}");
    let told = ["error: interrupted; the engine goes on by itself", "", "hint: run it again to wait for it"];
    assert!(rest.ends_with(&told.map(str::to_owned)), "{rest:?}");

    let nodes: Api<Node> = Api::all(cluster.client.clone());
    let node = nodes.list(&ListParams::default()).await.unwrap().items.remove(0).name_any();
    let label = json!({"metadata": {"labels": {"example.com/disk": "fast"}}});
    nodes.patch(&node, &PatchParams::default(), &Patch::Merge(label)).await.unwrap();
    let ran = platform.kstack(&["apply"]).done();
    assert_eq!(synced(&ran), platform.head());
}

fn a_kubeconfig_that_is_not_there_is_named(platform: &Platform) {
    let ran = platform.kstack(&["apply", "--kubeconfig", "nowhere"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert_snapshot!(error(platform, &ran), @r"
    error: cannot read `[WORLD]/work/platform/nowhere`
      caused by: No such file or directory (os error 2)

    hint: check that the file exists and can be read
    ");
}

fn a_cluster_whose_processes_ended_is_started_again(platform: &Platform) {
    let ended = processes(platform)["kube-apiserver"];
    signal(ended, "KILL");
    while is_running(ended) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let ran = platform.kstack(&["apply"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert_snapshot!(error(platform, &ran), @r"
    error: the local cluster `gc0-ops-local` does not run
      caused by: cannot reach the cluster at `https://[ADDRESS]`: Connection refused (os error 111)

    hint: start it with `kstack sandbox up gc0-ops-local`, then run the command again
    ");
    platform.kstack(&["sandbox", "up", SANDBOX]).done();
    let ran = platform.kstack(&["apply"]).done();
    assert_eq!(synced(&ran), platform.head());
}

fn a_cluster_that_is_gone_is_called_by_its_name(platform: &Platform) {
    platform.kstack(&["sandbox", "down", SANDBOX]).done();
    let ran = platform.kstack(&["apply"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert_snapshot!(error(platform, &ran), @r"
    error: the local cluster `gc0-ops-local` does not run
      caused by: cannot read `[WORLD]/data/sandboxes/gc0-ops-local/kubeconfig`
      caused by: No such file or directory (os error 2)

    hint: start it with `kstack sandbox up gc0-ops-local`, then run the command again
    ");
}

#[tokio::test]
async fn nothing_is_applied_for_a_hand_over_that_cannot_work() {
    let platform = Platform::new().await;
    platform.plan();
    let refused = || {
        let ran = platform.kstack(&["apply"]);
        assert_eq!(ran.code, Some(1), "{ran}");
        assert!(!platform.path(".kstack/state").exists(), "something was applied");
        error(&platform, &ran)
    };
    assert_snapshot!(refused(), @r"
    error: this repository has no remote `origin`, so the engines cannot pull the commit

    hint: add it with `git remote add origin <url>` and push
    ");
    platform.add_remote(platform.remote());
    // A repository that nothing was pushed to, and one that lacks this commit only.
    assert_snapshot!(refused(), @r"
    error: commit `[COMMIT]` is not on branch `main` of `origin`, which the engines follow

    hint: merge and push it first: `git push origin main`
    ");
    platform.push();
    platform.commit_nothing();
    assert_snapshot!(refused(), @r"
    error: commit `[COMMIT]` is not on branch `main` of `origin`, which the engines follow

    hint: merge and push it first: `git push origin main`
    ");
    platform.git(&["remote", "set-url", "origin", "http://127.0.0.1:1/platform.git"]);
    assert_snapshot!(refused(), @r"
    error: cannot reach remote `origin`: fatal: unable to access 'http://127.0.0.1:1/platform.git/': Failed to connect to 127.0.0.1 port 1: Couldn't connect to server

    hint: check the network, and the address with `git remote get-url origin`
    ");
}

#[tokio::test]
async fn a_kubeconfig_stands_for_one_cluster() {
    let platform = Platform::new().await;
    let clusters = ["--cluster", "local:one", "--cluster", "local:two"];
    platform.init("two", &[&clusters[..], &["--repository", "http://127.0.0.1:1/two.git"]].concat());
    let ran = platform.world().kstack_in("two", &["apply", "--kubeconfig", "kubeconfig"]);
    assert_snapshot!(ran, @r"
    --- stderr ---
    error: one kubeconfig cannot stand for 2 clusters

    hint: name one with `--stack`, or leave `--kubeconfig` out
    --- exit code 64 ---
    ");
}
