//! HCL expressions → values with places.

use std::{ops::Range, sync::Arc};

use hcl_edit::{
    Span as _,
    expr::{self, Expression, ObjectKey, UnaryOperator},
    template::Element,
};

use crate::hcl::SourceFile;

use super::value::{Entry, Object, Place, Setting, Value};

/// The value of `expression` in `file`. Literals are evaluated; anything else is kept as its source text. An object
/// with a computed key is such an expression as a whole: the key could be any.
pub(super) fn setting(file: &Arc<SourceFile>, expression: &Expression) -> Setting {
    let place = place(file, expression.span());
    let value = value(file, expression).unwrap_or_else(|| Value::Expression(place.text().to_owned()));
    Setting { value, place }
}

/// The place of a span; the beginning of the file for what has none.
pub(super) fn place(file: &Arc<SourceFile>, span: Option<Range<usize>>) -> Place {
    Place { file: Arc::clone(file), span: span.unwrap_or_default() }
}

/// The key as text; `None` for one that is computed.
pub(super) fn key(key: &ObjectKey) -> Option<&str> {
    match key {
        ObjectKey::Ident(name) => Some(name.as_str()),
        // In this place a bare word is a name, not a reference.
        ObjectKey::Expression(Expression::Variable(name)) => Some(name.as_str()),
        ObjectKey::Expression(expression) => expression.as_str(),
    }
}

fn value(file: &Arc<SourceFile>, expression: &Expression) -> Option<Value> {
    Some(match expression {
        Expression::Null(_) => Value::Null,
        Expression::Bool(value) => Value::Bool(**value),
        Expression::Number(number) => Value::Number(*number.value()),
        Expression::String(text) => Value::String(text.to_string()),
        Expression::Array(items) => Value::List(items.iter().map(|item| setting(file, item)).collect()),
        Expression::Object(object) => Value::Object(self::object(file, object)?),
        Expression::Parenthesis(inside) => value(file, inside.inner())?,
        Expression::StringTemplate(template) => Value::String(literal(template.iter())?),
        Expression::HeredocTemplate(heredoc) => {
            let mut heredoc = heredoc.clone();
            heredoc.dedent();
            Value::String(literal(heredoc.template.iter())?)
        }
        Expression::UnaryOp(operation) => match (operation.operator.value(), value(file, &operation.expr)?) {
            (UnaryOperator::Neg, Value::Number(number)) => Value::Number(-number),
            (UnaryOperator::Not, Value::Bool(value)) => Value::Bool(!value),
            _ => return None,
        },
        _ => return None,
    })
}

/// The text of a template that fills in nothing.
fn literal<'a>(elements: impl Iterator<Item = &'a Element>) -> Option<String> {
    elements.map(|element| element.as_literal().map(|text| text.as_str())).collect()
}

fn object(file: &Arc<SourceFile>, object: &expr::Object) -> Option<Object> {
    let entries = object.iter().map(|(name, value)| {
        let (name, place) = (key(name)?.to_owned(), place(file, name.span()));
        Some(Entry { key: name, place, setting: setting(file, value.expr()) })
    });
    Some(Object { entries: entries.collect::<Option<_>>()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hcl::Document;

    fn read(text: &str) -> Setting {
        let document = Document::parse("main.tf", format!("x = {text}\n")).unwrap();
        setting(document.file(), &document.body().get_attribute("x").unwrap().value)
    }

    #[test]
    fn literals_are_evaluated() {
        for (text, json) in [
            ("null", "null"),
            ("-1", "-1"),
            ("(1.50)", "1.5"),
            ("!true", "false"),
            (r#""a\n${"$"}${"$"}{b}""#, "?"),
            (r#""a\t$${b}""#, r#""a\t${b}""#),
            ("<<-EOT\n    a\n      b\n  EOT", r#""a\n  b\n""#),
            ("[1, [\"x\"], {}]", r#"[1,["x"],{}]"#),
            ("{ a = 1, \"b.c\" : true }", r#"{"a":1,"b.c":true}"#),
        ] {
            let found = read(text).value.to_json().map_or_else(|| "?".to_owned(), |json| json.to_string());
            assert_eq!(found, json, "{text}");
        }
    }

    #[test]
    fn everything_else_keeps_its_text_and_place() {
        for text in ["var.a", "merge(local.a, { b = 1 })", "\"${var.a}-x\"", "{ (var.key) = 1 }", "1 + 1", "-var.a"] {
            let found = read(text);
            assert_eq!(found.value, Value::Expression(text.to_owned()));
            assert_eq!(found.place.text(), text);
        }
        // Around an expression everything else is known.
        let found = read("{ a = var.a, b = 1 }");
        let object = found.value.as_object().unwrap();
        assert_eq!(object.get("a").unwrap().value, Value::Expression("var.a".to_owned()));
        assert_eq!(object.get("b").unwrap().value.to_json(), Some(1.into()));
        assert_eq!(object.entry("b").unwrap().place.text(), "b");
        assert_eq!(found.value.to_json(), None);
    }

    #[test]
    fn a_value_is_written_as_one_line_of_hcl() {
        assert_eq!(
            read("{ a = [1, \"x\"], \"b.c\" = {\n}, d = merge(\n  var.a,\n) }").value.to_string(),
            r#"{ a = [1, "x"], "b.c" = {}, d = merge( var.a, ) }"#
        );
    }
}
