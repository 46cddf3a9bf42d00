//! The layers of ARCHITECTURE.md, kept by reading every `use` of every room.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Rooms from the ground up; a room may name only rooms of lower rows.
const ROWS: &[&[&str]] = &[
    &["hcl"],
    &["platform"],
    &["program", "repo", "store"],
    &["closure", "render", "review", "policy", "terraform", "sync", "sandbox", "forge"],
    &["pipeline", "scaffold", "check"],
    &["commands", "ui", "args", "error", "exit"],
];

/// Arrows within a row, each for a reason that ARCHITECTURE.md gives.
const ARROWS: &[(&str, &str)] = &[
    ("review", "terraform"),
    ("review", "render"),
    ("review", "policy"),
    ("policy", "closure"),
    ("policy", "terraform"),
    ("policy", "render"),
    ("commands", "ui"),
    ("commands", "args"),
    ("commands", "error"),
    ("commands", "exit"),
    ("ui", "args"),
    ("ui", "error"),
    ("ui", "exit"),
    ("args", "commands"),
    ("error", "exit"),
];

/// What pure rooms must not touch.
const PURE: &[(&str, &[&str])] = &[
    ("hcl", &["tokio", "kube", "git2", "std::fs", "std::process", "std::env", "std::time", "object_store"]),
    (
        "platform",
        &["tokio", "kube", "git2", "std::fs", "std::process", "std::env", "std::time", "object_store", "async "],
    ),
    (
        "review",
        // `kube::`, not `kube`: its tables name types such as `azurerm_kubernetes_cluster`.
        &["tokio", "kube::", "git2", "std::fs", "std::process", "std::env", "std::time", "object_store", "async "],
    ),
];

fn sources() -> BTreeMap<String, Vec<(PathBuf, String)>> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("cli/src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    let mut rooms = BTreeMap::<String, Vec<_>>::new();
    for file in files {
        let relative = file.strip_prefix(&root).unwrap();
        let first = relative.components().next().unwrap().as_os_str().to_str().unwrap();
        let room = first.trim_end_matches(".rs").to_owned();
        if room == "main" || room == "lib" {
            continue;
        }
        // Unit tests may reach across rooms.
        let text = fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap().to_owned();
        rooms.entry(room).or_default().push((relative.to_owned(), text));
    }
    rooms
}

fn row(room: &str) -> usize {
    ROWS.iter()
        .position(|row| row.contains(&room))
        .unwrap_or_else(|| panic!("room `{room}` has no row in tests/layers.rs and ARCHITECTURE.md"))
}

/// The rooms that a text names through `crate::`, also inside `use crate::{…}` lists.
fn named(text: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            // Only the names right inside the outer braces are rooms.
            let mut depth = 0;
            let mut name = Some(String::new());
            for character in list.chars() {
                match character {
                    '}' if depth == 0 => break,
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ if depth > 0 => {}
                    ',' => rooms.extend(name.replace(String::new())),
                    c if c.is_alphanumeric() || c == '_' => {
                        if let Some(name) = &mut name {
                            name.push(c);
                        }
                    }
                    c if c.is_whitespace() => {}
                    _ => rooms.extend(name.take()),
                }
            }
            rooms.extend(name);
        } else {
            rooms.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    rooms.retain(|room| room.starts_with(|first: char| first.is_lowercase()));
    rooms
}

#[test]
fn arrows_point_one_way() {
    let rooms = sources();
    let mut wrong = Vec::new();
    for (room, files) in &rooms {
        for (file, text) in files {
            for target in named(text) {
                if &target == room || target == "command" {
                    continue;
                }
                let arrow = ARROWS.contains(&(room.as_str(), target.as_str()));
                if row(&target) >= row(room) && !arrow {
                    wrong.push(format!("{}: `{room}` names `{target}`", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "arrows against the layers:\n{}", wrong.join("\n"));
}

#[test]
fn pure_rooms_do_no_input_or_output() {
    let rooms = sources();
    let mut wrong = Vec::new();
    for (room, forbidden) in PURE {
        for (file, text) in &rooms[*room] {
            for (number, line) in text.lines().enumerate() {
                if line.trim_start().starts_with("//") {
                    continue;
                }
                for word in forbidden.iter().filter(|word| line.contains(**word)) {
                    wrong.push(format!("{}:{}: `{word}`", file.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "impure:\n{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_uses_sees_lists_and_paths() {
    let text = "use crate::{\n    a::{X, Y},\n    b,\n    c::d,\n};\nlet x = crate::e::f();";
    assert_eq!(named(text), ["a", "b", "c", "e"]);
}
