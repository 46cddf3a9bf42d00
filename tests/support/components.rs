//! The control plane's programs, which tests share: building them takes minutes, so it is done once
//! and kept where `kstack` itself keeps them.

use std::{
    path::{Path, PathBuf},
    sync::LazyLock,
};

use kstack::sandbox::{Component, ComponentSettings, Components, FLUX_VERSION, Obtain};

/// The folder to set as `KSTACK_COMPONENTS_DIR`, filled with every component of a sandbox with Flux and Flux's manifests.
/// Argo CD's come when its own test asks for them. The first call
/// builds what is missing; other test processes that ask at the same time wait.
pub fn dir() -> &'static Path {
    static DIR: LazyLock<PathBuf> = LazyLock::new(|| {
        let cache = location();
        // Built and not downloaded: tests reach no network but loopback (Go's module cache is taken to be filled).
        let settings = ComponentSettings { assets: None, cache: cache.clone(), obtain: Obtain::Build };
        let obtain = || {
            let components = Components::new(&settings, &|_| {});
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let argocd = [Component::Argocd, Component::Miniredis, Component::Kustomize];
                let needed = Component::ALL.into_iter().filter(|component| !argocd.contains(component));
                components.ensure(&needed.collect()).await.unwrap();
                components.flux_manifests(FLUX_VERSION).await.unwrap();
            });
        };
        // On a thread of its own: a test that is asynchronous itself must not block on another runtime.
        std::thread::scope(|scope| scope.spawn(obtain).join()).unwrap();
        cache
    });
    &DIR
}

/// One of the programs.
pub fn program(component: Component) -> PathBuf {
    dir().join(component.name()).join(component.version()).join(component.name())
}

/// Flux's install manifests alone: no program is built for them.
pub fn flux_manifests_alone() -> PathBuf {
    static MANIFESTS: LazyLock<PathBuf> = LazyLock::new(|| {
        let settings = ComponentSettings { assets: None, cache: location(), obtain: Obtain::Build };
        let obtain = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(Components::new(&settings, &|_| {}).flux_manifests(FLUX_VERSION)).unwrap()
        };
        std::thread::scope(|scope| scope.spawn(obtain).join()).unwrap()
    });
    MANIFESTS.clone()
}

/// Flux's install manifests.
pub fn flux_manifests() -> PathBuf {
    dir().join("flux-manifests").join(FLUX_VERSION).join("install.yaml")
}

/// As `kstack` computes it, from this process's own environment: tests give `kstack` another `HOME`.
fn location() -> PathBuf {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = variable("KSTACK_COMPONENTS_DIR") {
        return folder;
    }
    let cache = variable("KSTACK_CACHE_DIR")
        .or_else(|| Some(variable("XDG_CACHE_HOME")?.join("kstack")))
        .or_else(|| Some(variable("HOME")?.join(".cache/kstack")));
    cache.expect("KSTACK_COMPONENTS_DIR or HOME names where components are kept").join("components")
}
