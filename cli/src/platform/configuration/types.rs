//! Types of settings: what a module takes, and whether a literal fits.

use hcl_edit::{
    expr::{Expression, FuncCall},
    structure::Body,
};

use super::{
    read,
    value::{Place, Setting, Value},
};
use crate::hcl::SourceFile;
use std::sync::Arc;

/// A type in Terraform's words, and two that only `known_keys.tf` uses.
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    /// Text.
    String,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// A list or set of such elements.
    List(Box<Type>),
    /// An object with any keys and such values.
    Map(Box<Type>),
    /// An object with these keys.
    Object(Vec<Field>),
    /// One of these words, written `a | b`.
    Words(Vec<String>),
    /// Anything, or a type that is not understood here.
    Any,
}

/// An attribute of an object type.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Type,
    /// Whether it must be there.
    pub required: bool,
    /// The second argument of `optional()`.
    pub default: Option<Setting>,
    /// Where the name stands.
    pub place: Place,
}

/// Why a literal does not fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Misfit {
    /// The way from the value to the element that does not fit, such as `.team` or `[1]`; empty for the value itself.
    pub at: String,
    /// Where the element stands.
    pub place: Place,
    /// What it should be and what it is.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Type {
    /// Reads a type expression of a variable.
    pub(super) fn read(file: &Arc<SourceFile>, expression: &Expression) -> Self {
        match expression {
            Expression::Variable(name) => match name.as_str() {
                "string" => Self::String,
                "number" => Self::Number,
                "bool" => Self::Bool,
                _ => Self::Any,
            },
            Expression::FuncCall(call) => Self::constructed(file, call).unwrap_or(Self::Any),
            _ => Self::Any,
        }
    }

    fn constructed(file: &Arc<SourceFile>, call: &FuncCall) -> Option<Self> {
        let first = call.args.get(0)?;
        Some(match call.name.name.as_str() {
            "list" | "set" => Self::List(Box::new(Self::read(file, first))),
            "map" => Self::Map(Box::new(Self::read(file, first))),
            "object" => {
                let fields = first.as_object()?.iter();
                Self::Object(fields.map(|(key, value)| Field::read(file, key, value.expr())).collect::<Option<_>>()?)
            }
            _ => return None,
        })
    }

    /// Reads the text of a leaf of the known keys: a type expression, or words such as `STANDARD | EXTENDED`.
    pub fn parse(text: &str) -> Self {
        let words: Vec<String> = text.split('|').map(|word| word.trim().to_owned()).collect();
        let plain = |word: &String| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        };
        if words.len() > 1 {
            let types = words.iter().any(|word| ["string", "number", "bool", "any", "null"].contains(&word.as_str()));
            return if words.iter().all(plain) && !types { Self::Words(words) } else { Self::Any };
        }
        let file = Arc::new(SourceFile { path: String::new(), text: format!("type = {text}\n") });
        let body = file.text.parse::<Body>().ok();
        body.and_then(|body| body.get_attribute("type").map(|found| Self::read(&file, &found.value)))
            .unwrap_or(Self::Any)
    }

    /// Checks a literal against the type. What Terraform converts without loss fits; expressions and null always do.
    pub fn fit(&self, setting: &Setting, misfits: &mut Vec<Misfit>) {
        self.fit_at("", setting, misfits);
    }

    fn fit_at(&self, at: &str, setting: &Setting, misfits: &mut Vec<Misfit>) {
        let mut misfit = |message: String, help: Option<String>| {
            misfits.push(Misfit { at: at.to_owned(), place: setting.place.clone(), message, help });
        };
        let found = setting.value.kind();
        match (self, &setting.value) {
            (Self::Any, _) | (_, Value::Null | Value::Expression(_)) => {}
            (Self::String, Value::String(_)) | (Self::Number, Value::Number(_)) | (Self::Bool, Value::Bool(_)) => {}
            (Self::String, Value::Number(number)) => {
                // Terraform makes "1.3" of 1.30: a version that means something else.
                if setting.place.text() != number.to_string() {
                    let written = setting.place.text();
                    misfit(
                        format!("must be a string: as a number it becomes \"{number}\""),
                        Some(format!("write \"{written}\"")),
                    );
                }
            }
            (Self::String, Value::Bool(_)) => {}
            (Self::Number, Value::String(text)) if text.parse::<f64>().is_ok_and(f64::is_finite) => {}
            (Self::Bool, Value::String(text)) if text == "true" || text == "false" => {}
            (Self::Words(words), Value::String(word)) => {
                if !words.contains(word) {
                    let help = super::nearest_key(word, words.iter().map(String::as_str));
                    misfit(
                        format!("must be {}, not \"{word}\"", self.name()),
                        help.map(|near| format!("did you mean \"{near}\"?")),
                    );
                }
            }
            (Self::Words(words), scalar @ (Value::Bool(_) | Value::Number(_)))
                if words.contains(&scalar.to_string()) => {}
            (Self::List(element), Value::List(items)) => {
                for (index, item) in items.iter().enumerate() {
                    element.fit_at(&format!("{at}[{index}]"), item, misfits);
                }
            }
            (Self::Map(element), Value::Object(object)) => {
                for entry in &object.entries {
                    element.fit_at(&below(at, &entry.key), &entry.setting, misfits);
                }
            }
            (Self::Object(fields), Value::Object(object)) => {
                for entry in &object.entries {
                    if let Some(field) = fields.iter().find(|field| field.name == entry.key) {
                        field.kind.fit_at(&below(at, &entry.key), &entry.setting, misfits);
                    }
                }
            }
            (Self::List(_), Value::String(_)) => {
                misfit(
                    format!("must be {}, not {found}", self.name()),
                    Some(format!("write [{}]", setting.place.text())),
                );
            }
            _ => misfit(format!("must be {}, not {found}", self.name()), None),
        }
    }

    /// The type with its article, for messages.
    pub fn name(&self) -> String {
        let plural = |element: &Self| match element {
            Self::String => " of strings",
            Self::Number => " of numbers",
            Self::Bool => " of bools",
            _ => "",
        };
        match self {
            Self::String => "a string".to_owned(),
            Self::Number => "a number".to_owned(),
            Self::Bool => "`true` or `false`".to_owned(),
            Self::List(element) => format!("a list{}", plural(element)),
            Self::Map(element) => format!("an object{}", plural(element)),
            Self::Object(_) => "an object".to_owned(),
            Self::Words(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                match words.split_last() {
                    Some((last, [])) => last.clone(),
                    Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
                    None => String::new(),
                }
            }
            Self::Any => "any value".to_owned(),
        }
    }
}

/// The way to a key one step further.
fn below(at: &str, key: &str) -> String {
    format!("{at}{}", super::settled::step(key, true))
}

impl Field {
    fn read(file: &Arc<SourceFile>, key: &hcl_edit::expr::ObjectKey, expression: &Expression) -> Option<Self> {
        let (name, place) = (read::key(key)?.to_owned(), read::place(file, hcl_edit::Span::span(key)));
        let optional = expression.as_func_call().filter(|call| call.name.name.as_str() == "optional");
        Some(match optional {
            None => Self { name, place, kind: Type::read(file, expression), required: true, default: None },
            Some(call) => Self {
                name,
                place,
                kind: Type::read(file, call.args.get(0)?),
                required: false,
                default: call.args.get(1).map(|default| read::setting(file, default)),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hcl::Document;

    /// What is wrong with `text` as a value of `kind`.
    fn misfits(kind: &str, text: &str) -> String {
        let document = Document::parse("main.tf", format!("x = {text}\n")).unwrap();
        let setting = read::setting(document.file(), &document.body().get_attribute("x").unwrap().value);
        let mut misfits = Vec::new();
        Type::parse(kind).fit(&setting, &mut misfits);
        let line = |misfit: &Misfit| {
            let help = misfit.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
            format!("{kind}: `x{}` {}{help}", misfit.at, misfit.message)
        };
        misfits.iter().map(line).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn what_terraform_converts_without_loss_fits() {
        for (kind, text) in [
            ("string", "\"x\""),
            ("string", "7"),
            ("string", "true"),
            ("string", "null"),
            ("string", "var.x"),
            ("number", "-1.5"),
            ("number", "\"3\""),
            ("bool", "\"true\""),
            ("list(string)", "[\"a\", null, 1]"),
            ("map(string)", "{ a = \"x\", b = 2 }"),
            ("a | b", "\"b\""),
            ("1 | 2", "2"),
            ("object({ a = number })", "{ a = 1 }"),
            ("number | string", "[]"),
            ("something new", "[]"),
            ("any", "{}"),
        ] {
            assert_eq!(misfits(kind, text), "", "{kind}: {text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_told_at_its_place() {
        insta::assert_snapshot!([
            ("string", "[]"), ("string", "1.30"), ("number", "\"three\""), ("number", "true"), ("bool", "\"yes\""),
            ("list(string)", "\"a\""), ("list(number)", "[1, \"x\", [2]]"), ("map(string)", "[]"), ("map(bool)", "{ a = 1 }"),
            ("per_zone | one | none", "\"per-zone\""), ("a | b", "1"), ("object({ a = list(number) })", "{ a = [{}] }"),
        ].map(|(kind, text)| misfits(kind, text)).join("\n"), @r#"
        string: `x` must be a string, not a list
        string: `x` must be a string: as a number it becomes "1.3" (write "1.30")
        number: `x` must be a number, not a string
        number: `x` must be a number, not a bool
        bool: `x` must be `true` or `false`, not a string
        list(string): `x` must be a list of strings, not a string (write ["a"])
        list(number): `x[1]` must be a number, not a string; list(number): `x[2]` must be a number, not a list
        map(string): `x` must be an object of strings, not a list
        map(bool): `x.a` must be `true` or `false`, not a number
        per_zone | one | none: `x` must be "per_zone", "one" or "none", not "per-zone" (did you mean "per_zone"?)
        a | b: `x` must be "a" or "b", not a number
        object({ a = list(number) }): `x.a[0]` must be a number, not an object
        "#);
    }
}
