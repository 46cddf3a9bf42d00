use super::*;
use crate::{platform::StackName, store::Location};

/// An entry of a stack in `ops`, with nothing known of it.
pub fn entry(stack: &str, status: Status) -> Entry {
    let stack = StackName::new(stack).unwrap();
    Entry::new(Instance { stack, environment: Some("ops".parse().unwrap()) }, status)
}

#[tokio::test]
async fn a_later_run_sorts_later_whatever_the_clock_says() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&Location::Folder(folder.path().to_owned())).unwrap();
    let ops: EnvironmentName = "ops".parse().unwrap();
    let ahead = "29990131T235959999Z-c0ffee00";
    store.put(&key(&ops, ahead), "{}").await.unwrap();
    let first = Journal::start(&store, &ops, "abc").await.unwrap();
    let second = Journal::start(&store, &ops, "abc").await.unwrap();
    assert!(ahead < first.run() && first.run() < second.run(), "{} {}", first.run(), second.run());
    assert!(first.run().starts_with("29990201T000000000Z-"));
}

#[tokio::test]
async fn the_journal_is_on_disk_before_the_step_and_tells_what_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&Location::Folder(folder.path().to_owned())).unwrap();
    let ops: EnvironmentName = "ops".parse().unwrap();
    let mut journal = Journal::start(&store, &ops, "abc").await.unwrap();
    let entry = entry("a", Status::Applying);
    journal.set(entry).await.unwrap();
    // A second reader sees the entry although the run has not ended …
    let mut seen = Journal::recent(&store, &ops, 5).await.unwrap();
    assert_eq!(seen[0].entries["ops/a"].status, Status::Applying);
    assert_eq!(left_open(&seen, false).len(), 0, "this process lives");
    assert_eq!(left_open(&seen, true).len(), 1, "whoever holds the lock knows that it cannot go on");
    // … and knows that it was left once the owner is gone. No process has the largest id.
    (seen[0].owner.pid, seen[0].owner.process) = (i32::MAX as u32, None);
    assert_eq!(left_open(&seen, false).len(), 1);
    let ended = journal.end().await.unwrap();
    assert!(ended.ended.is_some());
    // A later run that got somewhere with it settles the matter; one that did not start it does not.
    let mut later = seen[0].clone();
    later.entries.values_mut().for_each(|entry| entry.status = Status::Skipped);
    assert_eq!(left_open(&[later.clone(), seen[0].clone()], true).len(), 1);
    later.entries.values_mut().for_each(|entry| entry.status = Status::Failed);
    assert_eq!(left_open(&[later.clone(), seen[0].clone()], true).len(), 0);
    // A run may end well although Terraform was killed.
    later.entries.values_mut().for_each(|entry| entry.status = Status::Unknown);
    later.ended = Some(Timestamp::now());
    assert_eq!(left_open(&[later, seen[0].clone()], false).len(), 1);
}
