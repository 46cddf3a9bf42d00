//! Terraform's JSON syntax → the same body that the native syntax parses to, so that one reader
//! serves both. Strings are templates, as Terraform defines.

use hcl_edit::{
    Ident,
    expr::{Array, Expression, Object, ObjectKey},
    structure::{Attribute, Block, Body},
    template::{StringTemplate, Template},
};
use serde_json::{Map, Value};

/// How many labels the blocks of a kind have.
const LABELS: [(&str, usize); 7] =
    [("module", 1), ("locals", 0), ("variable", 1), ("output", 1), ("data", 2), ("resource", 2), ("provider", 1)];

/// Reads a `*.tf.json` or `*.tfvars.json`.
pub(super) fn body(text: &str) -> Result<Body, serde_json::Error> {
    let top = serde_json::from_str::<Map<String, Value>>(text)?;
    let mut body = Body::new();
    for (key, value) in top {
        match LABELS.iter().find(|(kind, _)| *kind == key) {
            Some((kind, labels)) => blocks(&mut body, kind, *labels, &mut Vec::new(), &value),
            None => push(&mut body, &key, &value),
        }
    }
    Ok(body)
}

/// One block per object at the depth of the labels; a list in between holds several.
fn blocks(body: &mut Body, kind: &str, labels: usize, path: &mut Vec<String>, value: &Value) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| blocks(body, kind, labels, path, item)),
        Value::Object(object) if path.len() < labels => {
            for (label, value) in object {
                path.push(label.clone());
                blocks(body, kind, labels, path, value);
                path.pop();
            }
        }
        Value::Object(object) => {
            let mut block = Block::builder(Ident::new_sanitized(kind)).labels(path.clone()).build();
            object.iter().for_each(|(key, value)| push(&mut block.body, key, value));
            body.push(block);
        }
        _ => {}
    }
}

/// Keys that are no identifiers are made into some; when two become the same, the later gets `_`s,
/// because only their values can matter.
fn push(body: &mut Body, key: &str, value: &Value) {
    let mut name = key.to_owned();
    while let Err(taken) = body.try_push(Attribute::new(Ident::new_sanitized(&name), expression(value))) {
        name = format!("{}_", taken.key.as_str());
    }
}

fn expression(value: &Value) -> Expression {
    match value {
        Value::Null => Expression::null(),
        Value::Bool(value) => Expression::from(*value),
        // Numbers are no paths, whatever their value.
        Value::Number(number) => Expression::from(number.to_string()),
        Value::String(text) => string(text),
        Value::Array(items) => items.iter().map(expression).collect::<Array>().into(),
        Value::Object(object) => object
            .iter()
            .map(|(key, value)| (ObjectKey::from(string(key)), expression(value)))
            .collect::<Object>()
            .into(),
    }
}

fn string(text: &str) -> Expression {
    if !text.contains("${") && !text.contains("%{") {
        return Expression::from(text);
    }
    match text.parse::<Template>() {
        // `"${x}"` alone is the value itself, not its text.
        Ok(template) => match template.as_single_element().and_then(|element| element.as_interpolation()) {
            Some(interpolation) => interpolation.expr.clone(),
            None => Expression::from(template.into_iter().collect::<StringTemplate>()),
        },
        // Not HCL after all: what it mentions still counts.
        Err(_) => Expression::from(text),
    }
}
