//! Where an instance's state lives, for Terraform and for reading it directly, and what lies beside it.

use std::path::{Path, PathBuf};

use crate::{
    platform::{EnvironmentName, Instance, Platform, StateBackend, layout},
    store::{Location, Store},
    terraform::{BackendSetting, StateFile, StateFileError, StateId},
};

use super::{PipelineError, bundle::StateVersion};

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
        let backend = platform.backend_of(instance.environment.as_ref());
        let store = location(backend, root);
        let file = format!("{}.tfstate", instance.key());
        // Good defaults first, the environment's own settings over them, and where kstack looks last.
        let (key, defaults, place) = match backend {
            StateBackend::S3 { bucket, region } => (
                file.clone(),
                vec![value("encrypt", "true"), value("use_lockfile", "true")],
                vec![value("bucket", bucket), value("region", region), value("key", &file)],
            ),
            // The backend names the object itself, after the workspace: https://developer.hashicorp.com/terraform/language/backend/gcs
            StateBackend::Gcs { bucket } => (
                format!("{}/default.tfstate", instance.key()),
                Vec::new(),
                vec![value("bucket", bucket), value("prefix", &instance.key())],
            ),
            StateBackend::Azurerm { resource_group, storage_account, container } => (
                file.clone(),
                // By role. The account's key, which is asked for otherwise, opens everything that the account holds.
                vec![value("use_azuread_auth", "true")],
                vec![
                    value("resource_group_name", resource_group),
                    value("storage_account_name", storage_account),
                    value("container_name", container),
                    value("key", &file),
                ],
            ),
            StateBackend::Local { path } => {
                let settings = vec![value("path", &root.join(path).join(&file).display().to_string())];
                return Self { store, key: file, settings };
            }
        };
        let mut settings = defaults;
        let own = match &instance.environment {
            Some(environment) => layout::tfbackend(environment),
            None => format!("{}/shared.tfbackend", layout::ENVIRONMENTS),
        };
        let own = tree.join(own);
        if own.exists() {
            settings.push(BackendSetting::File(own));
        }
        settings.extend(place);
        Self { store, key, settings }
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

    /// The place of that store.
    pub(super) fn location(&self) -> &Location {
        &self.store
    }

    /// Where that store lies.
    pub(super) fn store_address(&self) -> String {
        self.store.to_string()
    }

    /// Its key in the store.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Reads the state; `None` when there is none yet.
    ///
    /// # Errors
    /// [`PipelineError::Store`] and [`PipelineError::State`] when it cannot be read.
    pub async fn read(&self) -> Result<Option<StateFile>, PipelineError> {
        self.read_in(&self.store()?).await
    }

    /// Reads the state in its store, which is open already.
    ///
    /// # Errors
    /// As [`StateLocation::read`].
    pub(super) async fn read_in(&self, store: &Store) -> Result<Option<StateFile>, PipelineError> {
        self.parsed(store, StateFile::parse).await
    }

    /// Reads which version of the state is there; `None` when there is none yet. It can be told of a state that
    /// OpenTofu encrypted as well.
    ///
    /// # Errors
    /// As [`StateLocation::read`].
    pub(super) async fn version(&self) -> Result<Option<StateVersion>, PipelineError> {
        let id = self.parsed(&self.store()?, StateId::parse).await?;
        Ok(id.map(|StateId { lineage, serial }| StateVersion { lineage, serial }))
    }

    async fn parsed<T>(
        &self,
        store: &Store,
        parse: impl FnOnce(&[u8]) -> Result<T, StateFileError>,
    ) -> Result<Option<T>, PipelineError> {
        match store.get(&self.key).await? {
            // Terraform's local backend leaves an empty file behind when its first run fails.
            Some((bytes, _)) if bytes.is_empty() => Ok(None),
            Some((bytes, _)) => {
                let read = parse(&bytes);
                Ok(Some(read.map_err(|source| PipelineError::State { location: self.to_string(), source })?))
            }
            None => Ok(None),
        }
    }
}

impl std::fmt::Display for StateLocation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.store, self.key)
    }
}

fn value(name: &str, value: &str) -> BackendSetting {
    BackendSetting::Value { name: name.to_owned(), value: value.to_owned() }
}

/// The store that holds the states of `backend`.
fn location(backend: &StateBackend, root: &Path) -> Location {
    match backend {
        StateBackend::S3 { bucket, region } => {
            Location::S3 { bucket: bucket.clone(), prefix: String::new(), region: Some(region.clone()) }
        }
        StateBackend::Gcs { bucket } => Location::Gcs { bucket: bucket.clone(), prefix: String::new() },
        StateBackend::Azurerm { storage_account, container, .. } => {
            Location::Azure { account: storage_account.clone(), container: container.clone(), prefix: String::new() }
        }
        StateBackend::Local { path } => Location::Folder(root.join(path)),
    }
}

/// Where the pipeline keeps its own objects: beside the states of `backend`, not among them.
fn beside(backend: &StateBackend, root: &Path) -> Location {
    match location(backend, root) {
        Location::Folder(folder) => {
            Location::Folder(folder.parent().map_or_else(|| folder.clone(), PathBuf::from).join("pipeline"))
        }
        bucket => bucket.join("kstack"),
    }
}

/// The stores that the pipeline keeps an environment's objects in.
#[derive(Debug, Clone)]
pub struct Stores {
    /// Bundles.
    pub plans: Store,
    /// Journals, the lock, and what was applied.
    pub records: Store,
}

impl Stores {
    /// Opens those of `environment`: beside its state, unless the platform names a plan store. So a run that
    /// applies to an environment with a state of its own needs no right to write anywhere else.
    ///
    /// # Errors
    /// [`PipelineError::Store`] and [`PipelineError::Location`].
    pub fn open(platform: &Platform, environment: &EnvironmentName, root: &Path) -> Result<Self, PipelineError> {
        let backend = platform.backend_of(Some(environment));
        let beside = beside(backend, root);
        let plans = match &platform.pipeline.plan_store {
            Some(text) => match (Location::parse(text, root)?, backend) {
                (Location::S3 { bucket, prefix, region: None }, StateBackend::S3 { region, .. }) => {
                    Location::S3 { bucket, prefix, region: Some(region.clone()) }
                }
                (location, _) => location,
            },
            None => beside.join("plans"),
        };
        Ok(Self { plans: Store::open(&plans)?, records: Store::open(&beside.join("records"))? })
    }
    /// Opens those of `environments`, each place once.
    ///
    /// # Errors
    /// As [`Stores::open`].
    pub fn open_all<'a>(
        platform: &Platform,
        environments: impl IntoIterator<Item = &'a EnvironmentName>,
        root: &Path,
    ) -> Result<Vec<Self>, PipelineError> {
        let mut all: Vec<Self> = Vec::new();
        for environment in environments {
            let stores = Self::open(platform, environment, root)?;
            if all.iter().all(|known| known.records.location() != stores.records.location()) {
                all.push(stores);
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `state` comes to for one stack in `environment`: the settings of the backend, and the object.
    fn place(state: &str, own: &str, environment: Option<&str>) -> String {
        let text = format!(
            "kstack {{\n  version = \"0.1.0\"\n}}\nplatform \"acme\" {{\n  repository = \"https://example.com/acme\"\n}}\n\
             environment \"ops\" {{\n  trigger = \"branch:main\"\n}}\nenvironment \"apps\" {{\n  trigger = \"tag:a-*\"\n{own}}}\n\
             {state}\nengine \"flux\" {{\n  version = \"2.7.3\"\n}}\n"
        );
        let platform = Platform::parse("kstack.hcl", &text).unwrap();
        let environment = environment.map(|name| EnvironmentName::new(name).unwrap());
        let instance = Instance { stack: crate::platform::StackName::new("net").unwrap(), environment };
        let place = StateLocation::of(&platform, &instance, Path::new("/repo"), Path::new("/tree"));
        let settings = place.settings.iter().map(|setting| match setting {
            BackendSetting::Value { name, value } => format!("{name}={value}"),
            BackendSetting::File(path) => path.display().to_string(),
        });
        let beside = beside(platform.backend_of(instance.environment.as_ref()), Path::new("/repo"));
        let settings = settings.collect::<Vec<_>>().join(" ");
        format!("{settings}\n{} {}\n{beside}", place.store, place.key)
    }

    #[test]
    fn each_backend_gets_its_settings_and_kstack_finds_the_object() {
        insta::assert_snapshot!(place("state \"s3\" {\n  bucket = \"all\"\n  region = \"eu-west-1\"\n}", "", Some("ops")), @r#"
        encrypt=true use_lockfile=true bucket=all region=eu-west-1 key=ops/net.tfstate
        s3://all ops/net.tfstate
        s3://all/kstack
        "#);
        insta::assert_snapshot!(place("state \"gcs\" {\n  bucket = \"all\"\n}", "", None), @"
        bucket=all prefix=shared/net
        gs://all shared/net/default.tfstate
        gs://all/kstack
        ");
        let azure = "state \"azurerm\" {\n  resource_group_name  = \"rg\"\n  storage_account_name = \"acct\"\n  container_name       = \"tfstate\"\n}";
        insta::assert_snapshot!(place(azure, "", Some("ops")), @"
        use_azuread_auth=true resource_group_name=rg storage_account_name=acct container_name=tfstate key=ops/net.tfstate
        az://acct/tfstate ops/net.tfstate
        az://acct/tfstate/kstack
        ");
        insta::assert_snapshot!(place("state \"local\" {}", "", Some("ops")), @"
        path=/repo/.kstack/state/ops/net.tfstate
        /repo/.kstack/state ops/net.tfstate
        /repo/.kstack/pipeline
        ");
    }

    #[test]
    fn an_environment_can_have_a_place_of_its_own() {
        let (state, own) = ("state \"gcs\" {\n  bucket = \"all\"\n}", "state \"gcs\" {\n  bucket = \"own\"\n}\n");
        insta::assert_snapshot!(place(state, own, Some("apps")), @r#"
        bucket=own prefix=apps/net
        gs://own apps/net/default.tfstate
        gs://own/kstack
        "#);
        insta::assert_snapshot!(place(state, own, Some("ops")), @"
        bucket=all prefix=ops/net
        gs://all ops/net/default.tfstate
        gs://all/kstack
        ");
        insta::assert_snapshot!(place(state, own, None), @"
        bucket=all prefix=shared/net
        gs://all shared/net/default.tfstate
        gs://all/kstack
        ");
    }
}
