//! The provider `local`: from nothing to two synced commits, and back to nothing.

use std::fs;

use insta::assert_snapshot;
use kube::{
    ResourceExt as _,
    api::{DeleteParams, Patch, PatchParams},
};
use serde_json::json;

use super::{
    cluster::{Cluster, eventually, is_complete},
    platform::{DEPLOYMENT, Platform},
    runs::{error, is_running, processes, synced},
};
use crate::support::cli::Ran;

/// What a team would change.
const MESSAGE: &str = "apps/hello/base/message.txt";
const KUSTOMIZATION: &str = "apps/hello/base/kustomization.yaml";

#[tokio::test]
async fn a_local_cluster_follows_its_platform_from_the_first_commit_to_its_end() {
    let platform = Platform::new().await;
    platform.add_remote(platform.remote());
    platform.push();

    the_first_apply_makes_the_cluster_and_syncs_the_commit(&platform).await;
    let cluster = Cluster::of(&platform).await;
    cluster.has_the_hello_of_the_first_commit().await;
    what_is_handed_over_already_is_not_written_again(&platform, &cluster).await;
    a_change_of_an_app_is_planned_merged_and_synced(&platform, &cluster).await;
    what_was_deleted_by_hand_returns(&platform, &cluster).await;
    what_the_cluster_has_may_be_promoted(&platform);
    a_broken_manifest_is_reported_with_the_engines_reason(&platform).await;
    the_next_commit_mends_it(&platform, &cluster).await;
    a_removed_stack_takes_its_cluster_along(&platform);
}

async fn the_first_apply_makes_the_cluster_and_syncs_the_commit(platform: &Platform) {
    let review = platform.plan().stdout;
    assert!(review.contains("+ module.cluster.terraform_data.sandbox created  local-gc0 (ops)"), "{review}");
    assert!(review.ends_with("1 to create\n"), "{review}");

    let ran = platform.kstack(&["apply"]).done();
    assert_eq!(synced(&ran), platform.head());
    for step in ["applied local-gc0 (ops): 1 added", "Git credential: created Secret/flux-system/flux-system"] {
        assert!(ran.stderr.contains(step), "{ran}");
    }
    each_object_is_said_to_be_ready_once(&ran);
}

fn each_object_is_said_to_be_ready_once(ran: &Ran) {
    let mut ready: Vec<&str> = ran.stderr.lines().filter(|line| line.starts_with("  ready ")).collect();
    ready.sort_unstable();
    let objects = ["access", "flux-system", "hello", "scheduling", "tenancy"];
    let kustomizations = objects.map(|name| format!("  ready Kustomization/flux-system/{name}"));
    let expected = [&["  ready GitRepository/flux-system/flux-system".to_owned()], kustomizations.as_slice()].concat();
    assert_eq!(ready, expected, "{ran}");
}

async fn what_is_handed_over_already_is_not_written_again(platform: &Platform, cluster: &Cluster) {
    cluster.comes_to_rest().await;
    let before = cluster.versions("flux-system").await;
    assert!(before.len() > 20, "{before:#?}");
    let ran = platform.kstack(&["apply"]).done();
    assert_eq!(synced(&ran), platform.head());
    assert_eq!(cluster.versions("flux-system").await, before);

    let mut talk = ran.stderr.replace(&cluster.endpoint, "[CLUSTER]");
    talk.truncate(talk.trim_end().len());
    assert_snapshot!(talk, @r"
    the infrastructure of `ops` is up to date
    connected to `[CLUSTER]` (Kubernetes v1.34.2)
    engine: 25 managed by the engine
    engine: 3 controllers available
    source and root: 2 managed by the engine
    ");
}

async fn a_change_of_an_app_is_planned_merged_and_synced(platform: &Platform, cluster: &Cluster) {
    let first = platform.head();
    platform.git(&["switch", "--quiet", "--create", "greet"]);
    fs::write(platform.path(MESSAGE), "Good morning\n").unwrap();
    platform.commit("Greet in the morning");

    let review = platform.kstack(&["plan", "--format", "json"]).done().json();
    let review = review.iter().find(|document| document["type"] == "review").unwrap();
    assert_eq!(review["instances"], json!([]), "an app is none of the stack's business");

    platform.git(&["switch", "--quiet", "main"]);
    platform.git(&["merge", "--quiet", "--no-ff", "greet", "--message", "Merge branch 'greet'"]);
    platform.push();
    let old = cluster.hello().await;
    let ran = platform.kstack(&["apply"]).done();
    assert_ne!(platform.head(), first);
    assert_eq!(synced(&ran), platform.head());
    assert_eq!(cluster.message().await, "Good morning\n");
    let new = cluster.hello().await;
    assert_ne!(new.metadata.generation, old.metadata.generation, "another ConfigMap rolls the Deployment");
}

/// `kstack apply` finds the commit delivered and writes nothing. What was deleted returns at the interval of its
/// Kustomization, or as soon as somebody asks, as `flux reconcile` does.
async fn what_was_deleted_by_hand_returns(platform: &Platform, cluster: &Cluster) {
    cluster.comes_to_rest().await;
    let old = cluster.hello().await;
    cluster.deployments().delete("hello", &DeleteParams::default()).await.unwrap();
    eventually("the Deployment is gone", async || cluster.deployments().get_opt("hello").await.unwrap().is_none())
        .await;

    let _ = platform.kstack(&["apply"]).done();
    let now = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "by the test"}}});
    cluster.kustomizations().await.patch("hello", &PatchParams::default(), &Patch::Merge(now)).await.unwrap();
    eventually("the Deployment returns", async || {
        let live = cluster.deployments().get_opt("hello").await.unwrap();
        live.is_some_and(|live| live.uid() != old.uid() && is_complete(&live))
    })
    .await;
}

/// Another environment comes after this one. The rules of promotion ask the cluster itself.
fn what_the_cluster_has_may_be_promoted(platform: &Platform) {
    let settings = fs::read_to_string(platform.path("kstack.hcl")).unwrap();
    let apps = "\nenvironment \"apps\" {\n  trigger = \"tag:apps-deploy-*\"\n}\n";
    fs::write(platform.path("kstack.hcl"), format!("{settings}{apps}")).unwrap();
    platform.commit("Add an environment for users");
    platform.push();
    let _ = platform.kstack(&["apply"]).done();
    let healthy = || {
        let ran = platform.kstack(&["promote", "apps", "--format", "json"]);
        let promotion = ran.json().into_iter().find(|document| document["type"] == "promotion").unwrap();
        let rules = promotion["promotion"]["rules"].as_array().unwrap().clone();
        rules.into_iter().find(|check| check["rule"] == "healthy").unwrap()
    };
    assert_eq!(
        healthy(),
        json!({"rule": "healthy", "state": "holds", "says": "the cluster of `ops` has the commit, and every object is ready"})
    );
}

async fn a_broken_manifest_is_reported_with_the_engines_reason(platform: &Platform) {
    platform.edit(DEPLOYMENT, "replicas: 2", "replicas: many");
    platform.commit("Run many of them");
    platform.push();
    let ran = platform.kstack(&["apply"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert_snapshot!(error(platform, &ran), @r"
    error: Flux cannot deliver `main@sha1:[COMMIT]`
      Kustomization/flux-system/hello: ReconciliationFailed: Deployment/demo/hello dry-run failed: failed to create typed patch object (demo/hello; apps/v1, Kind=Deployment): .spec.replicas: expected numeric (int or float), got string

    hint: mend what is named above and merge it; Flux delivers the next commit by itself
    ");

    platform.edit(DEPLOYMENT, "replicas: many", "replicas: 2");
    platform.edit(KUSTOMIZATION, "  - service.yaml", "  - services.yaml");
    platform.commit("Rename a file, but not really");
    platform.push();
    let ran = platform.kstack(&["apply"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert_snapshot!(error(platform, &ran), @r"
    error: Flux cannot deliver `main@sha1:[COMMIT]`
      Kustomization/flux-system/hello: BuildFailed: kustomize build failed: accumulating resources: accumulation err='accumulating resources from '../base': read apps/hello/base: is a directory': recursed accumulation of path 'apps/hello/base': accumulating resources: accumulation err='accumulating resources from 'services.yaml': open apps/hello/base/services.yaml: no such file or directory': must build at directory: not a valid directory: evalsymlink failure on 'apps/hello/base/services.yaml' : lstat apps/hello/base/services.yaml: no such file or directory

    hint: mend what is named above and merge it; Flux delivers the next commit by itself
    ");
}

async fn the_next_commit_mends_it(platform: &Platform, cluster: &Cluster) {
    platform.edit(KUSTOMIZATION, "  - services.yaml", "  - service.yaml");
    platform.commit("Name the file that is there");
    platform.push();
    let ran = platform.kstack(&["apply"]).done();
    assert_eq!(synced(&ran), platform.head());
    assert!(is_complete(&cluster.hello().await));
}

fn a_removed_stack_takes_its_cluster_along(platform: &Platform) {
    let processes = processes(platform);
    assert!(processes.len() >= 9 && processes.values().all(|pid| is_running(*pid)), "{processes:?}");
    platform.git(&["rm", "-r", "--quiet", "infra/local-gc0", "clusters/local-gc0"]);
    platform.commit("Remove gc0");
    platform.push();
    let review = platform.plan().stdout;
    assert!(review.contains("- module.cluster.terraform_data.sandbox destroyed  local-gc0 (ops)"), "{review}");

    let ran = platform.kstack(&["apply"]).done();
    assert!(ran.stderr.contains("applied local-gc0 (ops): 0 added, 0 changed, 1 destroyed"), "{ran}");
    assert!(!platform.sandbox().folder().exists());
    let left: Vec<_> = processes.iter().filter(|(_, pid)| is_running(**pid)).collect();
    assert!(left.is_empty(), "{left:?}");
}
