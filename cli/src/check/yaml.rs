//! Manifests, read as kubectl reads them.

use std::{collections::HashMap, sync::Arc};

use serde_json::Value;

use crate::hcl::{Diagnostic, SourceFile};

/// The documents of a file, or what is wrong and at which byte.
type Parsed = Result<Arc<Vec<Value>>, (String, usize)>;

/// Parsed files. Equal texts are parsed once: every registry holds the same install manifests of
/// the engine, which are by far the largest file.
#[derive(Debug, Default)]
pub(super) struct Manifests {
    parsed: HashMap<String, Parsed>,
}

impl Manifests {
    /// The documents of `file`.
    pub(super) fn documents(&mut self, file: &Arc<SourceFile>) -> Result<Arc<Vec<Value>>, Box<Diagnostic>> {
        if !self.parsed.contains_key(&file.text) {
            self.parsed.insert(file.text.clone(), parse(&file.text).map(Arc::new));
        }
        match &self.parsed[&file.text] {
            Ok(documents) => Ok(Arc::clone(documents)),
            Err((message, offset)) => {
                let end = file.text[*offset..].find('\n').map_or(file.text.len(), |length| offset + length);
                Err(Box::new(Diagnostic::new(file, *offset..end, format!("invalid YAML: {message}"))))
            }
        }
    }
}

fn parse(text: &str) -> Result<Vec<Value>, (String, usize)> {
    let options = serde_saphyr::options! { legacy_octal_numbers: true, with_snippet: false };
    serde_saphyr::from_multiple_with_options(text, options).map_err(|error| {
        let line = error.location().map_or(1, |location| location.line());
        let offset: usize =
            text.split_inclusive('\n').take(usize::try_from(line).unwrap_or(1).saturating_sub(1)).map(str::len).sum();
        let message = error.to_string();
        (message.lines().next().unwrap_or_default().trim_end_matches('.').to_owned(), offset.min(text.len()))
    })
}

/// Whether the file is one that Kubernetes' tools read. A chart's templates only become YAML.
pub(super) fn is_manifest(path: &str) -> bool {
    (path.ends_with(".yaml") || path.ends_with(".yml")) && !path.contains("/templates/")
}

/// Where `value` stands in `file`, for the caret: at its first appearance as a whole word, after `key` where that is given.
pub(super) fn find(file: &SourceFile, key: Option<&str>, value: &str) -> std::ops::Range<usize> {
    let from = key.and_then(|key| file.text.find(&format!("{key}:"))).unwrap_or(0);
    let boundary = |c: Option<char>| c.is_none_or(|c| c.is_whitespace() || "\"'[],{}:=".contains(c));
    for (at, _) in file.text[from..].match_indices(value) {
        let (start, end) = (from + at, from + at + value.len());
        if boundary(file.text[..start].chars().next_back()) && boundary(file.text[end..].chars().next()) {
            return start..end;
        }
    }
    0..0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Arc<SourceFile> {
        Arc::new(SourceFile { path: "a.yaml".into(), text: text.into() })
    }

    #[test]
    fn a_mistake_is_at_its_line() {
        let problem = Manifests::default().documents(&file("a: 1\nb:\n  - c\n d: 2\n")).unwrap_err();
        assert_eq!(problem.location(), "a.yaml:4");
        assert!(problem.message.starts_with("invalid YAML: "), "{}", problem.message);
    }

    #[test]
    fn several_documents_are_several_values() {
        assert_eq!(Manifests::default().documents(&file("# c\n---\na: 1\n---\nb: 0644\n")).unwrap()[1]["b"], 420);
    }

    #[test]
    fn values_are_found_as_whole_words() {
        let file = file("# base\nresources:\n  - ../base2\n  - ../base\n");
        assert_eq!(file.line_of(find(&file, None, "../base").start), 4);
        assert_eq!(find(&file, None, "gone"), 0..0);
    }
}
