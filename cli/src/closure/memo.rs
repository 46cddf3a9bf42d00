//! Parse results by blob: two commits share almost all of their files, and stacks their modules.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::facts::{Facts, Language};
use crate::repo::{ObjectId, RepoError, Snapshot};

/// Parse results by blob. Share one over base, head and all instances.
#[derive(Debug, Default)]
pub struct Memo {
    facts: Mutex<HashMap<(ObjectId, Language), Arc<Facts>>>,
}

impl Memo {
    /// What the blob `id` says, read as `language`.
    pub(super) fn facts(&self, snapshot: &Snapshot, id: ObjectId, language: Language) -> Result<Arc<Facts>, RepoError> {
        let lock = || self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&(id, language)) {
            return Ok(Arc::clone(known));
        }
        // Parsed without the lock: two threads may do the same work, but none waits.
        let facts = Arc::new(Facts::read(&snapshot.blob(id)?, language));
        Ok(Arc::clone(lock().entry((id, language)).or_insert(facts)))
    }
}
