//! The words with which a pull request's description allows what is protected.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// How a line that allows to destroy begins; the resource's address follows.
pub const ALLOW_DESTROY: &str = "kstack: allow destroy ";

/// What a pull request's description allows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    destroy: BTreeSet<String>,
}

impl Words {
    /// Reads the lines `kstack: allow destroy <address>` of a description; they may be items of a list, or code. Quoted
    /// lines do not count: these are somebody else's words. Neither does what is not shown, comments in HTML.
    pub fn read(description: &str) -> Self {
        let shown = without_comments(description);
        let destroy = shown.lines().filter_map(|line| {
            let line = line.trim();
            let line = line.strip_prefix(['-', '*']).map_or(line, str::trim_start);
            let line = line.strip_prefix('`').and_then(|line| line.strip_suffix('`')).unwrap_or(line);
            let address = line.strip_prefix(ALLOW_DESTROY)?.trim();
            (!address.is_empty()).then(|| address.to_owned())
        });
        Self { destroy: destroy.collect() }
    }

    /// The words for these addresses.
    pub fn for_addresses(addresses: impl IntoIterator<Item = String>) -> Self {
        Self { destroy: addresses.into_iter().collect() }
    }

    /// Adds those of `other`.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.destroy.extend(other.destroy);
        self
    }

    /// Whether the resource at exactly this address may be destroyed or replaced.
    pub fn allow_destroy(&self, address: &str) -> bool {
        self.destroy.contains(address)
    }

    /// The addresses.
    pub fn addresses(&self) -> impl Iterator<Item = &String> {
        self.destroy.iter()
    }
}

/// `text` without what stands between `<!--` and `-->`.
fn without_comments(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, hidden)) = rest.split_once("<!--") {
        shown.push_str(before);
        rest = hidden.split_once("-->").map_or("", |(_, after)| after);
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_of_a_description_allow_single_addresses() {
        let words = Words::read(
            "Replaces the database.\r\n\r\nkstack: allow destroy aws_db_instance.main\r\n\
             - `kstack: allow destroy module.a[\"x y\"].aws_vpc.this`\n> kstack: allow destroy aws_vpc.quoted\n\
             <!-- \nkstack: allow destroy aws_vpc.hidden\n-->\nkstack: allow destroy\nwe said kstack: allow destroy aws_vpc.x",
        );
        let addresses: Vec<_> = words.addresses().map(String::as_str).collect();
        assert_eq!(addresses, ["aws_db_instance.main", "module.a[\"x y\"].aws_vpc.this"]);
        assert!(!words.allow_destroy("aws_db_instance.main2") && !words.allow_destroy("aws_db_instance"));
    }

    proptest! {
        /// Whatever else stands there, only a line that says it allows anything, and only for its own address.
        #[test]
        fn nothing_is_allowed_by_the_way(text in "[a-z `>:.*\n-]{0,80}", address in "[a-z]{1,8}\\.[a-z]{1,8}") {
            prop_assume!(!text.contains("allow destroy"));
            prop_assert_eq!(Words::read(&text).addresses().count(), 0);
            let words = Words::read(&format!("{text}\n{ALLOW_DESTROY}{address}\n{text}"));
            prop_assert!(words.allow_destroy(&address));
            prop_assert_eq!(words.addresses().count(), 1);
        }
    }
}
