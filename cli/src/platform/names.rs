//! Names that come from outside, checked once and then carried as types.

use std::fmt;

/// A name that cannot be used, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not a valid {what}: {reason}")]
pub struct InvalidName {
    /// The name as given.
    pub name: String,
    /// What it should have named, such as `environment name`.
    pub what: &'static str,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// Names become folder names, state keys, DNS labels and Kubernetes labels at once, so the
/// narrowest rule of them all applies: RFC 1123 labels.
fn check(name: &str, what: &'static str) -> Result<(), InvalidName> {
    let reason = if name.is_empty() {
        "it is empty"
    } else if name.len() > 63 {
        "it is longer than 63 characters"
    } else if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        "only lower-case letters, digits and `-` are allowed"
    } else if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        "it must begin with a letter"
    } else if name.ends_with('-') {
        "it must not end with `-`"
    } else {
        return Ok(());
    };
    Err(InvalidName { name: name.to_owned(), what, reason })
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(String);

        impl $type {
            /// Checks `name`.
            ///
            /// # Errors
            /// [`InvalidName`] unless it is an RFC 1123 label that begins with a letter.
            pub fn new(name: impl Into<String>) -> Result<Self, InvalidName> {
                let name = name.into();
                check(&name, $what)?;
                Ok(Self(name))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $type {
            type Err = InvalidName;

            fn from_str(name: &str) -> Result<Self, InvalidName> {
                Self::new(name)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    };
}

name!(
    /// The name of an environment such as `ops` or `apps`.
    EnvironmentName,
    "environment name"
);
name!(
    /// The name of a local control plane: its folder below `sandboxes/`.
    SandboxName,
    "sandbox name"
);
name!(
    /// The name under which a sandbox's Git server serves a repository.
    RepositoryName,
    "repository name"
);
name!(
    /// The name of a stack: its folder below `infra/`.
    StackName,
    "stack name"
);
