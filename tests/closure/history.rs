//! What renames and merges bring.

use kstack::closure::Memo;

use super::{Before, Repo, kinds::platform, stacks};

#[test]
fn a_renamed_file_or_module_counts_for_those_that_use_it() {
    let main = |module: &str, file: &str| {
        format!(
            "module \"m\" {{\n  source = \"../../modules/{module}\"\n}}\nlocals {{\n  x = file(\"../../shared/{file}\")\n}}\n"
        )
    };
    let base = platform(&[
        ("infra/a/main.tf", &main("old", "old.txt")),
        ("modules/old/main.tf", "locals {}\n"),
        ("shared/old.txt", "x"),
        ("shared/unused.txt", "y"),
    ]);
    let before = Before::of(&base);
    let moved = before.after(&base.clone().without("shared/old.txt").with("shared/new.txt", "x"));
    assert_eq!(stacks(&moved), ["a"], "moved away without its user");
    let module = base.clone().without("modules/old/main.tf").with("modules/new/main.tf", "locals {}\n");
    let module = before.after(&module.with("infra/a/main.tf", &main("new", "old.txt")));
    assert_eq!(stacks(&module), ["a"]);
    assert_eq!(
        super::chain(&module, "a", "modules/new/main.tf"),
        "infra/a/main.tf:2 (module `m`)\nmodules/new/main.tf added"
    );
    let unused = before.after(&base.clone().without("shared/unused.txt").with("shared/renamed.txt", "y"));
    assert_eq!(stacks(&unused), [""; 0]);
}

#[test]
fn a_merge_brings_what_its_branch_changed() {
    let repo = Repo::new();
    let git = git2::Repository::open(repo.path()).unwrap();
    let base = platform(&[("infra/a/main.tf", "locals {}\n"), ("infra/b/main.tf", "locals {}\n")]);
    let start = repo.commit(&base);
    // On the branch `a` changes in two commits, on `main` meanwhile `b`.
    repo.commit(&base.clone().touched("infra/a/main.tf"));
    let branch = repo.commit(&base.clone().touched("infra/a/main.tf").with("infra/a/more.tf", "locals {}\n"));
    let find = |id: kstack::repo::CommitId| git.find_commit(id.to_string().parse().unwrap()).unwrap();
    git.reference("refs/heads/change", find(branch).id(), true, "x").unwrap();
    git.reference("refs/heads/main", find(start).id(), true, "x").unwrap();
    let main = repo.commit(&base.clone().touched("infra/b/main.tf"));
    let merged = repo.commit(
        &base.clone().touched("infra/a/main.tf").with("infra/a/more.tf", "locals {}\n").touched("infra/b/main.tf"),
    );
    let (author, tree) = (find(merged).author().to_owned(), find(merged).tree().unwrap());
    git.reference("refs/heads/main", find(main).id(), true, "x").unwrap();
    git.commit(Some("refs/heads/main"), &author, &author, "Merge", &tree, &[&find(main), &find(branch)]).unwrap();

    let range = |text: Option<&str>| {
        let range = repo.repository.range(text, "main").unwrap();
        let snapshot = |id| repo.repository.commit_snapshot(id).unwrap();
        let base = snapshot(range.base.unwrap());
        stacks(&kstack::closure::affected(Some(&base), &snapshot(range.head), &Memo::default()).unwrap())
    };
    assert_eq!(range(None), ["a"], "against its first parent");
    assert_eq!(range(Some("change..main")), ["b"], "against its second");
    assert_eq!(range(Some("HEAD~1...change")), ["a"], "the branch since it left");
    assert_eq!(range(Some(&format!("{start}..main"))), ["a", "b"]);
}
