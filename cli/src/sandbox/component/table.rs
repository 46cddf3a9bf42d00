//! The components and their versions. The versions agree with `build/*/go.mod`, which a test checks.

use serde::{Deserialize, Serialize};

use super::download::{Checksum, Download, Form};

/// Kubernetes.
pub(super) const KUBERNETES: &str = "1.34.2";
/// etcd: the version that this Kubernetes is released with.
const ETCD: &str = "3.6.4";
/// kwok, which plays the node.
const KWOK: &str = "0.7.0";
/// Flux, whose controllers have versions of their own.
pub const FLUX: &str = "2.7.3";
/// Argo CD.
pub const ARGOCD: &str = "3.2.1";

/// A program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Component {
    /// Kubernetes' database.
    Etcd,
    /// The Kubernetes API server.
    KubeApiserver,
    /// Kubernetes' built-in controllers.
    KubeControllerManager,
    /// Kubernetes' scheduler.
    KubeScheduler,
    /// The command line client, which renders kustomizations.
    Kubectl,
    /// Plays nodes and pods.
    Kwok,
    /// Flux's source controller.
    SourceController,
    /// Flux's kustomize controller.
    KustomizeController,
    /// Flux's helm controller.
    HelmController,
    /// Argo CD: one program for each of its processes.
    Argocd,
    /// A Redis in memory, for Argo CD's cache.
    Miniredis,
    /// Builds kustomizations for Argo CD.
    Kustomize,
}

/// The Go modules that are built together, because they share most of their dependencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Graph {
    /// Kubernetes, etcd and Flux.
    Components,
    /// kwok, which does not compile with the others' versions.
    Kwok,
    /// Argo CD, which replaces modules with versions of its own.
    Argocd,
}

/// A place in a component's source that is built differently.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patch {
    /// The file in the component's module.
    pub(super) file: &'static str,
    /// The text, which is there once.
    pub(super) from: &'static str,
    /// What is built instead.
    pub(super) to: &'static str,
}

impl Graph {
    /// Its `go.mod`.
    pub(super) fn go_mod(self) -> &'static str {
        match self {
            Self::Components => include_str!("../build/components/go.mod"),
            Self::Kwok => include_str!("../build/kwok/go.mod"),
            Self::Argocd => include_str!("../build/argocd/go.mod"),
        }
    }

    /// Its `go.sum`: the digest of every module that takes part in a build.
    pub(super) fn go_sum(self) -> &'static str {
        match self {
            Self::Components => include_str!("../build/components/go.sum"),
            Self::Kwok => include_str!("../build/kwok/go.sum"),
            Self::Argocd => include_str!("../build/argocd/go.sum"),
        }
    }

    /// Source of our own: path and text.
    pub(super) fn own_source(self) -> Option<(&'static str, &'static str)> {
        (self == Self::Argocd).then_some(("miniredis/main.go", include_str!("../build/argocd/miniredis/main.go")))
    }
}

impl Component {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Etcd,
        Self::KubeApiserver,
        Self::KubeControllerManager,
        Self::KubeScheduler,
        Self::Kubectl,
        Self::Kwok,
        Self::SourceController,
        Self::KustomizeController,
        Self::HelmController,
        Self::Argocd,
        Self::Miniredis,
        Self::Kustomize,
    ];

    /// The name of the program's file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::KubeApiserver => "kube-apiserver",
            Self::KubeControllerManager => "kube-controller-manager",
            Self::KubeScheduler => "kube-scheduler",
            Self::Kubectl => "kubectl",
            Self::Kwok => "kwok",
            Self::SourceController => "source-controller",
            Self::KustomizeController => "kustomize-controller",
            Self::HelmController => "helm-controller",
            Self::Argocd => "argocd",
            Self::Miniredis => "miniredis",
            Self::Kustomize => "kustomize",
        }
    }

    /// The version, without `v`.
    pub fn version(self) -> &'static str {
        match self {
            Self::Etcd => ETCD,
            Self::KubeApiserver | Self::KubeControllerManager | Self::KubeScheduler | Self::Kubectl => KUBERNETES,
            Self::Kwok => KWOK,
            // Those of Flux 2.7.3: `manifests/bases/*/kustomization.yaml` of its module.
            Self::SourceController => "1.7.3",
            Self::KustomizeController => "1.7.2",
            Self::HelmController => "1.4.3",
            Self::Argocd => ARGOCD,
            Self::Miniredis => "2.35.0",
            Self::Kustomize => "5.7.1",
        }
    }

    /// The Go module that holds it.
    pub(super) fn module(self) -> &'static str {
        match self {
            Self::Etcd => "go.etcd.io/etcd/server/v3",
            Self::KubeApiserver | Self::KubeControllerManager | Self::KubeScheduler | Self::Kubectl => {
                "k8s.io/kubernetes"
            }
            Self::Kwok => "sigs.k8s.io/kwok",
            Self::SourceController => "github.com/fluxcd/source-controller",
            Self::KustomizeController => "github.com/fluxcd/kustomize-controller",
            Self::HelmController => "github.com/fluxcd/helm-controller",
            Self::Argocd => "github.com/argoproj/argo-cd/v3",
            Self::Miniredis => "github.com/alicebob/miniredis/v2",
            Self::Kustomize => "sigs.k8s.io/kustomize/kustomize/v5",
        }
    }

    /// The Go package of its `main` function.
    pub(super) fn package(self) -> String {
        let module = self.module();
        match self {
            Self::KubeApiserver | Self::KubeControllerManager | Self::KubeScheduler | Self::Kubectl | Self::Kwok => {
                format!("{module}/cmd/{}", self.name())
            }
            Self::Argocd => format!("{module}/cmd"),
            // The module is a library; the program around it is ours.
            Self::Miniredis => "./miniredis".to_owned(),
            _ => module.to_owned(),
        }
    }

    /// The modules that it is built with.
    pub(super) fn graph(self) -> Graph {
        match self {
            Self::Kwok => Graph::Kwok,
            Self::Argocd | Self::Miniredis | Self::Kustomize => Graph::Argocd,
            _ => Graph::Components,
        }
    }

    /// What is built differently from what was published.
    pub(super) fn patches(self) -> &'static [Patch] {
        match self {
            // The application controller's metrics have no flag for their address, and would be open to the network.
            Self::Argocd => &[Patch {
                file: "controller/appcontroller.go",
                from: "\"0.0.0.0:%d\", metricsPort",
                to: "\"127.0.0.1:%d\", metricsPort",
            }],
            _ => &[],
        }
    }

    /// Values that its build sets, as its publisher's build does: `path.variable=value`.
    pub(super) fn linked_values(self) -> Vec<String> {
        if self.module() != "k8s.io/kubernetes" {
            return Vec::new();
        }
        let mut numbers = KUBERNETES.split('.');
        let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
        let version = format!("v{KUBERNETES}");
        ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"]
            .iter()
            .flat_map(|package| {
                [("gitVersion", version.as_str()), ("gitMajor", major), ("gitMinor", minor), ("gitTreeState", "clean")]
                    .map(|(variable, value)| format!("{package}.{variable}={value}"))
            })
            .collect()
    }

    /// Its publisher's download for this machine. Flux publishes its controllers as container images only, and Argo CD a
    /// program whose metrics are open to the network.
    pub(super) fn download(self) -> Option<Download> {
        let (system, machine) = platform()?;
        let version = self.version();
        match self {
            Self::KubeApiserver | Self::KubeControllerManager | Self::KubeScheduler | Self::Kubectl => {
                let url = format!("https://dl.k8s.io/release/v{version}/bin/{system}/{machine}/{}", self.name());
                let checksum = Checksum::Beside { url: format!("{url}.sha256") };
                Some(Download { url, form: Form::Program, checksum: Some(checksum) })
            }
            Self::Etcd => {
                let base = format!("https://github.com/etcd-io/etcd/releases/download/v{version}");
                let stem = format!("etcd-v{version}-{system}-{machine}");
                let file = format!("{stem}.tar.gz");
                Some(Download {
                    url: format!("{base}/{file}"),
                    form: Form::TarGz { member: format!("{stem}/etcd") },
                    checksum: Some(Checksum::List { url: format!("{base}/SHA256SUMS"), file }),
                })
            }
            Self::Kustomize => {
                let base =
                    format!("https://github.com/kubernetes-sigs/kustomize/releases/download/kustomize%2Fv{version}");
                let file = format!("kustomize_v{version}_{system}_{machine}.tar.gz");
                Some(Download {
                    url: format!("{base}/{file}"),
                    form: Form::TarGz { member: "kustomize".to_owned() },
                    checksum: Some(Checksum::List { url: format!("{base}/checksums.txt"), file }),
                })
            }
            Self::Kwok => Some(Download {
                url: format!(
                    "https://github.com/kubernetes-sigs/kwok/releases/download/v{version}/kwok-{system}-{machine}"
                ),
                form: Form::Program,
                checksum: None,
            }),
            Self::SourceController
            | Self::KustomizeController
            | Self::HelmController
            | Self::Argocd
            | Self::Miniredis => None,
        }
    }
}

/// The install manifests of Flux's release.
pub(super) fn flux_manifests_download(version: &str) -> Download {
    Download {
        url: format!("https://github.com/fluxcd/flux2/releases/download/v{version}/install.yaml"),
        form: Form::Text,
        checksum: None,
    }
}

/// The install manifests of Argo CD's release: `core-install.yaml` or `install.yaml`.
pub(super) fn argocd_manifests_download(version: &str, file: &str) -> Download {
    Download {
        url: format!("https://raw.githubusercontent.com/argoproj/argo-cd/v{version}/manifests/{file}"),
        form: Form::Text,
        checksum: None,
    }
}

/// This machine as Go names it, if sandboxes of processes run on it.
fn platform() -> Option<(&'static str, &'static str)> {
    let machine = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        _ => return None,
    };
    (std::env::consts::OS == "linux").then_some(("linux", machine))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `module version` of each line of a `require` block, and of single requires.
    fn required(go_mod: &str) -> Vec<(&str, &str)> {
        let lines = go_mod.lines().map(|line| line.trim().trim_start_matches("require "));
        lines.filter_map(|line| line.split_once(' ')).filter(|(_, version)| version.starts_with('v')).collect()
    }

    #[test]
    fn the_build_has_the_versions_of_the_table() {
        for component in Component::ALL {
            let wanted = (component.module(), format!("v{}", component.version()));
            let found: Vec<_> = required(component.graph().go_mod())
                .into_iter()
                .filter(|(module, _)| *module == component.module())
                .collect();
            assert_eq!(found, [(wanted.0, wanted.1.as_str())]);
        }
    }

    #[test]
    fn the_staging_modules_have_the_version_of_kubernetes() {
        let staging = format!("v0.{}", KUBERNETES.split_once('.').unwrap().1);
        let replaced: Vec<&str> =
            Graph::Components.go_mod().lines().filter(|line| line.contains("=> k8s.io/")).collect();
        assert!(replaced.len() > 25, "{replaced:?}");
        assert!(replaced.iter().all(|line| line.ends_with(&staging)), "{replaced:?}");
    }

    #[test]
    fn every_required_module_has_a_digest() {
        for component in Component::ALL {
            let wanted = format!("{} v{} h1:", component.module(), component.version());
            assert!(component.graph().go_sum().contains(&wanted), "{wanted}");
        }
    }
}
