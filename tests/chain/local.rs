//! The provider `local`: from nothing to two synced commits, what goes wrong on the way, and back to nothing.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use insta::assert_snapshot;
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ConfigMap, Node, Secret},
};
use kstack::sync::{self, ClusterAccess};
use kube::{
    Api, Client, ResourceExt as _,
    api::{DeleteParams, ListParams, Patch, PatchParams},
    core::{DynamicObject, GroupVersionKind},
    discovery::{self, Discovery, Scope, verbs},
};
use serde_json::{Value, json};

use super::platform::{Platform, SANDBOX};
use crate::support::cli::Ran;

/// Longer than anything here takes, also on a busy machine.
const LONG: Duration = Duration::from_secs(180);

/// What a team would change.
const MESSAGE: &str = "apps/hello/base/message.txt";
const DEPLOYMENT: &str = "apps/hello/base/deployment.yaml";
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
    let before = cluster.versions("flux-system").await;
    assert!(before.len() > 20, "{before:#?}");
    let ran = platform.kstack(&["apply"]).done();
    assert_eq!(synced(&ran), platform.head());
    assert_eq!(cluster.versions("flux-system").await, before);

    let mut talk = ran.stderr.replace(&cluster.endpoint, "[CLUSTER]");
    talk.truncate(talk.trim_end().len());
    assert_snapshot!(talk, @"");
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
    let old = cluster.hello().await;
    cluster.deployments().delete("hello", &DeleteParams::default()).await.unwrap();
    eventually("the Deployment is gone", async || cluster.deployments().get_opt("hello").await.unwrap().is_none())
        .await;

    let _ = platform.kstack(&["apply"]).done();
    let now = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "by the test"}}});
    cluster.kustomization("hello").await.patch("hello", &PatchParams::default(), &Patch::Merge(now)).await.unwrap();
    eventually("the Deployment returns", async || {
        let live = cluster.deployments().get_opt("hello").await.unwrap();
        live.is_some_and(|live| live.uid() != old.uid() && is_complete(&live))
    })
    .await;
}

async fn a_broken_manifest_is_reported_with_the_engines_reason(platform: &Platform) {
    platform.edit(DEPLOYMENT, "replicas: 2", "replicas: many");
    platform.commit("Run many of them");
    platform.push();
    let ran = platform.kstack(&["apply"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert_snapshot!(error(platform, &ran), @"");

    platform.edit(DEPLOYMENT, "replicas: many", "replicas: 2");
    platform.edit(KUSTOMIZATION, "  - service.yaml", "  - services.yaml");
    platform.commit("Rename a file, but not really");
    platform.push();
    let ran = platform.kstack(&["apply"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert_snapshot!(error(platform, &ran), @"");
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

#[tokio::test]
async fn what_goes_wrong_around_a_local_cluster_is_said_with_a_remedy() {
    let mut platform = Platform::new().await;
    platform.add_remote(platform.remote());
    platform.push();
    platform.plan();

    an_interrupted_apply_leaves_a_consistent_journal(&platform);
    a_credential_that_is_refused_is_no_matter_of_minutes(&mut platform);
    let cluster = Cluster::of(&platform).await;
    the_right_credential_replaces_a_deleted_one(&platform, &cluster).await;
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
    println!("{text}");

    let journal = journal(platform);
    println!("{journal:#}");
    assert_eq!(journal["entries"].as_array().unwrap().len(), 1);

    // The half-made sandbox is planned anew; `kstack apply` finishes it.
    let review = platform.plan().stdout;
    println!("{review}");
}

fn a_credential_that_is_refused_is_no_matter_of_minutes(platform: &mut Platform) {
    platform.world_mut().set("KSTACK_GIT_USERNAME", "kstack");
    platform.world_mut().set("KSTACK_GIT_PASSWORD", "not the token");
    let ran = platform.kstack(&["apply", "--timeout", "5m"]);
    assert_eq!(ran.code, Some(1), "a failure, not the end of the time:\n{ran}");
    assert_snapshot!(error(platform, &ran), @r"
    error: Flux cannot deliver `main@sha1:[COMMIT]`
      GitRepository/flux-system/flux-system: GitOperationFailed: failed to checkout and determine revision: unable to clone 'http://[ADDRESS]/platform.git': authentication required: the user is `kstack`, the password the sandbox's token
      Kustomization/flux-system/flux-system: waiting: Source artifact not found, retrying in 2s

    hint: check the repository's address and the Git credential: `kubectl -n flux-system delete secret flux-system`, then run the command again with the right one
    ");
}

async fn the_right_credential_replaces_a_deleted_one(platform: &Platform, cluster: &Cluster) {
    // `World` hands out commands with its variables; this one speaks for itself.
    let apply = |platform: &Platform| {
        let mut command = platform.world().command(env!("CARGO_BIN_EXE_kstack"), &platform.path(""));
        command.arg("apply").env("KSTACK_GIT_PASSWORD", platform.git_token());
        command.output().unwrap()
    };
    let output = apply(platform);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("is not the one given; it was left as it is"), "{text}");

    let secrets: Api<Secret> = Api::namespaced(cluster.client.clone(), "flux-system");
    secrets.delete("flux-system", &DeleteParams::default()).await.unwrap();
    let output = apply(platform);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(!text.contains(platform.git_token()), "no credential is ever printed");
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
    let waits = lines.find(|line| line.as_ref().unwrap().contains("ready Kustomization/flux-system/tenancy"));
    assert!(waits.is_some(), "it ended before it waited");
    signal(apply.id(), "INT");
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(apply.wait().unwrap().code(), Some(130), "{rest:?}");
    assert_eq!(rest.last().unwrap(), "error: interrupted; the engine goes on by itself", "{rest:?}");

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
      caused by: cannot reach the cluster at `https://[ADDRESS]`
      caused by: ServiceError: client error (Connect)
      caused by: tcp connect error
      caused by: Connection refused (os error 111)

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

/// The cluster as its administrator sees it.
struct Cluster {
    client: Client,
    endpoint: String,
}

impl Cluster {
    async fn of(platform: &Platform) -> Self {
        let access = ClusterAccess::Kubeconfig { path: platform.sandbox().kubeconfig(), context: None };
        let cluster = sync::connect(&access).await.unwrap();
        Self { client: cluster.client().clone(), endpoint: cluster.endpoint().to_owned() }
    }

    fn deployments(&self) -> Api<Deployment> {
        Api::namespaced(self.client.clone(), "demo")
    }

    async fn hello(&self) -> Deployment {
        self.deployments().get("hello").await.unwrap()
    }

    /// What the Deployment's pods are given to say: the ConfigMap's name is new for each message.
    async fn message(&self) -> String {
        let hello = serde_json::to_value(self.hello().await).unwrap();
        let name = hello.pointer("/spec/template/spec/containers/0/env/0/valueFrom/configMapKeyRef/name").unwrap();
        let config_maps: Api<ConfigMap> = Api::namespaced(self.client.clone(), "demo");
        let mut data = config_maps.get(name.as_str().unwrap()).await.unwrap().data.unwrap();
        data.remove("message").unwrap()
    }

    async fn has_the_hello_of_the_first_commit(&self) {
        let hello = self.hello().await;
        assert!(is_complete(&hello), "{:?}", hello.status);
        // The name is filled in by Flux, from what the hand-over knows of the cluster.
        assert_eq!(self.message().await, "Hello from gc0-ops-local\n");
    }

    async fn kustomization(&self, _name: &str) -> Api<DynamicObject> {
        let kind = GroupVersionKind::gvk("kustomize.toolkit.fluxcd.io", "v1", "Kustomization");
        let (resource, _) = discovery::pinned_kind(&self.client, &kind).await.unwrap();
        Api::namespaced_with(self.client.clone(), "flux-system", &resource)
    }

    /// The resource version of every object in `namespace` and of every definition, role and the like. What moves
    /// by itself is left out: leases are renewed, and events and pods come and go.
    async fn versions(&self, namespace: &str) -> BTreeMap<String, String> {
        let discovery = Discovery::new(self.client.clone()).run_aggregated().await.unwrap();
        let mut versions = BTreeMap::new();
        for (resource, capabilities) in discovery.groups().flat_map(discovery::ApiGroup::recommended_resources) {
            let moves = ["Lease", "Node", "Event", "Pod", "ComponentStatus"].contains(&resource.kind.as_str());
            if moves || !capabilities.supports_operation(verbs::LIST) {
                continue;
            }
            let api: Api<DynamicObject> = match capabilities.scope {
                Scope::Namespaced => Api::namespaced_with(self.client.clone(), namespace, &resource),
                Scope::Cluster => Api::all_with(self.client.clone(), &resource),
            };
            for object in api.list(&ListParams::default()).await.unwrap() {
                let name = format!("{}/{}", resource.kind, object.name_any());
                versions.insert(name, object.resource_version().unwrap());
            }
        }
        versions
    }
}

/// Whether all replicas of the Deployment as it is now are ready.
fn is_complete(live: &Deployment) -> bool {
    let Some(status) = &live.status else { return false };
    let wanted = live.spec.as_ref().and_then(|spec| spec.replicas);
    status.observed_generation == live.metadata.generation && status.ready_replicas == wanted
}

/// The commit that a run says is synced.
#[track_caller]
fn synced(ran: &Ran) -> String {
    let found = ran.stdout.split_once("synced `main@sha1:").and_then(|(_, rest)| rest.split_once('`'));
    found.unwrap_or_else(|| panic!("{ran}")).0.to_owned()
}

/// The error of a run with its hints, without what differs from run to run.
fn error(platform: &Platform, ran: &Ran) -> String {
    let text = &ran.stderr[ran.stderr.find("error: ").unwrap_or_else(|| panic!("{ran}"))..];
    let mut text = text.trim_end().to_owned();
    for (pattern, name) in [
        (r"127\.0\.0\.1:[0-9]{2,}", "[ADDRESS]"),
        ("[0-9a-f]{40}", "[COMMIT]"),
        (" after [0-9]+ ms", ""),
        ("`[0-9a-f]{7}`", "`[COMMIT]`"),
    ] {
        text = regex::Regex::new(pattern).unwrap().replace_all(&text, name).into_owned();
    }
    text.replace(&platform.world().root().display().to_string(), "[WORLD]")
}

/// The record of the last run.
fn journal(platform: &Platform) -> Value {
    let folder = platform.path(".kstack/pipeline/records/journal/ops");
    let last = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).max().unwrap();
    serde_json::from_slice(&fs::read(last).unwrap()).unwrap()
}

/// The sandbox's processes by name, from its record.
fn processes(platform: &Platform) -> BTreeMap<String, u32> {
    let record = fs::read(platform.sandbox().folder().join("sandbox.json")).unwrap();
    let record: Value = serde_json::from_slice(&record).unwrap();
    let processes = record["processes"].as_object().unwrap().iter();
    processes
        .map(|(name, process)| (name.clone(), process["identity"]["pid"].as_u64().unwrap().try_into().unwrap()))
        .collect()
}

fn is_running(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}/exe")).exists()
}

fn signal(pid: u32, name: &str) {
    assert!(Command::new("kill").args([format!("-{name}"), pid.to_string()]).status().unwrap().success());
}

async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let clock = Instant::now();
    while !is_so().await {
        assert!(clock.elapsed() < LONG, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
