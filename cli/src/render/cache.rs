//! Build results by the content they were built from, on disk and within one run.
//!
//! Entries hold what the repository holds, secrets included, and are readable by their owner only.
//! An entry that cannot be read is built again; the folder can be deleted at any time.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, Write as _},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use sha2::{Digest as _, Sha256};
use tokio::sync::OnceCell;

use super::{RenderError, build::Built};

/// How long an entry is kept that no run asks for: longer than most branches live.
const UNUSED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How many bytes the entries may have together.
const LIMIT: u64 = 512 << 20;

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
        let mut file = File::open(self.path(key)?).ok()?;
        let built = serde_json::from_str(&io::read_to_string(&mut file).ok()?).ok()?;
        // Tells `evict` that the entry is of use. Where that cannot be written, it only goes earlier.
        let _ = file.set_modified(SystemTime::now());
        Some(built)
    }

    /// Removes entries that were not used for long, and the longest unused ones while all are too large together.
    pub(super) fn evict(&self) -> Result<(), RenderError> {
        self.evict_to(UNUSED, LIMIT)
    }

    fn evict_to(&self, unused: Duration, limit: u64) -> Result<(), RenderError> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(RenderError::io(folder))?,
        };
        let mut known = Vec::new();
        for entry in entries {
            let entry = entry.map_err(RenderError::io(folder))?;
            // Another run may have removed it just now.
            let Ok(metadata) = entry.metadata() else { continue };
            let used = metadata.modified().map_err(RenderError::io(&entry.path()))?;
            known.push((used, metadata.len(), entry.path()));
        }
        known.sort_by_key(|(used, ..)| std::cmp::Reverse(*used));
        let mut total = 0;
        for (used, size, path) in known {
            total += size;
            // A time in the future is that of another clock, not of disuse.
            if total <= limit && used.elapsed().unwrap_or_default() <= unused {
                continue;
            }
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(RenderError::io(&path)(error)),
                _ => {}
            }
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_unused_for_long_goes_and_then_the_oldest() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(Some(folder.path().join("render")));
        cache.evict().unwrap();
        let keys = ["week", "month", "now", "day"].map(|name| Key::of([name.as_bytes()]));
        let day = Duration::from_secs(24 * 60 * 60);
        for (key, age) in keys.iter().zip([7, 40, 0, 1]) {
            cache.get(key, async { Ok(Vec::new()) }).await.unwrap();
            let file = File::open(cache.path(key).unwrap()).unwrap();
            file.set_modified(SystemTime::now() - day * age).unwrap();
        }
        let [week, month, now, yesterday] = &keys;
        let left = || keys.iter().filter(|key| cache.path(key).unwrap().exists()).cloned().collect::<Vec<_>>();

        cache.evict().unwrap();
        assert_eq!(left(), [week.clone(), now.clone(), yesterday.clone()]);

        // Reading is using. An empty list has two bytes, so two entries fit.
        assert!(cache.read(week).is_some() && cache.read(month).is_none());
        cache.evict_to(UNUSED, 5).unwrap();
        assert_eq!(left(), [week.clone(), now.clone()]);
    }
}
