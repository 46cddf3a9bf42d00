//! What stacks output: read from their states by kstack, and asked of Terraform in a loop. After the part `pipeline` in one
//! run, the stacks are those that it made.

use crate::{
    measure::{Table, runs, walls},
    stacks::{Loop, Stacks, Weight},
};

/// Measures 24 stacks with the AWS provider, whose states are in S3, and 100 light ones with states on the disk.
pub fn measure(table: &Table) {
    for (weight, count) in [(Weight::Heavy, 24), (Weight::Light, 100)] {
        let Some(stacks) = Stacks::applied(weight, count) else { continue };
        let what = stacks.title();
        stacks.clone_by_hand();
        stacks.by_hand(Loop::Init);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..runs(3) {
            ours.push(stacks.kstack(&["outputs", "--format=json"]));
            theirs.push(stacks.by_hand(Loop::Output));
        }
        table.runs(&format!("{what}: `kstack outputs`"), &ours);
        table.runs(&format!("{what}: `xargs` of `terraform output -json`"), &theirs);
        table.ratio(&format!("{what}: output / kstack"), &walls(&theirs), &walls(&ours));
    }
}
