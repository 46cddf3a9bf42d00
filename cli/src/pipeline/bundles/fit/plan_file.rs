//! The plan file against its bundle's manifest and the commit. The manifest is what a reviewer was shown, the plan file
//! is what Terraform applies: who can write to the plan store could bring them apart.

use std::collections::BTreeMap;

use crate::{
    platform::{Instance, layout},
    repo::{Snapshot, blob_id},
    terraform::{BackendSetting, PlanFile, PlanMode, Product},
};

use super::{Check, Field, listed};
use crate::pipeline::{
    PipelineError,
    bundle::{Manifest, StateVersion},
    compare,
    providers::{self, Provider},
};

/// The workspace of every state: instances are told apart by their keys.
const WORKSPACE: &str = "default";

/// What a plan file is held against.
pub(in crate::pipeline) struct Inside<'a> {
    /// The instance.
    pub(in crate::pipeline) instance: &'a Instance,
    /// The bundle's manifest.
    pub(in crate::pipeline) manifest: &'a Manifest,
    /// The plan file.
    pub(in crate::pipeline) plan: &'a PlanFile,
    /// The program that would apply.
    pub(in crate::pipeline) product: Product,
    /// Where the state of the instance belongs.
    pub(in crate::pipeline) backend: &'a [BackendSetting],
    /// The commit that has the files.
    pub(in crate::pipeline) snapshot: &'a Snapshot,
}

impl Inside<'_> {
    /// Every field that the plan file has an opinion on. [`Field::Changes`] is missing where only Terraform itself can
    /// read them.
    ///
    /// # Errors
    /// When the plan file or the repository cannot be read.
    pub(in crate::pipeline) fn checks(&self) -> Result<Vec<Check>, PipelineError> {
        let mut checks = vec![self.purpose(), self.configuration()?, self.state(), self.version()];
        checks.extend(self.providers()?);
        checks.extend([self.completeness(), self.backend()]);
        checks.extend(self.changes()?);
        Ok(checks)
    }

    fn purpose(&self) -> Check {
        let found = match self.plan.mode() {
            PlanMode::Normal => "a plan file that keeps the stack",
            PlanMode::Destroy => "a plan file that destroys the stack",
            PlanMode::RefreshOnly => "a plan file that only refreshes the state",
        };
        let (wanted, reviewed) = if self.manifest.destroy {
            (PlanMode::Destroy, "to destroy the stack")
        } else {
            (PlanMode::Normal, "to keep the stack")
        };
        Check {
            field: Field::Purpose,
            reviewed: reviewed.to_owned(),
            found: found.to_owned(),
            fits: self.plan.mode() == wanted,
        }
    }

    fn state(&self) -> Check {
        let text = |state: Option<&StateVersion>| match state {
            Some(StateVersion { lineage, serial }) => format!("lineage {lineage}, serial {serial}"),
            None => "none".to_owned(),
        };
        let inside = self.plan.state();
        let inside = (!inside.lineage.is_empty())
            .then(|| StateVersion { lineage: inside.lineage.clone(), serial: inside.serial });
        Check::same(Field::State, text(self.manifest.state.as_ref()), text(inside.as_ref()))
    }

    fn version(&self) -> Check {
        let name = |version: &str| format!("{} {version}", self.product);
        Check::same(Field::Terraform, name(&self.manifest.terraform.version), name(self.plan.terraform_version()))
    }

    /// Terraform writes the state where the plan file says, not where the commit does.
    fn backend(&self) -> Check {
        let nothing = || Check::same(Field::Backend, "as the plan file has it", "as the plan file has it");
        let Some(backend) = self.plan.backend() else { return nothing() };
        if backend.workspace != WORKSPACE {
            let workspace = |name: &str| format!("workspace `{name}`");
            return Check::same(Field::Backend, workspace(&backend.workspace), workspace(WORKSPACE));
        }
        let mut told = Vec::new();
        for setting in self.backend {
            let BackendSetting::Value { name, value } = setting else { continue };
            let Some(inside) = backend.setting(name) else { continue };
            if inside != value {
                let pair = |value: &str| format!("{name} `{value}`");
                return Check::same(Field::Backend, pair(inside), pair(value));
            }
            told.push(format!("{name} `{value}`"));
        }
        if told.is_empty() { nothing() } else { Check::same(Field::Backend, told.join(", "), told.join(", ")) }
    }

    fn completeness(&self) -> Check {
        let found = match (self.plan.errored(), self.plan.complete(self.product)) {
            (true, _) => "a plan that ended with an error",
            (_, false) => "a plan of a part of the stack",
            _ => "a complete plan",
        };
        Check::same(Field::Completeness, "a complete plan", found)
    }

    /// The lock file in the plan against the manifest and against the one that is committed. Terraform adds digests to
    /// the committed ones, for the platform it runs on, so the plan may have more.
    fn providers(&self) -> Result<Vec<Check>, PipelineError> {
        let inside = providers::locked(self.instance, self.plan.lock_file().unwrap_or_default())?;
        let mut checks = vec![provider_check(&self.manifest.providers, &inside, "the plan file")];
        let path = format!("{}/.terraform.lock.hcl", layout::stack(&self.instance.stack));
        if let Some(blob) = self.snapshot.read(&path)? {
            let mut committed = providers::locked(self.instance, &blob.bytes)?;
            for (address, provider) in &mut committed {
                if let Some(known) = inside.get(address).filter(|known| known.hashes.is_superset(&provider.hashes)) {
                    provider.hashes.clone_from(&known.hashes);
                }
            }
            // Terraform drops what the configuration does not use, and adds what it does.
            committed.retain(|address, _| inside.contains_key(address));
            let named = inside.iter().filter(|(address, _)| committed.contains_key(*address));
            let named = named.map(|(address, provider)| (address.clone(), provider.clone())).collect();
            checks.push(provider_check(&named, &committed, "the committed lock file"));
        }
        Ok(checks)
    }

    fn changes(&self) -> Result<Option<Check>, PipelineError> {
        let mut inside = match self.plan.changes(self.product) {
            Ok(list) => list,
            Err(error) if error.is_declined() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        inside.keep_answered_drift();
        let differences = compare::differences(&self.manifest.changes, &inside);
        Ok(Some(compare::check(&self.manifest.changes, &inside, &differences)))
    }

    /// What Terraform would apply is what Git holds, whatever the bundle's manifest claims.
    fn configuration(&self) -> Result<Check, PipelineError> {
        let files = self.plan.configuration(&layout::stack(&self.instance.stack))?.files;
        let count = format!("{} {}", files.len(), if files.len() == 1 { "file" } else { "files" });
        for (path, embedded) in files {
            let found = match self.snapshot.read(&path)? {
                Some(blob) if blob.id == blob_id(&embedded) => continue,
                Some(_) => "other content in the commit",
                None => "no such file in the commit",
            };
            let reviewed = format!("`{path}` as the plan holds it");
            return Ok(Check { field: Field::Configuration, reviewed, found: found.to_owned(), fits: false });
        }
        Ok(Check::same(Field::Configuration, &count, &count))
    }
}

fn provider_check(reviewed: &BTreeMap<String, Provider>, found: &BTreeMap<String, Provider>, place: &str) -> Check {
    let mut different: Vec<&String> = reviewed.keys().chain(found.keys()).collect();
    different.retain(|address| reviewed.get(*address) != found.get(*address));
    let Some(first) = different.first() else {
        let names: Vec<String> =
            reviewed.iter().map(|(name, provider)| format!("{name} {}", provider.version)).collect();
        let names = if names.is_empty() { "none".to_owned() } else { listed(&names) };
        return Check::same(Field::Providers, &names, &names);
    };
    let text = |providers: &BTreeMap<String, Provider>| match providers.get(*first) {
        Some(provider) => format!("`{first}` {}", provider.version),
        None => format!("no `{first}`"),
    };
    let (reviewed, mut found) = (text(reviewed), text(found));
    if reviewed == found {
        found.push_str(" with other digests");
    }
    Check { field: Field::Providers, reviewed, found: format!("{found} in {place}"), fits: false }
}
