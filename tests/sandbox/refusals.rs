//! What `kstack sandbox` refuses, and how it says so.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    process::Command,
};

use super::{Home, failed};

/// `kstack sandbox …` without the shared components and with nothing on `PATH` but what is in `bin`.
fn bare(home: &Home, arguments: &[&str]) -> Command {
    let mut command = home.command(env!("CARGO_BIN_EXE_kstack"));
    command.env("PATH", home.path().join("bin")).arg("sandbox").args(arguments);
    command
}

#[test]
fn an_unknown_sandbox() {
    let home = Home::new();
    for verb in ["status", "down"] {
        let text = failed(&bare(&home, &[verb, "none"]).output().unwrap(), 1);
        insta::allow_duplicates! { insta::assert_snapshot!(text, @r"
        error: there is no sandbox `none`

        hint: start one with `kstack sandbox up`
        "); }
    }
    assert!(!home.path().join("data").exists(), "asking leaves nothing behind");
}

#[test]
fn a_name_that_is_none() {
    let text = failed(&bare(&Home::new(), &["up", "../one"]).output().unwrap(), 64);
    assert!(text.contains("`../one` is not a valid sandbox name: only lower-case letters"), "{text}");
}

#[test]
fn a_broken_record() {
    let home = Home::new();
    fs::create_dir_all(home.sandbox("one")).unwrap();
    fs::write(home.sandbox("one").join("sandbox.json"), "{\"version\": 1}").unwrap();
    for verb in ["up", "status", "down"] {
        let text = failed(&bare(&home, &[verb, "one"]).output().unwrap(), 1);
        let text = text.replace(home.path().to_str().unwrap(), "<home>");
        insta::allow_duplicates! { insta::assert_snapshot!(text, @r"
        error: the record `<home>/data/sandboxes/one/sandbox.json` is broken: missing field `driver` at line 1 column 14

        hint: if nothing of the sandbox is worth keeping, remove `<home>/data/sandboxes/one/sandbox.json`; `kstack sandbox up` then makes it anew
        "); }
    }
}

#[test]
fn no_go_to_build_with() {
    let home = Home::new();
    fs::create_dir(home.path().join("bin")).unwrap();
    let text = failed(&bare(&home, &["up", "--obtain", "build"]).output().unwrap(), 1);
    insta::assert_snapshot!(text, @r"
    error: cannot get etcd 3.6.4: downloads are switched off; there is no `go` on PATH to build it with

    hint: put the programs into a folder and name it in `KSTACK_ASSETS`, or install Go 1.25 or later so that they can be built
    ");
    assert!(!home.sandbox("default").exists(), "without components no sandbox is made");
}

#[test]
fn a_go_that_is_too_old() {
    let home = Home::new();
    home.program("go", "echo go1.24.9");
    let text = failed(&bare(&home, &["up", "--obtain", "build"]).output().unwrap(), 1);
    assert!(text.contains("`go` on PATH is go1.24.9, and building it takes go1.25 or later"), "{text}");
}

#[test]
fn a_build_that_fails() {
    let home = Home::new();
    home.program("go", "[ \"$1\" = env ] && echo go1.25.0 && exit\necho no space left on device >&2\nexit 1");
    let text = failed(&bare(&home, &["up", "--obtain", "build"]).output().unwrap(), 1);
    assert!(text.contains("error: `go build -mod=readonly -trimpath"), "{text}");
    assert!(text.contains("failed (exit status: 1):\nno space left on device"), "{text}");
}

#[test]
fn a_program_that_ends_at_once() {
    let home = Home::new();
    let assets = home.path().join("assets");
    fs::create_dir(&assets).unwrap();
    for name in ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"] {
        fs::write(assets.join(name), "#!/bin/sh\necho cannot go on >&2\nexit 7\n").unwrap();
        fs::set_permissions(assets.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::create_dir(home.path().join("bin")).unwrap();
    symlink("/bin/sh", home.path().join("bin/sh")).unwrap();
    let run = bare(&home, &["up", "--kubernetes-only", "--assets"]).arg(&assets).output().unwrap();
    let text = failed(&run, 1).replace(home.path().to_str().unwrap(), "<home>");
    assert!(
        text.contains(
            "error: etcd ended while it was starting (exit status: 7); the end of \
             `<home>/data/sandboxes/default/logs/etcd.log`:\ncannot go on"
        ),
        "{text}"
    );
}
