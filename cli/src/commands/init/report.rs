//! What `kstack init` says at its end.

use std::path::Path;

use super::{Context, InitArgs};
use crate::{
    error::CliError,
    scaffold::{Answers, ChangeSet, Cluster},
};

/// Lists what was written, or would be; `replaced` are the files that were there before.
pub(super) fn report(
    context: &Context<'_>,
    args: &InitArgs,
    answers: &Answers,
    changes: &ChangeSet,
    replaced: &[String],
) -> Result<(), CliError> {
    let ui = &context.ui;
    if ui.is_json() {
        let files: Vec<_> = changes.files().map(|(path, _)| path).collect();
        return ui.json(&serde_json::json!({
            "type": "init", "version": 1, "directory": args.folder, "dry_run": args.dry_run, "files": files,
            "replaced": replaced,
        }));
    }
    if args.dry_run || ui.is_verbose() {
        changes.files().for_each(|(path, _)| ui.data(path));
    }
    let folder = args.folder.display();
    if !replaced.is_empty() {
        let would = if args.dry_run { "would replace" } else { "replaced" };
        ui.status(&format!("{would} {}", replaced.join(", ")));
    }
    if args.dry_run {
        ui.status(&format!("would write {} files to `{folder}`", changes.files().len()));
        return Ok(());
    }
    let groups = changes.groups();
    let width = groups.keys().map(String::len).max().unwrap_or_default();
    for (group, count) in &groups {
        let count = if group.ends_with('/') { format!("{count} files") } else { String::new() };
        ui.data(format!("{group:width$}  {count}").trim_end());
    }
    ui.status(&format!("\nwrote {} files to `{folder}`: platform `{}`", changes.files().len(), answers.name));
    ui.status("\nnext:");
    if args.folder != Path::new(".") {
        ui.status(&format!("  cd {folder}"));
    }
    ui.status("  git add --all && git commit -m \"Scaffold the platform\"");
    ui.status("  kstack validate");
    if answers.clusters.iter().any(Cluster::is_cloud) {
        ui.status("  kstack bootstrap   # once, as an administrator: README.md, \"First delivery\"");
    }
    ui.status("  kstack plan");
    Ok(())
}
