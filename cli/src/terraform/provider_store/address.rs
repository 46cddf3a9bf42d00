//! What packages are called: provider, version, platform. All of it comes from files and answers of others and ends up
//! in paths, so each part is checked when it is read.

use std::{fmt, path::PathBuf, str::FromStr};

use serde::{Deserialize, Serialize};

/// The registries whose providers are named without their host.
const PUBLIC: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];

/// A text that is no address, version or platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct InvalidAddress {
    /// The text.
    pub text: String,
    /// What it should be.
    pub expected: &'static str,
}

/// A provider by its full source address, `<host>/<namespace>/<type>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderAddress {
    host: String,
    namespace: String,
    kind: String,
}

impl ProviderAddress {
    /// The registry's host, with its port where it is not the usual one.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Who publishes it.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Its own name, such as `aws`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Its name as people write it: without the host of a public registry.
    pub fn short(&self) -> String {
        let Self { host, namespace, kind } = self;
        if PUBLIC.contains(&host.as_str()) { format!("{namespace}/{kind}") } else { self.to_string() }
    }

    /// `<host>/<namespace>/<type>` as a path.
    pub(super) fn folder(&self) -> PathBuf {
        [&self.host, &self.namespace, &self.kind].iter().collect()
    }
}

impl FromStr for ProviderAddress {
    type Err = InvalidAddress;

    /// Reads a full address. A host has dots, or a port; names are letters, digits, `-` and `_`, as in Terraform's
    /// `ParseProviderPart` (<https://github.com/hashicorp/terraform-registry-address>).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid =
            || InvalidAddress { text: text.to_owned(), expected: "a provider address `<host>/<namespace>/<type>`" };
        let [host, namespace, kind] =
            <[&str; 3]>::try_from(text.split('/').collect::<Vec<_>>()).map_err(|_| invalid())?;
        let is_name = |part: &str| {
            part.starts_with(char::is_alphanumeric)
                && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
        };
        let is_host = |host: &str| {
            let (name, port) = host.split_once(':').unwrap_or((host, "443"));
            port.parse::<u16>().is_ok() && name.split('.').all(is_name)
        };
        if !is_host(host) || !is_name(namespace) || !is_name(kind) {
            return Err(invalid());
        }
        Ok(Self { host: host.to_owned(), namespace: namespace.to_owned(), kind: kind.to_owned() })
    }
}

impl fmt::Display for ProviderAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.host, self.namespace, self.kind)
    }
}

/// A provider's version as the lock file writes it: normalised, so that equal versions are equal texts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageVersion(String);

impl PackageVersion {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PackageVersion {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_good = text.starts_with(|c: char| c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+'))
            && text.split(['-', '+']).next().is_some_and(|numbers| numbers.split('.').count() == 3);
        if is_good {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidAddress { text: text.to_owned(), expected: "a version such as `5.100.0`" })
        }
    }
}

impl fmt::Display for PackageVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An operating system and a processor, in Go's words: `linux_amd64`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Platform {
    os: String,
    arch: String,
}

impl Platform {
    /// The platform that kstack itself was built for.
    pub fn current() -> Self {
        let os = match std::env::consts::OS {
            "macos" => "darwin",
            other => other,
        };
        let arch = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            other => other,
        };
        Self { os: os.to_owned(), arch: arch.to_owned() }
    }

    /// Such as `linux`.
    pub fn os(&self) -> &str {
        &self.os
    }

    /// Such as `amd64`.
    pub fn arch(&self) -> &str {
        &self.arch
    }
}

impl FromStr for Platform {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_name = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric());
        match text.split_once('_') {
            Some((os, arch)) if is_name(os) && is_name(arch) => Ok(Self { os: os.to_owned(), arch: arch.to_owned() }),
            _ => Err(InvalidAddress { text: text.to_owned(), expected: "a platform such as `linux_amd64`" }),
        }
    }
}

impl TryFrom<String> for Platform {
    type Error = InvalidAddress;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Platform> for String {
    fn from(platform: Platform) -> Self {
        platform.to_string()
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.os, self.arch)
    }
}

/// One provider in one version for one platform.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Package {
    /// The provider.
    pub address: ProviderAddress,
    /// Its version.
    pub version: PackageVersion,
    /// What it runs on.
    pub platform: Platform,
}

impl Package {
    /// Where an unpacked mirror has it: `<host>/<namespace>/<type>/<version>/<platform>`.
    /// Source: <https://developer.hashicorp.com/terraform/cli/config/config-file#filesystem_mirror>.
    pub(super) fn folder(&self) -> PathBuf {
        self.address.folder().join(self.version.as_str()).join(self.platform.to_string())
    }

    /// The name of its archive in registries and packed mirrors.
    pub(super) fn archive(&self) -> String {
        format!("terraform-provider-{}_{}_{}.zip", self.address.kind(), self.version, self.platform)
    }
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {} for {}", self.address.short(), self.version, self.platform)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_full_and_cannot_leave_their_folder() {
        let address = |text: &str| text.parse::<ProviderAddress>();
        assert_eq!(address("registry.terraform.io/hashicorp/aws").unwrap().short(), "hashicorp/aws");
        assert_eq!(address("localhost:8443/me/mine").unwrap().short(), "localhost:8443/me/mine");
        for wrong in [
            "hashicorp/aws",
            "a/b/c/d",
            "../b/c",
            "a/../c",
            "a/b/..",
            "a..b/c/d",
            "a:b/c/d",
            "a/b/c d",
            "a/.b/c",
            "//",
            "a/b/c\n",
            "*/*/*",
        ] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn versions_and_platforms_are_checked_as_well() {
        for good in ["5.100.0", "1.0.0-beta1", "1.0.0+build.1"] {
            assert_eq!(good.parse::<PackageVersion>().unwrap().as_str(), good);
        }
        for wrong in ["", "5.100", "v1.0.0", "../1.0.0", "1.0.0/..", "1.0.0 "] {
            assert!(wrong.parse::<PackageVersion>().is_err(), "{wrong}");
        }
        assert_eq!("linux_amd64".parse::<Platform>().unwrap().arch(), "amd64");
        for wrong in ["linux", "linux_", "_amd64", "linux_../x"] {
            assert!(wrong.parse::<Platform>().is_err(), "{wrong}");
        }
        assert_eq!(Platform::current().to_string().parse(), Ok(Platform::current()));
    }
}
