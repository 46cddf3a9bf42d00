//! What Terraform itself says about the stacks: format and `validate`, without state or credentials.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::Value;

use crate::{
    hcl::{Diagnostic, SourceFile},
    platform::layout,
    terraform::Binary,
};

use super::{
    CheckError, Files,
    files::{parent, resolve},
    program,
};

/// Runs `terraform fmt -check`, and in each stack `init -backend=false` and `validate`. Its working
/// folders lie below `work`, so that the repository stays untouched; a lock file that `init`
/// writes is the exception, and wanted.
///
/// # Errors
/// [`CheckError`] when there is no Terraform or it cannot be understood.
pub fn terraform(root: &Path, files: &Files, work: &Path) -> Result<Vec<Diagnostic>, CheckError> {
    let program = Binary::locate(None).map_err(|_| CheckError::NoProgram { program: "terraform".to_owned() })?;
    let mut problems = unformatted(&program, root, files)?;
    for stack in files.folders_in(layout::INFRA) {
        let folder = format!("{}/{stack}", layout::INFRA);
        let Some(first) = files.directly_in(&folder).find(|file| file.path.ends_with(".tf")) else { continue };
        problems.extend(validate(&program, root, files, first, &work.join(stack))?);
    }
    Ok(problems)
}

fn unformatted(program: &Path, root: &Path, files: &Files) -> Result<Vec<Diagnostic>, CheckError> {
    let output = program::run(program, root, &["fmt", "-check", "-recursive", "-list=true"], &[])?;
    let list = String::from_utf8_lossy(&output.stdout);
    let problems: Vec<_> = list
        .lines()
        .filter_map(|path| files.text(path))
        .map(|file| {
            Diagnostic::new(file, 0..0, "the file is not formatted").with_help("run `terraform fmt -recursive`")
        })
        .collect();
    // fmt ends with 3 when files differ, and otherwise when one of them cannot be read.
    if problems.is_empty() && !output.status.success() {
        return Err(unexpected(program, &output.stderr));
    }
    Ok(problems)
}

/// Validates the stack whose first file is `first`.
fn validate(
    program: &Path,
    root: &Path,
    files: &Files,
    first: &Arc<SourceFile>,
    data: &Path,
) -> Result<Vec<Diagnostic>, CheckError> {
    let folder = parent(&first.path);
    let directory = root.join(folder);
    let variables = [("TF_DATA_DIR", data.as_os_str()), ("TF_IN_AUTOMATION", OsStr::new("1"))];
    let init = ["init", "-backend=false", "-input=false", "-no-color"];
    let output = program::run(program, &directory, &init, &variables)?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        return Ok(vec![Diagnostic::new(first, 0..0, format!("`terraform init` fails:\n{}", message.trim()))]);
    }
    let output = program::run(program, &directory, &["validate", "-json", "-no-color"], &variables)?;
    let result: Value = serde_json::from_slice(&output.stdout).map_err(|_| unexpected(program, &output.stdout))?;
    let diagnostics = result["diagnostics"].as_array().cloned().unwrap_or_default();
    let errors = diagnostics.iter().filter(|item| item["severity"] == "error");
    Ok(errors.map(|item| problem(files, first, item)).collect())
}

/// One of `diagnostics` of `terraform validate -json` (format version 1.0); its places are bytes.
fn problem(files: &Files, first: &Arc<SourceFile>, item: &Value) -> Diagnostic {
    let range = &item["range"];
    let file = range["filename"].as_str().and_then(|name| files.text(&resolve(parent(&first.path), name)?));
    let byte = |end: &str| range[end]["byte"].as_u64().and_then(|byte| usize::try_from(byte).ok()).unwrap_or(0);
    let (file, span) = file.map_or((first, 0..0), |file| (file, byte("start")..byte("end")));
    let problem = Diagnostic::new(file, span, item["summary"].as_str().unwrap_or_default());
    match item["detail"].as_str().filter(|detail| !detail.is_empty()) {
        Some(detail) => problem.with_help(detail),
        None => problem,
    }
}

fn unexpected(program: &Path, output: &[u8]) -> CheckError {
    let output = String::from_utf8_lossy(output).trim().lines().next().unwrap_or_default().to_owned();
    CheckError::Output { program: PathBuf::from(program), output }
}
