//! Disks that are really full: what is said, that nothing is half written or lost, and how it goes on when there is room.
//!
//! The disks are small ones in memory. Where mounting them takes more rights than the test has, it runs in a name space of
//! its own.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use kstack::pipeline::Status;

use super::victim::Victim;
use crate::support::{
    cli::{Ran, files_below, find_program},
    providers,
};

/// Set in the tests that run in a name space of their own.
const INSIDE: &str = "KSTACK_TEST_MOUNTS";

/// A small disk.
struct Disk {
    at: PathBuf,
}

impl Disk {
    /// A disk of so many KiB at `at`.
    fn new(at: PathBuf, size: usize) -> Self {
        fs::create_dir_all(&at).unwrap();
        let size = format!("size={size}k");
        assert!(run("mount", &["-t", "tmpfs", "-o", &size, "tmpfs", at.to_str().unwrap()]), "{}", at.display());
        Self { at }
    }

    fn filler(&self) -> PathBuf {
        self.at.join("filler")
    }

    /// Leaves so many KiB free.
    fn fill(&self, left: u64) {
        let mut file = fs::File::create(self.filler()).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
        file.set_len(file.metadata().unwrap().len() / 4096 * 4096 - left * 1024).unwrap();
    }

    fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        run("umount", &["--lazy", self.at.to_str().unwrap()]);
    }
}

fn run(program: &str, arguments: &[&str]) -> bool {
    let program = find_program(program).unwrap_or_else(|| panic!("`{program}` is needed by this test"));
    Command::new(program).args(arguments).output().unwrap().status.success()
}

/// Whether the test `name` can mount disks. If it takes a name space of its own for that, it has run there when this
/// returns; where that cannot be had either, it says so.
#[expect(clippy::print_stderr, reason = "a test that did not run says so")]
fn can_mount(name: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().to_str().unwrap();
    if run("mount", &["-t", "tmpfs", "tmpfs", at]) {
        assert!(run("umount", &[at]));
        return true;
    }
    let own = ["--user", "--map-root-user", "--mount"];
    if std::env::var_os(INSIDE).is_some() || !run("unshare", &[&own[..], &["true"]].concat()) {
        eprintln!("skipped: {name}: no disk can be mounted here");
        return false;
    }
    let this = std::env::current_exe().unwrap();
    let name = format!("crash::full_disk::{name}");
    let output = Command::new(find_program("unshare").unwrap())
        .args(own)
        .arg(this)
        .args([&name, "--exact", "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    false
}

/// Requires that `ran` failed, with a word about the full disk at `at` and what to do.
fn told(ran: &Ran, at: &str) {
    assert_eq!(ran.code, Some(1), "{ran}");
    let text = format!("{}{}", ran.stdout, ran.stderr).to_lowercase();
    assert!(text.contains("no space left on device") && text.contains(&at.to_lowercase()), "{at}: {ran}");
}

fn remedy(ran: &Ran) {
    let text = format!("{}{}", ran.stdout, ran.stderr);
    assert!(text.contains("make room on that disk, then run it again"), "{ran}");
}

#[test]
fn plans_and_records_on_a_full_disk() {
    if !can_mount("plans_and_records_on_a_full_disk") {
        return;
    }
    let victim = Victim::unplanned("0");
    let disk = Disk::new(victim.repository.pipeline(), 512);
    let plans = victim.repository.pipeline().join("plans");
    disk.fill(0);
    let ran = victim.repository.kstack(&["plan"]);
    told(&ran, ".kstack/pipeline/plans`");
    remedy(&ran);
    assert_eq!(files_below(&plans), [""; 0], "nothing is half written");
    disk.make_room();
    let _ = victim.repository.kstack(&["plan"]).done();

    // Neither a lock nor a journal can be written: nothing is begun.
    disk.fill(0);
    let ran = victim.repository.kstack(&["apply", "--no-handoff"]);
    told(&ran, "cannot write `lock/ops.json` in");
    remedy(&ran);
    assert_eq!(victim.made(), [""; 0]);
    assert!(!victim.repository.pipeline().join("records/lock/ops.json").exists());
    // The lock, and nothing more.
    disk.fill(4);
    let ran = victim.repository.kstack(&["apply", "--no-handoff"]);
    told(&ran, "cannot write `journal/ops/");
    assert_eq!(victim.made(), [""; 0], "what cannot be announced is not started");
    disk.make_room();
    let _ = victim.repository.kstack(&["apply", "--no-handoff"]).done();
    victim.is_whole();
}

#[test]
fn records_on_a_disk_that_fills_up_in_the_middle() {
    if !can_mount("records_on_a_disk_that_fills_up_in_the_middle") {
        return;
    }
    let victim = Victim::unplanned("0");
    let disk = Disk::new(victim.repository.pipeline(), 512);
    fill_while(&victim, "a.one", &disk.filler());
    let _ = victim.repository.kstack(&["plan", "--all"]).done();
    let ran = victim.repository.kstack(&["apply", "--no-handoff"]);
    told(&ran, "a (ops): applied, but it could not be recorded: cannot write `journal/ops/");
    remedy(&ran);
    assert_eq!(victim.made(), ["a.one", "a.two"], "nothing is started that is not announced");
    disk.make_room();
    let (ran, _) = victim.resume(&[]);
    assert_eq!(ran.code, Some(0), "{ran}");
    victim.is_whole();
}

#[test]
fn a_state_on_a_full_disk_is_kept_and_pushed_when_there_is_room() {
    if !can_mount("a_state_on_a_full_disk_is_kept_and_pushed_when_there_is_room") {
        return;
    }
    let victim = Victim::unplanned("0");
    let disk = Disk::new(victim.repository.world.work().join(".kstack/state"), 256);
    // Full before the begin: Terraform cannot lock the state, and says so.
    let _ = victim.repository.kstack(&["plan", "--all"]).done();
    disk.fill(0);
    let ran = victim.repository.kstack(&["apply", "--no-handoff"]);
    told(&ran, ".a.tfstate.lock.info");
    assert_eq!(victim.made(), [""; 0]);
    disk.make_room();

    fill_while(&victim, "a.one", &disk.filler());
    let _ = victim.repository.kstack(&["plan", "--all"]).done();
    let ran = victim.repository.kstack(&["apply", "--no-handoff", "--stack", "a"]);
    told(&ran, "state/ops/a.tfstate");
    let kept = victim.repository.pipeline().join("records/errored/ops/a.tfstate");
    let state = fs::read(&kept).unwrap();
    assert_eq!(victim.repository.journal().entries["ops/a"].status, Status::Failed);
    let (ran, _) = victim.resume(&[]);
    assert!(ran.code == Some(1) && ran.stderr.contains("its state was not pushed"), "{ran}");
    assert_eq!(fs::read(&kept).unwrap(), state, "it is not lost by the attempt");

    disk.make_room();
    let (ran, report) = victim.resume(&[]);
    assert_eq!(report["report"]["applied"]["pushed"][0]["stack"], "a", "{ran}");
    assert!(!kept.exists());
    let _ = victim.repository.kstack(&["plan", "--pending"]).done();
    let _ = victim.repository.kstack(&["apply", "--no-handoff"]).done();
    victim.is_whole();
}

#[test]
fn a_full_cache() {
    if !can_mount("a_full_cache") {
        return;
    }
    let mut victim = Victim::unplanned("0");
    let disk = Disk::new(victim.repository.world.root().join("cache"), 512);
    victim.repository.world.set("KSTACK_CACHE_DIR", &disk.at);
    // From a disk where not even the export of the files has room, by and by to one where only the plan has none.
    let mut failed = 0;
    for left in (0..60).step_by(4) {
        empty(&disk.at);
        disk.fill(left);
        let ran = victim.repository.kstack(&["plan", "--stack", "a"]);
        if ran.code != Some(0) {
            failed += 1;
            told(&ran, "/cache/");
        }
        let plans = victim.repository.pipeline().join("plans");
        assert!(ran.code == Some(0) || !plans.exists() || files_below(&plans).is_empty(), "{left}: {ran}");
        if ran.code == Some(0) {
            break;
        }
    }
    assert!(failed > 5, "{failed}");
    empty(&disk.at);

    // What Terraform says while it applies cannot be written: it has worked all the same.
    fill_while(&victim, "a.one", &disk.filler());
    let _ = victim.repository.kstack(&["plan", "--all"]).done();
    let ran = victim.repository.kstack(&["apply", "--no-handoff"]);
    assert!(
        ran.stderr.contains("applied a (ops): all of it was done; what Terraform said could not be written"),
        "{ran}"
    );
    empty(&disk.at);
    let _ = victim.repository.kstack(&["apply", "--no-handoff"]);
    victim.is_whole();
}

#[test]
fn a_full_provider_store() {
    let (Some(mirror), true) = (providers::mirror(&["hashicorp/random"]), can_mount("a_full_provider_store")) else {
        return;
    };
    let mut victim = Victim::unplanned("0");
    let requires =
        "terraform {\n  required_providers {\n    random = {\n      source = \"hashicorp/random\"\n    }\n  }\n}\n";
    victim.repository.write("infra/a/versions.tf", requires);
    let from = format!("-fs-mirror={}", mirror.display());
    victim.repository.world.must("infra/a", "terraform", &["providers", "lock", &from]);
    victim.repository.commit("Lock a provider");
    victim.repository.world.set("KSTACK_PROVIDER_MIRROR", &mirror);
    let disk = Disk::new(victim.repository.world.root().join("cache"), 8 * 1024);
    victim.repository.world.set("KSTACK_CACHE_DIR", &disk.at);
    let ran = victim.repository.kstack(&["plan", "--stack", "a"]);
    told(&ran, "/cache/providers/");
    remedy(&ran);
    let store = files_below(&disk.at.join("providers"));
    assert!(
        !store.iter().any(|file| file.contains("terraform-provider-random")),
        "nothing is half unpacked: {store:?}"
    );
    assert!(run("mount", &["-o", "remount,size=64m", disk.at.to_str().unwrap()]));
    let _ = victim.repository.kstack(&["plan", "--stack", "a"]).done();
}

/// Has the disk filled up by the command that makes `name`, in a new commit.
fn fill_while(victim: &Victim, name: &str, filler: &Path) {
    let stack = name.split('.').next().unwrap();
    let main = victim.repository.world.read(&format!("infra/{stack}/main.tf"));
    let dd = find_program("dd").unwrap();
    let fill = format!("{} if=/dev/zero of={} bs=1k 2>/dev/null; echo {name}", dd.display(), filler.display());
    victim.repository.write(&format!("infra/{stack}/main.tf"), &main.replace(&format!("echo {name}"), &fill));
    victim.repository.commit("Fill the disk in the middle");
}

fn empty(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }
}
