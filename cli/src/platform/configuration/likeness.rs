//! Which known key a mistyped one may have meant, by the same measure as `modules/common/configuration/level`.

use std::collections::BTreeSet;

/// The one of `known` that is most like `name`, or `None` when none is like it.
///
/// Two names are as near as the pairs of neighbouring letters (ends included) and the letters that they share. At
/// 11/20 typing mistakes and left-out parts of a name end and other words begin. Of two that are equally near, the
/// first in the order of the alphabet is taken.
pub fn nearest_key<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let name = Shape::of(name);
    let candidates = known.into_iter().collect::<BTreeSet<_>>().into_iter();
    let mut best: Option<(Fraction, &str)> = None;
    for candidate in candidates {
        let likeness = name.likeness(&Shape::of(candidate));
        if likeness.at_least(Fraction(11, 20)) && best.is_none_or(|(most, _)| !most.at_least(likeness)) {
            best = Some((likeness, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Letters and pairs of letters of a name, each once.
struct Shape {
    letters: BTreeSet<char>,
    pairs: BTreeSet<(char, char)>,
}

impl Shape {
    fn of(name: &str) -> Self {
        let all: Vec<char> = std::iter::once('^').chain(name.chars()).chain(std::iter::once('$')).collect();
        let pairs = all.iter().zip(all.iter().skip(1)).map(|(&first, &second)| (first, second)).collect();
        Self { letters: name.chars().collect(), pairs }
    }

    fn likeness(&self, other: &Self) -> Fraction {
        let shared = |shared: usize, one: usize, two: usize| (shared as u64, ((one + two) as u64).max(1));
        let pairs = shared(self.pairs.intersection(&other.pairs).count(), self.pairs.len(), other.pairs.len());
        let letters =
            shared(self.letters.intersection(&other.letters).count(), self.letters.len(), other.letters.len());
        Fraction(pairs.0 * letters.1 + letters.0 * pairs.1, pairs.1 * letters.1)
    }
}

/// An exact fraction: Terraform counts with 512 bits.
#[derive(Clone, Copy)]
struct Fraction(u64, u64);

impl Fraction {
    fn at_least(self, other: Self) -> bool {
        self.0 * other.1 >= other.0 * self.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_mistakes_are_near_and_other_words_are_not() {
        let network = ["cidr", "nat", "existing"];
        for (name, near) in [("nta", "nat"), ("exsiting", "existing"), ("vpc_cidr", "cidr")] {
            assert_eq!(nearest_key(name, network), Some(near));
        }
        assert_eq!(nearest_key("quux", ["region", "tags"]), None);
        assert_eq!(nearest_key("quux", []), None);
    }
}
