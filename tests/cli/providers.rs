//! Providers as a user meets them: taken from the store, or refused with the name of what is wrong.

use std::{fs, net::TcpListener, path::Path, process::Command};

use crate::support::{cli::find_program, providers, repository::Repository};

const RANDOM: &str = "resource \"random_pet\" \"p\" {}\n";

/// A repository with one stack and this lock file.
fn locked(source: &str, lock: &str) -> Repository {
    let mut repository = Repository::new();
    repository.world.filter(r"127\.0\.0\.1:\d+", "127.0.0.1:[PORT]");
    let needs = format!("terraform {{\n  required_providers {{\n    random = {{ source = {source:?} }}\n  }}\n}}\n");
    repository.stack("net", &format!("{needs}{RANDOM}"));
    repository.write("infra/net/.terraform.lock.hcl", lock);
    repository.commit("Add a network");
    repository
}

fn lock(address: &str, hashes: &str) -> String {
    format!("provider {address:?} {{\n  version = \"3.9.0\"\n{hashes}}}\n")
}

const OFFICIAL: &str = "registry.terraform.io/hashicorp/random";

/// A repository whose lock file is the one that Terraform writes with the providers of this machine.
fn really_locked(mirror: &Path) -> Repository {
    let mut repository = locked("hashicorp/random", "");
    let config = repository.world.root().join("mirror.rc");
    fs::write(&config, format!("provider_installation {{\n  filesystem_mirror {{\n    path = {mirror:?}\n  }}\n}}\n"))
        .unwrap();
    repository.world.set("TF_CLI_CONFIG_FILE", &config);
    repository.world.must("infra/net", "terraform", &["init", "-backend=false", "-input=false"]);
    fs::remove_dir_all(repository.world.work().join("infra/net/.terraform")).unwrap();
    repository.commit("Lock the providers");
    repository
}

#[test]
fn a_lock_file_that_cannot_be_trusted_stops_the_run() {
    let wrong = [
        "provider \"registry.terraform.io/hashicorp/random\" {\n",
        &lock(OFFICIAL, "  hashes = [\"h9:AAAA\"]\n"),
        &lock(OFFICIAL, ""),
    ];
    let refusals = wrong.map(|lock| {
        let ran = locked("hashicorp/random", lock).kstack(&["plan", "--dry-run"]);
        assert_eq!(ran.code, Some(1));
        ran.stderr
    });
    insta::assert_snapshot!(refusals.concat(), @r"
    failed net (ops): the lock file `.terraform.lock.hcl` is wrong: line 1: invalid HCL: invalid block body; expected `}`, newline or identifier ([TIME])
    failed net (ops): the lock file `.terraform.lock.hcl` is wrong: `hashicorp/random` has hashes of unknown schemes only: `h9` ([TIME])
    failed net (ops): the lock file `.terraform.lock.hcl` is wrong: `hashicorp/random` has no hashes ([TIME])
    ");
}

#[test]
fn a_registry_that_cannot_be_reached_is_named() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let source = format!("{address}/acme/random");
    let hashes = "  hashes = [\"h1:lgfg06jx0zM/ME1yC5BXyMmwxfZnFfCAirwWds2B4xE=\"]\n";
    let repository = locked(&source, &lock(&source, hashes));
    insta::assert_snapshot!(repository.kstack(&["plan", "--dry-run"]), @"
    --- stdout ---
    environment  instances  create  change  replace  destroy  objects
    ops                  1       –       –        –        –        –

    Failed
      ! net (ops) failed
          cannot get `127.0.0.1:[PORT]/acme/random` 3.9.0 for linux_amd64 from `127.0.0.1:[PORT]`: `https://127.0.0.1:[PORT]/.well-known/terraform.json`: Connection refused (os error 111)

    no changes to infrastructure; 1 failed
    --- stderr ---
    failed net (ops): cannot get `127.0.0.1:[PORT]/acme/random` 3.9.0 for linux_amd64 from `127.0.0.1:[PORT]`: `https://127.0.0.1:[PORT]/.well-known/terraform.json`: Connection refused (os error 111) ([TIME])
    --- exit code 1 ---
    ");
}

#[test]
fn a_package_that_is_not_what_was_locked_is_not_used() {
    let Some(mirror) = providers::mirror(&["hashicorp/random"]) else { return };
    let hashes = "  hashes = [\"h1:lgfg06jx0zM/ME1yC5BXyMmwxfZnFfCAirwWds2B4xE=\"]\n";
    let mut repository = really_locked(&mirror);
    let text = repository.world.read("infra/net/.terraform.lock.hcl");
    let version = text.lines().find(|line| line.contains("version")).unwrap().split('"').nth(1).unwrap();
    repository.write("infra/net/.terraform.lock.hcl", &lock(OFFICIAL, hashes).replace("3.9.0", version));
    repository.commit("Lock another package");
    repository.world.set("KSTACK_PROVIDER_MIRROR", &mirror);
    let ran = repository.kstack(&["plan", "--dry-run"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("is not what the lock file has: it has h1:"), "{}", ran.stderr);
}

#[test]
fn the_users_own_mirror_fills_the_store_and_damage_is_mended() {
    let Some(mirror) = providers::mirror(&["hashicorp/random"]) else { return };
    let repository = really_locked(&mirror);
    let doctor = || {
        let ran = repository.kstack(&["doctor"]);
        ran.stdout.lines().find(|line| line.starts_with("providers")).unwrap().to_owned()
    };
    assert!(doctor().contains("0 in the store, 0 MB"), "{}", doctor());
    let _ = repository.kstack(&["plan", "HEAD~2..", "--dry-run"]).done();
    assert!(doctor().contains("1 in the store"), "{}", doctor());
    let cache = repository.world.root().join("home/.cache/kstack");
    let files = crate::support::cli::files_below(&cache.join("providers"));
    let record = files.iter().find(|file| file.ends_with("/record.json")).unwrap();

    // Nothing of the run is left to be resumed, and half of the store is gone.
    fs::remove_dir_all(cache.join("work")).unwrap();
    fs::remove_file(cache.join("providers").join(record)).unwrap();
    assert!(doctor().contains("1 left unfinished by runs that were killed"), "{}", doctor());
    let _ = repository.kstack(&["plan", "HEAD~2..", "--dry-run"]).done();
    assert!(doctor().contains("1 in the store") && !doctor().contains("unfinished"), "{}", doctor());
}

#[test]
fn a_full_disk_is_told_with_the_file() {
    let Some(mirror) = providers::mirror(&["hashicorp/random"]) else { return };
    let mut repository = really_locked(&mirror);
    repository.world.set("KSTACK_PROVIDER_MIRROR", &mirror);
    let name = mirror.join("registry.terraform.io/hashicorp/random");
    let packed = crate::support::cli::files_below(&name).iter().any(|file| file.ends_with(".zip"));
    let (Some(env), Some(prlimit), true) = (find_program("env"), find_program("prlimit"), packed) else { return };
    // Stands in for a disk that is full: no file may grow beyond a megabyte, and the signal for that is not heard.
    let mut command: Command = repository.world.command(env, &repository.world.work());
    command.arg("--ignore-signal=XFSZ").arg(prlimit).arg("--fsize=1000000").arg(env!("CARGO_BIN_EXE_kstack"));
    let output = command.args(["plan", "--dry-run", "HEAD~2.."]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("cannot write `") && text.contains("terraform-provider-random"), "{text}");
    assert!(text.contains("File too large"), "{text}");
}
