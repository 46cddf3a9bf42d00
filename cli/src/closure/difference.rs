//! Which closures a difference between two snapshots can reach. Of thousands of instances, a change reaches few; the
//! others need no closure in the head, since it is the one that they have in the base.

use std::collections::BTreeSet;

use crate::repo::{Basis, Snapshot};

/// Where two snapshots differ.
#[derive(Debug)]
pub(super) struct Difference {
    /// Files that differ, and folders that only one of the two has.
    paths: BTreeSet<String>,
}

impl Difference {
    pub(super) fn between(base: &Snapshot, head: &Snapshot) -> Self {
        Self { paths: base.differences(head) }
    }

    /// Whether what an answer rests on may be different.
    pub(super) fn meets(&self, basis: Basis<'_>) -> bool {
        match basis {
            Basis::Folder(path) => self.is_on_the_way(path),
            Basis::All("") => !self.paths.is_empty(),
            Basis::All(path) => self.is_on_the_way(path) || self.is_below(path),
        }
    }

    /// Whether `path` itself differs, or a folder on the way to it: it went, or a file stands in its place.
    fn is_on_the_way(&self, path: &str) -> bool {
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        ends.into_iter().filter_map(|end| path.get(..end)).any(|above| self.paths.contains(above))
    }

    fn is_below(&self, path: &str) -> bool {
        let below = format!("{path}/");
        self.paths.range(below.clone()..).next().is_some_and(|first| first.starts_with(&below))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_met_at_its_path_below_it_and_above_it() {
        let difference = Difference { paths: ["a/b", "c/d/e", "f"].map(ToOwned::to_owned).into() };
        for path in ["", "a", "a/b", "a/b/c", "c", "c/d", "c/d/e", "f", "f/g/h"] {
            assert!(difference.meets(Basis::All(path)), "{path}");
        }
        for path in ["a/c", "a-b", "c/d/f", "c/de", "e", "g", "f-g"] {
            assert!(!difference.meets(Basis::All(path)), "{path}");
        }
        assert!(!Difference { paths: BTreeSet::new() }.meets(Basis::All("")));
    }

    #[test]
    fn a_folder_is_met_when_it_goes_and_not_when_something_in_it_changes() {
        let difference = Difference { paths: ["a/b", "c"].map(ToOwned::to_owned).into() };
        assert!(difference.meets(Basis::Folder("c")) && difference.meets(Basis::Folder("a/b/c")));
        assert!(!difference.meets(Basis::Folder("a")) && !difference.meets(Basis::Folder("")));
    }
}
