//! Whether the sensitive marks in a plan file are complete enough to show the values beside them.
//!
//! `terraform show -json` adds the marks that provider schemas give. A plan file only has those
//! that Terraform computed while planning (`plan` and `refresh` in
//! internal/terraform/node_resource_abstract_instance.go, the same in Terraform 1.10 to 1.13 and in
//! OpenTofu 1.10 to 1.12):
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

    /// A made-up schema, values that fit it, and a source of choices for both.
    #[derive(Debug)]
    struct Attribute {
        sensitive: bool,
        kind: Kind,
    }

    #[derive(Debug)]
    enum Kind {
        Plain,
        PlainList,
        PlainMap,
        Object(Vec<Attribute>),
        ObjectList(Vec<Attribute>),
        ObjectMap(Vec<Attribute>),
    }

    struct Choices(u64);

    impl Choices {
        fn below(&mut self, limit: u64) -> u64 {
            // Knuth's MMIX generator: any will do that spreads a seed.
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % limit
        }

        fn attributes(&mut self, depth: u32) -> Vec<Attribute> {
            let count = 1 + self.below(3);
            let attribute = |choices: &mut Self| {
                let sensitive = choices.below(4) == 0;
                let kind = match choices.below(if depth == 0 { 3 } else { 6 }) {
                    0 => Kind::Plain,
                    1 => Kind::PlainList,
                    2 => Kind::PlainMap,
                    3 => Kind::Object(choices.attributes(depth - 1)),
                    4 => Kind::ObjectList(choices.attributes(depth - 1)),
                    _ => Kind::ObjectMap(choices.attributes(depth - 1)),
                };
                Attribute { sensitive, kind }
            };
            (0..count).map(|_| attribute(self)).collect()
        }

        /// An object of all attributes. With `marks`, what the schema calls sensitive is marked, and values may be unknown.
        fn object(&mut self, attributes: &[Attribute], secret: bool, marks: bool) -> Cell {
            let entries = attributes.iter().enumerate().map(|(index, attribute)| {
                let secret = secret || attribute.sensitive;
                let content = match self.below(8) {
                    0 => Content::Null,
                    1 if marks => Content::Unknown,
                    _ => self.content(&attribute.kind, secret, marks),
                };
                (format!("a{index}"), Cell { content, sensitive: marks && attribute.sensitive })
            });
            Cell::new(Content::Map(entries.collect()))
        }

        fn content(&mut self, kind: &Kind, secret: bool, marks: bool) -> Content {
            let count = self.below(3);
            let plain = |choices: &mut Self| {
                let word = if secret { "secret" } else { "clear" };
                Content::Plain(format!("{word}{}", choices.below(4)).into())
            };
            match kind {
                Kind::Plain => plain(self),
                Kind::PlainList => Content::List((0..count).map(|_| Cell::new(plain(self))).collect()),
                Kind::PlainMap => Content::Map((0..count).map(|_| (self.key(), Cell::new(plain(self)))).collect()),
                Kind::Object(attributes) => self.object(attributes, secret, marks).content,
                Kind::ObjectList(attributes) => {
                    Content::List((0..count).map(|_| self.object(attributes, secret, marks)).collect())
                }
                Kind::ObjectMap(attributes) => {
                    Content::Map((0..count).map(|_| (self.key(), self.object(attributes, secret, marks))).collect())
                }
            }
        }

        fn key(&mut self) -> String {
            format!("k{}", self.below(4))
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2000))]

        /// Whatever the schema: if a state without any marks is trusted, none of its secrets is shown.
        #[test]
        fn what_is_trusted_shows_no_secret(seed: u64) {
            let mut choices = Choices(seed);
            let schema = choices.attributes(2);
            let mut before = choices.object(&schema, false, false);
            let after = choices.object(&schema, false, true);
            if judge(Some(Action::Update), "registry.terraform.io/a/b", &mut before, &after).is_ok() {
                let changes = crate::terraform::diff::attributes(&before, &after, &[]);
                let text = serde_json::to_string(&changes).unwrap();
                proptest::prop_assert!(!text.contains("secret"), "{schema:#?}\n{text}");
            }
        }
    }
}
