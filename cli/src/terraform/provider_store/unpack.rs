//! Unpacks an archive and digests its files on the way, so that nothing is read twice.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use sha2::{Digest as _, Sha256};

use super::hash::H1;

/// More than any provider has: an archive beyond that is an attack, or an accident.
const MOST_FILES: usize = 10_000;
const MOST_BYTES: u64 = 4 << 30;

/// Why an archive was not unpacked.
#[derive(Debug)]
pub(super) enum UnpackError {
    /// It is damaged, or would write where it must not.
    Archive(String),
    /// A file cannot be written.
    Write(std::path::PathBuf, io::Error),
}

/// Unpacks `archive` into the new folder `target`, and gives the digest of what was written. Files can only be read
/// afterwards; folders stay writable, so that whoever owns the store can delete it.
pub(super) fn unpack(archive: &Path, target: &Path) -> Result<H1, UnpackError> {
    let broken = |reason: &dyn std::fmt::Display| UnpackError::Archive(reason.to_string());
    let file = fs::File::open(archive).map_err(|source| broken(&source))?;
    let mut zip = zip::ZipArchive::new(io::BufReader::new(file)).map_err(|source| broken(&source))?;
    if zip.len() > MOST_FILES {
        return Err(UnpackError::Archive(format!("it has {} files", zip.len())));
    }
    let writing = |path: &Path| {
        let path = path.to_owned();
        move |source| UnpackError::Write(path, source)
    };
    fs::create_dir(target).map_err(writing(target))?;
    let mut digests = BTreeMap::new();
    let mut left = MOST_BYTES;
    for at in 0..zip.len() {
        let mut entry = zip.by_index(at).map_err(|source| broken(&source))?;
        let name = entry.name().map_err(|source| broken(&source))?.into_owned();
        let plain = name.strip_suffix('/').unwrap_or(&name);
        let is_safe = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0', '\n', ':']);
        if !plain.split('/').all(is_safe) || entry.is_symlink() {
            return Err(UnpackError::Archive(format!("`{}` must not be in it", name.escape_default())));
        }
        let path = target.join(plain);
        if entry.is_dir() {
            fs::create_dir_all(&path).map_err(writing(&path))?;
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(writing(parent))?;
        }
        let runs = entry.unix_mode().is_some_and(|mode| mode & 0o111 != 0);
        let mode = if runs { 0o555 } else { 0o444 };
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(mode).open(&path).map_err(writing(&path))?;
        let mut digest = Sha256::new();
        let mut buffer = vec![0; 1 << 18];
        loop {
            let length = entry.read(&mut buffer).map_err(|source| broken(&source))?;
            if length == 0 {
                break;
            }
            left = left
                .checked_sub(length as u64)
                .ok_or_else(|| UnpackError::Archive(format!("it has more than {MOST_BYTES} bytes")))?;
            digest.update(&buffer[..length]);
            file.write_all(&buffer[..length]).map_err(writing(&path))?;
        }
        digests.insert(plain.to_owned(), digest.finalize().into());
    }
    Ok(H1::of(&digests))
}

/// Takes the right to write to `path` from everybody.
pub(super) fn make_read_only(path: &Path) -> io::Result<()> {
    let mode = fs::metadata(path)?.permissions().mode();
    fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o555))
}

#[cfg(test)]
mod tests {
    use zip::write::SimpleFileOptions;

    use super::*;

    fn archive(folder: &Path, members: &[(&str, &str, u32)]) -> std::path::PathBuf {
        let path = folder.join("archive.zip");
        let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
        for (name, content, mode) in members {
            zip.start_file(*name, SimpleFileOptions::default().unix_permissions(*mode)).unwrap();
            zip.write_all(content.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
        path
    }

    #[test]
    fn the_digest_is_that_of_what_was_written_and_nobody_may_write_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let archive = archive(folder.path(), &[("b/c", "two\n", 0o644), ("a", "one\n", 0o755)]);
        let target = folder.path().join("out");
        let digest = unpack(&archive, &target).unwrap();
        assert_eq!(digest.to_string(), "h1:lgfg06jx0zM/ME1yC5BXyMmwxfZnFfCAirwWds2B4xE=");
        assert_eq!(H1::of_folder(&target).unwrap(), digest);
        let mode = |name: &str| fs::metadata(target.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("a"), mode("b/c")), (0o555, 0o444));
    }

    #[test]
    fn no_archive_leaves_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["../out", "/etc/x", "a/../../b", "a\\..\\b", "a//b", "c:x"] {
            let archive = archive(folder.path(), &[(name, "x", 0o644)]);
            let target = folder.path().join("target");
            let error = unpack(&archive, &target).unwrap_err();
            assert!(
                matches!(&error, UnpackError::Archive(reason) if reason.contains("must not be")),
                "{name} {error:?}"
            );
            fs::remove_dir_all(target).unwrap();
        }
        let path = folder.path().join("link.zip");
        let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
        zip.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        zip.finish().unwrap();
        assert!(unpack(&path, &folder.path().join("target")).is_err());
        assert!(!folder.path().join("out").exists());
    }

    #[test]
    fn a_damaged_archive_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let archive = archive(folder.path(), &[("a", &"one\n".repeat(1000), 0o755)]);
        let whole = fs::read(&archive).unwrap();
        for (at, content) in [whole[..whole.len() / 2].to_vec(), Vec::new(), b"not a zip".to_vec()].iter().enumerate() {
            fs::write(&archive, content).unwrap();
            assert!(matches!(unpack(&archive, &folder.path().join(at.to_string())), Err(UnpackError::Archive(_))));
        }
    }
}
