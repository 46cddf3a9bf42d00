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
                let end = file.text[*offset..].chars().next().map_or(*offset, |c| offset + c.len_utf8());
                Err(Box::new(Diagnostic::new(file, *offset..end, format!("invalid YAML: {message}"))))
            }
        }
    }
}

fn parse(text: &str) -> Result<Vec<Value>, (String, usize)> {
    let options = serde_saphyr::options! { legacy_octal_numbers: true, with_snippet: false };
    serde_saphyr::from_multiple_with_options(text, options).map_err(|error| {
        let (line, column) = error.location().map_or((1, 1), |place| (place.line(), place.column()));
        let before = |count: u64| usize::try_from(count).unwrap_or(1).saturating_sub(1);
        let start: usize = text.split_inclusive('\n').take(before(line)).map(str::len).sum();
        let characters = text[start..].char_indices().take_while(|&(_, c)| c != '\n');
        let offset = start + characters.map(|(at, _)| at).take(before(column) + 1).last().unwrap_or(0);
        // The place is told by the caret.
        let message = error.to_string();
        let message = message.lines().next().unwrap_or_default();
        (message.split(" at line ").next().unwrap_or(message).to_owned(), offset)
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
