//! Measures what Terraform takes of this machine, from Linux's `/proc` and the memory limits of control groups
//! (<https://docs.kernel.org/filesystems/proc.html>, <https://docs.kernel.org/admin-guide/cgroup-v2.html>).
//! Elsewhere nothing is measured, and the number of cores alone sets the pace.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::Reading;

/// Reads what runs, once and again.
#[derive(Debug)]
pub struct Gauge {
    proc: PathBuf,
    cgroups: PathBuf,
    me: u32,
    cores: usize,
    last: Option<Sample>,
}

/// What the clocks showed.
#[derive(Debug)]
struct Sample {
    /// Of each process of a run, in ticks.
    own: BTreeMap<u32, u64>,
    machine: Machine,
}

/// Time of all cores since the start of the machine, in ticks.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Machine {
    cores: u64,
    total: u64,
    idle: u64,
}

/// One line of `/proc/<pid>/stat`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Process {
    id: u32,
    parent: u32,
    group: u32,
    session: u32,
    ticks: u64,
}

impl Gauge {
    /// A gauge of what this process starts; `cores` are those that it may use.
    pub fn new(cores: usize) -> Self {
        let (proc, cgroups) = (PathBuf::from("/proc"), PathBuf::from("/sys/fs/cgroup"));
        Self { proc, cgroups, me: std::process::id(), cores, last: None }
    }

    /// What can be read now. What cannot is left out: it may be another system, or forbidden, and pace is no reason
    /// to fail.
    pub fn read(&mut self) -> Reading {
        let runs = runs(&self.processes(), self.me);
        let resident = runs.values().map(|processes| {
            let own = processes.iter().filter_map(|process| {
                own_memory(&fs::read_to_string(self.proc.join(process.id.to_string()).join("status")).ok()?)
            });
            own.sum()
        });
        let resident = resident.collect();
        let own = runs.values().flatten().map(|process| (process.id, process.ticks)).collect();
        let machine = fs::read_to_string(self.proc.join("stat")).ok().and_then(|text| machine(&text));
        let sample = machine.map(|machine| Sample { own, machine });
        let busy = self.last.as_ref().zip(sample.as_ref()).and_then(|(last, now)| busy(last, now, self.cores));
        self.last = sample;
        Reading { available: self.available(), resident, busy }
    }

    fn processes(&self) -> Vec<Process> {
        let Ok(entries) = fs::read_dir(&self.proc) else { return Vec::new() };
        let ids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
        // One that ends meanwhile cannot be read, and needs not be.
        ids.filter_map(|id| process(&fs::read_to_string(self.proc.join(id.to_string()).join("stat")).ok()?)).collect()
    }

    /// What the machine has left, or a control group around us if that is less.
    fn available(&self) -> Option<u64> {
        let machine = kilobytes(&fs::read_to_string(self.proc.join("meminfo")).ok()?, "MemAvailable:")?;
        let groups = fs::read_to_string(self.proc.join("self/cgroup")).unwrap_or_default();
        // Version 2 has one line, `0::/path`.
        let Some(path) = groups.lines().find_map(|line| line.strip_prefix("0::/")) else { return Some(machine) };
        let group = self.cgroups.join(path);
        let around = group.ancestors().take_while(|folder| folder.starts_with(&self.cgroups));
        Some(around.filter_map(left_in).fold(machine, u64::min))
    }
}

/// What the control group of `folder` may still take, in bytes; `None`: it sets no limit. Files that were read and can
/// be forgotten count as taken there, and are given back first.
fn left_in(folder: &Path) -> Option<u64> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
    let limit: u64 = read("memory.max")?.trim().parse().ok()?;
    let current: u64 = read("memory.current")?.trim().parse().ok()?;
    let stat = read("memory.stat").unwrap_or_default();
    let forgettable: u64 =
        stat.lines().find_map(|line| line.strip_prefix("inactive_file ")?.trim().parse().ok()).unwrap_or(0);
    Some(limit.saturating_sub(current.saturating_sub(forgettable)))
}

/// The processes of each Terraform: the groups that our children lead, with the providers in them. What was started
/// to go on without us has a session of its own.
fn runs(processes: &[Process], me: u32) -> BTreeMap<u32, Vec<Process>> {
    let session = processes.iter().find(|process| process.id == me).map(|process| process.session);
    let leads =
        |process: &&Process| process.parent == me && process.group == process.id && Some(process.session) == session;
    let mut runs: BTreeMap<u32, Vec<Process>> =
        processes.iter().filter(leads).map(|leader| (leader.id, Vec::new())).collect();
    for process in processes {
        if let Some(run) = runs.get_mut(&process.group) {
            run.push(*process);
        }
    }
    runs
}

/// A line of `/proc/<pid>/stat`. The name of the program stands in parentheses and may hold any character.
fn process(line: &str) -> Option<Process> {
    let (id, rest) = line.split_once(" (")?;
    let (_, rest) = rest.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    let small = |index: usize| u32::try_from(number(index)?).ok();
    // From the state on, which is the third field: parent, group and session follow it; times are the 14th and 15th.
    Some(Process {
        id: id.parse().ok()?,
        parent: small(1)?,
        group: small(2)?,
        session: small(3)?,
        ticks: number(11)? + number(12)?,
    })
}

/// What a process has for itself, in bytes, from its `status`: without the files that it maps, which other runs of the
/// same program share and the system can take back.
fn own_memory(status: &str) -> Option<u64> {
    kilobytes(status, "RssAnon:")
}

fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    value.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The clocks of `/proc/stat`: `cpu  user nice system idle iowait irq softirq steal …`, then a line for each core.
fn machine(stat: &str) -> Option<Machine> {
    let all = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = all.split_ascii_whitespace().filter_map(|tick| tick.parse().ok()).collect();
    let cores = stat.lines().skip(1).filter(|line| line.starts_with("cpu")).count() as u64;
    // The time of guests, after these eight, is in the user's already.
    Some(Machine { cores, total: ticks.iter().take(8).sum(), idle: ticks.get(3)? + ticks.get(4).unwrap_or(&0) })
}

/// The share of the cores that was used between two samples: by us of those that we may use, or by all of all.
fn busy(last: &Sample, now: &Sample, cores: usize) -> Option<f64> {
    let total = now.machine.total.checked_sub(last.machine.total).filter(|total| *total > 0)?;
    let idle = now.machine.idle.saturating_sub(last.machine.idle);
    let own: u64 = now.own.iter().map(|(id, ticks)| ticks.saturating_sub(last.own.get(id).copied().unwrap_or(0))).sum();
    let all = 1.0 - idle as f64 / total as f64;
    let ours = own as f64 / total as f64 * now.machine.cores as f64 / cores.max(1) as f64;
    Some(all.max(ours).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn stat(id: u32, name: &str, parent: u32, group: u32, session: u32, ticks: u64) -> String {
        format!("{id} ({name}) S {parent} {group} {session} 0 -1 4194304 1 2 3 4 {ticks} 5 0 0 20 0 1 0 99 1 2")
    }

    /// A machine as `/proc` would show it: we are process 10.
    fn gauge(root: &Path) -> Gauge {
        for (id, name, parent, group, session, kb) in [
            (1, "init", 0, 1, 1, 9000),
            (10, "kstack", 1, 10, 10, 50_000),
            (20, "terraform", 10, 20, 10, 100_000),
            (21, "a (b) c", 20, 20, 10, 300_000),
            (30, "terraform", 10, 30, 10, 80_000),
            (40, "kube-apiserver", 10, 40, 40, 400_000),
        ] {
            write(root, &format!("proc/{id}/stat"), &stat(id, name, parent, group, session, 100));
            write(root, &format!("proc/{id}/status"), &format!("Name:\t{name}\nRssAnon:\t  {kb} kB\n"));
        }
        write(root, "proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable:    4000000 kB\n");
        write(root, "proc/stat", "cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1 1 1\ncpu1 1 1 1\nintr 5\n");
        let (proc, cgroups) = (root.join("proc"), root.join("cgroup"));
        Gauge { proc, cgroups, me: 10, cores: 2, last: None }
    }

    #[test]
    fn a_run_is_its_group_with_the_providers_and_nothing_else_of_ours_counts() {
        let root = tempfile::tempdir().unwrap();
        let mut gauge = gauge(root.path());
        let reading = gauge.read();
        assert_eq!(reading.resident, [400_000 * 1024, 80_000 * 1024]);
        assert_eq!(reading.available, Some(4_000_000 * 1024));
        assert_eq!(reading.busy, None, "it takes two looks");

        // Half of the time of all cores is used, and three quarters of that of ours by the runs.
        write(root.path(), "proc/stat", "cpu  350 0 350 1150 150 0 0 0 0 0\ncpu0 1\ncpu1 1\n");
        write(root.path(), "proc/21/stat", &stat(21, "provider", 20, 20, 10, 850));
        assert_eq!(gauge.read().busy, Some(0.75));
    }

    #[test]
    fn the_tightest_control_group_counts() {
        let root = tempfile::tempdir().unwrap();
        let mut gauge = gauge(root.path());
        write(root.path(), "proc/self/cgroup", "0::/runner/job\n");
        write(root.path(), "cgroup/runner/job/memory.max", "max\n");
        write(root.path(), "cgroup/runner/memory.max", "1000000\n");
        write(root.path(), "cgroup/runner/memory.current", "800000\n");
        write(root.path(), "cgroup/runner/memory.stat", "anon 1\ninactive_file 300000\n");
        assert_eq!(gauge.read().available, Some(500_000));
    }

    #[test]
    fn where_nothing_can_be_read_nothing_is_said() {
        let nowhere = tempfile::tempdir().unwrap();
        let (proc, cgroups) = (nowhere.path().join("proc"), nowhere.path().join("cgroup"));
        let mut gauge = Gauge { proc, cgroups, me: 10, cores: 2, last: None };
        assert_eq!(gauge.read(), Reading::default());
        for line in ["", "1", "1 (x", "1 (x) S", "1 (x) S a b c", &"9 ".repeat(50)] {
            assert_eq!(process(line), None, "{line}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_can_be_read() {
        let reading = Gauge::new(1).read();
        assert!(reading.available.is_some_and(|bytes| bytes > 1 << 20), "{reading:?}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_child_with_its_group_is_a_run_of_ours() {
        use std::{os::unix::process::CommandExt as _, process::Command};

        let mut child = Command::new("sleep").arg("60").process_group(0).spawn().unwrap();
        let gauge = Gauge::new(2);
        // Other tests may have children of their own.
        let runs = runs(&gauge.processes(), gauge.me);
        child.kill().unwrap();
        let _ = child.wait().unwrap();
        assert_eq!(runs[&child.id()].iter().map(|process| process.id).collect::<Vec<_>>(), [child.id()]);
        assert!(!runs.contains_key(&gauge.me));
    }
}
