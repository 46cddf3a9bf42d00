//! Work on many files at once.

use std::{
    num::NonZero,
    panic::resume_unwind,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
};

/// Below this many items a thread costs more than it saves.
const WORTH_A_THREAD: usize = 16;

/// Runs `work` on every item, on as many threads as the machine has cores, and returns the results
/// in the order of `items`.
///
/// # Errors
/// The error of the earliest item that failed; items not begun by then are left out.
pub fn in_parallel<T: Sync, R: Send, E: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(items.len() / WORTH_A_THREAD);
    if threads < 2 {
        return items.iter().map(work).collect();
    }
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let worker = || {
        let mut done = Vec::with_capacity(items.len() / threads + 1);
        while !failed.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { break };
            let result = work(item);
            failed.fetch_or(result.is_err(), Ordering::Relaxed);
            done.push((index, result));
        }
        done
    };
    let mut results = thread::scope(|scope| {
        let others = (1..threads).map(|_| scope.spawn(worker)).collect::<Vec<_>>();
        let mut results = worker();
        for other in others {
            results.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        results
    });
    results.sort_unstable_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_of_the_items() {
        let items = (0..1000).collect::<Vec<u32>>();
        let doubled = in_parallel(&items, |item| Ok::<_, ()>(item * 2)).unwrap();
        assert_eq!(doubled, items.iter().map(|item| item * 2).collect::<Vec<_>>());
    }

    #[test]
    fn a_failure_is_returned_and_stops_the_rest() {
        let items = (0..100_000).collect::<Vec<u32>>();
        let begun = AtomicUsize::new(0);
        let result = in_parallel(&items, |item| {
            begun.fetch_add(1, Ordering::Relaxed);
            if *item == 20 { Err(*item) } else { Ok(()) }
        });
        assert_eq!(result, Err(20));
        assert!(begun.into_inner() < items.len());
    }
}
