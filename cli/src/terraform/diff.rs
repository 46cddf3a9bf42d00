//! What would change inside a resource, from its values before and after. The only place
//! where values of a plan become values that may be shown.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    AttributeChange, Shown,
    cell::{Cell, Content, Step},
};

/// The changed leaves, in order of their paths.
///
/// - Objects, maps and lists of blocks are walked; a list of plain values is one leaf.
/// - A block that is added to or removed from a list or set is one change, with the whole block as its value.
/// - Null and an empty collection count as the same, unless Terraform replaces because of it: providers mix them up.
/// - A value that is sensitive on either side is masked on both.
///
/// `replace` are the paths that Terraform gives as reasons for a replacement.
pub(super) fn attributes(before: &Cell, after: &Cell, replace: &[Vec<Step>]) -> Vec<AttributeChange> {
    let mut walk = Walk { replace, path: Vec::new(), changes: Vec::new() };
    walk.walk(before, after);
    walk.changes
}

/// The value before or after, as a whole: for outputs.
pub(super) fn whole(cell: &Cell) -> Shown {
    match (&cell.content, cell.holds_sensitive()) {
        (Content::Null, _) => Shown::Absent,
        (_, true) => Shown::Sensitive,
        (_, false) => cell.shareable().map_or(Shown::Unknown, Shown::Value),
    }
}

/// The path in Terraform's notation. Keys of maps and names of attributes look the same in plans,
/// so a key that is an identifier is written like an attribute.
fn notation(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Key(key) if is_identifier(key) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(key);
            }
            Step::Key(key) => text += &format!("[{}]", Value::String(key.clone())),
            Step::Index(index) => text += &format!("[{index}]"),
            Step::Element => text += "[*]",
        }
    }
    text
}

fn is_identifier(key: &str) -> bool {
    key.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

struct Walk<'a> {
    replace: &'a [Vec<Step>],
    path: Vec<Step>,
    changes: Vec<AttributeChange>,
}

impl Walk<'_> {
    fn walk(&mut self, before: &Cell, after: &Cell) {
        if before.same(after) || (is_empty(before) && is_empty(after) && !self.forces_replacement()) {
            return;
        }
        if before.sensitive || after.sensitive {
            return self.push(masked(before), masked(after));
        }
        match (&before.content, &after.content) {
            (Content::Map(old), Content::Map(new)) => {
                let keys: BTreeSet<_> = old.keys().chain(new.keys()).collect();
                for key in keys {
                    let step = Step::Key(key.clone());
                    self.into(step, old.get(key).unwrap_or(&Cell::NULL), new.get(key).unwrap_or(&Cell::NULL));
                }
            }
            (Content::List(old), Content::List(new)) if !(is_plain(old) && is_plain(new)) => self.lists(old, new),
            (Content::Null, Content::Map(new)) if !new.is_empty() => {
                for (key, cell) in new {
                    self.into(Step::Key(key.clone()), &Cell::NULL, cell);
                }
            }
            (Content::Map(old), Content::Null) if !old.is_empty() => {
                for (key, cell) in old {
                    self.into(Step::Key(key.clone()), cell, &Cell::NULL);
                }
            }
            (Content::Null, Content::List(new)) if !is_plain(new) => {
                for (index, cell) in new.iter().enumerate() {
                    self.into(Step::Index(index), &Cell::NULL, cell);
                }
            }
            (Content::List(old), Content::Null) if !is_plain(old) => {
                for (index, cell) in old.iter().enumerate() {
                    self.into(Step::Index(index), cell, &Cell::NULL);
                }
            }
            _ => self.push(whole(before), whole(after)),
        }
    }

    fn into(&mut self, step: Step, before: &Cell, after: &Cell) {
        self.path.push(step);
        self.walk(before, after);
        self.path.pop();
    }

    /// Elements that both have, in the same order, are left out. What remains at the same place on both sides is
    /// compared inside; the rest is added or removed. Sets fit in: Terraform writes them in one order.
    fn lists(&mut self, old: &[Cell], new: &[Cell]) {
        let (mut removed, mut added) = (BTreeSet::new(), BTreeSet::new());
        let keys = |cells: &[Cell]| cells.iter().map(identity).collect::<Vec<_>>();
        for op in similar::capture_diff_slices(similar::Algorithm::Myers, &keys(old), &keys(new)) {
            if op.tag() != similar::DiffTag::Equal {
                removed.extend(op.old_range());
                added.extend(op.new_range());
            }
        }
        for &index in removed.union(&added) {
            let before = if removed.contains(&index) { &old[index] } else { &Cell::NULL };
            let after = if added.contains(&index) { &new[index] } else { &Cell::NULL };
            self.path.push(Step::Index(index));
            match (&before.content, &after.content) {
                (Content::Null, _) if after.shareable().is_some() => self.push(Shown::Absent, whole(after)),
                (_, Content::Null) if before.shareable().is_some() => self.push(whole(before), Shown::Absent),
                _ => self.walk(before, after),
            }
            self.path.pop();
        }
    }

    fn push(&mut self, before: Shown, after: Shown) {
        let (path, forces_replacement) = (notation(&self.path), self.forces_replacement());
        self.changes.push(AttributeChange { path, before, after, forces_replacement });
    }

    fn forces_replacement(&self) -> bool {
        self.replace.iter().any(|reason| meet(reason, &self.path))
    }
}

fn is_empty(cell: &Cell) -> bool {
    match &cell.content {
        Content::Null => true,
        Content::List(items) => items.is_empty(),
        Content::Map(entries) => entries.is_empty(),
        Content::Unknown | Content::Plain(_) => false,
    }
}

fn is_plain(items: &[Cell]) -> bool {
    items.iter().all(|item| !item.sensitive && matches!(item.content, Content::Null | Content::Plain(_)))
}

fn masked(cell: &Cell) -> Shown {
    if matches!(cell.content, Content::Null) { Shown::Absent } else { Shown::Sensitive }
}

/// Whether one path leads to or through the other, as far as both can be followed.
fn meet(reason: &[Step], path: &[Step]) -> bool {
    for pair in reason.iter().zip(path) {
        match pair {
            (Step::Key(one), Step::Key(two)) if one == two => {}
            (Step::Index(one), Step::Index(two)) if one == two => {}
            (Step::Key(_), Step::Key(_)) | (Step::Index(_), Step::Index(_)) => return false,
            _ => return true, // an element of a set
        }
    }
    true
}

/// A text that is equal for equal elements. It never leaves this file.
fn identity(cell: &Cell) -> String {
    let mark = if cell.sensitive { "!" } else { "" };
    match &cell.content {
        Content::Null => format!("{mark}null"),
        Content::Unknown => format!("{mark}?"),
        Content::Plain(value) => format!("{mark}{value}"),
        Content::List(items) => format!("{mark}[{}]", items.iter().map(identity).collect::<Vec<_>>().join(",")),
        Content::Map(entries) => {
            let entries = entries.iter().map(|(key, cell)| format!("{}:{}", Value::from(key.as_str()), identity(cell)));
            format!("{mark}{{{}}}", entries.collect::<Vec<_>>().join(","))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(changes: &[AttributeChange]) -> Vec<String> {
        let shown = |shown: &Shown| match shown {
            Shown::Absent => "-".to_owned(),
            Shown::Unknown => "?".to_owned(),
            Shown::Sensitive => "***".to_owned(),
            Shown::Value(value) => value.to_string(),
        };
        let line = |change: &AttributeChange| {
            let force = if change.forces_replacement { " !" } else { "" };
            format!("{}: {} > {}{force}", change.path, shown(&change.before), shown(&change.after))
        };
        changes.iter().map(line).collect()
    }

    fn diff(before: Value, after: Value) -> Vec<String> {
        text(&attributes(&Cell::from_json(before), &Cell::from_json(after), &[]))
    }

    #[test]
    fn only_changed_leaves_appear() {
        let before =
            json!({"id": "i", "tags": {"Name": "a", "kubernetes.io/x": "1"}, "cidrs": ["10.0.0.0/8"], "n": null});
        let after = json!({"id": "i", "tags": {"Name": "b", "env": "ops"}, "cidrs": ["10.0.0.0/8", "::/0"], "n": 1});
        assert_eq!(
            diff(before, after),
            [
                r#"cidrs: ["10.0.0.0/8"] > ["10.0.0.0/8","::/0"]"#,
                "n: - > 1",
                r#"tags.Name: "a" > "b""#,
                r#"tags.env: - > "ops""#,
                r#"tags["kubernetes.io/x"]: "1" > -"#,
            ]
        );
    }

    #[test]
    fn blocks_are_compared_in_place_or_added_and_removed_whole() {
        let block = |port: u32| json!({"port": port, "cidrs": ["a"], "note": null});
        assert_eq!(diff(json!({"b": [block(1), block(2)]}), json!({"b": [block(1), block(3)]})), ["b[1].port: 2 > 3"]);
        assert_eq!(
            diff(json!({"b": [block(1), block(2)]}), json!({"b": [block(0), block(1), block(2)]})),
            [r#"b[0]: - > {"cidrs":["a"],"port":0}"#]
        );
        assert_eq!(
            diff(json!({"b": [block(1), block(2)]}), json!({"b": [block(2)]})),
            [r#"b[0]: {"cidrs":["a"],"port":1} > -"#]
        );
        assert_eq!(diff(json!({"b": [block(1)]}), json!({"b": []})), [r#"b[0]: {"cidrs":["a"],"port":1} > -"#]);
        // A list in another order is a change as well.
        assert!(!diff(json!({"b": [block(1), block(2)]}), json!({"b": [block(2), block(1)]})).is_empty());
    }

    #[test]
    fn a_creation_lists_what_has_a_value() {
        let after = json!({"a": 1, "n": null, "e": [], "m": {}, "b": [{"x": "y", "z": null, "l": [1, 2]}]});
        assert_eq!(diff(Value::Null, after), ["a: - > 1", "b[0].l: - > [1,2]", r#"b[0].x: - > "y""#]);
        assert_eq!(diff(json!({"e": null, "m": {}}), json!({"e": [], "m": null})), [""; 0], "an update as well");
    }

    #[test]
    fn secrets_never_appear_in_any_shape() {
        let key = |key: &str| Step::Key(key.into());
        let value = |secret: &str, port: u32| json!({"p": secret, "o": {"p": secret, "q": port}, "b": [{"p": secret, "q": port}]});
        let paths = [vec![key("p")], vec![key("o"), key("p")], vec![key("b"), Step::Index(0), key("p")]];
        let marked = |mut cell: Cell| {
            paths.iter().for_each(|path| cell.mark(path));
            cell
        };
        let cells = [
            Cell::NULL,
            marked(Cell::from_json(value("hush", 1))),
            marked(Cell::from_json(value("hush2", 2))),
            Cell::from_json(json!({"p": null, "o": null, "b": []})),
        ];
        for before in &cells {
            for after in &cells {
                let changes = text(&attributes(before, after, &[]));
                assert!(!changes.iter().any(|line| line.contains("hush")), "{changes:?}");
            }
        }
        assert_eq!(
            text(&attributes(&cells[1], &cells[2], &[])),
            ["b[0].p: *** > ***", "b[0].q: 1 > 2", "o.p: *** > ***", "o.q: 1 > 2", "p: *** > ***"]
        );
        // One mark is enough.
        let clear = Cell::from_json(value("hush3", 1));
        assert_eq!(text(&attributes(&clear, &cells[1], &[])), ["b[0].p: *** > ***", "o.p: *** > ***", "p: *** > ***"]);
    }

    #[test]
    fn unknown_values_are_named() {
        let mut after = Cell::from_json(json!({"id": null, "l": ["a", null], "m": {"x": 1}}));
        let Content::Map(root) = &mut after.content else { panic!() };
        root.insert("id".into(), Cell::new(Content::Unknown));
        root.insert(
            "l".into(),
            Cell::new(Content::List(vec![Cell::from_json(json!("a")), Cell::new(Content::Unknown)])),
        );
        assert_eq!(
            text(&attributes(&Cell::NULL, &after, &[])),
            ["id: - > ?", r#"l[0]: - > "a""#, "l[1]: - > ?", "m.x: - > 1"]
        );
        let before = Cell::from_json(json!({"id": "i", "l": ["a"], "m": {"x": 1}}));
        assert_eq!(text(&attributes(&before, &after, &[])), [r#"id: "i" > ?"#, "l[1]: - > ?"]);
    }

    #[test]
    fn reasons_for_replacement_mark_their_changes() {
        let before = Cell::from_json(json!({"a": 1, "b": [{"c": 1, "d": 1}], "e": [], "s": ["x"]}));
        let after = Cell::from_json(json!({"a": 2, "b": [{"c": 2, "d": 2}], "e": null, "s": ["y"]}));
        let key = |key: &str| Step::Key(key.into());
        let reasons = [vec![key("b"), Step::Index(0), key("c")], vec![key("s"), Step::Element], vec![key("e")]];
        assert_eq!(
            text(&attributes(&before, &after, &reasons)),
            ["a: 1 > 2", "b[0].c: 1 > 2 !", "b[0].d: 1 > 2", "e: [] > - !", r#"s: ["x"] > ["y"] !"#]
        );
    }
}
