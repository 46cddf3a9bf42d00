//! What a snapshot of the repository holds: the platform and its stacks.

use std::collections::BTreeMap;

use super::ClosureError;
use crate::{
    hcl::nearest,
    platform::{BuriedStack, Instance, Platform, Stack, StackName, StackSettings, check_stacks, layout},
    repo::{FoundNode, Mode, RepoError, Snapshot},
};

/// The platform and all its stacks.
#[derive(Debug, Clone)]
pub struct Inventory {
    /// What `kstack.hcl` says.
    pub platform: Platform,
    /// The stacks, sorted by name.
    pub stacks: Vec<Stack>,
}

impl Inventory {
    /// Reads `kstack.hcl` and every `stack.hcl`.
    ///
    /// # Errors
    /// As [`load_platform`] and [`load_stacks`].
    pub fn load(snapshot: &Snapshot) -> Result<Self, ClosureError> {
        let platform = load_platform(snapshot)?;
        let stacks = load_stacks(snapshot, &platform)?;
        Ok(Self { platform, stacks })
    }

    /// Every instance: stacks by name, environments in the order of promotion.
    pub fn instances(&self) -> Vec<Instance> {
        self.stacks.iter().flat_map(|stack| stack.instances(&self.platform.environments)).collect()
    }

    /// The stack called `name`.
    ///
    /// # Errors
    /// [`ClosureError::UnknownStack`] with the nearest name.
    pub fn stack(&self, name: &str) -> Result<&Stack, ClosureError> {
        // Every closure asks: a search through all stacks would make thousands of them cost the square.
        let found = self.stacks.binary_search_by(|stack| stack.name.as_str().cmp(name));
        found.ok().and_then(|index| self.stacks.get(index)).ok_or_else(|| {
            let near = nearest(name, self.stacks.iter().map(|stack| stack.name.as_str())).map(str::to_owned);
            ClosureError::UnknownStack { name: name.to_owned(), near }
        })
    }
}

/// Reads `kstack.hcl`.
///
/// # Errors
/// When it is missing, or has problems: all of them, each at its line.
pub fn load_platform(snapshot: &Snapshot) -> Result<Platform, ClosureError> {
    let text = read_text(snapshot, layout::PLATFORM_FILE)?.ok_or_else(|| ClosureError::NoPlatform {
        path: layout::PLATFORM_FILE,
        state: snapshot.commit().map_or("the work tree".to_owned(), |id| format!("commit `{}`", id.short())),
    })?;
    let mut platform = Platform::parse(layout::PLATFORM_FILE, &text)?;
    platform.policy.files = policy_files(snapshot)?;
    Ok(platform)
}

/// The files of Rego below `policies/` that hold rules, each with its blob. Links are none: what they lead to may lie
/// anywhere.
fn policy_files(snapshot: &Snapshot) -> Result<BTreeMap<String, String>, ClosureError> {
    let Some(Mode::Folder) =
        snapshot.list("")?.into_iter().flatten().find(|it| it.name == layout::POLICIES).map(|it| it.mode)
    else {
        return Ok(BTreeMap::new());
    };
    let files = snapshot.files(layout::POLICIES)?.into_iter();
    let rules = files.filter(|file| file.mode.is_file() && layout::is_policy(&file.path));
    Ok(rules.map(|file| (file.path, file.id.to_string())).collect())
}

/// Finds the stacks: the folders of `infra/` that hold Terraform files.
///
/// # Errors
/// A folder whose name no stack can have, a `stack.hcl` with problems, or stacks that do not go together.
pub fn load_stacks(snapshot: &Snapshot, platform: &Platform) -> Result<Vec<Stack>, ClosureError> {
    let mut stacks = Vec::new();
    for entry in snapshot.list(layout::INFRA)?.unwrap_or_default() {
        let folder = format!("{}/{}", layout::INFRA, entry.name);
        // A symlink that leads nowhere useful is no stack; one to a folder is.
        let found = match snapshot.lookup(&folder) {
            Err(RepoError::Escapes { .. } | RepoError::LinkLoop { .. }) => None,
            other => other?,
        };
        let Some(FoundNode::Folder(tree)) = found.map(|found| found.node) else { continue };
        if !tree.entries().any(|entry| is_configuration(&entry.name)) {
            continue;
        }
        let name = StackName::new(entry.name).map_err(|source| ClosureError::StackName { folder, source })?;
        let settings = stack_settings(snapshot, &name)?;
        stacks.push(Stack { name, settings });
    }
    let problems = check_stacks(Some(&platform.environments), &stacks);
    if problems.is_empty() { Ok(stacks) } else { Err(ClosureError::Stacks { problems }) }
}

/// Folders below `infra/` that look like stacks and are none.
///
/// # Errors
/// When a file cannot be read.
pub fn buried_stacks(snapshot: &Snapshot) -> Result<Vec<BuriedStack>, ClosureError> {
    let mut files = Vec::new();
    for entry in snapshot.files(layout::INFRA)? {
        // A symlink may lead out of the repository; a name that is not Terraform's needs no reading.
        if entry.mode != Mode::Link
            && (is_configuration(&entry.path) || entry.path.ends_with(layout::STACK_FILE))
            && let Some(blob) = snapshot.read(&entry.path)?
            && let Ok(text) = String::from_utf8(blob.bytes)
        {
            files.push((entry.path, text));
        }
    }
    Ok(BuriedStack::find(files.iter().map(|(path, text)| (path.as_str(), text.as_str()))))
}

fn stack_settings(snapshot: &Snapshot, name: &StackName) -> Result<StackSettings, ClosureError> {
    let path = format!("{}/{}", layout::stack(name), layout::STACK_FILE);
    match read_text(snapshot, &path)? {
        Some(text) => Ok(StackSettings::parse(&path, &text)?),
        None => Ok(StackSettings::default()),
    }
}

pub(super) fn read_text(snapshot: &Snapshot, path: &str) -> Result<Option<String>, ClosureError> {
    let Some(blob) = snapshot.read(path)? else { return Ok(None) };
    String::from_utf8(blob.bytes).map(Some).map_err(|_| ClosureError::NotText { path: path.to_owned() })
}

/// Whether Terraform or OpenTofu reads a file of this name as configuration.
pub(super) fn is_configuration(name: &str) -> bool {
    [".tf", ".tf.json", ".tofu", ".tofu.json"].iter().any(|ending| name.ends_with(ending))
}

/// Whether the blocks of a configuration file of this path change those of other files instead of adding to them.
pub(super) fn is_override(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let name = name.split('.').next().unwrap_or_default();
    name == "override" || name.ends_with("_override")
}

/// Whether Terraform reads a file with values of variables without being told to.
pub(super) fn is_automatic(name: &str) -> bool {
    let name = name.strip_suffix(".json").unwrap_or(name);
    name == "terraform.tfvars" || name.ends_with(".auto.tfvars")
}
