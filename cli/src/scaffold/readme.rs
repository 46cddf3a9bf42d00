//! The table of services in the platform's README, where it still has one.

use std::collections::BTreeSet;

use super::{Workspace, registry};
use crate::platform::layout;

const README: &str = "README.md";

/// Adds a row for the service called `name` after those of other services, unless it has one.
pub(super) fn list(workspace: &mut Workspace, name: &str, description: &str) {
    let has = |listed: &super::Listed| listed.name == name && listed.file.ends_with(registry::SERVICES);
    let all = workspace.registries();
    let with: BTreeSet<&str> = all
        .iter()
        .filter(|registry| workspace.listed(registry).iter().any(has))
        .map(|registry| registry.cluster.as_str())
        .collect();
    let clusters = match all.iter().all(|registry| with.contains(registry.cluster.as_str())) {
        true => "all".to_owned(),
        false => with.iter().map(|cluster| format!("`{cluster}`")).collect::<Vec<_>>().join(", "),
    };
    let Some(text) = workspace.files.get_mut(README) else { return };
    let folder = format!("{}/{name}", layout::SERVICES);
    if text.lines().any(|line| is_row(line, &folder)) {
        return;
    }
    let mut end = None;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        offset += line.len();
        if line.starts_with(&format!("| `{}/", layout::SERVICES)) && line.ends_with('\n') {
            end = Some(offset);
        }
    }
    if let Some(end) = end {
        text.insert_str(end, &format!("| `{folder}` | {} | {clusters} |\n", description.replace('|', "\\|")));
    }
}

/// Takes the row of `folder` away.
pub(super) fn unlist(workspace: &mut Workspace, folder: &str) {
    if let Some(text) = workspace.files.get_mut(README) {
        *text = text.split_inclusive('\n').filter(|line| !is_row(line, folder)).collect();
    }
}

fn is_row(line: &str, folder: &str) -> bool {
    line.starts_with(&format!("| `{folder}` |"))
}
