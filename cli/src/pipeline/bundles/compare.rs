//! Two change lists side by side: what was reviewed, and what a plan would do.
//!
//! Equal means equal for a reader of the review: the same resources with the same actions, reasons and values. Values
//! that are sensitive are not in the lists, so they are equal here as they were for the reviewer. Drift is left out: it
//! is how the world came to differ, and what the plan does about it is among the changes.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use crate::terraform::{Action, AttributeChange, ChangeList, OutputChange, ResourceChange, Shown};

use crate::pipeline::{
    fit::{Check, Field},
    plan,
};

/// How many differences a message names.
const SHOWN: usize = 5;

/// One resource or output that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Its address; outputs as `output.<name>`.
    pub address: String,
    /// What was reviewed; `None`: nothing.
    pub reviewed: Option<String>,
    /// What the plan would do; `None`: nothing.
    pub found: Option<String>,
    /// With the same action: the attributes whose values differ.
    pub attributes: Vec<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".to_owned());
        let (reviewed, found) = (text(&self.reviewed), text(&self.found));
        if reviewed == found {
            write!(f, "`{}`: {found}, with other values", self.address)?;
            let names: Vec<String> = self.attributes.iter().take(SHOWN).map(|path| format!("`{path}`")).collect();
            if names.is_empty() { Ok(()) } else { write!(f, " of {}", names.join(", ")) }
        } else {
            write!(f, "`{}`: {found} instead of {reviewed}", self.address)
        }
    }
}

/// Where the two lists differ, by address.
pub(in crate::pipeline) fn differences(reviewed: &ChangeList, found: &ChangeList) -> Vec<Difference> {
    let found = as_seen(reviewed, found);
    let (then, now) = (lines(reviewed), lines(&found));
    let mut addresses: Vec<&(String, String)> =
        then.keys().chain(now.keys().filter(|key| !then.contains_key(*key))).collect();
    addresses.sort();
    let text = |line: &Line<'_>| line.action();
    let different = addresses.into_iter().filter(|key| then.get(*key) != now.get(*key));
    different
        .map(|key| Difference {
            address: key.0.clone(),
            reviewed: then.get(key).map(text),
            found: now.get(key).map(text),
            attributes: match (then.get(key), now.get(key)) {
                (Some(then), Some(now)) => then.attributes(now),
                _ => Vec::new(),
            },
        })
        .collect()
}

/// `found` as a reader of `reviewed` would have seen it: a value that was hidden then is hidden now. What counts as
/// sensitive can differ between the two, since kstack hides more than the plan file marks: what comes out of other states.
fn as_seen(reviewed: &ChangeList, found: &ChangeList) -> ChangeList {
    let hide = |then: &Shown, now: &mut Shown| {
        if *then == Shown::Sensitive && matches!(now, Shown::Value(_)) {
            *now = Shown::Sensitive;
        }
    };
    let mut found = found.clone();
    for change in &mut found.resources {
        let same = |then: &&ResourceChange| then.address == change.address && then.deposed == change.deposed;
        let Some(then) = reviewed.resources.iter().find(same) else { continue };
        for attribute in &mut change.attributes {
            if let Some(then) = then.attributes.iter().find(|then| then.path == attribute.path) {
                hide(&then.before, &mut attribute.before);
                hide(&then.after, &mut attribute.after);
            }
        }
    }
    for output in &mut found.outputs {
        if let Some(then) = reviewed.outputs.iter().find(|then| then.name == output.name) {
            hide(&then.before, &mut output.before);
            hide(&then.after, &mut output.after);
        }
    }
    found
}

/// The two lists as one field.
pub(in crate::pipeline) fn check(reviewed: &ChangeList, found: &ChangeList, differences: &[Difference]) -> Check {
    let mut text = plan::summary(found);
    if !differences.is_empty() {
        let shown: Vec<String> = differences.iter().take(SHOWN).map(ToString::to_string).collect();
        let more = differences.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        text = format!("{text} ({}{more})", shown.join("; "));
    }
    Check { field: Field::Changes, reviewed: plan::summary(reviewed), found: text, fits: differences.is_empty() }
}

#[derive(PartialEq)]
enum Line<'a> {
    Resource(&'a ResourceChange),
    Output(&'a OutputChange),
}

impl Line<'_> {
    /// The attributes in which `self` and `other` differ.
    fn attributes(&self, other: &Self) -> Vec<String> {
        let (Self::Resource(one), Self::Resource(other)) = (self, other) else { return Vec::new() };
        let missing = |from: &ResourceChange, attribute: &AttributeChange| !from.attributes.contains(attribute);
        let mut paths: Vec<String> = one
            .attributes
            .iter()
            .filter(|attribute| missing(other, attribute))
            .chain(other.attributes.iter().filter(|attribute| missing(one, attribute)))
            .map(|attribute| attribute.path.clone())
            .collect();
        paths.sort();
        paths.dedup();
        paths
    }

    fn action(&self) -> String {
        match self {
            Self::Resource(change) => word(change.action),
            Self::Output(_) => "change".to_owned(),
        }
    }
}

/// The word of the JSON form, such as `destroy-then-create`.
pub(in crate::pipeline) fn word(action: Action) -> String {
    match serde_json::to_value(action) {
        Ok(serde_json::Value::String(word)) => word,
        _ => format!("{action:?}"),
    }
}

/// By address, and by the deposed object's key where it is about one.
fn lines(list: &ChangeList) -> BTreeMap<(String, String), Line<'_>> {
    let resources = list
        .resources
        .iter()
        .map(|change| ((change.address.clone(), change.deposed.clone().unwrap_or_default()), Line::Resource(change)));
    let outputs =
        list.outputs.iter().map(|change| ((format!("output.{}", change.name), String::new()), Line::Output(change)));
    resources.chain(outputs).collect()
}
