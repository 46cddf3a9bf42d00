//! Names that two clusters or two node pools share.

use crate::{
    hcl::Diagnostic,
    platform::configuration::{Origin, Place, Value},
};

use super::{Outcome, in_words};

pub(super) fn check(outcomes: &[Outcome<'_>], problems: &mut Vec<Diagnostic>) {
    let mut clashes: Vec<(Place, Place, String, Vec<&str>)> = Vec::new();
    for (index, one) in outcomes.iter().enumerate() {
        for other in &outcomes[index + 1..] {
            let is_same_call = std::ptr::eq(one.call, other.call);
            if is_same_call || one.environment != other.environment || one.call.module != other.call.module {
                continue;
            }
            let Some((text, there, here)) = cluster(one, other).or_else(|| pool(one, other)) else { continue };
            match clashes.iter_mut().find(|(known, beside, ..)| *known == there && *beside == here) {
                Some((.., environments)) => environments.push(one.environment),
                None => clashes.push((there, here, text, vec![one.environment])),
            }
        }
    }
    problems.extend(clashes.into_iter().map(|(there, here, text, environments)| {
        here.problem(format!("{text} in {}", in_words(&environments))).with_note(
            &there.file,
            there.span,
            "the other one",
        )
    }));
}

/// Clusters are called by prefix, environment and region, and their domains are made of it.
fn cluster(one: &Outcome<'_>, other: &Outcome<'_>) -> Option<(String, Place, Place)> {
    let (prefix, there) = text(one, "name_prefix")?;
    let (same, here) = text(other, "name_prefix")?;
    let equal = |name| text(one, name).map(|(value, _)| value) == text(other, name).map(|(value, _)| value);
    // Without a region (local clusters) both are none, and equal.
    let known = |outcome: &Outcome<'_>| outcome.get(&["region"]).is_none() || text(outcome, "region").is_some();
    if prefix != same || !known(one) || !known(other) || !equal("region") || !equal("base_domain") {
        return None;
    }
    let (first, second) = (&one.stack.name, &other.stack.name);
    Some((format!("clusters `{first}` and `{second}` have the same name `{prefix}` and region"), there, here))
}

/// Pools of one stack.
fn pool(one: &Outcome<'_>, other: &Outcome<'_>) -> Option<(String, Place, Place)> {
    let ((name, there), (same, here)) = (text(one, "name")?, text(other, "name")?);
    (name == same && one.stack.name == other.stack.name).then(|| {
        (format!("modules `{}` and `{}` have the same name `{name}`", one.call.name, other.call.name), there, here)
    })
}

fn text<'a>(outcome: &'a Outcome<'_>, name: &str) -> Option<(&'a str, Place)> {
    let settled = outcome.get(&[name])?;
    match (&settled.value, &settled.origin) {
        (Value::String(text), Origin::Set { place, .. }) => Some((text, place.clone())),
        _ => None,
    }
}
