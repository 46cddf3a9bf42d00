//! Which process a process id meant: a number alone may name somebody else's process by now.

use std::fs;

use serde::{Deserialize, Serialize};

/// A process id together with what makes it unique on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessIdentity {
    /// The process id.
    pub pid: u32,
    /// When the process started, in clock ticks since the machine booted (field 22 of `/proc/<pid>/stat`).
    pub start_time: u64,
    /// The boot that the ticks count from (`/proc/sys/kernel/random/boot_id`).
    pub boot_id: String,
}

/// What `/proc/<pid>/stat` says.
struct Stat {
    state: char,
    start_time: u64,
}

impl Stat {
    /// See proc_pid_stat(5). The command name is in parentheses and may itself hold any character.
    fn parse(text: &str) -> Option<Self> {
        let mut fields = text.get(text.rfind(')')? + 1..)?.split_ascii_whitespace();
        let state = fields.next()?.chars().next()?;
        let start_time = fields.nth(18)?.parse().ok()?; // field 22; the state was field 3
        Some(Self { state, start_time })
    }

    fn of(pid: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }
}

fn boot_id() -> Option<String> {
    Some(fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned())
}

impl ProcessIdentity {
    /// The identity of the process that has this id now; `None` when there is none.
    pub fn of(pid: u32) -> Option<Self> {
        Some(Self { pid, start_time: Stat::of(pid)?.start_time, boot_id: boot_id()? })
    }

    /// Whether this very process runs. One that ended but was not yet reaped does not.
    pub fn is_alive(&self) -> bool {
        let same = Stat::of(self.pid)
            .is_some_and(|stat| stat.start_time == self.start_time && !matches!(stat.state, 'Z' | 'X' | 'x'));
        same && boot_id().as_deref() == Some(self.boot_id.as_str())
    }

    /// Resident memory in bytes; `None` when the process does not run.
    pub fn memory(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).ok()?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kibibytes: u64 = resident.trim().strip_suffix("kB")?.trim().parse().ok()?;
        self.is_alive().then_some(kibibytes * 1024)
    }

    /// Sends `signal` to this very process; `false` when it does not run any more.
    ///
    /// A process file descriptor is opened first and the start time compared afterwards, so the
    /// signal cannot reach another process that got the same id in between.
    ///
    /// # Errors
    /// When the system refuses, which means that the process belongs to another user.
    #[cfg(target_os = "linux")]
    pub fn signal(&self, signal: Signal) -> std::io::Result<bool> {
        use rustix::{
            io::Errno,
            process::{PidfdFlags, pidfd_open, pidfd_send_signal},
        };

        let Some(pid) = i32::try_from(self.pid).ok().and_then(rustix::process::Pid::from_raw) else {
            return Ok(false);
        };
        let handle = match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(handle) => handle,
            Err(Errno::SRCH) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        if !self.is_alive() {
            return Ok(false);
        }
        match pidfd_send_signal(&handle, signal.into()) {
            Ok(()) => Ok(true),
            Err(Errno::SRCH) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Without `/proc` no process can be identified, so none is ever signalled.
    ///
    /// # Errors
    /// Always.
    #[cfg(not(target_os = "linux"))]
    pub fn signal(&self, _: Signal) -> std::io::Result<bool> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
}

/// The signals that end a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// `SIGTERM`: asks it to end.
    Terminate,
    /// `SIGKILL`: ends it.
    Kill,
}

impl From<Signal> for rustix::process::Signal {
    fn from(signal: Signal) -> Self {
        match signal {
            Signal::Terminate => Self::TERM,
            Signal::Kill => Self::KILL,
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn stat_is_read_from_the_last_parenthesis() {
        let text = "7 (a) b) R) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 100 1 18446744073709551615";
        let stat = Stat::parse(text).unwrap();
        assert_eq!((stat.state, stat.start_time), ('S', 4711));
        assert!(Stat::parse("7 (x").is_none());
    }

    #[test]
    fn another_process_with_the_same_id_is_left_alone() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let identity = ProcessIdentity::of(child.id()).unwrap();
        let stale = ProcessIdentity { start_time: identity.start_time - 1, ..identity.clone() };
        let rebooted = ProcessIdentity { boot_id: "another boot".to_owned(), ..identity.clone() };
        for other in [stale, rebooted] {
            assert!(!other.is_alive());
            assert!(!other.signal(Signal::Kill).unwrap());
            assert_eq!(other.memory(), None);
        }
        assert!(identity.is_alive());
        assert!(identity.memory().unwrap() > 0);
        assert!(identity.signal(Signal::Kill).unwrap());
        child.wait().unwrap();
        assert!(!identity.is_alive());
    }

    #[test]
    fn a_process_that_nobody_reaped_does_not_run() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let identity = ProcessIdentity::of(child.id()).unwrap();
        identity.signal(Signal::Kill).unwrap();
        while identity.is_alive() {
            std::thread::yield_now();
        }
        assert!(Stat::of(child.id()).is_some_and(|stat| stat.state == 'Z'), "it is still in the process table");
        child.wait().unwrap();
    }
}
