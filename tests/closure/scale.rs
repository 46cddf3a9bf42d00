//! A platform of two thousand stacks. Run it by name for the time: `cargo test -- --ignored two_thousand`.

use std::{collections::BTreeSet, time::Instant};

use kstack::closure::{Memo, affected};

use super::{Repo, fleet::platform, stacks};

const STACKS: usize = 2_000;

#[test]
#[ignore = "takes seconds, and its time is for people to read"]
fn two_thousand_stacks_on_forty_modules() {
    let (base, users) = platform(STACKS);
    let repo = Repo::new();
    repo.commit(&base);
    let head = repo.commit(&base.clone().touched("modules/m07/main.tf"));
    let packed = std::process::Command::new("git").args(["gc", "--quiet"]).current_dir(repo.path()).status();
    assert!(packed.unwrap().success());
    for run in 0..3 {
        let start = Instant::now();
        let repository = kstack::repo::Repository::open_any(repo.path()).unwrap();
        let base = repository.commit_snapshot(repository.resolve("HEAD~1").unwrap()).unwrap();
        let head = repository.commit_snapshot(head).unwrap();
        let changes = affected(Some(&base), &head, &Memo::default()).unwrap();
        let took = start.elapsed();
        assert_eq!(stacks(&changes).into_iter().collect::<BTreeSet<_>>(), users);
        println!("run {run}: {} of {} instances affected, {took:?}", changes.affected.len(), 2 * STACKS);
    }
}
