//! Infrastructure environments and the Git events that deliver to them.

use std::fmt;

use super::{EnvironmentName, State};

/// What makes the pipeline deliver to an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// A push to this branch.
    Branch(String),
    /// A tag that matches this pattern; `*` stands for any text.
    Tag(String),
}

impl Trigger {
    /// Reads `branch:<name>` or `tag:<pattern>`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            Some(("branch", name)) if !name.is_empty() => Some(Self::Branch(name.to_owned())),
            Some(("tag", pattern)) if !pattern.is_empty() => Some(Self::Tag(pattern.to_owned())),
            _ => None,
        }
    }

    /// Whether a push to `branch` triggers.
    pub fn matches_branch(&self, branch: &str) -> bool {
        matches!(self, Self::Branch(name) if name == branch)
    }

    /// Whether `tag` triggers.
    pub fn matches_tag(&self, tag: &str) -> bool {
        matches!(self, Self::Tag(pattern) if glob_match(pattern, tag))
    }

    /// Whether some push triggers both.
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Branch(a), Self::Branch(b)) => a == b,
            (Self::Tag(a), Self::Tag(b)) => globs_overlap(a, b),
            _ => false,
        }
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Branch(name) => write!(f, "branch:{name}"),
            Self::Tag(pattern) => write!(f, "tag:{pattern}"),
        }
    }
}

/// Whether some text matches both patterns.
fn globs_overlap(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    // `meets[j]`: some text matches both what follows `i` in `a` and what follows `j` in `b`.
    let mut next = vec![false; b.len() + 1];
    for i in (0..=a.len()).rev() {
        let mut meets = vec![false; b.len() + 1];
        for j in (0..=b.len()).rev() {
            meets[j] = match (a.get(i), b.get(j)) {
                (None, None) => true,
                // A `*` stands for nothing more, or for what the other side has next.
                (Some('*'), _) if next[j] => true,
                (Some('*'), Some(_)) => meets[j + 1],
                (_, Some('*')) => meets[j + 1] || (i < a.len() && next[j]),
                (Some(x), Some(y)) => x == y && next[j + 1],
                _ => false,
            };
        }
        next = meets;
    }
    next[0]
}

/// `*` matches any run of characters, everything else itself.
pub fn glob_match(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((prefix, rest)) => text.strip_prefix(prefix).is_some_and(|tail| {
            (0..=tail.len()).filter(|&at| tail.is_char_boundary(at)).any(|at| glob_match(rest, &tail[at..]))
        }),
    }
}

/// One environment of the platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its name.
    pub name: EnvironmentName,
    /// The Git event that delivers to it.
    pub trigger: Trigger,
    /// Whether users depend on it, so that policies are strict.
    pub protected: bool,
    /// Where its state lives, if not where the platform's does; of the same kind, because a stack's
    /// backend block names one kind for all environments.
    pub state: Option<State>,
}

impl Environment {
    /// The branch that the in-cluster engine follows. An environment delivered by tags follows a
    /// branch of its own, which only the pipeline moves, to the commit that was promoted: an
    /// engine that followed the default branch would deliver shared manifests before promotion.
    pub fn engine_branch(&self) -> String {
        match &self.trigger {
            Trigger::Branch(branch) => branch.clone(),
            Trigger::Tag(_) => format!("deploy/{}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_match_by_pattern() {
        let trigger = Trigger::parse("tag:apps-deploy-*").unwrap();
        assert!(trigger.matches_tag("apps-deploy-7"));
        assert!(trigger.matches_tag("apps-deploy-"));
        assert!(!trigger.matches_tag("apps-prod-deploy-7"));
        assert!(!trigger.matches_branch("apps-deploy-7"));
        assert!(Trigger::Tag("a*b*c".into()).matches_tag("axxbyyc"));
        assert!(!Trigger::Tag("a*b".into()).matches_tag("axxbyyc"));
    }

    #[test]
    fn patterns_that_share_a_tag_overlap() {
        for (a, b) in
            [("v*", "*1"), ("a-*", "a-b-*"), ("a*c", "ab*"), ("*", "x"), ("x", "x"), ("a*b*c", "*b"), ("*a", "b*")]
        {
            let share = globs_overlap(a, b);
            assert_eq!(share, globs_overlap(b, a), "{a} {b}");
            // `a*b*c` ends in `c`, `*b` does not.
            assert_eq!(share, (a, b) != ("a*b*c", "*b"), "{a} {b}");
        }
        for (a, b) in [("apps-deploy-*", "ops-deploy-*"), ("v1", "v2"), ("a*b", "a*c"), ("x*", "y"), ("abc", "ab")] {
            assert!(!globs_overlap(a, b) && !globs_overlap(b, a), "{a} {b}");
        }
    }

    #[test]
    fn a_trigger_without_a_kind_or_a_name_is_none() {
        for text in ["main", "branch:", "tag:", "merge:main", ""] {
            assert_eq!(Trigger::parse(text), None, "{text}");
        }
    }
}
