//! A stack: one Terraform root below `infra/`, and its optional `stack.hcl`.

use std::sync::Arc;

use crate::hcl::{BlockReader, Document};

use super::{Environment, EnvironmentName, Instance, ParseError, StackName};

/// What `stack.hcl` may say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StackSettings {
    /// What the stack is for.
    pub description: Option<String>,
    /// One instance for all environments.
    pub shared: bool,
    /// Planned and applied only when it is named, by people: it needs rights that no pipeline has.
    pub manual: bool,
    /// The only environments that have it; `None`: all of them.
    pub environments: Option<Vec<String>>,
    /// Stacks that must be applied before this one.
    pub after: Vec<String>,
    /// Files or folders outside the stack whose changes affect it.
    pub watch: Vec<String>,
    /// Resource addresses that must not be destroyed or replaced without the word.
    pub protect: Vec<String>,
}

impl StackSettings {
    /// Reads the text of a `stack.hcl` at `path`.
    ///
    /// # Errors
    /// Every problem of the file at once.
    pub fn parse(path: &str, text: &str) -> Result<Self, ParseError> {
        let document = Document::parse(path, text).map_err(|problem| ParseError::new(vec![*problem]))?;
        let file = Arc::clone(document.file());
        let mut problems = Vec::new();
        let mut reader = BlockReader::top(&file, document.body(), &mut problems);
        let plain = |list: Option<Vec<crate::hcl::Located<String>>>| {
            list.map(|list| list.into_iter().map(|item| item.value).collect::<Vec<_>>())
        };
        let settings = Self {
            description: reader.string("description").map(|located| located.value),
            shared: reader.boolean("shared").is_some_and(|located| located.value),
            manual: reader.boolean("manual").is_some_and(|located| located.value),
            environments: plain(reader.strings("environments")),
            after: plain(reader.strings("after")).unwrap_or_default(),
            watch: plain(reader.strings("watch")).unwrap_or_default(),
            protect: plain(reader.strings("protect")).unwrap_or_default(),
        };
        reader.finish();
        if problems.is_empty() { Ok(settings) } else { Err(ParseError::new(problems)) }
    }
}

/// A stack as found in a snapshot of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// Its name, which is its folder below `infra/`.
    pub name: StackName,
    /// What its `stack.hcl` says.
    pub settings: StackSettings,
}

impl Stack {
    /// The stack's instances, in the order of `environments`.
    pub fn instances(&self, environments: &[Environment]) -> Vec<Instance> {
        if self.settings.shared {
            return vec![Instance { stack: self.name.clone(), environment: None }];
        }
        environments
            .iter()
            .map(|environment| &environment.name)
            .filter(|name| self.has(name))
            .map(|name| Instance { stack: self.name.clone(), environment: Some(name.clone()) })
            .collect()
    }

    fn has(&self, environment: &EnvironmentName) -> bool {
        self.settings.environments.as_ref().is_none_or(|names| names.iter().any(|name| name == environment.as_str()))
    }
}
