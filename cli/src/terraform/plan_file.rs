//! Reading a saved plan without starting Terraform.
//!
//! A plan file is a zip (internal/plans/planfile): `tfplan` is a protobuf message whose values are MessagePack,
//! `tfstate` the state that the plan was made from, `tfconfig/` the configuration, `.terraform.lock.hcl` the
//! lock file. The format is not meant for others and may change, so it is read only where it was
//! compared with `show -json`; everything else makes the reader decline.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    io::{self, Cursor, Read as _},
    ops::Range,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use prost::Message as _;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value};
use zip::{ZipArchive, result::ZipError};

use super::{
    ChangeList, Product, Secrets, StateFile, StateFileError, StateId, Version,
    cell::{Cell, Content},
    init::LOCK_FILE,
    plan_changes,
    plan_config::{self, Configuration},
    plan_proto::{self, Plan},
    plan_value,
};

/// The version of the message that is understood.
const FORMAT: u64 = 3;

/// The Terraforms whose plans are read natively: those before do not mark what schemas call sensitive, those beyond have
/// not been compared.
const TERRAFORM: Range<Version> = Version::release(1, 10, 0)..Version::release(1, 14, 0);

/// The OpenTofus. Those before write the same messages, but have not been compared.
const OPENTOFU: Range<Version> = Version::release(1, 10, 0)..Version::release(1, 13, 0);

/// No member of a plan file is read further than this, in bytes: a zip can say anything.
const LIMIT: u64 = 1 << 30;

/// Why a plan file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// The file cannot be opened.
    #[error("cannot read the plan file `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no plan file, or a broken one.
    #[error("`{}` is not a saved plan", path.display())]
    NotAPlan {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Option<ZipError>,
    },
    /// OpenTofu encrypted it (<https://opentofu.org/docs/language/state/encryption/>).
    #[error("the plan is encrypted by OpenTofu, and only `tofu` has the keys")]
    Encrypted,
    /// A part of it cannot be read.
    #[error("`{member}` in the plan file cannot be read")]
    Member {
        /// The part's name.
        member: String,
        /// Why.
        source: io::Error,
    },
    /// The state in it cannot be read.
    #[error("the state in the plan file cannot be read")]
    State(#[from] StateFileError),
    /// The native reader does not know this kind of plan; `show -json` does.
    #[error("the plan has {0}, which the native reader does not know")]
    Unsupported(String),
    /// The plan file alone does not tell what is secret; `show -json` does.
    #[error("what is sensitive in `{address}` cannot be told from the plan file alone")]
    NeedsSchema {
        /// The resource.
        address: String,
    },
}

impl PlanFileError {
    /// Whether `show -json` can tell what the native reader would not.
    pub fn is_declined(&self) -> bool {
        matches!(self, Self::Unsupported(_) | Self::NeedsSchema { .. } | Self::Encrypted)
    }
}

/// Which plan it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanMode {
    /// Towards the configuration.
    Normal,
    /// `-destroy`.
    Destroy,
    /// `-refresh-only`.
    RefreshOnly,
}

/// Where the plan expects the state.
#[derive(Clone, PartialEq)]
pub struct PlanBackend {
    /// Type, such as `s3`.
    pub kind: String,
    /// Terraform's workspace, usually `default`.
    pub workspace: String,
    settings: BTreeMap<String, Value>,
}

impl PlanBackend {
    /// A setting that is a text, such as `bucket` or `key`. Backends may hold credentials: ask for
    /// nothing that is one.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name)?.as_str()
    }
}

impl std::fmt::Debug for PlanBackend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlanBackend")
            .field("kind", &self.kind)
            .field("workspace", &self.workspace)
            .finish_non_exhaustive()
    }
}

/// An opened plan file.
pub struct PlanFile {
    archive: ZipArchive<Cursor<Bytes>>,
    plan: Plan,
    state: StateId,
    lock_file: Option<Vec<u8>>,
    backend: Option<PlanBackend>,
}

impl std::fmt::Debug for PlanFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlanFile")
            .field("terraform_version", &self.plan.terraform_version)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl PlanFile {
    /// Opens a saved plan and reads everything but changes and configuration.
    ///
    /// # Errors
    /// [`PlanFileError`]; [`PlanFileError::Unsupported`] for another format.
    pub fn open(path: &Path) -> Result<Self, PlanFileError> {
        let bytes = std::fs::read(path).map_err(|source| PlanFileError::Io { path: path.to_owned(), source })?;
        let no_plan = |source| PlanFileError::NotAPlan { path: path.to_owned(), source };
        if is_encrypted(&bytes) {
            return Err(PlanFileError::Encrypted);
        }
        let mut archive = ZipArchive::new(Cursor::new(bytes.into())).map_err(|source| no_plan(Some(source)))?;
        let message = member(&mut archive, "tfplan")?.ok_or_else(|| no_plan(None))?;
        let unreadable = |_| PlanFileError::Unsupported("a `tfplan` of another kind".to_owned());
        let plan = Plan::decode(message.as_slice()).map_err(unreadable)?;
        if plan.version != FORMAT {
            return Err(PlanFileError::Unsupported(format!("format version {}", plan.version)));
        }
        let state = member(&mut archive, "tfstate")?.ok_or_else(|| no_plan(None))?;
        let state = StateFile::parse(&state)?;
        let lock_file = member(&mut archive, LOCK_FILE)?;
        let backend = plan.backend.as_ref().map(backend).transpose()?;
        let state = StateId { lineage: state.lineage, serial: state.serial };
        Ok(Self { archive, plan, state, lock_file, backend })
    }

    /// The version that made it, and the only one that can apply it.
    pub fn terraform_version(&self) -> &str {
        &self.plan.terraform_version
    }

    /// When it was made, in RFC 3339.
    pub fn timestamp(&self) -> &str {
        &self.plan.timestamp
    }

    /// Which plan it is.
    pub fn mode(&self) -> PlanMode {
        match self.plan.ui_mode {
            1 => PlanMode::Destroy,
            2 => PlanMode::RefreshOnly,
            _ => PlanMode::Normal,
        }
    }

    /// Whether planning ended early by an error; such a plan cannot be applied.
    pub fn errored(&self) -> bool {
        self.plan.errored
    }

    /// Whether Terraform sees a point in applying it.
    pub fn applyable(&self) -> bool {
        self.plan.applyable
    }

    /// Whether it covers everything: not with `-target` or `-exclude`, nor with deferred changes. `product` is the
    /// program that made the plan; OpenTofu's has no word for it, but says what it was told to plan.
    pub fn complete(&self, product: Product) -> bool {
        match product {
            Product::Terraform => self.plan.complete,
            Product::OpenTofu => self.plan.target_addrs.is_empty() && self.plan.exclude_addrs.is_empty(),
        }
    }

    /// Addresses of resources whose changes have to wait for another plan.
    pub fn deferred(&self) -> Vec<&str> {
        self.plan.deferred_changes.iter().filter_map(|deferred| Some(deferred.change.as_ref()?.addr.as_str())).collect()
    }

    /// Where it expects the state.
    pub fn backend(&self) -> Option<&PlanBackend> {
        self.backend.as_ref()
    }

    /// Which state it was made from. Apply refuses any other.
    pub fn state(&self) -> &StateId {
        &self.state
    }

    /// The lock file that it was made with.
    pub fn lock_file(&self) -> Option<&[u8]> {
        self.lock_file.as_deref()
    }

    /// The whole state that it was made from, as JSON: with every value in clear.
    pub(super) fn state_text(&self) -> Result<Vec<u8>, PlanFileError> {
        Ok(member(&mut self.archive.clone(), "tfstate")?.unwrap_or_default())
    }

    /// Adds what is marked sensitive in the values that change, and the inputs in `sensitive`.
    pub(super) fn add_sensitive(
        &self,
        sensitive: &BTreeSet<String>,
        secrets: &mut Secrets,
    ) -> Result<(), PlanFileError> {
        for (_, value) in self.plan.variables.iter().filter(|(name, _)| sensitive.contains(*name)) {
            let value = plan_value::decode(value);
            let value = value.map_err(|_| PlanFileError::Unsupported("inputs of another kind".to_owned()))?;
            value.visit_sensitive(true, &mut |value| secrets.add(value));
        }
        plan_changes::add_sensitive(&self.plan, secrets)
    }

    /// Names of the root variables that were set, without their values.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.plan.variables.keys().map(String::as_str)
    }

    /// The configuration that it was made from, if it was run in the folder `stack` of a tree,
    /// such as `infra/eks-gc0-eu-west-1`.
    ///
    /// # Errors
    /// [`PlanFileError::Member`], [`PlanFileError::Unsupported`].
    pub fn configuration(&self, stack: &str) -> Result<Configuration, PlanFileError> {
        let mut archive = self.archive.clone();
        let names = archive.file_names().map(|name| name.map(Cow::into_owned)).collect::<Result<Vec<String>, _>>();
        let names = names.map_err(|_| PlanFileError::Unsupported("names that are no text".to_owned()))?;
        let mut members = BTreeMap::new();
        for name in names.into_iter().filter(|name| plan_config::is_part(name)) {
            if let Some(bytes) = member(&mut archive, &name)? {
                members.insert(name, bytes);
            }
        }
        plan_config::read(&members, stack)
    }

    /// The root outputs in the state that it was made from, as the state has them.
    pub(super) fn state_outputs(&self) -> Result<Map<String, Value>, PlanFileError> {
        #[derive(serde::Deserialize)]
        struct Outputs {
            #[serde(default)]
            outputs: Map<String, Value>,
        }
        let state = member(&mut self.archive.clone(), "tfstate")?.unwrap_or_default();
        let state: Outputs = serde_json::from_slice(&state).map_err(|source| StateFileError::Invalid { source })?;
        Ok(state.outputs)
    }

    /// The changes of root outputs, as the message has them.
    pub(super) fn output_changes(&self) -> &[plan_proto::OutputChange] {
        &self.plan.output_changes
    }

    /// What applying would do. `product` is the program that made the plan; the file does not say it.
    ///
    /// # Errors
    /// [`PlanFileError::Unsupported`] for a program or version whose plans were not compared with
    /// `show -json`, [`PlanFileError::NeedsSchema`] when secrets could not be told from other values.
    pub fn changes(&self, product: Product) -> Result<ChangeList, PlanFileError> {
        let version = &self.plan.terraform_version;
        let known = match product {
            Product::Terraform => TERRAFORM,
            Product::OpenTofu => OPENTOFU,
        };
        if !version.parse::<Version>().is_ok_and(|version| known.contains(&version)) {
            return Err(PlanFileError::Unsupported(format!("been made by {product} {version}")));
        }
        plan_changes::read(&self.plan, self.mode(), product)
    }
}

fn member(archive: &mut ZipArchive<Cursor<Bytes>>, name: &str) -> Result<Option<Vec<u8>>, PlanFileError> {
    let wrong = |source| PlanFileError::Member { member: name.to_owned(), source };
    let file = match archive.by_name(name) {
        Err(ZipError::FileNotFound) => return Ok(None),
        file => file.map_err(|error| wrong(error.into()))?,
    };
    let mut bytes = Vec::new();
    let read = file.take(LIMIT).read_to_end(&mut bytes).map_err(wrong)?;
    if read as u64 == LIMIT { Err(wrong(io::ErrorKind::FileTooLarge.into())) } else { Ok(Some(bytes)) }
}

/// Whether it is the envelope that OpenTofu puts around everything that it encrypts (internal/encryption/base.go).
fn is_encrypted(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Envelope {
        #[serde(rename = "encryption_version")]
        _version: IgnoredAny,
    }
    bytes.first() == Some(&b'{') && serde_json::from_slice::<Envelope>(bytes).is_ok()
}

fn backend(backend: &plan_proto::Backend) -> Result<PlanBackend, PlanFileError> {
    let config = backend.config.as_ref().map(plan_value::decode).transpose();
    let config = config.map_err(|_| PlanFileError::Unsupported("backend settings of another kind".to_owned()))?;
    let settings = match config {
        Some(Cell { content: Content::Map(entries), .. }) => {
            entries.into_iter().filter_map(|(name, cell)| Some((name, cell.shareable()?))).collect()
        }
        _ => BTreeMap::new(),
    };
    Ok(PlanBackend { kind: backend.kind.clone(), workspace: backend.workspace.clone(), settings })
}
