//! The catalogue: every service on every cloud that it works on, and the laws of adding and taking away.

mod laws;
mod services;

use std::{collections::BTreeMap, path::Path};

use kstack::{
    platform::Platform,
    scaffold::{Answers, Provider, Workspace},
};

use crate::{scaffold::platforms, support::cli::World};

/// A world with the platform of `answers` in its working folder.
pub fn world(answers: &Answers) -> World {
    let mut world = World::new();
    world.install("kubectl");
    platforms::render(answers).write(&world.work()).unwrap();
    world
}

/// The platform of `answers` at `root`, as commands read it.
pub fn workspace(root: &Path, answers: &Answers) -> Workspace {
    let text = std::fs::read_to_string(root.join("kstack.hcl")).unwrap();
    let clusters: BTreeMap<String, Option<Provider>> = answers
        .clusters
        .iter()
        .map(|cluster| (cluster.stack().unwrap().to_string(), Some(cluster.provider())))
        .collect();
    Workspace::read(root, Platform::parse("kstack.hcl", &text).unwrap(), &clusters).unwrap()
}
