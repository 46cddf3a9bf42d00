//! `kstack unlock`: what is proven to be ours and dead goes, and nothing else.

use std::fs;

use serde_json::{Value, json};

use super::victim::{Victim, kill};
use crate::support::repository::until_written;

#[test]
fn only_what_is_ours_and_dead_is_unlocked() {
    let mut victim = Victim::new("600");
    victim.repository.world.filter(r"process \d+", "process [PID]");
    victim.repository.world.filter(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", "[TIME]");
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    victim.repository.world.filter(regex::escape(&format!("`{host}`")), "`[HOST]`");
    let unlock = |flags: &[&str]| victim.repository.kstack(&[&["unlock"][..], flags].concat());
    let nothing = unlock(&[]);
    assert!(nothing.code == Some(0) && nothing.stderr.contains("nothing is locked in `ops`"), "{nothing}");

    // A run that lives keeps both its locks.
    let mut child = victim.start(&["apply", "--no-handoff"]);
    until_written(&victim.log());
    let state_lock = victim.repository.world.work().join(".kstack/state/ops/.a.tfstate.lock.info");
    let run_lock = victim.repository.pipeline().join("records/lock/ops.json");
    let ran = unlock(&[]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.stdout.contains("the state of a (ops): stays locked") && ran.stdout.contains("works"), "{ran}");
    assert!(ran.stdout.contains("environment `ops`: stays locked") && ran.stderr.contains("wait for the run"), "{ran}");
    assert!(state_lock.exists() && run_lock.exists());
    kill(&mut child, true);

    // Somebody else's, in the same place: another ID.
    let ours = fs::read_to_string(&state_lock).unwrap();
    let mut lock: Value = serde_json::from_str(&ours).unwrap();
    let who = lock["Who"].as_str().unwrap().to_owned();
    (lock["ID"], lock["Who"]) = (json!("7d8e1c9a-0000-0000-0000-000000000000"), json!("ann@laptop"));
    fs::write(&state_lock, lock.to_string()).unwrap();
    let ran = unlock(&["--dry-run"]).done();
    assert!(ran.stdout.contains("environment `ops`: would be unlocked") && run_lock.exists(), "{ran}");
    let ran = unlock(&[]);
    assert_eq!(ran.code, Some(1), "{ran}");
    insta::assert_snapshot!(ran, @r"
    --- stdout ---
    the state of a (ops): stays locked: held by ann@laptop since [TIME]: no journal of kstack knows its ID
    environment `ops`: unlocked: held by process [PID] on `[HOST]` since [TIME]: its process does not run any more
    --- stderr ---
    error: 1 lock(s) stay: not proven to be ours and dead

    hint: ask `ann@laptop`; if that run has surely died, run `terraform force-unlock [UUID]` in the stack `a`
    --- exit code 1 ---
    ");
    assert!(state_lock.exists() && !run_lock.exists());

    // Ours, of a machine that cannot be seen: only the user can know that it is gone.
    fs::write(&state_lock, &ours).unwrap();
    let journal = fs::read_dir(victim.repository.pipeline().join("records/journal/ops")).unwrap();
    let journal = journal.map(|entry| entry.unwrap().path()).max().unwrap();
    let here = fs::read_to_string(&journal).unwrap();
    let mut record: Value = serde_json::from_str(&here).unwrap();
    record["owner"]["host"] = json!("runner-7");
    fs::write(&journal, record.to_string()).unwrap();
    let ran = unlock(&[]);
    assert!(ran.code == Some(1) && ran.stderr.contains("`kstack unlock --gone runner-7`"), "{ran}");
    let (ran, report) = victim.resume(&["--dry-run"]);
    assert_eq!(report["report"]["applied"]["left"][0]["finding"], "out-of-sight", "{ran}");
    assert!(state_lock.exists() && victim.made() == ["a.one"], "{ran}");
    let ran = unlock(&["--gone", "runner-7"]).done();
    assert!(ran.stdout.contains("`runner-7` is gone, as you say") && !state_lock.exists(), "{ran}");

    // Ours, of this machine.
    fs::write(&state_lock, &ours).unwrap();
    fs::write(&journal, &here).unwrap();
    let ran = unlock(&["--format", "json"]).done();
    let report = ran.json().pop().unwrap();
    let lock = &report["report"]["locks"][0];
    assert_eq!((report["type"].as_str(), lock["verdict"].as_str()), (Some("unlock"), Some("removed")), "{ran}");
    assert_eq!(lock["holder"].as_str(), Some(who.as_str()));
    assert!(!state_lock.exists());
}
