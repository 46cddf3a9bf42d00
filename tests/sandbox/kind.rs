//! The kind driver against scripted stand-ins for `docker` and `kind`: no Docker engine runs here, so
//! they prove which programs are called with which arguments, and what is made of their answers.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

use super::{Home, failed, succeeded};

/// Answers as an engine with the network `kind` would; the gateway is another loopback address.
const FAKE_DOCKER: &str = r#"#!/bin/sh
echo "docker $*" >> "$CALLS"
case "$*" in
  "version --format {{.Server.Version}}") echo 28.0.0 ;;
  "network inspect kind --format {{json .IPAM.Config}}")
    [ -e "$CALLS.network" ] || { echo "no such network" >&2; exit 1; }
    echo '[{"Subnet":"fc00::/64","Gateway":"fc00::1"},{"Subnet":"127.0.9.0/24","Gateway":"127.0.9.1"}]' ;;
  "network create --driver bridge kind") touch "$CALLS.network" ;;
  *) echo "unexpected: $*" >&2; exit 99 ;;
esac
"#;

/// Remembers one cluster.
const FAKE_KIND: &str = r#"#!/bin/sh
echo "kind $*" >> "$CALLS"
case "$1 $2" in
  "version ") echo "kind v0.33.0" ;;
  "get clusters") cat "$CALLS.cluster" 2>/dev/null || echo "No kind clusters found." >&2 ;;
  "create cluster") echo "$4" > "$CALLS.cluster" ;;
  "delete cluster") rm "$CALLS.cluster" ;;
  "get kubeconfig") cat <<END
apiVersion: v1
kind: Config
clusters: [{name: kind-$4, cluster: {server: "https://127.0.0.1:9"}}]
contexts: [{name: kind-$4, context: {cluster: kind-$4, user: kind-$4}}]
users: [{name: kind-$4, user: {}}]
current-context: kind-$4
END
  ;;
  *) echo "unexpected: $*" >&2; exit 99 ;;
esac
"#;

fn kstack(home: &Home, arguments: &[&str]) -> Command {
    let bin = home.path().join("bin");
    if !bin.exists() {
        fs::create_dir(&bin).unwrap();
        for (name, script) in [("docker", FAKE_DOCKER), ("kind", FAKE_KIND)] {
            fs::write(bin.join(name), script).unwrap();
            fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
    let mut command = home.command(env!("CARGO_BIN_EXE_kstack"));
    let path = std::env::join_paths([bin, "/usr/bin".into(), "/bin".into()]).unwrap();
    command.env("PATH", path).env("CALLS", home.path().join("calls")).arg("sandbox").args(arguments);
    command
}

fn calls(home: &Home) -> String {
    let text = fs::read_to_string(home.path().join("calls")).unwrap();
    fs::remove_file(home.path().join("calls")).unwrap();
    text.replace(home.path().to_str().unwrap(), "<home>")
}

#[test]
fn a_kind_cluster_comes_and_goes() {
    let home = Home::new();
    // `auto`: a Docker engine answers, so kind it is.
    succeeded(&kstack(&home, &["up", "one"]).output().unwrap());
    insta::assert_snapshot!(calls(&home), @r"
    docker version --format {{.Server.Version}}
    kind version
    docker network inspect kind --format {{json .IPAM.Config}}
    docker network create --driver bridge kind
    docker network inspect kind --format {{json .IPAM.Config}}
    kind get clusters
    kind create cluster --name kstack-one --kubeconfig <home>/data/sandboxes/one/work/kind.kubeconfig --wait 180s
    kind get kubeconfig --name kstack-one
    ");
    let kubeconfig = home.sandbox("one").join("kubeconfig");
    assert_eq!(fs::metadata(&kubeconfig).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&kubeconfig).unwrap();
    assert!(text.contains("current-context: kstack-one") && !text.contains("kind-"), "{text}");

    // The Git server listens where pods would reach it.
    let status = kstack(&home, &["status", "one", "--format", "json"]).output().unwrap();
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(status["driver"], "kind");
    assert_eq!(status["processes"][0]["name"], "git-server");
    assert_eq!(status["processes"][0]["state"], "ready");
    let record = fs::read_to_string(home.sandbox("one").join("sandbox.json")).unwrap();
    assert!(record.contains("\"git-host\": \"127.0.9.1\""), "{record}");

    // Again: nothing to do.
    let again = kstack(&home, &["up", "one", "--format", "json"]).output().unwrap();
    succeeded(&again);
    assert!(String::from_utf8(again.stdout).unwrap().contains("\"started\":0"));
    insta::assert_snapshot!(calls(&home), @r"
    kind get clusters
    kind get kubeconfig --name kstack-one
    ");

    let text = failed(&kstack(&home, &["up", "one", "--driver", "process"]).output().unwrap(), 1);
    assert!(text.contains("error: sandbox `one` was made with the driver `kind`, not `process`"), "{text}");
    let text = failed(&kstack(&home, &["down", "one", "--keep"]).output().unwrap(), 1);
    assert!(text.contains("kind deletes a cluster as a whole"), "{text}");

    succeeded(&kstack(&home, &["down", "one"]).output().unwrap());
    insta::assert_snapshot!(calls(&home), @r"
    kind get clusters
    kind delete cluster --name kstack-one --kubeconfig <home>/data/sandboxes/one/work/kind.kubeconfig
    ");
    assert!(!home.sandbox("one").exists());
}

#[test]
fn kind_without_an_engine_is_refused() {
    let home = Home::new();
    kstack(&home, &[]);
    fs::write(home.path().join("bin/docker"), "#!/bin/sh\necho cannot connect >&2\nexit 1\n").unwrap();
    let text = failed(&kstack(&home, &["up", "one", "--driver", "kind"]).output().unwrap(), 1);
    assert!(text.starts_with("error: cannot use kind: no Docker engine answers: `docker version"), "{text}");
    assert!(text.contains("hint: use `--driver process`"), "{text}");
}
