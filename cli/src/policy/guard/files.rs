//! Names, links and files that programs read without being told to.

use std::collections::BTreeMap;

use crate::{
    platform::{Level, layout},
    policy::{Finding, PolicyError},
    repo::{FileEntry, Mode, ObjectId, RepoError, Snapshot},
};

use super::{Examined, Guarded};

/// Settings of Terraform and OpenTofu, and folders that they take programs from: nobody commits them by right.
const SETTINGS: [&str; 6] = [".terraform", ".terraformrc", "terraform.rc", ".tofurc", "tofu.rc", "terraform.d"];

/// Where CI systems look for what to run.
const WORKFLOWS: [&str; 9] = [
    ".github/",
    ".gitlab-ci",
    ".gitlab/",
    ".gitea/",
    ".forgejo/",
    ".woodpecker",
    ".circleci/",
    "azure-pipelines",
    "Jenkinsfile",
];

/// What Terraform reads or starts from.
const FOLDERS: [&str; 4] = [layout::INFRA, layout::MODULES, layout::ENVIRONMENTS, layout::POLICIES];

pub(super) fn examine(change: &Guarded<'_>, examined: &mut Examined) -> Result<(), PolicyError> {
    let files = change.head.files("")?;
    let base = change.base.map(|base| base.files("")).transpose()?.unwrap_or_default();
    let known: BTreeMap<&str, (Mode, ObjectId)> =
        base.iter().map(|file| (file.path.as_str(), (file.mode, file.id))).collect();
    let is_new = |file: &&FileEntry| known.get(file.path.as_str()) != Some(&(file.mode, file.id));
    for file in files.iter().filter(is_new) {
        name(file, examined);
        values(file, examined);
        if file.mode == Mode::Link {
            link(change, file, examined)?;
        }
        if let Some(message) = pipeline(&file.path, known.contains_key(file.path.as_str())) {
            examined.pipeline.push(Finding::new(Level::Warn, "pipeline", message).in_file(&file.path, None));
        }
    }
    let still: BTreeMap<&str, Mode> = files.iter().map(|file| (file.path.as_str(), file.mode)).collect();
    for file in base.iter().filter(|file| !still.contains_key(file.path.as_str())) {
        if let Some(message) = pipeline(&file.path, true) {
            examined.pipeline.push(Finding::new(Level::Warn, "pipeline", message).in_file(&file.path, None));
        }
    }
    Ok(())
}

/// Names that a program could take for something else.
fn name(file: &FileEntry, examined: &mut Examined) {
    let mut deny = |rule: &str, message: String, help: &str| {
        examined.findings.push(Finding::new(Level::Deny, rule, message).in_file(&file.path, None).with_help(help));
    };
    for part in file.path.split('/') {
        if part.starts_with('-') {
            deny("name", format!("`{part}` looks like an option"), "give it another name");
        } else if SETTINGS.contains(&part) {
            deny(
                "terraform-settings",
                format!("`{part}` would change where providers come from, or which state is used"),
                "remove it: kstack writes such settings itself",
            );
        } else if part.chars().any(|c| c.is_control() || "$`;&|<>\\\"'*?!#\u{202e}".contains(c))
            && FOLDERS.iter().any(|folder| file.path.starts_with(&format!("{folder}/")))
        {
            deny(
                "name",
                format!("`{}` has characters that a shell acts on", part.escape_debug()),
                "give it another name",
            );
        }
    }
}

/// Values and blocks that Terraform takes without being told to.
fn values(file: &FileEntry, examined: &mut Examined) {
    let Some((folder, name)) = file.path.rsplit_once('/') else { return };
    if !folder.starts_with(layout::INFRA) && !folder.starts_with(layout::MODULES) {
        return;
    }
    let plain = name.strip_suffix(".json").unwrap_or(name);
    let stem = name.split('.').next().unwrap_or_default();
    let message = if plain == "terraform.tfvars" || plain.ends_with(".auto.tfvars") {
        "Terraform takes these values in every environment without being told to"
    } else if [".tf", ".tofu"].iter().any(|ending| plain.ends_with(ending))
        && (stem == "override" || stem.ends_with("_override"))
    {
        "what stands here changes blocks of other files"
    } else {
        return;
    };
    examined.findings.push(Finding::new(Level::Warn, "quiet-file", message).in_file(&file.path, None));
}

/// Symbolic links: what they lead to is not what a reviewer sees.
fn link(change: &Guarded<'_>, file: &FileEntry, examined: &mut Examined) -> Result<(), PolicyError> {
    let leads = match change.head.lookup(&file.path) {
        Err(RepoError::Escapes { .. } | RepoError::LinkLoop { .. }) => {
            let finding = Finding::new(Level::Deny, "link-out", "the link leads out of the repository, or in circles");
            examined.findings.push(finding.in_file(&file.path, None).with_help("commit the file itself"));
            return Ok(());
        }
        leads => leads?,
    };
    let in_folders = FOLDERS.iter().any(|folder| file.path.starts_with(&format!("{folder}/")));
    let is_file = leads.is_some_and(|found| matches!(found.node, crate::repo::FoundNode::File { .. }));
    if (in_folders && !is_file) || file.path.starts_with(layout::POLICIES) || FOLDERS.contains(&file.path.as_str()) {
        let message = "a link stands where a folder of its own should".to_owned();
        examined.findings.extend(change.construct("link", &file.path, None, message));
    }
    Ok(())
}

/// What a file has to do with how changes are planned and applied; `known`: it is in the base.
fn pipeline(path: &str, known: bool) -> Option<&'static str> {
    if WORKFLOWS.iter().any(|place| path.starts_with(place)) {
        Some("the workflow changes")
    } else if path.starts_with(&format!("{}/", layout::POLICIES)) {
        Some("the policies change")
    } else if path.starts_with(&format!("{}/", layout::ENVIRONMENTS)) && path.ends_with(".tfbackend") && known {
        Some("the place of the state changes")
    } else {
        None
    }
}

/// The text of the file at `path`, in a state of the repository that has it.
pub(super) fn read(snapshot: &Snapshot, path: &str) -> Result<Option<Vec<u8>>, PolicyError> {
    match snapshot.read(path) {
        Err(RepoError::Escapes { .. } | RepoError::LinkLoop { .. }) => Ok(None),
        read => Ok(read?.map(|blob| blob.bytes)),
    }
}
