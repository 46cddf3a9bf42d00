//! The name of a closure's content.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use super::ClosureFile;
use crate::platform::Instance;

/// Changes whenever the hash would mean something else: what a bundle was reviewed under then no
/// longer matches, and it is planned again.
const VERSION: &str = "kstack closure 1\n";

/// SHA-256 over an instance and the sorted paths, modes and blobs of its closure. It does not depend
/// on commits, so it survives merge, squash and rebase.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClosureHash([u8; 32]);

/// Text that is no closure hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a closure hash of 64 hexadecimal digits")]
pub struct InvalidHash(String);

impl ClosureHash {
    pub(super) fn of(
        instance: &Instance,
        settings: &BTreeMap<String, String>,
        files: &BTreeMap<String, ClosureFile>,
    ) -> Self {
        let mut hash = Sha256::new();
        hash.update(VERSION);
        hash.update(instance.key());
        for (name, value) in settings {
            hash.update(format!("\n{name}\0{}\0{value}", value.len()));
        }
        for (path, file) in files {
            hash.update("\n");
            hash.update(path);
            hash.update("\0");
            hash.update(file.mode.octal());
            hash.update(file.id.as_bytes());
        }
        Self(hash.finalize().into())
    }
}

impl fmt::Display for ClosureHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ClosureHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ClosureHash {
    type Err = InvalidHash;

    fn from_str(text: &str) -> Result<Self, InvalidHash> {
        let invalid = || InvalidHash(text.to_owned());
        if text.len() != 64 || !text.is_ascii() {
            return Err(invalid());
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).map_err(|_| invalid())?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for ClosureHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ClosureHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
