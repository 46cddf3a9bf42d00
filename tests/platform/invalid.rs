//! Everything that is wrong in a platform's files is told at once, each problem at its place.
//!
//! Each folder of `tests/platform/invalid/` is a small platform with one kind of mistake, and `message.txt` is what
//! `kstack validate` prints about it. `KSTACK_UPDATE_GOLDEN=1 cargo test platform::invalid` writes the messages anew;
//! the difference is for review. A case without a `kstack.hcl` gets that of `valid/`, and one without
//! `environments/` gets those files, so that a case shows what it is about and nothing else. A case that calls modules
//! gets those that `kstack init` writes, unless it has modules of its own. The cases called `valid…` have no mistake, at most something to look at.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::support::cli::{World, files_below};

const MESSAGE: &str = "message.txt";

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/platform/invalid")
}

/// Copies the files of `case` into `world`, all of them or those below `part`.
fn copy(world: &World, case: &Path, part: &str) {
    for path in files_below(case).iter().filter(|path| path.starts_with(part) && *path != MESSAGE) {
        world.write(path, &fs::read_to_string(case.join(path)).unwrap());
    }
}

/// The modules of this repository, without their tests, if a file of `world` calls one.
fn add_modules(world: &World) {
    let calls = |path: &String| path.ends_with(".tf") && world.read(path).contains("\"../../modules/");
    let files = files_below(&world.work());
    if !files.iter().any(calls) || files.iter().any(|path| path.starts_with("modules/")) {
        return;
    }
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("modules");
    for path in files_below(&modules).iter().filter(|path| path.ends_with(".tf") && !path.contains("/tests/")) {
        world.write(&format!("modules/{path}"), &fs::read_to_string(modules.join(path)).unwrap());
    }
}

#[test]
fn every_mistake_is_told_at_its_place() {
    let update = std::env::var_os("KSTACK_UPDATE_GOLDEN").is_some();
    let valid = cases().join("valid");
    let mut folders: Vec<PathBuf> = fs::read_dir(cases()).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let mut wrong = Vec::new();
    for case in &folders {
        let mut world = World::new();
        // Where a rule of a module stands does not matter here, nor how many files the modules have.
        world.filter(r"(modules/\S+\.tf:)\d+", "$1[LINE]");
        world.filter(r"valid: \d+ files", "valid: [N] files");
        for part in ["kstack.hcl", "environments/"] {
            if !case.join(part).exists() {
                copy(&world, &valid, part);
            }
        }
        copy(&world, case, "");
        add_modules(&world);
        let ran = world.kstack(&["validate"]);
        let name = case.file_name().unwrap().to_str().unwrap();
        assert_eq!(ran.code == Some(0), name.starts_with("valid"), "{name}:\n{ran}");
        let (message, printed) = (case.join(MESSAGE), format!("{ran}\n"));
        if update {
            fs::write(&message, &printed).unwrap();
        }
        let kept = fs::read_to_string(&message).unwrap_or_default();
        if kept != printed {
            let diff = similar::TextDiff::from_lines(&kept, &printed);
            wrong.push(format!("{}:\n{}", message.display(), diff.unified_diff()));
        }
    }
    assert!(wrong.is_empty(), "messages are not as reviewed:\n{}", wrong.join("\n"));
}
