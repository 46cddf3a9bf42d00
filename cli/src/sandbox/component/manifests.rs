//! The engines' install manifests.
//!
//! Argo CD's are a file of its repository, which its module holds as well. Flux's are the release's file, or the same
//! composed from the modules. Composed ones lack the notification controller, whose module cannot be built from what is
//! published; nothing in a sandbox needs it.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    time::Instant,
};

use tokio::process::Command;

use super::{
    build::Go,
    cache::Entry,
    obtain::{Components, Obtainer},
    table::{ARGOCD, Component, FLUX, Graph, argocd_manifests_download, flux_manifests_download},
};
use crate::sandbox::{
    error::SandboxError,
    event::{ObtainedBy, SandboxEvent},
};

/// Flux's own module, which holds what the controllers' modules do not: accounts, roles, policies.
const FLUX_MODULE: &str = "github.com/fluxcd/flux2/v2";
/// The controllers that are installed.
const CONTROLLERS: [Component; 3] =
    [Component::SourceController, Component::KustomizeController, Component::HelmController];
/// Our own part, below the folder that is composed.
const OWN_FILES: [(&str, &str); 3] = [
    ("kustomization.yaml", include_str!("../build/flux/kustomization.yaml")),
    ("labels.yaml", include_str!("../build/flux/labels.yaml")),
    ("roles/kustomization.yaml", include_str!("../build/flux/roles/kustomization.yaml")),
];

impl Components<'_> {
    /// The path of the install manifests of Flux `version`, such as [`FLUX`], which are had first when they are not in
    /// the cache. Only those of [`FLUX`] can be composed; others must be downloaded.
    ///
    /// # Errors
    /// When they can be had in no way, or were changed in the cache.
    pub async fn flux_manifests(&self, version: &str) -> Result<PathBuf, SandboxError> {
        let what = format!("Flux {version} manifests");
        require_version(version, &what)?;
        let entry = Entry { name: "flux-manifests", version, file: "install.yaml", executable: false };
        if let Some(path) = self.cache.find(entry)? {
            return Ok(path);
        }
        // Composing needs kubectl, and that takes the cache's lock itself.
        let kubectl = self.ensure(&BTreeSet::from([Component::Kubectl])).await?;
        let work = self.cache.work(self.sink).await?;
        if let Some(path) = self.cache.find(entry)? {
            return Ok(path);
        }
        let clock = Instant::now();
        let obtainer = Obtainer::new(self, &work).await?;
        let download = flux_manifests_download(version);
        let (file, by, source) = match obtainer.download(&download, &what, (1, 1)).await? {
            Ok(file) => (file, ObtainedBy::Download, download.url.as_str()),
            Err(unavailable) if version != FLUX => {
                let reasons = vec![unavailable, format!("this kstack can compose only those of {FLUX}")];
                return Err(SandboxError::Unobtainable { what, reasons });
            }
            Err(unavailable) => match obtainer.go() {
                Err(reason) => return Err(SandboxError::Unobtainable { what, reasons: vec![unavailable, reason] }),
                Ok(go) => {
                    let by = ObtainedBy::Build;
                    (self.sink)(SandboxEvent::ObtainStarted { what: what.clone(), by, step: 1, of: 1 });
                    let folder = work.folder().join("flux");
                    self.gather(go, work.folder(), &folder).await?;
                    (compose(kubectl.get(Component::Kubectl), &folder).await?, ObtainedBy::Build, FLUX_MODULE)
                }
            },
        };
        let path = self.cache.put(&work, entry, &file, by, source)?;
        (self.sink)(SandboxEvent::Obtained { what, by, elapsed: clock.elapsed() });
        Ok(path)
    }

    /// The path of Argo CD's install manifests, which are had first when they are not in the cache. Only those of
    /// [`ARGOCD`] can be taken from the module; others must be downloaded.
    ///
    /// # Errors
    /// When they can be had in no way, or were changed in the cache.
    pub async fn argocd_manifests(&self, version: &str, install: ArgoInstall) -> Result<PathBuf, SandboxError> {
        let what = format!("Argo CD {version} manifests");
        require_version(version, &what)?;
        let (name, file) = match install {
            ArgoInstall::Core => ("argocd-core-manifests", "core-install.yaml"),
            ArgoInstall::Full => ("argocd-manifests", "install.yaml"),
        };
        let entry = Entry { name, version, file, executable: false };
        if let Some(path) = self.cache.find(entry)? {
            return Ok(path);
        }
        let work = self.cache.work(self.sink).await?;
        if let Some(path) = self.cache.find(entry)? {
            return Ok(path);
        }
        let clock = Instant::now();
        let obtainer = Obtainer::new(self, &work).await?;
        let download = argocd_manifests_download(version, file);
        let (found, by, source) = match obtainer.download(&download, &what, (1, 1)).await? {
            Ok(found) => (found, ObtainedBy::Download, download.url.as_str()),
            Err(unavailable) if version != ARGOCD => {
                let reasons = vec![unavailable, format!("this kstack knows the module of {ARGOCD} only")];
                return Err(SandboxError::Unobtainable { what, reasons });
            }
            Err(unavailable) => match obtainer.go() {
                Err(reason) => return Err(SandboxError::Unobtainable { what, reasons: vec![unavailable, reason] }),
                Ok(go) => {
                    let by = ObtainedBy::Build;
                    (self.sink)(SandboxEvent::ObtainStarted { what: what.clone(), by, step: 1, of: 1 });
                    let module = Component::Argocd.module();
                    let module = format!("{module}@v{version}");
                    let source = go.source(Graph::Argocd, &module, work.folder(), self.sink).await?;
                    // The cache takes the file over, and Go's module cache is nothing to take from.
                    let copied = work.folder().join(file);
                    copy(&source.join("manifests").join(file), &copied)?;
                    (copied, by, Component::Argocd.module())
                }
            },
        };
        let path = self.cache.put(&work, entry, &found, by, source)?;
        (self.sink)(SandboxEvent::Obtained { what, by, elapsed: clock.elapsed() });
        Ok(path)
    }

    /// Puts the parts into `folder`.
    async fn gather(&self, go: Go, work: &Path, folder: &Path) -> Result<(), SandboxError> {
        let flux =
            go.source(Graph::Components, &format!("{FLUX_MODULE}@v{FLUX}"), work, self.sink).await?.join("manifests");
        copy(&flux.join("install/namespace.yaml"), &folder.join("namespace.yaml"))?;
        copy(&flux.join("policies"), &folder.join("policies"))?;
        copy(&flux.join("rbac"), &folder.join("roles/rbac"))?;
        for (path, text) in OWN_FILES {
            write(&folder.join(path), text)?;
        }
        for controller in CONTROLLERS {
            let module = format!("{}@v{}", controller.module(), controller.version());
            let config = go.source(Graph::Components, &module, work, self.sink).await?.join("config");
            let target = folder.join(controller.name());
            copy(&flux.join("bases").join(controller.name()), &target)?;
            copy(&config.join("crd"), &target.join("crd"))?;
            copy(&config.join("manager"), &target.join("manager"))?;
            let path = target.join("kustomization.yaml");
            let text = fs::read_to_string(&path).map_err(|source| SandboxError::io("read", &path, source))?;
            let local =
                localise(&text, controller).map_err(|reason| SandboxError::Manifests { path: path.clone(), reason })?;
            write(&path, &local)?;
        }
        Ok(())
    }
}

/// How much of Argo CD is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgoInstall {
    /// What syncs: no server, no sign-on, no notifications.
    Core,
    /// All of it.
    Full,
}

/// A version becomes part of a path and of a URL.
fn require_version(version: &str, what: &str) -> Result<(), SandboxError> {
    if !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return Ok(());
    }
    let reasons = vec!["a version has the form 1.2.3".to_owned()];
    Err(SandboxError::Unobtainable { what: what.to_owned(), reasons })
}

/// Flux's bases name files of the controllers' releases. Those are rendered from `config/crd` and
/// `config/manager` of the same version, which lie beside the base now.
fn localise(kustomization: &str, controller: Component) -> Result<String, String> {
    let release =
        format!("- https://{}/releases/download/v{}/{}", controller.module(), controller.version(), controller.name());
    let mut local = kustomization.to_owned();
    for (suffix, folder) in [("crds.yaml", "- crd"), ("deployment.yaml", "- manager")] {
        let remote = format!("{release}.{suffix}");
        if local.matches(&remote).count() != 1 {
            return Err(format!("it should name `{}` once", remote.trim_start_matches("- ")));
        }
        local = local.replace(&remote, folder);
    }
    Ok(local)
}

/// Renders `folder` with kustomize, which orders and prints objects the same way every time.
async fn compose(kubectl: &Path, folder: &Path) -> Result<PathBuf, SandboxError> {
    let output = Command::new(kubectl)
        .arg("kustomize")
        .arg(folder)
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|source| SandboxError::io("run", kubectl, source))?;
    if !output.status.success() {
        return Err(SandboxError::Command {
            command: format!("kubectl kustomize {}", folder.display()),
            status: output.status,
            stderr: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        });
    }
    let path = folder.with_extension("yaml");
    fs::write(&path, &output.stdout).map_err(|source| SandboxError::io("write", &path, source))?;
    Ok(path)
}

fn write(path: &Path, text: &str) -> Result<(), SandboxError> {
    let write = || -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text)
    };
    write().map_err(|source| SandboxError::io("write", path, source))
}

/// Copies a file or a folder of files. The module cache is read-only; the copies are not.
fn copy(from: &Path, to: &Path) -> Result<(), SandboxError> {
    if from.is_dir() {
        let entries = fs::read_dir(from).map_err(|source| SandboxError::io("read", from, source))?;
        for entry in entries {
            let entry = entry.map_err(|source| SandboxError::io("read", from, source))?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    let text = fs::read_to_string(from).map_err(|source| SandboxError::io("read", from, source))?;
    write(to, &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_pointed_at_the_folders_beside_it() {
        let base = "resources:\n- https://github.com/fluxcd/source-controller/releases/download/v1.7.3/source-controller.crds.yaml\n- https://github.com/fluxcd/source-controller/releases/download/v1.7.3/source-controller.deployment.yaml\n- account.yaml\n";
        let local = localise(base, Component::SourceController).unwrap();
        assert_eq!(local, "resources:\n- crd\n- manager\n- account.yaml\n");
    }

    #[test]
    fn a_base_of_another_version_is_refused() {
        let base = "- https://github.com/fluxcd/helm-controller/releases/download/v1.4.2/helm-controller.crds.yaml\n";
        let reason = localise(base, Component::HelmController).unwrap_err();
        assert!(reason.contains("v1.4.3/helm-controller.crds.yaml"), "{reason}");
    }

    #[test]
    fn our_part_names_the_version_and_every_controller() {
        let [(_, kustomization), (_, labels), _] = OWN_FILES;
        assert!(labels.contains(&format!("app.kubernetes.io/version: v{FLUX}\n")));
        for controller in CONTROLLERS {
            assert!(kustomization.contains(&format!("\n  - {}\n", controller.name())));
            assert!(kustomization.contains(&format!("newName: ghcr.io/fluxcd/{}\n", controller.name())));
        }
    }
}
