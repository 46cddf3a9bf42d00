//! Ctrl-C, and worse, while `kstack apply` runs: the journal, the state and the lock stay consistent.

use std::{
    fs,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use kstack::pipeline::Status;
use rustix::process::{Pid, Signal, getpgid, kill_process, kill_process_group, test_kill_process};

use crate::support::repository::{Repository, until_written};

/// A repository with a planned stack: something quick, then something that takes long and says when it runs.
fn slow() -> (Repository, PathBuf) {
    let mut repository = Repository::new();
    repository.world.install("sleep");
    let started = repository.world.root().join("started");
    // `exec`, so that the interrupt, which goes to the whole group, ends the command as well.
    let command = format!("echo $$ > {}; exec sleep 600", started.display());
    repository.stack(
        "slow",
        &format!(
            "resource \"terraform_data\" \"quick\" {{\n  input = \"x\"\n}}\n\nresource \"terraform_data\" \"slow\" {{\n  \
             depends_on = [terraform_data.quick]\n\n  provisioner \"local-exec\" {{\n    command = \"{command}\"\n  }}\n}}\n"
        ),
    );
    repository.commit("Add something slow");
    let _ = repository.kstack(&["plan"]).done();
    (repository, started)
}

fn start(repository: &Repository) -> Child {
    let mut command: Command = repository.world.command(env!("CARGO_BIN_EXE_kstack"), &repository.world.work());
    command.args(["apply", "--no-handoff"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

/// Makes the stack quick, and has the change reviewed and applied.
fn mend(repository: &Repository) {
    let text = repository.world.read("infra/slow/main.tf");
    repository.write("infra/slow/main.tf", &text.replace("exec sleep 600", "true"));
    repository.commit("Make it quick");
    repository.deliver();
    assert_eq!(repository.state("slow").resources, ["terraform_data.quick", "terraform_data.slow"]);
    assert_eq!(repository.journal().entries["ops/slow"].status, Status::Applied);
}

#[test]
fn an_interrupted_apply_is_brought_to_a_safe_end() {
    let (repository, started) = slow();
    let child = start(&repository);
    until_written(&started);
    // Whoever presses Ctrl-C presses it more than once.
    for _ in 0..3 {
        signal(&child, Signal::INT);
        std::thread::sleep(Duration::from_millis(50));
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", text(&output));
    assert!(text(&output).contains("slow (ops): interrupted"), "{}", text(&output));
    assert!(!text(&output).contains("Two interrupts received"), "{}", text(&output));

    let journal = repository.journal();
    let entry = &journal.entries["ops/slow"];
    assert_eq!(entry.status, Status::Interrupted);
    assert!(journal.ended.is_some());
    let state = repository.state("slow");
    assert!(state.resources.contains(&"terraform_data.quick".to_owned()), "{:?}", state.resources);
    assert_eq!(entry.after.as_ref().unwrap().serial, state.serial);
    assert!(!repository.pipeline().join("records/lock/ops.json").exists());
    assert!(!repository.world.work().join(".kstack/state/ops/.slow.tfstate.lock.info").exists());

    // The plan is spent: the state has moved.
    let ran = repository.kstack(&["apply", "--no-handoff"]);
    assert!(ran.code == Some(1) && ran.stderr.contains("slow (ops): state differs"), "{ran}");
    mend(&repository);
}

#[test]
fn a_killed_apply_is_told_and_its_terraform_waited_for() {
    let (repository, started) = slow();
    let mut child = start(&repository);
    until_written(&started);
    signal(&child, Signal::KILL);
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    let journal = repository.journal();
    assert_eq!((journal.ended, journal.entries["ops/slow"].status), (None, Status::Applying));
    assert!(repository.pipeline().join("records/lock/ops.json").exists());

    // Terraform was not killed, and goes on in its own process group.
    let lock = repository.world.work().join(".kstack/state/ops/.slow.tfstate.lock.info");
    let told = repository.kstack(&["resume", "--dry-run"]);
    assert!(told.stderr.contains("slow (ops): Terraform still works on it"), "{told}");
    assert!(lock.exists(), "{told}");
    let said = repository.world.root().join("said");
    let output = fs::File::create(&said).unwrap();
    let mut command: Command = repository.world.command(env!("CARGO_BIN_EXE_kstack"), &repository.world.work());
    command.args(["apply", "--no-handoff"]).stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
    let mut waiting = command.spawn().unwrap();
    let told = || fs::read_to_string(&said).unwrap();
    while !told().contains("waiting for the Terraform of run") {
        assert_eq!(waiting.try_wait().unwrap(), None, "it must wait: {}", told());
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(trees(&repository), 1, "it works in the files that its kstack exported");
    end_orphan(&started);
    assert_eq!(waiting.wait().unwrap().code(), Some(1), "{}", told());
    let (host, told) = (&journal.owner.host, told());
    assert!(told.contains(&format!("on `{host}` was cut short while it applied slow (ops)")), "{told}");
    assert!(told.contains("a part was done; what was is in the state"), "{told}");
    assert!(told.contains("slow (ops): state differs"), "{told}");
    let journal = repository.journal();
    assert_eq!(journal.entries["ops/slow"].status, Status::Failed);
    assert_eq!(journal.entries["ops/slow"].after.as_ref().unwrap().serial, repository.state("slow").serial);
    mend(&repository);
    assert_eq!(trees(&repository), 0);
    let ran = repository.kstack(&["apply", "--no-handoff"]).done();
    assert!(!ran.stderr.contains("was cut short"), "told once: {ran}");
}

/// How many exported trees lie in the cache.
fn trees(repository: &Repository) -> usize {
    let sites = fs::read_dir(repository.world.root().join("home/.cache/kstack/work")).unwrap();
    let entries = sites.flat_map(|site| fs::read_dir(site.unwrap().path()).unwrap());
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("tree-") && !name.ends_with(".lock")).count()
}

/// Ends the Terraform that a killed `kstack` left behind: it leads the process group of the command that it runs.
fn end_orphan(started: &Path) {
    let pid = |text: &str| Pid::from_raw(text.trim().parse().unwrap()).unwrap();
    let group = getpgid(Some(pid(&fs::read_to_string(started).unwrap()))).unwrap();
    kill_process_group(group, Signal::INT).unwrap();
    while test_kill_process(group).is_ok() {
        std::thread::sleep(Duration::from_millis(20));
    }
}
