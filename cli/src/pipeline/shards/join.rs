//! The results of all shards as what one run would have planned.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
};

use crate::{platform::Instance, repo::Range};

use super::{
    super::{PlanResult, Planned},
    Parts, Shard, ShardError, ShardResult,
};

impl Parts {
    /// Joins the results in `folder` and the folders in it, where CI systems put the files of each job. What every
    /// shard has planned comes in the order of [`Parts::instances`], whichever shard it was.
    ///
    /// # Errors
    /// [`ShardError`], naming the file or shard: a report lacks nothing and has nothing of another run.
    pub fn join(&self, folder: &Path) -> Result<Vec<Planned>, ShardError> {
        let results = files(folder)?.into_iter().map(|path| {
            let result = ShardResult::read(&path)?;
            Ok((path, result))
        });
        let results = results.collect::<Result<Vec<_>, ShardError>>()?;
        let Some((first, number)) = results.first().map(|(path, result)| (path.clone(), result.shard.of())) else {
            return match self.instances.as_slice() {
                [] => Ok(Vec::new()),
                _ => Err(ShardError::Nothing { folder: folder.to_owned() }),
            };
        };
        let mut by_shard: BTreeMap<Shard, (PathBuf, ShardResult)> = BTreeMap::new();
        for (path, result) in results {
            if result.range() != self.range {
                let (found, wanted) = (name(result.range()), name(self.range));
                return Err(ShardError::OtherChange { path, found, wanted });
            }
            let shard = result.shard;
            if shard.of() != number {
                return Err(ShardError::OtherNumber { path, shard, first, number });
            }
            if let Some((other, _)) = by_shard.get(&shard) {
                return Err(ShardError::Doubled { shard, one: other.clone(), other: path });
            }
            by_shard.insert(shard, (path, result));
        }
        let missing: Vec<Shard> = Shard::all(number).filter(|shard| !by_shard.contains_key(shard)).collect();
        if !missing.is_empty() {
            return Err(ShardError::Missing { shards: missing, folder: folder.to_owned() });
        }
        let mut planned: BTreeMap<Instance, Planned> = BTreeMap::new();
        for (shard, (path, result)) in by_shard {
            if let Some(what) = difference(&self.of(shard), &result.planned) {
                return Err(ShardError::OtherPart { path, shard, what });
            }
            planned.extend(result.planned.into_iter().map(|planned| (planned.instance.clone(), planned)));
        }
        // Every instance is some shard's, and every shard has planned its own. Those left only read what changes.
        let own: Vec<Planned> = self.instances.iter().filter_map(|instance| planned.remove(instance)).collect();
        Ok(own.into_iter().chain(planned.into_values()).collect())
    }
}

/// What of `mine` was not planned, or was planned without being in it.
fn difference(mine: &BTreeSet<Instance>, planned: &[Planned]) -> Option<String> {
    let found: BTreeSet<&Instance> = planned.iter().map(|planned| &planned.instance).collect();
    if let Some(lacks) = mine.iter().find(|instance| !found.contains(instance)) {
        return Some(format!("it lacks {lacks}"));
    }
    if found.len() < planned.len() {
        return Some("it has an instance twice".to_owned());
    }
    // What only reads outputs that change is nobody's, and comes with those that change them.
    let reads = |planned: &&Planned| matches!(planned.result, PlanResult::Staged(_));
    let extra = planned.iter().filter(|planned| !reads(planned)).find(|planned| !mine.contains(&planned.instance));
    extra.map(|extra| format!("{} is not dealt to it", extra.instance))
}

/// A range for people.
fn name(range: Range) -> String {
    match range.base {
        Some(base) => format!("{}..{}", base.short(), range.head.short()),
        None => range.head.short().to_string(),
    }
}

/// The results in `folder` and in the folders in it, sorted. A folder that is not there has none: where there was
/// nothing to plan, no job made one.
fn files(folder: &Path) -> Result<Vec<PathBuf>, ShardError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| ShardError::Io { verb: "read", path, source }
    };
    let list = |folder: &Path| -> Result<Vec<(PathBuf, bool)>, ShardError> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
            let entry = entry.map_err(failed(folder))?;
            // A link is neither: what it leads to is not what a job handed on.
            let kind = entry.file_type().map_err(failed(&entry.path()))?;
            if kind.is_dir() || (kind.is_file() && is_result(&entry.path())) {
                found.push((entry.path(), kind.is_dir()));
            }
        }
        Ok(found)
    };
    let top = match std::fs::symlink_metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        _ => list(folder)?,
    };
    let mut files = Vec::new();
    for (path, is_folder) in top {
        if is_folder {
            files.extend(list(&path)?.into_iter().filter(|(_, is_folder)| !is_folder).map(|(path, _)| path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn is_result(path: &Path) -> bool {
    path.file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| name.starts_with("shard-") && name.ends_with(".jsonl"))
}
