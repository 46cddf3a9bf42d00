//! What a change affects, among thousands of stacks that share forty modules: kstack next to Terramate, in the same
//! repository and with the same answer.

use std::{
    fmt::Write as _,
    io::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
};

use crate::{
    measure::{Run, Table, bare, kstack, run, runs, walls},
    shared::{
        cli::{World, find_program},
        fleet,
        repository::{Content, Files},
    },
    terramate,
};

/// The module that the change touches.
const TOUCHED: &str = "modules/m07/main.tf";

/// Measures two thousand stacks, and ten times as many.
pub fn measure(table: &Table) {
    let terramate = terramate::program();
    let small = at(table, 2_000, runs(11), terramate.as_deref());
    let large = at(table, 20_000, runs(3), terramate.as_deref());
    table.ratio("`kstack list --changed`: 20,000 / 2,000 stacks", &walls(&large), &walls(&small));
}

fn at(table: &Table, stacks: usize, runs: usize, terramate: Option<&Path>) -> Vec<Run> {
    let mut world = World::new();
    world.install("git");
    world.write("../home/.terramaterc", terramate::SETTINGS);
    let affected = repository(&world, stacks);
    let (kstack, git, work) = (kstack(), find_program("git").unwrap(), world.work());
    let list = ["list", "--changed", "HEAD~1..HEAD", "--format=json"];
    let changed = ["list", "--changed", "--git-change-base=HEAD~1"];

    let answer = world.command(&kstack, &work).args(list).output().unwrap();
    assert_eq!(lines(&answer.stdout), 2 * affected, "each stack is in two environments");
    if let Some(terramate) = terramate {
        let answer = world.command(terramate, &work).args(changed).output().unwrap();
        assert_eq!(lines(&answer.stdout), affected, "{}", String::from_utf8_lossy(&answer.stderr));
    }
    let (mut ours, mut theirs, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        ours.push(bare(&world, &work, &kstack, &list));
        names.push(bare(&world, &work, &git, &["diff", "--name-only", "HEAD~1", "HEAD"]));
        theirs.extend(terramate.map(|terramate| bare(&world, &work, terramate, &changed)));
    }
    let peak = |runs: &mut Vec<Run>, program: Option<&Path>, arguments: &[&str]| {
        if let (Some(first), Some(program)) = (runs.first_mut(), program) {
            first.peak = run(&world, &work, program, arguments).peak;
        }
    };
    peak(&mut ours, Some(&kstack), &list);
    peak(&mut theirs, terramate, &changed);
    let what = format!("{affected} of {stacks} stacks");
    table.runs(&format!("{what}: `kstack list --changed`"), &ours);
    table.runs(&format!("{what}: `terramate list --changed`"), &theirs);
    table.ratio(&format!("{what}: terramate / kstack"), &walls(&theirs), &walls(&ours));
    table.runs(&format!("{what}: `git diff --name-only`, which gives paths"), &names);
    let nothing: Vec<_> =
        (0..runs).map(|_| bare(&world, &work, &kstack, &["list", "--changed", "HEAD..HEAD"])).collect();
    table.runs(&format!("no change among {stacks} stacks: `kstack list --changed`"), &nothing);
    ours
}

fn lines(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte == b'\n').count()
}

/// Makes the repository in the working folder, and gives how many stacks the change affects.
fn repository(world: &World, stacks: usize) -> usize {
    let (mut files, users) = fleet::platform(stacks);
    files = files.with("terramate.tm.hcl", terramate::CONFIGURATION);
    for stack in 0..stacks {
        let (path, text) =
            (format!("infra/s{stack:04}/stack.tm.hcl"), format!("stack {{\n  id = \"s{stack:04}\"\n}}\n"));
        files = files.with(&path, &text);
    }
    world.must("", "git", &["init", "--quiet", "--initial-branch=main"]);
    import(world, &files, &files.clone().touched(TOUCHED));
    world.must("", "git", &["reset", "--hard", "--quiet"]);
    users.len()
}

/// Writes two commits through `git fast-import`, which packs them at once.
fn import(world: &World, base: &Files, head: &Files) {
    let mut stream = String::new();
    let all: Vec<_> = base.0.iter().collect();
    let touched: Vec<_> = head.0.iter().filter(|(path, _)| *path == TOUCHED).collect();
    for files in [all, touched] {
        stream += "commit refs/heads/main\ncommitter Test <test@example.com> 1700000000 +0000\ndata 7\nChange\n\n";
        for (path, content) in files {
            let Content::File(bytes) = content else { panic!("`{path}` is no plain file") };
            let text = std::str::from_utf8(bytes).unwrap();
            write!(stream, "M 100644 inline {path}\ndata {}\n{text}\n", text.len()).unwrap();
        }
    }
    let git: PathBuf = find_program("git").unwrap();
    let mut command = world.command(git, &world.work());
    let mut process = command.args(["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn().unwrap();
    process.stdin.take().unwrap().write_all(stream.as_bytes()).unwrap();
    assert!(process.wait().unwrap().success());
}
