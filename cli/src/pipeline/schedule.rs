//! Runs tasks in parallel, each after the ones it depends on; only true dependents of a failed task are skipped.

use std::{collections::BTreeMap, future::Future};

use tokio::task::JoinSet;

/// How a task ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// It ran, and says whether dependents may start.
    Ran {
        /// What it returned.
        value: T,
        /// Whether it succeeded.
        ok: bool,
    },
    /// It was not started, because of this task.
    Skipped {
        /// Index of the failed or skipped dependency.
        because: usize,
    },
    /// It was not started, because the run was stopped.
    Stopped,
}

/// Runs `count` tasks. `before[i]` are the tasks that must succeed before task `i`; they must form no cycle,
/// and at most `limit` run at once. `stop` is asked before each start.
///
/// # Errors
/// When a task panicked.
pub async fn run<T, F>(
    before: &[Vec<usize>],
    limit: usize,
    stop: impl Fn() -> bool,
    start: impl Fn(usize) -> F,
) -> Result<Vec<Outcome<T>>, tokio::task::JoinError>
where
    T: Send + 'static,
    F: Future<Output = (T, bool)> + Send + 'static,
{
    let mut outcomes: BTreeMap<usize, Outcome<T>> = BTreeMap::new();
    let mut waiting: Vec<usize> = (0..before.len()).collect();
    let mut running = JoinSet::new();
    while !waiting.is_empty() || !running.is_empty() {
        let mut progressed = false;
        let mut still = Vec::new();
        for task in waiting {
            let failed = before[task].iter().find(|dependency| {
                outcomes.get(dependency).is_some_and(|outcome| !matches!(outcome, Outcome::Ran { ok: true, .. }))
            });
            if let Some(&because) = failed {
                outcomes.insert(task, Outcome::Skipped { because });
                progressed = true;
            } else if stop() {
                outcomes.insert(task, Outcome::Stopped);
                progressed = true;
            } else if running.len() < limit.max(1) && before[task].iter().all(|done| outcomes.contains_key(done)) {
                let future = start(task);
                running.spawn(async move { (task, future.await) });
                progressed = true;
            } else {
                still.push(task);
            }
        }
        waiting = still;
        if let Some(done) = running.join_next().await {
            let (task, (value, ok)) = done?;
            outcomes.insert(task, Outcome::Ran { value, ok });
        } else if !progressed {
            // Only a cycle gets here; its members wait for each other.
            for task in std::mem::take(&mut waiting) {
                outcomes.insert(task, Outcome::Skipped { because: task });
            }
        }
    }
    Ok(outcomes.into_values().collect())
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    #[tokio::test]
    async fn dependencies_come_first_and_only_dependents_of_a_failure_are_skipped() {
        // 0 → 1 → 2 and 3 alone; 1 fails.
        let before = [vec![], vec![0], vec![1], vec![]];
        let order = Arc::new(Mutex::new(Vec::new()));
        let outcomes = run(
            &before,
            2,
            || false,
            |task| {
                let order = Arc::clone(&order);
                async move {
                    order.lock().unwrap().push(task);
                    (task, task != 1)
                }
            },
        )
        .await
        .unwrap();
        assert_eq!(outcomes[1], Outcome::Ran { value: 1, ok: false });
        assert_eq!(outcomes[2], Outcome::Skipped { because: 1 });
        assert_eq!(outcomes[3], Outcome::Ran { value: 3, ok: true });
        let order = order.lock().unwrap();
        let place = |task| order.iter().position(|&done| done == task);
        assert!(place(0) < place(1));
    }

    #[tokio::test]
    async fn no_more_than_the_limit_run_at_once_and_a_stop_starts_nothing_more() {
        let (now, most, started) =
            (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let stop = Arc::clone(&started);
        let outcomes = run(
            &vec![vec![]; 10],
            3,
            move || stop.load(Ordering::SeqCst) >= 6,
            |_| {
                started.fetch_add(1, Ordering::SeqCst);
                let (now, most) = (Arc::clone(&now), Arc::clone(&most));
                async move {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                    now.fetch_sub(1, Ordering::SeqCst);
                    ((), true)
                }
            },
        )
        .await
        .unwrap();
        assert!(most.load(Ordering::SeqCst) <= 3);
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Stopped).count(), 4);
    }

    #[tokio::test]
    async fn a_cycle_ends() {
        let outcomes = run(&[vec![1], vec![0], vec![]], 1, || false, |_| async { ((), true) }).await.unwrap();
        assert_eq!(outcomes[0], Outcome::Skipped { because: 0 });
        assert_eq!(outcomes[2], Outcome::Ran { value: (), ok: true });
    }
}
