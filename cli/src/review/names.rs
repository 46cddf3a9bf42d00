//! Changes that differ only by the names of their instances are one change: `gc0-ops-eu-west-1` in
//! one environment and `gc0-apps-eu-west-1` in the other.
//!
//! Texts are compared place by place. Where one holds its instance's name as a word and the other
//! its own, both are alike, and `{environment}` or `{stack}` stands for the name when the group is
//! shown. Everything else must be equal: `apps/v1` does not become `{environment}/v1`.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value};

use crate::{
    platform::{EnvironmentName, Instance},
    terraform::{AttributeChange, Shown},
};

/// What stands for the name of an instance's environment.
const ENVIRONMENT: &str = "{environment}";
/// What stands for the name of an instance's stack.
const STACK: &str = "{stack}";

/// Something that holds texts in which names may stand.
pub(super) trait Named: Sized {
    /// Whether `self`, of instance `here`, and `other`, of `there`, are equal but for names.
    fn alike(&self, here: &Instance, other: &Self, there: &Instance) -> bool;

    /// `self` with every name replaced that differs from any of `others`, which must be alike.
    fn merged(&self, here: &Instance, others: &[(&Self, &Instance)]) -> Self;
}

impl Named for String {
    fn alike(&self, here: &Instance, other: &Self, there: &Instance) -> bool {
        self == other || differing(self, here, other, there).is_some()
    }

    fn merged(&self, here: &Instance, others: &[(&Self, &Instance)]) -> Self {
        let mut names = BTreeMap::new();
        for (other, there) in others.iter().filter(|(other, _)| *other != self) {
            names.extend(differing(self, here, other, there).into_iter().flatten());
        }
        let mut text = self.clone();
        for (start, (end, name)) in names.into_iter().rev() {
            text.replace_range(start..end, name);
        }
        text
    }
}

/// The names in `one` that differ from those in `other`: start, end, and what stands for each.
/// `None` if anything else differs.
fn differing(one: &str, here: &Instance, other: &str, there: &Instance) -> Option<Vec<(usize, (usize, &'static str))>> {
    let environment = |instance: &Instance| instance.environment.as_ref().map(EnvironmentName::to_string);
    let (here_environment, there_environment) = (environment(here), environment(there));
    let mut pairs = vec![(here.stack.as_str(), there.stack.as_str(), STACK)];
    if let (Some(here), Some(there)) = (&here_environment, &there_environment) {
        pairs.push((here, there, ENVIRONMENT));
    }
    pairs.retain(|(here, there, _)| here != there);
    let (mut a, mut b) = (0, 0);
    let mut names = Vec::new();
    while a < one.len() || b < other.len() {
        let pair = pairs.iter().find(|(here, there, _)| is_word(one, a, here) && is_word(other, b, there));
        if let Some((here, there, name)) = pair {
            names.push((a, (a + here.len(), *name)));
            a += here.len();
            b += there.len();
        } else {
            let character = one[a..].chars().next()?;
            if other[b..].chars().next()? != character {
                return None;
            }
            a += character.len_utf8();
            b += character.len_utf8();
        }
    }
    Some(names)
}

/// Whether `word` stands at `at`, with neither a letter nor a digit touching it.
fn is_word(text: &str, at: usize, word: &str) -> bool {
    let touched = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
    text[at..].starts_with(word)
        && !touched(text[..at].chars().next_back())
        && !touched(text[at + word.len()..].chars().next())
}

/// Tells quickly which texts may be alike: those from which the same is left when all words of names are taken out.
/// Without it, each of the thousands of resources of a large plan would be compared with all others.
#[derive(Debug)]
pub(super) struct Residue<'a> {
    /// The words that names of stacks and environments consist of.
    words: HashSet<&'a str>,
}

impl<'a> Residue<'a> {
    pub(super) fn of(instances: impl Iterator<Item = &'a Instance>) -> Self {
        let names = instances.flat_map(|instance| {
            let environment = instance.environment.as_ref().map(EnvironmentName::as_str);
            environment.into_iter().chain(std::iter::once(instance.stack.as_str()))
        });
        Self { words: names.flat_map(words).collect() }
    }

    /// Equal for texts that are alike.
    pub(super) fn key(&self, text: &str) -> String {
        words(text).filter(|word| !self.words.contains(word)).collect::<Vec<_>>().join(" ")
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty())
}

impl Named for Value {
    fn alike(&self, here: &Instance, other: &Self, there: &Instance) -> bool {
        match (self, other) {
            (Value::String(one), Value::String(other)) => one.alike(here, other, there),
            (Value::Array(one), Value::Array(other)) => one.alike(here, other, there),
            (Value::Object(one), Value::Object(other)) => {
                one.len() == other.len()
                    && one
                        .iter()
                        .zip(other)
                        .all(|((a_key, a), (b_key, b))| a_key.alike(here, b_key, there) && a.alike(here, b, there))
            }
            (one, other) => one == other,
        }
    }

    fn merged(&self, here: &Instance, others: &[(&Self, &Instance)]) -> Self {
        match self {
            Value::String(text) => Value::String(text.merged(
                here,
                &each(others, |value| match value {
                    Value::String(text) => Some(text),
                    _ => None,
                }),
            )),
            Value::Array(items) => Value::Array(items.merged(here, &each(others, Value::as_array))),
            Value::Object(map) => {
                let maps: Vec<(&Map<_, _>, _)> = each(others, Value::as_object);
                let entries = map.iter().enumerate().map(|(index, (key, value))| {
                    let pairs: Vec<_> =
                        maps.iter().filter_map(|(map, there)| Some((map.iter().nth(index)?, *there))).collect();
                    let keys: Vec<_> = pairs.iter().map(|((key, _), there)| (*key, *there)).collect();
                    let values: Vec<_> = pairs.iter().map(|((_, value), there)| (*value, *there)).collect();
                    (key.merged(here, &keys), value.merged(here, &values))
                });
                Value::Object(entries.collect())
            }
            other => other.clone(),
        }
    }
}

impl<T: Named> Named for Vec<T> {
    fn alike(&self, here: &Instance, other: &Self, there: &Instance) -> bool {
        self.len() == other.len() && self.iter().zip(other).all(|(a, b)| a.alike(here, b, there))
    }

    fn merged(&self, here: &Instance, others: &[(&Self, &Instance)]) -> Self {
        let items = self.iter().enumerate();
        items.map(|(index, item)| item.merged(here, &each(others, |other| other.get(index)))).collect()
    }
}

impl<T: Named> Named for Option<T> {
    fn alike(&self, here: &Instance, other: &Self, there: &Instance) -> bool {
        match (self, other) {
            (Some(one), Some(other)) => one.alike(here, other, there),
            (one, other) => one.is_none() && other.is_none(),
        }
    }

    fn merged(&self, here: &Instance, others: &[(&Self, &Instance)]) -> Self {
        self.as_ref().map(|one| one.merged(here, &each(others, |other| other.as_ref())))
    }
}

impl Named for Shown {
    fn alike(&self, here: &Instance, other: &Self, there: &Instance) -> bool {
        match (self, other) {
            (Shown::Value(one), Shown::Value(other)) => one.alike(here, other, there),
            (one, other) => one == other,
        }
    }

    fn merged(&self, here: &Instance, others: &[(&Self, &Instance)]) -> Self {
        match self {
            Shown::Value(value) => Shown::Value(value.merged(
                here,
                &each(others, |other| match other {
                    Shown::Value(value) => Some(value),
                    _ => None,
                }),
            )),
            other => other.clone(),
        }
    }
}

impl Named for AttributeChange {
    fn alike(&self, here: &Instance, other: &Self, there: &Instance) -> bool {
        self.forces_replacement == other.forces_replacement
            && self.path.alike(here, &other.path, there)
            && self.before.alike(here, &other.before, there)
            && self.after.alike(here, &other.after, there)
    }

    fn merged(&self, here: &Instance, others: &[(&Self, &Instance)]) -> Self {
        Self {
            path: self.path.merged(here, &each(others, |other| Some(&other.path))),
            before: self.before.merged(here, &each(others, |other| Some(&other.before))),
            after: self.after.merged(here, &each(others, |other| Some(&other.after))),
            forces_replacement: self.forces_replacement,
        }
    }
}

/// A part of each of `others`.
pub(super) fn each<'a, T, U: ?Sized>(
    others: &[(&'a T, &'a Instance)],
    part: impl Fn(&'a T) -> Option<&'a U>,
) -> Vec<(&'a U, &'a Instance)> {
    others.iter().filter_map(|(other, there)| Some((part(other)?, *there))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(stack: &str, environment: &str) -> Instance {
        Instance { stack: stack.parse().unwrap(), environment: Some(environment.parse().unwrap()) }
    }

    fn merge(one: &str, other: &str) -> Option<String> {
        let (here, there) = (instance("eks-gc0", "ops"), instance("eks-gc0", "apps"));
        let (one, other) = (one.to_owned(), other.to_owned());
        one.alike(&here, &other, &there).then(|| one.merged(&here, &[(&other, &there)]))
    }

    #[test]
    fn only_names_as_words_may_differ() {
        assert_eq!(merge("gc0-ops-eu", "gc0-apps-eu").unwrap(), "gc0-{environment}-eu");
        assert_eq!(merge("apps/v1 ops ops_x", "apps/v1 apps apps_x").unwrap(), "apps/v1 {environment} {environment}_x");
        assert_eq!(merge("apps/v1", "apps/v1").unwrap(), "apps/v1");
        for (one, other) in
            [("stops", "stapps"), ("ops", "dev"), ("apps", "ops"), ("ops", "apps2"), ("a", "b"), ("ops", "")]
        {
            assert_eq!(merge(one, other), None, "{one} {other}");
        }
    }

    #[test]
    fn what_may_be_alike_has_the_same_residue() {
        let instances = [instance("eks-gc0", "ops"), instance("eks-gc0", "apps"), instance("eks-gc1", "apps")];
        let residue = Residue::of(instances.iter());
        for (one, other) in [("apps/v1 ops", "apps/v1 apps"), ("x.eks-gc0_a", "x.eks-gc1_a"), ("gc0-ops", "gc0-apps")] {
            assert_eq!(residue.key(one), residue.key(other), "{one} {other}");
        }
        assert_ne!(residue.key("x.y[0]"), residue.key("x.y[1]"));
    }

    #[test]
    fn names_stay_where_all_members_agree() {
        let instances = [instance("a", "ops"), instance("b", "ops"), instance("a", "apps")];
        let texts = ["a/ops", "b/ops", "a/apps"].map(str::to_owned);
        assert_eq!(texts[0].merged(&instances[0], &[(&texts[1], &instances[1])]), "{stack}/ops");
        let both = [(&texts[1], &instances[1]), (&texts[2], &instances[2])];
        assert_eq!(texts[0].merged(&instances[0], &both), "{stack}/{environment}");
    }
}
