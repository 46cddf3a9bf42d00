//! Terraform's JSON syntax → the same body that the native syntax parses to, so that one reader
//! serves both. Strings are templates, as Terraform defines.

use super::json_value::Value;
use hcl_edit::{
    Ident,
    expr::{Array, Expression, Object, ObjectKey},
    structure::{Attribute, Block, Body},
    template::{StringTemplate, Template},
};

/// How many labels the blocks of a kind have.
const LABELS: [(&str, usize); 7] =
    [("module", 1), ("locals", 0), ("variable", 1), ("output", 1), ("data", 2), ("resource", 2), ("provider", 1)];

/// Reads a `*.tf.json` or `*.tfvars.json`: an object, or a list of them.
///
/// # Errors
/// What is no JSON, or holds a template that cannot be parsed.
pub(super) fn body(text: &str) -> Result<Body, Invalid> {
    let mut body = Body::new();
    let objects = match serde_json::from_str(text)? {
        Value::Array(items) => items,
        top => vec![top],
    };
    for (key, value) in objects.into_iter().flat_map(Value::into_object) {
        match LABELS.iter().find(|(kind, _)| *kind == key) {
            Some((kind, labels)) => blocks(&mut body, kind, *labels, &mut Vec::new(), &value)?,
            None => push(&mut body, &key, &value)?,
        }
    }
    Ok(body)
}

/// Why a JSON file cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Invalid {
    #[error("invalid JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("`{0}` is no template")]
    Template(String),
}

impl Invalid {
    /// The line, as far as it is known.
    pub(super) fn line(&self) -> usize {
        match self {
            Self::Json(error) => error.line(),
            Self::Template(_) => 1,
        }
    }
}

/// One block per object at the depth of the labels; a list in between holds several.
fn blocks(body: &mut Body, kind: &str, labels: usize, path: &mut Vec<String>, value: &Value) -> Result<(), Invalid> {
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| blocks(body, kind, labels, path, item)),
        Value::Object(object) if path.len() < labels => object.iter().try_for_each(|(label, value)| {
            path.push(label.clone());
            blocks(body, kind, labels, path, value)?;
            path.pop();
            Ok(())
        }),
        Value::Object(object) => {
            let mut block = Block::builder(Ident::new_sanitized(kind)).labels(path.clone()).build();
            object.iter().try_for_each(|(key, value)| push(&mut block.body, key, value))?;
            body.push(block);
            Ok(())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

/// Keys that are no identifiers are made into some; when two become the same, the later gets `_`s,
/// because only their values can matter.
fn push(body: &mut Body, key: &str, value: &Value) -> Result<(), Invalid> {
    let mut name = key.to_owned();
    let value = expression(value)?;
    while let Err(taken) = body.try_push(Attribute::new(Ident::new_sanitized(&name), value.clone())) {
        name = format!("{}_", taken.key.as_str());
    }
    Ok(())
}

fn expression(value: &Value) -> Result<Expression, Invalid> {
    Ok(match value {
        Value::Null => Expression::null(),
        Value::Bool(value) => Expression::from(*value),
        // Numbers are no paths, whatever their value.
        Value::Number(number) => Expression::from(number.to_string()),
        Value::String(text) => string(text)?,
        Value::Array(items) => items.iter().map(expression).collect::<Result<Array, _>>()?.into(),
        Value::Object(object) => object
            .iter()
            .map(|(key, value)| Ok((ObjectKey::from(string(key)?), expression(value)?)))
            .collect::<Result<Object, Invalid>>()?
            .into(),
    })
}

fn string(text: &str) -> Result<Expression, Invalid> {
    if !text.contains("${") && !text.contains("%{") {
        return Ok(Expression::from(text));
    }
    // Not HCL after all, or beyond the parser: it could read anything.
    let template = text.parse::<Template>().map_err(|_| Invalid::Template(text.to_owned()))?;
    // `"${x}"` alone is the value itself, not its text.
    Ok(match template.as_single_element().and_then(|element| element.as_interpolation()) {
        Some(interpolation) => interpolation.expr.clone(),
        None => Expression::from(template.into_iter().collect::<StringTemplate>()),
    })
}
