//! Stacks: their names and settings, and what must exist for each in every environment.

use std::{collections::BTreeSet, ops::Range, sync::Arc};

use hcl_edit::{
    Span as _,
    structure::{Block, Body, Structure},
};

use crate::{
    hcl::{Diagnostic, SourceFile, nearest},
    platform::{Engine, Environment, Instance, Platform, Stack, StackName, StackSettings, check_stacks, layout},
};

use super::{Files, argocd, flux, syntax::Documents, yaml::Manifests};

/// Everything that the checks of a stack look at.
pub(super) struct Context<'a> {
    pub(super) files: &'a Files,
    pub(super) documents: &'a Documents,
    pub(super) platform: &'a Platform,
}

/// The stacks, with problems of their names and settings reported.
pub(super) fn find(files: &Files, platform: Option<&Platform>, problems: &mut Vec<Diagnostic>) -> Vec<Stack> {
    let mut stacks = Vec::new();
    for folder in files.folders_in(layout::INFRA) {
        let path = format!("{}/{folder}", layout::INFRA);
        let Some(first) = files.directly_in(&path).find(|file| file.path.ends_with(".tf")) else { continue };
        let name = match StackName::new(folder) {
            Ok(name) => name,
            Err(error) => {
                problems.push(Diagnostic::new(first, 0..0, error.to_string()).with_help("rename the folder"));
                continue;
            }
        };
        let settings = match files.text(&format!("{path}/{}", layout::STACK_FILE)) {
            None => StackSettings::default(),
            Some(file) => {
                let (settings, mut wrong) = StackSettings::read(&file.path, &file.text);
                problems.append(&mut wrong);
                settings
            }
        };
        stacks.push(Stack { name, settings });
    }
    let environments = platform.map(|platform| platform.environments.as_slice());
    problems.extend(check_stacks(environments, &stacks));
    stacks
}

/// The place of a string literal.
fn quoted(file: &SourceFile, name: &str) -> Range<usize> {
    file.text.find(&format!("\"{name}\"")).map_or(0..0, |at| at..at + name.len() + 2)
}

/// The files that every environment needs, whatever its stacks.
pub(super) fn environments(files: &Files, platform: &Platform, problems: &mut Vec<Diagnostic>) {
    let Some(file) = files.text(layout::PLATFORM_FILE) else { return };
    for environment in &platform.environments {
        for path in [layout::tfvars(&environment.name), layout::tfbackend(&environment.name)] {
            if !files.has_file(&path) {
                let span = quoted(file, environment.name.as_str());
                problems.push(
                    Diagnostic::new(file, span, format!("environment `{}` has no `{path}`", environment.name))
                        .with_help("copy that of another environment and change the name in it"),
                );
            }
        }
    }
    for file in files.directly_in(layout::ENVIRONMENTS) {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        let Some(name) = name.strip_suffix(".tfvars").or_else(|| name.strip_suffix(".tfbackend")) else { continue };
        if name != "shared" && platform.environment(name).is_none() {
            let mut problem =
                Diagnostic::new(file, 0..0, format!("there is no environment `{name}` in `{}`", layout::PLATFORM_FILE));
            let names = platform.environments.iter().map(|environment| environment.name.as_str());
            problem.help = nearest(name, names).map(|near| format!("did you mean `{near}`?"));
            problems.push(problem);
        }
    }
}

/// Backends and registries of every stack.
pub(super) fn instances(
    context: &Context<'_>,
    stacks: &[Stack],
    manifests: &mut Manifests,
    problems: &mut Vec<Diagnostic>,
) {
    for stack in stacks {
        backend(context, stack, problems);
        let Some((file, span)) = cluster_output(context, stack) else { continue };
        let missing = |message: String| Diagnostic::new(&file, span.clone(), message);
        for environment in &context.platform.environments {
            let named = |instance: Instance| instance.environment.as_ref() == Some(&environment.name);
            if !stack.instances(&context.platform.environments).into_iter().any(named) {
                continue;
            }
            let folder = layout::registry(&stack.name, &environment.name);
            if context.files.has_folder(&folder) {
                let (files, platform) = (context.files, context.platform);
                match platform.engine {
                    Engine::Flux { .. } => flux::check(files, manifests, platform, environment, &folder, problems),
                    Engine::ArgoCd { .. } => {
                        argocd::check(files, manifests, (platform, environment), &folder, problems);
                    }
                }
            } else {
                problems.push(missing(format!("the cluster has no registry `{folder}`")).with_help(
                    match context.platform.engine {
                        Engine::Flux { .. } => {
                            "copy that of another environment, and change path and branch in gotk-sync.yaml"
                        }
                        Engine::ArgoCd { .. } => {
                            "copy that of another environment, and change names, paths and branches in its files"
                        }
                    },
                ));
            }
        }
    }
    strays(context, stacks, problems);
}

/// Registries of clusters or environments that are not there.
fn strays(context: &Context<'_>, stacks: &[Stack], problems: &mut Vec<Diagnostic>) {
    let registries = |stack: &Stack| {
        let of = |environment: &Environment| layout::registry(&stack.name, &environment.name);
        context.platform.environments.iter().map(of).collect::<Vec<_>>()
    };
    let known: BTreeSet<String> = stacks.iter().flat_map(registries).collect();
    for cluster in context.files.folders_in(layout::CLUSTERS) {
        let folder = format!("{}/{cluster}", layout::CLUSTERS);
        for environment in context.files.folders_in(&folder) {
            let registry = format!("{folder}/{environment}");
            let Some(first) = context.files.below(&registry).next().filter(|_| !known.contains(&registry)) else {
                continue;
            };
            problems.push(
                Diagnostic::new(first, 0..0, format!("`{registry}` belongs to no stack and environment"))
                    .with_help("a registry is called like its stack in `infra/` and its environment in `kstack.hcl`"),
            );
        }
    }
}

fn blocks<'a>(body: &'a Body, ident: &'a str) -> impl Iterator<Item = &'a Block> {
    body.iter().filter_map(Structure::as_block).filter(move |block| block.ident.as_str() == ident)
}

/// The output that makes a stack a cluster stack, and where it stands.
fn cluster_output(context: &Context<'_>, stack: &Stack) -> Option<(Arc<SourceFile>, Range<usize>)> {
    let folder = layout::stack(&stack.name);
    context.files.directly_in(&folder).find_map(|file| {
        let document = context.documents.get(&file.path)?;
        let output = blocks(document.body(), "output")
            .find(|block| block.labels.first().is_some_and(|label| label.as_str() == "cluster"))?;
        let span = output.labels.first().and_then(hcl_edit::Span::span).unwrap_or_default();
        Some((Arc::clone(document.file()), span))
    })
}

/// A stack's backend must be the platform's kind of state: kstack gives it those settings.
fn backend(context: &Context<'_>, stack: &Stack, problems: &mut Vec<Diagnostic>) {
    let folder = layout::stack(&stack.name);
    let wanted = context.platform.state.backend.kind();
    let mut found = false;
    for file in context.files.directly_in(&folder) {
        let Some(document) = context.documents.get(&file.path) else { continue };
        for block in blocks(document.body(), "terraform").flat_map(|terraform| blocks(&terraform.body, "backend")) {
            found = true;
            let Some(label) = block.labels.first().filter(|label| label.as_str() != wanted) else { continue };
            let message = format!("the backend is `{}`, but the platform's state is `{wanted}`", label.as_str());
            problems.push(
                Diagnostic::new(document.file(), label.span().unwrap_or_default(), message)
                    .with_help(format!("write `backend \"{wanted}\" {{}}`")),
            );
        }
    }
    if !found && let Some(file) = context.files.directly_in(&folder).find(|file| file.path.ends_with(".tf")) {
        problems.push(
            Diagnostic::new(file, 0..0, format!("stack `{}` has no backend", stack.name))
                .with_help(format!("add `terraform {{ backend \"{wanted}\" {{}} }}`, or its state is lost")),
        );
    }
}
