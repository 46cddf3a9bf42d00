//! A change of a module that all stacks share: kstack's plan and review of it, next to loops of `xargs` around Terraform.

use crate::{
    measure::{Table, cpus, runs, walls},
    stacks::{Loop, Stacks, Weight, memory_text, review},
};

/// Measures stacks with the AWS provider, then light ones.
pub fn measure(table: &Table) {
    for (weight, count, times) in [(Weight::Heavy, 24, 2), (Weight::Light, 100, 5)] {
        if let Some(stacks) = Stacks::applied(weight, count) {
            compare(table, &stacks, runs(times));
        }
    }
}

fn compare(table: &Table, stacks: &Stacks, runs: usize) {
    let what = stacks.title();
    let markdown = review(stacks);
    let plan = ["plan", "HEAD~1..HEAD", "--markdown", markdown.to_str().unwrap()];
    stacks.change();

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..runs.div_ceil(3) {
        stacks.forget();
        ours.push(stacks.kstack(&plan));
        stacks.clone_by_hand();
        theirs.push(stacks.by_hand(Loop::InitPlanShow));
    }
    table.runs(&format!("{what}, cold: `kstack plan`"), &ours);
    table.runs(&format!("{what}, cold: `xargs` of init, plan and show"), &theirs);
    table.ratio(&format!("{what}, cold: init, plan and show / kstack"), &walls(&theirs), &walls(&ours));

    let (mut ours, mut plans, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..runs {
        ours.push(stacks.kstack(&plan));
        plans.push(stacks.by_hand(Loop::Plan));
        // Takes the longest and is the farthest away: seldom is enough.
        if run % 3 == 0 {
            all.push(stacks.by_hand(Loop::InitPlanShow));
        }
    }
    table.runs(&format!("{what}: `kstack plan`"), &ours);
    table.runs(&format!("{what}: `xargs` of plan"), &plans);
    table.runs(&format!("{what}: `xargs` of init, plan and show"), &all);
    table.times(&format!("{what}: `kstack plan`, processor time"), &cpus(&ours), None);
    table.times(&format!("{what}: `xargs` of plan, processor time"), &cpus(&plans), None);
    table.ratio(&format!("{what}: kstack / plan, processor time"), &cpus(&ours), &cpus(&plans));
    let (ours, plans, all) = (walls(&ours), walls(&plans), walls(&all));
    table.ratio(&format!("{what}: kstack / plan"), &ours, &plans);
    let beside: Vec<_> = ours.iter().step_by(3).copied().collect();
    table.ratio(&format!("{what}: init, plan and show / kstack"), &all, &beside);
    table.note(&format!("{what}: all processes of `kstack plan`"), &memory_text(stacks.kstack_memory(&plan)));
    table.note(&format!("{what}: all processes of `xargs` of plan"), &memory_text(stacks.by_hand_memory(Loop::Plan)));

    let nothing = |arguments: &[&str]| (0..runs).map(|_| stacks.kstack(arguments)).collect::<Vec<_>>();
    table.runs(&format!("{what}: `kstack plan` of no change"), &nothing(&["plan", "HEAD..HEAD"]));
    table
        .runs(&format!("{what}: `kstack list --changed` of no change"), &nothing(&["list", "--changed", "HEAD..HEAD"]));
}
