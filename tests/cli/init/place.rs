//! Where `kstack init` writes, and what is in the way there.

use super::*;

#[test]
fn a_repository_that_is_there_is_kept() {
    let mut world = world();
    world.install("git");
    world.must("", "git", &["init", "--quiet", "--initial-branch", "other"]);
    init_local(&world, &[]).done();
    assert_eq!(world.must("", "git", &["symbolic-ref", "HEAD"]), "refs/heads/other\n");
}

#[test]
fn a_folder_whose_name_is_no_name_needs_one() {
    let world = world();
    insta::assert_snapshot!(init_local(&world, &["42"]), @r"
    --- stderr ---
    error: `--name` is missing: name of the platform

    hint: without a terminal nothing is asked for; give the flags, or a file with `--answers`
    --- exit code 64 ---
    ");
}

#[test]
fn files_in_the_way_are_named_and_kept() {
    let world = world();
    world.write("README.md", "mine");
    world.write("infra/local-gc0/main.tf", "mine");
    insta::assert_snapshot!(init_local(&world, &["--allow-non-empty"]), @r"
    --- stderr ---
    error: 2 files are in the way in `[WORLD]/work`

    hint: in the way: `README.md`, `infra/local-gc0/main.tf`
    hint: move them away, or choose another folder; `--overwrite` replaces files, but no folders and links
    --- exit code 1 ---
    ");
    assert_eq!(world.files(""), ["README.md", "infra/local-gc0/main.tf"]);
    assert_eq!(world.read("README.md"), "mine");
}

#[test]
fn a_folder_that_holds_something_is_refused_with_the_flag_that_allows_it() {
    let world = world();
    world.write("LICENSE", "mine");
    insta::assert_snapshot!(init_local(&world, &[]), @r"
    --- stderr ---
    error: `[WORLD]/work` is not empty: it holds `LICENSE`

    hint: choose another folder, or give `--allow-non-empty` to write beside what is there
    --- exit code 1 ---
    ");
    assert_eq!(world.files(""), ["LICENSE"]);
    init_local(&world, &["--allow-non-empty"]).done();
    assert_eq!(world.read("LICENSE"), "mine");
    assert!(world.files("").contains(&"kstack.hcl".to_owned()));
}

#[test]
fn files_in_the_way_are_replaced_only_when_asked_for_and_are_named() {
    let world = world();
    world.write("README.md", "mine");
    world.write("infra/local-gc0/main.tf", "mine");
    world.write("infra/mine.tf", "mine");
    let ran = init_local(&world, &["--overwrite", "--dry-run"]).done();
    assert!(ran.stderr.contains("would replace README.md, infra/local-gc0/main.tf\n"), "{ran}");
    assert_eq!(world.read("README.md"), "mine");
    let ran = init_local(&world, &["--overwrite"]).done();
    assert!(ran.stderr.contains("replaced README.md, infra/local-gc0/main.tf\n"), "{ran}");
    assert!(world.read("README.md").starts_with("# Platform work"));
    assert_eq!(world.read("infra/mine.tf"), "mine");
    // The platform itself may be written anew, too, and only with the flag.
    assert_eq!(init_local(&world, &["--allow-non-empty"]).code, Some(1));
    init_local(&world, &["--overwrite", "--base-domain", "other.example.com"]).done();
    assert!(world.read("kstack.hcl").contains("other.example.com"));
}

#[test]
fn nothing_is_left_when_the_files_cannot_be_written() {
    let world = world();
    world.write("acme/infra", "a file where a folder must be");
    insta::assert_snapshot!(init_local(&world, &["acme", "--overwrite"]), @r"
    --- stderr ---
    error: a file is in the way in `[WORLD]/work/acme`

    hint: in the way: `infra`
    hint: move them away, or choose another folder; `--overwrite` replaces files, but no folders and links
    --- exit code 1 ---
    ");
    assert_eq!(world.files(""), ["acme/infra"]);
}

#[test]
fn a_platform_is_not_scaffolded_into_another() {
    let world = world();
    init_local(&world, &["acme"]).done();
    insta::assert_snapshot!(init_local(&world, &["acme"]), @r"
    --- stderr ---
    error: `[WORLD]/work/acme` is a platform already

    hint: choose another folder, or give `--overwrite` to write it anew
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(init_local(&world, &["acme/below/it"]), @r"
    --- stderr ---
    error: `[WORLD]/work/acme` is a platform already

    hint: choose a folder outside of it
    --- exit code 1 ---
    ");
}

#[test]
fn a_platform_is_not_scaffolded_into_another_repository() {
    let mut world = world();
    world.install("git");
    world.must("", "git", &["init", "--quiet"]);
    insta::assert_snapshot!(init_local(&world, &["acme"]), @r"
    --- stderr ---
    error: `[WORLD]/work/acme` lies inside a Git repository

    hint: a platform is a repository of its own: choose a folder outside of `[WORLD]/work`, or give `--allow-nested`
    --- exit code 1 ---
    ");
    assert_eq!(world.files(""), Vec::<String>::new());
}

#[test]
fn a_platform_inside_another_repository_is_one_of_its_own() {
    let mut world = world();
    world.install("git");
    world.must("", "git", &["init", "--quiet"]);
    init_local(&world, &["acme", "--allow-nested"]).done();
    let root = world.must("acme", "git", &["rev-parse", "--show-toplevel"]);
    assert_eq!(root.trim_end(), "[WORLD]/work/acme");
    assert_eq!(world.must("", "git", &["ls-files", "--others"]), "acme/\n");
}

#[test]
fn a_file_is_not_a_folder() {
    let world = world();
    world.write("acme", "a file");
    insta::assert_snapshot!(init_local(&world, &["acme"]), @r"
    --- stderr ---
    error: `[WORLD]/work/acme` is not a folder

    hint: choose another one
    --- exit code 1 ---
    ");
}
