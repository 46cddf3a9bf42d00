//! Required settings that nobody sets.

use std::collections::BTreeMap;

use crate::{
    hcl::Diagnostic,
    platform::configuration::{Entry, Origin, Place},
};

use super::{Outcome, in_words, is_suggested};

pub(super) fn check(outcomes: &[Outcome<'_>], problems: &mut Vec<Diagnostic>) {
    // One problem for a setting of a call, however many environments lack it.
    let mut missing = BTreeMap::<(usize, String), Vec<&Outcome<'_>>>::new();
    for outcome in outcomes {
        for settled in outcome.settled.iter().filter(|settled| settled.origin == Origin::Missing) {
            let call = std::ptr::from_ref(outcome.call).addr();
            missing.entry((call, settled.key())).or_default().push(outcome);
        }
    }
    for ((_, key), lacking) in missing {
        let Some(first) = lacking.first() else { continue };
        let environments: Vec<&str> = lacking.iter().map(|outcome| outcome.environment).collect();
        let inheritance = first.call.inheritance().unwrap_or_default();
        let base = inheritance.base.as_str();
        let configuration = first.call.environments();
        let entry = |name: &str| configuration.and_then(|configuration| configuration.entry(name));
        // Where it is usually set: what inherits from there has it too.
        let home = if environments.contains(&base) { base } else { first.environment };
        let path = lacking.first().and_then(|outcome| outcome.settled.iter().find(|settled| settled.key() == key));
        let place =
            entry(home).map_or(&first.call.key, |entry| innermost(entry, path.map_or(&[], |found| &found.path)));
        if path.and_then(|found| found.path.last()).is_some_and(|name| is_suggested(problems, place, name)) {
            continue; // it is there, with a typing mistake
        }
        let removed =
            first.settled.iter().find(|settled| settled.key() == key).and_then(|settled| settled.overridden.first());
        let mut problem = place
            .problem(format!(
                "module `{}` needs `{key}`, which is not set in {}",
                first.call.name,
                in_words(&environments)
            ))
            .with_help(if home == base {
                format!("set it in `{base}`")
            } else {
                format!("set it in `{home}` or, to inherit it, in `{base}`")
            });
        if let Some(source) = removed {
            let place = &source.setting.place;
            problem = problem.with_note(&place.file, place.span.clone(), "removed here");
        }
        problems.push(problem);
    }
}

/// The key of the object that lacks something, as deep as the environment has it.
fn innermost<'a>(entry: &'a Entry, path: &[String]) -> &'a Place {
    let below = path.split_first().and_then(|(name, rest)| {
        let object = entry.setting.value.as_object()?;
        Some((object.entry(name).filter(|below| below.setting.value.as_object().is_some())?, rest))
    });
    below.map_or(&entry.place, |(entry, rest)| innermost(entry, rest))
}
