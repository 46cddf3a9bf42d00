//! Files of several YAML documents: whole documents are added and taken away, and every other byte stays.

use std::ops::Range;

use serde_json::Value;

/// The documents of a file, each with the place of its text: from the line `---` that begins it to the next one.
pub(super) fn documents(text: &str) -> Vec<(Range<usize>, Value)> {
    let mut starts = vec![0];
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        // In a column of its own: what is inside of a document is moved to the right, or it would end there.
        if offset > 0 && (line.trim_end() == "---" || line.starts_with("--- ")) {
            starts.push(offset);
        }
        offset += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let ranges = starts.iter().copied().zip(ends).map(|(start, end)| start..end);
    // What cannot be read is nobody's: `kstack validate` tells about it.
    ranges.map(|range| (range.clone(), serde_saphyr::from_str(&text[range]).unwrap_or(Value::Null))).collect()
}

/// `text` without the documents that `is_gone` picks.
pub(super) fn without(text: &str, is_gone: impl Fn(&Value) -> bool) -> String {
    let kept = documents(text).into_iter().filter(|(_, document)| document.is_null() || !is_gone(document));
    kept.map(|(range, _)| &text[range]).collect()
}

/// `text` with a further document, which begins with its own `---`.
pub(super) fn with(text: &str, document: &str) -> String {
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{text}{gap}{document}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "# head\n---\n# one\na: 1 # x\n---\na: 2\ntext: |\n  ---\n  b\n--- # three\na: 3";

    #[test]
    fn documents_are_told_apart_by_their_lines() {
        let found = documents(TEXT);
        assert_eq!(
            found.iter().map(|(_, value)| value["a"].clone()).collect::<Vec<_>>(),
            [Value::Null, 1.into(), 2.into(), 3.into()]
        );
        assert_eq!(found.iter().map(|(range, _)| &TEXT[range.clone()]).collect::<String>(), TEXT);
    }

    #[test]
    fn a_document_goes_and_nothing_else() {
        assert_eq!(without(TEXT, |document| document["a"] == 2), "# head\n---\n# one\na: 1 # x\n--- # three\na: 3");
        assert_eq!(without(TEXT, |_| false), TEXT);
    }

    proptest! {
        #[test]
        fn what_is_added_and_taken_away_leaves_the_file_as_it_was(lines in "([a-z#: \t]{0,8}\n|---\n){0,12}") {
            let added = with(&lines, "---\nkind: Added\n");
            prop_assert_eq!(without(&added, |document| document["kind"] == "Added"), lines);
        }
    }
}
