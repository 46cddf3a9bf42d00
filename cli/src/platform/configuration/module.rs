//! What a module takes: its known keys, required keys, typed settings and the rules for them.

use hcl_edit::structure::{Block, Structure};

use super::{
    call::{Documents, directly_in},
    read,
    rule::{Binding, Rule},
    types::Type,
    value::{Object, Setting, Value},
};
use crate::{hcl::Document, platform::layout};

/// A module with settings by environment.
#[derive(Debug, Clone)]
pub struct Module {
    /// Its folder, relative to the repository.
    pub folder: String,
    /// The known keys: an object whose leaves are types in words; `"*"` stands for any key.
    pub known: Option<Object>,
    /// Top-level keys that must be there after inheritance.
    pub required: Vec<String>,
    /// The type of the settings, with their defaults.
    pub settings: Option<Type>,
    /// What the module's validations say.
    pub rules: Vec<Rule>,
}

impl Module {
    /// Reads the module in `folder`: `known_keys.tf`, its calls, and `settings/`. What it lacks is left out.
    pub fn read(documents: &Documents, folder: &str) -> Self {
        let mut module =
            Self { folder: folder.to_owned(), known: None, required: Vec::new(), settings: None, rules: Vec::new() };
        for document in directly_in(documents, folder) {
            if let Some(known) = blocks(document, "locals").find_map(|block| attribute(document, block, "known_keys")) {
                module.known = known.value.as_object().cloned();
            }
            for block in blocks(document, "module") {
                if let Some(required) = attribute(document, block, "required_keys") {
                    let keys = required.value.as_list().unwrap_or_default();
                    module.required = keys.iter().filter_map(|key| Some(key.value.as_str()?.to_owned())).collect();
                }
                module.rules_of_call(documents, document, block);
            }
        }
        let settings = format!("{folder}/settings");
        for document in directly_in(documents, &settings) {
            for variable in variables(document).filter(|block| label(block) == Some("configuration")) {
                let kind = variable.body.get_attribute("type");
                module.settings = kind.map(|kind| Type::read(document.file(), &kind.value));
                module.rules.extend(Rule::of_variable(document, variable, &Binding::Path(Vec::new())));
            }
        }
        module
    }

    /// Type and meaning of the setting at `path`: the words of the known keys and the comment behind them.
    pub fn meaning(&self, path: &[String]) -> Option<(String, Option<String>)> {
        let mut known = self.known.as_ref()?;
        let (last, parents) = path.split_last()?;
        for name in parents {
            known = known_below(known, name)?.value.as_object()?;
        }
        let leaf = known_below(known, last)?;
        let behind = leaf.place.file.text.get(leaf.place.span.end..)?.lines().next().unwrap_or_default();
        let comment = behind.trim().strip_prefix('#').map(|comment| comment.trim().to_owned());
        Some((leaf.value.as_str()?.to_owned(), comment))
    }

    /// Rules of a module that this one calls with single settings, as `name_prefix = local.settings.name_prefix`.
    fn rules_of_call(&mut self, documents: &Documents, document: &Document, block: &Block) {
        let source = block.body.get_attribute("source").and_then(|source| source.value.as_str());
        let Some(folder) = source.and_then(|source| layout::resolve(&self.folder, source)) else { return };
        for document_below in directly_in(documents, &folder) {
            for variable in variables(document_below) {
                let argument = label(variable).and_then(|name| block.body.get_attribute(name));
                let binding = argument.and_then(|argument| Binding::read(document.file(), &argument.value));
                if let Some(binding) = binding {
                    self.rules.extend(Rule::of_variable(document_below, variable, &binding));
                }
            }
        }
    }
}

/// What stands at `key` of an object of known keys: itself, or what stands for any key.
pub fn known_below<'a>(known: &'a Object, key: &str) -> Option<&'a Setting> {
    known.get(key).or_else(|| known.get("*"))
}

/// The type that a leaf of the known keys names.
pub fn known_type(leaf: &Setting) -> Type {
    match &leaf.value {
        Value::String(text) => Type::parse(text),
        _ => Type::Any,
    }
}

fn blocks<'a>(document: &'a Document, ident: &'a str) -> impl Iterator<Item = &'a Block> {
    let blocks = document.body().iter().filter_map(Structure::as_block);
    blocks.filter(move |block| block.ident.as_str() == ident)
}

fn variables(document: &Document) -> impl Iterator<Item = &Block> {
    blocks(document, "variable")
}

fn label(block: &Block) -> Option<&str> {
    block.labels.first().map(hcl_edit::structure::BlockLabel::as_str)
}

fn attribute(document: &Document, block: &Block, name: &str) -> Option<Setting> {
    block.body.get_attribute(name).map(|found| read::setting(document.file(), &found.value))
}
