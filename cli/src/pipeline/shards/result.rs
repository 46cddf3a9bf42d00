//! What a shard leaves behind: a file with what it planned, so that another job can make the report.
//!
//! The file has two lines of JSON: what it is, with the SHA-256 of the second line; and the plans. The sum finds what
//! was cut off or mixed up on the way; whoever can write the file can write the sum as well. Values that Terraform
//! marks sensitive are not in it, as they are in no change list.

use std::{
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::repo::{CommitId, Range};

use super::{
    super::{Planned, bundle::hex},
    Shard, ShardError,
};

/// The version of kstack that writes and joins; what one version wrote, another one may read differently.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The `type` of the document.
const TYPE: &str = "shard-result";

/// What one shard planned.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardResult {
    /// The commit that the change was compared with.
    pub base: Option<CommitId>,
    /// The commit that was planned.
    pub head: CommitId,
    /// Which shard.
    pub shard: Shard,
    /// Its instances, in the order of a report.
    pub planned: Vec<Planned>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    #[serde(rename = "type")]
    kind: String,
    version: u32,
    kstack: String,
    sha256: String,
}

impl ShardResult {
    /// Writes it into `folder`, which is made if it is not there, and returns the file. A reader never finds half of
    /// it, and an earlier result of the shard is replaced.
    ///
    /// # Errors
    /// [`ShardError::Io`].
    pub fn write(&self, folder: &Path) -> Result<PathBuf, ShardError> {
        let path = folder.join(format!("shard-{}-of-{}.jsonl", self.shard.index(), self.shard.of()));
        let write = || {
            let content = serde_json::to_string(self)?;
            let (kind, kstack) = (TYPE.to_owned(), VERSION.to_owned());
            let header = Header { kind, version: 1, kstack, sha256: sum(&content) };
            let header = serde_json::to_string(&header)?;
            std::fs::create_dir_all(folder)?;
            // Other jobs read it, as other users perhaps; the umask takes its part of the mode away.
            let mode = std::fs::Permissions::from_mode(0o666);
            let mut file = tempfile::Builder::new().prefix(".shard-").permissions(mode).tempfile_in(folder)?;
            writeln!(file, "{header}\n{content}")?;
            file.persist(&path)?;
            Ok(())
        };
        write().map_err(|source| ShardError::Io { verb: "write", path: path.clone(), source })?;
        Ok(path)
    }

    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, or was written by another version of kstack.
    pub fn read(path: &Path) -> Result<Self, ShardError> {
        let damaged = |reason: String| ShardError::Damaged { path: path.to_owned(), reason };
        let bytes =
            std::fs::read(path).map_err(|source| ShardError::Io { verb: "read", path: path.to_owned(), source })?;
        let text = String::from_utf8(bytes).map_err(|_| damaged("it is not text".to_owned()))?;
        let mut lines = text.lines();
        let (header, content) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        let header: Header = serde_json::from_str(header).map_err(|error| damaged(error.to_string()))?;
        if header.kind != TYPE {
            return Err(damaged(format!("its type is `{}`, not `{TYPE}`", header.kind)));
        }
        if header.kstack != VERSION {
            return Err(ShardError::OtherVersion { path: path.to_owned(), found: header.kstack, wanted: VERSION });
        }
        if sum(content) != header.sha256 || lines.next().is_some() {
            return Err(damaged("its content does not have the SHA-256 that it names".to_owned()));
        }
        serde_json::from_str(content).map_err(|error| damaged(error.to_string()))
    }

    /// The change that was planned.
    pub fn range(&self) -> Range {
        Range { base: self.base, head: self.head }
    }
}

fn sum(content: &str) -> String {
    hex(&Sha256::digest(content.as_bytes()))
}
