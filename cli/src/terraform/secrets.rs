//! Values that must not be shown, and how text of others is cleared of them.
//!
//! Terraform masks what it prints itself. It does not mask what others print for it: the error of a `local-exec` has
//! the whole command and its output in it, the error of a provider whatever the provider chose to say. So the values
//! are learned from where they come from, and masked in all that Terraform says before anybody else sees it.

mod sources;

use std::{borrow::Cow, collections::BTreeSet};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{ChangeList, Diagnostic, Shown, TerraformError, TerraformEvent};

/// What stands in a masked value's place; Terraform's own words.
const MASK: &str = "(sensitive value)";

/// Shorter values are not masked: `x` or `on` would be found everywhere, and leave no message to be read.
const SHORTEST: usize = 6;

/// Of a value with several lines, such as a private key, each line of this length is masked by itself.
const SHORTEST_LINE: usize = 16;

/// A set of secret texts. They cannot be printed.
#[derive(Clone, Default)]
pub struct Secrets {
    texts: BTreeSet<String>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets").field("count", &self.texts.len()).finish()
    }
}

impl Secrets {
    /// Adds a text, in the forms in which it is met: as it is, quoted, in base64, and its lines.
    pub fn add_text(&mut self, text: &str) {
        let text = text.trim();
        if text.len() < SHORTEST {
            return;
        }
        let quoted = Value::from(text).to_string();
        self.texts.insert(quoted[1..quoted.len() - 1].to_owned());
        self.texts.insert(STANDARD.encode(text));
        let lines = text.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE);
        self.texts.extend(lines.map(ToOwned::to_owned));
        self.texts.insert(text.to_owned());
    }

    /// Adds every text in `value`.
    pub fn add(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.add_text(text),
            Value::Array(items) => items.iter().for_each(|item| self.add(item)),
            Value::Object(entries) => entries.values().for_each(|entry| self.add(entry)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Adds all of `other`.
    pub fn extend(&mut self, other: Self) {
        self.texts.extend(other.texts);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// `text` without the secrets.
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut found: Vec<&String> = self.texts.iter().filter(|secret| text.contains(secret.as_str())).collect();
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        // One secret may be a part of another.
        found.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Cow::Owned(found.into_iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), MASK)))
    }

    /// Hides the values of `list` that hold a secret, as if they were marked sensitive.
    pub fn hide_in(&self, list: &mut ChangeList) {
        if self.is_empty() {
            return;
        }
        let hide = |shown: &mut Shown| {
            if matches!(shown, Shown::Value(value) if self.is_in(value)) {
                *shown = Shown::Sensitive;
            }
        };
        for attribute in list.resources.iter_mut().chain(&mut list.drift).flat_map(|change| &mut change.attributes) {
            hide(&mut attribute.before);
            hide(&mut attribute.after);
        }
        for output in &mut list.outputs {
            hide(&mut output.before);
            hide(&mut output.after);
        }
        for problem in list.checks.iter_mut().flat_map(|check| &mut check.problems) {
            self.clear(problem);
        }
    }

    fn is_in(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.texts.iter().any(|secret| text.contains(secret.as_str())),
            Value::Array(items) => items.iter().any(|item| self.is_in(item)),
            Value::Object(entries) => entries.values().any(|entry| self.is_in(entry)),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    /// What Terraform said, without the secrets.
    pub(super) fn clear_event(&self, mut event: TerraformEvent) -> TerraformEvent {
        match &mut event {
            TerraformEvent::PlannedChange(resource)
            | TerraformEvent::ResourceDrift(resource)
            | TerraformEvent::RefreshStart(resource)
            | TerraformEvent::RefreshComplete(resource)
            | TerraformEvent::ApplyStart(resource)
            | TerraformEvent::ApplyProgress(resource)
            | TerraformEvent::ApplyComplete(resource)
            | TerraformEvent::ApplyErrored(resource)
            | TerraformEvent::Provision(resource) => {
                if let Some(output) = &mut resource.output {
                    self.clear(output);
                }
            }
            TerraformEvent::Diagnostic(diagnostic) => self.clear_diagnostic(diagnostic),
            TerraformEvent::Log { message } | TerraformEvent::Other { message, .. } => self.clear(message),
            TerraformEvent::Line { text } => self.clear(text),
            TerraformEvent::Started { .. }
            | TerraformEvent::Store(_)
            | TerraformEvent::Version { .. }
            | TerraformEvent::ChangeSummary(_)
            | TerraformEvent::Outputs { .. } => {}
        }
        event
    }

    pub(super) fn clear_diagnostic(&self, diagnostic: &mut Diagnostic) {
        self.clear(&mut diagnostic.summary);
        self.clear(&mut diagnostic.detail);
        if let Some(snippet) = &mut diagnostic.snippet {
            self.clear(&mut snippet.code);
        }
    }

    /// A failure, without the secrets.
    pub(super) fn clear_error(&self, mut error: TerraformError) -> TerraformError {
        if let TerraformError::Failed(failure) = &mut error {
            failure.diagnostics.iter_mut().for_each(|diagnostic| self.clear_diagnostic(diagnostic));
            failure.lines.iter_mut().for_each(|line| self.clear(line));
        }
        error
    }

    fn clear(&self, text: &mut String) {
        if let Cow::Owned(masked) = self.mask(text) {
            *text = masked;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(texts: &[&str]) -> Secrets {
        let mut secrets = Secrets::default();
        texts.iter().for_each(|text| secrets.add_text(text));
        secrets
    }

    #[test]
    fn a_secret_is_masked_in_each_of_its_forms() {
        let secrets = secrets(&["hunter2", "hunter2 and \"more\"", "x"]);
        insta::assert_snapshot!(
            [
                "x: hunter2!",
                r#"run "echo hunter2 and \"more\"""#,
                "hunter2 and \"more\"",
                "data: aHVudGVyMg==",
                "nothing",
            ]
            .map(|text| secrets.mask(text)).join("\n"),
            @r#"
        x: (sensitive value)!
        run "echo (sensitive value)"
        (sensitive value)
        data: (sensitive value)
        nothing
        "#
        );
        assert!(!format!("{secrets:?}").contains("hunter2"));
    }

    #[test]
    fn the_lines_of_a_key_are_secrets() {
        let key = "-----BEGIN KEY-----\nMHcCAQEEIJnQqLQ8z0aF\nshort\n-----END KEY-----\n";
        let masked = secrets(&[key]).mask("Output: MHcCAQEEIJnQqLQ8z0aF\nshort").into_owned();
        assert_eq!(masked, "Output: (sensitive value)\nshort");
        assert_eq!(secrets(&[key]).mask(key), "(sensitive value)\n");
    }
}
