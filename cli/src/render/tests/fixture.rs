//! A small repository, and the real kustomize to render it with.

use std::{fs, path::Path};

use super::super::*;

/// A registry with what Flux users do: the engine's own files, a base with overlays, a component,
/// patches, generators, a folder without a kustomization, and substitution.
pub(super) const TREE: &[(&str, &str)] = &[
    (
        "clusters/gc0/ops/flux-system/gotk-components.yaml",
        "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: flux-system\n  labels: {app.kubernetes.io/version: v2.7.3}\n",
    ),
    (
        "clusters/gc0/ops/flux-system/gotk-sync.yaml",
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: flux-system, namespace: flux-system}\nspec:\n  path: ./clusters/gc0/ops\n  prune: true\n  sourceRef: {kind: GitRepository, name: flux-system}\n",
    ),
    ("clusters/gc0/ops/flux-system/kustomization.yaml", "resources: [gotk-components.yaml, gotk-sync.yaml]\n"),
    (
        "clusters/gc0/ops/services.yaml",
        "\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: podinfo, namespace: flux-system}
spec:
  path: ./services/podinfo/ops
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild:
    substitute: {replicas: \"2\"}
    substituteFrom:
    - {kind: ConfigMap, name: kstack-cluster-info}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: plain, namespace: flux-system}
spec:
  path: ./services/plain
  targetNamespace: plain
  prune: false
  commonMetadata: {labels: {team: platform}}
  sourceRef: {kind: GitRepository, name: flux-system}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: elsewhere, namespace: flux-system}
spec:
  path: ./
  sourceRef: {kind: OCIRepository, name: other}
",
    ),
    (
        "services/podinfo/base/kustomization.yaml",
        "resources: [deployment.yaml]\nconfigMapGenerator:\n- name: settings\n  files: [settings.txt]\nsecretGenerator:\n- name: login\n  literals: [password=canary-hunter2]\n  options: {disableNameSuffixHash: true}\n",
    ),
    ("services/podinfo/base/settings.txt", "color=blue\n"),
    (
        "services/podinfo/base/deployment.yaml",
        "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: podinfo}
spec:
  replicas: ${replicas}
  template:
    spec:
      containers:
      - name: podinfo
        image: podinfo:1
        args: [\"--cluster=${cluster_name}\"]
        envFrom: [{configMapRef: {name: settings}}]
",
    ),
    (
        "services/podinfo/component/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n- target: {kind: Deployment}\n  patch: |-\n    - op: add\n      path: /metadata/labels\n      value: {from: component}\n",
    ),
    (
        "services/podinfo/ops/kustomization.yaml",
        "namespace: podinfo\nresources: [../base]\ncomponents: [../component]\npatches: [{path: limits.yaml}]\n",
    ),
    (
        "services/podinfo/ops/limits.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: podinfo}\nspec: {template: {spec: {containers: [{name: podinfo, resources: {limits: {memory: 64Mi}}}]}}}\n",
    ),
    (
        "services/plain/config.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\ndata: {mode: \"0644\"}\n",
    ),
    (
        "services/plain/deep/role.yml",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: plain}\nrules: []\n",
    ),
];

pub(super) fn tree(changes: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in TREE.iter().chain(changes) {
        write(folder.path(), path, text);
    }
    folder
}

pub(super) fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

pub(super) fn registry() -> Registry {
    Registry { cluster: "gc0".parse().unwrap(), environment: "ops".parse().unwrap() }
}

pub(super) fn program() -> Kustomize {
    Kustomize::find(None, std::env::var_os("PATH").as_deref()).unwrap()
}

pub(super) fn renderer() -> Renderer {
    Renderer::new(program(), RenderSettings { cache: None, parallelism: 2 })
}

pub(super) async fn render(folder: &Path) -> Result<Rendered, RenderError> {
    renderer().render(folder, &registry(), &Values::new()).await
}

pub(super) fn text_of(difference: &Difference) -> String {
    let mut text = String::new();
    for object in &difference.objects {
        text += &format!("{:?} {} from {}\n", object.change, object.id, object.origin.file.as_deref().unwrap_or("?"));
        for line in &object.text {
            text += format!("  {}{}", line.sign.symbol(), line.text).trim_end();
            text.push('\n');
        }
    }
    text
}

/// The real program behind a script that counts its runs.
pub(super) fn counting(folder: &Path) -> (Kustomize, impl Fn() -> usize) {
    use std::os::unix::fs::PermissionsExt as _;
    let (script, log) = (folder.join("kubectl-counted"), folder.join("runs"));
    let real = program();
    let name = if real.path().ends_with("kustomize") { "kustomize" } else { "kubectl" };
    let script = script.with_file_name(format!("{name}-counted"));
    fs::write(&script, format!("#!/bin/sh\necho run >> {}\nexec {} \"$@\"\n", log.display(), real.path().display()))
        .unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let runs = move || fs::read_to_string(&log).unwrap_or_default().lines().count();
    (Kustomize::find(Some(script.as_os_str()), None).unwrap(), runs)
}
