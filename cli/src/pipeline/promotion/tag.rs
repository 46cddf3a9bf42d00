//! The name of the next tag, from the trigger's pattern and the tags that are there. Pure.

use std::collections::BTreeSet;

use serde::Serialize;

/// The tag that would promote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NextTag {
    /// The pattern of the trigger.
    pub pattern: String,
    /// Its name; `None`: it has to be named.
    pub name: Option<String>,
    /// Why it has to be named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

impl NextTag {
    /// The next of the tags that match `pattern`: where its `*` stands for numbers, one more than the highest. Tags
    /// that are not numbered do not count.
    pub(super) fn of(pattern: &str, tags: &BTreeSet<String>) -> Self {
        let unnamed = |because: String| Self { pattern: pattern.to_owned(), name: None, because: Some(because) };
        let mut parts = pattern.split('*');
        let (Some(before), Some(after), None) = (parts.next(), parts.next(), parts.next()) else {
            return match tags.contains(pattern) {
                false if !pattern.contains('*') => Self::named(pattern, pattern.to_owned()),
                true => unnamed(format!("`{pattern}` is one tag, and it is there already")),
                false => unnamed(format!("`{pattern}` has more than one `*`")),
            };
        };
        let number = |tag: &String| {
            let digits = tag.strip_prefix(before)?.strip_suffix(after)?;
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            Some((digits.parse::<u64>().ok().filter(|_| plain)?, digits.len()))
        };
        match tags.iter().filter_map(number).max() {
            // Leading zeros are kept: `008` comes after `007`.
            Some((highest, width)) => match highest.checked_add(1) {
                Some(next) => Self::named(pattern, format!("{before}{next:0width$}{after}")),
                None => unnamed("the highest number that there can be is taken".to_owned()),
            },
            None => Self::named(pattern, format!("{before}1{after}")),
        }
    }

    fn named(pattern: &str, name: String) -> Self {
        Self { pattern: pattern.to_owned(), name: Some(name), because: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(pattern: &str, tags: &[&str]) -> String {
        let next = NextTag::of(pattern, &tags.iter().map(|&tag| tag.to_owned()).collect());
        next.name.or(next.because).unwrap()
    }

    #[test]
    fn tags_are_counted_on() {
        assert_eq!(next("apps-deploy-*", &[]), "apps-deploy-1");
        assert_eq!(
            next("apps-deploy-*", &["apps-deploy-9", "apps-deploy-10", "v11", "apps-deploy-x"]),
            "apps-deploy-11"
        );
        assert_eq!(next("apps/*", &["apps/007"]), "apps/008");
        assert_eq!(next("v*-apps", &["v3-apps", "v4-ops", "v99"]), "v4-apps");
        assert_eq!(next("v*", &["v+7", "v", "v99999999999999999999"]), "v1");
    }

    #[test]
    fn what_cannot_be_counted_has_to_be_named() {
        assert_eq!(next("release", &[]), "release");
        assert_eq!(next("release", &["release"]), "`release` is one tag, and it is there already");
        assert_eq!(next("v*.*", &["v1.2"]), "`v*.*` has more than one `*`");
        assert_eq!(next("v*", &["v18446744073709551615"]), "the highest number that there can be is taken");
    }
}
