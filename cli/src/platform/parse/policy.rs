//! Block `policy`.

use hcl_edit::structure::Block;

use crate::{
    hcl::{BlockReader, Located, did_you_mean},
    platform::{Allowed, CONSTRUCTS, Level, Policy, RULES, form},
};

use super::{Parser, checked, each};

impl<'a> Parser<'a> {
    pub(super) fn policy(&mut self, block: Option<&'a Block>) -> Policy {
        let Some(block) = block else { return Policy::default() };
        self.read(block, |reader| {
            let providers = reader.strings("providers");
            let providers =
                providers.map(|list| each(reader, "providers", &list, "a provider address", form::provider));
            let protect = reader.strings("protect").unwrap_or_default();
            let protect = each(reader, "protect", &protect, "a resource type", form::type_pattern);
            let allow = reader.strings("allow").unwrap_or_default();
            let allow = allowed(reader, &allow);
            let modules = reader.strings("modules").unwrap_or_default();
            let modules = each(reader, "modules", &modules, "a module's source", form::module_pattern);
            let label = reader.string("label");
            let label = checked(reader, "label", label, "a label", form::label);
            let rules = reader.map("rules").unwrap_or_default();
            let rules = rules.iter().filter_map(|entry| rule(reader, entry)).collect();
            let tags = reader.strings("tags").unwrap_or_default();
            let tags = each(reader, "tags", &tags, "a tag", form::tag_name);
            Policy { providers, protect, allow, modules, label, rules, tags, ..Policy::default() }
        })
    }
}

fn allowed(reader: &mut BlockReader<'_, '_>, list: &[Located<String>]) -> Vec<Allowed> {
    each(reader, "allow", list, "", |_| Ok(()));
    let known: Vec<&str> = CONSTRUCTS.iter().map(|construct| construct.name).collect();
    let mut entries = Vec::new();
    for Located { value, span } in list.iter().filter(|entry| !entry.value.is_empty()) {
        let entry = Allowed::parse(value);
        if !known.contains(&entry.construct.as_str()) {
            let message = format!("the guard knows no construct `{}`", entry.construct);
            reader.problem(span.clone(), message).help = did_you_mean(&entry.construct, &known);
        } else if let Some(Err(reason)) = entry.path.as_deref().map(form::repository_path) {
            let path = entry.path.as_deref().unwrap_or_default();
            reader.problem(span.clone(), format!("`{path}` is not a path in the repository: {reason}"));
        }
        entries.push(entry);
    }
    entries
}

fn rule(
    reader: &mut BlockReader<'_, '_>,
    (name, level): &(Located<String>, Located<String>),
) -> Option<(String, Level)> {
    let known: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
    if !known.contains(&name.value.as_str()) {
        reader.problem(name.span.clone(), format!("there is no rule `{}`", name.value)).help =
            did_you_mean(&name.value, &known);
        return None;
    }
    let Some(parsed) = Level::parse(&level.value) else {
        reader.problem(level.span.clone(), "a level is `\"deny\"`, `\"warn\"` or `\"off\"`");
        return None;
    };
    Some((name.value.clone(), parsed))
}
