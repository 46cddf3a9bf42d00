//! Tests of policies: rules called `test_…` in files `*_test.rego`, as `opa test` takes them.

use std::{fs, path::Path};

use serde::Serialize;

use crate::platform::layout;

use super::{PolicyError, policies::text, rego};

/// How a test ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not.
    Failed,
    /// It cannot be evaluated.
    Error {
        /// Why.
        message: String,
    },
}

/// One test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyTest {
    /// The rule's path, such as `data.acme.test_owner`.
    pub name: String,
    /// The file.
    pub file: String,
    /// The line where it begins.
    pub line: usize,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Reads the files `*.rego` below `folder` of the platform at `root`, tests included: path and text, by path.
///
/// # Errors
/// [`PolicyError::NoPolicies`], [`PolicyError::Read`], [`PolicyError::NotText`].
pub fn read_rego(root: &Path, folder: &str) -> Result<Vec<(String, String)>, PolicyError> {
    let mut files = Vec::new();
    walk(&root.join(folder), folder.trim_end_matches('/'), &mut files)?;
    if files.is_empty() {
        return Err(PolicyError::NoPolicies { folder: folder.to_owned() });
    }
    files.sort();
    Ok(files)
}

fn walk(folder: &Path, name: &str, files: &mut Vec<(String, String)>) -> Result<(), PolicyError> {
    let read = |source| PolicyError::Read { path: name.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(read)?,
    };
    for entry in entries {
        let entry = entry.map_err(read)?;
        let Ok(part) = entry.file_name().into_string() else { continue };
        let path = if name == "." { part.clone() } else { format!("{name}/{part}") };
        let kind = entry.file_type().map_err(read)?;
        if kind.is_dir() && !part.starts_with('.') {
            walk(&entry.path(), &path, files)?;
        } else if kind.is_file() && part.ends_with(".rego") {
            let bytes = fs::read(entry.path()).map_err(|source| PolicyError::Read { path: path.clone(), source })?;
            let text = text(&path, bytes)?;
            files.push((path, text));
        }
    }
    Ok(())
}

/// Runs every test of `files`, each by itself.
///
/// # Errors
/// [`PolicyError::Compile`].
pub fn run_tests(files: &[(String, String)]) -> Result<Vec<PolicyTest>, PolicyError> {
    let engine = rego::engine(files.iter().map(|(path, text)| (path.as_str(), text.as_str())))?;
    let packages = rego::packages(&engine)?;
    let mut tests: Vec<PolicyTest> = Vec::new();
    for (file, text) in files.iter().filter(|(file, _)| file.ends_with("_test.rego")) {
        let Some((_, package)) = packages.iter().find(|(known, _)| known == file) else { continue };
        for (index, line) in text.lines().enumerate() {
            let end = line.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(line.len());
            let name = format!("{package}.{}", &line[..end]);
            // A rule may have several bodies: it is one test all the same.
            if !line.starts_with("test_") || tests.iter().any(|test| test.name == name) {
                continue;
            }
            let outcome = match engine.clone().eval_rule(name.clone()) {
                Ok(regorus::Value::Bool(true)) => Outcome::Passed,
                Ok(_) => Outcome::Failed,
                Err(error) => Outcome::Error { message: rego::message(&error.to_string()) },
            };
            tests.push(PolicyTest { name, file: file.clone(), line: index + 1, outcome });
        }
    }
    Ok(tests)
}

/// Compiles the rules of a platform, of files by path, without their tests.
///
/// # Errors
/// [`PolicyError::Compile`].
pub fn compile(files: &[(String, String)]) -> Result<(), PolicyError> {
    let rules = files.iter().filter(|(path, _)| layout::is_policy(path));
    rego::Rules::compile(rules.map(|(path, text)| (path.as_str(), text.as_str()))).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_pass_fail_or_cannot_be_evaluated() {
        let rules = "package acme\n\ndeny contains msg if {\n  some change in input.resource_changes\n  change.type == \"aws_db_instance\"\n  msg := \"no databases\"\n}\n";
        let tests = "package acme_test\n\nimport data.acme\n\ntest_good if {\n  count(acme.deny) == 1 with input as {\"resource_changes\": [{\"type\": \"aws_db_instance\"}]}\n}\n\n\
                     test_bad if {\n  count(acme.deny) == 1 with input as {\"resource_changes\": []}\n}\n\ntest_error if {\n  to_number(\"x\") == 1\n}\n";
        let files =
            [("policies/a.rego".to_owned(), rules.to_owned()), ("policies/a_test.rego".to_owned(), tests.to_owned())];
        let ran = run_tests(&files).unwrap();
        let told: Vec<_> =
            ran.iter().map(|test| format!("{}:{} {} {:?}", test.file, test.line, test.name, test.outcome)).collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        policies/a_test.rego:5 data.acme_test.test_good Passed
        policies/a_test.rego:9 data.acme_test.test_bad Failed
        policies/a_test.rego:13 data.acme_test.test_error Error { message: "could not parse string as number" }
        "#);
    }

    #[test]
    fn what_cannot_be_compiled_has_a_place() {
        let wrong = |text: &str| {
            let compiled = compile(&[("policies/a.rego".to_owned(), text.to_owned())]);
            compiled.map_or_else(|error| error.to_string(), |()| "found when it is evaluated".to_owned())
        };
        insta::assert_snapshot!([
            wrong("package a\n\ndeny contains msg if {\n  msg := \n}\n"),
            wrong("package a\n\ndeny contains msg if {\n  nobody(input)\n  msg := \"x\"\n}\n"),
            wrong("package a\n\ndeny contains msg if {\n  msg == y\n}\n"),
            wrong("no package"),
        ].join("\n"), @"
        policies/a.rego:4: expecting `}` while parsing set
        found when it is evaluated
        policies/a.rego:4: use of undefined variable `y` is unsafe
        policies/a.rego:1: expecting `package` Missing package declaration.
        ");
    }
}
