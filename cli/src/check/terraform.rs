//! What Terraform itself says about the stacks: format and `validate`, without state or credentials.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::platform::layout;

use super::{CheckError, Files, program};

/// Something that Terraform does not accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerraformProblem {
    /// `path:line`, or the stack's folder.
    pub place: String,
    /// What is wrong, in Terraform's words.
    pub message: String,
}

/// Runs `terraform fmt -check`, and in each stack `init -backend=false` and `validate`. Its working
/// folders lie below `work`, so that the repository stays untouched; a lock file that `init`
/// writes is the exception, and wanted.
///
/// # Errors
/// [`CheckError`] when there is no Terraform or it cannot be understood.
pub fn terraform(root: &Path, files: &Files, work: &Path) -> Result<Vec<TerraformProblem>, CheckError> {
    let program = program::find_terraform().ok_or_else(|| CheckError::NoProgram { program: "terraform".to_owned() })?;
    let mut problems = unformatted(&program, root)?;
    for stack in files.folders_in(layout::INFRA) {
        let folder = format!("{}/{stack}", layout::INFRA);
        if files.directly_in(&folder).any(|file| file.path.ends_with(".tf")) {
            problems.extend(validate(&program, root, &folder, &work.join(stack))?);
        }
    }
    Ok(problems)
}

fn unformatted(program: &Path, root: &Path) -> Result<Vec<TerraformProblem>, CheckError> {
    let output = program::run(program, root, &["fmt", "-check", "-recursive", "-list=true"], &[])?;
    let list = String::from_utf8_lossy(&output.stdout);
    let is_file = |line: &&str| [".tf", ".tfvars", ".hcl"].iter().any(|suffix| line.ends_with(suffix));
    let mut problems: Vec<_> = list
        .lines()
        .filter(is_file)
        .map(|path| TerraformProblem {
            place: path.to_owned(),
            message: "is not formatted; `terraform fmt -recursive` does it".to_owned(),
        })
        .collect();
    // fmt ends with 3 when files differ, and otherwise when one of them cannot be read.
    if problems.is_empty() && !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        problems.push(TerraformProblem { place: ".".to_owned(), message });
    }
    Ok(problems)
}

fn validate(program: &Path, root: &Path, folder: &str, data: &Path) -> Result<Vec<TerraformProblem>, CheckError> {
    let directory = root.join(folder);
    let variables = [("TF_DATA_DIR", data.as_os_str()), ("TF_IN_AUTOMATION", OsStr::new("1"))];
    let init = ["init", "-backend=false", "-input=false", "-no-color"];
    let output = program::run(program, &directory, &init, &variables)?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Ok(vec![TerraformProblem { place: folder.to_owned(), message }]);
    }
    let output = program::run(program, &directory, &["validate", "-json", "-no-color"], &variables)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let result: Value = serde_json::from_str(&text).map_err(|_| CheckError::Output {
        program: PathBuf::from(program),
        output: text.lines().next().unwrap_or_default().to_owned(),
    })?;
    let diagnostics = result["diagnostics"].as_array().cloned().unwrap_or_default();
    Ok(diagnostics.iter().filter(|item| item["severity"] == "error").map(|item| problem(folder, item)).collect())
}

/// One of `diagnostics` of `terraform validate -json` (format version 1.0).
fn problem(folder: &str, item: &Value) -> TerraformProblem {
    let place = match (item["range"]["filename"].as_str(), item["range"]["start"]["line"].as_u64()) {
        (Some(file), Some(line)) => {
            let path = super::files::resolve(folder, file).unwrap_or_else(|| file.to_owned());
            format!("{path}:{line}")
        }
        _ => folder.to_owned(),
    };
    let (summary, detail) = (item["summary"].as_str().unwrap_or_default(), item["detail"].as_str().unwrap_or_default());
    TerraformProblem { place, message: format!("{summary}: {detail}").trim_end_matches([':', ' ']).to_owned() }
}
