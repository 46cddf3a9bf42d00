//! What commands that change a platform's files share: which clusters, and previewing or writing.

use std::{collections::BTreeMap, path::Path};

use super::Context;
use crate::{
    check::{Files, Sources},
    error::CliError,
    platform::configuration::Cluster,
    scaffold::{Assets, Provider, Registry, Selection, Workspace},
    ui::edits,
};

/// Which registries a change is about.
#[derive(Debug, clap::Args)]
pub struct SelectionArgs {
    /// Only this cluster, by its stack; can be repeated [default: all]
    #[arg(long = "cluster", value_name = "STACK")]
    clusters: Vec<String>,
    /// Only this environment; can be repeated [default: all]
    #[arg(short, long = "environment", value_name = "NAME")]
    environments: Vec<String>,
}

/// Whether a change is only shown.
#[derive(Debug, clap::Args)]
pub struct PreviewArg {
    /// Show the change as a diff, and write nothing
    #[arg(long)]
    dry_run: bool,
}

impl SelectionArgs {
    /// For the scaffold.
    pub fn selection(&self) -> Selection {
        Selection { clusters: self.clusters.clone(), environments: self.environments.clone() }
    }
}

/// The templates: those of the program, or of their author.
pub fn assets() -> Result<Assets, CliError> {
    Ok(match std::env::var_os("KSTACK_TEMPLATES_DIR") {
        Some(folder) => Assets::from_folder(Path::new(&folder))?,
        None => Assets::embedded(),
    })
}

/// The platform that the user works in.
pub fn open(context: &Context<'_>) -> Result<Workspace, CliError> {
    let root = context.platform_root();
    let Sources { platform, stacks, documents } = Sources::parse(&Files::read(root)?)?;
    let clusters: BTreeMap<String, Option<Provider>> = stacks
        .iter()
        .map(|stack| {
            let provider = Cluster::read(&documents, stack, &[]).and_then(|cluster| cluster.provider);
            let known = Provider::ALL.into_iter().find(|known| Some(known.name()) == provider.as_deref());
            (stack.name.to_string(), known)
        })
        .collect();
    Ok(Workspace::read(root, platform, &clusters)?)
}

/// Shows or makes the change; gives whether there was any.
pub fn finish(context: &Context<'_>, workspace: &Workspace, preview: &PreviewArg) -> Result<bool, CliError> {
    let changes = workspace.edits();
    if !preview.dry_run {
        workspace.commit()?;
    }
    if context.ui.is_json() {
        context.ui.json(&edits::document(&changes, preview.dry_run))?;
    } else if preview.dry_run {
        context.ui.raw(&edits::diff(*context.ui.styles(), &changes));
    } else if !changes.is_empty() {
        context.ui.data(&edits::list(&changes));
    }
    Ok(!changes.is_empty())
}

/// Says what was done, or would be.
pub fn told(context: &Context<'_>, preview: &PreviewArg, done: &str, would: &str, rest: &str) {
    let verb = if preview.dry_run { would } else { done };
    context.ui.status(&format!("{verb} {rest}"));
}

/// `eks-gc0-eu-west-1 (ops, apps), local-gc0 (ops)`.
pub fn places(registries: &[Registry]) -> String {
    let mut clusters: Vec<(&str, Vec<&str>)> = Vec::new();
    for Registry { cluster, environment, .. } in registries {
        match clusters.iter_mut().find(|(known, _)| known == cluster) {
            Some((_, environments)) => environments.push(environment.as_str()),
            None => clusters.push((cluster, vec![environment.as_str()])),
        }
    }
    let place = |(cluster, environments): (&str, Vec<&str>)| format!("{cluster} ({})", environments.join(", "));
    clusters.into_iter().map(place).collect::<Vec<_>>().join(", ")
}
