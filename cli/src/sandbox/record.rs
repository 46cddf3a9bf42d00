//! `sandbox.json`: what a sandbox is and which processes belong to it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    error::SandboxError,
    files::{read_optional, write_private},
    member::Member,
    ports::Ports,
};
use crate::{platform::RepositoryName, program::ProcessIdentity};

/// The version of the record's form.
const VERSION: u32 = 2;

/// How a sandbox runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Driver {
    /// As processes of this machine.
    Process,
    /// As a kind cluster in a Docker engine.
    Kind,
}

impl Driver {
    /// The name, as on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Kind => "kind",
        }
    }
}

/// The engine whose controllers run in a sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EngineKind {
    /// None: Kubernetes only.
    None,
    /// Flux.
    Flux,
    /// Argo CD.
    Argocd,
}

impl EngineKind {
    /// The processes of a sandbox with this engine, in the order of their start.
    pub fn members(self) -> Vec<Member> {
        let engine: &[Member] = match self {
            Self::None => &[],
            Self::Flux => &Member::FLUX,
            Self::Argocd => &Member::ARGOCD,
        };
        Member::BASE.iter().chain(engine).copied().collect()
    }
}

/// A process as it was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProcessRecord {
    /// Which process it is.
    pub identity: ProcessIdentity,
    /// SHA-256 over program, arguments and environment: another digest means that it must be started anew.
    pub launch: String,
}

/// The record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    version: u32,
    /// How it runs.
    pub driver: Driver,
    /// The engine that runs in it; settled by `up`.
    pub engine: EngineKind,
    /// The ports.
    pub ports: Ports,
    /// The repositories that the Git server serves, by name.
    pub git_repositories: BTreeMap<RepositoryName, PathBuf>,
    /// The components' versions by name, as they were started last.
    pub versions: BTreeMap<String, String>,
    /// The processes.
    pub processes: BTreeMap<Member, ProcessRecord>,
    /// SHA-256 of the engine manifests whose definitions and roles were applied.
    pub prepared_with: Option<String>,
}

impl Record {
    pub(super) fn new(driver: Driver, ports: Ports) -> Self {
        Self {
            version: VERSION,
            driver,
            engine: EngineKind::None,
            ports,
            git_repositories: BTreeMap::new(),
            versions: BTreeMap::new(),
            processes: BTreeMap::new(),
            prepared_with: None,
        }
    }

    /// Reads the record at `path`; `None` when there is none.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, SandboxError> {
        let Some(text) = read_optional(path)? else { return Ok(None) };
        let broken = |reason: String| SandboxError::BrokenRecord { path: path.to_owned(), reason };
        let record: Self = serde_json::from_str(&text).map_err(|error| broken(error.to_string()))?;
        if record.version != VERSION {
            return Err(broken(format!("its version is {}, and this kstack knows {VERSION}", record.version)));
        }
        if !record.ports.is_complete() {
            return Err(broken("it lacks ports".to_owned()));
        }
        Ok(Some(record))
    }

    /// Writes the record to `path`.
    pub(super) fn write(&self, path: &Path) -> Result<(), SandboxError> {
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|error| SandboxError::io("write", path, std::io::Error::other(error)))?;
        text.push(b'\n');
        write_private(path, &text)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sandbox.json");
        assert_eq!(Record::read(&path).unwrap(), None);
        let mut record =
            Record::new(Driver::Process, Ports::choose(std::net::Ipv4Addr::LOCALHOST, &BTreeSet::new()).unwrap());
        record.git_repositories.insert(RepositoryName::new("platform").unwrap(), "/srv/platform.git".into());
        record.processes.insert(
            Member::Etcd,
            ProcessRecord {
                identity: ProcessIdentity { pid: 7, start_time: 4711, boot_id: "boot".to_owned() },
                launch: "digest".to_owned(),
            },
        );
        record.write(&path).unwrap();
        assert_eq!(Record::read(&path).unwrap(), Some(record));
    }

    #[test]
    fn broken_records_say_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sandbox.json");
        let valid =
            Record::new(Driver::Process, Ports::choose(std::net::Ipv4Addr::LOCALHOST, &BTreeSet::new()).unwrap());
        let mut newer = valid.clone();
        newer.version = 3;
        let mut without_ports = valid;
        without_ports.ports = serde_json::from_str(r#"{"git-host": "127.0.0.1"}"#).unwrap();
        let text = |record: &Record| serde_json::to_string(record).unwrap();
        for (content, wanted) in [
            ("{".to_owned(), "EOF while parsing"),
            (text(&newer), "its version is 3, and this kstack knows 2"),
            (text(&without_ports), "it lacks ports"),
        ] {
            std::fs::write(&path, content).unwrap();
            let error = Record::read(&path).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }
}
