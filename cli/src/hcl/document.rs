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
            Err(error) => Err(invalid(&file, &error)),
        }
    }

    /// As [`Document::parse`], but an attribute that is set twice does not hide what else is wrong:
    /// [`BlockReader::finish`](super::BlockReader::finish) reports it. The parser refuses such a file, so the second
    /// key is read as a name that nobody asks for; spans stay what they are.
    ///
    /// # Errors
    /// A syntax error, as one diagnostic at its place.
    pub fn parse_settings(path: impl Into<String>, text: impl Into<String>) -> Result<Self, Box<Diagnostic>> {
        let file = Arc::new(SourceFile { path: path.into(), text: text.into() });
        let mut text = file.text.clone();
        loop {
            let error = match text.parse::<Body>() {
                Ok(body) => return Ok(Self { file, body }),
                Err(error) => error,
            };
            let start = error.location().offset();
            let key = text.get(start..).unwrap_or_default();
            let length = key.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(key.len());
            let Some(other) = another_name(&text[start..start + length], &text)
                .filter(|_| error.message().contains("redefined attribute"))
            else {
                return Err(invalid(&file, &error));
            };
            text.replace_range(start..start + length, &other);
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

fn invalid(file: &Arc<SourceFile>, error: &hcl_edit::parser::Error) -> Box<Diagnostic> {
    let offset = error.location().offset();
    let span = offset..(offset + 1).min(file.text.len());
    Box::new(Diagnostic::new(file, span, format!("invalid HCL: {}", error.message())))
}

/// A name as long as `key` that `text` does not hold.
fn another_name(key: &str, text: &str) -> Option<String> {
    let (last, first) = (key.len().checked_sub(1)?, b'a'..=b'z');
    first.map(|letter| format!("{}{}", "_".repeat(last), char::from(letter))).find(|name| !text.contains(name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_set_again_and_again_is_read_at_its_places() {
        let text = "a = 1\na = 2\nb {\n  region = 1\n  region = 2\n  region = 3\n}\n";
        assert!(Document::parse("x.hcl", text).is_err());
        let document = Document::parse_settings("x.hcl", text).unwrap();
        assert_eq!(document.body().attributes().count(), 2);
        let block = document.body().get_blocks("b").next().unwrap();
        let keys = block.body.attributes().map(|attribute| {
            hcl_edit::Span::span(&attribute.key).map(|span| document.file().text[span].to_owned()).unwrap()
        });
        assert_eq!(keys.collect::<Vec<_>>(), ["region"; 3]);
        assert!(Document::parse_settings("x.hcl", "a = \n").is_err());
    }
}
