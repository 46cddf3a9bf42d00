//! The life of sandboxes, from `up` to `down`, with real processes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::TcpListener,
    process::Command,
    thread,
};

use kstack::sandbox::Component;
use serde_json::Value;

use super::{Home, pids, succeeded};
use crate::support::components;

#[test]
fn two_sandboxes_live_side_by_side() {
    let home = Home::new();
    let repository = home.path().join("app.git");
    succeeded(
        &home.command("git").args(["init", "--quiet", "--bare", "-b", "main"]).arg(&repository).output().unwrap(),
    );

    // Two runs at once for the first: one boots it, the other finds it up.
    let registered = format!("app={}", repository.display());
    let runs = thread::scope(|scope| {
        let flux = || home.json(&["up", "one", "--driver", "process", "--git-repository", &registered]);
        let bare = || home.json(&["up", "two", "--driver", "process", "--kubernetes-only"]);
        let runs = [scope.spawn(flux), scope.spawn(flux), scope.spawn(bare)];
        runs.map(|run| run.join().unwrap())
    });
    let started: Vec<u64> = runs.iter().map(|run| run["started"].as_u64().unwrap()).collect();
    assert_eq!(BTreeSet::from([started[0], started[1]]), BTreeSet::from([0, 9]));
    assert_eq!(started[2], 6);

    everything_runs_alone_on_loopback(&home);
    flux_reads_what_is_pushed(&home);
    what_dies_is_started_again(&home);
    a_taken_port_is_left(&home);
    data_can_be_kept(&home);
    others_are_left_alone(&home);
    nothing_stays(&home);
}

fn everything_runs_alone_on_loopback(home: &Home) {
    let (one, two) = (home.status("one"), home.status("two"));
    for status in [&one, &two] {
        assert_eq!((status["state"].as_str(), status["api_version"].as_str()), (Some("ready"), Some("v1.34.2")));
        for (name, pid) in pids(status) {
            // The run that started it is over, and it leads a session of its own.
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
            let session = stat.rsplit(") ").next().unwrap().split(' ').nth(3).unwrap().to_owned();
            assert_eq!(session, pid.to_string(), "{name}");
            let listeners = listeners(pid);
            assert!(!listeners.is_empty(), "{name} listens somewhere");
            assert!(listeners.iter().all(|address| address == "0100007F"), "{name}: {listeners:?}");
        }
    }
    let names: Vec<String> = pids(&two).into_keys().collect();
    assert_eq!(names, ["etcd", "git-server", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"]);
    assert!(pids(&one).values().all(|pid| !pids(&two).values().any(|other| other == pid)));
    let list = home.kstack(&["list"]).output().unwrap();
    succeeded(&list);
    assert_eq!(String::from_utf8(list.stdout).unwrap().matches("v1.34.2").count(), 2);
}

/// The local addresses that a process listens on, as `/proc/net/tcp` and `tcp6` write them.
fn listeners(pid: u32) -> Vec<String> {
    let sockets: BTreeSet<String> = fs::read_dir(format!("/proc/{pid}/fd"))
        .unwrap()
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok()?.to_str().map(str::to_owned))
        .filter_map(|target| Some(target.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    ["tcp", "tcp6"]
        .iter()
        .flat_map(|table| {
            let text = fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
            text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
        })
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_ascii_whitespace().collect();
            let listens = fields.get(3) == Some(&"0A") && sockets.contains(*fields.get(9)?);
            listens.then(|| fields[1].split(':').next().unwrap().to_owned())
        })
        .collect()
}

/// The URL of the Git server with its credential.
fn git_url(home: &Home, credential: bool) -> String {
    let record: Value = serde_json::from_slice(&fs::read(home.sandbox("one").join("sandbox.json")).unwrap()).unwrap();
    let token = fs::read_to_string(home.sandbox("one").join("git-token")).unwrap();
    let user = if credential { format!("kstack:{token}@") } else { String::new() };
    format!("http://{user}127.0.0.1:{}/app.git", record["ports"]["git"])
}

fn kubectl(home: &Home, sandbox: &str, arguments: &[&str]) -> Command {
    let mut command = home.command(components::program(Component::Kubectl));
    command.arg("--kubeconfig").arg(home.sandbox(sandbox).join("kubeconfig")).args(arguments);
    command
}

fn flux_reads_what_is_pushed(home: &Home) {
    let stranger = home.command("git").args(["ls-remote", &git_url(home, false)]).output().unwrap();
    assert!(!stranger.status.success(), "without the token nothing is told");
    let unknown =
        home.command("git").args(["ls-remote", &git_url(home, true).replace("app", "other")]).output().unwrap();
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("not found"));

    let clone = home.path().join("clone");
    let git =
        |arguments: &[&str]| succeeded(&home.command("git").arg("-C").arg(&clone).args(arguments).output().unwrap());
    succeeded(&home.command("git").args(["clone", "--quiet", &git_url(home, true)]).arg(&clone).output().unwrap());
    git(&["checkout", "--quiet", "-B", "main"]);
    fs::create_dir(clone.join("deploy")).unwrap();
    fs::write(
        clone.join("deploy/settings.yaml"),
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  namespace: default\ndata:\n  answer: pushed\n",
    )
    .unwrap();
    // More than one HTTP chunk in either direction.
    fs::write(
        clone.join("ballast"),
        (0..400_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_string()).collect::<String>(),
    )
    .unwrap();
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "-m", "one"]);
    git(&["push", "--quiet", "origin", "main"]);

    let token = fs::read_to_string(home.sandbox("one").join("git-token")).unwrap();
    let objects = format!(
        "\
apiVersion: v1
kind: Secret
metadata: {{name: app, namespace: flux-system}}
stringData: {{username: kstack, password: {token}}}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {{name: app, namespace: flux-system}}
spec: {{interval: 1m, url: \"{}\", ref: {{branch: main}}, secretRef: {{name: app}}}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: app, namespace: flux-system}}
spec: {{interval: 10m, path: ./deploy, prune: true, sourceRef: {{kind: GitRepository, name: app}}}}
",
        git_url(home, false)
    );
    let file = home.path().join("objects.yaml");
    fs::write(&file, objects).unwrap();
    succeeded(&kubectl(home, "one", &["apply", "-f"]).arg(&file).output().unwrap());
    // The install manifests as a hand-over applies them: kwok plays the pods, the processes do the work.
    succeeded(
        &kubectl(home, "one", &["apply", "--server-side", "--field-manager=kstack", "-f"])
            .arg(components::flux_manifests())
            .output()
            .unwrap(),
    );
    let wait = |what: &[&str]| {
        let output = kubectl(home, "one", &["-n", "flux-system", "wait", "--timeout=60s"]).args(what).output().unwrap();
        succeeded(&output);
    };
    wait(&["kustomization/app", "--for=condition=Ready"]);
    wait(&["deployment", "--all", "--for=condition=Available"]);
    assert_eq!(answer(home), "pushed");
}

fn answer(home: &Home) -> String {
    let output =
        kubectl(home, "one", &["get", "configmap", "settings", "-o", "jsonpath={.data.answer}"]).output().unwrap();
    succeeded(&output);
    String::from_utf8(output.stdout).unwrap()
}

fn kill(pid: u32) {
    succeeded(&Command::new("kill").args(["-9", &pid.to_string()]).output().unwrap());
}

fn what_dies_is_started_again(home: &Home) {
    let before = pids(&home.status("one"));
    kill(before["kube-apiserver"]);
    kill(before["helm-controller"]);
    let status = home.kstack(&["status", "one", "--format", "json"]).output().unwrap();
    assert_eq!(status.status.code(), Some(1), "a sandbox that is not ready is a failure");
    assert_eq!(home.status("one")["state"], "degraded");
    let started = home.json(&["up", "one"])["started"].clone();
    let after = pids(&home.status("one"));
    let changed: BTreeSet<&str> =
        before.keys().filter(|name| before[*name] != after[*name]).map(String::as_str).collect();
    // On a busy machine one of the others may not have answered in time without the API server, or the API server may
    // have got another port: those are started again as well, but never what holds the data and the repositories.
    assert_eq!(started, changed.len());
    assert!(changed.is_superset(&BTreeSet::from(["helm-controller", "kube-apiserver"])), "{changed:?}");
    assert!(changed.is_disjoint(&BTreeSet::from(["etcd", "git-server"])), "{changed:?}");
    assert_eq!(home.status("one")["state"], "ready");
    assert_eq!(home.status("two")["state"], "ready");
}

fn a_taken_port_is_left(home: &Home) {
    let port = || {
        let record: Value =
            serde_json::from_slice(&fs::read(home.sandbox("two").join("sandbox.json")).unwrap()).unwrap();
        u16::try_from(record["ports"]["kube-scheduler"].as_u64().or(record["ports"]["scheduler"].as_u64()).unwrap())
            .unwrap()
    };
    let before = port();
    kill(pids(&home.status("two"))["kube-scheduler"]);
    // The port is free as soon as the process is gone, which `kill` does not wait for.
    let _listener = loop {
        match TcpListener::bind(("127.0.0.1", before)) {
            Ok(listener) => break listener,
            Err(_) => thread::yield_now(),
        }
    };
    let run = home.kstack(&["up", "two", "--kubernetes-only"]).output().unwrap();
    succeeded(&run);
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(said.contains(&format!("another program took {before}")), "{said}");
    assert_ne!(port(), before);
    assert_eq!(home.status("two")["state"], "ready");
}

fn data_can_be_kept(home: &Home) {
    let before = pids(&home.status("one"));
    home.json(&["down", "one", "--keep"]);
    assert_eq!(home.status("one")["state"], "stopped");
    assert!(before.values().all(|pid| !is_ours(home, *pid)));
    home.json(&["up", "one"]);
    assert_eq!(answer(home), "pushed");
}

/// A record may name process ids that mean other processes by now.
fn others_are_left_alone(home: &Home) {
    let mut bystander = Command::new("sleep").arg("600").spawn().unwrap();
    let path = home.sandbox("two").join("sandbox.json");
    let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    // As if kwok had ended and its number were used again.
    kill(pids(&home.status("two"))["kwok"]);
    record["processes"]["kwok"]["identity"]["pid"] = bystander.id().into();
    fs::write(&path, record.to_string()).unwrap();
    assert_eq!(home.status("two")["state"], "degraded");
    assert_eq!(home.json(&["up", "two", "--kubernetes-only"])["started"], 1);
    // And as if a run had been killed before it could record what it started.
    let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let unrecorded = pids(&home.status("two"))["kube-controller-manager"];
    record["processes"].as_object_mut().unwrap().remove("kube-controller-manager");
    record["processes"]["kwok"]["identity"]["pid"] = bystander.id().into();
    fs::write(&path, record.to_string()).unwrap();
    assert!(is_ours(home, unrecorded));
    home.json(&["down", "two"]);
    assert!(!is_ours(home, unrecorded), "its mark gave it away");
    assert!(bystander.try_wait().unwrap().is_none(), "the bystander lives");
    bystander.kill().unwrap();
    bystander.wait().unwrap();
}

fn nothing_stays(home: &Home) {
    assert_eq!(home.status("one")["state"], "ready", "the end of the other changes nothing");
    let processes: BTreeMap<String, u32> = pids(&home.status("one"));
    assert_eq!(processes.len(), 9);
    home.json(&["down", "one"]);
    assert!(processes.values().all(|pid| !is_ours(home, *pid)));
    let left: Vec<_> = fs::read_dir(home.sandbox(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(left, [".ports.lock"]);
    let list = home.kstack(&["list"]).output().unwrap();
    assert_eq!(String::from_utf8(list.stderr).unwrap(), "there is no sandbox\n");
}

/// Whether the process runs and belongs to a sandbox of this home.
fn is_ours(home: &Home, pid: u32) -> bool {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    String::from_utf8_lossy(&environment).contains(home.path().to_str().unwrap())
}
