//! Providers: programs from elsewhere, which planning starts.

use std::collections::{BTreeMap, BTreeSet};

use hcl_edit::Span as _;

use crate::{
    closure::Closure,
    hcl::Document,
    platform::{Level, layout},
    policy::{Finding, PolicyError},
    repo::Snapshot,
};

use super::{Examined, Guarded, files::read, stacks::Module};

/// The registries whose providers are named without their host.
const PUBLIC: [&str; 2] = ["registry.terraform.io/", "registry.opentofu.org/"];
const LOCK_FILE: &str = ".terraform.lock.hcl";

/// The providers that the lock files of the reviewed states have.
pub(super) fn locked(change: &Guarded<'_>) -> Result<BTreeSet<String>, PolicyError> {
    let mut locked = BTreeSet::new();
    if change.policy().providers.is_none() {
        for snapshot in change.reviewed() {
            for file in snapshot.files(layout::INFRA)?.iter().filter(|file| file.path.ends_with(LOCK_FILE)) {
                locked.extend(of_lock_file(snapshot, &file.path)?.into_iter().map(|(address, _)| address));
            }
        }
    }
    Ok(locked)
}

/// Every provider that the instance of `closure` would start: what its lock file has, what its modules require, and what
/// their resources imply.
pub(super) fn examine(
    change: &Guarded<'_>,
    closure: &Closure,
    modules: &BTreeMap<String, Module>,
    locked: &BTreeSet<String>,
    examined: &mut Examined,
) -> Result<(), PolicyError> {
    let mut wanted: BTreeMap<String, (String, Option<usize>)> = BTreeMap::new();
    for path in closure.files.keys().filter(|path| path.rsplit('/').next() == Some(LOCK_FILE)) {
        for (address, line) in of_lock_file(change.head, path)? {
            wanted.entry(address).or_insert_with(|| (path.clone(), line));
        }
    }
    for files in modules.values() {
        let facts: Vec<_> =
            files.iter().filter_map(|(path, facts)| Some((path, facts.as_ref().as_ref().ok()?))).collect();
        let mut required = BTreeSet::new();
        for (path, facts) in &facts {
            for (local, entry) in &facts.required {
                required.insert(local.as_str());
                let address = plain(&entry.source);
                wanted.entry(address).or_insert_with(|| ((*path).clone(), entry.line));
            }
        }
        for (path, facts) in &facts {
            for local in facts.used.iter().filter(|local| !required.contains(local.as_str())) {
                wanted.entry(format!("hashicorp/{local}")).or_insert_with(|| ((*path).clone(), None));
            }
        }
    }
    for (address, (path, line)) in wanted {
        examined.findings.extend(verdict(change, &address, locked).map(|finding| finding.in_file(path, line)));
    }
    Ok(())
}

fn verdict(change: &Guarded<'_>, address: &str, locked: &BTreeSet<String>) -> Option<Finding> {
    // Built into Terraform itself.
    if ["hashicorp/terraform", "terraform.io/builtin/terraform"].contains(&address) {
        return None;
    }
    let policy = change.policy();
    if !policy.allows_provider(address) {
        let help = format!(
            "to trust it, add `{address}` to `policy.providers` of `kstack.hcl` on the branch that this goes to"
        );
        return Some(
            Finding::new(Level::Deny, "provider", format!("the platform does not allow provider `{address}`"))
                .with_help(help),
        );
    }
    (policy.providers.is_none() && !locked.contains(address)).then(|| {
        Finding::new(Level::Warn, "provider", format!("provider `{address}` is new to the platform"))
            .with_help("`policy.providers` of `kstack.hcl` would say which ones may be started")
    })
}

/// An address without the host of a public registry, in the case in which Terraform reads it.
fn plain(address: &str) -> String {
    let address = address.to_lowercase();
    PUBLIC.iter().find_map(|host| address.strip_prefix(host)).unwrap_or(&address).to_owned()
}

/// Addresses and lines of a lock file.
fn of_lock_file(snapshot: &Snapshot, path: &str) -> Result<Vec<(String, Option<usize>)>, PolicyError> {
    let Some(bytes) = read(snapshot, path)? else { return Ok(Vec::new()) };
    // One that is none is refused where it is used.
    let Ok(document) = Document::parse(path, String::from_utf8_lossy(&bytes)) else { return Ok(Vec::new()) };
    let of = |block: &hcl_edit::structure::Block| {
        let address = plain(block.labels.first().map_or("", |label| label.as_str()));
        (address, block.ident.span().map(|span| document.file().line_of(span.start)))
    };
    Ok(document.body().get_blocks("provider").map(of).collect())
}
