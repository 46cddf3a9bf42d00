//! What one file says that matters to closures, wherever it lies: a function of its content alone.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    json, lexical, reader,
    state_reads::{self, ReadOutputs},
    text::Text,
};
use crate::hcl::Document;

/// How a file is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Language {
    /// `*.tf`, `*.tofu`.
    Configuration,
    /// `*.tf.json`, `*.tofu.json`.
    JsonConfiguration,
    /// `*.tfvars`, `*.tfbackend`.
    Values,
    /// `*.tfvars.json`.
    JsonValues,
    /// What `templatefile` renders.
    Template,
}

impl Language {
    /// By the name of a file in a stack's or module's folder; `None`: Terraform does not read it by itself.
    pub(super) fn of(name: &str) -> Option<Self> {
        [
            (".tf", Self::Configuration),
            (".tofu", Self::Configuration),
            (".tf.json", Self::JsonConfiguration),
            (".tofu.json", Self::JsonConfiguration),
            (".tfvars", Self::Values),
            (".tfvars.json", Self::JsonValues),
        ]
        .into_iter()
        .find_map(|(ending, language)| name.ends_with(ending).then_some(language))
    }
}

/// What one file says.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) modules: Vec<ModuleCall>,
    /// `locals`, by name.
    pub(super) locals: Vec<(String, Text)>,
    /// Variables and their defaults.
    pub(super) variables: Vec<(String, Option<Text>)>,
    /// Values of variables, in a `*.tfvars`.
    pub(super) values: Vec<Assignment>,
    pub(super) references: Vec<Reference>,
    /// The lines of `for_each` in `resource`, `data` and `module` blocks.
    pub(super) loops: Vec<usize>,
    pub(super) remote_states: Vec<RemoteState>,
    /// The outputs of states that are used, by the name of the data source.
    pub(super) state_reads: BTreeMap<String, ReadOutputs>,
    pub(super) outputs: BTreeSet<String>,
    /// Why the file could not be parsed; the rest then comes from a look at its words.
    pub(super) problem: Option<Problem>,
}

/// A `module` block.
#[derive(Debug)]
pub(super) struct ModuleCall {
    pub(super) name: String,
    /// `None` in a block that only overrides arguments of a call in another file.
    pub(super) source: Option<Text>,
    pub(super) version: Option<String>,
    pub(super) arguments: Vec<(String, Text)>,
    pub(super) line: usize,
}

/// Where a `terraform_remote_state` reads from.
#[derive(Debug)]
pub(super) struct RemoteState {
    /// The name of the data source.
    pub(super) name: String,
    /// The key or path of the state.
    pub(super) place: Text,
    /// Whether it has a `for_each`, and so may stand for several states.
    pub(super) repeated: bool,
    pub(super) line: usize,
}

/// A variable's value in a `*.tfvars`.
#[derive(Debug)]
pub(super) struct Assignment {
    pub(super) variable: String,
    pub(super) value: Text,
    /// What it names; nothing to a stack that does not declare the variable.
    pub(super) references: Vec<Reference>,
}

/// A place where a file names others.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) path: Text,
    pub(super) kind: ReferenceKind,
    pub(super) line: usize,
}

/// How sure it is that a text is a path, and what is done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReferenceKind {
    /// The argument of a function that reads files. What cannot be known is widened.
    Read(&'static str),
    /// As `Read`, and the file read is itself a template with expressions.
    Template,
    /// A text that may hold a path: a script, a folder to pack, a chart, or prose.
    Mention,
    /// A mention whose text only flows on to a local, a variable or a module, where its uses are seen.
    Flow,
}

impl ReferenceKind {
    /// For people: what names the file.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Read(function) => function,
            Self::Template => "templatefile",
            Self::Mention | Self::Flow => "a path in an expression",
        }
    }
}

/// Why a file could not be parsed.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) line: usize,
    pub(super) message: String,
}

impl Facts {
    /// Reads `bytes`. Never fails: what cannot be parsed has a [`Facts::problem`].
    pub(super) fn read(bytes: &[u8], language: Language) -> Self {
        let text = String::from_utf8_lossy(bytes);
        // Terraform accepts a byte order mark; the parser does not.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let mut facts = Self::parse(text, language);
        facts.state_reads = state_reads::find(text);
        facts
    }

    fn parse(text: &str, language: Language) -> Self {
        match language {
            Language::Configuration | Language::Values => match Document::parse(String::new(), text) {
                Ok(document) if language == Language::Values => reader::values(document.body(), &document.file().text),
                Ok(document) => reader::configuration(document.body(), &document.file().text),
                Err(problem) => {
                    let line = problem.file.line_of(problem.span.start);
                    lexical::facts(text, Problem { line, message: problem.message })
                }
            },
            Language::JsonConfiguration | Language::JsonValues => match json::body(text) {
                Ok(body) if language == Language::JsonValues => reader::values(&body, ""),
                Ok(body) => reader::configuration(&body, ""),
                Err(error) => lexical::facts(text, Problem { line: error.line(), message: error.to_string() }),
            },
            Language::Template => match text.parse() {
                Ok(template) => reader::template(&template, text),
                // A template with a syntax of its own between the braces: Terraform will say so.
                Err(_) => lexical::facts(text, Problem { line: 1, message: "not a template".to_owned() }),
            },
        }
    }
}
