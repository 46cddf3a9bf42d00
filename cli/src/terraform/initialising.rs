//! Runs init when it has to, on providers that the store has ready.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError, atomic::Ordering},
};

use jiff::Timestamp;

use super::{
    BackendSetting, Failure, InitOutcome, LockFile, ProviderStoreError, Request, Terraform, TerraformError,
    TerraformEvent, Watch,
    engine::joined,
    init::{Fingerprint, LOCK_FILE, Surroundings},
    marker::Standing,
    process::Stdout,
    provider_store::{View, unlink},
};

/// What an instance knows of the store.
#[derive(Debug)]
pub(super) struct Supply {
    view: View,
    /// When it was asked last.
    asked: Mutex<Option<Timestamp>>,
    /// Since when there is reason to doubt what it has.
    doubted: Mutex<Option<Timestamp>>,
}

impl Supply {
    pub(super) fn new(data: &Path) -> Self {
        Self { view: View::new(data.join("providers")), asked: Mutex::default(), doubted: Mutex::default() }
    }

    /// Doubts what the store had the last time that it was asked, if Terraform found a package to be another one than
    /// was locked. Whether that is news.
    pub(super) fn doubt(&self, failure: &Failure) -> bool {
        // Terraform and OpenTofu, of an installed and of an offered package: internal/command/meta_providers.go and
        // internal/providercache/installer.go.
        let told = |text: &str| text.contains("match any of the checksums");
        let told = failure.errors().any(|error| told(&error.summary) || told(&error.detail));
        let asked = *locked(&self.asked);
        let mut doubted = locked(&self.doubted);
        let news = told && asked.is_some() && doubted.is_none();
        if news {
            *doubted = asked;
        }
        news
    }
}

/// A panic elsewhere leaves a time as it was.
fn locked(time: &Mutex<Option<Timestamp>>) -> std::sync::MutexGuard<'_, Option<Timestamp>> {
    time.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Terraform {
    /// Prepares the working folder, unless nothing that init reads has changed since the last one.
    ///
    /// A lock file that the configuration brings is never changed: an outdated one is an error.
    ///
    /// # Errors
    /// [`TerraformError::Failed`], [`TerraformError::Providers`], [`TerraformError::Interrupted`] or an I/O error.
    pub async fn init(&self, watch: &Watch<'_>) -> Result<InitOutcome, TerraformError> {
        let surroundings = Surroundings {
            binary: &self.binary,
            backend: &self.workspace.backend,
            cli_config: &self.cli_config,
            data: &self.workspace.data,
        };
        let fingerprint = Fingerprint::of(&self.workspace.directory, surroundings)?;
        let standing = self.marker.check(&fingerprint, &self.workspace.directory)?;
        self.provide(watch).await?;
        if standing != Standing::Outdated {
            self.lock_put_back.store(standing == Standing::GoodWithLock, Ordering::Relaxed);
            self.ready.store(true, Ordering::Relaxed);
            return Ok(InitOutcome::Skipped);
        }
        match self.run_init(fingerprint.clone(), watch).await {
            Err(TerraformError::Failed(failure)) if self.supply.doubt(&failure) => {
                self.provide(watch).await?;
                self.run_init(fingerprint, watch).await?;
            }
            result => result?,
        }
        Ok(InitOutcome::Done)
    }

    async fn run_init(&self, fingerprint: Fingerprint, watch: &Watch<'_>) -> Result<(), TerraformError> {
        self.forget_init()?;
        unlink(&self.installed())?;
        let brings_lock = self.lock_path().exists();
        // The data folder belongs to this instance alone: another backend is another place, not a migration.
        let mut command = self.command(["init", "-json", "-input=false", "-reconfigure"]);
        if brings_lock {
            command.arg("-lockfile=readonly");
        }
        for setting in &self.workspace.backend {
            command.arg(match setting {
                BackendSetting::File(path) => joined("-backend-config=", path.as_os_str()),
                BackendSetting::Value { name, value } => format!("-backend-config={name}={value}").into(),
            });
        }
        self.follow(command, "init", Stdout::Events, &[], watch).await?;
        self.adopt(watch).await?;
        self.marker.set(fingerprint, &self.workspace.directory, brings_lock)?;
        self.ready.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Has the store ready what the lock file names, and writes the CLI configuration that points to it. What the store
    /// cannot get, and everything as long as there is no lock file, Terraform gets as the user has it configured.
    pub(super) async fn provide(&self, watch: &Watch<'_>) -> Result<(), TerraformError> {
        let mut provided = Vec::new();
        if let Some(store) = &self.workspace.store
            && let Some(lock) = self.read_lock()?
        {
            let asked = Timestamp::now();
            let events = |event| (watch.events)(TerraformEvent::Store(event));
            if let Some(request) = self.request(&events, watch) {
                provided = store.provide(&lock, request).await?;
                self.supply.view.show(&provided)?;
                *locked(&self.supply.asked) = Some(asked);
            }
        }
        self.cli_config.write(self.supply.view.folder(), &provided)
    }

    /// Gives the store what Terraform installed by itself.
    async fn adopt(&self, watch: &Watch<'_>) -> Result<(), TerraformError> {
        let events = |event| (watch.events)(TerraformEvent::Store(event));
        if let Some(store) = &self.workspace.store
            && let Some(lock) = self.read_lock()?
            && let Some(request) = self.request(&events, watch)
        {
            store.adopt(&self.installed(), &lock, request).await?;
        }
        Ok(())
    }

    fn request<'a>(
        &'a self,
        events: &'a (dyn Fn(super::StoreEvent) + Send + Sync),
        watch: &Watch<'a>,
    ) -> Option<Request<'a>> {
        let offers = self.cli_config.offers()?;
        let doubted = *locked(&self.supply.doubted);
        Some(Request { platform: &self.binary.platform, offers, doubted, events, interrupt: watch.interrupt })
    }

    fn read_lock(&self) -> Result<Option<LockFile>, TerraformError> {
        let path = self.lock_path();
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(|source| TerraformError::io("read", &path, source))?,
        };
        // The folder is an export that nobody knows.
        let wrong = |problem| ProviderStoreError::LockFile { path: LOCK_FILE.into(), problem: Box::new(problem) };
        Ok(Some(LockFile::parse(&text).map_err(wrong)?))
    }

    pub(super) fn forget_init(&self) -> Result<(), TerraformError> {
        self.ready.store(false, Ordering::Relaxed);
        if self.lock_put_back.swap(false, Ordering::Relaxed) {
            let path = self.lock_path();
            fs::remove_file(&path).map_err(|source| TerraformError::io("delete", &path, source))?;
        }
        self.marker.clear()
    }

    pub(super) fn lock_path(&self) -> PathBuf {
        self.workspace.directory.join(LOCK_FILE)
    }

    /// Where Terraform installs providers.
    fn installed(&self) -> PathBuf {
        self.workspace.data.join("terraform/providers")
    }
}
