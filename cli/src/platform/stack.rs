//! Stacks: the Terraform roots of a platform, and what their `stack.hcl` may say.

use std::{collections::BTreeMap, sync::Arc};

use crate::hcl::{BlockReader, Diagnostic, Document, Located, SourceFile, nearest};

use super::{Environment, EnvironmentName, Instance, ParseError, StackName, form, layout, parse::each};

/// What `stack.hcl` may say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StackSettings {
    /// The file that says it; `None` without one.
    pub file: Option<Arc<SourceFile>>,
    /// What the stack is for.
    pub description: Option<String>,
    /// One instance for all environments.
    pub shared: bool,
    /// Planned and applied only when it is named, by people: it needs rights that no pipeline has.
    pub manual: bool,
    /// The only environments that have it; `None`: all of them.
    pub environments: Option<Vec<Located<String>>>,
    /// Stacks that must be applied before this one.
    pub after: Vec<Located<String>>,
    /// Files or folders outside the stack whose changes affect it.
    pub watch: Vec<String>,
    /// Resource addresses that must not be destroyed or replaced without the word.
    pub protect: Vec<String>,
}

impl StackSettings {
    /// Reads the text of a `stack.hcl` at `path`. That environments and stacks exist is for [`check_stacks`].
    ///
    /// # Errors
    /// Every problem of the file at once.
    pub fn parse(path: &str, text: &str) -> Result<Self, ParseError> {
        let (settings, problems) = Self::read(path, text);
        if problems.is_empty() { Ok(settings) } else { Err(ParseError::new(problems)) }
    }

    /// As [`StackSettings::parse`], with what could be read where there are problems.
    pub fn read(path: &str, text: &str) -> (Self, Vec<Diagnostic>) {
        let document = match Document::parse_settings(path, text) {
            Ok(document) => document,
            Err(problem) => return (Self::default(), vec![*problem]),
        };
        let mut problems = Vec::new();
        let mut reader = BlockReader::top(document.file(), document.body(), &mut problems);
        let description = reader.string("description").map(|located| located.value);
        let shared = reader.boolean("shared");
        let manual = reader.boolean("manual").is_some_and(|located| located.value);
        let environments = reader.strings("environments");
        if let (Some(Located { value: true, span }), Some(_)) = (&shared, &environments) {
            reader.problem(span.clone(), "a shared stack has no `environments`: it has one instance for all").help =
                Some("leave one of the two out".to_owned());
        }
        if environments.as_ref().is_some_and(Vec::is_empty) {
            let span = document.body().get_attribute("environments").and_then(hcl_edit::Span::span);
            reader.problem(span.unwrap_or_default(), "no environment has the stack").help =
                Some("name one, or leave `environments` out: then all have it".to_owned());
        }
        // What these are called is checked against what there is.
        let any = |_: &str| Ok(());
        each(&mut reader, "environments", environments.as_deref().unwrap_or_default(), "", any);
        let after = reader.strings("after").unwrap_or_default();
        each(&mut reader, "after", &after, "", any);
        let watch = reader.strings("watch").unwrap_or_default();
        let watch = each(&mut reader, "watch", &watch, "a path to watch", form::repository_path);
        let protect = reader.strings("protect").unwrap_or_default();
        let protect = each(&mut reader, "protect", &protect, "a resource's address", form::address_pattern);
        reader.finish();
        problems.sort_by_key(|problem| problem.span.start);
        let settings = Self {
            file: Some(Arc::clone(document.file())),
            description,
            shared: shared.is_some_and(|located| located.value),
            manual,
            environments,
            after,
            watch,
            protect,
        };
        (settings, problems)
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
        let names = self.settings.environments.as_ref();
        names.is_none_or(|names| names.iter().any(|name| name.value == environment.as_str()))
    }
}

/// What is wrong with stacks only together: environments and stacks that do not exist, and stacks that wait for
/// each other. `environments` are those of the platform; `None` where its file cannot be read, and they are not known.
pub fn check_stacks(environments: Option<&[Environment]>, stacks: &[Stack]) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    let known: BTreeMap<&str, &Stack> = stacks.iter().map(|stack| (stack.name.as_str(), stack)).collect();
    for stack in stacks {
        let Some(file) = &stack.settings.file else { continue };
        let mut problem = |at: &Located<String>, message: String, help: Option<String>| {
            let mut problem = Diagnostic::new(file, at.span.clone(), message);
            problem.help = help;
            problems.push(problem);
        };
        let near = |name: &str, known: &mut dyn Iterator<Item = &str>| {
            nearest(name, known).map(|near| format!("did you mean `{near}`?"))
        };
        for name in stack.settings.environments.iter().flatten().filter(|name| !name.value.is_empty()) {
            let Some(environments) = environments else { continue };
            if environments.iter().all(|known| known.name.as_str() != name.value) {
                let mut names = environments.iter().map(|known| known.name.as_str());
                let message = format!("there is no environment `{}` in `{}`", name.value, layout::PLATFORM_FILE);
                problem(name, message, near(&name.value, &mut names));
            }
        }
        for name in stack.settings.after.iter().filter(|name| !name.value.is_empty()) {
            if name.value == stack.name.as_str() {
                problem(name, format!("stack `{}` cannot come after itself", stack.name), None);
            } else if !known.contains_key(name.value.as_str()) {
                let mut names = known.keys().copied().filter(|known| *known != stack.name.as_str());
                problem(name, format!("there is no stack `{}`", name.value), near(&name.value, &mut names));
            } else if let Some(way) = way(&known, &name.value, stack.name.as_str())
                // Once per cycle: at the stack whose name comes first.
                && way.iter().all(|other| *other >= stack.name.as_str())
            {
                let names = way.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" after ");
                let message = format!("stacks wait for each other: `{}` after {names}", stack.name);
                let files = way.iter().filter_map(|name| known[name].settings.file.as_ref());
                let files = files.map(|file| format!("`{}`", file.path)).collect::<Vec<_>>().join(" or ");
                problem(name, message, Some(format!("break the cycle in {files}")));
            }
        }
    }
    problems
}

/// The shortest chain of `after` from the stack `from` to the stack `to`, both included.
fn way<'a>(stacks: &BTreeMap<&'a str, &'a Stack>, from: &'a str, to: &str) -> Option<Vec<&'a str>> {
    let mut came: BTreeMap<&str, Option<&'a str>> = BTreeMap::from([(from, None)]);
    let mut queue = std::collections::VecDeque::from([from]);
    while let Some(name) = queue.pop_front() {
        if name == to {
            let mut way = vec![name];
            while let Some(Some(before)) = way.last().and_then(|last| came.get(last)) {
                way.push(before);
            }
            way.reverse();
            return Some(way);
        }
        for next in stacks.get(name).into_iter().flat_map(|stack| &stack.settings.after) {
            if !came.contains_key(next.value.as_str()) {
                came.insert(next.value.as_str(), Some(name));
                queue.push_back(next.value.as_str());
            }
        }
    }
    None
}
