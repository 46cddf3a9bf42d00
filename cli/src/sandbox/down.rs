//! Ending a sandbox: its processes in the reverse order of their start, then its folder.

use std::{collections::BTreeSet, fs, path::Path};

use super::{
    Sink,
    error::SandboxError,
    event::SandboxEvent,
    files::remove_folder,
    launch::{MARK, mark},
    layout::Sandbox,
    member::Member,
    process,
    record::Record,
};
use crate::program::ProcessIdentity;

/// What remains of a sandbox that goes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remains {
    /// Nothing.
    Nothing,
    /// Its folder, so that the next `up` goes on with the same cluster.
    Data,
}

/// Ends all processes of a sandbox whose driver is `process`, and forgets them.
pub(super) async fn stop_all(sandbox: &Sandbox, record: &mut Record, sink: Sink<'_>) -> Result<(), SandboxError> {
    while let Some((member, process)) = record.processes.pop_last() {
        stop_member(member, &process.identity, sink).await?;
    }
    stop_marked(sandbox, &BTreeSet::new(), sink).await
}

/// Removes the sandbox's folder.
pub(super) fn remove(sandbox: &Sandbox) -> Result<(), SandboxError> {
    // The record goes first: a folder without one is no sandbox any more, even if the rest cannot be removed.
    let path = sandbox.record_path();
    fs::remove_file(&path).map_err(|source| SandboxError::io("remove", &path, source))?;
    remove_folder(&sandbox.folder())
}

/// Ends one process; tells when it was running.
pub(super) async fn stop_member(
    member: Member,
    identity: &ProcessIdentity,
    sink: Sink<'_>,
) -> Result<(), SandboxError> {
    let stopped = process::stop(identity).await;
    let path = || Path::new("/proc").join(identity.pid.to_string());
    if let Some(killed) = stopped.map_err(|source| SandboxError::io("signal", path(), source))? {
        sink(SandboxEvent::Stopped { member, killed });
    }
    Ok(())
}

/// Ends processes that bear the sandbox's mark in their environment, except those in `known`: they were started by a run
/// that was killed before it could record them.
pub(super) async fn stop_marked(sandbox: &Sandbox, known: &BTreeSet<u32>, sink: Sink<'_>) -> Result<(), SandboxError> {
    let wanted: Vec<(Member, Vec<u8>)> =
        Member::all().map(|member| (member, format!("{MARK}={}", mark(sandbox, member)).into_bytes())).collect();
    let processes = Path::new("/proc");
    let entries = fs::read_dir(processes).map_err(|source| SandboxError::io("read", processes, source))?;
    for entry in entries.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        if known.contains(&pid) {
            continue;
        }
        // The identity comes first: if the number changes hands in between, it does not fit any more.
        let Some(identity) = ProcessIdentity::of(pid) else { continue };
        // Not ours to read, or gone.
        let Ok(environment) = fs::read(entry.path().join("environ")) else { continue };
        let variables: BTreeSet<&[u8]> = environment.split(|byte| *byte == 0).collect();
        if let Some((member, _)) = wanted.iter().find(|(_, mark)| variables.contains(mark.as_slice())) {
            stop_member(*member, &identity, sink).await?;
        }
    }
    Ok(())
}
