//! How Go collects garbage in Terraform and its providers, which are all Go programs
//! (<https://go.dev/doc/gc-guide>).
//!
//! What they make of a provider's schema lives long, and Go looks through all of it again each time that the heap has
//! doubled: with the AWS provider and few resources that is a seventh of a plan's processor time (docs/benchmarks.md). Let grow to
//! five times, such a plan takes a quarter more memory. What is large already must not grow as freely, so there
//! is a limit from which on memory is worth more than time.

use std::{env, fs, num::NonZero, thread};

/// How much the heap may grow before it is looked through, in percent of what lives; Go's default is 100.
const GROWTH: u32 = 400;

/// The least limit, in bytes: below it nothing is large.
const LEAST: u64 = 1 << 30;

/// The variables of every run; none where the user has decided.
pub(super) fn variables() -> Vec<(&'static str, String)> {
    if ["GOGC", "GOMEMLIMIT"].iter().any(|name| env::var_os(name).is_some()) {
        return Vec::new();
    }
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    vec![("GOGC", GROWTH.to_string()), ("GOMEMLIMIT", limit(memory(), cores as u64).to_string())]
}

/// What one process may take before it collects more eagerly, in bytes: its share when as many run as usually do, which is
/// three for two cores, each of them with a provider.
fn limit(memory: Option<u64>, cores: u64) -> u64 {
    memory.map_or(LEAST, |memory| (memory / (3 * cores.max(1))).max(LEAST))
}

/// The memory of this machine, or of the container around us, in bytes; `None` where Linux does not tell.
fn memory() -> Option<u64> {
    let machine = total(&fs::read_to_string("/proc/meminfo").ok()?)?;
    let container = fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    Some(container.unwrap_or(machine).min(machine))
}

/// `MemTotal:       24576000 kB`
fn total(text: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    value.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_a_share_of_the_memory_and_never_small() {
        const GIB: u64 = 1 << 30;
        assert_eq!(limit(Some(24 * GIB), 2), 4 * GIB);
        assert_eq!(limit(Some(2 * GIB), 2), GIB);
        assert_eq!(limit(None, 64), GIB);
        assert_eq!(total("MemTotal:       24576000 kB\nMemFree: 1 kB\n"), Some(24_576_000 * 1024));
        assert_eq!(total("MemFree: 1 kB\n"), None);
    }
}
