//! What a program and everything it starts hold in memory together, at the worst moment.

use std::{
    collections::HashMap,
    fs,
    path::Path,
    process::{Child, Stdio},
    time::Duration,
};

use crate::shared::cli::World;

/// How often the processes are looked at. To look costs them time, so a run is measured for its memory or for its time.
const INTERVAL: Duration = Duration::from_millis(100);

/// Runs `program` in a folder of `world`, requires success, and gives the peak of the sum of all its processes in MiB:
/// their proportional set sizes, so that what processes share counts once. `None` where Linux's `/proc` is not there.
pub fn peak(world: &World, folder: &Path, program: &Path, arguments: &[&str]) -> Option<u64> {
    let mut command = world.command(program, folder);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut process = command.spawn().unwrap();
    let peak = watch(&mut process);
    let status = process.wait().unwrap();
    assert!(status.success(), "{command:?}: {status}");
    (peak > 0).then_some(peak / 1024)
}

/// The highest sum of the process and its descendants until it ends, in KiB.
fn watch(process: &mut Child) -> u64 {
    let mut peak = 0;
    while process.try_wait().unwrap().is_none() {
        let sum = family(process.id()).iter().filter_map(|id| proportional(*id)).sum();
        peak = peak.max(sum);
        std::thread::sleep(INTERVAL);
    }
    peak
}

/// A process and all that it and its children started, by the parents that `/proc` tells.
fn family(first: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if let Some(parent) = parent(id) {
            children.entry(parent).or_default().push(id);
        }
    }
    let mut family = vec![first];
    let mut next = 0;
    while let Some(id) = family.get(next) {
        family.extend(children.remove(id).into_iter().flatten());
        next += 1;
    }
    family
}

/// The fourth field of `/proc/<id>/stat`; the second is the program's name in parentheses, which may hold anything.
fn parent(id: u32) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    text.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// The proportional set size in KiB; `None` for a process that is gone by now.
fn proportional(id: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
