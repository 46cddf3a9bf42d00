//! The states that a plan has read by `terraform_remote_state`. Terraform forgets on the way which of their outputs are
//! sensitive, so whoever shows the plan has to look there again.

use serde_json::Value;

use super::{PlanFile, PlanFileError, StateFileError};

/// One state that was read.
#[derive(Clone, PartialEq)]
pub struct StateRead {
    /// Address of the data source.
    pub address: String,
    /// The backend's type, such as `s3`.
    pub backend: String,
    /// Its settings. They may hold credentials.
    config: Value,
    /// The outputs that were read, in clear.
    pub outputs: Value,
}

impl std::fmt::Debug for StateRead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StateRead").field("address", &self.address).finish_non_exhaustive()
    }
}

impl StateRead {
    /// A setting of the backend that is a text, such as `bucket` or `key`.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.config.get(name)?.as_str()
    }
}

impl PlanFile {
    /// The states that were read by data sources while planning.
    ///
    /// # Errors
    /// When the state inside the plan cannot be read.
    pub fn states_read(&self) -> Result<Vec<StateRead>, PlanFileError> {
        let state: Value =
            serde_json::from_slice(&self.state_text()?).map_err(|source| StateFileError::Invalid { source })?;
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let mut read = Vec::new();
        for resource in list(&state["resources"]) {
            if resource["type"] != "terraform_remote_state" {
                continue;
            }
            let text = |name: &str| resource[name].as_str().unwrap_or_default().to_owned();
            let module = resource["module"].as_str().map(|module| format!("{module}.")).unwrap_or_default();
            for instance in list(&resource["instances"]) {
                let attributes = &instance["attributes"];
                read.push(StateRead {
                    address: format!("{module}data.{}.{}", text("type"), text("name")),
                    backend: attributes["backend"].as_str().unwrap_or_default().to_owned(),
                    config: attributes["config"]["value"].clone(),
                    outputs: attributes["outputs"]["value"].clone(),
                });
            }
        }
        Ok(read)
    }
}
