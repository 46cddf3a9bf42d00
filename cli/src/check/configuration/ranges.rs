//! Settings that are a range: `min_…` must not be greater than `max_…` beside it, and `desired_…` lies between.

use crate::{
    hcl::Diagnostic,
    platform::configuration::{Origin, Settled, Value, key},
};

use super::{Outcome, in_words};

/// How the lower and the upper end of a range are named.
const ENDS: [(&str, &str); 2] = [("min", "max"), ("minimum", "maximum")];

pub(super) fn check(outcomes: &[Outcome<'_>], problems: &mut Vec<Diagnostic>) {
    let mut wrong: Vec<(Pair<'_>, Vec<&str>)> = Vec::new();
    for outcome in outcomes {
        for pair in outcome.settled.iter().flat_map(|settled| pairs(outcome, settled)) {
            match wrong.iter_mut().find(|(known, _)| known.is_same(&pair)) {
                Some((_, environments)) => environments.push(outcome.environment),
                None => wrong.push((pair, vec![outcome.environment])),
            }
        }
    }
    problems.extend(wrong.iter().filter_map(|(pair, environments)| pair.problem(environments)));
}

/// Two settings, the first of which is greater than the second and must not be.
struct Pair<'a> {
    less: &'a Settled,
    more: &'a Settled,
}

/// The wrong pairs that begin with `settled`.
fn pairs<'a>(outcome: &'a Outcome<'_>, settled: &'a Settled) -> Vec<Pair<'a>> {
    let Some((name, parents)) = settled.path.split_last() else { return Vec::new() };
    let beside = |name: String| outcome.settled.iter().find(|other| other.path.split_last() == Some((&name, parents)));
    let mut found = Vec::new();
    for (least, most) in ENDS {
        if let Some(upper) = renamed(name, least, most).and_then(beside) {
            found.push((settled, upper));
        }
        if let Some(lower) = renamed(name, "desired", least).and_then(beside) {
            found.push((lower, settled));
        }
        if let Some(upper) = renamed(name, "desired", most).and_then(beside) {
            found.push((settled, upper));
        }
    }
    let wrong = found
        .into_iter()
        .filter(|(less, more)| matches!((number(less), number(more)), (Some(less), Some(more)) if less > more));
    wrong.map(|(less, more)| Pair { less, more }).collect()
}

/// `name` with its part `from` replaced: `max_size` for `min_size`.
fn renamed(name: &str, from: &str, to: &str) -> Option<String> {
    let parts: Vec<&str> = name.split('_').collect();
    parts
        .contains(&from)
        .then(|| parts.iter().map(|&part| if part == from { to } else { part }).collect::<Vec<_>>().join("_"))
}

fn number(settled: &Settled) -> Option<f64> {
    match &settled.value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

impl Pair<'_> {
    fn is_same(&self, other: &Self) -> bool {
        self.less.place() == other.less.place()
            && self.more.place() == other.more.place()
            && self.less.path == other.less.path
    }

    /// At the line that is set; at the nearer of two the other is a note.
    fn problem(&self, environments: &[&str]) -> Option<Diagnostic> {
        let set = |settled: &Settled| match &settled.origin {
            Origin::Set { environment, place } => Some((environment.clone(), place.clone())),
            _ => None,
        };
        let said = |settled: &Settled| format!("`{}` is {}", key(&settled.path), settled.value);
        let message = format!("{} but {} in {}", said(self.less), said(self.more), in_words(environments));
        let (main, other, place) = match (set(self.less), set(self.more)) {
            (Some((_, place)), _) => (self.less, self.more, place),
            (None, Some((_, place))) => (self.more, self.less, place),
            (None, None) => return None,
        };
        let problem = place.problem(message);
        Some(match (&other.origin, other.place()) {
            (Origin::Set { environment, .. }, Some(place)) => {
                let inherited = if environments.contains(&environment.as_str()) {
                    String::new()
                } else {
                    format!(", inherited from `{environment}`")
                };
                problem.with_note(&place.file, place.span.clone(), format!("{}{inherited}", said(other)))
            }
            (_, Some(place)) => {
                problem.with_note(&place.file, place.span.clone(), format!("the default of `{}`", key(&other.path)))
            }
            (_, None) => problem.with_help(format!("change one of `{}` and `{}`", key(&main.path), key(&other.path))),
        })
    }
}
