//! A state that Terraform could not write: kept beside the states, where it blocks applies until it was pushed.
//!
//! It is as secret as the states are. Where the platform names recipients, it is sealed: who may write there need not
//! be able to read it.

use std::{fs, path::Path};

use crate::{platform::Instance, store::Store};

use crate::pipeline::{
    PipelineError,
    fit::{Field, Refusal},
    seal::{self, Keys, Recipients},
};

/// Where they are kept among the records.
const FOLDER: &str = "errored";

/// The name that Terraform gives to such a state.
pub(in crate::pipeline) const NAME: &str = "errored.tfstate";

/// What the name of a sealed one ends in.
const SEALED: &str = ".age";

fn key(instance: &Instance) -> String {
    format!("{FOLDER}/{}.tfstate", instance.key())
}

/// The states that nobody has pushed yet.
#[derive(Debug)]
pub(in crate::pipeline) struct Errored {
    records: Store,
    keys: Vec<String>,
}

impl Errored {
    /// Those in `records`.
    pub(in crate::pipeline) async fn all(records: &Store) -> Result<Self, PipelineError> {
        Ok(Self { records: records.clone(), keys: records.list(FOLDER).await? })
    }

    /// The key of that of `instance`.
    pub(in crate::pipeline) fn of(&self, instance: &Instance) -> Option<&str> {
        let key = key(instance);
        self.keys.iter().find(|found| found.strip_suffix(SEALED).unwrap_or(found) == key).map(String::as_str)
    }

    /// The refusal of an instance whose kept state nobody has pushed.
    pub(in crate::pipeline) fn refusal(&self, instance: &Instance) -> Option<Refusal> {
        self.of(instance).map(|key| Refusal {
            instance: instance.clone(),
            field: Field::ErroredState,
            reviewed: "none".to_owned(),
            found: format!("`{key}` in `{}`", self.records.location()),
        })
    }

    /// The state at `key`, opened if it is sealed.
    pub(in crate::pipeline) async fn read(&self, key: &str, keys: &Keys) -> Result<Vec<u8>, PipelineError> {
        let content = self.records.get(key).await?.map(|(bytes, _)| bytes).unwrap_or_default();
        let open = || if seal::is_sealed(&content) { keys.open(&content) } else { Ok(content.to_vec()) };
        open().map_err(|source| PipelineError::ErroredState { key: key.to_owned(), source })
    }

    /// Forgets the state at `key`, which was pushed.
    pub(in crate::pipeline) async fn forget(&self, key: &str) -> Result<(), PipelineError> {
        Ok(self.records.delete(key).await?)
    }
}

/// The file that Terraform left, if it did.
pub(in crate::pipeline) fn state_of(error: &PipelineError) -> Option<&Path> {
    match error {
        PipelineError::Terraform(error) => error.errored_state(),
        _ => None,
    }
}

/// Terraform could not write its state and left it in `folder`, a stack's folder of the exported files. Beside the states
/// it is safe. Until it is there, the folder stays (`exported`), and the next run on this machine tries again.
pub(in crate::pipeline) async fn collect(
    folder: &Path,
    instance: &Instance,
    recipients: &Recipients,
    records: &Store,
) -> Result<(), PipelineError> {
    let path = folder.join(NAME);
    let io = |verb| {
        let path = path.clone();
        move |source| PipelineError::Io { verb, path, source }
    };
    if !path.exists() {
        return Ok(());
    }
    let state = fs::read(&path).map_err(io("read"))?;
    let sealed = if recipients.is_empty() { "" } else { SEALED };
    records.put(&format!("{}{sealed}", key(instance)), recipients.seal(state)?).await?;
    fs::remove_file(&path).map_err(io("delete"))
}
