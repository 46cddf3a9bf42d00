//! `kstack init`: what it writes and says, and every refusal.

use std::{fs, io::Write as _, process::Stdio};

use crate::support::{
    cli::{Ran, World},
    terminal,
};

mod answers;
mod flags;
mod place;
mod written;

const REPOSITORY: &str = "https://git.example.com/acme/platform";

/// A world with install manifests of an engine beside the working folder.
fn world() -> World {
    let world = World::new();
    fs::write(world.root().join("engine.yaml"), "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: flux-system\n")
        .unwrap();
    world
}

/// Runs `kstack init` with the flags that every case needs, and `flags`.
fn init(world: &World, flags: &[&str]) -> Ran {
    let fixed = ["init", "--engine-manifests", "../engine.yaml"];
    world.kstack(&[&fixed[..], flags].concat())
}

/// A local platform with `flags`.
fn init_local(world: &World, flags: &[&str]) -> Ran {
    init(world, &[&["--provider", "local", "--repository", REPOSITORY][..], flags].concat())
}

/// An AWS platform with `flags`.
fn init_aws(world: &World, flags: &[&str]) -> Ran {
    let fixed = ["--provider", "aws", "--region", "eu-west-1", "--repository", REPOSITORY];
    init(world, &[&fixed[..], flags].concat())
}
