//! A bundle: one reviewed plan of one instance, with everything it is bound to.
//!
//! Bundles are found by the hash of the instance's closure, not by commit: the same content is the
//! same plan, whether it reached the branch by a merge commit, a squash or a rebase.
//!
//! One object holds it, a zip of `bundle.json` and `plan`, so that a reader never sees half of it.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read as _, Write as _},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

use crate::{platform::Instance, store::Store, terraform::ChangeList};

use super::PipelineError;

/// Format of `bundle.json`; a reader refuses any other.
const VERSION: u32 = 1;
const MANIFEST: &str = "bundle.json";
const PLAN: &str = "plan";

/// What a plan is bound to, and what it would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Format of this document.
    pub version: u32,
    /// The instance that was planned.
    pub instance: Instance,
    /// Whether the plan destroys the whole instance, because its stack was removed.
    pub destroy: bool,
    /// Hash of the closure.
    pub closure: String,
    /// The closure: content hash of every file that can change the plan.
    pub files: BTreeMap<String, String>,
    /// A commit that holds the closure: the one that was planned, or for a removed stack the one before.
    /// The closure is what binds; the commit tells where to look.
    pub commit: String,
    /// When it was planned.
    pub created: Timestamp,
    /// The state it was planned against; `None`: there was none.
    pub state: Option<StateVersion>,
    /// The program that planned.
    pub terraform: Program,
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
    /// `terraform` or `tofu`.
    pub product: String,
    /// Such as `1.11.4`.
    pub version: String,
}

/// A bundle: the manifest and the plan file's bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    /// What the plan is bound to.
    pub manifest: Manifest,
    /// The plan file.
    pub plan: Vec<u8>,
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
    /// See [`Manifest::commit`].
    pub commit: String,
    /// See [`Manifest::state`].
    pub state: Option<StateVersion>,
    /// See [`Manifest::terraform`].
    pub terraform: Program,
    /// See [`Manifest::changes`].
    pub changes: ChangeList,
}

impl Bundle {
    /// Binds `plan` to what it was planned from.
    pub fn new(planned: Planned, plan: Vec<u8>) -> Self {
        let Planned { instance, destroy, closure, files, commit, state, terraform, changes } = planned;
        let manifest = Manifest {
            version: VERSION,
            instance,
            destroy,
            closure,
            files,
            commit,
            created: Timestamp::now(),
            state,
            terraform,
            plan_sha256: hex(&Sha256::digest(&plan)),
            changes,
        };
        Self { manifest, plan }
    }

    /// Where bundles of `instance` with this closure are kept; `None`: those that destroy it. These are bound to
    /// the state alone: the merged commit has no closure of theirs to compare.
    fn folder(instance: &Instance, closure: Option<&str>) -> String {
        format!("{}/{}", instance.key(), closure.unwrap_or("destroy"))
    }

    /// The bundle's key: unique for instance, closure, plan.
    pub fn key(&self) -> String {
        let Manifest { instance, destroy, closure, plan_sha256, .. } = &self.manifest;
        let closure = (!destroy).then_some(closure.as_str());
        format!("{}/{}.zip", Self::folder(instance, closure), &plan_sha256[..16])
    }

    /// Writes it to the plan store. Writing the same bundle again changes nothing.
    ///
    /// # Errors
    /// [`PipelineError::Store`], [`PipelineError::BundleWrite`].
    pub async fn save(&self, plans: &Store) -> Result<(), PipelineError> {
        let bytes = self.pack().map_err(|source| PipelineError::BundleWrite { source })?;
        plans.create(&self.key(), bytes).await?;
        Ok(())
    }

    /// Every bundle of `instance` with this closure, newest first; `None`: those that destroy it.
    ///
    /// # Errors
    /// [`PipelineError::Store`], [`PipelineError::BundleRead`].
    pub async fn find(plans: &Store, instance: &Instance, closure: Option<&str>) -> Result<Vec<Self>, PipelineError> {
        Self::below(plans, &Self::folder(instance, closure)).await
    }

    /// The newest bundle of `instance`, whatever its closure: to tell what differs.
    ///
    /// # Errors
    /// [`PipelineError::Store`], [`PipelineError::BundleRead`].
    pub async fn newest(plans: &Store, instance: &Instance) -> Result<Option<Self>, PipelineError> {
        Ok(Self::below(plans, &instance.key()).await?.into_iter().next())
    }

    async fn below(plans: &Store, folder: &str) -> Result<Vec<Self>, PipelineError> {
        let mut bundles = Vec::new();
        for key in plans.list(folder).await? {
            // Between list and get, somebody may have cleaned up.
            if let Some((bytes, _)) = plans.get(&key).await? {
                bundles.push(Self::unpack(&key, &bytes)?);
            }
        }
        bundles.sort_by_key(|bundle| std::cmp::Reverse(bundle.manifest.created));
        Ok(bundles)
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
    fn unpack(key: &str, bytes: &[u8]) -> Result<Self, PipelineError> {
        let broken = |source: BundleFormat| PipelineError::BundleRead { key: key.to_owned(), source };
        let read = |name: &str| -> Result<Vec<u8>, BundleFormat> {
            let mut archive = ZipArchive::new(Cursor::new(bytes))?;
            let mut content = Vec::new();
            archive.by_name(name)?.read_to_end(&mut content)?;
            Ok(content)
        };
        let manifest = read(MANIFEST).and_then(|text| {
            // The version first: another one may have other fields.
            let head: Version = serde_json::from_slice(&text)?;
            if head.version != VERSION {
                return Err(BundleFormat::Version(head.version));
            }
            Ok(serde_json::from_slice::<Manifest>(&text)?)
        });
        let manifest = manifest.map_err(broken)?;
        let plan = read(PLAN).map_err(broken)?;
        if hex(&Sha256::digest(&plan)) != manifest.plan_sha256 {
            return Err(broken(BundleFormat::Digest));
        }
        Ok(Self { manifest, plan })
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
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{platform::StackName, store::Location};

    fn bundle(plan: &[u8]) -> Bundle {
        let planned = Planned {
            instance: Instance { stack: StackName::new("eks-gc0").unwrap(), environment: "ops".parse().ok() },
            destroy: false,
            closure: "c0ffee".to_owned(),
            files: BTreeMap::from([("infra/eks-gc0/main.tf".to_owned(), "1".to_owned())]),
            commit: "abc".to_owned(),
            state: Some(StateVersion { lineage: "l".to_owned(), serial: 4 }),
            terraform: Program { product: "terraform".to_owned(), version: "1.11.4".to_owned() },
            changes: ChangeList::default(),
        };
        Bundle::new(planned, plan.to_vec())
    }

    #[tokio::test]
    async fn bundles_are_found_by_content_newest_first() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Location::Folder(folder.path().to_owned())).unwrap();
        let (one, two) = (bundle(b"one"), bundle(b"two"));
        one.save(&store).await.unwrap();
        one.save(&store).await.unwrap();
        two.save(&store).await.unwrap();
        let found = Bundle::find(&store, &one.manifest.instance, Some("c0ffee")).await.unwrap();
        assert_eq!(found, [two.clone(), one.clone()]);
        assert!(Bundle::find(&store, &one.manifest.instance, Some("other")).await.unwrap().is_empty());
        assert_eq!(Bundle::newest(&store, &one.manifest.instance).await.unwrap(), Some(two));
    }

    #[test]
    fn a_changed_plan_or_format_is_refused() {
        let mut tampered = bundle(b"one");
        tampered.plan = b"another".to_vec();
        let error = Bundle::unpack("k", &tampered.pack().unwrap()).unwrap_err();
        assert!(matches!(error, PipelineError::BundleRead { source: BundleFormat::Digest, .. }));
        let mut newer = bundle(b"one");
        newer.manifest.version = 2;
        let error = Bundle::unpack("k", &newer.pack().unwrap()).unwrap_err();
        assert!(matches!(error, PipelineError::BundleRead { source: BundleFormat::Version(2), .. }));
        assert!(matches!(
            Bundle::unpack("k", b"no zip").unwrap_err(),
            PipelineError::BundleRead { source: BundleFormat::Zip(_), .. }
        ));
    }
}
