//! What holds for every change that the commands make.

use std::{collections::BTreeMap, fs};

use kstack::scaffold::{Assets, Catalogue, Kind, Selection, add_service, remove};

use super::{workspace, world};
use crate::{
    scaffold::platforms,
    support::cli::{World, files_below},
};

fn files(world: &World) -> BTreeMap<String, String> {
    let read = |path: String| (path.clone(), fs::read_to_string(world.work().join(path)).unwrap());
    files_below(&world.work()).into_iter().map(read).collect()
}

/// Every service that is added alone can be taken away again, and then the repository is what it was, byte for byte.
#[test]
fn what_is_added_and_taken_away_leaves_no_trace() {
    let answers = platforms::answers("examples/multi-cloud");
    let assets = Assets::embedded();
    let world = world(&answers);
    // What people write stays where it is.
    let path =
        format!("clusters/{}/{}/services.yaml", answers.clusters[0].stack().unwrap(), answers.environments[0].name);
    let text = world
        .read(&path)
        .replacen("---\n", "---\n# Mine: do not touch.\n", 2)
        .replace("interval: 1h", "interval:   1h # slow");
    world.write(&path, &text);
    let before = files(&world);
    let first = Selection { clusters: Vec::new(), environments: vec![answers.environments[0].name.to_string()] };
    for service in Catalogue::read(&assets).unwrap().services() {
        let mut changed = workspace(&world.work(), &answers);
        let Ok(added) = add_service(&mut changed, &assets, &service.name, &first, false) else {
            assert_eq!(service.providers, [kstack::scaffold::Provider::Local], "{}", service.name);
            continue;
        };
        // Again, it is there already.
        let edits = changed.edits();
        let again = add_service(&mut changed, &assets, &service.name, &first, false).unwrap();
        assert!(again.services.is_empty() && changed.edits() == edits, "{}", service.name);
        for name in added.services.iter().rev() {
            remove(&mut changed, Kind::Service, name, &first).unwrap();
        }
        assert!(
            changed.edits().is_empty(),
            "{}: {:?}",
            service.name,
            changed.edits().files().map(|(path, _)| path).collect::<Vec<_>>()
        );
    }
    assert!(files(&world) == before, "nothing was written");
}

#[test]
fn what_a_person_changed_in_a_service_stays_when_it_is_added_to_further_clusters() {
    let answers = platforms::answers("examples/multi-cloud");
    let assets = Assets::embedded();
    let world = world(&answers);
    let stack = |index: usize| answers.clusters[index].stack().unwrap().to_string();
    let only = |index: usize| Selection { clusters: vec![stack(index)], environments: Vec::new() };
    let mut first = workspace(&world.work(), &answers);
    add_service(&mut first, &assets, "external-dns", &only(0), false).unwrap();
    first.commit().unwrap();
    let release = "services/external-dns/base/external-dns.yaml";
    world.write(release, "# Mine.\n");
    fs::remove_file(world.work().join("services/external-dns/base/network.yaml")).unwrap();
    let mut second = workspace(&world.work(), &answers);
    let added = add_service(&mut second, &assets, "external-dns", &only(1), false).unwrap();
    assert_eq!(added.services, ["external-dns"]);
    second.commit().unwrap();
    assert_eq!(world.read(release), "# Mine.\n");
    assert!(!world.work().join("services/external-dns/base/network.yaml").exists());
    let clouds: Vec<_> = answers.clusters.iter().take(2).map(|cluster| cluster.provider().name()).collect();
    for cloud in clouds {
        assert!(
            world.work().join(format!("services/external-dns/clouds/{cloud}/kustomization.yaml")).is_file(),
            "{cloud}"
        );
    }
    // It goes from one cluster and stays in the other, with its folder.
    let mut third = workspace(&world.work(), &answers);
    let removed = remove(&mut third, Kind::Service, "external-dns", &only(0)).unwrap();
    assert!(!removed.is_gone && third.services().contains("external-dns"));
}
