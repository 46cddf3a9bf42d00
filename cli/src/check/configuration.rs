//! Settings of modules: unknown environments and unknown keys, at their line, before Terraform runs.
//!
//! The known keys of a module are a literal in its `known_keys.tf`: an object whose leaves are the
//! names of types, with `"*"` for any key. Modules without that file are left alone.

use std::sync::Arc;

use hcl_edit::{
    Span as _,
    expr::{Expression, Object, ObjectKey},
    structure::{Block, Structure},
};

use crate::{
    hcl::{Diagnostic, Document, SourceFile, nearest},
    platform::{Stack, layout},
};

use super::{files::resolve, stacks::Context};

/// Checks the module calls of all stacks.
pub(super) fn check(context: &Context<'_>, stacks: &[Stack], problems: &mut Vec<Diagnostic>) {
    for stack in stacks {
        let folder = layout::stack(&stack.name);
        for file in context.files.directly_in(&folder) {
            let Some(document) = context.documents.get(&file.path) else { continue };
            let modules = document.body().iter().filter_map(Structure::as_block);
            for block in modules.filter(|block| block.ident.as_str() == "module") {
                if let Some(module) = source(block).and_then(|source| resolve(&folder, source)) {
                    call(context, document.file(), block, &module, problems);
                }
            }
        }
    }
}

/// The folder of a local module, relative to the stack.
fn source(block: &Block) -> Option<&str> {
    let source = block.body.get_attribute("source")?.value.as_str()?;
    (source.starts_with("./") || source.starts_with("../")).then_some(source)
}

fn call(context: &Context<'_>, file: &Arc<SourceFile>, block: &Block, module: &str, problems: &mut Vec<Diagnostic>) {
    let Some(Expression::Object(configuration)) =
        block.body.get_attribute("configuration").map(|attribute| &attribute.value)
    else {
        return; // absent, or composed in a way that only Terraform can tell
    };
    let known = context.documents.get(&format!("{module}/known_keys.tf")).and_then(|document| known_keys(document));
    let environments: Vec<&str> =
        context.platform.environments.iter().map(|environment| environment.name.as_str()).collect();
    for (key, value) in configuration {
        let Some(name) = key_name(key) else { continue };
        if !environments.contains(&name) {
            problems.push(unknown(
                file,
                key,
                format!("environment `{name}` is not in `kstack.hcl`"),
                name,
                &environments,
            ));
        }
        if let (Some(known), Expression::Object(settings)) = (known, value.expr()) {
            keys(file, settings, known, &format!("environment `{name}`"), "", problems);
        }
    }
}

/// The object of known keys in the module's file.
fn known_keys(document: &Document) -> Option<&Object> {
    let locals =
        document.body().iter().filter_map(Structure::as_block).filter(|block| block.ident.as_str() == "locals");
    locals.filter_map(|block| block.body.get_attribute("known_keys")).find_map(|attribute| attribute.value.as_object())
}

fn keys(
    file: &Arc<SourceFile>,
    settings: &Object,
    known: &Object,
    place: &str,
    path: &str,
    problems: &mut Vec<Diagnostic>,
) {
    let names: Vec<&str> = known.iter().filter_map(|(key, _)| key_name(key)).collect();
    for (key, value) in settings {
        let Some(name) = key_name(key) else { continue };
        let below = known.iter().find(|(known, _)| key_name(known).is_some_and(|known| known == name || known == "*"));
        let Some((_, below)) = below else {
            let message = format!("{place} has a setting `{path}{name}` that the module does not know");
            problems.push(unknown(file, key, message, name, &names));
            continue;
        };
        if let (Expression::Object(settings), Expression::Object(known)) = (value.expr(), below.expr()) {
            keys(file, settings, known, place, &format!("{path}{name}."), problems);
        }
    }
}

fn unknown(file: &Arc<SourceFile>, key: &ObjectKey, message: String, name: &str, known: &[&str]) -> Diagnostic {
    let problem = Diagnostic::new(file, key.span().unwrap_or_default(), message);
    match nearest(name, known.iter().copied()) {
        Some(near) => problem.with_help(format!("did you mean `{near}`?")),
        None => problem.with_help(format!(
            "known: {}",
            known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        )),
    }
}

/// The key as text; `None` for one that is computed.
fn key_name(key: &ObjectKey) -> Option<&str> {
    match key {
        ObjectKey::Ident(name) => Some(name.as_str()),
        ObjectKey::Expression(Expression::Variable(name)) => Some(name.as_str()),
        ObjectKey::Expression(expression) => expression.as_str(),
    }
}
