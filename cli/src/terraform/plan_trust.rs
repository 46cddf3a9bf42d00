//! Whether the sensitive marks in a plan file are complete enough to show the values beside them.
//!
//! `terraform show -json` adds the marks that provider schemas give. A plan file only has those
//! that Terraform computed while planning (`plan` and `refresh` in
//! internal/terraform/node_resource_abstract_instance.go, the same in 1.10 to 1.13):
//!
//! - The value after a creation or update carries the schema's marks: it can be trusted.
//! - The value before comes from the state, whose marks may be older than the schema. An attribute of it can
//!   be shown if the value after has the same attribute and does not mark it.
//! - The value after a *replacement* is planned once more, and then only marks from the configuration are put
//!   back: it cannot be trusted at all.
//!
//! Whatever cannot be trusted makes the native reader decline, so that `show -json` is asked.

use super::{
    Action,
    cell::{Cell, Content},
};

/// The provider of `terraform_data`, whose schema marks nothing as sensitive.
const BUILT_IN: &str = "terraform.io/builtin/terraform";

/// A value would have to be shown of which it is not known whether it is a secret.
#[derive(Debug)]
pub(super) struct Doubtful;

/// Decides whether both values may be shown, and adds marks to `before` that `after` proves.
pub(super) fn judge(action: Option<Action>, provider: &str, before: &mut Cell, after: &Cell) -> Result<(), Doubtful> {
    match action {
        _ if provider == BUILT_IN => Ok(()),
        Some(Action::Update) => prove(before, &[after]),
        Some(action) if action.replaces() => Err(Doubtful),
        // Of everything else only the value after a creation is shown.
        _ => Ok(()),
    }
}

/// `witnesses` are the trusted values at the same place of the schema.
fn prove(value: &mut Cell, witnesses: &[&Cell]) -> Result<(), Doubtful> {
    if value.sensitive || matches!(value.content, Content::Null | Content::Unknown) {
        return Ok(());
    }
    let clear: Vec<&Cell> = witnesses.iter().filter(|witness| !witness.sensitive).copied().collect();
    if clear.is_empty() {
        // Marked wherever it is seen, so perhaps by the schema; never seen is no proof at all.
        value.sensitive = true;
        return if witnesses.is_empty() { Err(Doubtful) } else { Ok(()) };
    }
    match &mut value.content {
        Content::Map(entries) => {
            let maps: Vec<_> = clear.iter().filter_map(|witness| as_map(witness)).collect();
            for (key, entry) in entries {
                // Objects of one type have the same attributes. Where one lacks the key they are maps,
                // and all the elements of a map have one type.
                let is_map = maps.iter().any(|map| !map.contains_key(key));
                let witnesses: Vec<&Cell> = if is_map {
                    maps.iter().flat_map(|map| map.values()).collect()
                } else {
                    maps.iter().filter_map(|map| map.get(key)).collect()
                };
                element(entry, &witnesses, is_map)?;
            }
        }
        Content::List(items) => {
            let witnesses: Vec<&Cell> = clear.iter().filter_map(|witness| as_list(witness)).flatten().collect();
            for item in items {
                element(item, &witnesses, true)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// A plain element of a collection has no attribute name of its own for a schema to mark: what is clear for the
/// collection is clear for it.
fn element(value: &mut Cell, witnesses: &[&Cell], in_collection: bool) -> Result<(), Doubtful> {
    match value.content {
        Content::Plain(_) if in_collection => Ok(()),
        _ => prove(value, witnesses),
    }
}

fn as_map(cell: &Cell) -> Option<&std::collections::BTreeMap<String, Cell>> {
    if let Content::Map(entries) = &cell.content { Some(entries) } else { None }
}

fn as_list(cell: &Cell) -> Option<&Vec<Cell>> {
    if let Content::List(items) = &cell.content { Some(items) } else { None }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::terraform::cell::Step;

    fn update(before: Value, after: Value, marks: &[&[&str]]) -> Result<Cell, Doubtful> {
        let mut before = Cell::from_json(before);
        let mut after = Cell::from_json(after);
        for mark in marks {
            let step = |step: &&str| step.parse().map_or_else(|_| Step::Key((*step).to_owned()), Step::Index);
            after.mark(&mark.iter().map(step).collect::<Vec<_>>());
        }
        judge(Some(Action::Update), "registry.terraform.io/a/b", &mut before, &after).map(|()| before)
    }

    #[test]
    fn the_value_after_an_update_vouches_for_the_one_before() {
        let cell = update(json!({"a": 1, "p": "old"}), json!({"a": 2, "p": "new"}), &[&["p"]]).unwrap();
        let Content::Map(root) = cell.content else { panic!() };
        assert!(root["p"].sensitive && !root["a"].sensitive, "the mark of an older state is completed");
    }

    #[test]
    fn a_removed_block_needs_a_sibling() {
        let block = |p: &str| json!({"name": "n", "p": p});
        let before = json!({"b": [block("x"), block("y")]});
        let cell = update(before.clone(), json!({"b": [block("x")]}), &[&["b", "0", "p"]]).unwrap();
        let mut paths = 0;
        let Content::Map(root) = &cell.content else { panic!() };
        let Content::List(items) = &root["b"].content else { panic!() };
        for item in items {
            let Content::Map(item) = &item.content else { panic!() };
            assert!(item["p"].sensitive && !item["name"].sensitive);
            paths += 1;
        }
        assert_eq!(paths, 2);
        assert!(update(before, json!({"b": []}), &[]).is_err(), "no witness");
    }

    #[test]
    fn removed_elements_of_plain_collections_are_as_clear_as_the_collection() {
        assert!(update(json!({"t": {"a": "1", "b": "2"}}), json!({"t": {"a": "1"}}), &[]).is_ok());
        assert!(update(json!({"t": {"a": "1"}}), json!({"t": {}}), &[]).is_ok());
        assert!(update(json!({"l": ["a", "b"]}), json!({"l": []}), &[]).is_ok());
        assert!(update(json!({"t": {"a": "1"}}), json!({"t": null}), &[]).is_err(), "might be an object");
    }

    #[test]
    fn replacements_by_a_provider_are_never_trusted() {
        let judge = |provider| {
            judge(Some(Action::DestroyThenCreate), provider, &mut Cell::NULL.clone(), &Cell::NULL.clone()).is_ok()
        };
        assert!(!judge("registry.terraform.io/hashicorp/aws"));
        assert!(judge(BUILT_IN));
    }
}
