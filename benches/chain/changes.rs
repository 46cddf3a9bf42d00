//! What a change affects, among two thousand stacks that share forty modules.

use crate::{
    measure::{Table, bare, kstack, run, walls},
    shared::{
        cli::{World, find_program},
        fleet,
        repository::Repo,
    },
};

const RUNS: usize = 21;

/// Measures `kstack list --changed` next to the question that Git alone can answer.
pub fn measure(table: &Table) {
    let mut world = World::new();
    world.install("git");
    let (base, users) = fleet::platform();
    let repo = Repo::new();
    repo.commit(&base);
    repo.commit(&base.clone().touched("modules/m07/main.tf"));
    repo.check_out();
    let git = find_program("git").unwrap();
    bare(&world, repo.path(), &git, &["gc", "--quiet"]);

    let (kstack, list) = (kstack(), ["list", "--changed", "HEAD~1..HEAD", "--format=json"]);
    let peak = run(&world, repo.path(), &kstack, &list).peak;
    let (mut ours, mut names) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        ours.push(bare(&world, repo.path(), &kstack, &list));
        names.push(bare(&world, repo.path(), &git, &["diff", "--name-only", "HEAD~1", "HEAD"]));
    }
    ours[0].peak = peak;
    let (stacks, modules, affected) = (fleet::STACKS, fleet::MODULES, users.len());
    table.runs(&format!("`kstack list --changed`: {affected} of {stacks} stacks use one of {modules} modules"), &ours);
    table.runs("`git diff --name-only`: paths, not stacks", &names);
    table.ratio("list / diff", &walls(&ours), &walls(&names));
}
