//! SIGKILL at every step of the journal and at random times, of `kstack` alone and of everything that it started. After
//! `kstack resume`, and what it says a person must look at, everything was made once and all records agree.
//!
//! `KSTACK_TEST_KILLS` is the number of rounds.

use std::{
    fs,
    process::Child,
    time::{Duration, Instant},
};

use super::victim::{Victim, kill};
use crate::support::cli::files_below;

/// The most writes of a journal that a run of two stacks has: start, two planned, and of each announced, process, lock,
/// end; then the end.
const STEPS: usize = 12;

#[test]
fn whatever_is_killed_is_made_once() {
    let rounds: usize = std::env::var("KSTACK_TEST_KILLS").map_or(4, |text| text.parse().unwrap());
    let victim = Victim::new("0.1");
    let bundles = files_below(&victim.repository.pipeline().join("plans"));
    let begin = Instant::now();
    let _ = victim.repository.kstack(&["apply", "--no-handoff"]).done();
    let whole_run = begin.elapsed();
    victim.is_whole();
    let mut told = [0; 3];
    for round in 0..rounds {
        reset(&victim, &bundles);
        let (tree, by_step) = (round % 2 == 1, round / 2 % 2 == 0);
        let mut child = victim.start(&["apply", "--no-handoff"]);
        if by_step {
            until_step(&victim, &mut child, (round / 4 * 5 + 3) % (STEPS + 1));
        } else {
            std::thread::sleep(whole_run.mul_f64(fraction(round)));
        }
        kill(&mut child, tree);
        if round % 3 == 2 {
            let mut child = victim.start(&["resume", "--no-handoff"]);
            std::thread::sleep(whole_run.mul_f64(fraction(round + 7919) / 2.0));
            kill(&mut child, tree);
        }
        told[recover(&victim, round, tree)] += 1;
        victim.is_whole();
        let (again, _) = victim.resume(&[]);
        assert_eq!(again.code, Some(0), "nothing is left: {again}");
    }
    let [alone, reviewed, looked] = told;
    println!("{rounds} rounds: resumed {alone}, with a new review {reviewed}, after a look at resources {looked}");
}

/// As before the first apply.
fn reset(victim: &Victim, bundles: &[String]) {
    let pipeline = victim.repository.pipeline();
    for folder in [pipeline.join("records"), pipeline.parent().unwrap().join("state")] {
        if folder.exists() {
            fs::remove_dir_all(folder).unwrap();
        }
    }
    fs::write(victim.log(), "").unwrap();
    for bundle in files_below(&pipeline.join("plans")) {
        if !bundles.contains(&bundle) {
            fs::remove_file(pipeline.join("plans").join(bundle)).unwrap();
        }
    }
}

/// Waits until the journal was written so many times, as far as that can be seen from outside, or the run has ended.
fn until_step(victim: &Victim, child: &mut Child, step: usize) {
    let (mut seen, mut last) = (0, String::new());
    while seen < step && child.try_wait().unwrap().is_none() {
        let text = victim.journal_text();
        if text != last {
            (seen, last) = (seen + 1, text);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Some number from 0 to 1 for each round.
fn fraction(round: usize) -> f64 {
    let mut bits = (round as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits ^= bits >> 31;
    (bits.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as f64 / f64::from(1 << 24)
}

/// Does what a person does after a run was killed. Gives how much that was: nothing but `resume`, a new review, or a
/// look at resources.
fn recover(victim: &Victim, round: usize, tree: bool) -> usize {
    let (ran, report) = victim.resume(&[]);
    if victim.journal_text().is_empty() {
        // Killed before it had begun with anything.
        assert_eq!((victim.made().len(), ran.code), (0, Some(0)), "round {round}: {ran}");
        let _ = victim.repository.kstack(&["apply", "--no-handoff"]).done();
    }
    if ran.code == Some(0) {
        return 0;
    }
    assert!(tree, "round {round}: Terraform was left alone, so everything can be resumed\n{ran}");
    let left = report["report"]["applied"]["left"].as_array().unwrap();
    let lost: Vec<_> = left.iter().filter(|left| left["finding"] == "unrecorded").collect();
    let mut checked = Vec::new();
    for lost in &lost {
        let stack = lost["instance"]["stack"].as_str().unwrap();
        let addresses = lost["addresses"].as_array().unwrap();
        assert!(!addresses.is_empty(), "round {round}: this machine's log tells\n{ran}");
        for address in addresses {
            // A person looks, and deletes what there is and no state knows.
            let name = format!("{stack}.{}", address.as_str().unwrap().rsplit('.').next().unwrap());
            let made: Vec<_> = victim.made().into_iter().filter(|made| *made != name).collect();
            fs::write(victim.log(), made.iter().map(|made| format!("{made}\n")).collect::<String>()).unwrap();
        }
        checked.extend(["--checked", stack]);
    }
    let ran = if lost.is_empty() { ran } else { victim.resume(&checked).0 };
    if ran.code != Some(0) {
        assert!(ran.stdout.contains("state"), "round {round}: a part is in the state\n{ran}");
        let _ = victim.repository.kstack(&["plan", "--pending"]).done();
        let _ = victim.repository.kstack(&["apply", "--no-handoff"]).done();
    }
    if lost.is_empty() { 1 } else { 2 }
}
