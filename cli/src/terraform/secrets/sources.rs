//! Where secret values are known from: what a root module is given, what a plan holds, what a state holds.

use std::{collections::BTreeSet, ffi::OsStr, fs, path::Path};

use hcl_edit::{expr::Expression, structure::Body};
use serde_json::Value;

use super::Secrets;
use crate::terraform::{PlanFile, StateFileError, TerraformError};

/// Parts of the names of variables whose values are credentials, as the clouds and CI systems name them.
const CREDENTIALS: [&str; 8] =
    ["SECRET", "TOKEN", "PASSWORD", "PASSWD", "CREDENTIAL", "PRIVATE_KEY", "ACCESS_KEY", "API_KEY"];

/// What such a name ends with when the value only says where the credential is, or whose.
const POINTERS: [&str; 5] = ["_FILE", "_PATH", "_URL", "_ID", "_DIR"];

/// The beginning of the names of variables that Terraform reads its inputs from.
const INPUT: &str = "TF_VAR_";

impl Secrets {
    /// What Terraform is given by the environment: credentials, and the inputs that the module in `directory` calls
    /// sensitive.
    pub(in crate::terraform) fn of_environment<'e>(
        directory: &Path,
        variables: impl Iterator<Item = (&'e OsStr, &'e OsStr)>,
    ) -> Result<Self, TerraformError> {
        let sensitive = sensitive_inputs(directory)?;
        let mut secrets = Self::default();
        for (name, value) in variables {
            let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else { continue };
            match name.strip_prefix(INPUT) {
                Some(input) if sensitive.contains(input) => secrets.add_input(value),
                Some(_) => {}
                None if is_credential(name, value) => secrets.add_text(value),
                None => {}
            }
        }
        Ok(secrets)
    }

    /// What the variable file has for the inputs that the module in `directory` calls sensitive.
    pub(in crate::terraform) fn of_variable_file(directory: &Path, file: &Path) -> Result<Self, TerraformError> {
        let sensitive = sensitive_inputs(directory)?;
        let file = directory.join(file);
        let text = fs::read_to_string(&file).map_err(|source| TerraformError::io("read", &file, source))?;
        let mut secrets = Self::default();
        if file.extension() == Some(OsStr::new("json")) {
            if let Ok(Value::Object(inputs)) = serde_json::from_str(&text) {
                inputs.iter().filter(|(name, _)| sensitive.contains(*name)).for_each(|(_, value)| secrets.add(value));
            }
        } else if let Some(body) = parse(&text) {
            let attributes = body.attributes().filter(|attribute| sensitive.contains(attribute.key.as_str()));
            attributes.for_each(|attribute| secrets.add_literals(&attribute.value));
        }
        Ok(secrets)
    }

    /// Everything in a plan of the module in `directory` that is marked sensitive: inputs, what would change, and the
    /// state that it was made from.
    pub(in crate::terraform) fn of_plan(directory: &Path, plan: &Path) -> Result<Self, TerraformError> {
        let plan = PlanFile::open(plan)?;
        let mut secrets = Self::default();
        plan.add_sensitive(&sensitive_inputs(directory)?, &mut secrets)?;
        secrets.add_state(&plan.state_text()?)?;
        Ok(secrets)
    }

    /// Everything in a state that is marked sensitive: outputs, and attributes of resources.
    ///
    /// # Errors
    /// When it is no state.
    pub fn add_state(&mut self, state: &[u8]) -> Result<(), StateFileError> {
        let state: Value = serde_json::from_slice(state).map_err(|source| StateFileError::Invalid { source })?;
        let entries = |value: &Value| value.as_object().map(|it| it.values().cloned().collect::<Vec<_>>());
        for output in entries(&state["outputs"]).unwrap_or_default() {
            if output["sensitive"] == true {
                self.add(&output["value"]);
            }
        }
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        for instance in list(&state["resources"]).iter().flat_map(|resource| list(&resource["instances"])) {
            for path in list(&instance["sensitive_attributes"]) {
                self.add(follow(&instance["attributes"], &list(&path)));
            }
        }
        Ok(())
    }

    /// An input as the environment has it: a text, or an expression for every other type.
    fn add_input(&mut self, text: &str) {
        self.add_text(text);
        if text.trim_start().starts_with(['[', '{'])
            && let Some(body) = parse(&format!("input = {text}\n"))
        {
            body.attributes().for_each(|attribute| self.add_literals(&attribute.value));
        }
    }

    fn add_literals(&mut self, expression: &Expression) {
        match expression {
            Expression::String(text) => self.add_text(text.as_str()),
            Expression::HeredocTemplate(heredoc) => self.add_text(&heredoc.template.to_string()),
            Expression::StringTemplate(template) => self.add_text(template.to_string().trim_matches('"')),
            Expression::Array(items) => items.iter().for_each(|item| self.add_literals(item)),
            Expression::Object(entries) => entries.iter().for_each(|(_, value)| self.add_literals(value.expr())),
            _ => {}
        }
    }
}

/// The value that a path of a state leads to; where it cannot be followed, the last one that it reaches: rather too much
/// than too little.
fn follow<'v>(value: &'v Value, path: &[Value]) -> &'v Value {
    let Some((step, rest)) = path.split_first() else { return value };
    let next = match (&step["value"], &step["value"]["value"]) {
        (Value::String(name), _) | (_, Value::String(name)) => value.get(name),
        (_, Value::Number(index)) => index.as_u64().and_then(|index| value.get(usize::try_from(index).ok()?)),
        _ => None,
    };
    // Values of any type come with it.
    match next.or_else(|| value.get("value")) {
        Some(next) => follow(next, rest),
        None => value,
    }
}

fn is_credential(name: &str, value: &str) -> bool {
    let name = name.to_ascii_uppercase();
    CREDENTIALS.iter().any(|part| name.contains(part))
        && !POINTERS.iter().any(|end| name.ends_with(end))
        && !value.starts_with('/')
}

/// The names of the root variables that are declared sensitive, or ephemeral. Files that cannot be read as
/// configuration declare nothing: Terraform says what is wrong with them.
fn sensitive_inputs(directory: &Path) -> Result<BTreeSet<String>, TerraformError> {
    let wrong = |source| TerraformError::io("read", directory, source);
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(directory).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        let is = |ends: [&str; 2]| ends.iter().any(|end| name.ends_with(end));
        if !is([".tf", ".tofu"]) && !is([".tf.json", ".tofu.json"]) {
            continue;
        }
        // A symlink that leads nowhere, or a folder with such a name, is no configuration either.
        let Ok(text) = fs::read_to_string(&path) else { continue };
        if is([".tf", ".tofu"]) {
            names.extend(declared(&text));
        } else if let Ok(Value::Object(variables)) =
            serde_json::from_str(&text).map(|mut document: Value| document["variable"].take())
        {
            let secret = |settings: &Value| settings["sensitive"] == true || settings["ephemeral"] == true;
            names.extend(variables.into_iter().filter(|(_, settings)| secret(settings)).map(|(name, _)| name));
        }
    }
    Ok(names)
}

fn declared(text: &str) -> Vec<String> {
    let Some(body) = parse(text) else { return Vec::new() };
    let is_true = |body: &Body, name| body.get_attribute(name).is_some_and(|it| it.value.as_bool() == Some(true));
    let secret = body
        .get_blocks("variable")
        .filter(|block| is_true(&block.body, "sensitive") || is_true(&block.body, "ephemeral"));
    secret.filter_map(|block| block.labels.first().map(|label| label.as_str().to_owned())).collect()
}

fn parse(text: &str) -> Option<Body> {
    hcl_edit::parser::parse_body(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VARIABLES: &str = "variable \"password\" {\n  sensitive = true\n}\nvariable \"nested\" {\n  sensitive = true\n}\n\
                             variable \"once\" {\n  ephemeral = true\n}\nvariable \"region\" {}\n";

    fn module() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("main.tf"), VARIABLES).unwrap();
        fs::write(folder.path().join("more.tf.json"), r#"{"variable":{"json":{"sensitive":true},"open":{}}}"#).unwrap();
        fs::write(folder.path().join("broken.tf"), "variable {{{").unwrap();
        folder
    }

    #[test]
    fn credentials_and_sensitive_inputs_come_from_the_environment() {
        let folder = module();
        let variables = [
            ("TF_VAR_password", "hunter2hunter2"),
            ("TF_VAR_nested", r#"{ a = ["deep-secret"] }"#),
            ("TF_VAR_once", "ephemeral-secret"),
            ("TF_VAR_json", "json-secret"),
            ("TF_VAR_region", "eu-west-1"),
            ("TF_VAR_open", "open-value"),
            ("AWS_SECRET_ACCESS_KEY", "aws-secret"),
            ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", "relative/token"),
            ("GOOGLE_APPLICATION_CREDENTIALS", "/home/me/key.json"),
            ("HOME", "/home/me"),
        ];
        let variables = variables.iter().map(|(name, value)| (OsStr::new(*name), OsStr::new(*value)));
        let secrets = Secrets::of_environment(folder.path(), variables).unwrap();
        for secret in ["hunter2hunter2", "deep-secret", "ephemeral-secret", "json-secret", "aws-secret"] {
            assert_eq!(secrets.mask(secret), "(sensitive value)");
        }
        for open in ["eu-west-1", "open-value", "AKIAEXAMPLE", "relative/token", "/home/me/key.json"] {
            assert_eq!(secrets.mask(open), open);
        }
    }

    #[test]
    fn variable_files_have_secrets_for_sensitive_inputs_alone() {
        let folder = module();
        let text = "password = \"hunter2hunter2\"\nregion = \"eu-west-1\"\nnested = { \"a\" = [\"deep-secret\"], b = <<-X\n  line-of-it\n  X\n}\n";
        fs::write(folder.path().join("ops.tfvars"), text).unwrap();
        fs::write(folder.path().join("ops.tfvars.json"), r#"{"json":{"a":"json-secret"},"open":"open-value"}"#)
            .unwrap();
        let mut secrets = Secrets::of_variable_file(folder.path(), Path::new("ops.tfvars")).unwrap();
        secrets.extend(Secrets::of_variable_file(folder.path(), Path::new("ops.tfvars.json")).unwrap());
        let text = "hunter2hunter2 eu-west-1 deep-secret line-of-it json-secret open-value";
        let mask = "(sensitive value)";
        assert_eq!(secrets.mask(text), format!("{mask} eu-west-1 {mask} {mask} {mask} open-value"));
    }

    #[test]
    fn a_state_says_what_of_it_is_sensitive() {
        let state = br#"{"version":4,"outputs":{"a":{"value":{"x":"output-secret"},"sensitive":true},"b":{"value":"open-output"}},
            "resources":[{"instances":[{"attributes":{"p":"plain-secret","l":["zero-open","one-secret"],
            "d":{"value":{"k":"dynamic-secret"},"type":["object"]},"o":"open-attribute"},
            "sensitive_attributes":[[{"type":"get_attr","value":"p"}],
              [{"type":"get_attr","value":"l"},{"type":"index","value":{"value":1,"type":"number"}}],
              [{"type":"get_attr","value":"d"},{"type":"get_attr","value":"k"}]]}]}]}"#;
        let mut secrets = Secrets::default();
        secrets.add_state(state).unwrap();
        for secret in ["output-secret", "plain-secret", "one-secret", "dynamic-secret"] {
            assert_eq!(secrets.mask(secret), "(sensitive value)", "{secret}");
        }
        for open in ["open-output", "zero-open", "open-attribute"] {
            assert_eq!(secrets.mask(open), open);
        }
        assert!(secrets.add_state(b"<html>").is_err());
    }
}
