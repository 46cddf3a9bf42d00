//! What a plan has read from other states by `terraform_remote_state`.
//!
//! Terraform drops the marks of their sensitive outputs: a plan that passes one on shows it in clear. So the states are
//! asked again, and what they call sensitive is hidden before anybody sees the plan's changes.
//!
//! And a plan holds only as long as what it has read: nothing that binds it to its own state tells that another state has
//! moved. So the values that it uses are compared with those that would be read now. The serials of those states bind
//! nothing: they move with every apply.

use std::{collections::BTreeMap, path::Path};

use crate::{
    closure::ReadOutputs,
    platform::layout,
    store::{Location, Store},
    terraform::{PlanFile, PlanFileError, Secrets, StateFile, StateRead},
};

use super::{
    PipelineError,
    fit::{Check, Field, listed},
    job::Job,
    trouble,
};

/// What a plan has read, held against the states as they are now.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// `None`: it uses nothing of other states, as far as that can be told.
    pub(super) check: Option<Check>,
    /// What cannot be compared, and why.
    pub(super) unclear: Vec<String>,
}

/// Compares what the plan in `file`, which is applied in the folder `directory`, has read with what would be read now.
/// `used` tells which outputs matter, by the name of the data source; of others all do.
///
/// # Errors
/// When the plan file cannot be read. One that only Terraform can read is passed over.
pub(super) async fn held(
    file: &Path,
    directory: &Path,
    used: &BTreeMap<String, ReadOutputs>,
) -> Result<Held, PlanFileError> {
    let reads = match PlanFile::open(file).and_then(|plan| plan.states_read()) {
        Err(error) if error.is_declined() => return Ok(Held::default()),
        reads => reads?,
    };
    let (mut all, mut moved, mut held) = (Vec::new(), Vec::new(), Held::default());
    for read in reads {
        let is_used = |name: &str| used.get(read.block()).is_none_or(|outputs| outputs.has(name));
        let named = |name: &str| format!("{}.{name}", read.block());
        let outputs = read.outputs.as_object().into_iter().flat_map(|outputs| outputs.keys());
        all.extend(outputs.filter(|name| is_used(name)).map(|name| named(name)));
        match state(&read, directory).await {
            Ok(now) => moved.extend(read.moved(&now).iter().filter(|name| is_used(name)).map(|name| named(name))),
            Err(reason) => held.unclear.push(format!(
                "`{}`: whether that state still has what the plan has read cannot be told: {reason}",
                read.address
            )),
        }
    }
    let (fits, names) = (moved.is_empty(), if moved.is_empty() { all } else { moved });
    held.check = (!names.is_empty()).then(|| Check {
        field: Field::ReadOutputs,
        reviewed: listed(&names),
        found: if fits { "the same values" } else { "that they have other values by now" }.to_owned(),
        fits,
    });
    Ok(held)
}

impl Job {
    /// What its plan has read, held against the states as they are now.
    pub(super) async fn held(&self) -> Result<Held, PipelineError> {
        let directory = self.tree.path().join(layout::stack(&self.instance.stack));
        Ok(held(&self.plan, &directory, &self.reads).await?)
    }
}

/// What must not be shown of the states that the plan in `file`, made in the folder `directory`, has read; and what
/// should be looked at. Of a state that cannot be read again, no output is shown.
///
/// # Errors
/// When the plan file cannot be read.
pub(super) async fn secrets(file: &Path, directory: &Path) -> Result<(Secrets, Vec<String>), PlanFileError> {
    let (mut secrets, mut notices) = (Secrets::default(), Vec::new());
    for read in PlanFile::open(file)?.states_read()? {
        match state(&read, directory).await {
            Ok(state) => {
                let sensitive = state.outputs.values().filter(|output| output.sensitive);
                sensitive.for_each(|output| secrets.add(&output.value));
            }
            Err(reason) => {
                secrets.add(&read.outputs);
                notices.push(format!(
                    "`{}`: what is sensitive in that state cannot be told, so no text of it is shown: {reason}",
                    read.address
                ));
            }
        }
    }
    Ok((secrets, notices))
}

/// The state that was read, or why it is not known.
async fn state(read: &StateRead, directory: &Path) -> Result<StateFile, String> {
    let tell = |error: &(dyn std::error::Error + 'static)| trouble::chain(error).replace('\n', ": ");
    let bytes = match read.backend.as_str() {
        "local" => {
            let path = directory.join(read.setting("path").unwrap_or("terraform.tfstate"));
            std::fs::read(&path).map_err(|error| format!("`{}`: {error}", path.display()))?
        }
        backend => {
            let known = place(read).ok_or_else(|| format!("kstack does not read the backend `{backend}`"));
            let (location, key) = known?;
            let store = Store::open(&location).map_err(|error| tell(&error))?;
            let state = store.get(&key).await.map_err(|error| tell(&error))?;
            state.ok_or_else(|| format!("`{location}/{key}` is gone"))?.0.into()
        }
    };
    StateFile::parse(&bytes).map_err(|error| tell(&error))
}

/// Where the state lies, and its key there.
fn place(read: &StateRead) -> Option<(Location, String)> {
    let setting = |name| read.setting(name).map(ToOwned::to_owned);
    Some(match read.backend.as_str() {
        "s3" => {
            let location =
                Location::S3 { bucket: setting("bucket")?, prefix: String::new(), region: setting("region") };
            (location, setting("key")?)
        }
        "gcs" => {
            let prefix = setting("prefix").map(|prefix| format!("{prefix}/")).unwrap_or_default();
            (Location::Gcs { bucket: setting("bucket")?, prefix: String::new() }, format!("{prefix}default.tfstate"))
        }
        "azurerm" => {
            let (account, container) = (setting("storage_account_name")?, setting("container_name")?);
            (Location::Azure { account, container, prefix: String::new() }, setting("key")?)
        }
        _ => return None,
    })
}
