//! A shard's name, and how many there are to be.

use std::{fmt, num::NonZeroUsize, str::FromStr};

use serde::{Deserialize, Serialize};

/// One of the parts that a pull request is planned in, written `2/4`; counted from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shard {
    of: usize,
    index: usize,
}

/// Not a shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no shard: expected `I/N`, such as `1/4`, with I from 1 to N")]
pub struct InvalidShard {
    /// What was given.
    pub text: String,
}

/// How many shards there are to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShardCount {
    /// At most so many.
    Most(NonZeroUsize),
    /// As many as hold about so many instances each.
    Per(NonZeroUsize),
}

impl Shard {
    /// All shards of a pull request that is planned in `of` of them.
    pub fn all(of: usize) -> impl Iterator<Item = Self> {
        (1..=of).map(move |index| Self { of, index })
    }

    /// Which one, counted from one.
    pub fn index(self) -> usize {
        self.index
    }

    /// How many there are.
    pub fn of(self) -> usize {
        self.of
    }
}

impl FromStr for Shard {
    type Err = InvalidShard;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Digits alone: `parse` would take a sign as well.
        let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        let numbers = text.split_once('/').and_then(|(index, of)| Some((number(index)?, number(of)?)));
        match numbers {
            Some((index, of)) if (1..=of).contains(&index) => Ok(Self { of, index }),
            _ => Err(InvalidShard { text: text.to_owned() }),
        }
    }
}

impl TryFrom<String> for Shard {
    type Error = InvalidShard;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_one_of_at_least_one() {
        assert_eq!("2/4".parse::<Shard>().unwrap(), Shard { of: 4, index: 2 });
        assert_eq!(Shard::all(2).map(|shard| shard.to_string()).collect::<Vec<_>>(), ["1/2", "2/2"]);
        for wrong in ["", "1", "0/4", "5/4", "1/0", "/", "+1/4", "1/4/4", "a/b", " 1/4", "99999999999999999999/4"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
