//! Where each component is looked for, and how it is had when it is nowhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Instant,
};

use super::{
    build::Go,
    cache::{Cache, Entry, Work},
    download::{Download, DownloadError, Downloader},
    table::Component,
};
use crate::sandbox::{
    Sink,
    error::SandboxError,
    event::{ObtainedBy, SandboxEvent},
};

/// How components may be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Obtain {
    /// Downloaded, and built where that is not possible.
    #[default]
    Any,
    /// Downloaded only.
    Download,
    /// Built only.
    Build,
}

/// Where components come from.
#[derive(Debug, Clone)]
pub struct ComponentSettings {
    /// A flat folder of programs, in the form of `KUBEBUILDER_ASSETS`; those that it holds are used as they are.
    pub assets: Option<PathBuf>,
    /// The cache.
    pub cache: PathBuf,
    /// How those are had that are in neither.
    pub obtain: Obtain,
}

/// Where the programs are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paths {
    programs: BTreeMap<Component, PathBuf>,
    /// Those from the user's folder, whose version nobody checked.
    given: BTreeSet<Component>,
}

impl Paths {
    /// The program of `component`, which must have been asked for; otherwise a path that does not exist.
    pub fn get(&self, component: Component) -> &Path {
        self.programs.get(&component).map_or(Path::new("/nonexistent"), PathBuf::as_path)
    }

    /// The versions of the programs that kstack chose, by name.
    pub fn versions(&self) -> BTreeMap<String, String> {
        let chosen = self.programs.keys().filter(|component| !self.given.contains(component));
        chosen.map(|component| (component.name().to_owned(), component.version().to_owned())).collect()
    }

    /// All programs in one folder, none of which needs to exist.
    #[cfg(test)]
    pub(in crate::sandbox) fn for_tests(folder: &Path) -> Self {
        let programs = Component::ALL.map(|component| (component, folder.join(component.name())));
        Self { programs: programs.into(), given: BTreeSet::new() }
    }
}

impl Component {
    fn entry(self) -> Entry<'static> {
        Entry { name: self.name(), version: self.version(), file: self.name(), executable: true }
    }
}

/// The components of this machine.
pub struct Components<'a> {
    pub(super) settings: &'a ComponentSettings,
    pub(super) cache: Cache,
    pub(super) sink: Sink<'a>,
}

impl<'a> Components<'a> {
    /// Looks nowhere yet.
    pub fn new(settings: &'a ComponentSettings, sink: Sink<'a>) -> Self {
        Self { settings, cache: Cache::new(settings.cache.clone()), sink }
    }

    /// The programs of `needed`; those that are missing are had first, which can take minutes.
    ///
    /// # Errors
    /// When one can be had in no way, is not what its publisher says, or was changed in the cache.
    pub async fn ensure(&self, needed: &BTreeSet<Component>) -> Result<Paths, SandboxError> {
        let (mut paths, missing) = self.find(needed)?;
        if !missing.is_empty() {
            let work = self.cache.work(self.sink).await?;
            // Another process may have put them there in the meantime.
            let (again, missing) = self.find(&missing)?;
            paths.programs.extend(again.programs);
            let obtainer = Obtainer::new(self, &work).await?;
            for (index, component) in missing.iter().enumerate() {
                let path = obtainer.obtain(*component, index + 1, missing.len()).await?;
                paths.programs.insert(*component, path);
            }
        }
        Ok(paths)
    }

    /// The program of `component` if it is here already.
    ///
    /// # Errors
    /// When it was changed in the cache.
    pub fn present(&self, component: Component) -> Result<Option<PathBuf>, SandboxError> {
        Ok(self.find(&BTreeSet::from([component]))?.0.programs.remove(&component))
    }

    /// Those that are there, and those that are not.
    fn find(&self, needed: &BTreeSet<Component>) -> Result<(Paths, BTreeSet<Component>), SandboxError> {
        let mut paths = Paths::default();
        let mut missing = BTreeSet::new();
        for component in needed {
            let given = self.settings.assets.as_ref().map(|folder| folder.join(component.name()));
            if let Some(path) = given.filter(|path| path.is_file()) {
                paths.programs.insert(*component, path);
                paths.given.insert(*component);
            } else if let Some(path) = self.cache.find(component.entry())? {
                paths.programs.insert(*component, path);
            } else {
                missing.insert(*component);
            }
        }
        Ok((paths, missing))
    }
}

/// Gets what is missing. Made once per run, so that Go is looked for once and a server that cannot
/// be reached is waited for once.
pub(super) struct Obtainer<'a> {
    components: &'a Components<'a>,
    work: &'a Work,
    downloader: Option<Downloader>,
    go: Result<Go, String>,
    unreachable: std::sync::Mutex<BTreeMap<String, String>>,
}

impl<'a> Obtainer<'a> {
    pub(super) async fn new(components: &'a Components<'a>, work: &'a Work) -> Result<Self, SandboxError> {
        let obtain = components.settings.obtain;
        let downloader = match obtain {
            Obtain::Any | Obtain::Download => Some(Downloader::new(components.cache.digests_path())?),
            Obtain::Build => None,
        };
        let go = match obtain {
            Obtain::Any | Obtain::Build => Go::find().await,
            Obtain::Download => Err("builds are switched off".to_owned()),
        };
        Ok(Self { components, work, downloader, go, unreachable: std::sync::Mutex::default() })
    }

    async fn obtain(&self, component: Component, step: usize, of: usize) -> Result<PathBuf, SandboxError> {
        let mut reasons = Vec::new();
        let clock = Instant::now();
        let what = component.label();
        let put = |file: &Path, by, source: &str| -> Result<PathBuf, SandboxError> {
            let path = self.components.cache.put(self.work, component.entry(), file, by, source)?;
            (self.components.sink)(SandboxEvent::Obtained { what: what.clone(), by, elapsed: clock.elapsed() });
            Ok(path)
        };
        match component.download() {
            None => reasons.push("its publisher has no download for this machine".to_owned()),
            Some(download) => match self.download(&download, &what, (step, of)).await? {
                Ok(file) => return put(&file, ObtainedBy::Download, &download.url),
                Err(reason) => reasons.push(reason),
            },
        }
        match &self.go {
            Err(reason) => reasons.push(reason.clone()),
            Ok(go) => {
                let by = ObtainedBy::Build;
                (self.components.sink)(SandboxEvent::ObtainStarted { what: what.clone(), by, step, of });
                let file = go.build(component, self.work.folder(), self.components.sink).await?;
                return put(&file, ObtainedBy::Build, &component.package());
            }
        }
        Err(SandboxError::Unobtainable { what, reasons })
    }

    /// Downloads; the inner error says why that is not possible now.
    pub(super) async fn download(
        &self,
        download: &Download,
        what: &str,
        (step, of): (usize, usize),
    ) -> Result<Result<PathBuf, String>, SandboxError> {
        let Some(downloader) = &self.downloader else { return Ok(Err("downloads are switched off".to_owned())) };
        let host = download.url.split('/').nth(2).unwrap_or_default().to_owned();
        if let Some(reason) = self.unreachable.lock().ok().and_then(|hosts| hosts.get(&host).cloned()) {
            return Ok(Err(reason));
        }
        let by = ObtainedBy::Download;
        (self.components.sink)(SandboxEvent::ObtainStarted { what: what.to_owned(), by, step, of });
        let reason = match downloader.fetch(download, self.work.folder()).await {
            Ok(file) => return Ok(Ok(file)),
            Err(DownloadError::Fatal(error)) => return Err(error),
            Err(DownloadError::Unavailable(reason)) => reason,
            Err(DownloadError::Unreachable(reason)) => {
                if let Ok(mut hosts) = self.unreachable.lock() {
                    hosts.insert(host, reason.clone());
                }
                reason
            }
        };
        (self.components.sink)(SandboxEvent::DownloadFailed { what: what.to_owned(), reason: reason.clone() });
        Ok(Err(reason))
    }

    pub(super) fn go(&self) -> Result<Go, String> {
        self.go.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_given_folder_comes_before_the_cache() {
        let folder = tempfile::tempdir().unwrap();
        let settings = |assets: Option<&Path>| ComponentSettings {
            assets: assets.map(Path::to_owned),
            cache: folder.path().join("cache"),
            obtain: Obtain::Build,
        };
        // Put one program into the cache, and one of the same name into a folder.
        let cache = Cache::new(folder.path().join("cache"));
        let work = cache.work(&|_| {}).await.unwrap();
        let made = work.folder().join("made");
        std::fs::write(&made, "cached").unwrap();
        let cached =
            cache.put(&work, Component::Etcd.entry(), &made, ObtainedBy::Build, &Component::Etcd.package()).unwrap();
        drop(work);
        let assets = folder.path().join("assets");
        std::fs::create_dir(&assets).unwrap();
        std::fs::write(assets.join("etcd"), "given").unwrap();

        let needed = BTreeSet::from([Component::Etcd]);
        let ensure =
            async |settings: ComponentSettings| Components::new(&settings, &|_| {}).ensure(&needed).await.unwrap();
        let given = ensure(settings(Some(&assets))).await;
        assert_eq!(given.get(Component::Etcd), assets.join("etcd"));
        assert!(given.versions().is_empty(), "nobody knows which version it is");
        assert_eq!(ensure(settings(None)).await.get(Component::Etcd), cached);
        // A folder that lacks a program does not hide the cache.
        let other = ensure(settings(Some(folder.path()))).await;
        assert_eq!(other.get(Component::Etcd), cached);
        assert_eq!(other.versions()["etcd"], Component::Etcd.version());
    }

    #[tokio::test]
    async fn what_may_not_be_built_and_has_no_download_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let settings = ComponentSettings { assets: None, cache: folder.path().to_owned(), obtain: Obtain::Download };
        let components = Components::new(&settings, &|_| {});
        let error = components.ensure(&BTreeSet::from([Component::SourceController])).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot get source-controller 1.7.3: its publisher has no download for this machine; builds are switched off"
        );
    }

    #[tokio::test]
    async fn a_version_of_the_engine_must_be_a_version() {
        let folder = tempfile::tempdir().unwrap();
        let settings = ComponentSettings { assets: None, cache: folder.path().to_owned(), obtain: Obtain::Build };
        let error = Components::new(&settings, &|_| {}).flux_manifests("../2.7.3").await.unwrap_err();
        assert!(error.to_string().ends_with("a version has the form 1.2.3"), "{error}");
    }
}
