//! Merges with real Git and real Terraform: branches that others overtook, merged in every way, and their plans applied as
//! they were reviewed. `cli/src/pipeline/merges.rs` simulates many more of them without Terraform.
//!
//! `KSTACK_REAL_MERGES` is the number of merges.

use super::{apply, data};
use crate::support::{cli::files_below, repository::Repository};

/// Makes a change on a branch, has it planned, and gives the digest that its bundle is named by.
fn reviewed(repository: &Repository, branch: &str, stack: &str, input: &str) -> String {
    let plans = || -> Vec<String> {
        let folder = repository.pipeline().join("plans");
        if folder.exists() { files_below(&folder) } else { Vec::new() }
    };
    repository.git(&["switch", "--quiet", "--create", branch]);
    repository.stack(stack, &data(input));
    repository.commit(&format!("Change {stack}"));
    repository.write("notes.md", &format!("{input}\n"));
    repository.commit("Take notes");
    let before = plans();
    let _ = repository.kstack(&["plan"]).done();
    let mut new = plans();
    new.retain(|plan| !before.contains(plan));
    let [new] = new.as_slice() else { panic!("one stack was changed: {new:?}") };
    new.rsplit('/').next().unwrap().trim_end_matches(".zip").to_owned()
}

/// Brings `branch` to `main` in the way that forges do.
fn merge(repository: &Repository, branch: &str, how: usize) {
    if how == 2 {
        repository.git(&["rebase", "--quiet", "main", branch]);
    }
    repository.git(&["switch", "--quiet", "main"]);
    match how {
        0 => drop(repository.git(&["merge", "--quiet", "--no-ff", "--no-edit", branch])),
        1 => {
            repository.git(&["merge", "--quiet", "--squash", branch]);
            repository.commit("Squash");
        }
        _ => drop(repository.git(&["merge", "--quiet", "--ff-only", branch])),
    }
}

#[test]
fn reviewed_plans_survive_every_way_to_merge() {
    let merges = std::env::var("KSTACK_REAL_MERGES").map_or(3, |text| text.parse::<usize>().unwrap());
    let repository = Repository::new();
    let stacks = ["app", "db", "net"];
    for round in 0..merges {
        let (stack, how) = (stacks[round / 3 % 3], round % 3);
        let branch = format!("change-{round}");
        let digest = reviewed(&repository, &branch, stack, &format!("value {round}"));
        // Meanwhile somebody else is merged, in another stack and in what no stack reads.
        repository.git(&["switch", "--quiet", "main"]);
        repository.write("docs/guide.md", &format!("{round}\n"));
        repository.write("infra/other/main.tf", &format!("terraform {{\n  backend \"local\" {{}}\n}}\n# {round}\n"));
        repository.write("infra/other/stack.hcl", "environments = [\"apps\"]\n");
        repository.commit("Change something else");
        merge(&repository, &branch, how);
        let _ = apply(&repository, &[]).done();
        let entries = &repository.journal().entries;
        assert_eq!(entries.len(), 1, "{entries:?}");
        let applied = &entries[&format!("ops/{stack}")];
        assert!(applied.plan_sha256.starts_with(&digest), "round {round}: not the plan that was reviewed");
    }

    // Two that change the same stack: who comes second was not reviewed as it is now.
    let second = reviewed(&repository, "second", "app", "second");
    repository.git(&["switch", "--quiet", "main"]);
    repository.git(&["switch", "--quiet", "--create", "first"]);
    repository.write("infra/app/more.tf", "resource \"terraform_data\" \"more\" {}\n");
    repository.commit("Add more");
    let _ = repository.kstack(&["plan"]).done();
    merge(&repository, "first", 1);
    let _ = apply(&repository, &[]).done();
    merge(&repository, "second", 0);
    let ran = apply(&repository, &[]);
    assert_eq!(ran.code, Some(1), "{ran}");
    let words = "app (ops): closure differs: reviewed commit [COMMIT], found other content in `infra/app/main.tf`";
    assert!(ran.stderr.contains(words), "{ran}");
    let _ = repository.kstack(&["plan", "--pending"]).done();
    let _ = apply(&repository, &[]).done();
    assert!(!repository.journal().entries["ops/app"].plan_sha256.starts_with(&second));
}
