//! The README's first command: `kstack try`, on the real control plane and real Flux.

use std::fs;

use crate::support::{cli::World, components};

#[test]
fn the_tour_shows_the_whole_chain_and_cleans_up() {
    let mut world = World::new();
    world.install("git");
    world.install("terraform");
    world.set("KSTACK_HOME", world.root().join("data"));
    world.set("KSTACK_COMPONENTS_DIR", components::dir());
    world.set("KSTACK_OBTAIN", "build");

    let told = world.kstack(&["try", "--clean", "platform"]).done();
    for step in 1..=8 {
        assert!(told.stderr.contains(&format!("[{step}/8] ")), "{told}");
    }
    // The infrastructure was planned and applied, …
    assert!(told.stdout.contains("module.cluster.terraform_data.sandbox"), "{told}");
    assert!(told.stderr.contains(": 1 added, 0 changed, 0 destroyed"), "{told}");
    // … the change touched no stack but two rendered objects, …
    assert!(told.stdout.contains("no stack is affected"), "{told}");
    assert!(told.stdout.contains("2 objects change"), "{told}");
    // … and Flux reported two different commits, in this order.
    let synced: Vec<&str> =
        told.stdout.lines().filter_map(|line| line.split_once(": synced ")).map(|(_, revision)| revision).collect();
    assert_eq!(synced.len(), 2, "{told}");
    assert_ne!(synced[0], synced[1], "{told}");

    assert_eq!(world.files(""), Vec::<String>::new());
    let sandboxes = fs::read_dir(world.root().join("data/sandboxes")).into_iter().flatten().flatten();
    let left: Vec<_> = sandboxes.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    assert!(left.is_empty(), "{left:?}");
}
