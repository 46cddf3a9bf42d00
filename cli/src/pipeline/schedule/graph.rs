//! Tasks, what waits for what, and what goes first.

use std::time::Duration;

/// One task of a schedule.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Task {
    /// The tasks that must succeed before it, by index.
    pub before: Vec<usize>,
    /// How long it may take, in seconds. It decides what goes first and nothing else, so a guess will do.
    pub seconds: f64,
}

/// Tasks in their order.
#[derive(Debug)]
pub struct Graph {
    /// For each task those that must succeed before it, each once.
    pub(super) before: Vec<Vec<usize>>,
    /// For each task those that wait for it.
    pub(super) after: Vec<Vec<usize>>,
    /// For each task the longest way from its start to the end of the run. Where the ways are as long as that of the
    /// task which runs, starting the longest first keeps the end from being put off: the critical path.
    pub(super) rank: Vec<Duration>,
}

impl Graph {
    /// The graph of `tasks`, whose indexes they use for each other.
    pub fn new(tasks: &[Task]) -> Self {
        let before: Vec<Vec<usize>> = tasks
            .iter()
            .map(|task| {
                let mut before: Vec<usize> = task.before.iter().copied().filter(|&other| other < tasks.len()).collect();
                before.sort_unstable();
                before.dedup();
                before
            })
            .collect();
        let mut after = vec![Vec::new(); tasks.len()];
        for (task, before) in before.iter().enumerate() {
            for &other in before {
                after[other].push(task);
            }
        }
        let mut graph = Self { before, after, rank: Vec::new() };
        graph.rank = graph.ranks(tasks);
        graph
    }

    /// How many tasks it has.
    pub fn len(&self) -> usize {
        self.before.len()
    }

    /// From the ends backwards. Tasks that wait for each other have no end, and keep the rank that they have alone.
    fn ranks(&self, tasks: &[Task]) -> Vec<Duration> {
        let own = |task: &Task| Duration::try_from_secs_f64(task.seconds).unwrap_or_default();
        let mut rank: Vec<Duration> = tasks.iter().map(own).collect();
        let mut open: Vec<usize> = self.after.iter().map(Vec::len).collect();
        let mut known: Vec<usize> = (0..tasks.len()).filter(|&task| open[task] == 0).collect();
        while let Some(task) = known.pop() {
            for &other in &self.before[task] {
                rank[other] = rank[other].max(own(&tasks[other]).saturating_add(rank[task]));
                open[other] -= 1;
                if open[other] == 0 {
                    known.push(other);
                }
            }
        }
        rank
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rank_is_the_longest_way_to_the_end() {
        let task = |before: &[usize], seconds| Task { before: before.to_vec(), seconds };
        // 0 → 1 → 3, 0 → 2 → 3, 4 alone; 5 and 6 wait for each other.
        let graph = Graph::new(&[
            task(&[], 1.0),
            task(&[0, 0], 5.0),
            task(&[0], 2.0),
            task(&[1, 2], 3.0),
            task(&[], f64::NAN),
            task(&[6], 1.0),
            task(&[5, 99], 1.0),
        ]);
        let seconds: Vec<u64> = graph.rank.iter().map(Duration::as_secs).collect();
        assert_eq!(seconds, [9, 8, 5, 3, 0, 1, 1]);
        assert_eq!(graph.before[1], [0], "an edge that is said twice is one");
    }
}
