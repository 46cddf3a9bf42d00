//! A state that Terraform could not write: kept beside the states, where it blocks applies until it was pushed.

use std::path::Path;

use crate::{platform::Instance, store::Store};

use super::{
    PipelineError,
    backend::Stores,
    fit::{Field, Refusal},
};

/// Where they are kept among the records.
pub(super) const FOLDER: &str = "errored";

fn key(instance: &Instance) -> String {
    format!("{FOLDER}/{}.tfstate", instance.key())
}

/// The key of the kept state of `instance` among `keys`, those below [`FOLDER`].
pub(super) fn key_of(instance: &Instance, keys: &[String]) -> Option<String> {
    let key = key(instance);
    keys.contains(&key).then_some(key)
}

/// The refusal of an instance whose kept state nobody has pushed; `None` when there is none.
pub(super) async fn refusal(instance: &Instance, stores: &Stores) -> Result<Option<Refusal>, PipelineError> {
    if stores.records.get(&key(instance)).await?.is_none() {
        return Ok(None);
    }
    Ok(Some(Refusal {
        instance: instance.clone(),
        field: Field::ErroredState,
        reviewed: "none".to_owned(),
        found: format!("`{}` in `{}`", key(instance), stores.records.location()),
    }))
}

/// The file that Terraform left, if it did.
pub(super) fn state_of(error: &PipelineError) -> Option<&Path> {
    match error {
        PipelineError::Terraform(error) => error.errored_state(),
        _ => None,
    }
}

/// Terraform could not write its state and left it in a file of the run's folder, which goes away. Beside
/// the states it is safe, and as secret as they are; it blocks further applies until somebody pushed it.
pub(super) async fn rescue(path: &Path, instance: &Instance, records: &Store) -> Result<(), PipelineError> {
    let state =
        std::fs::read(path).map_err(|source| PipelineError::Io { verb: "read", path: path.to_owned(), source })?;
    records.put(&key(instance), state).await?;
    Ok(())
}
