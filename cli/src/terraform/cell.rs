//! Values of a plan as both readers see them: with marks for unknown and sensitive parts.

use std::collections::BTreeMap;

use serde_json::Value;

/// A value and whether Terraform marks it as sensitive. It holds secrets in clear, so it cannot be printed;
/// what may be shown is decided in `diff.rs` alone.
#[derive(Clone)]
pub(super) struct Cell {
    pub(super) content: Content,
    pub(super) sensitive: bool,
}

/// The value. Terraform's lists, sets and tuples are one here, and so are its maps and objects:
/// plan files do not tell them apart without provider schemas.
#[derive(Clone)]
pub(super) enum Content {
    Null,
    Unknown,
    /// A bool, number or string.
    Plain(Value),
    List(Vec<Cell>),
    Map(BTreeMap<String, Cell>),
}

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// Attribute of an object, or key of a map.
    Key(String),
    /// Index of a list.
    Index(usize),
    /// An element of a set, named by its value: nothing that can be followed here.
    Element,
}

impl Cell {
    pub(super) const NULL: Self = Self { content: Content::Null, sensitive: false };

    pub(super) fn new(content: Content) -> Self {
        Self { content, sensitive: false }
    }

    /// From plain JSON, without marks.
    #[cfg(test)]
    pub(super) fn from_json(value: Value) -> Self {
        Self::new(match value {
            Value::Null => Content::Null,
            Value::Array(items) => Content::List(items.into_iter().map(Self::from_json).collect()),
            Value::Object(entries) => {
                Content::Map(entries.into_iter().map(|(key, value)| (key, Self::from_json(value))).collect())
            }
            plain => Content::Plain(plain),
        })
    }

    /// Whether both hold the same, marks aside.
    pub(super) fn same(&self, other: &Self) -> bool {
        match (&self.content, &other.content) {
            (Content::Null, Content::Null) | (Content::Unknown, Content::Unknown) => true,
            (Content::Plain(one), Content::Plain(two)) => one == two,
            (Content::List(one), Content::List(two)) => {
                one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.same(two))
            }
            (Content::Map(one), Content::Map(two)) => {
                one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.0 == two.0 && one.1.same(two.1))
            }
            _ => false,
        }
    }

    /// As JSON without null attributes, unless a part is sensitive or unknown.
    pub(super) fn shareable(&self) -> Option<Value> {
        if self.sensitive {
            return None;
        }
        Some(match &self.content {
            Content::Unknown => return None,
            Content::Null => Value::Null,
            Content::Plain(value) => value.clone(),
            Content::List(items) => Value::Array(items.iter().map(Self::shareable).collect::<Option<_>>()?),
            Content::Map(entries) => {
                let mut object = serde_json::Map::new();
                for (key, cell) in entries {
                    match cell.shareable()? {
                        Value::Null => {}
                        value => drop(object.insert(key.clone(), value)),
                    }
                }
                Value::Object(object)
            }
        })
    }

    /// Whether any part is sensitive.
    pub(super) fn holds_sensitive(&self) -> bool {
        self.sensitive
            || match &self.content {
                Content::List(items) => items.iter().any(Self::holds_sensitive),
                Content::Map(entries) => entries.values().any(Self::holds_sensitive),
                _ => false,
            }
    }

    /// Hands every plain value to `seen` that is marked, or lies in what is; `inside` says that it does already.
    pub(super) fn visit_sensitive(&self, inside: bool, seen: &mut dyn FnMut(&Value)) {
        let inside = inside || self.sensitive;
        match &self.content {
            Content::Plain(value) if inside => seen(value),
            Content::List(items) => items.iter().for_each(|item| item.visit_sensitive(inside, seen)),
            Content::Map(entries) => entries.values().for_each(|entry| entry.visit_sensitive(inside, seen)),
            Content::Plain(_) | Content::Null | Content::Unknown => {}
        }
    }

    /// Marks what `path` leads to. Where it cannot be followed to its end, the last value that it
    /// reaches is marked whole: rather too much than too little.
    pub(super) fn mark(&mut self, path: &[Step]) {
        let Some((step, rest)) = path.split_first() else {
            self.sensitive = true;
            return;
        };
        let next = match (&mut self.content, step) {
            (Content::Map(entries), Step::Key(key)) => entries.get_mut(key),
            (Content::List(items), Step::Index(index)) => items.get_mut(*index),
            _ => None,
        };
        match next {
            Some(next) => next.mark(rest),
            None => self.sensitive = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_covers_what_its_path_leads_to_or_the_last_value_on_the_way() {
        let value = || Cell::from_json(serde_json::json!({"a": {"b": "x", "c": 1}, "s": [{"p": "x"}]}));
        let key = |key: &str| Step::Key(key.into());
        let mut cell = value();
        cell.mark(&[key("a"), key("b")]);
        assert!(cell.shareable().is_none() && cell.holds_sensitive() && !cell.sensitive);
        let Content::Map(root) = &cell.content else { panic!() };
        assert!(!root["a"].sensitive && root["a"].holds_sensitive() && !root["s"].holds_sensitive());

        let mut cell = value();
        cell.mark(&[key("s"), Step::Element, key("p")]);
        let Content::Map(root) = &cell.content else { panic!() };
        assert!(root["s"].sensitive && !root["a"].holds_sensitive());
    }
}
