//! Mirror folders: a package as a folder, or as an archive.
//! Source: <https://developer.hashicorp.com/terraform/cli/config/config-file#filesystem_mirror>.

use std::path::{Path, PathBuf};

use super::Package;

/// A package in a mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// Its files.
    Unpacked(PathBuf),
    /// Its archive.
    Packed(PathBuf),
}

/// Looks for `package` in the mirror `folder`.
pub(super) fn find(folder: &Path, package: &Package) -> Option<Found> {
    let unpacked = folder.join(package.folder());
    if unpacked.is_dir() {
        return Some(Found::Unpacked(unpacked));
    }
    let packed = folder.join(package.address.folder()).join(package.archive());
    packed.is_file().then_some(Found::Packed(packed))
}

/// Whether the archive `path` is of `package`, by its name alone: that it is the right one only its digest tells.
pub(super) fn is_of(path: &Path, package: &Package) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.eq_ignore_ascii_case(&package.archive()))
}
