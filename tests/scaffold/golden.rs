//! Rendered platforms that a person can read: `examples/` and `tests/golden/` are what kstack writes
//! today. `KSTACK_UPDATE_GOLDEN=1 cargo test golden` writes them anew; the difference is for review.
//!
//! Two things are left out there, since they are copies of what lies elsewhere: `modules/`, which
//! must be the folder of this repository, and the engine's install manifests.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use kstack::scaffold::{Answers, ChangeSet};

use super::platforms;
use crate::support::cli::files_below;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn is_copy(path: &str) -> bool {
    path.starts_with("modules/") || path.ends_with("/gotk-components.yaml")
}

fn shown(changes: &ChangeSet) -> BTreeMap<String, String> {
    let files = changes.files().filter(|(path, _)| !is_copy(path));
    files.map(|(path, file)| (path.to_owned(), String::from_utf8(file.content.to_vec()).unwrap())).collect()
}

fn compare(folder: &str, answers: &Answers) {
    let rendered = shown(&platforms::render(answers));
    let folder = repository().join(folder);
    if std::env::var_os("KSTACK_UPDATE_GOLDEN").is_some() {
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        for (path, text) in &rendered {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }
    let kept: BTreeMap<String, String> = files_below(&folder)
        .into_iter()
        .map(|path| (path.clone(), fs::read_to_string(folder.join(path)).unwrap()))
        .collect();
    let (kept_paths, paths): (Vec<_>, Vec<_>) = (kept.keys().collect(), rendered.keys().collect());
    assert_eq!(kept_paths, paths, "the files in `{}`", folder.display());
    for (path, text) in &rendered {
        assert!(
            &kept[path] == text,
            "`{path}` in `{}` is not what kstack writes today:\n{}",
            folder.display(),
            similar::TextDiff::from_lines(&kept[path], text).unified_diff()
        );
    }
}

#[test]
fn every_example_is_what_kstack_writes() {
    for folder in platforms::ALL {
        compare(folder, &platforms::answers(folder));
    }
}

#[test]
fn every_example_is_compared() {
    for parent in ["examples", "tests/golden"] {
        for entry in fs::read_dir(repository().join(parent)).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{parent}/{}", path.file_stem().unwrap().to_str().unwrap());
            assert!(name == "examples/README" || platforms::ALL.contains(&name.as_str()), "{name}");
        }
    }
}

#[test]
fn modules_are_the_ones_of_this_repository_and_only_those_of_the_platform_s_clouds() {
    for (name, answers) in platforms::all() {
        let changes = platforms::render(&answers);
        let mut clouds = BTreeSet::new();
        for (path, file) in changes.files().filter(|(path, _)| path.starts_with("modules/")) {
            assert!(fs::read(repository().join(path)).unwrap() == file.content.as_ref(), "{name}: {path}");
            clouds.insert(path.split('/').nth(1).unwrap().to_owned());
        }
        let used = answers.clusters.iter().map(|cluster| cluster.provider().name().to_owned());
        assert_eq!(clouds, used.chain(["common".to_owned()]).collect(), "{name}");
    }
}

#[test]
fn every_registry_holds_the_engine_as_it_was_given() {
    let changes = platforms::render(&platforms::local());
    for environment in ["ops", "apps"] {
        let path = format!("clusters/local-gc0/{environment}/flux-system/gotk-components.yaml");
        assert_eq!(changes.get(&path), Some(platforms::ENGINE.as_bytes()));
    }
}
