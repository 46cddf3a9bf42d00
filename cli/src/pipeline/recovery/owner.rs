//! Who runs, and whether they can be known to be gone.

use std::fs;

use serde::{Deserialize, Serialize};

use crate::program::ProcessIdentity;

/// Who runs: a process of a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Name of the machine.
    pub host: String,
    /// Process id there.
    pub pid: u32,
    /// What makes the process id unique, where the system tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessIdentity>,
    /// The namespace that the process id counts in: containers of one machine, be they called the same, do not see each
    /// other's processes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid_namespace: Option<String>,
}

/// Whether a process runs, as far as can be told from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It runs.
    Runs,
    /// It does not, and never will again.
    Gone,
    /// It is a process of another machine, container or boot.
    OutOfSight,
}

fn pid_namespace() -> Option<String> {
    Some(fs::read_link("/proc/self/ns/pid").ok()?.to_string_lossy().into_owned())
}

impl Owner {
    /// This process.
    pub fn this_process() -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let pid = std::process::id();
        Self { host, pid, process: ProcessIdentity::of(pid), pid_namespace: pid_namespace() }
    }

    /// Whether the processes of its machine can be seen from here. A machine of the same name that was booted since may
    /// be another one: names of short-lived machines come again.
    pub fn is_in_sight(&self) -> bool {
        let here = Self::this_process();
        let boot = |owner: &Self| owner.process.as_ref().map(|process| process.boot_id.clone());
        self.host == here.host && self.pid_namespace == here.pid_namespace && boot(self) == boot(&here)
    }

    /// Whether it runs.
    pub fn life(&self) -> Life {
        match &self.process {
            Some(process) => self.life_of(process),
            // Where the system tells no more than which ids are in use, one that is may be another process by now.
            None if self.host == Self::this_process().host => {
                let pid = i32::try_from(self.pid).ok().and_then(rustix::process::Pid::from_raw);
                let gone =
                    pid.is_none_or(|pid| rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH));
                if gone { Life::Gone } else { Life::Runs }
            }
            None => Life::OutOfSight,
        }
    }

    /// Whether another process of its machine runs.
    pub fn life_of(&self, process: &ProcessIdentity) -> Life {
        match (self.is_in_sight(), process.is_alive()) {
            (false, _) => Life::OutOfSight,
            (true, true) => Life::Runs,
            (true, false) => Life::Gone,
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_seen_is_known_to_be_gone() {
        let here = Owner::this_process();
        assert_eq!(here.life(), Life::Runs);
        let with = |change: &dyn Fn(&mut Owner)| {
            let mut owner = here.clone();
            change(&mut owner);
            owner.life()
        };
        // The number is in use; what it meant is gone.
        assert_eq!(with(&|owner| owner.process.as_mut().unwrap().start_time -= 1), Life::Gone);
        assert_eq!(with(&|owner| owner.process.as_mut().unwrap().boot_id = "another".to_owned()), Life::OutOfSight);
        assert_eq!(with(&|owner| owner.pid_namespace = Some("pid:[1]".to_owned())), Life::OutOfSight);
        assert_eq!(with(&|owner| owner.host.push('x')), Life::OutOfSight);
        // As another system would have written it.
        assert_eq!(with(&|owner| owner.process = None), Life::Runs);
        assert_eq!(with(&|owner| (owner.process, owner.pid) = (None, i32::MAX as u32)), Life::Gone);
    }
}
