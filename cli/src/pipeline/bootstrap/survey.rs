//! How far earlier runs came, read from what is there, and what must not be gone on with.

use serde::Serialize;

use crate::{
    pipeline::{PipelineError, backend::StateLocation},
    store::StoreError,
    terraform::{Action, ChangeList, StateFile},
};

use super::disk::Disk;

/// Resources that are, or hold, the place of states.
const BUCKETS: [&str; 3] = ["aws_s3_bucket", "google_storage_bucket", "azurerm_storage_account"];

/// How far earlier runs came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Nothing was made.
    New,
    /// Something was made; the state is on this machine.
    Begun,
    /// The state is where it belongs.
    Moved,
}

/// What was found.
#[derive(Debug)]
pub(super) struct Survey {
    pub(super) standing: Standing,
    /// Where the state belongs, as an address.
    pub(super) destination: String,
    /// A file on disk whose state is in the bucket as well.
    pub(super) left_over: Option<StateFile>,
    bucket_exists: bool,
}

impl Survey {
    /// Looks for the state in the bucket and on disk.
    pub(super) async fn take(state: &StateLocation, disk: &Disk) -> Result<Self, PipelineError> {
        let store = state.store()?;
        let destination = store.location().join(state.key()).to_string();
        let bucket_exists = match store.exists().await {
            Err(error) if error.is_denied() => return Err(denied(store.location().to_string(), error)),
            answer => answer?,
        };
        let there = if bucket_exists { state.read().await? } else { None };
        let here = disk.read()?.map(|(_, state)| state);
        let standing = standing(here.as_ref(), there.as_ref()).map_err(|reason| PipelineError::StatesDiffer {
            path: disk.path().to_owned(),
            location: destination.clone(),
            reason,
        })?;
        let left_over = here.filter(|_| standing == Standing::Moved);
        Ok(Self { standing, destination, left_over, bucket_exists })
    }

    /// Refuses to make a bucket that exists: it is in no state of ours, so it may be somebody else's, or hold what
    /// must not be lost. An `import` block takes it over knowingly.
    pub(super) fn refuse_taken(&self, changes: &ChangeList) -> Result<(), PipelineError> {
        if !self.bucket_exists {
            return Ok(());
        }
        let made = changes.resources.iter().find(|change| {
            BUCKETS.contains(&change.resource_type.as_str())
                && change.action == Action::Create
                && change.importing.is_none()
                && change.deposed.is_none()
        });
        match made {
            Some(change) => Err(PipelineError::BucketTaken {
                location: self.destination.clone(),
                address: change.address.clone(),
                resource_type: change.resource_type.clone(),
            }),
            None => Ok(()),
        }
    }
}

fn denied(location: String, source: StoreError) -> PipelineError {
    PipelineError::BucketDenied { location, source }
}

/// What the two states mean together, or why they cannot both be right.
fn standing(here: Option<&StateFile>, there: Option<&StateFile>) -> Result<Standing, String> {
    let (Some(here), Some(there)) = (here, there) else {
        return Ok(match (here, there) {
            (_, Some(_)) => Standing::Moved,
            (Some(_), _) => Standing::Begun,
            (None, None) => Standing::New,
        });
    };
    if here.lineage != there.lineage {
        return Err("they are of different lineages".to_owned());
    }
    // A later one in the bucket is what became of it; the other way round, something was applied and would be lost.
    if here.serial > there.serial {
        return Err(format!("the file is newer: serial {} against {}", here.serial, there.serial));
    }
    Ok(Standing::Moved)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(lineage: &str, serial: u64) -> StateFile {
        let text = format!(r#"{{"version":4,"lineage":"{lineage}","serial":{serial}}}"#);
        StateFile::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn what_is_there_says_what_comes_next() {
        let (one, two) = (state("a", 1), state("a", 2));
        assert_eq!(standing(None, None), Ok(Standing::New));
        assert_eq!(standing(Some(&one), None), Ok(Standing::Begun));
        assert_eq!(standing(None, Some(&one)), Ok(Standing::Moved));
        assert_eq!(standing(Some(&one), Some(&one)), Ok(Standing::Moved));
        assert_eq!(standing(Some(&one), Some(&two)), Ok(Standing::Moved));
        // Nothing may be thrown away that is known to one of them only.
        assert!(standing(Some(&two), Some(&one)).unwrap_err().contains("newer"));
        assert!(standing(Some(&state("b", 1)), Some(&one)).unwrap_err().contains("lineages"));
    }
}
