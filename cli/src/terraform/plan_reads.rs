//! The states that a plan has read by `terraform_remote_state`. Terraform forgets on the way which of their outputs are
//! sensitive, so whoever shows the plan has to look there again.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{PlanFile, PlanFileError, StateFile, StateFileError};

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
    /// What stands for outputs that the state does not have.
    pub defaults: Value,
}

impl std::fmt::Debug for StateRead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StateRead").field("address", &self.address).finish_non_exhaustive()
    }
}

impl StateRead {
    /// The name of the data source, in whichever module it is.
    pub fn block(&self) -> &str {
        self.address.rsplit('.').next().unwrap_or_default()
    }

    /// The outputs that another value would be read of by now, when the state is `now`.
    pub fn moved(&self, now: &StateFile) -> BTreeSet<String> {
        let then = self.outputs.as_object();
        let names = then.into_iter().flat_map(|outputs| outputs.keys()).chain(now.outputs.keys());
        let differs = |name: &&String| {
            let now = now.outputs.get(*name).map_or(&self.defaults[name.as_str()], |output| &output.value);
            self.outputs[name.as_str()] != *now
        };
        names.filter(differs).cloned().collect()
    }

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
                    defaults: attributes["defaults"]["value"].clone(),
                });
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_other_values_have_moved() {
        let read = |outputs: Value, defaults: Value| StateRead {
            address: "module.a.data.terraform_remote_state.net".to_owned(),
            backend: "local".to_owned(),
            config: Value::Null,
            outputs,
            defaults,
        };
        let state = |outputs: Value| {
            let state = json!({ "version": 4, "serial": 7, "lineage": "l", "outputs": outputs, "resources": [] });
            StateFile::parse(state.to_string().as_bytes()).unwrap()
        };
        let moved = |read: &StateRead, outputs: Value| read.moved(&state(outputs)).into_iter().collect::<Vec<_>>();
        let reviewed = read(json!({ "id": "a", "list": [1, 2] }), Value::Null);
        assert_eq!(reviewed.block(), "net");
        let value = |value: Value| json!({ "value": value, "type": "string" });
        assert_eq!(moved(&reviewed, json!({ "id": value(json!("a")), "list": value(json!([1, 2])) })), [""; 0]);
        assert_eq!(moved(&reviewed, json!({ "id": value(json!("b")), "list": value(json!([1, 2])) })), ["id"]);
        assert_eq!(moved(&reviewed, json!({ "id": value(json!("a")), "new": value(json!("x")) })), ["list", "new"]);
        // A default stands for what is not there, then and now.
        let reviewed = read(json!({ "id": "none" }), json!({ "id": "none" }));
        assert_eq!(moved(&reviewed, json!({})), [""; 0]);
        assert_eq!(moved(&reviewed, json!({ "id": value(json!("a")) })), ["id"]);
        assert_eq!(moved(&read(Value::Null, Value::Null), json!({})), [""; 0]);
    }
}
