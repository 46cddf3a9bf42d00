//! One store of objects, whatever holds them.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::{
    BackoffConfig, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload, RetryConfig, UpdateVersion,
    aws::AmazonS3Builder, aws::S3ConditionalPut, local::LocalFileSystem, path::Path as Key,
};

use super::Location;

/// How often and how long a request is repeated: long enough for a hiccup of the network, short enough
/// that a wrong address or a missing role is told before anybody presses Ctrl-C.
const RETRIES: usize = 4;
const RETRY_TIMEOUT: Duration = Duration::from_secs(30);

/// What went wrong with an object.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be opened.
    #[error("cannot open the store `{location}`")]
    Open {
        /// Where it lies.
        location: String,
        /// Why.
        source: Trouble,
    },
    /// Nothing says who we are to AWS.
    #[error("no AWS credentials for `{location}`")]
    NoCredentials {
        /// Where the store lies.
        location: String,
        /// `AWS_PROFILE`, where it is set. Profiles are files of the AWS CLI, which is not needed here.
        profile: Option<String>,
    },
    /// The store does not answer, or not to us.
    #[error("cannot use the store `{location}`")]
    Unusable {
        /// Where it lies.
        location: String,
        /// Why.
        source: Trouble,
    },
    /// Reading or writing an object failed.
    #[error("cannot {verb} `{key}` in `{location}`")]
    Object {
        /// `read`, `write`, `list` or `delete`.
        verb: &'static str,
        /// The object's key.
        key: String,
        /// Where the store lies.
        location: String,
        /// Why.
        source: Trouble,
    },
    /// A folder of the store cannot be made.
    #[error("cannot create the folder `{path}`")]
    Folder {
        /// The folder.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

impl StoreError {
    /// Whether the store answered and said no: it may be somebody else's.
    pub fn is_denied(&self) -> bool {
        let (Self::Open { source, .. } | Self::Unusable { source, .. } | Self::Object { source, .. }) = self else {
            return false;
        };
        matches!(*source.0, object_store::Error::PermissionDenied { .. })
    }
}

/// Why a store failed. The client's own errors repeat each other, with addresses and retry settings; what
/// people need is the answer of the server, or the last cause.
#[derive(Debug)]
pub struct Trouble(Box<object_store::Error>);

impl std::error::Error for Trouble {}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut causes = vec![self.0.to_string()];
        let mut cause = std::error::Error::source(&*self.0);
        while let Some(error) = cause {
            causes.push(error.to_string());
            cause = error.source();
        }
        let kind = match &*self.0 {
            object_store::Error::NotFound { .. } => "there is no such bucket or folder: ",
            object_store::Error::PermissionDenied { .. } => "access denied: ",
            object_store::Error::Unauthenticated { .. } => "the credentials are not accepted: ",
            _ => "",
        };
        // `tcp connect error: Connection refused`: the last cause alone is sometimes too little.
        let last: Vec<&str> = causes.iter().rev().take(2).rev().map(String::as_str).collect();
        match last.as_slice() {
            [outer, inner] if !outer.contains(inner) => write!(f, "{kind}{outer}: {inner}"),
            [.., inner] => write!(f, "{kind}{inner}"),
            [] => Ok(()),
        }
    }
}

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
    /// Opens the store at `location`; a folder is made if it does not exist.
    ///
    /// # Errors
    /// [`StoreError::Open`] when settings such as the region are missing, [`StoreError::Folder`].
    pub fn open(location: &Location) -> Result<Self, StoreError> {
        let open = |source| StoreError::Open { location: location.to_string(), source: Trouble(Box::new(source)) };
        let (objects, prefix): (Arc<dyn ObjectStore>, Key) = match location {
            Location::S3 { bucket, prefix, region } => {
                if !has_credentials(|name| std::env::var(name).ok()) {
                    let profile = std::env::var("AWS_PROFILE").ok();
                    return Err(StoreError::NoCredentials { location: location.to_string(), profile });
                }
                (Arc::new(s3(bucket, region.as_deref()).map_err(open)?), Key::from(prefix.as_str()))
            }
            Location::Folder(path) => {
                std::fs::create_dir_all(path)
                    .map_err(|source| StoreError::Folder { path: path.display().to_string(), source })?;
                (Arc::new(LocalFileSystem::new_with_prefix(path).map_err(open)?), Key::default())
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
        move |source| StoreError::Object { verb, key, location, source: Trouble(Box::new(source)) }
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
    /// A folder cannot compare versions: there it writes always, so folders are for one writer.
    ///
    /// # Errors
    /// [`StoreError::Object`].
    pub async fn replace(&self, key: &str, content: impl Into<Bytes>, version: Version) -> Result<bool, StoreError> {
        if matches!(self.location, Location::Folder(_)) {
            return self.put(key, content).await.map(|()| true);
        }
        self.conditional(key, content.into(), PutMode::Update(version.0)).await
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
        let unusable =
            |source| StoreError::Unusable { location: self.location.to_string(), source: Trouble(Box::new(source)) };
        match self.objects.list(Some(&self.key("probe"))).try_next().await {
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            answer => answer.map(|_| true).map_err(unusable),
        }
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

/// A bucket; credentials and endpoint come from the environment.
fn s3(bucket: &str, region: Option<&str>) -> Result<object_store::aws::AmazonS3, object_store::Error> {
    // Fails only when there is a provider already, and the whole program has ring alone.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let retry = RetryConfig {
        backoff: BackoffConfig { max_backoff: Duration::from_secs(5), ..BackoffConfig::default() },
        max_retries: RETRIES,
        retry_timeout: RETRY_TIMEOUT,
    };
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        .with_retry(retry);
    if let Some(region) = region {
        builder = builder.with_region(region);
    }
    // Terraform talks plain HTTP to an `http://` endpoint as well: local S3 servers. The special name goes first.
    let endpoint = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"].into_iter().find_map(|name| std::env::var(name).ok());
    if endpoint.is_some_and(|url| url.starts_with("http://")) {
        builder = builder.with_allow_http(true);
    }
    builder.build()
}

/// Whether the environment names credentials that the S3 client reads. Without any, it would ask the machine's
/// metadata service, which is right on a machine of EC2, unless a profile was meant or the service is switched off.
fn has_credentials(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name| variable(name).is_some_and(|value| !value.is_empty());
    set("AWS_ACCESS_KEY_ID")
        || (set("AWS_WEB_IDENTITY_TOKEN_FILE") && set("AWS_ROLE_ARN"))
        || set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
        || set("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        || !(set("AWS_PROFILE")
            || variable("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_those_that_the_client_reads() {
        let with = |pairs: &[(&str, &str)]| {
            has_credentials(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        };
        assert!(with(&[("AWS_ACCESS_KEY_ID", "x"), ("AWS_PROFILE", "p")]));
        assert!(with(&[
            ("AWS_WEB_IDENTITY_TOKEN_FILE", "/t"),
            ("AWS_ROLE_ARN", "r"),
            ("AWS_EC2_METADATA_DISABLED", "true")
        ]));
        assert!(with(&[]), "on a machine of EC2 the metadata service has them");
        assert!(!with(&[("AWS_PROFILE", "p")]));
        assert!(!with(&[("AWS_ACCESS_KEY_ID", ""), ("AWS_EC2_METADATA_DISABLED", "TRUE")]));
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
        assert!(store.replace("ops/a", "three", version).await.unwrap());
        store.put("apps/b", "x").await.unwrap();
        assert_eq!(store.list("").await.unwrap(), ["apps/b", "ops/a"]);
        assert_eq!(store.list("ops").await.unwrap(), ["ops/a"]);
        store.delete("ops/a").await.unwrap();
        store.delete("ops/a").await.unwrap();
        assert!(store.get("ops/a").await.unwrap().is_none());
    }
}
