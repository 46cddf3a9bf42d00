//! Whole processes measured from outside: wall time, and peak memory by GNU `time` where it is installed.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::shared::cli::World;

/// GNU `time`, which asks the kernel for the resources that a finished process used.
const TIME: &str = "/usr/bin/time";

/// One finished run.
pub struct Run {
    /// From the start of the process to its end.
    pub wall: Duration,
    /// The peak of the largest of its processes, in KiB; `None` without GNU `time`.
    pub peak: Option<u64>,
    /// The processor time of all its processes; `None` without GNU `time`.
    pub cpu: Option<Duration>,
    /// What it said on standard error, each line with the time since the start.
    pub said: Vec<(Duration, String)>,
}

/// Runs `program` in a folder of `world` and requires success.
pub fn run(world: &World, folder: &Path, program: &Path, arguments: &[&str]) -> Run {
    let peak = world.root().join("peak");
    let mut command = if Path::new(TIME).exists() {
        let mut command = world.command(TIME, folder);
        command.args(["--format=%M %U %S", "--output"]).arg(&peak).arg(program);
        command
    } else {
        world.command(program, folder)
    };
    let mut run = clock(command.args(arguments));
    let text = fs::read_to_string(&peak).ok();
    let figures = text.iter().flat_map(|text| text.split_whitespace());
    if let [peak, user, system] = figures.collect::<Vec<_>>()[..] {
        run.peak = peak.parse().ok();
        let seconds = [user, system].iter().map(|text| text.parse::<f64>().unwrap()).sum();
        run.cpu = Some(Duration::from_secs_f64(seconds));
    }
    run
}

/// Runs a short program without anything around it, so that only its own time counts.
pub fn bare(world: &World, folder: &Path, program: &Path, arguments: &[&str]) -> Run {
    clock(world.command(program, folder).args(arguments))
}

fn clock(command: &mut Command) -> Run {
    let start = Instant::now();
    let mut process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(process.stderr.take().unwrap()).lines();
    let said: Vec<_> = lines.map(|line| (start.elapsed(), line.unwrap())).collect();
    let status = process.wait().unwrap();
    let wall = start.elapsed();
    let lines = || said.iter().fold(String::new(), |text, (_, line)| text + line + "\n");
    assert!(status.success(), "{command:?}: {status}\n{}", lines());
    Run { wall, peak: None, cpu: None, said }
}

/// The program that is measured: the one built with this one, or another that `KSTACK_PROGRAM` names.
pub fn kstack() -> PathBuf {
    let named = std::env::var_os("KSTACK_PROGRAM").map(PathBuf::from);
    named.unwrap_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_kstack")))
}

/// How often to measure something: as often as `KSTACK_BENCH_RUNS` says, or else `usual`.
pub fn runs(usual: usize) -> usize {
    let asked = std::env::var("KSTACK_BENCH_RUNS").ok();
    asked.map_or(usual, |asked| asked.parse().expect("`KSTACK_BENCH_RUNS` is a number"))
}

/// A Markdown table of figures; each row is printed as soon as it is known.
pub struct Table;

impl Table {
    /// Prints the head of a table.
    pub fn new() -> Self {
        println!("| what | runs | min | median | max | peak memory |\n|---|---|---|---|---|---|");
        Self
    }

    /// A row of runs.
    pub fn runs(&self, what: &str, runs: &[Run]) {
        let walls: Vec<_> = runs.iter().map(|run| run.wall).collect();
        let peak = runs.iter().filter_map(|run| run.peak).max();
        self.times(what, &walls, peak.map(|kib| format!("{} MiB", kib / 1024)));
    }

    /// A row of times.
    pub fn times(&self, what: &str, times: &[Duration], peak: Option<String>) {
        let seconds = times.iter().map(Duration::as_secs_f64).collect();
        self.row(what, seconds, peak, |value| {
            if value < 1.0 { format!("{:.1} ms", value * 1000.0) } else { format!("{value:.2} s") }
        });
    }

    /// A row of ratios, pair by pair: what was measured right after each other is compared, so that a machine that
    /// is slow for a while is slow for both.
    pub fn ratio(&self, what: &str, ours: &[Duration], theirs: &[Duration]) {
        let ratios = ours.iter().zip(theirs).map(|(ours, theirs)| ours.as_secs_f64() / theirs.as_secs_f64()).collect();
        self.row(what, ratios, None, |value| format!("{value:.2}×"));
    }

    /// A row of memory alone.
    pub fn note(&self, what: &str, peak: &str) {
        println!("| {what} | 1 | | | | {peak} |");
    }

    fn row(&self, what: &str, mut values: Vec<f64>, peak: Option<String>, text: impl Fn(f64) -> String) {
        values.sort_by(f64::total_cmp);
        let (Some(min), Some(max)) = (values.first(), values.last()) else { return };
        let middle = values.len() / 2;
        let median =
            if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) };
        let peak = peak.unwrap_or_default();
        let (min, median, max) = (text(*min), text(median), text(*max));
        println!("| {what} | {} | {min} | {median} | {max} | {peak} |", values.len());
    }
}

/// The processor times of `runs`; none without GNU `time`.
pub fn cpus(runs: &[Run]) -> Vec<Duration> {
    runs.iter().filter_map(|run| run.cpu).collect()
}

/// The wall times of `runs`.
pub fn walls(runs: &[Run]) -> Vec<Duration> {
    runs.iter().map(|run| run.wall).collect()
}
