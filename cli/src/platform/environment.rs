//! Infrastructure environments and the Git events that deliver to them.

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
    fn a_trigger_without_a_kind_or_a_name_is_none() {
        for text in ["main", "branch:", "tag:", "merge:main", ""] {
            assert_eq!(Trigger::parse(text), None, "{text}");
        }
    }
}
