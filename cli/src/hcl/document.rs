//! A parsed HCL file together with its text.

use std::sync::Arc;

use hcl_edit::structure::Body;

use super::{Diagnostic, SourceFile};

/// A parsed HCL file: the text, and the syntax tree whose spans point into it.
#[derive(Debug)]
pub struct Document {
    file: Arc<SourceFile>,
    body: Body,
}

impl Document {
    /// Parses `text`; `path` is only for messages.
    ///
    /// # Errors
    /// A syntax error, as one diagnostic at its place.
    pub fn parse(path: impl Into<String>, text: impl Into<String>) -> Result<Self, Box<Diagnostic>> {
        let file = Arc::new(SourceFile { path: path.into(), text: text.into() });
        match file.text.parse::<Body>() {
            Ok(body) => Ok(Self { file, body }),
            Err(error) => {
                let location = error.location();
                let span = location.offset()..(location.offset() + 1).min(file.text.len());
                Err(Box::new(Diagnostic::new(&file, span, format!("invalid HCL: {}", error.message()))))
            }
        }
    }

    /// The file, for diagnostics.
    pub fn file(&self) -> &Arc<SourceFile> {
        &self.file
    }

    /// The syntax tree.
    pub fn body(&self) -> &Body {
        &self.body
    }
}
