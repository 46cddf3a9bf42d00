//! Registries: the folders that engines start from.

use std::{fs, path::Path};

use serde::Serialize;

use super::RenderError;
use crate::platform::{EnvironmentName, StackName, layout};

/// The registry of one cluster in one environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Registry {
    /// The stack that makes the cluster.
    pub cluster: StackName,
    /// The environment.
    pub environment: EnvironmentName,
}

impl Registry {
    /// Its folder, relative to the repository.
    pub fn path(&self) -> String {
        layout::registry(&self.cluster, &self.environment)
    }
}

/// The registries of the repository exported to `tree`, sorted. Folders whose names cannot be those
/// of a stack and an environment, such as `clusters/_shared`, are none.
///
/// # Errors
/// [`RenderError::Io`] when a folder cannot be listed.
pub fn registries(tree: &Path) -> Result<Vec<Registry>, RenderError> {
    let mut found = Vec::new();
    let clusters = tree.join(layout::CLUSTERS);
    for cluster in folders(&clusters)?.iter().filter_map(|name| StackName::new(name).ok()) {
        let environments = folders(&clusters.join(cluster.as_str()))?;
        let environments = environments.iter().filter_map(|name| EnvironmentName::new(name).ok());
        found.extend(environments.map(|environment| Registry { cluster: cluster.clone(), environment }));
    }
    found.sort();
    Ok(found)
}

fn folders(path: &Path) -> Result<Vec<String>, RenderError> {
    if !path.is_dir() {
        return Ok(Vec::new());
    }
    let entries: Vec<_> = fs::read_dir(path).and_then(Iterator::collect).map_err(RenderError::io(path))?;
    let folders = entries.iter().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    Ok(folders.filter_map(|entry| entry.file_name().into_string().ok()).collect())
}
