//! Whether a plan stays within the envelope that was reviewed.
//!
//! Inside means: the same resources with the same actions, none of which destroys or replaces anything. An update that was
//! expected may fall away, since a value can turn out to be what it was. Values are free: they are what was not known.

use std::collections::BTreeMap;

use crate::{
    pipeline::compare,
    terraform::{Action, ChangeList, ResourceChange},
};

/// What `found` does beyond what was `expected`, and what it leaves out, a sentence each; nothing: it is inside.
pub(super) fn differences(expected: Option<&ChangeList>, found: &ChangeList) -> Vec<String> {
    let now = lines(Some(found));
    // Nothing to do is inside of every envelope.
    if now.is_empty() {
        return Vec::new();
    }
    let then = lines(expected);
    let mut keys: Vec<&Key<'_>> = now.keys().chain(then.keys().filter(|key| !now.contains_key(*key))).collect();
    keys.sort();
    let tell = |key: &&Key<'_>| {
        let (then, now) = (then.get(*key), now.get(*key));
        let word = |change: &ResourceChange| compare::word(change.action);
        let text = match (then, now) {
            (_, Some(now)) if now.action.destroys() || now.action.replaces() => {
                format!("{}, which no stage does by itself", word(now))
            }
            (None, Some(now)) => format!("{}, which was not expected", word(now)),
            (Some(then), Some(now)) if then.action != now.action => format!("{} instead of {}", word(now), word(then)),
            (Some(then), Some(now)) if !same_object(then, now) => format!("{} of another object", word(now)),
            (Some(then), None) if then.action != Action::Update => format!("nothing instead of {}", word(then)),
            _ => return None,
        };
        Some(format!("`{}`: {text}", key.0))
    };
    keys.iter().filter_map(tell).collect()
}

/// The address, and the key of a deposed object.
type Key<'a> = (&'a str, &'a str);

/// What would happen to resources. Data sources that are read during the apply change nothing.
fn lines(list: Option<&ChangeList>) -> BTreeMap<Key<'_>, &ResourceChange> {
    let changes = list.into_iter().flat_map(|list| &list.resources).filter(|change| change.action != Action::Read);
    changes.map(|change| ((change.address.as_str(), change.deposed.as_deref().unwrap_or_default()), change)).collect()
}

fn same_object(then: &ResourceChange, now: &ResourceChange) -> bool {
    then.previous_address == now.previous_address && then.importing == now.importing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terraform::ResourceMode;

    fn list(changes: &[(&str, Action)]) -> ChangeList {
        let change = |(address, action): &(&str, Action)| ResourceChange {
            address: (*address).to_owned(),
            previous_address: None,
            mode: ResourceMode::Managed,
            resource_type: "x".to_owned(),
            provider: String::new(),
            action: *action,
            reason: None,
            importing: None,
            deposed: None,
            attributes: Vec::new(),
        };
        ChangeList { resources: changes.iter().map(change).collect(), ..ChangeList::default() }
    }

    fn told(expected: &[(&str, Action)], found: &[(&str, Action)]) -> String {
        differences(Some(&list(expected)), &list(found)).join("; ")
    }

    #[test]
    fn the_same_or_less_is_inside() {
        use Action::{Create, Read, Update};
        for (expected, found) in [
            (&[("a", Create), ("b", Update)][..], &[("a", Create), ("b", Update)][..]),
            (&[("a", Create), ("b", Update)], &[("a", Create)]),
            (&[("a", Create)], &[("a", Create), ("data.x", Read)]),
            (&[("a", Create)], &[]),
            (&[], &[]),
        ] {
            assert_eq!(told(expected, found), "");
        }
        assert!(differences(None, &list(&[])).is_empty());
    }

    #[test]
    fn more_other_or_destroying_is_outside() {
        use Action::{Create, Destroy, DestroyThenCreate, Update};
        for (expected, found, why) in [
            (&[("a", Create)][..], &[("a", Create), ("b", Create)][..], "`b`: create, which was not expected"),
            (&[("a", Create), ("b", Create)], &[("a", Create)], "`b`: nothing instead of create"),
            (&[("a", Update)], &[("a", Create)], "`a`: create instead of update"),
            // Not even if the review showed it: what made it so may be the value that was made up.
            (&[("a", Destroy)], &[("a", Destroy)], "`a`: destroy, which no stage does by itself"),
            (
                &[("a", DestroyThenCreate)],
                &[("a", DestroyThenCreate)],
                "`a`: destroy-then-create, which no stage does by itself",
            ),
        ] {
            assert_eq!(told(expected, found), why);
        }
        assert_eq!(differences(None, &list(&[("a", Create)])).len(), 1);
        let mut imported = list(&[("a", Create)]);
        imported.resources[0].importing = Some("i-1".to_owned());
        assert_eq!(differences(Some(&list(&[("a", Create)])), &imported), ["`a`: create of another object"]);
    }
}
