//! A small platform in a Git repository: one cluster, two services, one release from a chart.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use kstack::sync::EngineFiles;

/// The registry of the platform's only cluster.
pub const REGISTRY: &str = "clusters/local-gc0/ops";

/// A clone of the platform, with a remote that the engine reads.
pub struct Platform {
    folder: tempfile::TempDir,
    push_url: String,
}

impl Platform {
    /// Writes the platform, whose engine is `components` and which Flux reads from `url`, and pushes its first commit.
    pub fn new(components: &str, url: &str, push_url: &str) -> Self {
        let platform = Self::unpushed(components, url, push_url);
        platform.push("Begin");
        platform
    }

    /// Writes and commits the platform.
    pub fn unpushed(components: &str, url: &str, push_url: &str) -> Self {
        let platform = Self { folder: tempfile::tempdir().unwrap(), push_url: push_url.to_owned() };
        platform.git(&["init", "--quiet", "--initial-branch", "main"]);
        platform.write(&format!("{REGISTRY}/flux-system/gotk-components.yaml"), components);
        platform.write(&format!("{REGISTRY}/flux-system/gotk-sync.yaml"), &ROOT.replace("URL", url));
        platform.write(
            &format!("{REGISTRY}/flux-system/kustomization.yaml"),
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [gotk-components.yaml, gotk-sync.yaml]\n",
        );
        platform.write("kstack.hcl", &KSTACK.replace("URL", url));
        platform.write("infra/local-gc0/main.tf", "# The cluster exists already; tests name it by its kubeconfig.\n");
        platform.git(&["remote", "add", "origin", push_url]);
        platform.write(&format!("{REGISTRY}/services.yaml"), SERVICES);
        platform.write("services/one/one.yaml", &config_map("one", "v1"));
        platform.write("services/two/two.yaml", &config_map("two", "v1"));
        platform.write("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n");
        platform.write("charts/web/values.yaml", "message: hello\n");
        platform.write(
            "charts/web/templates/web.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {message: {{ .Values.message }}}\n",
        );
        platform.commit("Write");
        platform
    }

    /// What `kstack init` writes for a local cluster called `gc0` whose engine reads `url`, not committed yet.
    pub fn scaffolded(arguments: &[&str], url: &str, push_url: &str) -> Self {
        let platform = Self { folder: tempfile::tempdir().unwrap(), push_url: push_url.to_owned() };
        let made = Command::new(env!("CARGO_BIN_EXE_kstack"))
            .args(["--quiet", "init", ".", "--no-git", "--name", "lab", "--provider", "local", "--repository", url])
            .args(["--environments", "ops"])
            .args(arguments)
            .current_dir(platform.folder.path())
            .status();
        assert!(made.unwrap().success());
        platform.git(&["init", "--quiet", "--initial-branch", "main"]);
        platform
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub fn write(&self, path: &str, content: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub fn replace(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(path)).unwrap();
        assert!(text.contains(from), "`{path}` has no `{from}`");
        self.write(path, &text.replacen(from, to, 1));
    }

    pub fn remove(&self, path: &str) {
        fs::remove_file(self.path(path)).unwrap();
    }

    /// Commits everything; the commit.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.head()
    }

    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// Commits and pushes everything; the commit.
    pub fn push(&self, message: &str) -> String {
        let commit = self.commit(message);
        self.git(&["push", "--quiet", &self.push_url, "main"]);
        commit
    }

    /// Commits and pushes everything, whatever the remote has.
    pub fn push_over(&self, message: &str) {
        self.commit(message);
        self.git(&["push", "--quiet", "--force", &self.push_url, "main"]);
    }

    /// Forgets the last commit.
    pub fn forget(&self) {
        self.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    }

    /// What the work tree says that Flux starts from.
    pub fn files(&self) -> EngineFiles {
        EngineFiles::read(&self.path(REGISTRY)).unwrap()
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .current_dir(self.folder.path())
            .args(["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

/// A ConfigMap in `default` that also shows the name of the cluster.
pub fn config_map(name: &str, value: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: default}}\n\
         data: {{value: {value}, cluster: \"${{cluster_name}}\"}}\n"
    )
}

const ROOT: &str = "\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: flux-system
  namespace: flux-system
spec:
  interval: 1m0s
  ref:
    branch: main
  secretRef:
    name: flux-system
  url: URL
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: flux-system
  namespace: flux-system
spec:
  interval: 10m0s
  path: ./clusters/local-gc0/ops
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
";

const SERVICES: &str = "\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: one, namespace: flux-system}
spec:
  interval: 1h
  retryInterval: 10m
  prune: true
  path: ./services/one
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild: {substituteFrom: [{kind: ConfigMap, name: kstack-cluster-info}]}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: two, namespace: flux-system}
spec:
  interval: 1h
  retryInterval: 10m
  prune: true
  path: ./services/two
  dependsOn: [{name: one}]
  sourceRef: {kind: GitRepository, name: flux-system}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: flux-system}
spec:
  interval: 1h
  targetNamespace: default
  releaseName: web
  values: {message: released}
  chart:
    spec: {chart: ./charts/web, reconcileStrategy: Revision, interval: 1h, sourceRef: {kind: GitRepository, name: flux-system}}
";

const KSTACK: &str = r#"
kstack {
  version = "0.1.0"
}

platform "lab" {
  repository = "URL"
}

environment "ops" {
  trigger = "branch:main"
}

state "local" {}

engine "flux" {
  version = "2.7.3"
}
"#;
