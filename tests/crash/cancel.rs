//! How GitHub cancels a job: SIGINT to the entry process, SIGTERM after 7.5 seconds, SIGKILL after 2.5 more; at the end of
//! the job, everything dies that has the job's mark in its environment. `KSTACK_TEST_CANCEL=1` takes the real times.

use std::{fs, time::Duration};

use kstack::pipeline::Status;
use rustix::process::Signal;

use super::victim::{Victim, kill, signal};
use crate::support::{cli::find_program, repository::until_written};

/// A stand-in: the real program, where interrupts do not reach it. Terraform's own resources are given up at the first
/// interrupt, while a provider's call to a cloud is waited for; this shows what becomes of such a call.
const UNDISTURBED: &str = "#!/bin/sh
case $1 in
  apply) trap '' INT TERM; SETSID REAL \"$@\" ;;
  *) exec REAL \"$@\" ;;
esac
";

#[test]
fn a_cancelled_job_loses_nothing_that_terraform_can_still_record() {
    let scale = if std::env::var_os("KSTACK_TEST_CANCEL").is_some() { 1.0 } else { 0.1 };
    let mut victim = Victim::new(&format!("{}", 30.0 * scale));
    victim.wrap_terraform(&UNDISTURBED.replace("SETSID", find_program("setsid").unwrap().to_str().unwrap()));
    victim.repository.world.set("RUNNER_TRACKING_ID", "github_test");
    let mark = "RUNNER_TRACKING_ID=github_test";
    let _ = victim.repository.kstack(&["plan"]).done();

    let mut child = victim.start(&["apply", "--no-handoff"]);
    until_written(&victim.log());
    signal(&child, Signal::INT);
    std::thread::sleep(Duration::from_secs_f64(7.5 * scale));
    signal(&child, Signal::TERM);
    std::thread::sleep(Duration::from_secs_f64(2.5 * scale));
    kill(&mut child, false);
    let terraform = victim.journals().remove(0).entries["ops/a"].terraform.clone().unwrap();
    assert!(terraform.is_alive(), "it goes on: {}", victim.output());
    let environment = fs::read(format!("/proc/{}/environ", terraform.pid)).unwrap();
    assert!(!String::from_utf8_lossy(&environment).contains(mark), "the runner would kill it");

    // The next job on this machine waits, and goes on with what was not begun.
    let (ran, report) = victim.resume(&[]);
    assert_eq!(ran.code, Some(0), "{ran}");
    let left = &report["report"]["applied"]["left"];
    assert_eq!((left[0]["finding"].as_str(), left[0]["instance"]["stack"].as_str()), (Some("applied"), Some("a")));
    assert_eq!(left.as_array().unwrap().len(), 1, "{left:#}");
    victim.is_whole();
}

/// The real program: what is in flight when the interrupt comes is recorded, as far as it came.
#[test]
fn what_the_interrupt_ends_is_recorded_although_kstack_is_killed() {
    let victim = Victim::new("600");
    let mut child = victim.start(&["apply", "--no-handoff"]);
    until_written(&victim.log());
    signal(&child, Signal::INT);
    signal(&child, Signal::TERM);
    kill(&mut child, false);
    let ran = victim.repository.kstack(&["resume", "--no-handoff", "--dry-run"]);
    assert!(ran.stderr.contains("was cut short while it applied a (ops)"), "{ran}");
    // Whether the signal was passed on before the kill is a matter of luck; a person passes it on.
    let journal = victim.journals().remove(0);
    let terraform = journal.entries["ops/a"].terraform.clone().unwrap();
    let group = rustix::process::Pid::from_raw(i32::try_from(terraform.pid).unwrap()).unwrap();
    if terraform.is_alive() {
        let _ = rustix::process::kill_process_group(group, Signal::INT);
    }
    while terraform.is_alive() {
        std::thread::sleep(Duration::from_millis(20));
    }
    // Tainted, and in the state: the plan that follows makes it anew.
    assert_eq!(victim.repository.state("a").resources, ["terraform_data.one"]);
    victim.write_stacks("0");
    let ran = victim.repository.kstack(&["plan"]).done();
    assert!(ran.stdout.contains("it is tainted"), "{ran}");
    let ran = victim.repository.kstack(&["apply", "--no-handoff"]).done();
    assert!(ran.stderr.contains("a part was done; what was is in the state"), "{ran}");
    assert_eq!(victim.journals()[1].entries["ops/a"].status, Status::Failed);
    let made = victim.made();
    assert_eq!(made.iter().filter(|made| *made == "a.one").count(), 2, "once, and once anew: {made:?}");
}
