//! The kind driver against scripted stand-ins for `docker` and `kind`: no Docker engine runs here, so
//! they prove which programs are called with which arguments, and what is made of their answers.

use std::{fs, os::unix::fs::PermissionsExt as _};

use super::{Home, failed, succeeded};

/// Answers as an engine with the network `kind` would; the gateway is another loopback address.
const FAKE_DOCKER: &str = r#"echo "docker $*" >> "$HOME/calls"
case "$*" in
  "version --format {{.Server.Version}}") echo 28.0.0 ;;
  "network inspect kind --format {{json .IPAM.Config}}")
    [ -e "$HOME/calls.network" ] || { echo "no such network" >&2; exit 1; }
    echo '[{"Subnet":"fc00::/64","Gateway":"fc00::1"},{"Subnet":"127.0.9.0/24","Gateway":"127.0.9.1"}]' ;;
  "network create --driver bridge kind") touch "$HOME/calls.network" ;;
  *) echo "unexpected: $*" >&2; exit 99 ;;
esac
"#;

/// Remembers one cluster.
const FAKE_KIND: &str = r#"echo "kind $*" >> "$HOME/calls"
case "$1 $2" in
  "version ") echo "kind v0.33.0" ;;
  "get clusters") cat "$HOME/calls.cluster" 2>/dev/null || echo "No kind clusters found." >&2 ;;
  "create cluster") echo "$4" > "$HOME/calls.cluster" ;;
  "delete cluster") rm "$HOME/calls.cluster" ;;
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

const FAKES: [(&str, &str); 2] = [("docker", FAKE_DOCKER), ("kind", FAKE_KIND)];

fn calls(home: &Home) -> String {
    let text = fs::read_to_string(home.path().join("calls")).unwrap();
    fs::remove_file(home.path().join("calls")).unwrap();
    text.replace(home.path().to_str().unwrap(), "<home>")
}

#[test]
fn a_kind_cluster_comes_and_goes() {
    let home = Home::with_programs(&FAKES);
    // `auto`: a Docker engine answers, so kind it is.
    succeeded(&home.kstack(&["up", "one"]).output().unwrap());
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
    let status = home.kstack(&["status", "one", "--format", "json"]).output().unwrap();
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(status["driver"], "kind");
    assert_eq!(status["processes"][0]["name"], "git-server");
    assert_eq!(status["processes"][0]["state"], "ready");
    let record = fs::read_to_string(home.sandbox("one").join("sandbox.json")).unwrap();
    assert!(record.contains("\"git-host\": \"127.0.9.1\""), "{record}");

    // Again: nothing to do.
    let again = home.kstack(&["up", "one", "--format", "json"]).output().unwrap();
    succeeded(&again);
    assert!(String::from_utf8(again.stdout).unwrap().contains("\"started\":0"));
    insta::assert_snapshot!(calls(&home), @r"
    kind get clusters
    kind get kubeconfig --name kstack-one
    ");

    let text = failed(&home.kstack(&["up", "one", "--driver", "process"]).output().unwrap(), 1);
    assert!(text.contains("error: sandbox `one` was made with the driver `kind`, not `process`"), "{text}");
    let text = failed(&home.kstack(&["down", "one", "--keep"]).output().unwrap(), 1);
    assert!(text.contains("kind deletes a cluster as a whole"), "{text}");

    succeeded(&home.kstack(&["down", "one"]).output().unwrap());
    insta::assert_snapshot!(calls(&home), @r"
    kind get clusters
    kind delete cluster --name kstack-one --kubeconfig <home>/data/sandboxes/one/work/kind.kubeconfig
    ");
    assert!(!home.sandbox("one").exists());
}

#[test]
fn kind_without_an_engine_is_refused() {
    let home = Home::with_programs(&[("docker", "echo cannot connect >&2; exit 1")]);
    let text = failed(&home.kstack(&["up", "one", "--driver", "kind"]).output().unwrap(), 1);
    assert!(text.starts_with("error: cannot use kind: no Docker engine answers: `docker version"), "{text}");
    assert!(text.contains("hint: use `--driver process`"), "{text}");
}
