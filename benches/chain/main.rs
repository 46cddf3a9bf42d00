//! Figures of the whole chain, as a person meets them: whole processes of the real program, side by side with what
//! they are compared with, on real components. `docs/benchmarks.md` says what came out and under which conditions.
//!
//! `cargo bench --bench chain` measures everything in some minutes; `cargo bench --bench chain -- init aws` these
//! parts. The parts: init, changes, pipeline, outputs, sandbox, try, aws.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that fails says nothing")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints figures")]

mod aws;
mod changes;
mod init;
mod local;
mod measure;
mod memory;
mod outputs;
mod pipeline;
#[expect(dead_code, reason = "the tests use more of it")]
mod shared;
mod stacks;
mod terramate;

use std::process::Command;

use measure::Table;

/// Measures one part.
type Measure = fn(&Table);

/// The parts by name, in the order in which they run.
const PARTS: [(&str, Measure); 7] = [
    ("init", init::measure),
    ("changes", changes::measure),
    ("pipeline", pipeline::measure),
    ("outputs", outputs::measure),
    ("sandbox", local::measure_sandbox),
    ("try", local::measure_try),
    ("aws", aws::measure),
];

fn main() {
    // `cargo bench` adds `--bench`.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    if let Some(unknown) = wanted.iter().find(|name| PARTS.iter().all(|(part, _)| part != name)) {
        panic!("there is no part `{unknown}`");
    }
    print_conditions();
    for (part, measure) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|name| name == part) {
            let start = std::time::Instant::now();
            println!("\n{part}\n");
            measure(&Table::new());
            eprintln!("{part}: took {:.0} s", start.elapsed().as_secs_f64());
        }
    }
    stacks::clear();
}

/// What figures depend on.
fn print_conditions() {
    let said = |program: &str, argument: &str| {
        let output = Command::new(program).arg(argument).output();
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        text.lines().next().unwrap_or("none").to_owned()
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("{cores} cores, load {}, {} {}", load.trim(), said("uname", "-s"), said("uname", "-r"));
    println!("{}, {}, {}", said("terraform", "-version"), said("git", "--version"), said("rustc", "--version"));
}
