//! One store of objects, whatever holds them.

use std::{fs::File, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::{
    ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload, UpdateVersion, local::LocalFileSystem,
    path::Path as Key,
};

use super::{
    Location, azure,
    error::{StoreError, Trouble, open_error},
    google, s3,
};

/// The object that tells what time it is in a store.
const CLOCK: &str = "clock";

/// Which write an object came from; what [`Store::replace`] compares.
#[derive(Debug, Clone)]
pub struct Version(UpdateVersion);

/// Objects by key. Keys have `/` between their parts.
#[derive(Debug, Clone)]
pub struct Store {
    location: Location,
    objects: Arc<dyn ObjectStore>,
    prefix: Key,
}

impl Store {
    /// Opens the store at `location`; a folder is made if it does not exist. Credentials and addresses come from the
    /// environment.
    ///
    /// # Errors
    /// [`StoreError::NoCredentials`] and [`StoreError::Credentials`]; [`StoreError::Open`] when settings such as the
    /// region are missing; [`StoreError::Folder`].
    pub fn open(location: &Location) -> Result<Self, StoreError> {
        Self::open_with(location, &|name| std::env::var(name).ok())
    }

    /// As [`Store::open`], with another environment for the credentials of Google and Azure.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(location: &Location, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, StoreError> {
        let variable: &dyn Fn(&str) -> Option<String> = &|name| variable(name).filter(|value| !value.is_empty());
        let (objects, prefix): (Arc<dyn ObjectStore>, Key) = match location {
            Location::S3 { bucket, prefix, region } => {
                (Arc::new(s3::open(location, bucket, region.as_deref())?), Key::from(prefix.as_str()))
            }
            Location::Gcs { bucket, prefix } => {
                (Arc::new(google::open(location, bucket, variable)?), Key::from(prefix.as_str()))
            }
            Location::Azure { account, container, prefix } => {
                (Arc::new(azure::open(location, account, container, variable)?), Key::from(prefix.as_str()))
            }
            Location::Folder(path) => {
                std::fs::create_dir_all(path).map_err(|source| StoreError::Folder {
                    verb: "create",
                    path: path.display().to_string(),
                    source,
                })?;
                // Journals are kept here: what was written must still be there after the power went off.
                let folder = LocalFileSystem::new_with_prefix(path).map_err(open_error(location))?.with_fsync(true);
                (Arc::new(folder), Key::default())
            }
        };
        Ok(Self { location: location.clone(), objects, prefix })
    }

    /// Where it lies.
    pub fn location(&self) -> &Location {
        &self.location
    }

    fn key(&self, key: &str) -> Key {
        self.prefix.parts().chain(Key::from(key).parts()).collect()
    }

    fn error(&self, verb: &'static str, key: &str) -> impl FnOnce(object_store::Error) -> StoreError {
        let (key, location) = (key.to_owned(), self.location.to_string());
        move |source| StoreError::Object { verb, key, location, source: Trouble::from(source) }
    }

    /// The object at `key` with the version to compare in [`Store::replace`], or `None`.
    ///
    /// # Errors
    /// [`StoreError::Object`].
    pub async fn get(&self, key: &str) -> Result<Option<(Bytes, Version)>, StoreError> {
        let result = match self.objects.get(&self.key(key)).await {
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            result => result.map_err(self.error("read", key))?,
        };
        let version = Version(UpdateVersion { e_tag: result.meta.e_tag.clone(), version: result.meta.version.clone() });
        let bytes = result.bytes().await.map_err(self.error("read", key))?;
        Ok(Some((bytes, version)))
    }

    /// Writes the object, replacing what was there.
    ///
    /// # Errors
    /// [`StoreError::Object`].
    pub async fn put(&self, key: &str, content: impl Into<Bytes>) -> Result<(), StoreError> {
        let payload = PutPayload::from_bytes(content.into());
        self.objects.put(&self.key(key), payload).await.map_err(self.error("write", key))?;
        Ok(())
    }

    /// Writes the object only if nothing is there; `false` means that something was.
    ///
    /// # Errors
    /// [`StoreError::Object`].
    pub async fn create(&self, key: &str, content: impl Into<Bytes>) -> Result<bool, StoreError> {
        self.conditional(key, content.into(), PutMode::Create).await
    }

    /// Writes the object only if it is still `version`; `false` means that somebody wrote in between.
    ///
    /// # Errors
    /// [`StoreError::Object`]; [`StoreError::Folder`] when the folder cannot be locked.
    pub async fn replace(&self, key: &str, content: impl Into<Bytes>, version: Version) -> Result<bool, StoreError> {
        let Location::Folder(folder) = &self.location else {
            return self.conditional(key, content.into(), PutMode::Update(version.0)).await;
        };
        // A folder cannot compare and write in one step, so whoever replaces holds the folder meanwhile: locked is the
        // folder itself, and the system gives it free when a process is killed.
        let wrong = |source| StoreError::Folder { verb: "lock", path: folder.display().to_string(), source };
        let alone = File::open(folder).map_err(wrong)?;
        let alone = tokio::task::spawn_blocking(move || alone.lock().map(|()| alone)).await;
        let _alone = alone.map_err(std::io::Error::other).and_then(|locked| locked).map_err(wrong)?;
        match self.get(key).await? {
            Some((_, now)) if now.0.e_tag == version.0.e_tag => self.put(key, content).await.map(|()| true),
            _ => Ok(false),
        }
    }

    /// How long ago the object was written, by the store's own clock; `None` when it is not there. Machines' clocks
    /// differ by minutes, so two times of different machines say nothing. To learn what time it is there, it writes an
    /// object of its own, `clock`.
    ///
    /// # Errors
    /// [`StoreError::Object`].
    pub async fn age(&self, key: &str) -> Result<Option<Duration>, StoreError> {
        let written = match self.objects.head(&self.key(key)).await {
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            result => result.map_err(self.error("read", key))?.last_modified,
        };
        self.put(CLOCK, "").await?;
        let now = self.objects.head(&self.key(CLOCK)).await.map_err(self.error("read", CLOCK))?.last_modified;
        Ok(Some((now - written).to_std().unwrap_or_default()))
    }

    async fn conditional(&self, key: &str, content: Bytes, mode: PutMode) -> Result<bool, StoreError> {
        let options = PutOptions { mode, ..PutOptions::default() };
        match self.objects.put_opts(&self.key(key), PutPayload::from_bytes(content), options).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(false),
            Err(error) => Err(self.error("write", key)(error)),
        }
    }

    /// Asks the store whether it answers and can be listed; a bucket that does not exist cannot.
    ///
    /// # Errors
    /// [`StoreError::Unusable`].
    pub async fn probe(&self) -> Result<(), StoreError> {
        // Nothing is ever kept there, so the answer is short.
        match self.list("probe").await {
            Err(StoreError::Object { location, source, .. }) => Err(StoreError::Unusable { location, source }),
            answer => answer.map(drop),
        }
    }

    /// Whether there is such a bucket or folder, and we may list it.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] when it does not answer, or not to us.
    pub async fn exists(&self) -> Result<bool, StoreError> {
        let trouble = match self.objects.list(Some(&self.key("probe"))).try_next().await {
            Ok(_) => return Ok(true),
            Err(error) => Trouble::from(error),
        };
        let no_account = matches!(self.location, Location::Azure { .. }) && trouble.is_unknown_host();
        if no_account || trouble.answered(404) {
            return Ok(false);
        }
        Err(StoreError::Unusable { location: self.location.to_string(), source: trouble })
    }

    /// The keys below `prefix`, sorted.
    ///
    /// # Errors
    /// [`StoreError::Object`].
    pub async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let below = self.key(prefix);
        let metas: Vec<_> = self.objects.list(Some(&below)).try_collect().await.map_err(self.error("list", prefix))?;
        let mut keys: Vec<String> = metas
            .iter()
            .filter_map(|meta| {
                let parts: Vec<_> = meta.location.prefix_match(&self.prefix)?.collect();
                Some(parts.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join("/"))
            })
            .collect();
        keys.sort();
        Ok(keys)
    }

    /// Deletes the object; one that is not there is fine.
    ///
    /// # Errors
    /// [`StoreError::Object`].
    pub async fn delete(&self, key: &str) -> Result<(), StoreError> {
        match self.objects.delete(&self.key(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.error("delete", key)(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[tokio::test]
    async fn of_many_who_replace_the_same_version_one_does() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Location::Folder(folder.path().to_owned())).unwrap();
        store.put("lock", "free").await.unwrap();
        let (_, version) = store.get("lock").await.unwrap().unwrap();
        let tries = (0..20).map(|number| store.replace("lock", format!("by {number}"), version.clone()));
        let won = futures::future::join_all(tries).await.into_iter().filter(|result| *result.as_ref().unwrap());
        assert_eq!(won.count(), 1);
    }

    #[tokio::test]
    async fn the_age_of_an_object_is_the_stores_own() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Location::Folder(folder.path().to_owned())).unwrap();
        assert_eq!(store.age("lock").await.unwrap(), None);
        store.put("lock", "x").await.unwrap();
        assert!(store.age("lock").await.unwrap().unwrap() < Duration::from_secs(300));
        let old = SystemTime::now() - Duration::from_secs(3600);
        File::options().write(true).open(folder.path().join("lock")).unwrap().set_modified(old).unwrap();
        // File systems stamp with a clock that is a few milliseconds behind.
        assert!(store.age("lock").await.unwrap().unwrap() > Duration::from_secs(3590));
    }

    #[tokio::test]
    async fn a_folder_keeps_objects_and_creates_only_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Location::Folder(folder.path().join("new"))).unwrap();
        assert!(store.get("ops/a").await.unwrap().is_none());
        assert!(store.create("ops/a", "one").await.unwrap());
        assert!(!store.create("ops/a", "two").await.unwrap());
        let (content, version) = store.get("ops/a").await.unwrap().unwrap();
        assert_eq!(content, "one");
        assert!(store.replace("ops/a", "three", version.clone()).await.unwrap());
        assert!(!store.replace("ops/a", "four", version.clone()).await.unwrap(), "somebody wrote in between");
        assert!(!store.replace("ops/b", "four", version).await.unwrap(), "there is nothing to replace");
        store.put("apps/b", "x").await.unwrap();
        assert_eq!(store.list("").await.unwrap(), ["apps/b", "ops/a"]);
        assert_eq!(store.list("ops").await.unwrap(), ["ops/a"]);
        store.delete("ops/a").await.unwrap();
        store.delete("ops/a").await.unwrap();
        assert!(store.get("ops/a").await.unwrap().is_none());
    }
}
