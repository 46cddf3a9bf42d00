//! Build results by the content they were built from, on disk and within one run.
//!
//! Entries hold what the repository holds, secrets included, and are readable by their owner only.
//! An entry that cannot be read is built again; the folder can be deleted at any time.

use std::{
    collections::HashMap,
    fs,
    io::Write as _,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use sha2::{Digest as _, Sha256};
use tokio::sync::OnceCell;

use super::{RenderError, build::Built};

/// The name of a build: a hash over all it depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key(String);

impl Key {
    /// Hashes `parts`, each with its length so that no two lists look alike.
    pub(super) fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

type Cell = Arc<OnceCell<Arc<Vec<Built>>>>;

/// Build results.
#[derive(Debug, Default)]
pub(super) struct Cache {
    folder: Option<PathBuf>,
    cells: Mutex<HashMap<Key, Cell>>,
}

impl Cache {
    /// A cache in `folder`, or only in memory.
    pub(super) fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, cells: Mutex::default() }
    }

    /// The result called `key`, made by `build` if it is not there. Two callers who want the same
    /// at once wait for one build.
    pub(super) async fn get(
        &self,
        key: &Key,
        build: impl Future<Output = Result<Vec<Built>, RenderError>>,
    ) -> Result<Arc<Vec<Built>>, RenderError> {
        let cell = {
            let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cells.entry(key.clone()).or_default())
        };
        let built = cell.get_or_try_init(|| async {
            if let Some(found) = self.read(key) {
                return Ok(Arc::new(found));
            }
            let built = build.await?;
            self.write(key, &built)?;
            Ok(Arc::new(built))
        });
        built.await.cloned()
    }

    fn path(&self, key: &Key) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(format!("{}.json", key.0)))
    }

    fn read(&self, key: &Key) -> Option<Vec<Built>> {
        serde_json::from_slice(&fs::read(self.path(key)?).ok()?).ok()
    }

    fn write(&self, key: &Key, built: &[Built]) -> Result<(), RenderError> {
        let (Some(path), Some(folder)) = (self.path(key), &self.folder) else { return Ok(()) };
        let write = || {
            fs::create_dir_all(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            serde_json::to_writer(&mut file, built)?;
            file.flush()?;
            file.persist(&path)?;
            Ok(())
        };
        write().map_err(RenderError::io(&path))
    }
}
