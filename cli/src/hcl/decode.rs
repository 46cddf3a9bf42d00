//! Reading blocks into values with exact errors, all problems of a file at once.

use std::{ops::Range, sync::Arc};

use hcl_edit::{
    Span as _,
    expr::{Expression, ObjectKey},
    structure::{Attribute, Block, Body, Structure},
};

use super::{Diagnostic, SourceFile};

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Its byte range in the file.
    pub span: Range<usize>,
}

/// Reads one block body (or the file's top level): every attribute and block is asked for by
/// name, and [`BlockReader::finish`] reports what nobody asked for. Problems are collected in
/// `problems` rather than returned, so that a user sees all of them in one go.
pub struct BlockReader<'a, 'p> {
    file: &'a Arc<SourceFile>,
    body: &'a Body,
    /// What the block is called in messages, such as `` block `platform` `` or `the file`.
    name: String,
    /// Where "missing" problems point: the block's header.
    header: Range<usize>,
    attributes: Vec<&'static str>,
    blocks: Vec<&'static str>,
    /// What should be there and is not: told in the end, unless something with nearly its name is.
    missing: Vec<(&'static str, Diagnostic)>,
    problems: &'p mut Vec<Diagnostic>,
}

impl<'a, 'p> BlockReader<'a, 'p> {
    /// Reads the top level of `file`.
    pub fn top(file: &'a Arc<SourceFile>, body: &'a Body, problems: &'p mut Vec<Diagnostic>) -> Self {
        Self {
            file,
            body,
            name: "the file".to_owned(),
            header: 0..0,
            attributes: Vec::new(),
            blocks: Vec::new(),
            missing: Vec::new(),
            problems,
        }
    }

    /// Reads the body of `block`.
    pub fn block(file: &'a Arc<SourceFile>, block: &'a Block, problems: &'p mut Vec<Diagnostic>) -> Self {
        Self {
            file,
            body: &block.body,
            name: format!("block `{}`", block.ident.as_str()),
            header: block.ident.span().unwrap_or_default(),
            attributes: Vec::new(),
            blocks: Vec::new(),
            missing: Vec::new(),
            problems,
        }
    }

    /// Adds a problem at `span`.
    pub fn problem(&mut self, span: Range<usize>, message: impl Into<String>) -> &mut Diagnostic {
        let index = self.problems.len();
        self.problems.push(Diagnostic::new(self.file, span, message));
        &mut self.problems[index]
    }

    /// Where problems of the block as a whole point.
    pub fn header(&self) -> Range<usize> {
        self.header.clone()
    }

    /// The string at `key`; absent is a problem.
    pub fn required_string(&mut self, key: &'static str) -> Option<Located<String>> {
        if self.find(key).is_none() {
            let problem = Diagnostic::new(self.file, self.header.clone(), format!("{} has no `{key}`", self.name));
            self.missing.push((key, problem.with_help(format!("add `{key} = \"…\"`"))));
        }
        self.string(key)
    }

    /// The string at `key`, or `None` when it is absent. A value of another type is a problem.
    pub fn string(&mut self, key: &'static str) -> Option<Located<String>> {
        self.typed(key, "a string", |expression| expression.as_str().map(str::to_owned))
    }

    /// The boolean at `key`.
    pub fn boolean(&mut self, key: &'static str) -> Option<Located<bool>> {
        self.typed(key, "`true` or `false`", Expression::as_bool)
    }

    /// The whole number at `key`.
    pub fn number(&mut self, key: &'static str) -> Option<Located<u64>> {
        self.typed(key, "a whole number", |expression| expression.as_number().and_then(hcl::Number::as_u64))
    }

    /// The list of strings at `key`, each with its own place.
    pub fn strings(&mut self, key: &'static str) -> Option<Vec<Located<String>>> {
        let items = self.typed(key, "a list of strings", |expression| expression.as_array().cloned())?.value;
        let mut strings = Vec::new();
        for item in &items {
            let span = item.span().unwrap_or_default();
            match item.as_str() {
                Some(text) => strings.push(Located { value: text.to_owned(), span }),
                None => self.mistyped(item, format!("`{key}` must be a list of strings")),
            }
        }
        (strings.len() == items.len()).then_some(strings)
    }

    /// The map of strings at `key`, in the order of the file: names and values, each with its own place.
    pub fn map(&mut self, key: &'static str) -> Option<Vec<(Located<String>, Located<String>)>> {
        let object = self.typed(key, "a map of strings", |expression| expression.as_object().cloned())?.value;
        let mut entries = Vec::new();
        for (name, value) in &object {
            let located = match name {
                ObjectKey::Ident(ident) => Some((ident.as_str(), ident.span())),
                ObjectKey::Expression(Expression::Variable(name)) => Some((name.as_str(), name.span())),
                ObjectKey::Expression(expression) => expression.as_str().map(|text| (text, expression.span())),
            };
            match (located, value.expr().as_str()) {
                (Some((name, span)), Some(text)) => entries.push((
                    Located { value: name.to_owned(), span: span.unwrap_or_default() },
                    Located { value: text.to_owned(), span: value.expr().span().unwrap_or_default() },
                )),
                _ => self.mistyped(value.expr(), format!("`{key}` must be a map of strings")),
            }
        }
        (entries.len() == object.len()).then_some(entries)
    }

    fn typed<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        read: impl Fn(&Expression) -> Option<T>,
    ) -> Option<Located<T>> {
        self.attributes.push(key);
        let attribute = self.find(key)?;
        let span = attribute.value.span().unwrap_or_default();
        if let Some(value) = read(&attribute.value) {
            return Some(Located { value, span });
        }
        self.mistyped(&attribute.value, format!("`{key}` must be {expected}"));
        None
    }

    fn mistyped(&mut self, expression: &Expression, message: String) {
        let literal = is_literal(expression);
        let problem = self.problem(expression.span().unwrap_or_default(), message);
        if !literal {
            problem.help =
                Some("write the value itself: this file has no variables, functions or templates".to_owned());
        }
    }

    fn find(&self, key: &str) -> Option<&'a Attribute> {
        self.body.iter().filter_map(Structure::as_attribute).find(|attribute| attribute.key.as_str() == key)
    }

    /// All blocks called `ident` with exactly the `labels` that it takes, each label being what
    /// messages call it. A block with other labels is a problem and left out.
    pub fn blocks(&mut self, ident: &'static str, labels: &[&str]) -> Vec<&'a Block> {
        self.blocks.push(ident);
        let mut found = Vec::new();
        for block in self.body.iter().filter_map(Structure::as_block) {
            if block.ident.as_str() != ident {
                continue;
            }
            if block.labels.len() == labels.len() {
                found.push(block);
                continue;
            }
            let shape: String = labels.iter().map(|label| format!(" \"<{label}>\"")).collect();
            self.problem(
                block.ident.span().unwrap_or_default(),
                match (labels.len(), block.labels.len()) {
                    (0, _) => format!("block `{ident}` takes no label"),
                    (_, 0) => format!("block `{ident}` needs a label, its {}", labels.join(" and ")),
                    (_, count) => {
                        format!("block `{ident}` has {count} labels, and takes its {} alone", labels.join(" and "))
                    }
                },
            )
            .help = Some(format!("write `{ident}{shape} {{ … }}`"));
        }
        found
    }

    /// The one block called `ident`; a second one is a problem.
    pub fn at_most_one(&mut self, ident: &'static str, labels: &[&str]) -> Option<&'a Block> {
        let blocks = self.blocks(ident, labels);
        for extra in blocks.iter().skip(1) {
            self.problem(extra.ident.span().unwrap_or_default(), format!("block `{ident}` is defined twice"));
        }
        blocks.first().copied()
    }

    /// The one block called `ident`; a second one is a problem, and so is none. `sample` is what to write then.
    pub fn exactly_one(&mut self, ident: &'static str, labels: &[&str], sample: &str) -> Option<&'a Block> {
        let block = self.at_most_one(ident, labels);
        self.require_block(ident, sample);
        block
    }

    /// All blocks called `ident`; none is a problem.
    pub fn at_least_one(&mut self, ident: &'static str, labels: &[&str], sample: &str) -> Vec<&'a Block> {
        let blocks = self.blocks(ident, labels);
        self.require_block(ident, sample);
        blocks
    }

    fn require_block(&mut self, ident: &'static str, sample: &str) {
        if self.body.get_blocks(ident).next().is_none() {
            let problem =
                Diagnostic::new(self.file, self.header.clone(), format!("{} has no block `{ident}`", self.name));
            self.missing.push((ident, problem.with_help(format!("add `{sample}`"))));
        }
    }

    /// Reports every attribute and block that was not asked for, with the nearest known name, every attribute that
    /// is set twice, and what is missing.
    pub fn finish(mut self) {
        for structure in self.body {
            let (kind, name, span) = match structure {
                Structure::Attribute(attribute) => ("attribute", attribute.key.as_str(), attribute.key.span()),
                Structure::Block(block) => ("block", block.ident.as_str(), block.ident.span()),
            };
            let (known, others) = match kind {
                "attribute" => (&self.attributes, &self.blocks),
                _ => (&self.blocks, &self.attributes),
            };
            if known.contains(&name) {
                continue;
            }
            let written = span.clone().and_then(|span| self.file.text.get(span)).filter(|text| *text != name);
            if let Some(key) = written.filter(|_| kind == "attribute") {
                let message = format!("`{key}` is set twice in {}", self.name);
                self.problems.push(Diagnostic::new(self.file, span.unwrap_or_default(), message));
                continue;
            }
            let message = format!("{} takes no {kind} `{name}`", self.name);
            let mut problem = Diagnostic::new(self.file, span.unwrap_or_default(), message);
            problem.help = if others.contains(&name) {
                self.missing.retain(|(missing, _)| *missing != name);
                Some(if kind == "block" {
                    format!("`{name}` is an attribute: write `{name} = …`")
                } else {
                    format!("`{name}` is a block: write `{name} {{ … }}`")
                })
            } else {
                if let Some(near) = nearest(name, known.iter().copied()) {
                    self.missing.retain(|(missing, _)| *missing != near);
                }
                did_you_mean(name, known)
            };
            self.problems.push(problem);
        }
        self.problems.extend(self.missing.into_iter().map(|(_, problem)| problem));
    }
}

/// Whether the value stands in the file as it is, and is not computed.
fn is_literal(expression: &Expression) -> bool {
    match expression {
        Expression::Null(_)
        | Expression::Bool(_)
        | Expression::Number(_)
        | Expression::String(_)
        | Expression::Object(_) => true,
        Expression::Array(items) => items.iter().all(is_literal),
        _ => false,
    }
}

/// The nearest of `known`, or the list of them when none is near, as help for a message.
pub fn did_you_mean(name: &str, known: &[&str]) -> Option<String> {
    if let Some(near) = nearest(name, known.iter().copied()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let mut names = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
    names.sort_unstable();
    (!names.is_empty()).then(|| format!("known: {}", names.join(", ")))
}

/// The known name most like `name`, if any is alike at all (Jaro-Winkler of at least 0.8, which
/// catches swapped, missing and doubled letters but not a different word).
pub fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
