//! How long a task may take: what the same took before, or else what it has to do.

use serde::{Deserialize, Serialize};

/// What comes before the first change and after the last: starting Terraform and its providers, reading and writing
/// the state. In seconds.
const AROUND: f64 = 5.0;

/// What a change takes where nothing is known, in seconds. Most take one, those that matter minutes.
const CHANGE: f64 = 4.0;

/// What a file of the configuration adds to a plan where nothing is known, in seconds: more files, more to read back.
const FILE: f64 = 0.5;

/// What an apply took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Took {
    /// From its start to its end.
    pub seconds: f64,
    /// How many resources it changed.
    pub changes: usize,
}

impl Took {
    /// How long an apply of `changes` resources may take, in seconds, after one of the same stack that was like `last`.
    pub fn next(last: Option<Self>, changes: usize) -> f64 {
        if changes == 0 {
            return 0.0; // Terraform is not even started.
        }
        let each = match last {
            Some(last) if last.changes > 0 => (last.seconds - AROUND).max(0.0) / last.changes as f64,
            _ => CHANGE,
        };
        AROUND + each * changes as f64
    }
}

/// How long a plan may take, in seconds, whose closure has `files`, after one of the same instance that took `last`.
pub fn of_plan(last: Option<f64>, files: usize) -> f64 {
    last.unwrap_or(AROUND + FILE * files as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_took_before_tells_more_than_a_guess() {
        assert_eq!(Took::next(None, 10), 45.0);
        // A cluster that took ten minutes for 20 resources, of which two change now.
        let cluster = Some(Took { seconds: 605.0, changes: 20 });
        assert_eq!(Took::next(cluster, 2), 65.0);
        assert_eq!(Took::next(cluster, 0), 0.0);
        assert_eq!(Took::next(Some(Took { seconds: 3.0, changes: 0 }), 1), 9.0);
        assert!(of_plan(None, 40) > of_plan(None, 4));
        assert_eq!(of_plan(Some(30.0), 4), 30.0);
    }
}
