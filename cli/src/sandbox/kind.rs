//! A sandbox as a kind cluster, where a Docker engine answers. Flux's controllers then run as pods
//! once the cluster was handed over; kstack starts only the Git server.
//!
//! The programs are run by argument lists that a scripted stand-in checks in the tests. They were
//! not run against a Docker engine where this was written.

use std::{net::Ipv4Addr, process::Stdio};

use serde_json::Value;
use tokio::process::Command;

use super::{
    Sink,
    component::Paths,
    driver::UpSettings,
    error::SandboxError,
    event::SandboxEvent,
    files::write_private,
    launch::Launcher,
    layout::Sandbox,
    member::Member,
    record::{Driver, EngineKind},
    supervisor::Supervisor,
};

/// The Docker network that kind puts its nodes into.
const NETWORK: &str = "kind";
/// Longest wait of kind for the control plane.
const PATIENCE: &str = "180s";

/// Whether kind can be used; the error says why not.
pub(super) async fn is_available() -> Result<(), SandboxError> {
    let unavailable = |reason: String| SandboxError::KindUnavailable { reason };
    // The engine's version, not the client's: without an engine this fails.
    run("docker", &["version", "--format", "{{.Server.Version}}"])
        .await
        .map_err(|error| unavailable(format!("no Docker engine answers: {error}")))?;
    run("kind", &["version"]).await.map_err(|error| unavailable(error.to_string()))?;
    Ok(())
}

/// The host's address in kind's network: where pods reach the Git server. The network is made if kind did not yet
/// make it, so that the address is known before there is a cluster.
pub(super) async fn git_host() -> Result<Ipv4Addr, SandboxError> {
    let inspect = ["network", "inspect", NETWORK, "--format", "{{json .IPAM.Config}}"];
    let configuration = match run("docker", &inspect).await {
        Ok(configuration) => configuration,
        Err(_) => {
            run("docker", &["network", "create", "--driver", "bridge", NETWORK]).await?;
            run("docker", &inspect).await?
        }
    };
    gateway(&configuration).ok_or_else(|| SandboxError::KindUnavailable {
        reason: format!("the Docker network `{NETWORK}` has no IPv4 gateway: {}", configuration.trim()),
    })
}

/// The first IPv4 gateway of `[{"Subnet": …, "Gateway": …}, …]`.
fn gateway(configuration: &str) -> Option<Ipv4Addr> {
    let configuration: Value = serde_json::from_str(configuration).ok()?;
    configuration.as_array()?.iter().find_map(|entry| entry.get("Gateway")?.as_str()?.parse().ok())
}

/// Creates the cluster unless kind has it, and starts the Git server.
pub(super) async fn up(sandbox: &Sandbox, settings: &UpSettings, sink: Sink<'_>) -> Result<usize, SandboxError> {
    let _lock = sandbox.lock(sink).await?;
    let mut record = sandbox.read_or_create(Driver::Kind, sink).await?;
    record.git_repositories.extend(settings.git_repositories.clone());
    record.engine = EngineKind::None; // its controllers are not processes here
    record.write(&sandbox.record_path())?;
    let name = cluster_name(sandbox);
    let mut created = 0;
    if !has_cluster(&name).await? {
        sink(SandboxEvent::Kind { action: "create cluster" });
        // Without --kubeconfig kind would write into the user's own.
        let kubeconfig = sandbox.folder().join("work/kind.kubeconfig").display().to_string();
        run("kind", &["create", "cluster", "--name", &name, "--kubeconfig", &kubeconfig, "--wait", PATIENCE]).await?;
        created = 1;
    }
    let kubeconfig = run("kind", &["get", "kubeconfig", "--name", &name]).await?;
    let kubeconfig = renamed(&kubeconfig, &sandbox.context())
        .map_err(|reason| SandboxError::Manifests { path: "kind get kubeconfig".into(), reason })?;
    write_private(&sandbox.kubeconfig(), kubeconfig.as_bytes())?;

    let components = Paths::default();
    let launcher = Launcher { sandbox, components: &components, kstack: &settings.kstack };
    let supervisor = Supervisor::new(launcher, record, sink)?;
    supervisor.stop_strays(&[Member::GitServer]).await?;
    supervisor.ensure(Member::GitServer).await?;
    Ok(created + supervisor.started())
}

/// Deletes the cluster if kind has it.
pub(super) async fn down(sandbox: &Sandbox, sink: Sink<'_>) -> Result<(), SandboxError> {
    let name = cluster_name(sandbox);
    if has_cluster(&name).await? {
        sink(SandboxEvent::Kind { action: "delete cluster" });
        let kubeconfig = sandbox.folder().join("work/kind.kubeconfig").display().to_string();
        run("kind", &["delete", "cluster", "--name", &name, "--kubeconfig", &kubeconfig]).await?;
    }
    Ok(())
}

fn cluster_name(sandbox: &Sandbox) -> String {
    format!("kstack-{}", sandbox.name())
}

async fn has_cluster(name: &str) -> Result<bool, SandboxError> {
    Ok(run("kind", &["get", "clusters"]).await?.lines().any(|line| line.trim() == name))
}

/// The kubeconfig with every name in it replaced by `context`, as other sandboxes have it.
fn renamed(kubeconfig: &str, context: &str) -> Result<String, String> {
    let mut document: Value = serde_saphyr::from_str(kubeconfig).map_err(|error| error.to_string())?;
    let name = Value::String(context.to_owned());
    for list in ["clusters", "users", "contexts"] {
        let entry = document.pointer_mut(&format!("/{list}/0")).and_then(Value::as_object_mut);
        let entry = entry.ok_or_else(|| format!("it has no `{list}`"))?;
        entry.insert("name".to_owned(), name.clone());
        if let Some(inner) = entry.get_mut("context").and_then(Value::as_object_mut) {
            inner.insert("cluster".to_owned(), name.clone());
            inner.insert("user".to_owned(), name.clone());
        }
    }
    if let Some(document) = document.as_object_mut() {
        document.insert("current-context".to_owned(), name);
    }
    serde_saphyr::to_string(&document).map_err(|error| error.to_string())
}

/// Runs a program to its end and gives what it printed.
async fn run(program: &str, arguments: &[&str]) -> Result<String, SandboxError> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|source| SandboxError::io("run", program, source))?;
    if !output.status.success() {
        return Err(SandboxError::Command {
            command: format!("{program} {}", arguments.join(" ")),
            status: output.status,
            stderr: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateway_is_the_one_of_ipv4() {
        let both = r#"[{"Subnet":"fc00:f853::/64","Gateway":"fc00:f853::1"},{"Subnet":"172.18.0.0/16","Gateway":"172.18.0.1"}]"#;
        assert_eq!(gateway(both), Some(Ipv4Addr::new(172, 18, 0, 1)));
        assert_eq!(gateway(r#"[{"Subnet":"fc00:f853::/64"}]"#), None);
    }

    #[test]
    fn kinds_kubeconfig_gets_the_names_of_a_sandbox() {
        let kubeconfig = "apiVersion: v1\nkind: Config\nclusters:\n- cluster:\n    server: https://127.0.0.1:1\n  name: kind-a\ncontexts:\n- context:\n    cluster: kind-a\n    user: kind-a\n  name: kind-a\ncurrent-context: kind-a\nusers:\n- name: kind-a\n  user: {}\n";
        let text = renamed(kubeconfig, "kstack-a").unwrap();
        let config = kube::config::Kubeconfig::from_yaml(&text).unwrap();
        assert_eq!(config.current_context.as_deref(), Some("kstack-a"));
        assert!(!text.contains("kind-a"), "{text}");
        assert_eq!(renamed("kind: Config\n", "a").unwrap_err(), "it has no `clusters`");
    }
}
