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
/// narrowest rule of them all applies: RFC 1123 labels. `too_long` is the reason to refuse more than `longest`
/// characters.
fn check(name: &str, what: &'static str, longest: usize, too_long: &'static str) -> Result<(), InvalidName> {
    let reason = if name.is_empty() {
        "it is empty"
    } else if name.len() > longest {
        too_long
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
    ($(#[$doc:meta])* $type:ident, $what:literal, $longest:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(String);

        impl $type {
            /// How many characters it may have.
            pub const LONGEST: usize = $longest;

            /// Checks `name`.
            ///
            /// # Errors
            /// [`InvalidName`] unless it is an RFC 1123 label that begins with a letter and has at most
            #[doc = concat!(stringify!($longest), " characters.")]
            pub fn new(name: impl Into<String>) -> Result<Self, InvalidName> {
                let name = name.into();
                check(&name, $what, Self::LONGEST, concat!("it is longer than ", $longest, " characters"))?;
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
    /// The name of an environment such as `ops` or `apps`. It is a part of the names of clusters, which leaves it as
    /// many characters as `modules/common/metadata` takes.
    EnvironmentName,
    "environment name",
    40
);
name!(
    /// The name of a local control plane: its folder below `sandboxes/`.
    SandboxName,
    "sandbox name",
    63
);
name!(
    /// The name under which a sandbox's Git server serves a repository.
    RepositoryName,
    "repository name",
    63
);
name!(
    /// The name of a stack: its folder below `infra/`.
    StackName,
    "stack name",
    63
);
name!(
    /// The name of a platform.
    PlatformName,
    "platform name",
    63
);
name!(
    /// The name of a cluster, which the names of its stack and of its instances begin with, such as `gc0`: what
    /// `modules/common/metadata` calls a name prefix.
    ClusterName,
    "cluster name",
    40
);

name!(
    /// The name of a service: its folder below `services/`.
    ServiceName,
    "service name",
    63
);
name!(
    /// The name of an app: its folder below `apps/`.
    AppName,
    "app name",
    63
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_labels_that_begin_with_a_letter() {
        for name in ["ops", "a", "apps-prod", "gc0"] {
            assert!(StackName::new(name).is_ok(), "{name}");
        }
        for name in ["", "Ops", "0ps", "-ops", "ops-", "apps_prod", "a.b", "ö"] {
            assert!(StackName::new(name).is_err(), "{name}");
        }
    }

    #[test]
    fn parts_of_the_names_of_clusters_are_shorter_than_others() {
        let (fits, too_long) = ("n".repeat(40), "n".repeat(41));
        assert!(EnvironmentName::new(fits.as_str()).is_ok() && ClusterName::new(fits).is_ok());
        assert!(StackName::new("n".repeat(63)).is_ok() && StackName::new("n".repeat(64)).is_err());
        assert!(ClusterName::new(too_long.as_str()).is_err());
        let refused = EnvironmentName::new(too_long.as_str()).unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!("`{too_long}` is not a valid environment name: it is longer than 40 characters")
        );
    }
}
