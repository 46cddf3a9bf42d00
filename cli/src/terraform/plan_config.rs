//! The configuration inside a saved plan: which files of the tree it was made from.
//!
//! `tfconfig/modules.json` lists every module call with its key (`""` for the root, `a.b` for a call within a
//! call) and the folder it was loaded from, relative to the folder that Terraform ran in or absolute;
//! `tfconfig/m-<key>/` has the `.tf` and `.tf.json` files of that folder. Files that are only
//! read by functions or given as arguments (`templatefile`, variable files) are not in it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::PlanFileError;

const FOLDER: &str = "tfconfig/";
const MANIFEST: &str = "tfconfig/modules.json";
const MODULE: &str = "tfconfig/m-";

/// The configuration files that a plan was made from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Configuration {
    /// Files of the tree, by path from its root.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Files of modules that were loaded from outside the tree, by module key and name, such as `vpc/main.tf`.
    pub remote: BTreeMap<String, Vec<u8>>,
}

#[derive(Deserialize)]
struct Module {
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "Dir")]
    directory: String,
}

/// Whether a member of the plan file belongs to the configuration.
pub(super) fn is_part(name: &str) -> bool {
    name.starts_with(FOLDER)
}

/// Maps the members to paths of a tree in whose folder `stack` Terraform ran.
pub(super) fn read(members: &BTreeMap<String, Vec<u8>>, stack: &str) -> Result<Configuration, PlanFileError> {
    let manifest = members.get(MANIFEST).map(Vec::as_slice).unwrap_or_default();
    let modules: Vec<Module> = serde_json::from_slice(manifest)
        .map_err(|source| PlanFileError::Member { member: MANIFEST.to_owned(), source: source.into() })?;
    let folders: BTreeMap<_, _> =
        modules.iter().map(|module| (module.key.as_str(), module.directory.as_str())).collect();
    let mut configuration = Configuration::default();
    for (member, bytes) in members {
        let Some((key, name)) = member.strip_prefix(MODULE).and_then(|rest| rest.rsplit_once('/')) else { continue };
        let folder = folders.get(key).ok_or_else(|| {
            PlanFileError::Unsupported(format!("files of the module `{key}`, which it does not list"))
        })?;
        match within(stack, folder) {
            Some(folder) => {
                let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
                configuration.files.insert(path, bytes.clone());
            }
            None => drop(configuration.remote.insert(format!("{key}/{name}"), bytes.clone())),
        }
    }
    Ok(configuration)
}

/// `folder`, seen from `stack`, as a path from the tree's root; `None` if it lies outside.
fn within(stack: &str, folder: &str) -> Option<String> {
    if folder.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in stack.split('/').chain(folder.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn module_folders_become_paths_of_the_tree() {
        let manifest = r#"[{"Key":"","Dir":"."},{"Key":"c","Source":"../../modules/c","Dir":"../../modules/c"},
            {"Key":"c.vpc","Source":"x","Dir":"/data/terraform/modules/c.vpc"},{"Key":"up","Dir":"../../../up"}]"#;
        let member = |name: &str| (format!("tfconfig/{name}"), name.as_bytes().to_vec());
        let mut members: BTreeMap<_, _> =
            ["m-/main.tf", "m-c/main.tf", "m-c/b.tf.json", "m-c.vpc/main.tf", "m-up/main.tf"].map(member).into();
        members.insert(MANIFEST.into(), manifest.into());
        let configuration = read(&members, "infra/eks").unwrap();
        let files: Vec<_> = configuration.files.keys().map(String::as_str).collect();
        assert_eq!(files, ["infra/eks/main.tf", "modules/c/b.tf.json", "modules/c/main.tf"]);
        let remote: Vec<_> = configuration.remote.keys().map(String::as_str).collect();
        assert_eq!(remote, ["c.vpc/main.tf", "up/main.tf"]);
    }

    #[test]
    fn unlisted_files_are_refused() {
        let members = [(MANIFEST.to_owned(), b"[]".to_vec()), ("tfconfig/m-x/main.tf".to_owned(), Vec::new())].into();
        assert!(read(&members, "").is_err());
    }
}
