//! `kstack init`, next to copying the files that it writes: the least that any scaffolding can cost.

use std::{fs, path::Path};

use crate::{
    measure::{Table, bare, kstack, run, walls},
    shared::{
        self,
        cli::{World, find_program},
    },
};

const RUNS: usize = 21;

/// What both write: one cluster and two environments, with Flux's own manifests.
const ARGUMENTS: [&str; 9] = [
    "init",
    "platform",
    "--provider",
    "aws",
    "--region=eu-west-1",
    "--state=s3://acme-state",
    "--base-domain=p.example.com",
    "--repository=https://git.example.com/acme/platform",
    "--quiet",
];

/// Measures in a folder in memory and in the temporary folder, which is on a disk on most machines.
pub fn measure(table: &Table) {
    let memory = Path::new("/dev/shm");
    for (name, place) in [("in memory (tmpfs)", memory), ("in the temporary folder", &std::env::temp_dir())] {
        if !place.is_dir() {
            continue;
        }
        let folder = tempfile::tempdir_in(place).unwrap();
        in_folder(table, name, folder.path());
    }
}

fn in_folder(table: &Table, name: &str, folder: &Path) {
    let mut world = World::new();
    world.set("KSTACK_COMPONENTS_DIR", shared::components());
    let (kstack, cp) = (kstack(), find_program("cp").unwrap());
    let clear = |name: &str| {
        let folder = folder.join(name);
        if folder.exists() {
            fs::remove_dir_all(folder).unwrap();
        }
    };
    // The first run also finds Flux's manifests in the cache, or fetches them.
    let peak = run(&world, folder, &kstack, &ARGUMENTS).peak;
    fs::rename(folder.join("platform"), folder.join("original")).unwrap();
    let (mut ours, mut copies, mut starts) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        clear("platform");
        ours.push(bare(&world, folder, &kstack, &ARGUMENTS));
        clear("copy");
        copies.push(bare(&world, folder, &cp, &["-R", "original", "copy"]));
        starts.push(bare(&world, folder, &kstack, &["--version"]));
    }
    ours[0].peak = peak;
    table.runs(&format!("`kstack init` {name}"), &ours);
    table.runs(&format!("`cp -R` of the result {name}"), &copies);
    table.runs("`kstack --version`: the start alone", &starts);
    table.ratio("init / copy", &walls(&ours), &walls(&copies));
}
