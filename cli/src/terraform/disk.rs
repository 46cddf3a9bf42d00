//! Whether there is room on a disk. A Terraform that cannot write its output ends without a word, and calls a plan file that
//! was cut off a good one.

use std::{io, path::Path};

use rustix::io::Errno;

use super::TerraformError;

/// With less than this, in bytes, a disk counts as full: what was just cut off had no room, and what was not is next.
const FULL: u64 = 64 << 10;

/// Refuses to go on when the disk that has `path` is full.
///
/// # Errors
/// [`TerraformError::Io`], as writing to `path` would have failed.
pub(super) fn has_room(path: &Path) -> Result<(), TerraformError> {
    // Where the system does not tell, nothing is known to be wrong.
    match rustix::fs::statvfs(path) {
        Ok(disk) if disk.f_bavail.saturating_mul(disk.f_frsize) < FULL => {
            Err(TerraformError::io("write", path, io::Error::from(Errno::NOSPC)))
        }
        _ => Ok(()),
    }
}
