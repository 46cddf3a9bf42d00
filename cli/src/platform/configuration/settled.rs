//! What holds for each setting of a module in one environment: what was set, or else the module's default.

use super::{
    evaluate,
    inherit::{Content, Effective, Source},
    module::{Module, known_below},
    types::{Field, Type},
    value::{Object, Place, Setting, Value},
};

/// What holds for a setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// The keys that lead to it.
    pub path: Vec<String>,
    /// What holds.
    pub value: Value,
    /// Who says so.
    pub origin: Origin,
    /// What other environments say, the nearest first, without effect.
    pub overridden: Vec<Source>,
}

/// Who says what holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    /// A line of an environment.
    Set {
        /// The environment.
        environment: String,
        /// The line.
        place: Place,
    },
    /// The module; where it says so. The value is null where there is no default.
    Default(Option<Place>),
    /// Nobody, although the module needs it.
    Missing,
    /// Possibly an expression, which only Terraform can tell. The path is that of an object that may have more keys.
    Open {
        /// Where the expression stands.
        place: Place,
    },
}

impl Settled {
    /// The path as text; keys that are not plain names stand in brackets.
    pub fn key(&self) -> String {
        key(&self.path)
    }

    /// The line that decided.
    pub fn place(&self) -> Option<&Place> {
        match &self.origin {
            Origin::Set { place, .. } | Origin::Open { place } => Some(place),
            Origin::Default(place) => place.as_ref(),
            Origin::Missing => None,
        }
    }
}

/// A path as text: `network.cidr`, `tags["a.b"]`.
pub fn key(path: &[String]) -> String {
    path.iter().enumerate().map(|(index, name)| step(name, index > 0)).collect()
}

/// One step of a path: plain names with a dot before them, others in brackets.
pub(super) fn step(name: &str, dot: bool) -> String {
    let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    match (plain, dot) {
        (true, true) => format!(".{name}"),
        (true, false) => name.to_owned(),
        (false, _) => format!("[{name:?}]"),
    }
}

/// All settings of `module` with what holds for them, in the order of the module. Keys that it does not know come
/// last.
pub fn settle(module: &Module, effective: &Effective) -> Vec<Settled> {
    let mut walk = Walk { settled: Vec::new(), path: Vec::new() };
    match (&module.settings, &module.known) {
        (Some(kind), _) => walk.typed(kind, Some(effective), None, None),
        (None, Some(known)) => walk.known(known, effective, &module.required),
        (None, None) => walk.typed(&Type::Any, Some(effective), None, None),
    }
    walk.settled
}

/// The settings as one object, for evaluating rules; what is not known is an expression.
pub fn tree(settled: &[Settled]) -> Value {
    level(&settled.iter().map(|one| (one.path.as_slice(), one)).collect::<Vec<_>>())
}

/// A setting, and the rest of the path to it.
type Below<'a> = (&'a [String], &'a Settled);

fn level(settled: &[Below<'_>]) -> Value {
    let mut entries: Vec<(String, Vec<Below<'_>>)> = Vec::new();
    for (path, one) in settled {
        match path.split_first() {
            None if matches!(one.origin, Origin::Open { .. } | Origin::Missing) => {
                return Value::Expression(String::new());
            }
            None => return one.value.clone(),
            Some((name, rest)) => match entries.iter_mut().find(|(known, _)| known == name) {
                Some((_, below)) => below.push((rest, one)),
                None => entries.push((name.clone(), vec![(rest, *one)])),
            },
        }
    }
    evaluate::object(entries.into_iter().map(|(name, below)| (name, level(&below))).collect())
}

struct Walk {
    settled: Vec<Settled>,
    path: Vec<String>,
}

impl Walk {
    fn below(&mut self, name: &str, walk: impl FnOnce(&mut Self)) {
        self.path.push(name.to_owned());
        walk(self);
        self.path.pop();
    }

    fn push(&mut self, value: Value, origin: Origin, overridden: &[Source]) {
        self.settled.push(Settled { path: self.path.clone(), value, origin, overridden: overridden.to_vec() });
    }

    /// `default` is what the module says where nobody sets it: that of `field`, or of an object around it.
    fn typed(&mut self, kind: &Type, effective: Option<&Effective>, default: Option<&Setting>, field: Option<&Field>) {
        let set = effective.filter(|effective| !effective.is_removed());
        match (set.map(|set| (&set.content, set)), kind) {
            (Some((Content::Leaf(value), set)), _) => self.leaf(value, set),
            (Some((Content::Object { entries, open }, set)), _) => {
                let mut known: Vec<&str> = Vec::new();
                let fields: &[_] = if let Type::Object(fields) = kind { fields } else { &[] };
                for field in fields {
                    known.push(&field.name);
                    let below = entries.get(&field.name);
                    // An expression may say what no line says.
                    if below.is_none() && *open {
                        continue;
                    }
                    self.below(&field.name, |walk| {
                        walk.typed(&field.kind, below, field.default.as_ref(), Some(field));
                    });
                }
                let elements = if let Type::Map(element) = kind { element } else { &Type::Any };
                for (name, below) in
                    entries.iter().filter(|(name, below)| !known.contains(&name.as_str()) && !below.is_removed())
                {
                    self.below(name, |walk| walk.typed(elements, Some(below), None, None));
                }
                self.object_itself(set, *open, fields.is_empty() && entries.values().all(Effective::is_removed));
            }
            (None, Type::Object(fields))
                if default.is_some_and(|default| default.value.as_object().is_some()) || (self.path.is_empty()) =>
            {
                let given = default.and_then(|default| default.value.as_object());
                for field in fields {
                    let default = given.and_then(|given| given.get(&field.name)).or(field.default.as_ref());
                    self.below(&field.name, |walk| walk.typed(&field.kind, None, default, Some(field)));
                }
            }
            (None, _) => {
                let removed = effective.map_or(&[][..], |effective| &effective.sources);
                match default {
                    Some(default) => {
                        self.push(default.value.clone(), Origin::Default(Some(default.place.clone())), removed);
                    }
                    None if field.is_some_and(|field| field.required) => {
                        self.push(Value::Null, Origin::Missing, removed);
                    }
                    None => self.push(Value::Null, Origin::Default(field.map(|field| field.place.clone())), removed),
                }
            }
        }
    }

    /// The settings of a module that has no types: what is known, and what is set.
    fn known(&mut self, known: &Object, effective: &Effective, required: &[String]) {
        let Content::Object { entries, open } = &effective.content else {
            if let Content::Leaf(value) = &effective.content {
                self.leaf(value, effective);
            }
            return;
        };
        for name in known.keys().filter(|&name| name != "*") {
            let below = entries.get(name).filter(|below| !below.is_removed());
            match (below, known_below(known, name).map(|setting| &setting.value)) {
                (Some(below), Some(Value::Object(known))) => self.below(name, |walk| walk.known(known, below, &[])),
                (Some(below), _) => self.below(name, |walk| walk.typed(&Type::Any, Some(below), None, None)),
                (None, _) if *open => {}
                (None, _) => {
                    let needed = required.iter().any(|required| required == name);
                    let removed = entries.get(name).map_or(&[][..], |removed| &removed.sources);
                    let origin = if needed { Origin::Missing } else { Origin::Default(None) };
                    self.below(name, |walk| walk.push(Value::Null, origin, removed));
                }
            }
        }
        for (name, below) in entries.iter().filter(|(name, below)| known.get(name).is_none() && !below.is_removed()) {
            let element = known.get("*").and_then(|element| element.value.as_object());
            self.below(name, |walk| match element {
                Some(element) => walk.known(element, below, &[]),
                None => walk.typed(&Type::Any, Some(below), None, None),
            });
        }
        self.object_itself(effective, *open, known.entries.is_empty() && entries.is_empty());
    }

    fn leaf(&mut self, value: &Value, set: &Effective) {
        let Some((first, rest)) = set.sources.split_first() else { return };
        let origin = Origin::Set { environment: first.environment.clone(), place: first.setting.place.clone() };
        self.push(value.clone(), origin, rest);
    }

    /// An object stands for itself where nothing below it does: if it is empty, or may have more keys.
    fn object_itself(&mut self, set: &Effective, open: bool, empty: bool) {
        let expression = set.sources.iter().find(|source| matches!(source.setting.value, Value::Expression(_)));
        if let (true, Some(source)) = (open, expression) {
            let place = source.setting.place.clone();
            self.push(source.setting.value.clone(), Origin::Open { place }, &[]);
        } else if empty {
            self.leaf(&Value::Object(Object::default()), set);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        hcl::Document,
        platform::{
            StackName,
            configuration::{Documents, ModuleCall},
        },
    };

    /// One line for each setting of environment `ops`.
    fn settings(configuration: &str) -> String {
        let call = format!("module \"m\" {{\n  source = \"../../modules/m\"\n  configuration = {configuration}\n}}\n");
        let types = r#"variable "configuration" {
          type = object({
            name = string
            size = optional(number, 3)
            note = optional(string)
            network = optional(object({
              cidr     = optional(string, "10.0.0.0/16")
              existing = optional(object({ id = string, zone = optional(string, "a") }))
            }), {})
            pools = optional(map(object({ size = optional(number, 1), kind = string })), {})
          })
        }"#;
        let file = |path: &str, text: &str| (path.to_owned(), Document::parse(path, text).unwrap().into());
        let documents =
            Documents::from([file("infra/x/main.tf", &call), file("modules/m/settings/variables.tf", types)]);
        let calls = ModuleCall::of_stack(&documents, &StackName::new("x").unwrap());
        let effective = calls[0].effective("ops").unwrap().unwrap();
        let line = |settled: &Settled| {
            let origin = match &settled.origin {
                Origin::Set { environment, .. } => environment.as_str(),
                Origin::Default(_) => "default",
                Origin::Missing => "missing",
                Origin::Open { .. } => "open",
            };
            let overridden = settled.overridden.iter().map(|source| format!(", not {}", source.setting.value));
            format!("{} = {} ({origin}{})", settled.key(), settled.value, overridden.collect::<String>())
        };
        settle(&Module::read(&documents, &calls[0].module), &effective).iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_nobody_sets_has_the_default_of_the_module() {
        insta::assert_snapshot!(settings("{ apps = { name = \"a\", size = 5 }, ops = { size = 7 } }"), @r#"
        name = "a" (apps)
        size = 7 (ops, not 5)
        note = null (default)
        network.cidr = "10.0.0.0/16" (default)
        network.existing = null (default)
        pools = {} (default)
        "#);
        insta::assert_snapshot!(settings("{ apps = { size = 5, network = { cidr = \"x\" } }, ops = { size = null, network = null } }"), @r#"
        name = null (missing)
        size = 3 (default, not null, not 5)
        note = null (default)
        network.cidr = "10.0.0.0/16" (default)
        network.existing = null (default)
        pools = {} (default)
        "#);
        insta::assert_snapshot!(settings(
            "{ apps = { name = \"a\", network = { existing = {} }, pools = { gpu = {}, \"a.b\" = { kind = \"x\" } } }, ops = {} }"
        ), @r#"
        name = "a" (apps)
        size = 3 (default)
        note = null (default)
        network.cidr = "10.0.0.0/16" (default)
        network.existing.id = null (missing)
        network.existing.zone = "a" (default)
        pools["a.b"].size = 1 (default)
        pools["a.b"].kind = "x" (apps)
        pools.gpu.size = 1 (default)
        pools.gpu.kind = null (missing)
        "#);
    }

    #[test]
    fn what_only_terraform_can_tell_is_left_open() {
        insta::assert_snapshot!(settings("{ apps = { name = var.name, network = local.network }, ops = { network = { cidr = \"x\" } } }"), @r#"
        name = var.name (apps)
        size = 3 (default)
        note = null (default)
        network.cidr = "x" (ops)
        network = local.network (open)
        pools = {} (default)
        "#);
        insta::assert_snapshot!(settings("{ apps = { name = \"a\" }, ops = merge(local.ops, {}) }"), @r#" = merge(local.ops, {}) (ops, not { name = "a" })"#);
        insta::assert_snapshot!(settings("{ apps = local.apps, ops = { size = 1 } }"), @r"
        size = 1 (ops)
         = local.apps (open)
        ");
    }
}
