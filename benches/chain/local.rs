//! Control planes on this machine, and `kstack try` on one. The programs must be there: what is measured is the warm case.

use std::{path::Path, time::Duration};

use crate::{
    measure::{Run, Table, kstack, run, walls},
    shared::{self, cli::World},
};

const RUNS: usize = 3;

/// A world with what `kstack try` needs, and nothing else.
fn world() -> World {
    let mut world = World::new();
    for program in ["git", "terraform"] {
        world.install(program);
    }
    let home = world.root().join("data");
    world.set("KSTACK_HOME", home);
    world.set("KSTACK_COMPONENTS_DIR", shared::components());
    world
}

/// How long a control plane takes until it answers, with and without Flux.
pub fn measure_sandbox(table: &Table) {
    let world = world();
    let (folder, kstack) = (world.work(), kstack());
    let up = |flags: &[&str]| {
        let ran = run(&world, &folder, &kstack, &[&["sandbox", "up", "bench"], flags].concat());
        let memory = memory(&world);
        let down = run(&world, &folder, &kstack, &["sandbox", "down", "bench"]);
        (ran, memory, down)
    };
    up(&[]);
    let (mut flux, mut bare, mut downs, mut peak) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for _ in 0..RUNS {
        let (ran, memory, down) = up(&[]);
        flux.push(ran);
        downs.push(down);
        peak = memory.max(peak);
        bare.push(up(&["--kubernetes-only"]).0);
    }
    table.runs("`kstack sandbox up` with Flux", &flux);
    table.runs("`kstack sandbox up --kubernetes-only`", &bare);
    table.runs("`kstack sandbox down`", &downs);
    table.note("memory of all processes of a sandbox with Flux, right after its start", &format!("{peak} MiB"));
}

/// What the sandbox's processes hold in memory, in MiB.
fn memory(world: &World) -> u64 {
    let status = world.kstack(&["sandbox", "status", "bench", "--format=json"]).done().json().remove(0);
    let processes = status["processes"].as_array().unwrap().iter();
    processes.filter_map(|process| process["memory_bytes"].as_u64()).sum::<u64>() / 1024 / 1024
}

/// The whole tour, its steps, its hand-over, and a hand-over of what is handed over already.
pub fn measure_try(table: &Table) {
    let world = world();
    let (work, kstack) = (world.work(), kstack());
    tour(&world, &work, &kstack, "warm-up");
    let (mut whole, mut again): (Vec<Run>, Vec<Run>) = (Vec::new(), Vec::new());
    for number in 0..RUNS {
        let (tour, sync) = tour(&world, &work, &kstack, &format!("tour-{number}"));
        whole.push(tour);
        again.push(sync);
    }
    table.runs("`kstack try`", &whole);
    let steps: Vec<Vec<(String, Duration)>> = whole.iter().map(steps).collect();
    for (index, (title, _)) in steps[0].iter().enumerate() {
        let times: Vec<_> = steps.iter().map(|steps| steps[index].1).collect();
        table.times(&format!("&nbsp; step {title}"), &times, None);
    }
    let handed: Vec<_> = whole.iter().map(|run| between(run, "connected to", "[6/8]")).collect();
    table.times("hand-over in step 5: from the first answer of the API server to the synced commit", &handed, None);
    table.runs("`kstack sync` of what is synced already", &again);
    table.ratio("second / first hand-over", &walls(&again), &handed);
}

fn tour(world: &World, work: &Path, kstack: &Path, name: &str) -> (Run, Run) {
    let tour = run(world, work, kstack, &["try", name]);
    let sync = run(world, &work.join(name), kstack, &["sync"]);
    let down = tour.said.iter().find_map(|(_, line)| line.split_once("kstack sandbox down ")).expect("the way back");
    let sandbox = down.1.split(';').next().unwrap();
    run(world, work, kstack, &["sandbox", "down", sandbox]);
    (tour, sync)
}

/// Title and length of each step, by the lines that begin them.
fn steps(run: &Run) -> Vec<(String, Duration)> {
    let begin = |line: &str| Some(line.strip_prefix('[')?.split_once(':')?.0.replacen("/8]", "", 1));
    let begins: Vec<_> = run.said.iter().filter_map(|(at, line)| Some((begin(line)?, *at))).collect();
    let ends = begins.iter().skip(1).map(|(_, at)| *at).chain([run.wall]);
    begins.iter().zip(ends).map(|((title, start), end)| (title.clone(), end - *start)).collect()
}

/// The time from the first line that begins with `from` to the first that begins with `to`.
fn between(run: &Run, from: &str, to: &str) -> Duration {
    let at = |start: &str| run.said.iter().find(|(_, line)| line.starts_with(start)).unwrap().0;
    at(to) - at(from)
}
