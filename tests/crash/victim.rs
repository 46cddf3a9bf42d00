//! A repository whose resources write a line when they are made, and runs of `kstack` in it that are killed.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use kstack::pipeline::{Journal, Record, Status};
use kstack::store::{Location, Store};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{
    cli::{Ran, find_program},
    repository::Repository,
};

pub struct Victim {
    pub repository: Repository,
}

impl Victim {
    /// Stacks `a` and `b`, planned, each with the resources `one` and, after it, `two`. To make one takes so many
    /// seconds.
    pub fn new(seconds: &str) -> Self {
        let victim = Self::unplanned(seconds);
        let _ = victim.repository.kstack(&["plan"]).done();
        victim
    }

    /// The same, without plans.
    pub fn unplanned(seconds: &str) -> Self {
        let victim = Self { repository: Repository::new() };
        victim.write_stacks(seconds);
        victim
    }

    /// Writes and commits the stacks.
    pub fn write_stacks(&self, seconds: &str) {
        let sleep = find_program("sleep").unwrap();
        for stack in ["a", "b"] {
            let resource = |name: &str, more: &str| {
                format!(
                    "resource \"terraform_data\" \"{name}\" {{\n{more}  provisioner \"local-exec\" {{\n    command = \"echo \
                     {stack}.{name} >> {}; {} {seconds}\"\n  }}\n}}\n",
                    self.log().display(),
                    sleep.display(),
                )
            };
            let after = "  depends_on = [terraform_data.one]\n\n";
            self.repository.stack(stack, &format!("{}\n{}", resource("one", ""), resource("two", after)));
        }
        self.repository.commit("Add two stacks");
    }

    pub fn log(&self) -> PathBuf {
        self.repository.world.root().join("made")
    }

    /// What was made, in order.
    pub fn made(&self) -> Vec<String> {
        fs::read_to_string(self.log()).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// Starts `kstack` with the output in a file: nobody reads it meanwhile.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let world = &self.repository.world;
        let output = fs::File::create(world.root().join("output")).unwrap();
        let mut command: Command = world.command(env!("CARGO_BIN_EXE_kstack"), &world.work());
        command.args(arguments).stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        command.spawn().unwrap()
    }

    /// What the last started `kstack` said.
    pub fn output(&self) -> String {
        fs::read_to_string(self.repository.world.root().join("output")).unwrap()
    }

    /// `kstack resume` with its report.
    pub fn resume(&self, flags: &[&str]) -> (Ran, Value) {
        let ran = self.repository.kstack(&[&["resume", "--no-handoff", "--format", "json"][..], flags].concat());
        let report = ran.json().pop().unwrap_or_else(|| panic!("{ran}"));
        assert_eq!((report["type"].as_str(), report["version"].as_u64()), (Some("resume"), Some(1)));
        (ran, report)
    }

    /// The content of the newest journal; empty before there is one.
    pub fn journal_text(&self) -> String {
        let folder = self.repository.pipeline().join("records/journal/ops");
        let files = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
        let newest = files.filter(|path| path.extension().is_some_and(|extension| extension == "json")).max();
        newest.and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default()
    }

    /// All journals, newest first.
    pub fn journals(&self) -> Vec<Record> {
        let store = Store::open(&Location::Folder(self.repository.pipeline().join("records"))).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(Journal::recent(&store, &"ops".parse().unwrap(), 1000)).unwrap()
    }

    /// Requires that everything is made once, is in the states, and that journal, records and states say the same.
    pub fn is_whole(&self) {
        let mut made = self.made();
        made.sort();
        assert_eq!(made, ["a.one", "a.two", "b.one", "b.two"], "everything is made once");
        let journals = self.journals();
        for stack in ["a", "b"] {
            let state = self.repository.state(stack);
            assert_eq!(state.resources, ["terraform_data.one", "terraform_data.two"], "{stack}");
            let key = format!("ops/{stack}");
            let entries = journals.iter().filter_map(|record| record.entries.get(&key));
            let last = entries.into_iter().find(|entry| !matches!(entry.status, Status::Planned | Status::Skipped));
            let last = last.unwrap();
            assert_eq!((last.status, last.after.as_ref().unwrap().serial), (Status::Applied, state.serial), "{stack}");
            let record = fs::read(self.repository.pipeline().join(format!("records/applied/{key}.json"))).unwrap();
            let record: Value = serde_json::from_slice(&record).unwrap();
            assert_eq!(record["closure"].as_str(), last.closure.as_deref(), "{stack}");
            let lock = self.repository.world.work().join(format!(".kstack/state/ops/.{stack}.tfstate.lock.info"));
            assert!(!lock.exists(), "{stack}");
        }
        assert!(journals.iter().all(|record| record.ended.is_some()), "{journals:#?}");
        let records = self.repository.pipeline().join("records");
        assert!(!records.join("lock/ops.json").exists());
        assert!(fs::read_dir(records.join("open/ops/ops")).map_or(0, Iterator::count) == 0);
    }

    /// Puts a program called `terraform` before the real one, whose path replaces `REAL`.
    pub fn wrap_terraform(&self, script: &str) {
        let path = self.repository.world.root().join("bin/terraform");
        let real = path.canonicalize().unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, script.replace("REAL", &real.display().to_string())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

pub fn signal(child: &Child, signal: Signal) {
    let _ = kill_process(pid(child.id()), signal);
}

fn pid(id: u32) -> Pid {
    Pid::from_raw(i32::try_from(id).unwrap()).unwrap()
}

/// Kills `child`, and if the whole tree is to go, everything that it started, and that those started: found by their
/// parents as CI systems find them, whatever groups they are in.
pub fn kill(child: &mut Child, tree: bool) {
    let below = if tree { descendants(child.id()) } else { Vec::new() };
    signal(child, Signal::KILL);
    for process in below {
        // It may be gone by itself.
        let _ = kill_process(pid(process), Signal::KILL);
    }
    child.wait().unwrap();
}

/// The processes below `of`, parents first.
fn descendants(of: u32) -> Vec<u32> {
    let mut all = vec![of];
    let mut next = 0;
    while let Some(parent) = all.get(next).copied() {
        all.extend(children(parent));
        next += 1;
    }
    all.split_off(1)
}

fn children(of: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let is_child = |process: &u32| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let parent = stat.rsplit(')').next().and_then(|rest| rest.split_ascii_whitespace().nth(1));
        parent == Some(of.to_string().as_str())
    };
    processes.filter(is_child).collect()
}
