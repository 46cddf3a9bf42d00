//! Reading what runs of `kstack` said and left behind.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use serde_json::Value;

use super::platform::Platform;
use crate::support::cli::Ran;

/// The commit that a run says is synced.
#[track_caller]
pub fn synced(ran: &Ran) -> String {
    let found = ran.stdout.split_once("synced `main@sha1:").and_then(|(_, rest)| rest.split_once('`'));
    found.unwrap_or_else(|| panic!("{ran}")).0.to_owned()
}

/// The error of a run with its hints, without what differs from run to run; which objects are still on their way
/// does.
pub fn error(platform: &Platform, ran: &Ran) -> String {
    let text = &ran.stderr[ran.stderr.find("error: ").unwrap_or_else(|| panic!("{ran}"))..];
    let mut text = text.trim_end().to_owned();
    for (pattern, name) in [
        (r"127\.0\.0\.1:[0-9]{2,}", "[ADDRESS]"),
        ("[0-9a-f]{40}", "[COMMIT]"),
        (" after [0-9]+ ms", ""),
        ("\n  Kustomization/[^\n]*: waiting: [^\n]*", ""),
        ("`[0-9a-f]{7}`", "`[COMMIT]`"),
    ] {
        text = regex::Regex::new(pattern).unwrap().replace_all(&text, name).into_owned();
    }
    text.replace(&platform.world().root().display().to_string(), "[WORLD]")
}

/// The record of the last run.
pub fn journal(platform: &Platform) -> Value {
    let folder = platform.path(".kstack/pipeline/records/journal/ops");
    let last = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).max().unwrap();
    serde_json::from_slice(&fs::read(last).unwrap()).unwrap()
}

/// The sandbox's processes by name, from its record.
pub fn processes(platform: &Platform) -> BTreeMap<String, u32> {
    let record = fs::read(platform.sandbox().folder().join("sandbox.json")).unwrap();
    let record: Value = serde_json::from_slice(&record).unwrap();
    let processes = record["processes"].as_object().unwrap().iter();
    processes
        .map(|(name, process)| (name.clone(), process["identity"]["pid"].as_u64().unwrap().try_into().unwrap()))
        .collect()
}

/// Whether the process lives.
pub fn is_running(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}/exe")).exists()
}

/// Sends a signal, such as `INT`.
pub fn signal(pid: u32, name: &str) {
    assert!(Command::new("kill").args([format!("-{name}"), pid.to_string()]).status().unwrap().success());
}
