//! Versions of Terraform and OpenTofu, as both programs print them.

use std::{cmp::Ordering, fmt, str::FromStr};

/// A semantic version without build metadata.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version {
    /// First number.
    pub major: u64,
    /// Second number.
    pub minor: u64,
    /// Third number.
    pub patch: u64,
    /// What follows a `-`, such as `beta2`; empty for a release.
    pub pre: String,
}

impl Version {
    /// The release `major.minor.patch`.
    pub const fn release(major: u64, minor: u64, patch: u64) -> Self {
        Self { major, minor, patch, pre: String::new() }
    }
}

/// A text that is no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a version")]
pub struct InvalidVersion(String);

impl FromStr for Version {
    type Err = InvalidVersion;

    /// Reads `1.11.4`, `v1.11.4` or `1.14.0-beta1+build`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidVersion(text.to_owned());
        let bare = text.trim().trim_start_matches('v');
        let bare = bare.split_once('+').map_or(bare, |(version, _build)| version);
        let (numbers, pre) = bare.split_once('-').unwrap_or((bare, ""));
        let mut numbers = numbers.split('.').map(str::parse::<u64>);
        let mut next = || numbers.next().and_then(Result::ok).ok_or_else(invalid);
        let version = Self { major: next()?, minor: next()?, patch: next()?, pre: pre.to_owned() };
        if numbers.next().is_some() { Err(invalid()) } else { Ok(version) }
    }
}

impl Ord for Version {
    /// A pre-release comes before its release; pre-releases compare as text, which is enough for
    /// the `alpha`, `beta`, `rc` that both programs use.
    fn cmp(&self, other: &Self) -> Ordering {
        let numbers = |version: &Self| (version.major, version.minor, version.patch);
        numbers(self)
            .cmp(&numbers(other))
            .then_with(|| self.pre.is_empty().cmp(&other.pre.is_empty()))
            .then_with(|| self.pre.cmp(&other.pre))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if self.pre.is_empty() { Ok(()) } else { write!(f, "-{}", self.pre) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_ordered() {
        let version = |text: &str| text.parse::<Version>().unwrap();
        assert_eq!(version("v1.11.4"), Version::release(1, 11, 4));
        assert!(version("1.10.0-rc1") < version("1.10.0"));
        assert!(version("1.10.0-beta1") < version("1.10.0-rc1"));
        assert!(version("1.9.9") < version("1.10.0"));
        assert_eq!(version("1.14.0-dev+abc").to_string(), "1.14.0-dev");
        for wrong in ["", "1.2", "1.2.x", "1.2.3.4"] {
            assert!(wrong.parse::<Version>().is_err(), "{wrong}");
        }
    }
}
