//! Reading commits and the work tree, exporting them, and which commits are compared.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
};

use kstack::repo::{DirtyKind, Mode, RepoError, Repository};

use super::repository::{Content, Files, Repo};

#[test]
fn the_work_tree_is_what_git_would_commit() {
    let repo = Repo::new();
    let files =
        Files::platform(&[("a/one.txt", "1"), ("a/two.txt", "2"), ("b/run.sh", "x"), (".gitignore", "*.log\n")]);
    let committed = repo.snapshot(&files);
    repo.check_out();
    assert_eq!(repo.repository.worktree_snapshot().unwrap().tree_id(), committed.tree_id());

    fs::write(repo.path().join("a/one.txt"), "changed").unwrap();
    fs::remove_file(repo.path().join("a/two.txt")).unwrap();
    fs::create_dir(repo.path().join("new")).unwrap();
    fs::write(repo.path().join("new/file.txt"), "new").unwrap();
    fs::write(repo.path().join("new/noise.log"), "ignored").unwrap();
    fs::set_permissions(repo.path().join("b/run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("../a/one.txt", repo.path().join("new/link")).unwrap();
    let snapshot = repo.repository.worktree_snapshot().unwrap();
    assert_eq!(snapshot.commit(), None);
    assert_eq!(snapshot.read("a/one.txt").unwrap().unwrap().bytes, b"changed");
    assert_eq!(snapshot.read("new/link").unwrap().unwrap().bytes, b"changed");
    assert_eq!(snapshot.read("a/two.txt").unwrap(), None);
    assert_eq!(snapshot.read("new/noise.log").unwrap(), None);
    let modes = snapshot.files("b").unwrap().into_iter().map(|file| file.mode).collect::<Vec<_>>();
    assert_eq!(modes, [Mode::Executable]);

    let dirty = repo.repository.dirty().unwrap();
    let dirty = dirty.iter().map(|file| (file.path.as_str(), file.kind)).collect::<Vec<_>>();
    assert_eq!(
        dirty,
        [
            ("a/one.txt", DirtyKind::Modified),
            ("a/two.txt", DirtyKind::Deleted),
            ("b/run.sh", DirtyKind::Modified),
            ("new/file.txt", DirtyKind::Untracked),
            ("new/link", DirtyKind::Untracked),
        ]
    );

    // Committed, it has the very tree that was predicted.
    let expected = files
        .with("a/one.txt", "changed")
        .without("a/two.txt")
        .with("new/file.txt", "new")
        .with_link("new/link", "../a/one.txt");
    let mut expected = expected;
    expected.0.insert("b/run.sh".to_owned(), Content::Executable(b"x".to_vec()));
    assert_eq!(repo.snapshot(&expected).tree_id(), snapshot.tree_id());
}

#[test]
fn line_ends_are_hashed_as_git_stores_them() {
    let repo = Repo::new();
    let files = Files::platform(&[(".gitattributes", "*.txt text\n"), ("a.txt", "one\n")]);
    let committed = repo.snapshot(&files);
    repo.check_out();
    fs::write(repo.path().join("a.txt"), "one\r\n").unwrap();
    fs::write(repo.path().join("b.txt"), "two\r\n").unwrap();
    let snapshot = repo.repository.worktree_snapshot().unwrap();
    let id = |snapshot: &kstack::repo::Snapshot, path| snapshot.read(path).unwrap().unwrap().id;
    assert_eq!(id(&snapshot, "a.txt"), id(&committed, "a.txt"));
    assert_eq!(id(&snapshot, "b.txt"), kstack::repo::blob_id(b"two\n"));
}

#[test]
fn an_export_is_the_commit_and_never_leaves_its_folder() {
    let repo = Repo::new();
    let mut files = Files::platform(&[("a/b/c.txt", "c"), ("modules/m/main.tf", "locals {}\n")])
        .with_link("a/inside", "../modules/m")
        .with_link("a/outside", "../../../etc/passwd")
        .with_link("a/absolute", "/etc/passwd")
        .with_link("a/through", "lib/../../../etc/passwd")
        .with_link("a/later", ".terraform/../../../etc/passwd")
        .with_link("a/dangling", "nowhere");
    files.0.insert("a/run.sh".to_owned(), Content::Executable(b"#!/bin/sh\n".to_vec()));
    files.0.insert("a/lib".to_owned(), Content::Submodule("1".repeat(40)));
    let snapshot = repo.snapshot(&files);
    let folder = tempfile::TempDir::new().unwrap();
    let dest = folder.path().join("export");
    let exported = snapshot.export(&dest).unwrap();
    let left_out = exported.left_out.iter().map(|link| link.path.as_str()).collect::<Vec<_>>();
    assert_eq!(left_out, ["a/absolute", "a/later", "a/outside", "a/through"]);
    assert_eq!(fs::read_to_string(dest.join("a/inside/main.tf")).unwrap(), "locals {}\n");
    assert_eq!(fs::metadata(dest.join("a/run.sh")).unwrap().permissions().mode() & 0o111, 0o111 & !umask());
    assert!(fs::symlink_metadata(dest.join("a/dangling")).unwrap().is_symlink());
    assert!(fs::symlink_metadata(dest.join("a/outside")).is_err());
    assert!(dest.join("a/lib").is_dir());
    assert!(matches!(snapshot.export(&dest), Err(RepoError::NotEmpty { .. })));

    let part = folder.path().join("part");
    let exported = snapshot.export_folders(&part, &["modules", "modules/m", "a/b", "missing"]).unwrap();
    assert_eq!(exported.files, 2);
    assert!(
        part.join("modules/m/main.tf").is_file() && part.join("a/b/c.txt").is_file() && !part.join("a/run.sh").exists()
    );

    let rest = folder.path().join("rest");
    snapshot.export_without(&rest, &|folder| folder == "a/b").unwrap();
    assert!(rest.join("a/run.sh").is_file() && rest.join("modules/m/main.tf").is_file() && !rest.join("a/b").exists());
}

fn umask() -> u32 {
    let file = tempfile::TempDir::new().unwrap();
    let path = file.path().join("x");
    fs::create_dir(&path).unwrap();
    !fs::metadata(&path).unwrap().permissions().mode() & 0o777
}

#[test]
fn names_that_no_checkout_may_create_are_refused() {
    let repo = Repo::new();
    // Git itself refuses to make such a tree, so its bytes are written by hand.
    let git = git2::Repository::open(repo.path()).unwrap();
    let blob = git.blob(b"x").unwrap();
    for name in ["..", ".git", ".GIT"] {
        let mut bytes = format!("100644 {name}\0").into_bytes();
        bytes.extend(blob.as_bytes());
        let tree = git.odb().unwrap().write(git2::ObjectType::Tree, &bytes).unwrap();
        let commit = format!("tree {tree}\nauthor A <a@b> 0 +0000\ncommitter A <a@b> 0 +0000\n\nx\n");
        let commit = git.odb().unwrap().write(git2::ObjectType::Commit, commit.as_bytes()).unwrap();
        let snapshot = repo.repository.commit_snapshot(commit.to_string().parse().unwrap()).unwrap();
        let folder = tempfile::TempDir::new().unwrap();
        let error = snapshot.export(&folder.path().join("x")).unwrap_err();
        assert!(matches!(error, RepoError::UnsafeName { .. }), "{name}: {error}");
    }
}

#[test]
fn revisions_resolve_or_say_what_is_near() {
    let repo = Repo::new();
    let unborn = repo.repository.head().unwrap_err();
    assert!(matches!(unborn, RepoError::Unborn), "{unborn}");
    let first = repo.commit(&Files::platform(&[]));
    let second = repo.commit(&Files::platform(&[("x", "x")]));
    let resolve = |revision: &str| repo.repository.resolve(revision);
    assert_eq!(resolve("HEAD").unwrap(), second);
    assert_eq!(resolve("main").unwrap(), second);
    assert_eq!(resolve("HEAD~1").unwrap(), first);
    assert_eq!(resolve(&first.short()).unwrap(), first);
    let RepoError::UnknownRevision { near, .. } = resolve("mian").unwrap_err() else { panic!("unknown") };
    assert_eq!(near.as_deref(), Some("main"));
    for odd in ["HEAD~9", "", "a b", "--upload-pack=x", "main@{yesterday"] {
        assert!(resolve(odd).is_err(), "{odd}");
    }
    assert!(repo.repository.is_ancestor(first, second).unwrap());
    assert!(!repo.repository.is_ancestor(second, first).unwrap());
    let info = repo.repository.commit_info(second).unwrap();
    assert_eq!(
        (info.subject.as_str(), info.author_name.as_str(), info.parents),
        ("Change the sample", "Ada", vec![first])
    );
}

#[test]
fn the_default_range_begins_where_the_branch_left() {
    let repo = Repo::new();
    let git = git2::Repository::open(repo.path()).unwrap();
    let range = |text: Option<&str>| repo.repository.range(text, "main").unwrap();
    let first = repo.commit(&Files::platform(&[]));
    assert_eq!(range(None).base, None, "the first commit has nothing before it");
    let second = repo.commit(&Files::platform(&[("x", "1")]));
    assert_eq!(range(None).base, Some(first), "on the default branch: what the last commit brought");

    git.branch("change", &git.head().unwrap().peel_to_commit().unwrap(), false).unwrap();
    git.set_head("refs/heads/change").unwrap();
    let third = repo.commit(&Files::platform(&[("x", "2")]));
    assert_eq!(range(None), kstack::repo::Range { base: Some(second), head: third });
    assert_eq!(range(Some("HEAD~1")).base, Some(second));
    assert_eq!(range(Some("main~1..change")).base, Some(first));
    assert_eq!(range(Some("change...main")), kstack::repo::Range { base: Some(second), head: second });

    // A remote that is ahead of a stale local branch is the nearer base.
    git.reference("refs/remotes/origin/main", third.to_string().parse().unwrap(), true, "x").unwrap();
    let fourth = repo.commit(&Files::platform(&[("x", "3")]));
    assert_eq!(range(None), kstack::repo::Range { base: Some(third), head: fourth });
    assert_eq!(repo.repository.worktree_base(None, "main").unwrap(), Some(third));
}

#[test]
fn a_shallow_clone_says_that_it_must_be_deepened() {
    let origin = Repo::new();
    let first = origin.commit(&Files::platform(&[]));
    let second = origin.commit(&Files::platform(&[("x", "1")]));
    let folder = tempfile::TempDir::new().unwrap();
    let clone = folder.path().join("clone");
    let url = format!("file://{}", origin.path().display());
    let status = std::process::Command::new("git").args(["clone", "--quiet", "--depth=1", &url]).arg(&clone).status();
    assert!(status.unwrap().success());
    let clone = Repository::open_any(&clone).unwrap();
    assert!(clone.is_shallow().unwrap());
    assert_eq!(clone.head().unwrap(), second);
    // A forge names the commit before a push in full.
    let before = clone.range(Some(&format!("{first}..HEAD")), "main").unwrap_err();
    for error in [clone.resolve("HEAD~1").unwrap_err(), clone.range(None, "main").unwrap_err(), before] {
        assert!(matches!(error, RepoError::Shallow { .. }), "{error}");
    }
    clone.fetch("origin", &["--unshallow"]).unwrap_err();
    assert!(clone.commit_snapshot(first).is_err());
}

#[test]
fn repositories_that_are_none_are_told_apart() {
    let folder = tempfile::TempDir::new().unwrap();
    assert!(matches!(Repository::open(folder.path()), Err(RepoError::NotARepository { .. })));
    let repo = Repo::new();
    let error = Repository::open(repo.path()).unwrap_err();
    assert!(matches!(error, RepoError::NotAPlatform { .. }), "{error}");
    fs::write(repo.path().join("kstack.hcl"), "").unwrap();
    fs::create_dir(repo.path().join("deep")).unwrap();
    let opened = Repository::open(&repo.path().join("deep")).unwrap();
    assert_eq!(opened.root().canonicalize().unwrap(), repo.path().canonicalize().unwrap());
    git2::Repository::init_bare(folder.path().join("bare")).unwrap();
    assert!(matches!(Repository::open(&folder.path().join("bare")), Err(RepoError::Bare { .. })));
}

#[test]
fn commits_branches_merges_and_pushes_go_through_git() {
    let folder = tempfile::TempDir::new().unwrap();
    let remote = folder.path().join("remote.git");
    git2::Repository::init_bare(&remote).unwrap();
    let repository = Repository::init(&folder.path().join("work"), "main").unwrap();
    // The machine's own settings must not decide the test.
    let mut config = git2::Repository::open(repository.root()).unwrap().config().unwrap();
    config.set_str("user.name", "Ada").unwrap();
    config.set_str("user.email", "ada@example.com").unwrap();
    config.set_bool("commit.gpgsign", false).unwrap();
    config.set_str("core.hooksPath", "/dev/null").unwrap();

    let write = |name: &str, text: &str| fs::write(repository.root().join(name), text).unwrap();
    write("a.txt", "one\n");
    let first = repository.commit_all("Begin").unwrap();
    assert!(matches!(repository.commit_all("Again"), Err(RepoError::NothingToCommit)));
    repository.branch("change").unwrap();
    write("b.txt", "two\n");
    let change = repository.commit_all("Add b").unwrap();
    repository.switch("main").unwrap();
    assert_eq!(repository.current_branch().unwrap().as_deref(), Some("main"));
    let merged = repository.merge("change", "Merge change").unwrap();
    assert_eq!(repository.commit_info(merged).unwrap().parents, [first, change]);

    repository.add_remote("origin", &remote.display().to_string()).unwrap();
    repository.push("origin", "main").unwrap();
    repository.fetch("origin", &["main:refs/remotes/origin/main"]).unwrap();
    assert_eq!(repository.resolve("origin/main").unwrap(), merged);

    // Another history on the same branch is rejected; nothing is forced.
    repository.branch("other").unwrap();
    fs::write(repository.root().join("a.txt"), "else\n").unwrap();
    repository.commit_all("Change a").unwrap();
    repository.push("origin", "other:main").unwrap();
    repository.switch("main").unwrap();
    write("a.txt", "conflict\n");
    repository.commit_all("Change a too").unwrap();
    let rejected = repository.push("origin", "main").unwrap_err();
    assert!(matches!(rejected, RepoError::Rejected { .. }), "{rejected}");
    let RepoError::Conflict { files, .. } = repository.merge("other", "Merge other").unwrap_err() else {
        panic!("both changed the same line")
    };
    assert_eq!(files, ["`a.txt`"]);
    assert_eq!(repository.dirty().unwrap(), [], "a merge that conflicts is undone");

    repository.add_remote("origin", "http://127.0.0.1:1/x.git").unwrap();
    let down = repository.push("origin", "main").unwrap_err();
    assert!(matches!(down, RepoError::Unreachable { .. }), "{down}");
    assert!(repository.switch("--orphan").is_err());
}
