//! Where an instance's state lives, for Terraform and for reading it directly.

use std::path::{Path, PathBuf};

use crate::{
    platform::{Instance, Platform, StateBackend, layout},
    store::{Location, Store},
    terraform::{BackendSetting, StateFile},
};

use super::PipelineError;

/// The state of one instance.
#[derive(Debug, Clone)]
pub struct StateLocation {
    store: Location,
    key: String,
    settings: Vec<BackendSetting>,
}

impl StateLocation {
    /// The place that `platform` gives to the state of `instance`; `root` is the repository's root, and
    /// `tree` the exported files that Terraform runs in.
    pub fn of(platform: &Platform, instance: &Instance, root: &Path, tree: &Path) -> Self {
        let key = format!("{}.tfstate", instance.key());
        match &platform.state.backend {
            StateBackend::S3 { bucket, region } => {
                // Good defaults first, the environment's own settings over them, and where kstack looks last.
                let mut settings = vec![value("encrypt", "true"), value("use_lockfile", "true")];
                let file = match &instance.environment {
                    Some(environment) => layout::tfbackend(environment),
                    None => format!("{}/shared.tfbackend", layout::ENVIRONMENTS),
                };
                let file = tree.join(file);
                if file.exists() {
                    settings.push(BackendSetting::File(file));
                }
                settings.extend([value("bucket", bucket), value("region", region), value("key", &key)]);
                let store =
                    Location::S3 { bucket: bucket.clone(), prefix: String::new(), region: Some(region.clone()) };
                Self { store, key, settings }
            }
            StateBackend::Local { path } => {
                let folder = root.join(path);
                let settings = vec![value("path", &folder.join(&key).display().to_string())];
                Self { store: Location::Folder(folder), key, settings }
            }
        }
    }

    /// Terraform's `-backend-config` options.
    pub fn settings(&self) -> &[BackendSetting] {
        &self.settings
    }

    /// A state in a file of this machine, whatever the platform says.
    pub(super) fn on_disk(file: &Path) -> Self {
        let folder = file.parent().map_or_else(PathBuf::new, PathBuf::from);
        let key = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let settings = vec![value("path", &file.display().to_string())];
        Self { store: Location::Folder(folder), key, settings }
    }

    /// The store that holds it.
    ///
    /// # Errors
    /// [`PipelineError::Store`] when it cannot be opened.
    pub(super) fn store(&self) -> Result<Store, PipelineError> {
        Ok(Store::open(&self.store)?)
    }

    /// Its key in the store.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Reads the state; `None` when there is none yet.
    ///
    /// # Errors
    /// [`PipelineError::Store`] and [`PipelineError::Terraform`] when it cannot be read.
    pub async fn read(&self) -> Result<Option<StateFile>, PipelineError> {
        let store = Store::open(&self.store)?;
        match store.get(&self.key).await? {
            // Terraform's local backend leaves an empty file behind when its first run fails.
            Some((bytes, _)) if bytes.is_empty() => Ok(None),
            Some((bytes, _)) => Ok(Some(StateFile::parse(&bytes)?)),
            None => Ok(None),
        }
    }
}

fn value(name: &str, value: &str) -> BackendSetting {
    BackendSetting::Value { name: name.to_owned(), value: value.to_owned() }
}

/// The stores that the pipeline keeps its own objects in.
#[derive(Debug, Clone)]
pub struct Stores {
    /// Bundles.
    pub plans: Store,
    /// Journals, the lock, and what was applied.
    pub records: Store,
}

impl Stores {
    /// Opens them: beside the state, unless the platform names a plan store.
    ///
    /// # Errors
    /// [`PipelineError::Store`] and [`PipelineError::Location`].
    pub fn open(platform: &Platform, root: &Path) -> Result<Self, PipelineError> {
        let beside = match &platform.state.backend {
            StateBackend::S3 { bucket, region } => {
                Location::S3 { bucket: bucket.clone(), prefix: "kstack".to_owned(), region: Some(region.clone()) }
            }
            StateBackend::Local { path } => {
                // Next to the states, not among them.
                let folder = root.join(path);
                Location::Folder(folder.parent().map_or_else(|| folder.clone(), PathBuf::from).join("pipeline"))
            }
        };
        let plans = match &platform.pipeline.plan_store {
            Some(text) => match (Location::parse(text, root)?, &platform.state.backend) {
                (Location::S3 { bucket, prefix, region: None }, StateBackend::S3 { region, .. }) => {
                    Location::S3 { bucket, prefix, region: Some(region.clone()) }
                }
                (location, _) => location,
            },
            None => beside.join("plans"),
        };
        Ok(Self { plans: Store::open(&plans)?, records: Store::open(&beside.join("records"))? })
    }
}
