//! The two digests of packages that lock files know.
//!
//! `h1:` is over the unpacked files: SHA-256 of one line for each file, in the order of their names, `<SHA-256 in hex>`,
//! two spaces, `<name>`, newline; in Base64 (`Hash1` of <https://pkg.go.dev/golang.org/x/mod/sumdb/dirhash>). `zh:` is the
//! SHA-256 of the archive, in hex (<https://developer.hashicorp.com/terraform/language/files/dependency-lock>).

use std::{
    collections::BTreeMap,
    fmt, fs,
    io::{self, Read},
    path::{Path, PathBuf},
    str::FromStr,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::terraform::binary::hex;

use super::InvalidAddress;

/// The digest of an unpacked package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct H1([u8; 32]);

impl H1 {
    /// The digest of files, each by its path with `/` and its SHA-256.
    pub(super) fn of(files: &BTreeMap<String, [u8; 32]>) -> Self {
        let mut summary = Sha256::new();
        for (name, digest) in files {
            summary.update(format!("{}  {name}\n", hex(digest)));
        }
        Self(summary.finalize().into())
    }

    /// Reads every file of the package in `folder`.
    pub(super) fn of_folder(folder: &Path) -> io::Result<Self> {
        let mut digests = BTreeMap::new();
        for name in files_of(folder)? {
            let digest = sha256(&mut fs::File::open(folder.join(&name))?)?;
            digests.insert(name, digest);
        }
        Ok(Self::of(&digests))
    }

    /// As the name of a folder.
    pub(super) fn hex(&self) -> String {
        hex(&self.0)
    }
}

impl fmt::Display for H1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "h1:{}", STANDARD.encode(self.0))
    }
}

impl FromStr for H1 {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidAddress { text: text.to_owned(), expected: "an `h1:` digest" };
        let encoded = text.strip_prefix("h1:").ok_or_else(invalid)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| invalid())?;
        bytes.try_into().map(Self).map_err(|_| invalid())
    }
}

impl TryFrom<String> for H1 {
    type Error = InvalidAddress;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<H1> for String {
    fn from(digest: H1) -> Self {
        digest.to_string()
    }
}

/// The digest of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Zh(pub(super) [u8; 32]);

impl Zh {
    /// Hex digits alone, as lists of digests have them.
    pub(super) fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// The digest of the archive `path`.
    pub(super) fn of_file(path: &Path) -> io::Result<Self> {
        Ok(Self(sha256(&mut fs::File::open(path)?)?))
    }
}

impl fmt::Display for Zh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "zh:{}", hex(&self.0))
    }
}

fn sha256(reader: &mut impl Read) -> io::Result<[u8; 32]> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let length = reader.read(&mut buffer)?;
        if length == 0 {
            return Ok(digest.finalize().into());
        }
        digest.update(&buffer[..length]);
    }
}

/// The files of a package, by path with `/`: everything that is no folder, links not followed, as Terraform walks it.
fn files_of(folder: &Path) -> io::Result<Vec<String>> {
    let mut files = Vec::new();
    let mut waiting = vec![String::new()];
    while let Some(prefix) = waiting.pop() {
        for entry in fs::read_dir(folder.join(&prefix))? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_str().filter(|name| !name.contains('\n'));
            let name =
                name.ok_or_else(|| io::Error::other(format!("`{}` has no plain name", entry.path().display())))?;
            let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
            if entry.file_type()?.is_dir() { waiting.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    Ok(files)
}

/// What tells a file that was changed from one that was not, without reading it. The time of the last change of the
/// inode cannot be set by a program, so writing to a file and turning its clock back does not hide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    path: String,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// The stamps of all files of the package in `folder`, and its size in bytes.
pub(super) fn stamps(folder: &Path) -> io::Result<(Vec<Stamp>, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    let mut stamps = Vec::new();
    for path in files_of(folder)? {
        let found = fs::metadata(folder.join(&path))?;
        stamps.push(Stamp {
            path,
            size: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        });
    }
    let bytes = stamps.iter().map(|stamp| stamp.size).sum();
    Ok((stamps, bytes))
}

/// The paths of a package's files on disk.
pub(super) fn paths(folder: &Path) -> io::Result<Vec<PathBuf>> {
    Ok(files_of(folder)?.into_iter().map(|name| folder.join(name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_the_one_of_the_go_library() {
        // `sha256sum $(find . -type f | sort) | sha256sum` of two files, in Base64.
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("b")).unwrap();
        fs::write(folder.path().join("a"), "one\n").unwrap();
        fs::write(folder.path().join("b/c"), "two\n").unwrap();
        let digest = H1::of_folder(folder.path()).unwrap();
        assert_eq!(digest.to_string(), "h1:lgfg06jx0zM/ME1yC5BXyMmwxfZnFfCAirwWds2B4xE=");
        assert_eq!(digest.to_string().parse(), Ok(digest));
    }

    #[test]
    fn a_change_of_a_file_shows_in_its_stamp_even_with_its_times_put_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "one").unwrap();
        let before = stamps(folder.path()).unwrap();
        assert_eq!(stamps(folder.path()).unwrap(), before);
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        // The clock of inodes has coarse ticks: until it moves on, a change cannot be told.
        while stamps(folder.path()).unwrap() == before {
            fs::write(&path, "two").unwrap();
            fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
        }
        assert_ne!(
            H1::of_folder(folder.path()).unwrap(),
            "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".parse().unwrap()
        );
    }

    #[test]
    fn digests_of_other_lengths_are_none() {
        assert!("h1:".parse::<H1>().is_err() && "h1:AAAA".parse::<H1>().is_err() && "zh:00".parse::<H1>().is_err());
        assert!(Zh::from_hex("00").is_none() && Zh::from_hex(&"g".repeat(64)).is_none());
        assert_eq!(Zh::from_hex(&"0a".repeat(32)).unwrap().to_string(), format!("zh:{}", "0a".repeat(32)));
    }
}
