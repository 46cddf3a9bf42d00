//! All policies of a platform, ready to judge.

use std::collections::BTreeSet;

use crate::{
    closure::load_platform,
    platform::{EnvironmentName, Instance, Level, Platform, Policy, is_protected_address, is_protected_type},
    render::RegistryDiff,
    repo::{CommitId, Repository, Snapshot},
    terraform::{ChangeList, ResourceChange},
};

use super::{
    Finding, PolicyError, Words, input, objects,
    rego::{self, Rules},
    rules,
};

/// The policies of one commit: the `policy` block of its `kstack.hcl` and its `policies/*.rego`.
#[derive(Debug, Clone)]
pub struct Policies {
    policy: Policy,
    protected: BTreeSet<EnvironmentName>,
    rego: Option<Rules>,
}

/// What a plan does, to be judged.
#[derive(Debug, Clone, Copy)]
pub struct Planned<'a> {
    /// The instance.
    pub instance: &'a Instance,
    /// Whether its stack is removed.
    pub destroy: bool,
    /// What the plan does.
    pub changes: &'a ChangeList,
    /// Addresses (with `*`) that the stack protects.
    pub protect: &'a [String],
    /// What was allowed with a word.
    pub words: &'a Words,
}

impl Policies {
    /// Reads and compiles the policies of `platform`, which is that of `snapshot`.
    ///
    /// # Errors
    /// [`PolicyError::Compile`] with file and line; [`PolicyError::Repo`].
    pub fn load(snapshot: &Snapshot, platform: &Platform) -> Result<Self, PolicyError> {
        let mut files = Vec::new();
        for path in platform.policy.files.keys() {
            let Some(blob) = snapshot.read(path)? else { continue };
            files.push((path.clone(), text(path, blob.bytes)?));
        }
        Self::of(platform, &files)
    }

    /// The policies of a commit.
    ///
    /// # Errors
    /// As [`Policies::load`]; a commit without a platform.
    pub fn of_commit(repository: &Repository, commit: CommitId) -> Result<Self, PolicyError> {
        let snapshot = repository.commit_snapshot(commit)?;
        Self::load(&snapshot, &load_platform(&snapshot)?)
    }

    /// The policies of `platform` with these files of Rego: path and text.
    ///
    /// # Errors
    /// [`PolicyError::Compile`] with file and line.
    pub fn of(platform: &Platform, files: &[(String, String)]) -> Result<Self, PolicyError> {
        let rego = match files {
            [] => None,
            files => Some(Rules::compile(files.iter().map(|(path, text)| (path.as_str(), text.as_str())))?),
        };
        let protected = platform.environments.iter().filter(|environment| environment.protected);
        Ok(Self {
            policy: platform.policy.clone(),
            protected: protected.map(|environment| environment.name.clone()).collect(),
            rego,
        })
    }

    /// The paths of the rules in Rego, with their levels.
    pub fn own(&self) -> impl Iterator<Item = &(Level, String)> {
        self.rego.iter().flat_map(|rules| &rules.asked)
    }

    /// What the rules say of a plan; what is refused comes first.
    pub fn judge(&self, planned: &Planned<'_>) -> Vec<Finding> {
        let Planned { instance, destroy, changes, words, .. } = *planned;
        let protected = instance.environment.as_ref().is_some_and(|name| self.protected.contains(name));
        let mut findings: Vec<Finding> =
            changes.resources.iter().flat_map(|change| rules::judge(&self.policy, change, protected)).collect();
        let level = self.policy.level("protected");
        if level != Level::Off {
            let lost = self.protected_losses(planned).filter(|change| !words.allow_destroy(&change.address));
            findings.extend(lost.map(|change| unallowed(level, &change.address)));
        }
        if let Some(rego) = &self.rego {
            findings.extend(rego.judge(&input::of_plan(instance, destroy, protected, changes)));
        }
        findings.iter_mut().for_each(|finding| finding.instance = Some(instance.clone()));
        sorted(findings)
    }

    /// What the rules say of the objects of a registry that are new or changed.
    pub fn judge_objects(&self, registry: &RegistryDiff) -> Vec<Finding> {
        let changed = registry.difference.objects.iter();
        let mut findings: Vec<Finding> =
            changed.flat_map(|object| objects::judge(&self.policy, &registry.registry, object)).collect();
        if let Some(rego) = self.rego.as_ref().filter(|_| !registry.difference.objects.is_empty()) {
            let protected = self.protected.contains(&registry.registry.environment);
            let mut found = rego.judge(&input::of_objects(registry, protected));
            for finding in found.iter_mut().filter(|finding| finding.address.is_none()) {
                finding.address = Some(registry.registry.path());
            }
            findings.extend(found);
        }
        sorted(findings)
    }

    /// What is destroyed or replaced though the platform or the stack protects it.
    pub fn protected_losses<'a>(&'a self, planned: &'a Planned<'_>) -> impl Iterator<Item = &'a ResourceChange> {
        planned.changes.resources.iter().filter(|change| {
            change.action.destroys()
                && (is_protected_type(&self.policy.protect, &change.resource_type)
                    || is_protected_address(planned.protect, &change.address))
        })
    }
}

/// That something protected goes without a word.
fn unallowed(level: Level, address: &str) -> Finding {
    Finding::new(level, "protected", "it is protected, and would be lost").at(address).with_help(format!(
        "if that is meant, write the line `{}{address}` into the pull request's description",
        super::words::ALLOW_DESTROY
    ))
}

fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort();
    findings.dedup();
    findings
}

/// The text of a file of Rego.
pub(super) fn text(path: &str, bytes: Vec<u8>) -> Result<String, PolicyError> {
    if bytes.len() > rego::FILE_LIMIT {
        return Err(PolicyError::TooLarge { path: path.to_owned(), limit: rego::FILE_LIMIT });
    }
    String::from_utf8(bytes).map_err(|_| PolicyError::NotText { path: path.to_owned() })
}
