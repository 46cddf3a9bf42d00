//! What can be wrong with a store.

use std::fmt;

use super::Location;

/// Who keeps the objects, and has to be shown credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cloud {
    /// AWS; with `AWS_PROFILE`, where it is set: profiles are files of the AWS CLI, which is not needed here.
    Aws {
        /// The profile.
        profile: Option<String>,
    },
    /// Google.
    Google,
    /// Azure.
    Azure,
}

impl fmt::Display for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aws { .. } => "AWS",
            Self::Google => "Google",
            Self::Azure => "Azure",
        })
    }
}

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
    /// Nothing says who we are to the cloud.
    #[error("no {cloud} credentials for `{location}`")]
    NoCredentials {
        /// The cloud.
        cloud: Cloud,
        /// Where the store lies.
        location: String,
    },
    /// A credentials file cannot be read.
    #[error("cannot read the credentials in `{path}`")]
    Credentials {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
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
    /// A folder of the store cannot be made or locked.
    #[error("cannot {verb} the folder `{path}`")]
    Folder {
        /// `create` or `lock`.
        verb: &'static str,
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
        matches!(*source.0, object_store::Error::PermissionDenied { .. }) || source.answered(403)
    }
}

/// Why a store failed. The client's own errors repeat each other, with addresses and retry settings; what
/// people need is the answer of the server, or the last cause.
#[derive(Debug)]
pub struct Trouble(Box<object_store::Error>);

impl Trouble {
    /// Whether the server's name is not known. Each storage account of Azure has a name of its own. A proxy looks names
    /// up itself, and of why it opens no tunnel the client tells nothing; `tests/chain/bootstrap` notices when the text
    /// becomes another.
    pub(super) fn is_unknown_host(&self) -> bool {
        self.says("dns error") || self.says("tunnel error: unsuccessful")
    }

    /// Whether the server answered with this status. For listings the client does not tell what it means, and its type
    /// with the status is private; `tests/chain/bootstrap` notices when the text becomes another.
    pub(super) fn answered(&self, status: u16) -> bool {
        self.says(&format!("Server returned non-2xx status code: {status} "))
    }

    fn says(&self, beginning: &str) -> bool {
        let mut causes = std::iter::successors(Some(&*self.0 as &dyn std::error::Error), |error| error.source());
        causes.any(|error| error.to_string().starts_with(beginning))
    }
}

impl From<object_store::Error> for Trouble {
    fn from(error: object_store::Error) -> Self {
        Self(Box::new(error))
    }
}

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

/// Makes [`StoreError::Open`] of what the client says while it is built.
pub(super) fn open_error(location: &Location) -> impl Fn(object_store::Error) -> StoreError {
    let location = location.to_string();
    move |source| StoreError::Open { location: location.clone(), source: Trouble::from(source) }
}
