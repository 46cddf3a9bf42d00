//! The rendered difference of two snapshots, as `diff` and `ci` show it.

use std::{ffi::OsStr, path::PathBuf};

use crate::{
    closure::load_platform,
    error::{CliError, ErrorKind},
    render::{Kustomize, Registry, RegistryDiff, RenderError, RenderSettings, Renderer, Values},
    repo::Snapshot,
    sandbox::{Component, ComponentSettings, Components, Obtain},
};

use super::Context;

/// Renders the registries that `wanted` names on both sides; in the order of promotion.
///
/// # Errors
/// When there is no kustomize, or a side cannot be exported. A registry that does not render is part of the result.
pub fn differences(
    context: &Context<'_>,
    base: Option<&Snapshot>,
    head: &Snapshot,
    wanted: impl Fn(&Registry) -> bool,
) -> Result<Vec<RegistryDiff>, CliError> {
    let environments = load_platform(head)?.environments;
    let program = kustomize(context)?;
    let parallelism = std::thread::available_parallelism().map_or(2, usize::from);
    let renderer = Renderer::new(program, RenderSettings { cache: Some(context.cache()?.join("render")), parallelism });
    let exports = tempfile::tempdir().map_err(|error| CliError::new(ErrorKind::External, error))?;
    let export = |snapshot: &Snapshot, name: &str| -> Result<PathBuf, CliError> {
        let folder = exports.path().join(name);
        for link in snapshot.export(&folder)?.left_out {
            context.ui.warn(&format!("`{}` is a link out of the repository and is left out", link.path));
        }
        Ok(folder)
    };
    let base = base.map(|base| export(base, "base")).transpose()?;
    let head = export(head, "head")?;
    let task = context.ui.progress().task("rendering");
    let compared = renderer.compare_all(base.as_deref(), Some(&head), wanted, |_| Values::new());
    let mut diffs = context.block_on(compared)?;
    drop(task);
    if let Err(error) = renderer.tidy() {
        context.ui.warn(&format!("the cache of rendered objects cannot be tidied up: {error}"));
    }
    diffs.sort_by_key(|diff| {
        // Environments that the platform no longer has come last.
        let at = environments.iter().position(|environment| environment.name == diff.registry.environment);
        (at.unwrap_or(environments.len()), diff.registry.clone())
    });
    Ok(diffs)
}

/// The user's kubectl or kustomize; where there is none, the kubectl that came with the programs of the sandbox.
fn kustomize(context: &Context<'_>) -> Result<Kustomize, CliError> {
    let variable = |name| std::env::var_os(name);
    let find = |setting: Option<&OsStr>| Kustomize::find(setting, variable("PATH").as_deref());
    match find(variable("KSTACK_KUSTOMIZE").as_deref()) {
        Err(error @ RenderError::NoProgram) => {
            let settings = ComponentSettings {
                assets: variable("KSTACK_ASSETS").map(|folder| context.directory.join(folder)),
                cache: context.components()?,
                obtain: Obtain::default(),
            };
            match Components::new(&settings, &|_| {}).present(Component::Kubectl)? {
                Some(kubectl) => Ok(find(Some(kubectl.as_os_str()))?),
                None => Err(error.into()),
            }
        }
        found => Ok(found?),
    }
}
