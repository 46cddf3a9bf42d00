//! Whether the platform's own rules can be compiled.

use std::sync::Arc;

use crate::{
    hcl::{Diagnostic, SourceFile},
    platform::layout,
    policy::{self, PolicyError},
};

use super::Files;

pub(super) fn check(files: &Files, problems: &mut Vec<Diagnostic>) {
    let own: Vec<&Arc<SourceFile>> =
        files.below(layout::POLICIES).filter(|file| file.path.ends_with(".rego")).collect();
    let texts: Vec<(String, String)> = own.iter().map(|file| (file.path.clone(), file.text.clone())).collect();
    let Err(error) = policy::compile(&texts) else { return };
    let (path, line, message) = match error {
        PolicyError::Compile { path, line, message } => (path, line, message),
        other => (String::new(), 1, other.to_string()),
    };
    let Some(file) = own.iter().find(|file| file.path == path).or(own.first()) else { return };
    let start = file.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>();
    let end = start + file.text[start..].lines().next().map_or(0, str::len);
    problems.push(Diagnostic::new(file, start..end, message));
}
