//! What the modules' own validations say, at the line that breaks them.

use std::ops::Range;

use crate::{
    hcl::Diagnostic,
    platform::configuration::{Origin, Place, Settled, Value, key, tree},
};

use super::Outcome;

pub(super) fn check(outcomes: &[Outcome<'_>], problems: &mut Vec<Diagnostic>) {
    for outcome in outcomes {
        let settings = tree(&outcome.settled);
        for rule in &outcome.module.rules {
            let Some(broken) = rule.broken(&settings, outcome.environment) else { continue };
            let set: Vec<(&Settled, &Place)> =
                broken.paths.iter().flat_map(|path| at_or_below(outcome, path)).collect();
            // Of a whole collection only the lines without which the rule would not be broken matter.
            let matters =
                |settled: &Settled| rule.broken(&tree_without(outcome, settled), outcome.environment).is_none();
            let guilty: Vec<_> = set.iter().copied().filter(|(settled, _)| matters(settled)).collect();
            let set = if guilty.is_empty() { set } else { guilty };
            let Some((_, place)) = set.first() else { continue }; // a default breaks the rule: the module's own affair
            let told = |place: &Place| problems.iter().any(|problem| is_about(problem, place));
            if set.iter().any(|(_, place)| told(place)) {
                continue;
            }
            let mut problem = place
                .problem(in_house_style(&broken.message))
                .with_help(format!("this rule of the module stands at {}", rule.place));
            for (settled, place) in &set[1..] {
                problem = problem.with_note(&place.file, place.span.clone(), format!("`{}`", key(&settled.path)));
            }
            problems.push(problem);
        }
    }
}

/// The settings as if `unknown` were an expression.
fn tree_without(outcome: &Outcome<'_>, unknown: &Settled) -> Value {
    let mut settled = outcome.settled.clone();
    for one in settled.iter_mut().filter(|one| *one == unknown) {
        one.value = Value::Expression(String::new());
    }
    tree(&settled)
}

/// Whether a problem, or a note of it, points into `place`.
fn is_about(problem: &Diagnostic, place: &Place) -> bool {
    let inside = |span: &Range<usize>| place.span.start <= span.start && span.end <= place.span.end;
    problem.file == place.file && inside(&problem.span)
        || problem.notes.iter().any(|note| note.file == place.file && inside(&note.span))
}

/// A sentence of Terraform as a message: small at the beginning, without a full stop.
fn in_house_style(sentence: &str) -> String {
    let sentence = sentence.trim().trim_end_matches('.');
    let mut letters = sentence.chars();
    match (letters.next(), letters.next()) {
        // Not "eKS".
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain(sentence.chars().skip(1)).collect()
        }
        _ => sentence.to_owned(),
    }
}

/// The lines that set something at `path` or below it.
fn at_or_below<'a>(outcome: &'a Outcome<'_>, path: &[String]) -> impl Iterator<Item = (&'a Settled, &'a Place)> {
    outcome.settled.iter().filter(move |settled| settled.path.starts_with(path)).filter_map(|settled| {
        match &settled.origin {
            Origin::Set { place, .. } => Some((settled, place)),
            _ => None,
        }
    })
}
