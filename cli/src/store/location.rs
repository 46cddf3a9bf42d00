//! Where a store lies: `s3://bucket/prefix`, `gs://bucket/prefix`, `az://account/container/prefix`, or a folder.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// Where objects are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// An S3 bucket; credentials, region and endpoint come from the usual `AWS_*` variables.
    S3 {
        /// The bucket.
        bucket: String,
        /// Prefix of every key, without slashes at its ends; may be empty.
        prefix: String,
        /// The bucket's region, where it is known from the platform.
        region: Option<String>,
    },
    /// A bucket of Google Cloud Storage; credentials come from the variables that Terraform reads.
    Gcs {
        /// The bucket.
        bucket: String,
        /// Prefix of every key, without slashes at its ends; may be empty.
        prefix: String,
    },
    /// A container of Azure Blob Storage; credentials come from the variables that Terraform reads.
    Azure {
        /// The storage account.
        account: String,
        /// The container.
        container: String,
        /// Prefix of every key, without slashes at its ends; may be empty.
        prefix: String,
    },
    /// A folder of this machine.
    Folder(PathBuf),
}

/// A text that names no place.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a store: {reason}")]
pub struct LocationError {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Location {
    /// Reads `s3://bucket[/prefix]`, `gs://bucket[/prefix]`, `az://account/container[/prefix]`, `file:///folder`,
    /// or a folder, which is taken relative to `root`.
    ///
    /// # Errors
    /// [`LocationError`] for an unknown scheme, or a location without a bucket or container.
    pub fn parse(text: &str, root: &Path) -> Result<Self, LocationError> {
        let error = |reason| LocationError { text: text.to_owned(), reason };
        let (scheme, rest) = match text.split_once("://") {
            None if text.is_empty() => return Err(error("it is empty")),
            None => return Ok(Self::Folder(root.join(text))),
            Some(("file", path)) => return Ok(Self::Folder(PathBuf::from(path))),
            Some(parts) => parts,
        };
        let (first, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = |text: &str| text.trim_matches('/').to_owned();
        match scheme {
            "s3" | "gs" if first.is_empty() => Err(error("it names no bucket")),
            "s3" => Ok(Self::S3 { bucket: first.to_owned(), prefix: prefix(rest), region: None }),
            "gs" => Ok(Self::Gcs { bucket: first.to_owned(), prefix: prefix(rest) }),
            "az" => {
                let (container, rest) = rest.split_once('/').unwrap_or((rest, ""));
                if first.is_empty() || container.is_empty() {
                    return Err(error("it must name a storage account and a container"));
                }
                Ok(Self::Azure { account: first.to_owned(), container: container.to_owned(), prefix: prefix(rest) })
            }
            _ => Err(error(
                "write `s3://<bucket>/<prefix>`, `gs://<bucket>/<prefix>`, `az://<account>/<container>/<prefix>` or a folder",
            )),
        }
    }

    /// The place `name` below this one.
    #[must_use]
    pub fn join(&self, name: &str) -> Self {
        let mut place = self.clone();
        match &mut place {
            Self::S3 { prefix, .. } | Self::Gcs { prefix, .. } | Self::Azure { prefix, .. } => {
                *prefix = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
            }
            Self::Folder(path) => path.push(name),
        }
        place
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = match self {
            Self::S3 { bucket, prefix, .. } => write!(f, "s3://{bucket}").map(|()| prefix),
            Self::Gcs { bucket, prefix } => write!(f, "gs://{bucket}").map(|()| prefix),
            Self::Azure { account, container, prefix } => write!(f, "az://{account}/{container}").map(|()| prefix),
            Self::Folder(path) => return write!(f, "{}", path.display()),
        }?;
        if prefix.is_empty() { Ok(()) } else { write!(f, "/{prefix}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_read_and_joined() {
        let root = Path::new("/repo");
        let s3 = Location::parse("s3://bucket/plans/", root).unwrap();
        assert_eq!(s3.join("ops").to_string(), "s3://bucket/plans/ops");
        assert_eq!(Location::parse("s3://bucket", root).unwrap().join("a").to_string(), "s3://bucket/a");
        let gcs = Location::parse("gs://bucket/plans/", root).unwrap();
        assert_eq!(gcs.join("ops").to_string(), "gs://bucket/plans/ops");
        let azure = Location::parse("az://account/container/a/b/", root).unwrap();
        assert_eq!(azure.join("ops").to_string(), "az://account/container/a/b/ops");
        assert_eq!(Location::parse("az://account/container", root).unwrap().to_string(), "az://account/container");
        assert_eq!(Location::parse(".kstack/plans", root).unwrap().to_string(), "/repo/.kstack/plans");
        assert_eq!(Location::parse("file:///plans", root).unwrap().to_string(), "/plans");
    }

    #[test]
    fn what_names_no_place_is_refused() {
        for text in ["", "s3://", "s3:///prefix", "gs://", "az://account", "az:///container", "ftp://host/x"] {
            assert!(Location::parse(text, Path::new("/")).is_err(), "{text}");
        }
    }
}
