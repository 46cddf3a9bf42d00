//! The validations of a module, evaluated as far as the files tell: Terraform would refuse the same, later and
//! without the line.
//!
//! What is not known, or uses a function that is not here, has no outcome; only a condition that is surely false
//! counts. So nothing that Terraform would take is refused here.

use std::sync::Arc;

use hcl_edit::{
    Span as _,
    expr::{Expression, Traversal},
    structure::{Block, Structure},
    visit::{Visit, visit_traversal},
};

use super::{
    evaluate::{Scope, below, path},
    read,
    value::{Place, Value},
};
use crate::hcl::{Document, SourceFile};

/// What a variable of a rule stands for.
#[derive(Debug, Clone, PartialEq)]
pub enum Binding {
    /// The setting at this path; all settings where it is empty.
    Path(Vec<String>),
    /// The environment.
    Environment,
    /// Always this.
    Literal(Value),
}

impl Binding {
    /// What an argument of a module call stands for; `None` for what is computed.
    pub(super) fn read(file: &Arc<SourceFile>, argument: &Expression) -> Option<Self> {
        let Expression::Traversal(traversal) = argument else {
            let literal = read::setting(file, argument).value;
            return literal.to_json().map(|_| Self::Literal(literal));
        };
        let path = path(traversal)?;
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        match names.as_slice() {
            ["var", "environment"] => Some(Self::Environment),
            // What the modules call their settings after inheritance.
            ["local", "settings" | "config", rest @ ..]
            | ["module", "settings", "settings", rest @ ..]
            | ["module", "configuration", "current", rest @ ..] => {
                Some(Self::Path(rest.iter().map(|&name| name.to_owned()).collect()))
            }
            _ => None,
        }
    }
}

/// A validation of a variable.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Where its condition stands.
    pub place: Place,
    condition: Expression,
    message: Expression,
    variable: String,
    binding: Binding,
}

/// A rule that the settings break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The rule's own sentence.
    pub message: String,
    /// The settings that its condition names, in that order.
    pub paths: Vec<Vec<String>>,
}

impl Rule {
    /// The validations of `variable`, which stands for `binding`.
    pub(super) fn of_variable(document: &Document, variable: &Block, binding: &Binding) -> Vec<Self> {
        let Some(name) = variable.labels.first() else { return Vec::new() };
        let blocks = variable.body.iter().filter_map(Structure::as_block);
        let validations = blocks.filter(|block| block.ident.as_str() == "validation");
        let rule = |block: &Block| {
            let (condition, message) =
                (block.body.get_attribute("condition")?, block.body.get_attribute("error_message")?);
            Some(Self {
                place: read::place(document.file(), condition.value.span()),
                condition: condition.value.clone(),
                message: message.value.clone(),
                variable: name.as_str().to_owned(),
                binding: binding.clone(),
            })
        };
        validations.filter_map(rule).collect()
    }

    /// Whether `settings` (an object) of `environment` surely break the rule.
    pub fn broken(&self, settings: &Value, environment: &str) -> Option<Broken> {
        let subject = match &self.binding {
            Binding::Path(path) => below(settings, path)?.clone(),
            Binding::Environment => Value::String(environment.to_owned()),
            Binding::Literal(value) => value.clone(),
        };
        let mut scope = Scope::new(&self.variable, &subject);
        if scope.evaluate(&self.condition) != Some(Value::Bool(false)) {
            return None;
        }
        let message = scope.text(&self.message)?;
        let mut named = Named { variable: &self.variable, binding: &self.binding, paths: Vec::new() };
        named.visit_expr(&self.condition);
        Some(Broken { message, paths: named.paths })
    }
}

/// Collects the settings that a condition names.
struct Named<'r> {
    variable: &'r str,
    binding: &'r Binding,
    paths: Vec<Vec<String>>,
}

impl Visit for Named<'_> {
    fn visit_traversal(&mut self, node: &Traversal) {
        if let (Some(names), Binding::Path(start)) = (path(node), self.binding)
            && let ["var", variable, ..] = names.iter().map(String::as_str).collect::<Vec<_>>().as_slice()
            && *variable == self.variable
        {
            let path: Vec<String> = start.iter().chain(&names[2..]).cloned().collect();
            if !self.paths.contains(&path) {
                self.paths.push(path);
            }
        }
        visit_traversal(self, node);
    }
}

#[cfg(test)]
mod tests {
    use hcl_edit::structure::Structure;

    use super::*;
    use crate::platform::configuration::evaluate;

    /// Whether `condition` is broken by `number` 3, `text` "abc", `list` ["a", "b"], `unset` null, `object` { k = 1 }
    /// and `unknown`, which nobody knows.
    fn broken(condition: &str) -> bool {
        let text = format!(
            "variable \"v\" {{\n  validation {{\n    condition = {condition}\n    error_message = \"No ${{var.v.number}}.\"\n  }}\n}}\n"
        );
        let document = Document::parse("variables.tf", text).unwrap();
        let variable = document.body().iter().find_map(Structure::as_block).unwrap();
        let rules = Rule::of_variable(&document, variable, &Binding::Path(Vec::new()));
        let text = |text: &str| Value::String(text.to_owned());
        let settings = evaluate::object(vec![
            ("number".to_owned(), Value::Number(3.into())),
            ("text".to_owned(), text("abc")),
            ("list".to_owned(), evaluate::list(vec![text("a"), text("b")])),
            ("unset".to_owned(), Value::Null),
            ("object".to_owned(), evaluate::object(vec![("k".to_owned(), Value::Number(1.into()))])),
            ("unknown".to_owned(), Value::Expression("local.x".to_owned())),
        ]);
        let broken = rules[0].broken(&settings, "ops");
        assert!(broken.as_ref().is_none_or(|broken| broken.message == "No 3."));
        broken.is_some()
    }

    #[test]
    fn a_condition_that_is_surely_false_is_broken() {
        for condition in [
            "var.v.number > 3",
            "!(var.v.number == 3)",
            "var.v.unset != null",
            "can(regex(\"^[0-9]+$\", var.v.text))",
            "var.v.number < 3 && var.v.unknown",
            "contains([\"x\", \"y\"], var.v.text)",
            "length(var.v.list) == 1 || length(var.v.text) > 3",
            "alltrue([for item in var.v.list : item == \"a\"])",
            "anytrue([for key, value in var.v.object : key == \"l\" || value > 1])",
            "var.v.unset == null ? startswith(var.v.text, \"b\") : true",
            "can(cidrnetmask(var.v.text))",
        ] {
            assert!(broken(condition), "{condition}");
        }
    }

    #[test]
    fn what_holds_or_is_not_known_is_not_broken() {
        for condition in [
            "var.v.number <= 3",
            "var.v.number > 3 || var.v.unknown == 1",
            "var.v.unknown > 3",
            "var.v.unknown == null",
            "var.v.number == \"3\"",
            "contains([\"x\", 3], var.v.text)",
            "something(var.v.text) == 1",
            "alltrue([for item in var.v.list : something(item)])",
            "alltrue([for item in var.v.unknown : false])",
            "can(something(var.v.text))",
            "can(regex(\"^[a-z]+$\", var.v.text))",
            "length(setsubtract(var.v.list, [])) == 0",
            "var.v.not_there == 1",
            "var.other > 3",
            "var.v.list[0] == \"x\"",
        ] {
            assert!(!broken(condition), "{condition}");
        }
    }
}
