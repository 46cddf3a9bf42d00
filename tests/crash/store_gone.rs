//! A store that is gone in the middle of a run, and records that are broken.

use std::fs;

use kstack::pipeline::Status;

use super::victim::Victim;

#[test]
fn without_a_journal_nothing_more_is_started_and_nothing_is_lost() {
    let victim = Victim::new("0");
    // While `a.one` is made, a file takes the place of the folder of journals.
    let journals = victim.repository.pipeline().join("records/journal");
    let main = victim.repository.world.read("infra/a/main.tf");
    let mv = crate::support::cli::find_program("mv").unwrap();
    let broken = format!("{} {1} {1}.away && echo > {1}; echo a.one", mv.display(), journals.display());
    victim.repository.write("infra/a/main.tf", &main.replace("echo a.one", &broken));
    victim.repository.commit("Break the store in the middle");
    let _ = victim.repository.kstack(&["plan", "--all"]).done();
    let ran = victim.repository.kstack(&["apply", "--no-handoff"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.stdout.contains("a (ops): applied, but it could not be recorded: cannot write `journal/ops/"), "{ran}");
    assert!(ran.stdout.contains("b (ops): cannot write `journal/ops/"), "{ran}");
    assert!(ran.stderr.contains("the journal could not be ended"), "{ran}");
    assert_eq!(victim.made(), ["a.one", "a.two"], "nothing is started that is not announced");

    fs::remove_file(&journals).unwrap();
    fs::rename(journals.with_extension("away"), &journals).unwrap();
    assert_eq!(victim.repository.journal().entries["ops/a"].status, Status::Applying);
    let (ran, _) = victim.resume(&[]);
    assert_eq!(ran.code, Some(0), "{ran}");
    victim.is_whole();
}

#[test]
fn broken_records_are_named() {
    let mut victim = Victim::new("0");
    victim.repository.world.filter(r"process \d+", "process [PID]");
    let _ = victim.repository.kstack(&["apply", "--no-handoff"]).done();
    let records = victim.repository.pipeline().join("records");
    let journals = records.join("journal/ops");
    let journal = fs::read_dir(&journals).unwrap().next().unwrap().unwrap().path();
    let content = fs::read(&journal).unwrap();
    fs::write(&journal, &content[..content.len() / 2]).unwrap();
    for command in [&["apply", "--no-handoff"][..], &["resume", "--no-handoff"], &["unlock"]] {
        let ran = victim.repository.kstack(command);
        let told = ran.stderr.lines().filter(|line| !line.contains("caused by")).collect::<Vec<_>>().join("\n");
        insta::allow_duplicates! {
            insta::assert_snapshot!(told, @"
            error: the record `journal/ops/[RUN].json` is broken

            hint: put back an older version of it; if there is none, compare the resources of its run with their states, then delete it
            ");
        }
        assert_eq!(ran.code, Some(1), "{ran}");
    }
    assert!(!records.join("lock/ops.json").exists(), "the lock is given back");
    fs::write(&journal, &content).unwrap();

    fs::write(records.join("applied/ops/a.json"), "{").unwrap();
    let ran = victim.repository.kstack(&["apply", "--no-handoff"]);
    assert!(ran.stderr.contains("the record `applied/ops/a.json` is broken"), "{ran}");
    fs::remove_file(records.join("applied/ops/a.json")).unwrap();

    let lock = victim.repository.world.work().join(".kstack/state/ops/.a.tfstate.lock.info");
    fs::write(&lock, "no lock").unwrap();
    insta::assert_snapshot!(victim.repository.kstack(&["unlock"]), @r"
    --- stderr ---
    error: cannot read the lock `[WORLD]/work/.kstack/state/ops/.a.tfstate.lock.info`
      caused by: expected ident at line 1 column 2

    hint: when nobody works on that state, delete the lock
    --- exit code 1 ---
    ");
}
