//! Expressions as far as they can become a path: what is left of HCL when only texts matter.

use hcl_edit::{
    expr::{Expression, FuncCall, ObjectKey, Traversal, TraversalOperator},
    template::{Element, Template},
};

use super::lexical::{goes_up, words};

/// The text that an expression may yield, before variables are looked up.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Text {
    /// This text.
    Literal(String),
    /// `path.module`.
    ModulePath,
    /// `path.root` and `path.cwd`: kstack runs Terraform in the stack's folder.
    RootPath,
    /// One after the other.
    Concat(Vec<Text>),
    /// Any of these: branches, and the items of lists.
    OneOf(Vec<Text>),
    /// An object or map.
    Object(Vec<(Text, Text)>),
    /// The attribute of this name of any object within.
    Attribute(Box<Text>, String),
    /// The keys of a map, or the items of a set.
    Keys(Box<Text>),
    /// The folder that a path is in.
    Dirname(Box<Text>),
    /// `local.<name>`.
    Local(String),
    /// `var.<name>`.
    Variable(String),
    /// A relative path that goes down only.
    Inside,
    /// Anything.
    Unknown,
}

/// Names that stand for something while an expression is read: `each`, iterators, `for` variables.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    names: Vec<(String, Binding)>,
}

#[derive(Debug, Clone)]
enum Binding {
    /// `for` variables stand for texts.
    Is(Text),
    /// `each` and iterators have `key` and `value`, taken from a collection.
    Iterates(Text),
}

/// Nested loops could multiply texts without end; beyond this, a name stands for anything.
const MAX_SIZE: usize = 2_000;

impl Scope {
    /// The scope in which `name.key` and `name.value` go through `collection`.
    pub(super) fn iterating(&self, name: &str, collection: Text) -> Self {
        self.with(name, Binding::Iterates(limited(collection)))
    }

    /// The scope in which `name` stands for `text`.
    pub(super) fn binding(&self, name: &str, text: Text) -> Self {
        self.with(name, Binding::Is(limited(text)))
    }

    fn with(&self, name: &str, binding: Binding) -> Self {
        let mut names = self.names.clone();
        names.push((name.to_owned(), binding));
        Self { names }
    }

    fn get(&self, name: &str) -> Option<&Binding> {
        self.names.iter().rev().find(|(known, _)| known == name).map(|(_, binding)| binding)
    }
}

fn limited(text: Text) -> Text {
    if text.size() > MAX_SIZE { Text::Unknown } else { text }
}

impl Text {
    fn size(&self) -> usize {
        1 + match self {
            Self::Concat(items) | Self::OneOf(items) => items.iter().map(Self::size).sum(),
            Self::Object(items) => items.iter().map(|(key, value)| key.size() + value.size()).sum(),
            Self::Attribute(inner, _) | Self::Keys(inner) | Self::Dirname(inner) => inner.size(),
            _ => 0,
        }
    }

    /// What `expression` may yield.
    pub(super) fn of(expression: &Expression, scope: &Scope) -> Self {
        match expression {
            Expression::Null(_) => Self::OneOf(Vec::new()),
            Expression::Bool(value) => Self::Literal(value.value().to_string()),
            Expression::Number(value) => Self::Literal(value.value().to_string()),
            Expression::String(value) => Self::Literal(value.value().clone()),
            Expression::StringTemplate(template) => Self::of_template(template, scope),
            Expression::HeredocTemplate(heredoc) => Self::of_template(&heredoc.template, scope),
            Expression::Array(items) => Self::OneOf(items.iter().map(|item| Self::of(item, scope)).collect()),
            Expression::Object(object) => Self::Object(
                object
                    .iter()
                    .map(|(key, value)| {
                        let key = match key {
                            ObjectKey::Ident(name) => Self::Literal(name.as_str().to_owned()),
                            ObjectKey::Expression(Expression::Variable(name)) => {
                                Self::Literal(name.as_str().to_owned())
                            }
                            ObjectKey::Expression(expression) => Self::of(expression, scope),
                        };
                        (key, Self::of(value.expr(), scope))
                    })
                    .collect(),
            ),
            Expression::Parenthesis(inner) => Self::of(inner.inner(), scope),
            Expression::Conditional(choice) => {
                Self::OneOf(vec![Self::of(&choice.true_expr, scope), Self::of(&choice.false_expr, scope)])
            }
            Expression::Variable(name) => match scope.get(name.as_str()) {
                Some(Binding::Is(text)) => text.clone(),
                _ => Self::Unknown,
            },
            Expression::Traversal(traversal) => Self::of_traversal(traversal, scope),
            Expression::FuncCall(call) => Self::of_call(call, scope),
            Expression::ForExpr(expression) => {
                let scope = for_scope(&expression.intro, scope);
                let value = Self::of(&expression.value_expr, &scope);
                match &expression.key_expr {
                    Some(key) => Self::Object(vec![(Self::of(key, &scope), value)]),
                    None => Self::OneOf(vec![value]),
                }
            }
            Expression::UnaryOp(_) | Expression::BinaryOp(_) => Self::Unknown,
        }
    }

    /// What `template` may render to.
    pub(super) fn of_template(template: &Template, scope: &Scope) -> Self {
        Self::Concat(template.iter().map(|element| Self::of_element(element, scope)).collect())
    }

    /// What one element of a template may render to.
    pub(super) fn of_element(element: &Element, scope: &Scope) -> Self {
        match element {
            Element::Literal(text) => Self::Literal(text.value().clone()),
            Element::Interpolation(interpolation) => Self::of(&interpolation.expr, scope),
            Element::Directive(_) => Self::Unknown,
        }
    }

    fn of_traversal(traversal: &Traversal, scope: &Scope) -> Self {
        let mut operators = traversal.operators.iter().map(hcl_edit::Decorated::value);
        let Expression::Variable(root) = &traversal.expr else {
            return Self::of(&traversal.expr, scope).select(operators);
        };
        let first = match operators.clone().next() {
            Some(TraversalOperator::GetAttr(name)) => Some(name.as_str()),
            _ => None,
        };
        let base = match (root.as_str(), first) {
            (name, first) if scope.get(name).is_some() => match (scope.get(name), first) {
                (Some(Binding::Iterates(collection)), Some("key")) => Self::Keys(Box::new(collection.clone())),
                (Some(Binding::Iterates(collection)), Some("value")) => collection.clone(),
                (Some(Binding::Is(text)), _) => return text.clone().select(operators),
                _ => Self::Unknown,
            },
            ("path", Some("module")) => Self::ModulePath,
            ("path", Some("root" | "cwd")) => Self::RootPath,
            ("local", Some(name)) => Self::Local(name.to_owned()),
            ("var", Some(name)) => Self::Variable(name.to_owned()),
            _ => Self::Unknown,
        };
        operators.next();
        base.select(operators)
    }

    /// Goes down by attribute names and literal keys; numbers and splats stay at "any item".
    fn select<'t>(self, operators: impl Iterator<Item = &'t TraversalOperator>) -> Self {
        operators.fold(self, |text, operator| match operator {
            _ if text == Self::Unknown => Self::Unknown,
            TraversalOperator::GetAttr(name) => Self::Attribute(Box::new(text), name.as_str().to_owned()),
            TraversalOperator::Index(Expression::String(name)) => Self::Attribute(Box::new(text), name.value().clone()),
            _ => text,
        })
    }

    fn of_call(call: &FuncCall, scope: &Scope) -> Self {
        let name = call.name.name.as_str();
        let core = call.name.namespace.iter().all(|part| part.as_str() == "core");
        let arguments = || call.args.iter().map(|argument| Self::of(argument, scope)).collect::<Vec<_>>();
        let first = || Box::new(arguments().into_iter().next().unwrap_or(Self::Unknown));
        match name {
            _ if !core => Self::Unknown,
            "fileset" | "basename" => Self::Inside,
            "dirname" => Self::Dirname(first()),
            "keys" => Self::Keys(first()),
            "abspath" | "pathexpand" | "trimspace" | "chomp" => *first(),
            // What comes out is one of the arguments, or made of their parts.
            "coalesce" | "coalescelist" | "compact" | "concat" | "distinct" | "element" | "flatten" | "lookup"
            | "merge" | "nonsensitive" | "one" | "reverse" | "sensitive" | "setintersection" | "setsubtract"
            | "setunion" | "slice" | "sort" | "tolist" | "tomap" | "toset" | "tostring" | "try" | "values" => {
                Self::OneOf(arguments())
            }
            "join" => match (call.args.iter().next(), call.args.iter().nth(1)) {
                (Some(Expression::String(separator)), Some(Expression::Array(items))) if call.args.len() == 2 => {
                    let mut parts = Vec::new();
                    for item in items {
                        if !parts.is_empty() {
                            parts.push(Self::Literal(separator.value().clone()));
                        }
                        parts.push(Self::of(item, scope));
                    }
                    Self::Concat(parts)
                }
                _ => Self::Unknown,
            },
            "format" => match call.args.iter().next() {
                Some(Expression::String(pattern)) => Self::of_format(pattern.value(), arguments().into_iter().skip(1)),
                _ => Self::Unknown,
            },
            _ => Self::Unknown,
        }
    }

    /// `format` with its plain verbs and `%%`; one with a width may yield anything.
    fn of_format(pattern: &str, mut arguments: impl Iterator<Item = Self>) -> Self {
        let mut parts = Vec::new();
        let mut pieces = pattern.split('%');
        parts.extend(pieces.next().map(|text| Self::Literal(text.to_owned())));
        while let Some(piece) = pieces.next() {
            if piece.is_empty() {
                // `%%`: what follows is literal again.
                let rest = pieces.next().unwrap_or_default();
                parts.push(Self::Literal(format!("%{rest}")));
                continue;
            }
            let known = piece.strip_prefix(['s', 'v', 'q', 'd']);
            let argument = arguments.next().unwrap_or(Self::Unknown);
            parts.push(if known.is_some() { argument } else { Self::Unknown });
            let rest = known.unwrap_or_else(|| piece.trim_start_matches(|c: char| !c.is_ascii_alphabetic()));
            parts.push(Self::Literal(rest.to_owned()));
        }
        Self::Concat(parts)
    }

    /// Whether `..` or `path.…` is in it, so that it may lead out of the stack's folder.
    pub(super) fn may_leave(&self) -> bool {
        match self {
            Self::Literal(text) => words(text).any(goes_up),
            Self::ModulePath => true,
            Self::Concat(items) | Self::OneOf(items) => items.iter().any(Self::may_leave),
            Self::Object(items) => items.iter().any(|(key, value)| key.may_leave() || value.may_leave()),
            Self::Attribute(inner, _) | Self::Keys(inner) => inner.may_leave(),
            Self::Dirname(_) => true,
            Self::RootPath | Self::Local(_) | Self::Variable(_) | Self::Inside | Self::Unknown => false,
        }
    }

    /// Whether a local or variable is in it, which may lead out of the stack's folder.
    pub(super) fn has_names(&self) -> bool {
        match self {
            Self::Local(_) | Self::Variable(_) => true,
            Self::Concat(items) | Self::OneOf(items) => items.iter().any(Self::has_names),
            Self::Object(items) => items.iter().any(|(key, value)| key.has_names() || value.has_names()),
            Self::Attribute(inner, _) | Self::Keys(inner) | Self::Dirname(inner) => inner.has_names(),
            Self::Literal(_) | Self::ModulePath | Self::RootPath | Self::Inside | Self::Unknown => false,
        }
    }

    /// What may be the attribute `name` of an object.
    pub(super) fn attribute(&self, name: &str) -> Vec<Self> {
        match self {
            Self::Object(items) => {
                items.iter().filter(|(key, _)| *key == Self::Literal(name.to_owned())).map(|(_, v)| v.clone()).collect()
            }
            Self::OneOf(items) => items.iter().flat_map(|item| item.attribute(name)).collect(),
            Self::Local(_) | Self::Variable(_) | Self::Attribute(..) => {
                vec![Self::Attribute(Box::new(self.clone()), name.to_owned())]
            }
            _ => Vec::new(),
        }
    }

    /// What follows the last `/`, as far as that can be told: of `"${var.environment}/x.tfstate"` it
    /// is known although the environment is not.
    pub(super) fn last_segment(&self) -> Self {
        match self {
            Self::Literal(text) => Self::Literal(text.rsplit('/').next().unwrap_or_default().to_owned()),
            Self::Concat(parts) => {
                let slash = parts.iter().rposition(|part| matches!(part, Self::Literal(text) if text.contains('/')));
                let mut tail = parts.get(slash.unwrap_or(0)..).unwrap_or_default().to_vec();
                if let Some(first) = tail.first_mut() {
                    *first = first.last_segment();
                }
                Self::Concat(tail)
            }
            Self::OneOf(items) => Self::OneOf(items.iter().map(Self::last_segment).collect()),
            other => other.clone(),
        }
    }
}

/// The scope inside a `for` expression.
pub(super) fn for_scope(intro: &hcl_edit::expr::ForIntro, scope: &Scope) -> Scope {
    let collection = Text::of(&intro.collection_expr, scope);
    let mut inner = scope.clone();
    if let Some(key) = &intro.key_var {
        inner = inner.binding(key.as_str(), Text::Keys(Box::new(collection.clone())));
    }
    inner.binding(intro.value_var.as_str(), collection)
}
