//! What is in the store, for people.

use std::{fs, path::Path};

use serde::Serialize;

use super::{
    ProviderStore,
    entry::{RECORD, Record},
};

/// One entry of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stored {
    /// `<host>/<namespace>/<type>/<version>/<platform>`.
    pub package: String,
    /// The digest of its files.
    pub h1: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// How often its files were read whole to compare them with the digest.
    pub hashed: u32,
    /// Whether the files lie in a mirror, and take no place here.
    pub linked: bool,
    /// From where it came.
    pub source: String,
}

/// Everything in the store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Inventory {
    /// The entries, by package.
    pub entries: Vec<Stored>,
    /// How many folders are no entries: left by runs that were killed. The next run that wants the package clears them.
    pub broken: usize,
}

impl Inventory {
    /// How many bytes the store itself takes.
    pub fn bytes(&self) -> u64 {
        self.entries.iter().filter(|entry| !entry.linked).map(|entry| entry.bytes).sum()
    }
}

impl ProviderStore {
    /// Looks at the records; no package is read.
    pub fn inventory(&self) -> Inventory {
        let mut inventory = Inventory::default();
        look(self.root(), "", 5, &mut inventory);
        inventory.entries.sort_by(|a, b| (&a.package, &a.h1).cmp(&(&b.package, &b.h1)));
        inventory
    }
}

/// What cannot be listed has nothing in it that could be used.
fn look(folder: &Path, name: &str, levels: usize, inventory: &mut Inventory) {
    for found in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = found.path();
        if !path.is_dir() {
            continue;
        }
        if levels > 0 {
            let part = found.file_name().to_string_lossy().into_owned();
            let name = if name.is_empty() { part } else { format!("{name}/{part}") };
            look(&path, &name, levels - 1, inventory);
            continue;
        }
        let record = fs::read(path.join(RECORD)).ok().and_then(|bytes| serde_json::from_slice::<Record>(&bytes).ok());
        match record {
            None => inventory.broken += 1,
            Some(record) => inventory.entries.push(Stored {
                package: name.to_owned(),
                h1: record.h1.to_string(),
                bytes: record.bytes,
                hashed: record.hashed,
                linked: path.join("package").is_symlink(),
                source: record.source,
            }),
        }
    }
}
