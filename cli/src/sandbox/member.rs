//! The processes of a sandbox.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{component::Component, ports::Port};

/// A process of a sandbox, in the order in which they start. They end in the reverse order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Member {
    /// Serves the registered Git repositories over HTTP.
    GitServer,
    /// Keeps the cluster's objects.
    Etcd,
    /// The Kubernetes API.
    KubeApiserver,
    /// Runs the built-in controllers.
    KubeControllerManager,
    /// Puts pods on the node.
    KubeScheduler,
    /// Plays the one node and its pods.
    Kwok,
    /// Flux: fetches sources.
    SourceController,
    /// Flux: applies kustomizations.
    KustomizeController,
    /// Flux: installs Helm releases.
    HelmController,
    /// Argo CD: its cache.
    ArgocdRedis,
    /// Argo CD: fetches repositories and renders manifests.
    ArgocdRepoServer,
    /// Argo CD: syncs Applications.
    ArgocdApplicationController,
    /// Argo CD: makes Applications of ApplicationSets.
    ArgocdApplicationsetController,
}

impl Member {
    /// The processes of Kubernetes itself and the Git server.
    pub const BASE: [Self; 6] = [
        Self::GitServer,
        Self::Etcd,
        Self::KubeApiserver,
        Self::KubeControllerManager,
        Self::KubeScheduler,
        Self::Kwok,
    ];
    /// Flux's controllers that run here. The notification controller does not: its module cannot be built from the
    /// published sources, and nothing in a sandbox listens to its events.
    pub const FLUX: [Self; 3] = [Self::SourceController, Self::KustomizeController, Self::HelmController];

    /// Argo CD's processes that run here: what its core installation has.
    pub const ARGOCD: [Self; 4] = [
        Self::ArgocdRedis,
        Self::ArgocdRepoServer,
        Self::ArgocdApplicationController,
        Self::ArgocdApplicationsetController,
    ];
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::BASE.into_iter().chain(Self::FLUX).chain(Self::ARGOCD)
    }

    /// The name, as the component's program has it, or the part of it that runs.
    pub fn name(self) -> &'static str {
        match self {
            Self::ArgocdRedis => "argocd-redis",
            Self::ArgocdRepoServer => "argocd-repo-server",
            Self::ArgocdApplicationController => "argocd-application-controller",
            Self::ArgocdApplicationsetController => "argocd-applicationset-controller",
            _ => self.component().map_or("git-server", Component::name),
        }
    }

    /// The program that it runs; `None` for the Git server, which is kstack itself.
    pub fn component(self) -> Option<Component> {
        Some(match self {
            Self::GitServer => return None,
            Self::Etcd => Component::Etcd,
            Self::KubeApiserver => Component::KubeApiserver,
            Self::KubeControllerManager => Component::KubeControllerManager,
            Self::KubeScheduler => Component::KubeScheduler,
            Self::Kwok => Component::Kwok,
            Self::SourceController => Component::SourceController,
            Self::KustomizeController => Component::KustomizeController,
            Self::HelmController => Component::HelmController,
            Self::ArgocdRedis => Component::Miniredis,
            Self::ArgocdRepoServer | Self::ArgocdApplicationController | Self::ArgocdApplicationsetController => {
                Component::Argocd
            }
        })
    }

    /// The sockets that it listens on.
    pub fn ports(self) -> &'static [Port] {
        match self {
            Self::GitServer => &[Port::Git],
            Self::Etcd => &[Port::EtcdClient, Port::EtcdPeer, Port::EtcdHealth],
            Self::KubeApiserver => &[Port::Api],
            Self::KubeControllerManager => &[Port::ControllerManager],
            Self::KubeScheduler => &[Port::Scheduler],
            Self::Kwok => &[Port::Kwok],
            Self::SourceController => &[Port::SourceArtifacts, Port::SourceHealth],
            Self::KustomizeController => &[Port::KustomizeHealth],
            Self::HelmController => &[Port::HelmHealth],
            Self::ArgocdRedis => &[Port::Redis, Port::RedisHealth],
            Self::ArgocdRepoServer => &[Port::RepoServer, Port::RepoServerHealth],
            Self::ArgocdApplicationController => &[Port::ApplicationHealth],
            Self::ArgocdApplicationsetController => {
                &[Port::ApplicationsetHealth, Port::ApplicationsetMetrics, Port::ApplicationsetWebhook]
            }
        }
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_port_belongs_to_one_process() {
        let owned: Vec<Port> = Member::all().flat_map(Member::ports).copied().collect();
        assert_eq!(owned.len(), Port::ALL.len());
        assert_eq!(owned.into_iter().collect::<BTreeSet<_>>(), Port::ALL.into_iter().collect());
    }
}
