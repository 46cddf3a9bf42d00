//! A value as a file says it, and where.

use std::{fmt, ops::Range, sync::Arc};

use hcl::Number;

use crate::hcl::{Diagnostic, SourceFile};

/// Where something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: Arc<SourceFile>,
    /// Byte range in its text.
    pub span: Range<usize>,
}

impl Place {
    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.file.line_of(self.span.start)
    }

    /// A problem here.
    pub fn problem(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(&self.file, self.span.clone(), message)
    }

    /// The text that stands here.
    pub fn text(&self) -> &str {
        self.file.text.get(self.span.clone()).unwrap_or_default()
    }
}

impl fmt::Display for Place {
    /// `path:line`, the form that editors and terminals make clickable.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.path, self.line())
    }
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The value.
    pub value: Value,
    /// Where it stands.
    pub place: Place,
}

/// What a file says, as far as it can be known without Terraform.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text without anything to fill in.
    String(String),
    /// A list; it never merges.
    List(Vec<Setting>),
    /// An object.
    Object(Object),
    /// Anything that only Terraform can tell, such as a reference or a function call: its source text. It may turn
    /// out to be null, an object or anything else.
    Expression(String),
}

/// An object in the order of the file. A key that is written twice is a syntax error already.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Object {
    /// Keys and values.
    pub entries: Vec<Entry>,
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub place: Place,
    /// Its value.
    pub setting: Setting,
}

impl Object {
    /// The value at `key`.
    pub fn get(&self, key: &str) -> Option<&Setting> {
        self.entry(key).map(|entry| &entry.setting)
    }

    /// Key and value at `key`.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The keys, in the order of the file.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.key.as_str())
    }
}

impl Value {
    /// The object, if it is one.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The elements, if it is a list.
    pub fn as_list(&self) -> Option<&[Setting]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// What kind of value it is, with its article, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
            Self::Expression(_) => "an expression",
        }
    }

    /// The value as JSON, or `None` if any part of it is an expression.
    pub fn to_json(&self) -> Option<serde_json::Value> {
        Some(match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => number.into(),
                (None, Some(number)) => number.into(),
                (None, None) => number.as_f64().into(),
            },
            Self::String(text) => text.as_str().into(),
            Self::List(items) => items.iter().map(|item| item.value.to_json()).collect::<Option<Vec<_>>>()?.into(),
            Self::Object(object) => {
                let entries = object.entries.iter();
                let pairs = entries.map(|entry| Some((entry.key.clone(), entry.setting.value.to_json()?)));
                serde_json::Value::Object(pairs.collect::<Option<_>>()?)
            }
            Self::Expression(_) => return None,
        })
    }
}

impl fmt::Display for Value {
    /// One line of HCL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::String(text) => {
                let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
                write!(f, "\"{}\"", escaped.replace("${", "$${").replace("%{", "%%{"))
            }
            Self::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{}", if index > 0 { ", " } else { "" }, item.value)?;
                }
                f.write_str("]")
            }
            Self::Object(object) if object.entries.is_empty() => f.write_str("{}"),
            Self::Object(object) => {
                f.write_str("{ ")?;
                for (index, Entry { key, setting, .. }) in object.entries.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    let plain = !key.is_empty()
                        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
                    if plain {
                        write!(f, "{comma}{key} = ")?;
                    } else {
                        write!(f, "{comma}{key:?} = ")?;
                    }
                    write!(f, "{}", setting.value)?;
                }
                f.write_str(" }")
            }
            // An expression may go over several lines.
            Self::Expression(source) => f.write_str(&source.split_whitespace().collect::<Vec<_>>().join(" ")),
        }
    }
}
