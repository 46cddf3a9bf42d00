//! The closure of an instance.

use std::collections::BTreeMap;

use super::{
    Closure, ClosureError, ClosureHash, Inventory, Memo, collect::Collector, difference::Difference, facts::Language,
    follow::Follow, inventory::is_configuration,
};
use crate::{
    platform::{Instance, Platform, StackName, layout},
    repo::{FoundNode, RepoError, Snapshot, in_parallel},
};

/// Works out the closure of `instance`.
///
/// What counts:
/// - every file of the stack's folder, at any depth. Terraform reads only some of them, but
///   provisioners, data sources and providers can read any, and nothing would show it;
/// - the configuration files of local modules, followed to any depth, and every path that an
///   expression reads or mentions: arguments of `file`, `templatefile`, `fileset` and their kin, and
///   texts with `path.module` or `..` in them. A folder counts with all that is in it;
/// - `environments/<environment>.tfvars` and `.tfbackend`; for a shared stack `environments/shared.*`;
/// - what `stack.hcl` watches, at any depth;
/// - of `kstack.hcl` only the `state` block that holds for the environment, because the backend is made from it. Triggers, policies
///   and the like decide when and whether something runs, not what the plan says.
///
/// Not: commits, the Terraform program, and modules or files outside the repository.
///
/// # Errors
/// When the repository cannot be read, or the stack does not exist. Files that cannot be understood
/// are no errors: they widen the closure.
pub fn closure_of(
    snapshot: &Snapshot,
    inventory: &Inventory,
    instance: &Instance,
    memo: &Memo,
) -> Result<Closure, ClosureError> {
    Ok(finished(followed(snapshot, inventory, instance, memo, None)?, inventory, instance))
}

/// The closure of `instance` if `difference` can have made it another one in the snapshot that it leads to.
pub(super) fn closure_if_met(
    snapshot: &Snapshot,
    inventory: &Inventory,
    instance: &Instance,
    memo: &Memo,
    difference: &Difference,
) -> Result<Option<Closure>, ClosureError> {
    let follow = followed(snapshot, inventory, instance, memo, Some(difference))?;
    Ok(follow.collector.met.then(|| finished(follow, inventory, instance)))
}

fn followed<'s>(
    snapshot: &'s Snapshot,
    inventory: &Inventory,
    instance: &Instance,
    memo: &'s Memo,
    difference: Option<&'s Difference>,
) -> Result<Follow<'s>, ClosureError> {
    let stack = inventory.stack(instance.stack.as_str())?;
    let mut follow = Follow::new(snapshot, memo, difference);
    follow.stack(stack)?;
    follow.environment(instance)?;
    follow.everything()?;
    Ok(follow)
}

fn finished(follow: Follow<'_>, inventory: &Inventory, instance: &Instance) -> Closure {
    let settings = settings(&inventory.platform, instance);
    let Collector { files, notices, .. } = follow.collector;
    Closure {
        hash: ClosureHash::of(instance, &settings, &files),
        instance: instance.clone(),
        files,
        settings,
        modules: follow.modules,
        upstream: follow.upstream,
        notices,
    }
}

/// The closures of `instances`, in their order, on all cores.
///
/// # Errors
/// As [`closure_of`].
pub fn closures(
    snapshot: &Snapshot,
    inventory: &Inventory,
    instances: &[Instance],
    memo: &Memo,
) -> Result<Vec<Closure>, ClosureError> {
    in_parallel(instances, |instance| closure_of(snapshot, inventory, instance, memo))
}

/// Whether a stack is a cluster stack: it has an output `cluster`.
///
/// # Errors
/// When the repository cannot be read.
pub fn is_cluster(snapshot: &Snapshot, stack: &StackName, memo: &Memo) -> Result<bool, ClosureError> {
    let folder = layout::stack(stack);
    for entry in snapshot.list(&folder)?.unwrap_or_default() {
        let Some(language) = Language::of(&entry.name).filter(|_| is_configuration(&entry.name)) else { continue };
        let found = match snapshot.lookup(&format!("{folder}/{}", entry.name)) {
            Err(RepoError::Escapes { .. } | RepoError::LinkLoop { .. }) => None,
            found => found?,
        };
        if let Some(FoundNode::File { id, .. }) = found.map(|found| found.node)
            && memo.facts(snapshot, id, language)?.outputs.contains("cluster")
        {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn settings(platform: &Platform, instance: &Instance) -> BTreeMap<String, String> {
    let state = platform.backend_of(instance.environment.as_ref()).to_string();
    BTreeMap::from([(format!("{}#state", layout::PLATFORM_FILE), state)])
}
