//! Everything that is wrong in a platform's files is told at once, each problem at its place.
//!
//! Each folder of `tests/platform/invalid/` is a small platform with one kind of mistake, and `message.txt` is what
//! `kstack validate` prints about it. `KSTACK_UPDATE_GOLDEN=1 cargo test platform::invalid` writes the messages anew;
//! the difference is for review. A case without a `kstack.hcl` gets that of `valid/`, and one without
//! `environments/` gets those files, so that a case shows what it is about and nothing else. `valid/` has no mistake.

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

#[test]
fn every_mistake_is_told_at_its_place() {
    let update = std::env::var_os("KSTACK_UPDATE_GOLDEN").is_some();
    let valid = cases().join("valid");
    let mut folders: Vec<PathBuf> = fs::read_dir(cases()).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let mut wrong = Vec::new();
    for case in &folders {
        let world = World::new();
        for part in ["kstack.hcl", "environments/"] {
            if !case.join(part).exists() {
                copy(&world, &valid, part);
            }
        }
        copy(&world, case, "");
        let ran = world.kstack(&["validate"]);
        let name = case.file_name().unwrap().to_str().unwrap();
        assert_eq!(ran.code == Some(0), name == "valid", "{name}:\n{ran}");
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
