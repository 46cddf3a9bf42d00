//! A bundle: one reviewed plan of one instance, with everything it is bound to.
//!
//! Bundles are found by the hash of the instance's closure, not by commit: the same content is the
//! same plan, whether it reached the branch by a merge commit, a squash or a rebase.
//!
//! One object holds it, a zip of `bundle.json` and `plan`, so that a reader never sees half of it. Where the platform
//! names recipients, the whole zip is sealed: what can be read without a key is the object's key alone, which has
//! the instance, the closure's hash and the beginning of the plan's. Finding bundles takes no more than that, so who
//! plans can write bundles and cannot read one.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read as _, Write as _},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

use crate::{platform::Instance, store::Store, terraform::ChangeList};

use crate::pipeline::{
    PipelineError,
    providers::Provider,
    seal::{self, Keys, Recipients, SealError},
    stages::Staging,
};

/// Format of `bundle.json`; a reader refuses any other.
const VERSION: u32 = 2;
const MANIFEST: &str = "bundle.json";
const PLAN: &str = "plan";

/// No part of a bundle is read further than this, in bytes: a zip can say anything.
const LIMIT: u64 = 1 << 30;

/// What a plan is bound to, and what it would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Format of this document.
    pub version: u32,
    /// The kstack that planned. It binds nothing: what it does differently shows in the fields that do.
    pub kstack: String,
    /// The instance that was planned.
    pub instance: Instance,
    /// Whether the plan destroys the whole instance, because its stack was removed.
    pub destroy: bool,
    /// Hash of the closure.
    pub closure: String,
    /// The closure: content hash of every file that can change the plan.
    pub files: BTreeMap<String, String>,
    /// The commit that the change was compared with, for people; `None`: there was none.
    pub base: Option<String>,
    /// A commit that holds the closure: the one that was planned, or for a removed stack the one before.
    /// The closure is what binds; the commit tells where to look.
    pub commit: String,
    /// When it was planned.
    pub created: Timestamp,
    /// The state it was planned against; `None`: there was none.
    pub state: Option<StateVersion>,
    /// The program that planned.
    pub terraform: Program,
    /// The providers that planned, as the lock file in the plan has them, by source address.
    pub providers: BTreeMap<String, Provider>,
    /// SHA-256 over the platform's policy, see [`crate::platform::Policy`].
    pub policy: String,
    /// What is protected and would be lost, by address, and whether that was allowed with a word.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub protected: BTreeMap<String, bool>,
    /// Inputs that were made up, because what they come from does not exist yet. Such a plan is never applied.
    pub mocked: Vec<String>,
    /// How the instance waits for others. Then the bundle is an envelope: `changes` is what was expected, and what stands
    /// in the place of the plan file is what was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staging: Option<Staging>,
    /// SHA-256 of the plan file, in hexadecimal.
    pub plan_sha256: String,
    /// What it would do.
    pub changes: ChangeList,
}

/// One version of a state, as Terraform counts them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateVersion {
    /// Given once, when the state is made.
    pub lineage: String,
    /// Counts the writes.
    pub serial: u64,
}

/// Terraform or OpenTofu, and its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// `Terraform` or `OpenTofu`.
    pub product: String,
    /// Such as `1.11.4`.
    pub version: String,
    /// SHA-256 of the program's file, in hexadecimal.
    pub sha256: String,
}

/// A bundle: the manifest and the plan file's bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    /// What the plan is bound to.
    pub manifest: Manifest,
    /// The plan file.
    pub plan: Vec<u8>,
    /// Whether it is encrypted where it is kept.
    pub sealed: bool,
}

/// The fields of [`Manifest`] that the caller knows; the rest is computed.
#[derive(Debug)]
pub struct Planned {
    /// See [`Manifest::instance`].
    pub instance: Instance,
    /// See [`Manifest::destroy`].
    pub destroy: bool,
    /// See [`Manifest::closure`].
    pub closure: String,
    /// See [`Manifest::files`].
    pub files: BTreeMap<String, String>,
    /// See [`Manifest::base`].
    pub base: Option<String>,
    /// See [`Manifest::commit`].
    pub commit: String,
    /// See [`Manifest::state`].
    pub state: Option<StateVersion>,
    /// See [`Manifest::terraform`].
    pub terraform: Program,
    /// See [`Manifest::providers`].
    pub providers: BTreeMap<String, Provider>,
    /// See [`Manifest::policy`].
    pub policy: String,
    /// See [`Manifest::protected`].
    pub protected: BTreeMap<String, bool>,
    /// See [`Manifest::mocked`].
    pub mocked: Vec<String>,
    /// See [`Manifest::changes`].
    pub changes: ChangeList,
}

/// The bundles below a folder.
#[derive(Debug, Default)]
pub struct Found {
    /// Those that can be read, newest first.
    pub bundles: Vec<Bundle>,
    /// What kept others from being read: in a store that many write to, one bad object must not hide the good ones.
    pub unreadable: Vec<PipelineError>,
}

impl Found {
    /// Adds what was found elsewhere.
    pub fn extend(&mut self, other: Self) {
        self.bundles.extend(other.bundles);
        self.unreadable.extend(other.unreadable);
        self.bundles.sort_by_key(|bundle| std::cmp::Reverse(bundle.manifest.created));
    }
}

impl Bundle {
    /// Binds `plan` to what it was planned from.
    pub fn new(planned: Planned, plan: Vec<u8>, sealed: bool) -> Self {
        let manifest = Manifest {
            version: VERSION,
            kstack: env!("CARGO_PKG_VERSION").to_owned(),
            instance: planned.instance,
            destroy: planned.destroy,
            closure: planned.closure,
            files: planned.files,
            base: planned.base,
            commit: planned.commit,
            created: Timestamp::now(),
            state: planned.state,
            terraform: planned.terraform,
            providers: planned.providers,
            policy: planned.policy,
            protected: planned.protected,
            mocked: planned.mocked,
            staging: None,
            plan_sha256: hex(&Sha256::digest(&plan)),
            changes: planned.changes,
        };
        Self { manifest, plan, sealed }
    }

    /// Where bundles of `instance` with this closure are kept; `None`: those that destroy it. These are bound to
    /// the state alone: the merged commit has no closure of theirs to compare.
    fn folder(instance: &Instance, closure: Option<&str>) -> String {
        format!("{}/{}", instance.key(), closure.unwrap_or("destroy"))
    }

    /// The bundle's key: unique for instance, closure, plan, and what was allowed of it. Terraform makes the same plan
    /// byte for byte twice within a second; with a word that the first had not, it is another bundle.
    pub fn key(&self) -> String {
        let Manifest { instance, destroy, closure, plan_sha256, protected, .. } = &self.manifest;
        let closure = (!destroy).then_some(closure.as_str());
        let extension = if self.sealed { "zip.age" } else { "zip" };
        let plan = plan_sha256.get(..16).unwrap_or(plan_sha256);
        let folder = Self::folder(instance, closure);
        let allowed: Vec<&str> =
            protected.iter().filter(|(_, allowed)| **allowed).map(|(address, _)| address.as_str()).collect();
        if allowed.is_empty() {
            return format!("{folder}/{plan}.{extension}");
        }
        let words = hex(&Sha256::digest(allowed.join("\n")));
        format!("{folder}/{plan}.{}.{extension}", words.get(..8).unwrap_or(&words))
    }

    /// Writes it to the plan store, sealed to `recipients` if there are any. Writing the same bundle again changes
    /// nothing.
    ///
    /// # Errors
    /// [`PipelineError::Store`], [`PipelineError::BundleWrite`].
    pub async fn save(&self, plans: &Store, recipients: &Recipients) -> Result<(), PipelineError> {
        let pack = || Ok(recipients.seal(self.pack()?)?);
        let bytes = pack().map_err(|source: BundleFormat| PipelineError::BundleWrite { source })?;
        plans.create(&self.key(), bytes).await?;
        Ok(())
    }

    /// Every bundle of `instance` with this closure; `None`: those that destroy it.
    ///
    /// # Errors
    /// [`PipelineError::Store`].
    pub async fn find(
        plans: &Store,
        keys: &Keys,
        instance: &Instance,
        closure: Option<&str>,
    ) -> Result<Found, PipelineError> {
        Self::below(plans, keys, &Self::folder(instance, closure)).await
    }

    /// Every bundle of `instance`, whatever its closure: to tell what differs.
    ///
    /// # Errors
    /// [`PipelineError::Store`].
    pub async fn all(plans: &Store, keys: &Keys, instance: &Instance) -> Result<Found, PipelineError> {
        Self::below(plans, keys, &instance.key()).await
    }

    /// The bundle of `instance` whose plan has the digest `plan_sha256`; `None` when it is gone, or cannot be opened
    /// with `keys`.
    ///
    /// # Errors
    /// [`PipelineError::Store`].
    pub async fn of_plan(
        plans: &Store,
        keys: &Keys,
        instance: &Instance,
        plan_sha256: &str,
    ) -> Result<Option<Self>, PipelineError> {
        // Keys have the beginning of the digest, so that the others need not be read.
        let beginning = format!("/{}.", plan_sha256.get(..16).unwrap_or(plan_sha256));
        for key in plans.list(&instance.key()).await?.into_iter().filter(|key| key.contains(&beginning)) {
            let Some((bytes, _)) = plans.get(&key).await? else { continue };
            let opened = Self::open(&key, &bytes, keys).ok();
            if let Some(bundle) = opened.filter(|bundle| bundle.manifest.plan_sha256 == plan_sha256) {
                return Ok(Some(bundle));
            }
        }
        Ok(None)
    }

    async fn below(plans: &Store, keys: &Keys, folder: &str) -> Result<Found, PipelineError> {
        let mut found = Found::default();
        for key in plans.list(folder).await? {
            // Between list and get, somebody may have cleaned up.
            let Some((bytes, _)) = plans.get(&key).await? else { continue };
            match Self::open(&key, &bytes, keys) {
                Ok(bundle) => found.bundles.push(bundle),
                Err(error) => found.unreadable.push(error),
            }
        }
        found.bundles.sort_by_key(|bundle| std::cmp::Reverse(bundle.manifest.created));
        Ok(found)
    }

    /// Opens a bundle as it is stored. `place` is where it comes from, for errors.
    ///
    /// # Errors
    /// [`PipelineError::BundleRead`].
    pub fn open(place: &str, bytes: &[u8], keys: &Keys) -> Result<Self, PipelineError> {
        let open = || {
            if seal::is_sealed(bytes) { Self::unpack(&keys.open(bytes)?, true) } else { Self::unpack(bytes, false) }
        };
        open().map_err(|source| PipelineError::BundleRead { key: place.to_owned(), source })
    }

    fn pack(&self) -> Result<Vec<u8>, BundleFormat> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        archive.start_file(MANIFEST, SimpleFileOptions::default())?;
        archive.write_all(&serde_json::to_vec_pretty(&self.manifest)?)?;
        archive.start_file(PLAN, SimpleFileOptions::default())?;
        archive.write_all(&self.plan)?;
        Ok(archive.finish()?.into_inner())
    }

    /// Reads a bundle and checks that the plan is the one its manifest was written for.
    fn unpack(bytes: &[u8], sealed: bool) -> Result<Self, BundleFormat> {
        let mut archive = ZipArchive::new(Cursor::new(bytes))?;
        let mut read = |name: &'static str| -> Result<Vec<u8>, BundleFormat> {
            let mut content = Vec::new();
            archive.by_name(name)?.take(LIMIT + 1).read_to_end(&mut content)?;
            if content.len() as u64 > LIMIT { Err(BundleFormat::TooLarge(name)) } else { Ok(content) }
        };
        let text = read(MANIFEST)?;
        // The version first: another one may have other fields.
        let head: Version = serde_json::from_slice(&text)?;
        if head.version != VERSION {
            return Err(BundleFormat::Version(head.version));
        }
        let manifest: Manifest = serde_json::from_slice(&text)?;
        let plan = read(PLAN)?;
        if hex(&Sha256::digest(&plan)) != manifest.plan_sha256 {
            return Err(BundleFormat::Digest);
        }
        Ok(Self { manifest, plan, sealed })
    }
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// Why an object is not a bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleFormat {
    /// Not a zip archive with the two members.
    #[error("it is not a bundle")]
    Zip(#[from] zip::result::ZipError),
    /// It cannot be sealed or opened.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A member is larger than any plan.
    #[error("its `{0}` is larger than 1 GiB")]
    TooLarge(&'static str),
    /// A member cannot be read or written.
    #[error("it cannot be read")]
    Io(#[from] std::io::Error),
    /// The manifest is not what it should be.
    #[error("its manifest is broken")]
    Json(#[from] serde_json::Error),
    /// Written by another version of kstack.
    #[error("it has format {0}, this kstack reads format {VERSION}")]
    Version(u32),
    /// The plan was changed after the bundle was made.
    #[error("its plan is not the one that was reviewed: the digest differs")]
    Digest,
}

/// Bytes in lower-case hexadecimal.
pub(in crate::pipeline) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
