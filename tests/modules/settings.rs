//! The settings of a module, read twice: from `known_keys.tf`, which says what exists and means what, and from
//! `settings/variables.tf`, which says types and defaults.

use hcl_edit::{
    Span,
    expr::{Expression, FuncCall, Object, ObjectKey},
};

use super::source::{File, Module};

/// A key of `known_keys`.
pub struct Known {
    /// The keys that lead to it; `*` is any name.
    pub path: Vec<String>,
    /// What a leaf is described as; `None` for an object.
    pub kind: Option<String>,
    /// What it means: the comment beside it; of an object, the one above.
    pub meaning: Option<String>,
    /// `file:line`.
    pub place: String,
}

/// A setting of the typed variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    /// The keys that lead to it; `*` is any name.
    pub path: Vec<String>,
    /// Its type, on one line; `None` for an object or a map of objects.
    pub kind: Option<String>,
    /// Whether it must be given wherever the object around it is.
    pub required: bool,
    /// Its default, on one line.
    pub default: Option<String>,
}

/// The keys that a module knows, in their order; `None` if it has no settings.
pub fn known(module: &Module) -> Option<Vec<Known>> {
    let file = module.file("known_keys.tf")?;
    let locals = file.body.get_blocks("locals").next().expect("`locals` in known_keys.tf");
    let keys = &locals.body.get_attribute("known_keys").expect("`known_keys` in known_keys.tf").value;
    let mut found = Vec::new();
    known_in(file, keys.as_object().expect("known_keys is an object"), &[], &mut found);
    Some(found)
}

fn known_in(file: &File, object: &Object, above: &[String], found: &mut Vec<Known>) {
    for (key, value) in object {
        let path = [above, &[name(key)]].concat();
        let (key_span, value_span) = (key_span(key), value.expr().span().unwrap());
        let place = file.place(Some(key_span.clone()));
        if let Some(inner) = value.expr().as_object() {
            found.push(Known { path: path.clone(), kind: None, meaning: file.heading(&key_span), place });
            known_in(file, inner, &path, found);
        } else {
            let kind = value.expr().as_str().unwrap_or_else(|| panic!("{place}: a type must be a string"));
            let meaning = file.comment(&key_span, &value_span);
            found.push(Known { path, kind: Some(kind.to_owned()), meaning, place });
        }
    }
}

/// The settings as `settings/` types them, in their order; `None` if the module has no such part.
pub fn typed(module: &Module, all: &[Module]) -> Option<Vec<Typed>> {
    let path = format!("{}/settings", module.path);
    let file = all.iter().find(|module| module.path == path)?.file("variables.tf").expect("settings/variables.tf");
    let variable = file.body.get_blocks("variable").find(|block| block.has_exact_labels(&["configuration"]));
    let variable = variable.unwrap_or_else(|| panic!("{}: no variable `configuration`", file.path));
    let kind = &variable.body.get_attribute("type").expect("a type").value;
    let mut found = Vec::new();
    typed_in(file, object_of(kind).unwrap_or_else(|| panic!("{}: not an object", file.path)), &[], &mut found);
    Some(found)
}

fn typed_in(file: &File, object: &Object, above: &[String], found: &mut Vec<Typed>) {
    for (key, value) in object {
        let path = [above, &[name(key)]].concat();
        let (kind, required, default) = match call(value.expr(), "optional") {
            Some(optional) => {
                (argument(optional), false, optional.args.get(1).map(|default| file.on_one_line(default)))
            }
            None => (value.expr(), true, None),
        };
        let entries = call(kind, "map").and_then(|map| object_of(argument(map)));
        let inner = object_of(kind).or(entries);
        let leaf = inner.is_none().then(|| file.on_one_line(kind));
        found.push(Typed { path: path.clone(), kind: leaf, required, default });
        if let Some(inner) = inner {
            let any = entries.map(|_| "*".to_owned());
            if any.is_some() {
                let path = [path.as_slice(), &["*".to_owned()]].concat();
                found.push(Typed { path, kind: None, required: false, default: None });
            }
            typed_in(file, inner, &[path, any.into_iter().collect()].concat(), found);
        }
    }
}

fn name(key: &ObjectKey) -> String {
    match key {
        ObjectKey::Ident(ident) => ident.to_string(),
        ObjectKey::Expression(expression) => expression.as_str().expect("a key is a name or a string").to_owned(),
    }
    .trim()
    .to_owned()
}

fn key_span(key: &ObjectKey) -> std::ops::Range<usize> {
    match key {
        ObjectKey::Ident(ident) => ident.span(),
        ObjectKey::Expression(expression) => expression.span(),
    }
    .unwrap()
}

fn call<'a>(expression: &'a Expression, function: &str) -> Option<&'a FuncCall> {
    expression.as_func_call().filter(|call| call.name.name.as_str() == function)
}

fn argument(call: &FuncCall) -> &Expression {
    call.args.iter().next().expect("an argument")
}

fn object_of(kind: &Expression) -> Option<&Object> {
    call(kind, "object").and_then(|call| argument(call).as_object())
}
