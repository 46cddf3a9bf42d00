//! Flux's `postBuild` substitution, with values that may not be at hand.
//!
//! Facts from fluxcd/pkg kustomize/kustomize_varsub.go and envsubst: text is substituted in the YAML
//! of each object, `$$` is `$`, `${var}` that is not set is empty, `${var:=x}`, `${var:-x}` and
//! `${var=x}` have a default for empty values, newlines of values are dropped. Here an expression
//! whose value depends on something that is not in the repository stays as it is and is reported.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// Values of ConfigMaps that are known from elsewhere: name → variable → value.
pub type Values = BTreeMap<String, BTreeMap<String, String>>;

/// Where variables come from; later ones win.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// All of its variables.
    Values(BTreeMap<String, String>),
    /// A Secret: the names are known, the values are not used.
    Names(BTreeSet<String>),
    /// Nothing is known of it.
    Unknown,
}

/// What a variable stands for.
#[derive(Debug, PartialEq, Eq)]
enum Lookup<'a> {
    Value(&'a str),
    /// Set nowhere.
    Unset,
    /// Set somewhere that is not at hand.
    Unknown,
}

/// A refused expression: where it begins, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) expression: String,
    pub(super) reason: &'static str,
}

/// The variables of one Kustomization.
#[derive(Debug, Clone, Default)]
pub(super) struct Variables {
    sources: Vec<Source>,
}

impl Variables {
    pub(super) fn new(sources: Vec<Source>) -> Self {
        Self { sources }
    }

    /// Flux leaves everything as it is, `$$` included, if there are no variables at all.
    fn are_none(&self) -> bool {
        self.sources.iter().all(|source| match source {
            Source::Values(values) => values.is_empty(),
            Source::Names(names) => names.is_empty(),
            Source::Unknown => false,
        })
    }

    fn lookup(&self, name: &str) -> Lookup<'_> {
        for source in self.sources.iter().rev() {
            match source {
                Source::Values(values) => {
                    if let Some(value) = values.get(name) {
                        return Lookup::Value(value);
                    }
                }
                Source::Names(names) if !names.contains(name) => {}
                Source::Names(_) | Source::Unknown => return Lookup::Unknown,
            }
        }
        Lookup::Unset
    }

    /// Substitutes in all texts of `object`; the variables of expressions that stay are added to `unresolved`.
    ///
    /// # Errors
    /// [`Refused`] where Flux would fail.
    pub(super) fn apply(&self, object: &Value, unresolved: &mut BTreeSet<String>) -> Result<Value, Refused> {
        if self.are_none() { Ok(object.clone()) } else { self.value(object, unresolved) }
    }

    fn value(&self, value: &Value, unresolved: &mut BTreeSet<String>) -> Result<Value, Refused> {
        Ok(match value {
            Value::String(text) if text.contains('$') => {
                let result = self.text(text, unresolved)?;
                if result != *text && is_plain(text) { replain(result) } else { result.into() }
            }
            Value::Array(items) => {
                Value::Array(items.iter().map(|item| self.value(item, unresolved)).collect::<Result<_, _>>()?)
            }
            Value::Object(map) => {
                let entries =
                    map.iter().map(|(key, value)| Ok((self.text(key, unresolved)?, self.value(value, unresolved)?)));
                Value::Object(entries.collect::<Result<Map<_, _>, _>>()?)
            }
            other => other.clone(),
        })
    }

    fn text(&self, text: &str, unresolved: &mut BTreeSet<String>) -> Result<String, Refused> {
        let mut result = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            result.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix("$$") {
                result.push('$');
                rest = after;
            } else if rest.starts_with("${") {
                let expression = Expression::read(rest)?;
                let (whole, after) = rest.split_at(expression.length);
                match self.evaluate(&expression) {
                    Some(value) => result.push_str(&value.replace('\n', "")),
                    None => {
                        // The name alone: a default may be a secret.
                        unresolved.insert(expression.name.to_owned());
                        result.push_str(whole);
                    }
                }
                rest = after;
            } else {
                result.push('$');
                rest = &rest[1..];
            }
        }
        result.push_str(rest);
        Ok(result)
    }

    /// The expression's value, unless it is not at hand.
    fn evaluate(&self, expression: &Expression<'_>) -> Option<String> {
        let value = match self.lookup(expression.name) {
            Lookup::Value(value) => value,
            Lookup::Unset => "",
            Lookup::Unknown => return None,
        };
        match expression.operation {
            Operation::Plain => Some(value.to_owned()),
            Operation::Default(_) if !value.is_empty() => Some(value.to_owned()),
            // A default may hold expressions itself; those are left to the reader.
            Operation::Default(default) => (!default.contains("${")).then(|| default.to_owned()),
            Operation::Other => None,
        }
    }
}

struct Expression<'a> {
    name: &'a str,
    operation: Operation<'a>,
    /// Bytes from `$` to the closing brace.
    length: usize,
}

enum Operation<'a> {
    Plain,
    Default(&'a str),
    /// Cutting, replacing, case and length: valid, not computed here.
    Other,
}

impl<'a> Expression<'a> {
    /// Reads the expression that `text` begins with.
    fn read(text: &'a str) -> Result<Self, Refused> {
        let refused = |reason| Refused { expression: text.chars().take(24).collect(), reason };
        let length = closing(text).ok_or_else(|| refused("the closing brace is missing"))?;
        let inner = &text[2..length - 1];
        if let Some(name) = inner.strip_prefix('#') {
            return Ok(Self { name, operation: Operation::Other, length });
        }
        let end = inner.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(inner.len());
        let (name, operator) = inner.split_at(end);
        if name.is_empty() {
            return Err(refused("a variable's name is missing; write `$${` for a literal `${`"));
        }
        let operation = match operator.as_bytes() {
            [] => Operation::Plain,
            [b'=', ..] => Operation::Default(&operator[1..]),
            [b':', b'=' | b'-' | b'?' | b'+', ..] => Operation::Default(&operator[2..]),
            [b':' | b',' | b'^' | b'/' | b'#' | b'%', ..] => Operation::Other,
            _ => return Err(refused("what follows the variable's name is no operator")),
        };
        Ok(Self { name, operation, length })
    }
}

/// Length of the expression that `text` begins with, nested ones included.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if character == '$' && characters.next_if(|(_, next)| *next == '{').is_some() {
            depth += 1;
        } else if character == '}' {
            depth -= 1;
            if depth == 0 {
                return Some(at + 1);
            }
        }
    }
    None
}

/// Whether Flux's YAML writer writes `text` without quotes on one line, so that what is substituted
/// decides the type: `${replicas}` becomes a number, and a quoted value stays text.
fn is_plain(text: &str) -> bool {
    !text.contains(['\n', '\t'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with(':')
        && text.trim() == text
        && !text.starts_with([
            '-', '?', ':', ',', '[', ']', '{', '}', '#', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`',
        ])
}

fn replain(text: String) -> Value {
    super::yaml::plain_scalar(&text).unwrap_or(Value::String(text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(pairs: &[(&str, &str)]) -> Source {
        Source::Values(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    fn run(sources: Vec<Source>, value: &Value) -> (Value, Vec<String>) {
        let mut unresolved = BTreeSet::new();
        let result = Variables::new(sources).apply(value, &mut unresolved).unwrap();
        (result, unresolved.into_iter().collect())
    }

    #[test]
    fn known_variables_are_substituted_as_flux_does() {
        let value = json!({
            "a": "${name}-${undefined}x", "b": "${undefined:=d}", "c": "${undefined:-e f}", "d": "${name:=d}",
            "literal": "$${name} $name $$x", "n": "${n}", "text": "v: ${n}", "quoted": "${q}", "empty": "${undefined}",
            "${name}": 1,
        });
        let (result, unresolved) = run(vec![values(&[("name", "gc0\n"), ("n", "3"), ("q", "\"3\"")])], &value);
        assert_eq!(
            result,
            json!({
                "a": "gc0-x", "b": "d", "c": "e f", "d": "gc0",
                "literal": "${name} $name $x", "n": 3, "text": "v: 3", "quoted": "3", "empty": null,
                "gc0": 1,
            })
        );
        assert!(unresolved.is_empty());
    }

    #[test]
    fn what_is_not_at_hand_stays_and_is_told() {
        let value = json!({"a": "${here} ${there} ${there:=x}", "b": "${late}"});
        let sources = vec![values(&[("late", "1")]), Source::Unknown, values(&[("here", "h")])];
        let (result, unresolved) = run(sources, &value);
        assert_eq!(result, json!({"a": "h ${there} ${there:=x}", "b": "${late}"}));
        assert_eq!(unresolved, ["late", "there"]);
    }

    #[test]
    fn values_of_secrets_are_not_used() {
        let names = Source::Names(BTreeSet::from(["password".to_owned()]));
        let (result, unresolved) = run(vec![names], &json!({"a": "${password}${other}"}));
        assert_eq!(result, json!({"a": "${password}"}));
        assert_eq!(unresolved, ["password"]);
    }

    #[test]
    fn without_variables_nothing_is_touched() {
        let value = json!({"a": "$${x} ${y} ${z-"});
        assert_eq!(run(vec![values(&[])], &value).0, value);
    }

    #[test]
    fn what_flux_refuses_is_refused() {
        let variables = Variables::new(vec![values(&[("a", "1")])]);
        for text in ["${a-b}", "${", "${}", "${!a}"] {
            assert!(variables.apply(&json!(text), &mut BTreeSet::new()).is_err(), "{text}");
        }
    }
}
