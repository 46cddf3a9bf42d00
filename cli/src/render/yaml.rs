//! YAML as kubectl reads it, and objects written for people to compare.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::RenderError;

/// The documents of `text`, without empty ones. Octal numbers and duplicate keys are what they are
/// for kubectl: `0644` is 420, a key twice is an error.
///
/// # Errors
/// [`RenderError::Yaml`], naming `file` and the line but quoting nothing.
pub(super) fn documents(file: &str, text: &str) -> Result<Vec<Value>, RenderError> {
    let options = serde_saphyr::options! { legacy_octal_numbers: true };
    let documents: Vec<Value> = serde_saphyr::from_multiple_with_options(text, options).map_err(|error| {
        let error = error.without_snippet();
        RenderError::Yaml {
            file: file.to_owned(),
            line: error.location().map(|location| location.line()),
            reason: error.render().lines().next().unwrap_or_default().to_owned(),
        }
    })?;
    Ok(documents.into_iter().filter(|document| !document.is_null()).collect())
}

/// A scalar as YAML resolves it when it is written plain; `None` if `text` is no plain scalar.
pub(super) fn plain_scalar(text: &str) -> Option<Value> {
    let options = serde_saphyr::options! { legacy_octal_numbers: true };
    if text.trim().is_empty() {
        return Some(Value::Null);
    }
    serde_saphyr::from_str_with_options(text, options).ok()
}

/// `value` as YAML, keys sorted, with `apiVersion`, `kind` and `metadata` first.
pub(super) fn to_text(value: &Value) -> String {
    let options = serde_saphyr::ser_options! { folded_wrap_chars: usize::MAX };
    // Writing to a string fails for no JSON value; JSON is YAML as well.
    serde_saphyr::to_string_with_options(&sorted(value), options).unwrap_or_else(|_| format!("{value:#}"))
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| (rank(key), *key));
            Value::Object(entries.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

fn rank(key: &str) -> usize {
    ["apiVersion", "kind", "metadata", "name"].iter().position(|first| *first == key).unwrap_or(usize::MAX)
}

/// What a line of a difference is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// On both sides.
    Same,
    /// On the new side only.
    Added,
    /// On the old side only.
    Removed,
    /// Equal lines are left out here.
    Gap,
}

impl Sign {
    /// The first character of the line.
    pub fn symbol(self) -> char {
        match self {
            Self::Same => ' ',
            Self::Added => '+',
            Self::Removed => '-',
            Self::Gap => '@',
        }
    }
}

/// One line of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffLine {
    /// What it is.
    pub sign: Sign,
    /// Its text without line end; empty for a gap.
    pub text: String,
}

impl Serialize for DiffLine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}{}", self.sign.symbol(), self.text))
    }
}

/// The lines that differ between two texts, with up to three equal lines around each.
pub fn diff_lines(before: &str, after: &str) -> Vec<DiffLine> {
    let difference = similar::TextDiff::from_lines(before, after);
    let mut lines = Vec::new();
    for (index, group) in difference.grouped_ops(3).iter().enumerate() {
        if index > 0 {
            lines.push(DiffLine { sign: Sign::Gap, text: String::new() });
        }
        for change in group.iter().flat_map(|operation| difference.iter_changes(operation)) {
            let sign = match change.tag() {
                similar::ChangeTag::Equal => Sign::Same,
                similar::ChangeTag::Insert => Sign::Added,
                similar::ChangeTag::Delete => Sign::Removed,
            };
            lines.push(DiffLine { sign, text: change.value().trim_end_matches(['\n', '\r']).to_owned() });
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn yaml_is_read_as_kubectl_reads_it() {
        let text = "a: 0644\nb: yes\nc: \"0644\"\nd: 1_000\n---\n# nothing\n---\ne: &x {f: 1}\ng:\n  <<: *x\n";
        let read = documents("x.yaml", text).unwrap();
        assert_eq!(read[0], json!({"a": 420, "b": true, "c": "0644", "d": 1000}));
        assert_eq!(read[1], json!({"e": {"f": 1}, "g": {"f": 1}}));
        assert_eq!(read.len(), 2);
    }

    #[test]
    fn a_problem_has_a_place_and_no_content() {
        let error = documents("x.yaml", "a: 1\npassword: hunter2\npassword: hunter3\n").unwrap_err().to_string();
        assert!(error.starts_with("`x.yaml`, line 3, is not valid YAML: "), "{error}");
        assert!(!error.contains("hunter"), "{error}");
    }

    #[test]
    fn differences_leave_out_what_is_equal() {
        let before: String = (0..20).map(|n| format!("{n}\n")).collect();
        let after = before.replace("2\n", "two\n").replace("18\n", "");
        let text: Vec<_> =
            diff_lines(&before, &after).iter().map(|l| format!("{}{}", l.sign.symbol(), l.text)).collect();
        insta::assert_snapshot!(text.join("|"), @" 0| 1|-2|+two| 3| 4| 5|@| 9| 10| 11|-12|+1two| 13| 14| 15| 16| 17|-18| 19");
    }
}
