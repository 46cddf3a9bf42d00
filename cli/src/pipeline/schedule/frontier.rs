//! How far a run has come through its graph.

use std::{cmp::Reverse, collections::BTreeSet, time::Duration};

use super::Graph;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Started,
    Over,
}

/// What may start, what waits, and what is over.
#[derive(Debug)]
pub struct Frontier<'a> {
    graph: &'a Graph,
    states: Vec<State>,
    /// For each task how many of those before it have not succeeded yet.
    open: Vec<usize>,
    /// What may start: the longest way to the end first, and of the same the first in the list.
    ready: BTreeSet<(Reverse<Duration>, usize)>,
}

impl<'a> Frontier<'a> {
    /// The beginning of a run through `graph`.
    pub fn new(graph: &'a Graph) -> Self {
        let open: Vec<usize> = graph.before.iter().map(Vec::len).collect();
        let ready = (0..graph.len()).filter(|&task| open[task] == 0).map(|task| (Reverse(graph.rank[task]), task));
        Self { graph, states: vec![State::Waiting; graph.len()], ready: ready.collect(), open }
    }

    /// Whether a task could start now.
    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Takes the task that goes next.
    pub fn start(&mut self) -> Option<usize> {
        let (_, task) = self.ready.pop_first()?;
        self.states[task] = State::Started;
        Some(task)
    }

    /// A started task is over. Returns the tasks that can never start now, because it failed.
    pub fn finish(&mut self, task: usize, ok: bool) -> Vec<usize> {
        self.states[task] = State::Over;
        if ok {
            for &other in &self.graph.after[task] {
                self.open[other] -= 1;
                if self.open[other] == 0 && self.states[other] == State::Waiting {
                    self.ready.insert((Reverse(self.graph.rank[other]), other));
                }
            }
            return Vec::new();
        }
        let mut skipped = Vec::new();
        let mut look: Vec<usize> = self.graph.after[task].clone();
        while let Some(other) = look.pop() {
            if self.states[other] == State::Waiting {
                self.states[other] = State::Over;
                skipped.push(other);
                look.extend(&self.graph.after[other]);
            }
        }
        skipped
    }

    /// Gives up what has not started, and returns it.
    pub fn abandon(&mut self) -> Vec<usize> {
        self.ready.clear();
        let waiting: Vec<usize> = (0..self.states.len()).filter(|&task| self.states[task] == State::Waiting).collect();
        for &task in &waiting {
            self.states[task] = State::Over;
        }
        waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::schedule::Task;

    #[test]
    fn the_longest_way_goes_first_and_only_true_dependents_are_skipped() {
        let task = |before: &[usize], seconds| Task { before: before.to_vec(), seconds };
        // 0 → 3 → 4, 1 → 5, 2 alone; 5 also waits for 3.
        let tasks =
            [task(&[], 1.0), task(&[], 2.0), task(&[], 9.0), task(&[0], 9.0), task(&[3], 1.0), task(&[1, 3], 1.0)];
        let graph = Graph::new(&tasks);
        let mut frontier = Frontier::new(&graph);
        let order: Vec<usize> = std::iter::from_fn(|| frontier.start()).collect();
        assert_eq!(order, [0, 2, 1]);
        assert!(!frontier.has_ready());
        assert!(frontier.finish(0, true).is_empty());
        assert_eq!(frontier.start(), Some(3));
        assert!(frontier.finish(1, true).is_empty());
        let mut skipped = frontier.finish(3, false);
        skipped.sort_unstable();
        assert_eq!(skipped, [4, 5]);
        assert!(frontier.finish(2, false).is_empty());
        assert!(frontier.abandon().is_empty());
    }
}
