//! Three jobs plan a pull request at the same time, and a fourth one reports.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use regex::Regex;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{PULL_REQUEST, commit, grow, stack, world};
use crate::support::cli::World;

/// `kstack ci` as a job of its own: in a fresh clone, with a cache that nobody else has.
fn job(world: &World, name: &str, arguments: &[&str]) -> Command {
    let clone = world.root().join(name);
    if !clone.exists() {
        let (from, to) = (world.work(), clone.display().to_string());
        world.must("", "git", &["clone", "--quiet", from.to_str().unwrap(), &to]);
    }
    let mut command = world.command(env!("CARGO_BIN_EXE_kstack"), &clone);
    command.env("KSTACK_CACHE_DIR", world.root().join(format!("{name}-cache")));
    command.arg("ci").args(arguments).args(PULL_REQUEST).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn started(world: &World, shard: &str, results: &Path) -> Child {
    let name = format!("job-{}", shard.replace('/', "-of-"));
    job(world, &name, &["--shard", shard, "--results", results.to_str().unwrap()]).spawn().unwrap()
}

/// Exit code, standard output, standard error.
fn ran(mut command: Command) -> (Option<i32>, String, String) {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// What `kstack ci report` says of the results in a folder: exit code and standard error.
fn report(world: &World, results: &Path) -> (Option<i32>, String) {
    let (code, _, stderr) = ran(job(world, "report", &["report", "--results", results.to_str().unwrap()]));
    let stderr = stderr.replace(world.root().to_str().unwrap(), "[WORLD]");
    // The commits hold the path of this world's plan store.
    (code, Regex::new(r"\b[0-9a-f]{7}\b").unwrap().replace_all(&stderr, "[SHORT]").into_owned())
}

#[test]
fn shards_of_three_jobs_make_the_comment_of_one() {
    let world = world(&["alpha", "beta", "gamma"]);
    grow(&world, &["alpha", "beta"]);
    // One plan fails: its shard leaves a result nevertheless.
    let broken = stack(2) + "\ncheck \"none\" {\n  assert {\n    condition     = nothing.at.all\n";
    world.write("infra/gamma/main.tf", &(broken + "    error_message = \"x\"\n  }\n}\n"));
    commit(&world, "Break gamma");

    let comment = world.root().join("comment.md");
    let whole = ran(job(&world, "whole", &["--comment", comment.to_str().unwrap()]));
    assert_eq!(whole.0, Some(1), "{}", whole.2);
    let expected = fs::read_to_string(&comment).unwrap();
    assert!(expected.contains("gamma (ops)") && expected.contains("terraform_data.this"), "{expected}");
    fs::remove_dir_all(world.root().join("plans")).unwrap();

    // As CI systems hand artefacts on: a folder for each job.
    let results = world.root().join("results");
    let shards = ["1/3", "2/3", "3/3"];
    let jobs = shards.map(|shard| started(&world, shard, &results.join(shard.replace('/', "-"))));
    let codes = jobs.map(|job| {
        let output = job.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    });
    // Cards are dealt: alpha and beta of `ops` are for the first two shards, gamma, which fails, for the third.
    assert_eq!(codes.each_ref().map(|(code, _)| *code), [Some(0), Some(0), Some(1)], "{codes:?}");
    // The plans of the first environment are kept where the apply finds them, whichever job made them.
    let kept = crate::support::cli::files_below(&world.root().join("plans"));
    let of = |stack: &str| kept.iter().filter(|path| path.contains(&format!("ops/{stack}/"))).count();
    assert_eq!([of("alpha"), of("beta"), of("gamma")], [1, 1, 0], "{kept:?}");

    fs::remove_file(&comment).unwrap();
    let joined = ran(job(
        &world,
        "report",
        &["report", "--results", results.to_str().unwrap(), "--comment", comment.to_str().unwrap()],
    ));
    assert_eq!(joined.0, Some(1), "a plan failed: {}", joined.2);
    assert_eq!(fs::read_to_string(&comment).unwrap(), expected);
    // The document is the same as well; a single run prints its events before it.
    let flags = ["--format=json", "--results", results.to_str().unwrap()];
    let (_, document, _) = ran(job(&world, "report", &[&["report"][..], &flags].concat()));
    let (_, lines, _) = ran(job(&world, "whole", &["--format=json"]));
    assert_eq!(document.lines().last(), lines.lines().last());
    assert!(document.starts_with(r#"{"type":"review","version":1,"#), "{document}");

    refused(&world, &results);
}

/// Every way in which results are not those of this change, told by the file or shard.
fn refused(world: &World, results: &Path) {
    let file = |shard: usize| results.join(format!("{shard}-3/shard-{shard}-of-3.jsonl"));
    let (first, second) = (file(1), file(2));
    let intact = fs::read_to_string(&second).unwrap();
    let mut told = String::new();
    let mut tell = |what: &str| {
        let (code, stderr) = report(world, results);
        assert_eq!(code, Some(1), "{what}: {stderr}");
        told += &format!("# {what}\n{stderr}\n");
    };

    fs::remove_file(&second).unwrap();
    tell("missing");
    let link = results.join("2-3/shard-2-of-3.jsonl");
    std::os::unix::fs::symlink(&first, &link).unwrap();
    tell("a link");
    fs::remove_file(&link).unwrap();

    fs::write(&second, &intact[..intact.len() / 2]).unwrap();
    tell("cut off");
    fs::write(&second, intact.replace("\"size\"", "\"seize\"")).unwrap();
    tell("a changed word");
    fs::write(&second, "{}\n").unwrap();
    tell("something else");
    fs::write(&second, intact.replace(r#""kstack":""#, r#""kstack":"9."#)).unwrap();
    tell("another version of kstack");

    rewrite(&second, &intact, |content| content["head"] = content["base"].clone());
    tell("another commit");
    rewrite(&second, &intact, |content| content["shard"] = "2/4".into());
    tell("another number of shards");
    rewrite(&second, &intact, |content| content["shard"] = "1/3".into());
    tell("there twice");
    rewrite(&second, &intact, |content| content["planned"].as_array_mut().unwrap().truncate(1));
    tell("an instance too few");
    rewrite(&second, &intact, |content| {
        let mut more = content["planned"][0].clone();
        more["instance"]["stack"] = "alpha".into();
        more["instance"]["environment"] = "ops".into();
        content["planned"].as_array_mut().unwrap().push(more);
    });
    tell("an instance too many");

    fs::remove_dir_all(results).unwrap();
    tell("none at all");
    insta::assert_snapshot!(told, @"
    # missing
    error: shard `2/3` left no result in `[WORLD]/results`

    hint: look at the logs of those jobs, and run them again; the results of the others can stay

    # a link
    error: shard `2/3` left no result in `[WORLD]/results`

    hint: look at the logs of those jobs, and run them again; the results of the others can stay

    # cut off
    error: `[WORLD]/results/2-3/shard-2-of-3.jsonl` is damaged: its content does not have the SHA-256 that it names

    hint: run the job of that shard again

    # a changed word
    error: `[WORLD]/results/2-3/shard-2-of-3.jsonl` is damaged: its content does not have the SHA-256 that it names

    hint: run the job of that shard again

    # something else
    error: `[WORLD]/results/2-3/shard-2-of-3.jsonl` is damaged: missing field `type` at line 1 column 2

    hint: run the job of that shard again

    # another version of kstack
    error: `[WORLD]/results/2-3/shard-2-of-3.jsonl` was written by kstack `9.0.1.0`, and this is `0.1.0`

    hint: all jobs of a run need the same version of kstack

    # another commit
    error: `[WORLD]/results/2-3/shard-2-of-3.jsonl` is the result of `[SHORT]..[SHORT]`, not of `[SHORT]..[SHORT]`

    hint: give each run a folder of its own, and empty it before a run is repeated

    # another number of shards
    error: `[WORLD]/results/2-3/shard-2-of-3.jsonl` is the result of one of 4 shards, and `[WORLD]/results/1-3/shard-1-of-3.jsonl` of one of 3

    hint: give each run a folder of its own, and empty it before a run is repeated

    # there twice
    error: `[WORLD]/results/1-3/shard-1-of-3.jsonl` and `[WORLD]/results/2-3/shard-2-of-3.jsonl` are both the result of shard `1/3`

    hint: give each run a folder of its own, and empty it before a run is repeated

    # an instance too few
    error: `[WORLD]/results/2-3/shard-2-of-3.jsonl` is not the part of shard `2/3`: it lacks beta (apps)

    hint: run the job of that shard again

    # an instance too many
    error: `[WORLD]/results/2-3/shard-2-of-3.jsonl` is not the part of shard `2/3`: alpha (ops) is not dealt to it

    hint: run the job of that shard again

    # none at all
    error: there is no result of a shard in `[WORLD]/results`

    hint: look at the logs of those jobs, and run them again; the results of the others can stay
    ");
}

/// Changes the content of a result and names the sum that it has then, as nothing but a forger would.
fn rewrite(path: &PathBuf, intact: &str, change: impl FnOnce(&mut Value)) {
    let mut lines = intact.lines();
    let mut header: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    let mut content: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    change(&mut content);
    let content = content.to_string();
    let sum: String = Sha256::digest(content.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    header["sha256"] = sum.into();
    fs::write(path, format!("{header}\n{content}\n")).unwrap();
}

#[test]
fn what_is_no_shard_of_a_pull_request_is_refused() {
    let world = world(&["alpha"]);
    grow(&world, &["alpha"]);
    let pull_request = ["--event=pull-request", "--base=main"];
    let mut told = String::new();
    let commands: [&[&str]; 6] = [
        &["ci", "--shard", "5/4", "--results", "r"],
        &["ci", "--shard", "1/4"],
        &["ci", "--shard", "1/4", "--results", "r", "--fork"],
        &["ci", "report", "--results", "r"],
        &["ci", "matrix"],
        &["ci", "--fork", "matrix", "--shards", "2"],
    ];
    for arguments in commands {
        let ran = world.kstack(&[arguments, &pull_request].concat());
        told += &format!("# {}\n{ran}\n", arguments.join(" "));
    }
    for arguments in [&["ci", "matrix", "--shards=2"][..], &["ci", "--shard=1/2", "--results=r"]] {
        let ran = world.kstack(&[arguments, &["--event=push", "--branch=main"]].concat());
        told += &format!("# {}\n{ran}\n", arguments.join(" "));
    }
    insta::assert_snapshot!(told, @"
    # ci --shard 5/4 --results r
    --- stderr ---
    error: invalid value '5/4' for '--shard <I/N>': `5/4` is no shard: expected `I/N`, such as `1/4`, with I from 1 to N

    For more information, try '--help'.
    --- exit code 64 ---
    # ci --shard 1/4
    --- stderr ---
    error: the following required arguments were not provided:
      --results <DIR>

    Usage: kstack ci --shard <I/N> --results <DIR> --event <EVENT> --base <REVISION>

    For more information, try '--help'.
    --- exit code 64 ---
    # ci --shard 1/4 --results r --fork
    --- stderr ---
    error: this pull request is not planned: it is from elsewhere, changes the pipeline, or is refused

    hint: `kstack ci report` says why; `kstack ci matrix` gives no shards for it: skip the job then
    --- exit code 1 ---
    # ci report --results r
    --- stderr ---
    error: there is no result of a shard in `[WORLD]/work/r`

    hint: look at the logs of those jobs, and run them again; the results of the others can stay
    --- exit code 1 ---
    # ci matrix
    --- stderr ---
    error: the following required arguments were not provided:
      --shards <N>

    Usage: kstack ci matrix --event <EVENT> --base <REVISION> --shards <N>

    For more information, try '--help'.
    --- exit code 64 ---
    # ci --fork matrix --shards 2
    --- stderr ---
    error: the subcommand 'matrix' cannot be used with '--fork'

    Usage: kstack ci [OPTIONS]
           kstack ci <COMMAND>

    For more information, try '--help'.
    --- exit code 64 ---
    # ci matrix --shards=2
    --- stderr ---
    error: only pull requests are planned in shards

    hint: `kstack ci` does everything else in one run
    --- exit code 64 ---
    # ci --shard=1/2 --results=r
    --- stderr ---
    error: only pull requests are planned in shards

    hint: `kstack ci` does everything else in one run
    --- exit code 64 ---
    ");
    assert!(!world.work().join("r").exists(), "nothing was planned");
}

#[test]
fn where_nothing_is_to_be_planned_no_result_is_needed() {
    let world = world(&["alpha"]);
    world.write("README.md", "# Lab\n");
    commit(&world, "Begin a page");
    insta::assert_snapshot!(world.kstack(&[&["ci", "report", "--results", "none"], &super::LOCAL[..]].concat()), @"
    --- stdout ---
    <!-- kstack:review -->
    ### kstack · `[SHORT]..[SHORT]`

    **no changes to objects**
    --- exit code 0 ---
    ");
    // A stranger's pull request has no shards either, whatever it changes.
    grow(&world, &["alpha"]);
    let arguments = [&["ci", "report", "--results", "none", "--fork"], &super::LOCAL[..]].concat();
    let comment = world.kstack(&arguments).done().stdout;
    assert!(comment.contains("comes from another repository"), "{comment}");
    assert_eq!(comment, world.kstack(&[&["ci", "--fork"], &super::LOCAL[..]].concat()).done().stdout);
}
