//! Drives a [`Policy`] with tasks of this machine.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::{
    sync::Notify,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval},
};

use super::{Gauge, Graph, Hold, Limiter, Policy};
use crate::platform::Parallelism;

/// How often the machine is looked at. It costs about as many file reads as the machine has processes.
const LOOK: Duration = Duration::from_millis(500);

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
        /// Index of the failed task that it depends on, at whatever distance.
        because: usize,
    },
    /// It was not started, because the run was stopped.
    Stopped,
    /// It was not started, because it would have to wait for itself.
    Circular,
}

/// Through this, tasks tell that a cloud asked for less.
#[derive(Debug, Clone, Default)]
pub struct Throttle(Arc<Notify>);

impl Throttle {
    /// A cloud answered that it is asked too often.
    pub fn heard(&self) {
        self.0.notify_one();
    }
}

/// How fast a run goes.
#[derive(Debug)]
pub struct Pace {
    limiter: Limiter,
    gauge: Option<Gauge>,
    throttle: Throttle,
}

impl Pace {
    /// The pace that a platform asks for, on this machine.
    pub fn of(parallelism: Parallelism) -> Self {
        let throttle = Throttle::default();
        match parallelism {
            Parallelism::Fixed(count) => Self { limiter: Limiter::fixed(count), gauge: None, throttle },
            Parallelism::Auto => {
                let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
                Self { limiter: Limiter::auto(cores), gauge: Some(Gauge::new(cores)), throttle }
            }
        }
    }

    /// Where tasks tell that a cloud asked for less.
    pub fn throttle(&self) -> Throttle {
        self.throttle.clone()
    }
}

/// Runs the tasks of `graph`, the longest way to the end first. `stop` is asked before each start; `held` is told
/// when fewer run than could.
///
/// # Errors
/// When a task panicked.
pub async fn run<T, F>(
    graph: &Graph,
    pace: Pace,
    stop: impl Fn() -> bool,
    held: impl Fn(Hold),
    start: impl Fn(usize) -> F,
) -> Result<Vec<Outcome<T>>, tokio::task::JoinError>
where
    T: Send + 'static,
    F: Future<Output = (T, bool)> + Send + 'static,
{
    let Pace { limiter, mut gauge, throttle } = pace;
    let mut policy = Policy::new(graph, limiter);
    let mut outcomes: Vec<Option<Outcome<T>>> = (0..graph.len()).map(|_| None).collect();
    let mut running = JoinSet::new();
    let begin = Instant::now();
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first look is at once: it says how much may start.
    if let Some(gauge) = &mut gauge {
        look.tick().await;
        policy.observe(begin.elapsed(), gauge.read());
    }
    loop {
        loop {
            if stop() {
                for task in policy.abandon() {
                    outcomes[task] = Some(Outcome::Stopped);
                }
            }
            match policy.start(begin.elapsed()) {
                Ok(Some(task)) => {
                    let future = start(task);
                    running.spawn(async move { (task, future.await) });
                }
                Ok(None) => break,
                Err(hold) => {
                    held(hold);
                    break;
                }
            }
        }
        if running.is_empty() {
            break;
        }
        // What was heard comes first: the task that heard it may be over already.
        tokio::select! {
            biased;
            () = throttle.0.notified() => if let Some(hold) = policy.throttled(begin.elapsed()) {
                held(hold);
            },
            Some(done) = running.join_next() => {
                let (task, (value, ok)) = done?;
                outcomes[task] = Some(Outcome::Ran { value, ok });
                for skipped in policy.finish(task, ok) {
                    outcomes[skipped] = Some(Outcome::Skipped { because: task });
                }
            }
            _ = look.tick() => if let Some(gauge) = &mut gauge {
                policy.observe(begin.elapsed(), gauge.read());
            },
        }
    }
    // One may always start, so whatever is left waits for itself.
    Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or(Outcome::Circular)).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;
    use crate::pipeline::schedule::Task;

    fn graph(before: &[&[usize]]) -> Graph {
        let tasks: Vec<Task> = before.iter().map(|before| Task { before: before.to_vec(), seconds: 1.0 }).collect();
        Graph::new(&tasks)
    }

    fn fixed(count: usize) -> Pace {
        Pace::of(Parallelism::Fixed(count))
    }

    #[tokio::test]
    async fn dependencies_come_first_and_only_dependents_of_a_failure_are_skipped() {
        // 0 → 1 → 2 → 4 and 3 alone; 1 fails.
        let order = Arc::new(Mutex::new(Vec::new()));
        let start = |task| {
            let order = Arc::clone(&order);
            async move {
                order.lock().unwrap().push(task);
                (task, task != 1)
            }
        };
        let outcomes = run(&graph(&[&[], &[0], &[1], &[], &[2]]), fixed(2), || false, |_| (), start).await.unwrap();
        assert_eq!(outcomes[1], Outcome::Ran { value: 1, ok: false });
        assert_eq!(outcomes[2], Outcome::Skipped { because: 1 });
        assert_eq!(outcomes[3], Outcome::Ran { value: 3, ok: true });
        assert_eq!(outcomes[4], Outcome::Skipped { because: 1 }, "the failed one, not the one between");
        let order = order.lock().unwrap();
        let place = |task| order.iter().position(|&done| done == task);
        assert!(place(0) < place(1));
    }

    #[tokio::test]
    async fn no_more_than_the_limit_run_at_once_and_a_stop_starts_nothing_more() {
        let (now, most, started) =
            (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let stop = Arc::clone(&started);
        let start = |_| {
            started.fetch_add(1, Ordering::SeqCst);
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                now.fetch_sub(1, Ordering::SeqCst);
                ((), true)
            }
        };
        let mut before: Vec<&[usize]> = vec![&[]; 10];
        before[9] = &[0, 8];
        let graph = graph(&before);
        let outcomes = run(&graph, fixed(3), move || stop.load(Ordering::SeqCst) >= 6, |_| (), start).await.unwrap();
        assert!(most.load(Ordering::SeqCst) <= 3);
        assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Ran { .. })).count(), 6);
        assert_eq!(outcomes[9], Outcome::Stopped, "nothing that it waits for has failed");
    }

    #[tokio::test]
    async fn a_circle_ends_and_is_told() {
        let graph = graph(&[&[1], &[0], &[], &[1]]);
        let outcomes = run(&graph, fixed(1), || false, |_| (), |_| async { ((), true) }).await.unwrap();
        assert_eq!(outcomes[..2], [Outcome::Circular, Outcome::Circular]);
        assert_eq!(outcomes[2], Outcome::Ran { value: (), ok: true });
        assert_eq!(outcomes[3], Outcome::Circular);
    }

    #[tokio::test]
    async fn a_throttled_answer_slows_the_run_down() {
        let held = Mutex::new(Vec::new());
        let pace = Pace { limiter: Limiter::auto(4), gauge: None, throttle: Throttle::default() };
        let throttle = pace.throttle();
        let (now, after) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let start = |task| {
            let (throttle, now, after) = (throttle.clone(), Arc::clone(&now), Arc::clone(&after));
            async move {
                let beside = now.fetch_add(1, Ordering::SeqCst) + 1;
                if task == 0 {
                    throttle.heard();
                }
                // The first six start before anything is heard; those that come later see the new number.
                if task > 5 {
                    after.fetch_max(beside, Ordering::SeqCst);
                }
                for _ in 0..20 {
                    tokio::task::yield_now().await;
                }
                now.fetch_sub(1, Ordering::SeqCst);
                ((), true)
            }
        };
        let all: Vec<&[usize]> = vec![&[]; 30];
        let outcomes = run(&graph(&all), pace, || false, |hold| held.lock().unwrap().push(hold), start).await.unwrap();
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Ran { ok: true, .. })));
        assert_eq!(*held.lock().unwrap(), [Hold::Throttling { limit: 3 }]);
        assert_eq!(after.load(Ordering::SeqCst), 3);
    }
}
