//! Where a store lies: `s3://bucket/prefix`, or a folder.

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
    /// Reads `s3://bucket[/prefix]`, `file:///folder`, or a folder, which is taken relative to `root`.
    ///
    /// # Errors
    /// [`LocationError`] for an unknown scheme or an S3 location without a bucket.
    pub fn parse(text: &str, root: &Path) -> Result<Self, LocationError> {
        let error = |reason| LocationError { text: text.to_owned(), reason };
        match text.split_once("://") {
            Some(("s3", rest)) => {
                let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
                if bucket.is_empty() {
                    return Err(error("it names no bucket"));
                }
                Ok(Self::S3 { bucket: bucket.to_owned(), prefix: prefix.trim_matches('/').to_owned(), region: None })
            }
            Some(("file", path)) => Ok(Self::Folder(PathBuf::from(path))),
            Some(_) => Err(error("write `s3://<bucket>/<prefix>` or a folder")),
            None if text.is_empty() => Err(error("it is empty")),
            None => Ok(Self::Folder(root.join(text))),
        }
    }

    /// The place `name` below this one.
    #[must_use]
    pub fn join(&self, name: &str) -> Self {
        match self {
            Self::S3 { bucket, prefix, region } => Self::S3 {
                bucket: bucket.clone(),
                prefix: if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") },
                region: region.clone(),
            },
            Self::Folder(path) => Self::Folder(path.join(name)),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S3 { bucket, prefix, .. } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Self::S3 { bucket, prefix, .. } => write!(f, "s3://{bucket}/{prefix}"),
            Self::Folder(path) => write!(f, "{}", path.display()),
        }
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
        assert_eq!(Location::parse(".kstack/plans", root).unwrap().to_string(), "/repo/.kstack/plans");
        assert_eq!(Location::parse("file:///plans", root).unwrap().to_string(), "/plans");
    }

    #[test]
    fn what_names_no_place_is_refused() {
        for text in ["", "s3://", "s3:///prefix", "ftp://host/x"] {
            assert!(Location::parse(text, Path::new("/")).is_err(), "{text}");
        }
    }
}
