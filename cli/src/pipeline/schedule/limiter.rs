//! How much may run at once, as the machine and the clouds let it.
//!
//! Three things set the pace. **Cores**: a busy Terraform keeps about one core busy, one that waits for a cloud keeps
//! none. So it begins with one and a half per core and goes up while the cores have time left. **Memory**: one more
//! is started when the most that one has taken so far still fits, beside what those that run may still grow by.
//! **Throttling**: when a cloud answers that it is asked too often, half as many may run, and one more again for each
//! while without such an answer. One always runs.

use std::time::Duration;

use serde::Serialize;

/// What one Terraform with its providers is taken for before one was seen to its end, in bytes: a large cloud's
/// provider has 300 to 450 MB, Terraform itself about 150 MB.
const FIRST_ESTIMATE: u64 = 512 << 20;

/// How many must have been seen to their end before what they took is all that counts: the first are often the light
/// ones, since those are over first.
const TRUSTED: u64 = 10;

/// What nobody may take, in bytes: the rest of the machine has to live as well.
const RESERVE: u64 = 256 << 20;

/// Answers within this time after a cut are to what ran before it.
const ECHO: Duration = Duration::from_secs(10);

/// For so long nothing may have been throttled before one more runs again.
const RECOVERY: Duration = Duration::from_secs(30);

/// The share of the cores below which one more may run …
const IDLE: f64 = 0.6;

/// … and the one above which no more than at the beginning do.
const BUSY: f64 = 0.95;

/// How long a change of the number takes to show.
const SETTLING: Duration = Duration::from_secs(2);

/// More than this are never run at once without being asked to, however many cores there are: the clouds are not
/// larger on a larger machine.
const CEILING: usize = 64;

/// The same is not told again for so long.
const TOLD: Duration = Duration::from_secs(60);

/// What was measured on the machine.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// Memory that is left, in bytes; `None` where the system does not tell.
    pub available: Option<u64>,
    /// What each running Terraform has with its providers, in bytes.
    pub resident: Vec<u64>,
    /// The share of the cores that is used, 0 to 1; `None` where it is not known (yet).
    pub busy: Option<f64>,
}

/// Why fewer run than could.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "because", rename_all = "kebab-case")]
pub enum Hold {
    /// One more might not fit into memory.
    Memory {
        /// How many run.
        running: usize,
        /// What is left, in bytes.
        available_bytes: u64,
        /// What starting one more takes, in bytes: what it may need, what the running ones may still grow by, and
        /// a reserve.
        needed_bytes: u64,
    },
    /// A cloud answers that it is asked too often.
    Throttling {
        /// How many may run from now on.
        limit: usize,
    },
}

#[derive(Debug)]
enum Most {
    /// So many, whatever happens.
    Fixed,
    /// As many as goes well.
    Auto { first: usize, ceiling: usize },
}

/// The number that may run.
#[derive(Debug)]
pub struct Limiter {
    most: Most,
    limit: usize,
    reading: Reading,
    /// The most that one was seen to take, in bytes, and how many were seen to their end.
    largest: u64,
    finished: u64,
    /// When the number was halved last, and when there was a throttled answer or a step back up.
    cut: Option<Duration>,
    throttled: Option<Duration>,
    changed: Duration,
    told: Option<Duration>,
}

impl Limiter {
    /// Always `count`.
    pub fn fixed(count: usize) -> Self {
        Self::new(Most::Fixed, count.max(1))
    }

    /// What a machine with `cores` can take.
    pub fn auto(cores: usize) -> Self {
        let first = (cores * 3 / 2).max(1);
        Self::new(Most::Auto { first, ceiling: first.max((cores * 4).min(CEILING)) }, first)
    }

    fn new(most: Most, limit: usize) -> Self {
        Self {
            most,
            limit,
            reading: Reading::default(),
            largest: 0,
            finished: 0,
            cut: None,
            throttled: None,
            changed: Duration::ZERO,
            told: None,
        }
    }

    /// How many may run now, if memory lets them.
    #[cfg(test)]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Whether one more may start beside `running`; if not, whether something else than the number keeps it back.
    pub fn admit(&mut self, now: Duration, running: usize) -> Result<(), Option<Hold>> {
        if running == 0 {
            return Ok(());
        }
        if running >= self.limit {
            return Err(None);
        }
        match (&self.most, self.reading.available) {
            (Most::Auto { .. }, Some(available)) => {
                let needed = self.needed(running);
                if needed <= available {
                    return Ok(());
                }
                if self.told.is_some_and(|told| now < told + TOLD) {
                    return Err(None);
                }
                self.told = Some(now);
                Err(Some(Hold::Memory { running, available_bytes: available, needed_bytes: needed }))
            }
            _ => Ok(()),
        }
    }

    /// What is needed for one more beside `running`, in bytes. What runs will grow to what one takes, and what was
    /// just started cannot be seen yet.
    fn needed(&self, running: usize) -> u64 {
        let one = self.estimate();
        let grown: u64 = self.reading.resident.iter().map(|resident| one.min(*resident)).sum();
        let growing = (running as u64).saturating_mul(one).saturating_sub(grown);
        growing.saturating_add(one).saturating_add(RESERVE)
    }

    /// What one more may take, in bytes: a quarter more than the largest so far, and the closer to the first guess the
    /// fewer were seen.
    fn estimate(&self) -> u64 {
        let seen = self.largest.saturating_add(self.largest / 4);
        if self.largest == 0 || seen >= FIRST_ESTIMATE {
            return seen.max(FIRST_ESTIMATE);
        }
        FIRST_ESTIMATE - (FIRST_ESTIMATE - seen) * self.finished.min(TRUSTED) / TRUSTED
    }

    /// A task is over.
    pub fn finished(&mut self) {
        self.finished += 1;
    }

    /// Takes in what was measured while `running` ran; `waiting` says whether more tasks are ready.
    pub fn observe(&mut self, now: Duration, reading: Reading, running: usize, waiting: bool) {
        self.largest = reading.resident.iter().copied().fold(self.largest, u64::max);
        if let (Most::Auto { first, ceiling }, Some(busy)) = (&self.most, reading.busy)
            && now >= self.changed + SETTLING
        {
            let short = waiting && running >= self.limit && self.throttled.is_none();
            if short && busy < IDLE && self.limit < *ceiling {
                self.set(now, self.limit + 1);
            } else if busy > BUSY && self.limit > *first {
                self.set(now, self.limit - 1);
            }
        }
        self.reading = reading;
        self.recover(now);
    }

    /// A cloud answered that it is asked too often, while `running` ran. Says so when that changes the number.
    pub fn throttled(&mut self, now: Duration, running: usize) -> Option<Hold> {
        let Most::Auto { first, ceiling } = &mut self.most else { return None };
        // Cores that wait for a cloud which wants to be left alone are no reason to ask it more.
        *ceiling = *first;
        self.throttled = Some(now);
        if self.cut.is_some_and(|cut| now < cut + ECHO) {
            return None;
        }
        self.cut = Some(now);
        let limit = (self.limit.min(running) / 2).max(1);
        if limit >= self.limit {
            return None;
        }
        self.set(now, limit);
        Some(Hold::Throttling { limit })
    }

    fn recover(&mut self, now: Duration) {
        let (Most::Auto { first, .. }, Some(throttled)) = (&self.most, self.throttled) else { return };
        if now < throttled + RECOVERY {
            return;
        }
        if self.limit < *first {
            self.set(now, self.limit + 1);
            self.throttled = Some(now);
        } else {
            self.throttled = None;
        }
    }

    fn set(&mut self, now: Duration, limit: usize) {
        self.limit = limit;
        self.changed = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn memory(available: u64, resident: &[u64]) -> Reading {
        let resident = resident.iter().map(|mib| mib * MIB).collect();
        Reading { available: Some(available * MIB), resident, busy: None }
    }

    #[test]
    fn one_more_starts_only_when_it_fits_beside_what_the_others_may_grow_to() {
        let mut limiter = Limiter::auto(8);
        limiter.observe(at(0), memory(1000, &[]), 0, true);
        assert_eq!(limiter.admit(at(0), 0), Ok(()), "one always runs");
        // 512 for the one that was just started, 512 for one more, 256 to spare.
        let held = Hold::Memory { running: 1, available_bytes: 1000 * MIB, needed_bytes: 1280 * MIB };
        assert_eq!(limiter.admit(at(0), 1), Err(Some(held)));
        assert_eq!(limiter.admit(at(1), 1), Err(None), "told once");
        // The first has grown to 90 and is not at its end, so it may still become large.
        limiter.observe(at(2), memory(910, &[90]), 1, true);
        assert!(limiter.admit(at(2), 1).is_err());
        // What is measured counts the more, the more were seen to their end: 100 and a quarter of it in the end.
        limiter.observe(at(3), memory(1000, &[100]), 0, true);
        assert_eq!(limiter.estimate(), 512 * MIB);
        (0..5).for_each(|_| limiter.finished());
        assert_eq!(limiter.estimate().div_ceil(MIB), 319);
        (0..50).for_each(|_| limiter.finished());
        assert_eq!(limiter.estimate().div_ceil(MIB), 125);
        limiter.observe(at(3), memory(1000, &[]), 0, true);
        assert_eq!(limiter.admit(at(3), 4), Ok(()));
        assert!(limiter.admit(at(3), 5).is_err());
        // A larger one makes the next ones larger.
        limiter.observe(at(4), memory(600, &[400]), 1, true);
        assert!(limiter.admit(at(4), 1).is_err());
    }

    #[test]
    fn throttling_halves_once_and_recovers_step_by_step() {
        let mut limiter = Limiter::auto(8);
        assert_eq!(limiter.throttled(at(10), 12), Some(Hold::Throttling { limit: 6 }));
        assert_eq!(limiter.throttled(at(12), 12), None, "an answer to what ran before");
        assert_eq!(limiter.throttled(at(21), 6), Some(Hold::Throttling { limit: 3 }));
        limiter.observe(at(50), Reading::default(), 1, true);
        assert_eq!(limiter.limit(), 3);
        for (second, limit) in [(51, 4), (80, 4), (81, 5), (111, 6)] {
            limiter.observe(at(second), Reading::default(), 1, true);
            assert_eq!(limiter.limit(), limit, "after {second} s");
        }
        for second in 112..500 {
            limiter.observe(at(second), Reading::default(), 1, true);
        }
        assert_eq!(limiter.limit(), 12, "as at the beginning, and no more without a measurement");
        assert_eq!(limiter.throttled(at(600), 1), Some(Hold::Throttling { limit: 1 }));
        assert_eq!(limiter.throttled(at(700), 1), None, "one always runs");
    }

    #[test]
    fn idle_cores_let_more_run_and_busy_ones_as_many_as_at_first() {
        let busy = |busy| Reading { busy: Some(busy), ..Reading::default() };
        let mut limiter = Limiter::auto(2);
        assert_eq!(limiter.limit(), 3);
        limiter.observe(at(10), busy(0.1), 3, false);
        assert_eq!(limiter.limit(), 3, "nothing waits for the number");
        for second in 10..60 {
            limiter.observe(at(second), busy(0.1), limiter.limit(), true);
        }
        assert_eq!(limiter.limit(), 8, "four for each core");
        for second in 60..100 {
            limiter.observe(at(second), busy(1.0), 8, true);
        }
        assert_eq!(limiter.limit(), 3);
    }

    #[test]
    fn a_fixed_number_stays_whatever_happens() {
        let mut limiter = Limiter::fixed(4);
        limiter.observe(at(10), Reading { busy: Some(0.0), ..memory(1, &[900]) }, 4, true);
        assert_eq!(limiter.throttled(at(20), 4), None);
        assert_eq!((limiter.admit(at(20), 3), limiter.admit(at(20), 4)), (Ok(()), Err(None)));
    }
}
