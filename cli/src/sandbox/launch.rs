//! How each process is started. The flags that keep listeners on loopback are the ones to be careful with: most
//! defaults listen on every address.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{
    component::{Component, Paths},
    layout::Sandbox,
    member::Member,
    pki::{ARGOCD_NAMESPACE, FLUX_NAMESPACE, SERVICE_ADDRESS, SERVICE_RANGE},
    ports::{Port, Ports},
};

/// Selects the nodes that kwok plays.
pub(super) const NODE_ANNOTATION: (&str, &str) = ("kwok.x-k8s.io/node", "fake");
/// Names the sandbox's folder and the process in the environment of each of them, so that one
/// whose start was interrupted before it was recorded can still be found.
pub(super) const MARK: &str = "KSTACK_SANDBOX_MEMBER";
/// What the processes get of our own environment: a path for `git`, and what the source
/// controller needs to reach sources outside. Never credentials.
const INHERITED: [&str; 9] = [
    "PATH",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// A process to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Launch {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its whole environment.
    pub environment: Vec<(String, String)>,
    /// Its working folder.
    pub folder: PathBuf,
}

impl Launch {
    /// SHA-256 of all that makes this start differ from another one; `also` is what the process reads besides.
    pub(super) fn digest(&self, also: &str) -> String {
        let text = format!("{:?}", (&self.program, &self.arguments, &self.environment, also));
        Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What every launch is made from.
#[derive(Debug)]
pub(super) struct Launcher<'a> {
    pub sandbox: &'a Sandbox,
    pub components: &'a Paths,
    /// The kstack program, which is also the Git server.
    pub kstack: &'a Path,
}

/// The value of [`MARK`] for one process.
pub(super) fn mark(sandbox: &Sandbox, member: Member) -> String {
    format!("{}:{member}", sandbox.folder().display())
}

impl Launcher<'_> {
    /// How `member` is started on these ports.
    pub(super) fn launch(&self, member: Member, ports: &Ports) -> Launch {
        let folder = self.sandbox.folder();
        let work = folder.join("work");
        let mut environment: Vec<(String, String)> = INHERITED
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)))
            .chain([
                ("HOME".to_owned(), display(&work)),
                ("TMPDIR".to_owned(), display(&work)),
                (MARK.to_owned(), mark(self.sandbox, member)),
            ])
            .collect();
        if Member::FLUX.contains(&member) {
            environment.push(("RUNTIME_NAMESPACE".to_owned(), FLUX_NAMESPACE.to_owned()));
            environment.push(("KUBECONFIG".to_owned(), self.pki(&format!("{member}.kubeconfig"))));
            environment.push(("TUF_ROOT".to_owned(), display(&work.join("sigstore"))));
        }
        if Member::ARGOCD.contains(&member) {
            self.argocd_environment(member, &mut environment);
        }
        let program = member.component().map_or(self.kstack, |component| self.components.get(component));
        Launch { program: program.to_owned(), arguments: self.arguments(member, ports), environment, folder: work }
    }

    fn arguments(&self, member: Member, ports: &Ports) -> Vec<String> {
        match member {
            Member::GitServer => {
                let folder = display(&self.sandbox.folder());
                let words = ["sandbox", "git-server", "--folder", &folder, "--listen", &ports.address(Port::Git)];
                words.map(ToOwned::to_owned).into()
            }
            Member::Etcd => self.etcd(ports),
            Member::KubeApiserver => self.kube_apiserver(ports),
            Member::KubeControllerManager => self.kube_controller_manager(ports),
            Member::KubeScheduler => self.kube_component(member, ports.get(Port::Scheduler)),
            Member::Kwok => vec![
                self.kubeconfig_flag(member),
                "--manage-all-nodes=false".to_owned(),
                format!("--manage-nodes-with-annotation-selector={}={}", NODE_ANNOTATION.0, NODE_ANNOTATION.1),
                "--node-lease-duration-seconds=40".to_owned(),
                format!("--server-address={}", ports.address(Port::Kwok)),
                "--cidr=10.244.0.0/16".to_owned(),
                "--node-ip=127.0.0.1".to_owned(),
            ],
            Member::SourceController => {
                let mut arguments = flux(ports, Port::SourceHealth);
                let artifacts = ports.address(Port::SourceArtifacts);
                arguments.push(format!("--storage-path={}", self.data("source-controller")));
                arguments.push(format!("--storage-addr={artifacts}"));
                arguments.push(format!("--storage-adv-addr={artifacts}"));
                arguments
            }
            Member::KustomizeController => flux(ports, Port::KustomizeHealth),
            Member::HelmController => flux(ports, Port::HelmHealth),
            Member::ArgocdRedis => vec![
                format!("--listen={}", ports.address(Port::Redis)),
                format!("--health={}", ports.address(Port::RedisHealth)),
            ],
            Member::ArgocdRepoServer => vec![
                "--address=127.0.0.1".to_owned(),
                format!("--port={}", ports.get(Port::RepoServer)),
                "--metrics-address=127.0.0.1".to_owned(),
                format!("--metrics-port={}", ports.get(Port::RepoServerHealth)),
                format!("--redis={}", ports.address(Port::Redis)),
                "--disable-tls".to_owned(),
                "--logformat=json".to_owned(),
            ],
            Member::ArgocdApplicationController => vec![
                self.kubeconfig_flag(member),
                format!("--namespace={ARGOCD_NAMESPACE}"),
                format!("--repo-server={}", ports.address(Port::RepoServer)),
                "--repo-server-plaintext".to_owned(),
                format!("--redis={}", ports.address(Port::Redis)),
                format!("--metrics-port={}", ports.get(Port::ApplicationHealth)),
                "--logformat=json".to_owned(),
            ],
            Member::ArgocdApplicationsetController => vec![
                self.kubeconfig_flag(member),
                format!("--namespace={ARGOCD_NAMESPACE}"),
                format!("--argocd-repo-server={}", ports.address(Port::RepoServer)),
                "--repo-server-plaintext".to_owned(),
                "--enable-leader-election=false".to_owned(),
                // As the registry's settings say it for pods.
                "--enable-progressive-syncs=true".to_owned(),
                // Generators that ask forges would reach out of the machine.
                "--enable-scm-providers=false".to_owned(),
                format!("--probe-addr={}", ports.address(Port::ApplicationsetHealth)),
                format!("--metrics-addr={}", ports.address(Port::ApplicationsetMetrics)),
                format!("--webhook-addr={}", ports.address(Port::ApplicationsetWebhook)),
                "--logformat=json".to_owned(),
            ],
        }
    }

    /// Argo CD finds its files in folders of its container image; here each has one of the sandbox.
    fn argocd_environment(&self, member: Member, environment: &mut Vec<(String, String)>) {
        let work = self.sandbox.folder().join("work/argocd");
        let mut set = |name: &str, value: String| {
            environment.retain(|(known, _)| known != name);
            environment.push((name.to_owned(), value));
        };
        if member.component() == Some(Component::Argocd) {
            set("ARGOCD_BINARY_NAME", member.name().to_owned());
        }
        // `git` asks `argocd` for credentials, and manifests are built by `kustomize`: both are looked for on the path.
        let folders = [Component::Argocd, Component::Kustomize].map(|program| self.components.get(program));
        let mut path: Vec<String> = folders.iter().filter_map(|program| program.parent()).map(display).collect();
        path.extend(std::env::var("PATH"));
        set("PATH", path.join(":"));
        set("XDG_CONFIG_HOME", display(&work));
        for (name, folder) in [
            ("ARGOCD_TLS_DATA_PATH", "tls"),
            ("ARGOCD_SSH_DATA_PATH", "ssh"),
            ("ARGOCD_GPG_DATA_PATH", "gpg/source"),
            ("ARGOCD_GNUPGHOME", "gpg/keys"),
            ("ARGOCD_PLUGINSOCKFILEPATH", "plugin"),
            ("ARGOCD_ASK_PASS_SOCK", "askpass.sock"),
        ] {
            set(name, display(&work.join(folder)));
        }
        set("ARGOCD_GPG_ENABLED", "false".to_owned());
        // The cluster that it runs in is the one of its kubeconfig.
        set("ARGOCD_FAKE_IN_CLUSTER", "true".to_owned());
        set("KUBECONFIG", self.pki(&format!("{member}.kubeconfig")));
        // Looks at Git each minute and not at random times within three.
        set("ARGOCD_RECONCILIATION_TIMEOUT", "60s".to_owned());
        set("ARGOCD_RECONCILIATION_JITTER", "0s".to_owned());
    }

    fn etcd(&self, ports: &Ports) -> Vec<String> {
        let client = format!("https://{}", ports.address(Port::EtcdClient));
        let peer = format!("https://{}", ports.address(Port::EtcdPeer));
        let (certificate, key, authority) = (self.pki("etcd.crt"), self.pki("etcd.key"), self.pki("etcd-ca.crt"));
        vec![
            "--name=sandbox".to_owned(),
            format!("--data-dir={}", self.data("etcd")),
            format!("--listen-client-urls={client}"),
            format!("--advertise-client-urls={client}"),
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
            format!("--initial-cluster=sandbox={peer}"),
            format!("--listen-metrics-urls=http://{}", ports.address(Port::EtcdHealth)),
            format!("--cert-file={certificate}"),
            format!("--key-file={key}"),
            format!("--trusted-ca-file={authority}"),
            "--client-cert-auth=true".to_owned(),
            format!("--peer-cert-file={certificate}"),
            format!("--peer-key-file={key}"),
            format!("--peer-trusted-ca-file={authority}"),
            "--peer-client-cert-auth=true".to_owned(),
            // The database outlives the process all the same; only a crash of the machine can
            // lose the last writes, and a sandbox is made anew then.
            "--unsafe-no-fsync=true".to_owned(),
            "--log-level=warn".to_owned(),
        ]
    }

    fn kube_apiserver(&self, ports: &Ports) -> Vec<String> {
        vec![
            format!("--etcd-servers=https://{}", ports.address(Port::EtcdClient)),
            format!("--etcd-cafile={}", self.pki("etcd-ca.crt")),
            format!("--etcd-certfile={}", self.pki("etcd-client.crt")),
            format!("--etcd-keyfile={}", self.pki("etcd-client.key")),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={}", ports.get(Port::Api)),
            // Loopback may not be advertised. Nothing in a sandbox goes to this address, and
            // without a reconciler it is not published either.
            format!("--advertise-address={SERVICE_ADDRESS}"),
            "--endpoint-reconciler-type=none".to_owned(),
            format!("--service-cluster-ip-range={SERVICE_RANGE}"),
            format!("--tls-cert-file={}", self.pki("kube-apiserver.crt")),
            format!("--tls-private-key-file={}", self.pki("kube-apiserver.key")),
            format!("--client-ca-file={}", self.pki("ca.crt")),
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local".to_owned(),
            format!("--service-account-key-file={}", self.pki("service-account.pub")),
            format!("--service-account-signing-key-file={}", self.pki("service-account.key")),
            "--authorization-mode=Node,RBAC".to_owned(),
            "--allow-privileged=true".to_owned(),
            "--profiling=false".to_owned(),
        ]
    }

    fn kube_controller_manager(&self, ports: &Ports) -> Vec<String> {
        let mut arguments = self.kube_component(Member::KubeControllerManager, ports.get(Port::ControllerManager));
        arguments.extend([
            "--use-service-account-credentials=true".to_owned(),
            format!("--service-account-private-key-file={}", self.pki("service-account.key")),
            format!("--root-ca-file={}", self.pki("ca.crt")),
            format!("--cluster-signing-cert-file={}", self.pki("ca.crt")),
            format!("--cluster-signing-key-file={}", self.pki("ca.key")),
        ]);
        arguments
    }

    /// What the controller manager and the scheduler have in common.
    fn kube_component(&self, member: Member, port: u16) -> Vec<String> {
        let kubeconfig = self.pki(&format!("{member}.kubeconfig"));
        vec![
            format!("--kubeconfig={kubeconfig}"),
            format!("--authentication-kubeconfig={kubeconfig}"),
            format!("--authorization-kubeconfig={kubeconfig}"),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={port}"),
            format!("--tls-cert-file={}", self.pki(&format!("{member}.crt"))),
            format!("--tls-private-key-file={}", self.pki(&format!("{member}.key"))),
            "--leader-elect=false".to_owned(),
            "--profiling=false".to_owned(),
            // By default a controller manager that starts spends four seconds waiting for its own limit of 20 a second.
            "--kube-api-qps=1000".to_owned(),
            "--kube-api-burst=1000".to_owned(),
        ]
    }

    fn kubeconfig_flag(&self, member: Member) -> String {
        format!("--kubeconfig={}", self.pki(&format!("{member}.kubeconfig")))
    }

    fn pki(&self, name: &str) -> String {
        display(&self.sandbox.pki().join(name))
    }

    fn data(&self, name: &str) -> String {
        display(&self.sandbox.folder().join("data").join(name))
    }
}

fn display(path: &Path) -> String {
    path.display().to_string()
}

/// What Flux's controllers have in common.
fn flux(ports: &Ports, health: Port) -> Vec<String> {
    vec![
        "--watch-all-namespaces=true".to_owned(),
        "--enable-leader-election=false".to_owned(),
        "--log-level=info".to_owned(),
        "--log-encoding=json".to_owned(),
        "--events-addr=".to_owned(),
        "--metrics-addr=0".to_owned(), // none
        format!("--health-addr={}", ports.address(health)),
        // 30 s by default, for every step of a chain of dependencies: too long for somebody who watches.
        "--requeue-dependency=2s".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{platform::SandboxName, sandbox::component::Component};

    #[test]
    fn every_listener_is_on_loopback_and_has_a_port_of_its_own() {
        let sandbox = Sandbox::new(Path::new("/home"), SandboxName::new("one").unwrap());
        let components = Paths::for_tests(Path::new("/components"));
        let launcher = Launcher { sandbox: &sandbox, components: &components, kstack: Path::new("/bin/kstack") };
        let ports = Ports::choose(std::net::Ipv4Addr::LOCALHOST, &BTreeSet::new()).unwrap();
        for member in Member::all() {
            let launch = launcher.launch(member, &ports);
            let text = launch.arguments.join(" ");
            for port in member.ports() {
                assert!(text.contains(&ports.get(*port).to_string()), "{member} lacks {port:?}: {text}");
            }
            assert!(!text.contains("0.0.0.0") && !text.contains("=:"), "{member}: {text}");
            assert!(launch.environment.iter().any(|(name, value)| name == MARK && value.ends_with(member.name())));
        }
        assert_eq!(launcher.launch(Member::Etcd, &ports).program, components.get(Component::Etcd));
    }

    #[test]
    fn credentials_in_the_environment_are_not_passed_on() {
        assert!(INHERITED.iter().all(|name| !name.contains("TOKEN") && !name.starts_with("AWS")));
        let launch = Launch { program: "a".into(), arguments: Vec::new(), environment: Vec::new(), folder: "/".into() };
        assert_ne!(launch.digest("127.0.0.1:1"), launch.digest("127.0.0.1:2"), "a moved API starts its clients anew");
    }
}
