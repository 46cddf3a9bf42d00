//! What a plan has read from other states by `terraform_remote_state`.
//!
//! Terraform drops the marks of their sensitive outputs: a plan that passes one on shows it in clear. So the states are
//! asked again, and what they call sensitive is hidden before anybody sees the plan's changes.

use std::path::Path;

use crate::{
    store::{Location, Store},
    terraform::{PlanFile, PlanFileError, Secrets, StateFile, StateRead},
};

use super::trouble;

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
    let tell = |error: &dyn std::error::Error| trouble::chain(error).replace('\n', ": ");
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
