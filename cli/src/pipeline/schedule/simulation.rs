//! Runs of many stacks in virtual time, under the very policy that drives real ones.
//!
//! The world of a simulation is a machine with memory and cores, clouds that answer late, and failures; it is no model
//! of Terraform, and says nothing of how long anything takes. It shows what the decisions come to: how near a run
//! is to the shortest one that its graph and its limit allow, whether memory holds, who is skipped.
//! `TEST_SIMULATIONS` sets how many worlds of each kind are tried.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{Graph, Hold, Limiter, Policy, Reading, Task};

const TICK: Duration = Duration::from_millis(500);
const MIB: u64 = 1 << 20;

/// Numbers that look random and are the same on every run (splitmix64, <https://prng.di.unimi.it/splitmix64.c>).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.roll() % end.max(1) as u64) as usize
    }

    fn share(&mut self) -> f64 {
        self.roll() as f64 / u64::MAX as f64
    }
}

/// One stack of a world.
#[derive(Debug, Clone)]
struct Stack {
    before: Vec<usize>,
    /// How long it really takes.
    takes: Duration,
    /// What its earlier runs let one expect.
    expected: f64,
    /// What it grows to, in bytes.
    memory: u64,
    fails: bool,
}

/// What the machine and the clouds are like.
#[derive(Debug, Clone, Copy)]
struct Machine {
    memory: Option<u64>,
    /// The share of a core that one keeps busy, and how many cores there are.
    busy: Option<(f64, f64)>,
    /// More than so many at once are throttled.
    bears: usize,
}

const ENDLESS: Machine = Machine { memory: None, busy: None, bears: usize::MAX };

#[derive(Debug, Default)]
struct Report {
    makespan: Duration,
    ran: BTreeSet<usize>,
    skipped: BTreeSet<usize>,
    most: usize,
    peak: u64,
    /// When the machine was looked at, and whether the cloud was asked too much then.
    looks: Vec<(Duration, bool)>,
    holds: Vec<Hold>,
}

/// What `stack` has taken of memory after `since`: all of it from the middle on.
fn resident(stack: &Stack, since: Duration) -> u64 {
    let grown = since.as_secs_f64() / (stack.takes.as_secs_f64() / 2.0).max(0.001);
    (stack.memory as f64 * grown.min(1.0)) as u64
}

fn simulate(stacks: &[Stack], machine: Machine, limiter: Limiter) -> Report {
    let tasks: Vec<Task> =
        stacks.iter().map(|stack| Task { before: stack.before.clone(), seconds: stack.expected }).collect();
    let graph = Graph::new(&tasks);
    let mut policy = Policy::new(&graph, limiter);
    let mut report = Report::default();
    let mut running: BTreeMap<usize, Duration> = BTreeMap::new();
    let (mut now, mut look) = (Duration::ZERO, Duration::ZERO);
    loop {
        let taken: Vec<u64> = running.iter().map(|(&task, &since)| resident(&stacks[task], now - since)).collect();
        report.peak = report.peak.max(taken.iter().sum());
        if now >= look {
            let available = machine.memory.map(|all| all.saturating_sub(taken.iter().sum()));
            let busy = machine.busy.map(|(each, cores)| (running.len() as f64 * each / cores).min(1.0));
            policy.observe(now, Reading { available, resident: taken, busy });
            look = now + TICK;
            report.looks.push((now, running.len() > machine.bears));
            if running.len() > machine.bears {
                report.holds.extend(policy.throttled(now));
            }
        }
        loop {
            match policy.start(now) {
                Ok(Some(task)) => {
                    assert!(stacks[task].before.iter().all(|before| report.ran.contains(before)), "too early");
                    running.insert(task, now);
                }
                Ok(None) => break,
                Err(hold) => report.holds.push(hold),
            }
        }
        report.most = report.most.max(running.len());
        assert_eq!(policy.running(), running.len());
        let Some(end) = running.iter().map(|(&task, &since)| (since + stacks[task].takes, task)).min() else { break };
        // Whatever comes first: an end, or the next look at the machine.
        if end.0 > look {
            now = look;
            continue;
        }
        now = end.0;
        running.remove(&end.1);
        let ok = !stacks[end.1].fails;
        report.skipped.extend(policy.finish(end.1, ok));
        report.ran.insert(end.1);
        report.makespan = now;
    }
    assert!(policy.abandon().is_empty(), "something was never started");
    report
}

/// The shortest that a run of those which ran can be: its critical path, or all the work spread over the limit.
fn bound(stacks: &[Stack], report: &Report, limit: usize) -> Duration {
    let tasks: Vec<Task> = stacks
        .iter()
        .enumerate()
        .map(|(index, stack)| {
            let ran = report.ran.contains(&index);
            Task { before: stack.before.clone(), seconds: if ran { stack.takes.as_secs_f64() } else { 0.0 } }
        })
        .collect();
    let path = Graph::new(&tasks).rank.iter().copied().max().unwrap_or_default();
    let work: Duration = report.ran.iter().map(|&task| stacks[task].takes).sum();
    path.max(work / limit as u32)
}

/// Those that stand behind a failure, found the slow way.
fn behind_failures(stacks: &[Stack]) -> BTreeSet<usize> {
    let mut behind = BTreeSet::new();
    // Every stack of these worlds waits only for earlier ones.
    for (index, stack) in stacks.iter().enumerate() {
        if stack.before.iter().any(|before| behind.contains(before) || stacks[*before].fails) {
            behind.insert(index);
        }
    }
    behind
}

#[derive(Debug, Clone, Copy)]
enum Shape {
    /// Ten chains of twenty.
    Chains,
    /// Twenty that nine others each wait for.
    Fans,
    /// Layers without a rule.
    Random,
    /// No edges at all: plans.
    Loose,
}

/// 200 stacks: most are light, some take long. What is expected of them is right within a third.
fn world(shape: Shape, dice: &mut Dice, fail: f64) -> Vec<Stack> {
    (0..200)
        .map(|index: usize| {
            let before = match shape {
                Shape::Chains => {
                    if index < 10 {
                        Vec::new()
                    } else {
                        vec![index - 10]
                    }
                }
                Shape::Fans => {
                    if index < 20 {
                        Vec::new()
                    } else {
                        vec![index % 20]
                    }
                }
                Shape::Random => (0..dice.below(4).min(index)).map(|_| dice.below(index)).collect(),
                Shape::Loose => Vec::new(),
            };
            // Between one and six seconds, plus the clouds' latency; every tenth makes something that takes minutes.
            let seconds = 1.0 + 5.0 * dice.share() + if dice.below(10) == 0 { 60.0 * dice.share() } else { 0.0 };
            Stack {
                before,
                takes: Duration::from_secs_f64(seconds),
                expected: seconds * (0.67 + 0.66 * dice.share()),
                memory: (80 + dice.below(370) as u64) * MIB,
                fails: dice.share() < fail,
            }
        })
        .collect()
}

fn simulations() -> u64 {
    std::env::var("TEST_SIMULATIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(10)
}

/// Nobody can know what will fail, and the bound does: it counts what ran alone, while the order was that of the whole
/// graph. So with failures each run keeps to what any order that leaves no place idle keeps to (Graham, 1966: 2 − 1/limit),
/// and all of them together to the same as without.
#[test]
fn runs_are_near_the_shortest_possible_and_skip_true_dependents_only() {
    for (shape, fail) in [Shape::Chains, Shape::Fans, Shape::Random, Shape::Loose]
        .into_iter()
        .flat_map(|shape| [(shape, 0.0), (shape, 0.05)])
    {
        let (mut worst, mut sum, mut count) = (0.0_f64, 0.0, 0);
        for (seed, limit) in (0..simulations()).flat_map(|seed| [4, 8, 16].map(|limit| (seed, limit))) {
            let stacks = world(shape, &mut Dice(seed), fail);
            let report = simulate(&stacks, ENDLESS, Limiter::fixed(limit));
            assert!(report.most <= limit);
            assert_eq!(report.skipped, behind_failures(&stacks), "{shape:?} {seed}");
            assert_eq!(report.ran.len() + report.skipped.len(), stacks.len(), "{shape:?} {seed}");
            let ratio = report.makespan.as_secs_f64() / bound(&stacks, &report, limit).as_secs_f64();
            let most = if fail > 0.0 { 2.0 - 1.0 / limit as f64 } else { 1.15 };
            assert!(ratio <= most, "{shape:?}, seed {seed}, limit {limit}: {ratio:.3} of the shortest run");
            (worst, sum, count) = (worst.max(ratio), sum + ratio, count + 1);
        }
        let mean = sum / f64::from(count);
        println!("{shape:?}, {fail} fail: {count} runs, makespan / bound: mean {mean:.3}, worst {worst:.3}");
        assert!(mean <= 1.15, "{shape:?}: {mean:.3}");
    }
}

#[test]
fn memory_stays_within_what_the_machine_has() {
    let (mut fullest, mut most) = (0.0_f64, 0);
    for seed in 0..simulations() {
        for gib in [1, 2, 4, 7] {
            let stacks = world(Shape::Random, &mut Dice(seed), 0.05);
            let machine = Machine { memory: Some(gib * 1024 * MIB), ..ENDLESS };
            let report = simulate(&stacks, machine, Limiter::auto(16));
            assert!(report.peak <= gib * 1024 * MIB, "seed {seed}, {gib} GiB: {} MiB", report.peak / MIB);
            assert_eq!(report.skipped, behind_failures(&stacks));
            assert!(report.holds.iter().any(|hold| matches!(hold, Hold::Memory { .. })), "{gib} GiB never held");
            fullest = fullest.max(report.peak as f64 / (gib * 1024 * MIB) as f64);
            most = most.max(report.most);
        }
    }
    println!("at most {:.0} % of the memory, at most {most} at once", fullest * 100.0);
}

#[test]
fn a_machine_that_is_too_small_for_two_still_gets_through() {
    let stacks = world(Shape::Chains, &mut Dice(1), 0.0);
    let machine = Machine { memory: Some(300 * MIB), ..ENDLESS };
    let report = simulate(&stacks, machine, Limiter::auto(4));
    assert_eq!((report.most, report.ran.len()), (1, 200));
}

#[test]
fn a_cloud_that_asks_for_less_is_asked_less() {
    let machine = Machine { bears: 5, ..ENDLESS };
    // Those that ran when it began to ask for less go on; from the second minute on it counts.
    let throttled = |report: &Report| {
        let late: Vec<bool> =
            report.looks.iter().filter(|(now, _)| *now > Duration::from_secs(120)).map(|(_, asked)| *asked).collect();
        late.iter().filter(|asked| **asked).count() as f64 / late.len().max(1) as f64
    };
    let mut worst = 0.0_f64;
    for seed in 0..simulations() {
        let dice = &mut Dice(seed);
        let stacks: Vec<Stack> = (0..4).flat_map(|_| world(Shape::Loose, dice, 0.0)).collect();
        let (fixed, auto) =
            (simulate(&stacks, machine, Limiter::fixed(24)), simulate(&stacks, machine, Limiter::auto(16)));
        assert_eq!(auto.ran.len(), stacks.len());
        assert!(throttled(&fixed) > 0.9, "seed {seed}");
        assert!(throttled(&auto) < 0.2, "seed {seed}: {:.2}", throttled(&auto));
        assert!(auto.holds.iter().all(|hold| matches!(hold, Hold::Throttling { limit: 1..=12 })), "{:?}", auto.holds);
        assert!(!auto.holds.is_empty());
        worst = worst.max(throttled(&auto));
    }
    println!("after two minutes, throttled at most {:.0} % of the time", worst * 100.0);
}

#[test]
fn waiting_for_clouds_leaves_room_for_more() {
    let stacks = world(Shape::Loose, &mut Dice(7), 0.0);
    let waits = Machine { busy: Some((0.05, 2.0)), ..ENDLESS };
    let works = Machine { busy: Some((0.9, 2.0)), ..ENDLESS };
    let (waiting, working) = (simulate(&stacks, waits, Limiter::auto(2)), simulate(&stacks, works, Limiter::auto(2)));
    assert_eq!((waiting.most, working.most), (8, 3));
    assert!(waiting.makespan.as_secs_f64() < 0.5 * working.makespan.as_secs_f64());
}
