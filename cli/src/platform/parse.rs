//! `kstack.hcl` → [`Platform`], with every problem of the file at its line.

mod engine;
mod environments;
mod pipeline;
mod platform;
mod policy;
mod state;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use hcl_edit::structure::Block;

use crate::hcl::{BlockReader, Diagnostic, Document, Located, SourceFile, did_you_mean};

use super::{Forge, Platform, layout};

/// A file that does not say what it must; holds every problem found in it.
#[derive(Debug)]
pub struct ParseError {
    problems: Vec<Diagnostic>,
}

impl ParseError {
    /// Problems of another file in the words of `kstack.hcl`; there must be one.
    pub fn of(problems: Vec<Diagnostic>) -> Self {
        Self::new(problems)
    }

    /// `problems` must not be empty.
    pub fn new(problems: Vec<Diagnostic>) -> Self {
        Self { problems }
    }

    /// The problems, in the order found.
    pub fn problems(&self) -> &[Diagnostic] {
        &self.problems
    }

    /// The problems, for keeping.
    pub fn into_problems(self) -> Vec<Diagnostic> {
        self.problems
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.problems.first().map_or(layout::PLATFORM_FILE, |problem| problem.file.path.as_str());
        match self.problems.len() {
            1 => write!(f, "`{path}` has a problem"),
            count => write!(f, "`{path}` has {count} problems"),
        }
    }
}

impl std::error::Error for ParseError {}

impl Platform {
    /// Reads the text of a `kstack.hcl`; `path` is only for messages.
    ///
    /// # Errors
    /// Every problem of the file at once, each with its place.
    pub fn parse(path: &str, text: &str) -> Result<Self, ParseError> {
        let document = Document::parse_settings(path, text).map_err(|problem| ParseError::new(vec![*problem]))?;
        let mut parser = Parser { file: document.file(), problems: Vec::new() };
        let platform = parser.document(&document);
        match (platform, parser.problems.is_empty()) {
            (Some(platform), true) => Ok(platform),
            _ => {
                // In the order of the file, however the blocks were visited.
                parser.problems.sort_by_key(|problem| problem.span.start);
                Err(ParseError::new(parser.problems))
            }
        }
    }
}

/// Reads the blocks; each kind of block has its file.
struct Parser<'a> {
    file: &'a Arc<SourceFile>,
    problems: Vec<Diagnostic>,
}

impl<'a> Parser<'a> {
    fn document(&mut self, document: &'a Document) -> Option<Platform> {
        let mut problems = Vec::new();
        let mut top = BlockReader::top(self.file, document.body(), &mut problems);
        let kstack = top.exactly_one("kstack", &[], "kstack { version = \"…\" }");
        let platform = top.exactly_one("platform", &["name"], "platform \"<name>\" { … }");
        let sample = "environment \"<name>\" { trigger = \"branch:main\" }";
        let environments = top.at_least_one("environment", &["name"], sample);
        let state = top.exactly_one("state", &["kind"], "state \"s3\" { bucket = \"…\" region = \"…\" }");
        let engine = top.exactly_one("engine", &["kind"], "engine \"flux\" { version = \"…\" }");
        let forge = top.at_most_one("forge", &["kind"]);
        let pipeline = top.at_most_one("pipeline", &[]);
        let policy = top.at_most_one("policy", &[]);
        top.finish();
        self.problems.append(&mut problems);

        let version = kstack.and_then(|block| self.kstack(block));
        let head = platform.and_then(|block| self.head(block));
        let state = state.and_then(|block| self.state(block));
        let default_branch = head.as_ref().map(|head| &head.default_branch);
        let environments = self.environments(&environments, default_branch, state.as_ref());
        let engine = engine.and_then(|block| self.engine(block));
        let forge = forge.map_or(Some(Forge::None), |block| self.forge(block));
        let pipeline = self.pipeline(pipeline);
        let policy = self.policy(policy);
        let head = head?;
        Some(Platform {
            version: version?,
            name: head.name,
            base_domain: head.base_domain,
            repository: head.repository,
            default_branch: head.default_branch.value,
            environments,
            state: state?,
            engine: engine?,
            forge: forge?,
            pipeline: pipeline?,
            policy,
        })
    }

    /// Reads what `block` holds, and reports what it should not hold.
    fn read<T>(&mut self, block: &'a Block, read: impl FnOnce(&mut BlockReader<'a, '_>) -> T) -> T {
        let mut reader = BlockReader::block(self.file, block, &mut self.problems);
        let value = read(&mut reader);
        reader.finish();
        value
    }

    fn problem(&mut self, place: &Located<String>, message: String) -> &mut Diagnostic {
        let index = self.problems.len();
        self.problems.push(Diagnostic::new(self.file, place.span.clone(), message));
        &mut self.problems[index]
    }

    fn unknown_kind(&mut self, what: &str, label: &Located<String>, known: &[&str]) {
        let help = did_you_mean(&label.value, known);
        self.problem(label, format!("unknown {what} `{}`", label.value)).help = help;
    }
}

/// The first label of a block, which says its name or kind.
fn label(block: &Block) -> Located<String> {
    let label = block.labels.first();
    Located {
        value: label.map(|label| label.as_str().to_owned()).unwrap_or_default(),
        span: label.and_then(hcl_edit::Span::span).unwrap_or_default(),
    }
}

/// Passes on the text that was read at `key`. One that `check` refuses is a problem: "… is not `what`: …".
fn checked(
    reader: &mut BlockReader<'_, '_>,
    key: &str,
    text: Option<Located<String>>,
    what: &str,
    check: fn(&str) -> Result<(), &'static str>,
) -> Option<String> {
    let Located { value, span } = text?;
    if value.is_empty() {
        reader.problem(span, format!("`{key}` is empty"));
    } else if let Err(reason) = check(&value) {
        reader.problem(span, format!("`{value}` is not {what}: {reason}"));
    }
    Some(value)
}

/// The texts of the list at `key`, each checked, none twice.
pub(super) fn each(
    reader: &mut BlockReader<'_, '_>,
    key: &str,
    list: &[Located<String>],
    what: &str,
    check: fn(&str) -> Result<(), &'static str>,
) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    for Located { value, span } in list {
        let message = if value.is_empty() {
            Some(format!("an empty text in `{key}`"))
        } else if values.contains(value) {
            Some(format!("`{value}` is in `{key}` twice"))
        } else {
            check(value).err().map(|reason| format!("`{value}` is not {what}: {reason}"))
        };
        if let Some(message) = message {
            reader.problem(span.clone(), message);
        }
        values.push(value.clone());
    }
    values
}

/// [`checked`], for what must be there.
fn required(
    reader: &mut BlockReader<'_, '_>,
    key: &'static str,
    what: &str,
    check: fn(&str) -> Result<(), &'static str>,
) -> Option<String> {
    let text = reader.required_string(key);
    checked(reader, key, text, what, check)
}
