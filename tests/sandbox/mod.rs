//! `kstack sandbox`: real control planes, and the refusals.

mod kind;
mod life;
mod refusals;

use std::{
    ffi::{OsStr, OsString},
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

use crate::support::{components, schema};

/// A home of its own in which `kstack sandbox` runs. What is still up when it is dropped is taken down.
struct Home {
    folder: tempfile::TempDir,
    search_path: OsString,
}

impl Home {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), search_path: std::env::var_os("PATH").unwrap() }
    }

    /// A home where these scripts come before the machine's programs.
    fn with_programs(programs: &[(&str, &str)]) -> Self {
        let mut home = Self::new();
        for (name, script) in programs {
            home.program(name, script);
        }
        let folders = std::env::split_paths(&home.search_path).collect::<Vec<_>>();
        home.search_path = std::env::join_paths(std::iter::once(home.path().join("bin")).chain(folders)).unwrap();
        home
    }

    /// Writes a script to the folder `bin`.
    fn program(&self, name: &str, script: &str) {
        let path = self.path().join("bin").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of the sandbox `name`.
    fn sandbox(&self, name: &str) -> PathBuf {
        self.path().join("data/sandboxes").join(name)
    }

    fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("HOME", self.path()).env("PATH", &self.search_path);
        command.env("KSTACK_HOME", self.path().join("data"));
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_TERMINAL_PROMPT", "0");
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "Test").env(format!("GIT_{role}_EMAIL"), "test@example.com");
        }
        command
    }

    /// `kstack sandbox …` with the shared components.
    fn kstack(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_kstack"));
        command.env("KSTACK_COMPONENTS_DIR", components::dir()).env("KSTACK_OBTAIN", "build");
        command.arg("sandbox").args(arguments);
        command
    }

    /// Runs `kstack sandbox …`, which must succeed, and gives its one JSON document.
    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.kstack(arguments).args(["--format", "json"]).output().unwrap();
        succeeded(&output);
        schema::hold(&String::from_utf8_lossy(&output.stdout));
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }

    /// What `kstack sandbox status` says, whatever it exits with.
    fn status(&self, name: &str) -> Value {
        let output = self.kstack(&["status", name, "--format", "json"]).output().unwrap();
        schema::hold(&String::from_utf8_lossy(&output.stdout));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let Ok(entries) = fs::read_dir(self.sandbox("")) else { return };
        for entry in entries.flatten().filter(|entry| entry.path().join("sandbox.json").is_file()) {
            // A test that failed half-way leaves processes; whether this helps is not its question.
            let _ = self.kstack(&["down"]).arg(entry.file_name()).output();
        }
    }
}

#[track_caller]
fn succeeded(output: &Output) {
    assert!(output.status.success(), "{}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
}

/// Standard error of a command that must fail with `code`.
#[track_caller]
fn failed(output: &Output, code: i32) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    text
}

/// Process ids of a status by name; a process that does not run has none.
fn pids(status: &Value) -> std::collections::BTreeMap<String, u32> {
    let processes = status["processes"].as_array().unwrap().iter();
    processes
        .filter_map(|one| Some((one["name"].as_str()?.to_owned(), u32::try_from(one["pid"].as_u64()?).ok()?)))
        .collect()
}
