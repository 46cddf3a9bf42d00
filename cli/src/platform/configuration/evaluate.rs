//! Terraform's expressions, as far as the conditions of modules need them and the files tell.

use std::sync::Arc;

use hcl_edit::{
    expr::{BinaryOperator, Expression, ForExpr, FuncCall, Traversal, TraversalOperator, UnaryOperator},
    template::Element,
};

use super::{
    cidr::Cidr,
    value::{Entry, Object, Place, Setting, Value},
};

/// What names stand for while a condition is evaluated. Results are `None` where they cannot be known, so
/// that nothing is taken for false which only may be.
pub(super) struct Scope<'r> {
    variable: &'r str,
    subject: &'r Value,
    locals: Vec<(String, Value)>,
}

impl<'r> Scope<'r> {
    /// `var.<variable>` is `subject`.
    pub(super) fn new(variable: &'r str, subject: &'r Value) -> Self {
        Self { variable, subject, locals: Vec::new() }
    }

    /// The value of `expression`.
    pub(super) fn evaluate(&mut self, expression: &Expression) -> Option<Value> {
        match expression {
            Expression::Null(_) => Some(Value::Null),
            Expression::Bool(value) => Some(Value::Bool(**value)),
            Expression::Number(number) => Some(Value::Number(*number.value())),
            Expression::String(text) => Some(Value::String(text.to_string())),
            Expression::StringTemplate(_) => self.text(expression).map(Value::String),
            Expression::Array(items) => {
                Some(list(items.iter().map(|item| self.evaluate(item)).collect::<Option<Vec<_>>>()?))
            }
            Expression::Parenthesis(inside) => self.evaluate(inside.inner()),
            Expression::Variable(name) => self.local(name.as_str()).cloned(),
            Expression::Traversal(traversal) => self.reference(traversal),
            Expression::UnaryOp(operation) => match (operation.operator.value(), self.evaluate(&operation.expr)?) {
                (UnaryOperator::Not, Value::Bool(value)) => Some(Value::Bool(!value)),
                (UnaryOperator::Neg, Value::Number(number)) => Some(Value::Number(-number)),
                _ => None,
            },
            Expression::BinaryOp(operation) => {
                let left = self.evaluate(&operation.lhs_expr);
                let right = self.evaluate(&operation.rhs_expr);
                binary(left, *operation.operator.value(), right)
            }
            Expression::Conditional(conditional) => match self.evaluate(&conditional.cond_expr)? {
                Value::Bool(true) => self.evaluate(&conditional.true_expr),
                Value::Bool(false) => self.evaluate(&conditional.false_expr),
                _ => None,
            },
            Expression::FuncCall(call) => self.call(call),
            Expression::ForExpr(each) => self.each(each),
            _ => None,
        }
    }

    fn local(&self, name: &str) -> Option<&Value> {
        self.locals.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    fn reference(&self, traversal: &Traversal) -> Option<Value> {
        let names = path(traversal)?;
        match names.split_first()? {
            (first, rest) if first == "var" && rest.first().is_some_and(|name| name == self.variable) => {
                below(self.subject, &rest[1..]).cloned()
            }
            (first, rest) => below(self.local(first)?, rest).cloned(),
        }
    }

    /// `[for … in … : …]`; elements that are not known stay in the list as expressions.
    fn each(&mut self, each: &ForExpr) -> Option<Value> {
        if each.key_expr.is_some() || each.cond.is_some() {
            return None;
        }
        let items: Vec<(Value, Value)> = match self.evaluate(&each.intro.collection_expr)? {
            Value::Object(object) => {
                object.entries.into_iter().map(|entry| (Value::String(entry.key), entry.setting.value)).collect()
            }
            Value::List(items) => {
                let numbered = items.into_iter().enumerate();
                numbered.map(|(index, item)| (Value::Number((index as u64).into()), item.value)).collect()
            }
            _ => return None,
        };
        let (key, value) = (&each.intro.key_var, each.intro.value_var.as_str().to_owned());
        let mut results = Vec::new();
        for (index, item) in items {
            let depth = self.locals.len();
            if let Some(key) = key {
                self.locals.push((key.as_str().to_owned(), index));
            }
            self.locals.push((value.clone(), item));
            let result = self.evaluate(&each.value_expr);
            self.locals.truncate(depth);
            results.push(result.unwrap_or_else(|| Value::Expression(String::new())));
        }
        Some(list(results))
    }

    fn call(&mut self, call: &FuncCall) -> Option<Value> {
        let name = call.name.name.as_str();
        if name == "can" {
            return self.can(call.args.get(0)?.as_func_call()?);
        }
        let arguments = call.args.iter().map(|argument| self.evaluate(argument)).collect::<Option<Vec<_>>>()?;
        Some(match (name, arguments.as_slice()) {
            ("length", [Value::String(text)]) if text.is_ascii() => Value::Number((text.len() as u64).into()),
            ("length", [Value::List(items)]) => Value::Number((items.len() as u64).into()),
            ("length", [Value::Object(object)]) => Value::Number((object.entries.len() as u64).into()),
            ("keys", [Value::Object(object)]) => list(object.keys().map(|key| Value::String(key.to_owned())).collect()),
            ("lower", [Value::String(text)]) => Value::String(text.to_lowercase()),
            ("startswith", [Value::String(text), Value::String(start)]) => {
                Value::Bool(text.starts_with(start.as_str()))
            }
            ("endswith", [Value::String(text), Value::String(end)]) => Value::Bool(text.ends_with(end.as_str())),
            ("contains", [Value::List(items), wanted]) => {
                any(items.iter().map(|item| equal(Some(&item.value), Some(wanted))))?
            }
            ("anytrue", [Value::List(items)]) => any(items.iter().map(|item| bool(&item.value)))?,
            ("alltrue", [Value::List(items)]) => {
                let Value::Bool(one_is_false) = any(items.iter().map(|item| bool(&item.value).map(|value| !value)))?
                else {
                    return None;
                };
                Value::Bool(!one_is_false)
            }
            ("join", [Value::String(between), Value::List(items)]) => {
                Value::String(items.iter().map(|item| plain(&item.value)).collect::<Option<Vec<_>>>()?.join(between))
            }
            _ => return None,
        })
    }

    /// Whether a call succeeds, for the functions that are used to check the form of a text.
    fn can(&mut self, call: &FuncCall) -> Option<Value> {
        let arguments = call.args.iter().map(|argument| self.evaluate(argument)).collect::<Option<Vec<_>>>()?;
        Some(Value::Bool(match (call.name.name.as_str(), arguments.as_slice()) {
            // Go's syntax of regular expressions is RE2, as that of the crate.
            ("regex", [Value::String(pattern), Value::String(text)]) => regex::Regex::new(pattern).ok()?.is_match(text),
            ("cidrnetmask", [Value::String(text)]) => Cidr::parse(text).is_some_and(Cidr::is_v4),
            ("cidrhost", [Value::String(text), ..]) => Cidr::parse(text).is_some(),
            _ => return None,
        }))
    }

    /// A text with what it fills in; what is not known becomes `…`.
    pub(super) fn text(&mut self, expression: &Expression) -> Option<String> {
        match expression {
            Expression::String(text) => Some(text.to_string()),
            Expression::StringTemplate(template) => {
                let mut text = String::new();
                for element in template {
                    match element {
                        Element::Literal(literal) => text.push_str(literal.as_str()),
                        Element::Interpolation(filled) => {
                            let value = self.evaluate(&filled.expr).and_then(|value| plain(&value));
                            text.push_str(value.as_deref().unwrap_or("…"));
                        }
                        Element::Directive(_) => return None,
                    }
                }
                Some(text)
            }
            _ => None,
        }
    }
}

pub(super) fn list(values: Vec<Value>) -> Value {
    let nowhere = Place { file: Arc::default(), span: 0..0 };
    Value::List(values.into_iter().map(|value| Setting { value, place: nowhere.clone() }).collect())
}

/// A scalar as text.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

fn bool(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        _ => None,
    }
}

/// Whether one is true: surely if one is, surely not if none is and all are known.
fn any(outcomes: impl Iterator<Item = Option<bool>>) -> Option<Value> {
    let mut known = true;
    for outcome in outcomes {
        match outcome {
            Some(true) => return Some(Value::Bool(true)),
            Some(false) => {}
            None => known = false,
        }
    }
    known.then_some(Value::Bool(false))
}

/// Whether two values are equal. Of two kinds it is not known: Terraform converts some to the type of the variable.
fn equal(left: Option<&Value>, right: Option<&Value>) -> Option<bool> {
    let (left, right) = (left?, right?);
    let (one, other) = (left.to_json(), right.to_json());
    match (left, right) {
        (Value::Expression(_), _) | (_, Value::Expression(_)) => None,
        (Value::Null, _) | (_, Value::Null) => Some(left == right),
        _ if left.kind() != right.kind() => None,
        _ => Some(one? == other?),
    }
}

fn binary(left: Option<Value>, operator: BinaryOperator, right: Option<Value>) -> Option<Value> {
    let outcome = match operator {
        BinaryOperator::Or => return any([left, right].iter().map(|side| side.as_ref().and_then(bool))),
        BinaryOperator::And => {
            let negated = [left, right].map(|side| side.as_ref().and_then(bool).map(|value| !value));
            return match any(negated.into_iter())? {
                Value::Bool(one_is_false) => Some(Value::Bool(!one_is_false)),
                _ => None,
            };
        }
        BinaryOperator::Eq => equal(left.as_ref(), right.as_ref())?,
        BinaryOperator::NotEq => !equal(left.as_ref(), right.as_ref())?,
        _ => {
            let (Value::Number(left), Value::Number(right)) = (left?, right?) else { return None };
            let (left, right) = (left.as_f64()?, right.as_f64()?);
            match operator {
                BinaryOperator::Less => left < right,
                BinaryOperator::LessEq => left <= right,
                BinaryOperator::Greater => left > right,
                BinaryOperator::GreaterEq => left >= right,
                _ => return None,
            }
        }
    };
    Some(Value::Bool(outcome))
}

/// The names of a reference, such as `var`, `configuration`, `min_size`; `None` with anything but attributes.
pub(super) fn path(traversal: &Traversal) -> Option<Vec<String>> {
    let mut names = vec![traversal.expr.as_variable()?.as_str().to_owned()];
    for operator in &traversal.operators {
        match operator.value() {
            TraversalOperator::GetAttr(name) => names.push(name.as_str().to_owned()),
            _ => return None,
        }
    }
    Some(names)
}

/// The value at `path`; `None` where it is not known, or not there.
pub(super) fn below<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    let mut value = value;
    for name in path {
        value = &value.as_object()?.get(name)?.value;
    }
    (!matches!(value, Value::Expression(_))).then_some(value)
}

/// An object of known values, for evaluating.
pub(super) fn object(entries: Vec<(String, Value)>) -> Value {
    let nowhere = Place { file: Arc::default(), span: 0..0 };
    let entry =
        |(key, value)| Entry { key, place: nowhere.clone(), setting: Setting { value, place: nowhere.clone() } };
    Value::Object(Object { entries: entries.into_iter().map(entry).collect() })
}
