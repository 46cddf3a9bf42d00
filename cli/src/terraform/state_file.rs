//! Reading a state without a process: who wrote it, which one it is, its outputs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

/// Terraform's and OpenTofu's format since 0.12 (internal/states/statefile/version4.go).
const FORMAT: u64 = 4;

/// A state, as far as kstack needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct StateFile {
    /// Set when the state was first written; empty if it never was.
    pub lineage: String,
    /// Counts its versions.
    pub serial: u64,
    /// Which version wrote it.
    pub terraform_version: String,
    /// The root outputs by name.
    pub outputs: BTreeMap<String, StateOutput>,
    /// Addresses of the managed resources (not of their instances), sorted.
    pub resources: Vec<String>,
    /// Addresses of the instances of managed resources; deposed ones are left out.
    pub instances: BTreeSet<String>,
}

/// Which state it is, and which version of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateId {
    /// Set when the state was first written; empty if it never was.
    pub lineage: String,
    /// Counts its versions.
    pub serial: u64,
}

/// A root output in a state.
#[derive(Clone, PartialEq, Deserialize)]
pub struct StateOutput {
    /// Its value.
    #[serde(default)]
    pub value: Value,
    /// Whether it must not be shown.
    #[serde(default)]
    pub sensitive: bool,
}

impl std::fmt::Debug for StateOutput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut output = f.debug_struct("StateOutput");
        if !self.sensitive {
            output.field("value", &self.value);
        }
        output.field("sensitive", &self.sensitive).finish_non_exhaustive()
    }
}

/// Why a state cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StateFileError {
    /// It is not JSON, or not a state.
    #[error("it is no valid state")]
    Invalid {
        /// Why.
        source: serde_json::Error,
    },
    /// OpenTofu encrypted it (<https://opentofu.org/docs/language/state/encryption/>).
    #[error("it is encrypted by OpenTofu, and only `tofu` has the keys")]
    Encrypted,
    /// Another format.
    #[error("it has format {found}, only {FORMAT} is known")]
    Format {
        /// Its format.
        found: u64,
    },
}

#[derive(Deserialize)]
struct Raw {
    version: Option<u64>,
    #[serde(default)]
    terraform_version: String,
    #[serde(default)]
    serial: u64,
    #[serde(default)]
    lineage: String,
    #[serde(default)]
    outputs: BTreeMap<String, StateOutput>,
    #[serde(default)]
    resources: Vec<RawResource>,
    encrypted_data: Option<serde::de::IgnoredAny>,
    encryption_version: Option<serde::de::IgnoredAny>,
}

/// What a state says of itself; the rest of it is passed over.
#[derive(Deserialize)]
struct RawId {
    version: Option<u64>,
    #[serde(default)]
    lineage: String,
    serial: Option<u64>,
    encrypted_data: Option<serde::de::IgnoredAny>,
    encryption_version: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct RawResource {
    #[serde(default)]
    module: Option<String>,
    mode: String,
    #[serde(rename = "type")]
    kind: String,
    name: String,
    #[serde(default)]
    instances: Vec<RawInstance>,
}

#[derive(Deserialize)]
struct RawInstance {
    /// A number with `count`, a text with `for_each`.
    index_key: Option<Value>,
    deposed: Option<String>,
}

impl RawResource {
    fn address(&self) -> String {
        let address = format!("{}.{}", self.kind, self.name);
        self.module.as_ref().map(|module| format!("{module}.{address}")).unwrap_or(address)
    }

    /// The addresses of its instances, as Terraform's messages have them: JSON quotes and escapes keys as HCL does.
    fn instances(&self) -> impl Iterator<Item = String> {
        let current = self.instances.iter().filter(|instance| instance.deposed.is_none());
        current.map(|instance| match &instance.index_key {
            Some(key) => format!("{}[{key}]", self.address()),
            None => self.address(),
        })
    }
}

impl StateFile {
    /// Reads a state file.
    ///
    /// # Errors
    /// [`StateFileError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, StateFileError> {
        let raw: Raw = serde_json::from_slice(bytes).map_err(|source| StateFileError::Invalid { source })?;
        match raw.version {
            // OpenTofu's encrypted form has the data, its keys' metadata and, of the rest, only lineage and serial. What
            // OpenTofu itself goes by is the version of the encryption (internal/encryption/base.go).
            _ if raw.encryption_version.is_some() || raw.encrypted_data.is_some() => {
                return Err(StateFileError::Encrypted);
            }
            Some(FORMAT) => {}
            found => return Err(StateFileError::Format { found: found.unwrap_or_default() }),
        }
        let managed: Vec<_> = raw.resources.into_iter().filter(|resource| resource.mode == "managed").collect();
        let mut resources: Vec<_> = managed.iter().map(RawResource::address).collect();
        resources.sort();
        Ok(Self {
            lineage: raw.lineage,
            serial: raw.serial,
            terraform_version: raw.terraform_version,
            outputs: raw.outputs,
            resources,
            instances: managed.iter().flat_map(RawResource::instances).collect(),
        })
    }
}

impl StateId {
    /// Reads which state it is, also of one that OpenTofu encrypted: lineage and serial stay in clear there.
    ///
    /// # Errors
    /// [`StateFileError`]; [`StateFileError::Encrypted`] when not even these are in clear.
    pub fn parse(bytes: &[u8]) -> Result<Self, StateFileError> {
        let raw: RawId = serde_json::from_slice(bytes).map_err(|source| StateFileError::Invalid { source })?;
        let RawId { version, lineage, serial, encrypted_data, encryption_version } = raw;
        if encrypted_data.is_some() || encryption_version.is_some() {
            return match serial {
                Some(serial) if !lineage.is_empty() => Ok(Self { lineage, serial }),
                _ => Err(StateFileError::Encrypted),
            };
        }
        match version {
            Some(FORMAT) => Ok(Self { lineage, serial: serial.unwrap_or_default() }),
            found => Err(StateFileError::Format { found: found.unwrap_or_default() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_read() {
        let state = StateFile::parse(
            br#"{"version":4,"terraform_version":"1.11.4","serial":7,"lineage":"l",
                "outputs":{"a":{"value":[1],"type":"x"},"b":{"value":"hush","type":"string","sensitive":true}},
                "resources":[
                  {"mode":"data","type":"aws_ami","name":"x","provider":"p","instances":[]},
                  {"module":"module.m[0]","mode":"managed","type":"aws_vpc","name":"this","provider":"p","instances":[]},
                  {"mode":"managed","type":"a","name":"b","provider":"p","instances":[
                    {"index_key":0,"attributes":{}},{"index_key":"x","attributes":{}},{"index_key":1,"deposed":"d"}]}],
                "check_results":null}"#,
        )
        .unwrap();
        assert_eq!((state.lineage.as_str(), state.serial), ("l", 7));
        assert_eq!(state.resources, ["a.b", "module.m[0].aws_vpc.this"]);
        assert_eq!(state.instances, ["a.b[0]", "a.b[\"x\"]"].map(str::to_owned).into());
        assert_eq!(state.outputs["a"].value, serde_json::json!([1]));
        assert!(state.outputs["b"].sensitive);
        assert!(!format!("{state:?}").contains("hush"));
    }

    #[test]
    fn other_states_are_told_apart() {
        let error = |text: &str| StateFile::parse(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(error(r#"{"version":3}"#), "it has format 3, only 4 is known");
        assert_eq!(error("{}"), "it has format 0, only 4 is known");
        assert_eq!(error("<html>"), "it is no valid state");
        assert!(matches!(StateId::parse(br#"{"version":5,"serial":1}"#), Err(StateFileError::Format { found: 5 })));
    }

    #[test]
    fn an_encrypted_state_is_left_to_opentofu() {
        // As OpenTofu writes it: with what its remote backends look at in clear, or without.
        let whole = r#"{"serial":1,"lineage":"7a1c6f0e-9a57-5f3e-2f5e-3d1a4b0c9e21",
            "meta":{"key_provider.pbkdf2.main":"eyJzYWx0IjoiQUFBQSIsIml0ZXJhdGlvbnMiOjYwMDAwMH0="},
            "encrypted_data":"T3BlblRvZnU=","encryption_version":"v0"}"#;
        let bare = r#"{"meta":{},"encrypted_data":"T3BlblRvZnU=","encryption_version":"v0"}"#;
        // A later version may put its data elsewhere; the sigil stays.
        let later = r#"{"version":4,"encryption_version":"v1"}"#;
        for text in [whole, bare, later] {
            let error = StateFile::parse(text.as_bytes()).unwrap_err();
            assert!(matches!(error, StateFileError::Encrypted), "{text}");
            assert_eq!(error.to_string(), "it is encrypted by OpenTofu, and only `tofu` has the keys");
        }
        // Which state it is can be told as long as both are there.
        let id = StateId::parse(whole.as_bytes()).unwrap();
        assert_eq!((id.lineage.as_str(), id.serial), ("7a1c6f0e-9a57-5f3e-2f5e-3d1a4b0c9e21", 1));
        for text in [bare, later] {
            assert!(matches!(StateId::parse(text.as_bytes()), Err(StateFileError::Encrypted)), "{text}");
        }
    }
}
