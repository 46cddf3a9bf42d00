//! A problem that has a place in a file.

use std::{ops::Range, sync::Arc};

/// A named text that diagnostics point into.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SourceFile {
    /// Path as the user knows it, relative to the repository where there is one.
    pub path: String,
    /// The whole text.
    pub text: String,
}

impl SourceFile {
    /// The line (from 1) of the byte at `offset`.
    pub fn line_of(&self, offset: usize) -> usize {
        let end = offset.min(self.text.len());
        self.text.as_bytes()[..end].iter().filter(|&&byte| byte == b'\n').count() + 1
    }
}

/// One problem in a file: what is wrong, where, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong: a lower-case sentence without a full stop, names in backticks.
    pub message: String,
    /// The file.
    pub file: Arc<SourceFile>,
    /// Byte range in the file's text that the caret underlines.
    pub span: Range<usize>,
    /// What to write instead, or which names are known.
    pub help: Option<String>,
    /// Other places that have to do with it.
    pub notes: Vec<Note>,
}

/// Another place that a problem has to do with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What is there.
    pub message: String,
    /// The file.
    pub file: Arc<SourceFile>,
    /// Byte range in the file's text.
    pub span: Range<usize>,
}

impl Diagnostic {
    /// A problem at `span` of `file`.
    pub fn new(file: &Arc<SourceFile>, span: Range<usize>, message: impl Into<String>) -> Self {
        Self { message: message.into(), file: Arc::clone(file), span, help: None, notes: Vec::new() }
    }

    /// Adds what to write instead.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds another place that it has to do with.
    #[must_use]
    pub fn with_note(mut self, file: &Arc<SourceFile>, span: Range<usize>, message: impl Into<String>) -> Self {
        self.notes.push(Note { message: message.into(), file: Arc::clone(file), span });
        self
    }

    /// `path:line`, the form that editors and terminals make clickable.
    pub fn location(&self) -> String {
        format!("{}:{}", self.file.path, self.file.line_of(self.span.start))
    }
}
