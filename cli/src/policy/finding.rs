//! What a rule found.

use serde::{Deserialize, Serialize};

use crate::platform::{Instance, Level};

/// One thing that a rule or the guard found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// How serious it is; never [`Level::Off`].
    pub level: Level,
    /// The rule: a built-in one's name, a construct of the guard, or the path of a Rego rule such as `data.acme.deny`.
    pub rule: String,
    /// What is wrong: a lower-case sentence without a full stop, names in backticks.
    pub message: String,
    /// The instance whose plan it is about; `None`: it is about files or objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<Instance>,
    /// The resource's address, or the object and its registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The file, from the root of the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in it, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Finding {
    /// A finding about nothing in particular yet.
    pub fn new(level: Level, rule: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            level,
            rule: rule.into(),
            message: message.into(),
            instance: None,
            address: None,
            file: None,
            line: None,
            help: None,
        }
    }

    /// Whether the change is refused for it.
    pub fn denies(&self) -> bool {
        self.level == Level::Deny
    }

    /// With the resource or object that it is about.
    #[must_use]
    pub fn at(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// With its place in a file.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<String>, line: Option<usize>) -> Self {
        (self.file, self.line) = (Some(file.into()), line);
        self
    }

    /// With what to do about it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Where it is: `path:line`, an address, or nothing.
    pub fn place(&self) -> Option<String> {
        match (&self.file, self.line, &self.address) {
            (Some(file), Some(line), _) => Some(format!("{file}:{line}")),
            (Some(file), None, _) => Some(file.clone()),
            (None, _, address) => address.clone(),
        }
    }
}
