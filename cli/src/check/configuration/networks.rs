//! Networks that must lie apart.
//!
//! What a network is for is told by its key, in every cloud alike.

use crate::{
    hcl::Diagnostic,
    platform::configuration::{Cidr, Origin, Place, Setting, Settled, Value, key},
};

use super::{Outcome, in_words};

/// What a network is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The cluster's network, which others are cut out of.
    Whole,
    /// A subnet, which lies in the whole.
    Subnet,
    /// A range of its own, in the whole or not.
    Range,
    /// A range that must lie outside of the whole, since the network must not route it.
    Virtual,
    /// A network of somebody else.
    Foreign,
}

/// The role of a key, if it is one of a cluster's networks.
fn role(path: &[String]) -> Option<Role> {
    match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["network", "cidr"] => Some(Role::Whole),
        ["network", "subnets", _] => Some(Role::Subnet),
        ["network", "pod_cidr" | "service_cidr"] => Some(Role::Virtual),
        ["network", "avoid_cidrs"] => Some(Role::Foreign),
        ["network", name] if name.ends_with("_cidr") => Some(Role::Range),
        _ => None,
    }
}

/// Whether the values of a key are networks.
pub(super) fn is_network(path: &[String]) -> bool {
    let named = path.last().is_some_and(|name| name == "cidr" || name.ends_with("_cidr") || name.ends_with("_cidrs"));
    named || role(path).is_some()
}

/// A network of one outcome.
#[derive(Debug, Clone, PartialEq)]
struct Network {
    key: String,
    role: Role,
    cidr: Cidr,
    /// Where it was set, or else the module's default stands.
    place: Place,
    set: bool,
}

fn networks(outcome: &Outcome<'_>) -> Vec<Network> {
    // In a network that is there already nothing is cut.
    let existing = outcome.settled.iter().any(|settled| {
        settled.path.first().is_some_and(|name| name == "network")
            && settled.path.get(1).is_some_and(|name| name == "existing")
            && settled.value != Value::Null
    });
    let mut networks = Vec::new();
    for settled in &outcome.settled {
        match role(&settled.path) {
            Some(Role::Whole | Role::Subnet) if existing => {}
            Some(role) => collect(settled, role, &mut networks),
            None => {}
        }
    }
    networks
}

fn collect(settled: &Settled, role: Role, networks: &mut Vec<Network>) {
    let set = matches!(settled.origin, Origin::Set { .. });
    let mut push = |text: &str, place: Option<&Place>| {
        if let (Some(cidr), Some(place)) = (Cidr::parse(text), place) {
            networks.push(Network { key: key(&settled.path), role, cidr, place: place.clone(), set });
        }
    };
    match &settled.value {
        Value::String(text) => push(text, settled.place()),
        Value::List(items) => {
            items.iter().for_each(|Setting { value, place }| push(value.as_str().unwrap_or_default(), Some(place)));
        }
        _ => {}
    }
}

pub(super) fn check(outcomes: &[Outcome<'_>], problems: &mut Vec<Diagnostic>, warnings: &mut Vec<Diagnostic>) {
    let mut wrong = Findings::default();
    for outcome in outcomes {
        let networks = networks(outcome);
        for (index, one) in networks.iter().enumerate() {
            for other in &networks[index + 1..] {
                if must_lie_apart(one.role, other.role) && one.cidr.overlaps(other.cidr) {
                    wrong.add(outcome.environment, one, other, "overlaps");
                }
            }
        }
        if let Some(whole) = networks.iter().find(|network| network.role == Role::Whole) {
            for subnet in networks.iter().filter(|network| network.role == Role::Subnet) {
                if !whole.cidr.holds(subnet.cidr) {
                    wrong.add(outcome.environment, whole, subnet, "lies outside of");
                }
            }
        }
    }
    problems.extend(wrong.into_diagnostics());
    warnings.extend(between_clusters(outcomes));
}

fn must_lie_apart(one: Role, other: Role) -> bool {
    use Role::{Foreign, Range, Subnet, Virtual, Whole};
    match (one, other) {
        (Foreign, Foreign) | (Whole, Whole) => false,
        (Whole, Subnet | Range) | (Subnet | Range, Whole) => false,
        (Whole | Subnet | Range | Virtual | Foreign, _) => true,
    }
}

/// The same pair of lines can be wrong in several environments.
#[derive(Default)]
struct Findings<'a>(Vec<(Network, Network, &'static str, Vec<&'a str>)>);

impl<'a> Findings<'a> {
    fn add(&mut self, environment: &'a str, one: &Network, other: &Network, how: &'static str) {
        // The message is about what is set; a default alone is the module's own affair.
        let (one, other) = if other.set { (one, other) } else { (other, one) };
        if !other.set {
            return;
        }
        match self.0.iter_mut().find(|(known, beside, ..)| known == one && beside == other) {
            Some((.., environments)) => environments.push(environment),
            None => self.0.push((one.clone(), other.clone(), how, vec![environment])),
        }
    }

    fn into_diagnostics(self) -> impl Iterator<Item = Diagnostic> {
        self.0.into_iter().map(|(one, other, how, environments)| {
            let message = format!(
                "`{}` {} {how} `{}` {} in {}",
                other.key,
                other.cidr,
                one.key,
                one.cidr,
                in_words(&environments)
            );
            let what = if one.set { format!("`{}`", one.key) } else { format!("the default of `{}`", one.key) };
            other.place.problem(message).with_note(&one.place.file, one.place.span.clone(), what)
        })
    }
}

/// Clusters with one network can never be connected. It is no more than a warning: many never are.
fn between_clusters(outcomes: &[Outcome<'_>]) -> Vec<Diagnostic> {
    let wholes: Vec<(&Outcome<'_>, Network)> = outcomes
        .iter()
        .filter_map(|outcome| {
            Some((outcome, networks(outcome).into_iter().find(|network| network.role == Role::Whole)?))
        })
        .collect();
    let mut found: Vec<(Place, Place, String, Vec<&str>)> = Vec::new();
    for (index, (first, one)) in wholes.iter().enumerate() {
        for (second, other) in &wholes[index + 1..] {
            let same = first.stack.name == second.stack.name && first.call.name == second.call.name;
            if same || first.environment != second.environment || !one.cidr.overlaps(other.cidr) {
                continue;
            }
            let place = |outcome: &Outcome<'_>, network: &Network| {
                if network.set { network.place.clone() } else { outcome.call.place.clone() }
            };
            let (there, here) = (place(first, one), place(second, other));
            match found.iter_mut().find(|(known, beside, ..)| *known == there && *beside == here) {
                Some((.., environments)) => environments.push(first.environment),
                None => {
                    let text = format!(
                        "the network {} of `{}` overlaps that of `{}`, {}",
                        other.cidr, second.stack.name, first.stack.name, one.cidr
                    );
                    found.push((there, here, text, vec![first.environment]));
                }
            }
        }
    }
    let diagnostic = |(there, here, text, environments): (Place, Place, String, Vec<&str>)| {
        here.problem(format!("{text}, in {}", in_words(&environments)))
            .with_note(&there.file, there.span, "the other network")
            .with_help("give each cluster a network of its own, or the two can never be connected")
    };
    found.into_iter().map(diagnostic).collect()
}
