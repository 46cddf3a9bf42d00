//! A stack: one Terraform root below `infra/`, and its optional `stack.hcl`.

use std::{collections::BTreeSet, fmt, sync::Arc};

use hcl_edit::structure::Body;

use crate::hcl::{BlockReader, Document};

use super::{Environment, EnvironmentName, Instance, ParseError, StackName, layout};

/// What `stack.hcl` may say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StackSettings {
    /// What the stack is for.
    pub description: Option<String>,
    /// One instance for all environments.
    pub shared: bool,
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
            environments: plain(reader.strings("environments")),
            after: plain(reader.strings("after")).unwrap_or_default(),
            watch: plain(reader.strings("watch")).unwrap_or_default(),
            protect: plain(reader.strings("protect")).unwrap_or_default(),
        };
        reader.finish();
        if problems.is_empty() { Ok(settings) } else { Err(ParseError::new(problems)) }
    }
}

/// A folder that is made like a stack and is none, since it does not lie directly in `infra/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BuriedStack {
    /// The folder.
    pub folder: String,
}

impl BuriedStack {
    /// Finds them in `files`: paths and texts. What tells a stack from a module that lies beside stacks is a
    /// `stack.hcl`, a backend, or a provider of its own.
    pub fn find<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<Self> {
        let buried = files.into_iter().filter_map(|(path, text)| {
            let (folder, name) = path.rsplit_once('/')?;
            let below = folder.strip_prefix(layout::INFRA)?.strip_prefix('/')?;
            (below.contains('/') && marks_a_stack(name, text)).then(|| folder.to_owned())
        });
        buried.collect::<BTreeSet<_>>().into_iter().map(|folder| Self { folder }).collect()
    }
}

impl fmt::Display for BuriedStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { folder } = self;
        write!(f, "`{folder}` is made like a stack, but only folders directly in `{}/` are stacks", layout::INFRA)
    }
}

fn marks_a_stack(name: &str, text: &str) -> bool {
    if name == layout::STACK_FILE {
        return true;
    }
    // A file that cannot be parsed is reported as such where it counts.
    let Some(Ok(body)) = name.ends_with(".tf").then(|| text.parse::<Body>()) else { return false };
    body.has_blocks("provider")
        || body.get_blocks("terraform").any(|block| block.body.has_blocks("backend") || block.body.has_blocks("cloud"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_that_lie_too_deep_are_told_from_modules_and_stacks() {
        let backend = "terraform {\n  backend \"s3\" {}\n}\n";
        let files = [
            ("infra/dns/main.tf", backend),
            ("infra/aws/eks/main.tf", backend),
            ("infra/aws/eks/providers.tf", "provider \"aws\" {}\n"),
            ("infra/aws/rds/stack.hcl", ""),
            ("infra/a/b/c/versions.tf", "terraform {\n  cloud {}\n}\n"),
            ("infra/modules/bucket/main.tf", "resource \"aws_s3_bucket\" \"this\" {}\n"),
            ("infra/aws/broken/main.tf", "terraform {"),
            ("infrastructure/aws/eks/main.tf", backend),
            ("elsewhere/aws/eks/main.tf", backend),
        ];
        let found = BuriedStack::find(files);
        let folders: Vec<&str> = found.iter().map(|stack| stack.folder.as_str()).collect();
        assert_eq!(folders, ["infra/a/b/c", "infra/aws/eks", "infra/aws/rds"]);
    }
}
