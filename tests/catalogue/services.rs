//! What holds for every service of the catalogue.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use kstack::{
    check::{Files, repository},
    platform::cluster_info,
    scaffold::{Assets, Catalogue, Provider, Selection, add_service},
};
use regex::Regex;
use serde_json::Value;

use super::{workspace, world};
use crate::{
    scaffold::platforms,
    support::{cli::World, components},
};

/// The schemas of Flux's kinds, out of its install manifests.
fn schemas() -> BTreeMap<String, jsonschema::Validator> {
    let text = fs::read_to_string(components::flux_manifests_alone()).unwrap();
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
    let mut found = BTreeMap::new();
    for crd in documents.iter().filter(|document| document["kind"] == "CustomResourceDefinition") {
        for version in crd["spec"]["versions"].as_array().unwrap() {
            let mut schema = version["schema"]["openAPIV3Schema"].clone();
            close(&mut schema);
            let [group, version, kind] = [&crd["spec"]["group"], &version["name"], &crd["spec"]["names"]["kind"]]
                .map(|text| text.as_str().unwrap());
            found.insert(format!("{group}/{version} {kind}"), jsonschema::validator_for(&schema).unwrap());
        }
    }
    found
}

/// An API server drops what a schema does not name; here it is a mistake.
fn close(schema: &mut Value) {
    if let Some(object) = schema.as_object_mut() {
        let open =
            object.contains_key("additionalProperties") || object.contains_key("x-kubernetes-preserve-unknown-fields");
        // `metadata` is described by its type alone.
        if object.contains_key("properties") && !open {
            object.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
        object.values_mut().for_each(close);
    } else if let Some(list) = schema.as_array_mut() {
        list.iter_mut().for_each(close);
    }
}

/// The objects of an overlay with its component, as an engine builds them.
fn build(world: &World, path: &str, components: &[String]) -> Vec<Value> {
    // Beside the platform's folders: kustomize takes no base that is around it.
    let folder = "build";
    let listed = |key: &str, paths: &[String]| {
        let lines: String = paths.iter().map(|path| format!("  - ../{path}\n")).collect();
        if lines.is_empty() { lines } else { format!("{key}:\n{lines}") }
    };
    let components: Vec<String> = components.iter().map(|component| format!("{path}/{component}")).collect();
    let (resources, components) = (listed("resources", &[path.to_owned()]), listed("components", &components));
    let head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
    world.write(&format!("{folder}/kustomization.yaml"), &format!("{head}{resources}{components}"));
    let text = world.must("", "kubectl", &["kustomize", folder]);
    fs::remove_dir_all(world.work().join(folder)).unwrap();
    serde_saphyr::from_multiple(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn every_service_builds_on_every_cloud_and_fits_the_engine() {
    let schemas = schemas();
    let assets = Assets::embedded();
    let catalogue = Catalogue::read(&assets).unwrap();
    let variable = Regex::new(r"\$\{([a-z_]+)[^}]*\}").unwrap();
    let mut checked = BTreeSet::new();
    for folder in ["examples/multi-cloud", "examples/local"] {
        let answers = platforms::answers(folder);
        let world = world(&answers);
        let mut workspace = workspace(&world.work(), &answers);
        let of = |provider| answers.clusters.iter().any(|cluster| cluster.provider() == provider);
        let here: Vec<_> =
            catalogue.services().iter().filter(|service| service.providers.iter().any(|&p| of(p))).collect();
        let environment = answers.environments[0].name.as_str();
        let first = Selection { clusters: Vec::new(), environments: vec![environment.to_owned()] };
        for service in &here {
            add_service(&mut workspace, &assets, &service.name, &first, false).unwrap();
        }
        workspace.commit().unwrap();
        for cluster in &answers.clusters {
            let (provider, stack) = (cluster.provider(), cluster.stack().unwrap());
            let known = cluster_info::variables(provider);
            let known = |name: &str| known.contains(&name) || name.starts_with(cluster_info::IDENTITY);
            let registry = world.read(&format!("clusters/{stack}/{environment}/services.yaml"));
            let objects: Vec<Value> = serde_saphyr::from_multiple(&registry).unwrap();
            let objects: Vec<_> = objects.iter().filter(|object| !object.is_null()).collect();
            let mut before = BTreeSet::new();
            for object in objects {
                let name = object["metadata"]["name"].as_str().unwrap();
                let service = catalogue.get(name).unwrap();
                assert!(service.works_on(Some(provider)), "{name} on {provider}");
                hold(&schemas, &format!("{name}'s entry"), object);
                // What is waited for is there, and before it: no cycle.
                for after in object["spec"]["dependsOn"].as_array().into_iter().flatten() {
                    assert!(before.contains(after["name"].as_str().unwrap()), "{name} comes before {after}");
                }
                before.insert(name.to_owned());
                let components = object["spec"]["components"].as_array().cloned().unwrap_or_default();
                let components: Vec<_> =
                    components.iter().map(|component| component.as_str().unwrap().to_owned()).collect();
                let path = object["spec"]["path"].as_str().unwrap().trim_start_matches("./");
                for built in build(&world, path, &components) {
                    let what = format!("{name} on {provider}: {} {}", built["kind"], built["metadata"]["name"]);
                    hold(&schemas, &what, &built);
                    for found in variable.captures_iter(&built.to_string()) {
                        assert!(known(&found[1]), "{what} uses `{}`, which no hand-over sets", &found[0]);
                    }
                    if built["kind"] == "HelmRelease" {
                        release(service, &built, &what);
                    }
                }
                checked.insert((name.to_owned(), provider));
            }
        }
        let report = repository(&Files::read(&world.work()).unwrap());
        let problems: Vec<_> =
            report.problems.iter().map(|problem| format!("{}: {}", problem.location(), problem.message)).collect();
        assert_eq!(problems, [] as [String; 0], "{folder}");
        let lock = world.read("kstack.lock.hcl");
        for chart in here.iter().flat_map(|service| &service.charts) {
            let block = format!(
                "chart \"{}\" {{\n  version = \"{}\"\n  source  = \"{}\"",
                chart.name, chart.version, chart.source
            );
            assert!(lock.contains(&block), "{folder}: {} is not in kstack.lock.hcl", chart.name);
        }
        assert_eq!(
            world.must("", "kubectl", &["kustomize", "services/tenancy/base"]).matches("kind: Namespace").count(),
            1
        );
    }
    let all =
        catalogue.services().iter().flat_map(|service| service.providers.iter().map(|p| (service.name.clone(), *p)));
    assert_eq!(checked, all.collect(), "what was built is what the catalogue says");
}

/// An object of Flux's is as Flux's API server would take it.
fn hold(schemas: &BTreeMap<String, jsonschema::Validator>, what: &str, object: &Value) {
    let [version, kind] = ["apiVersion", "kind"].map(|key| object[key].as_str().unwrap());
    let schema = schemas.get(&format!("{version} {kind}"));
    assert!(schema.is_some() || !version.contains("fluxcd.io/"), "{what}: Flux has no {version} {kind}");
    let Some(schema) = schema else { return };
    // Names and labels are checked by Kubernetes itself; the schema says `object` and nothing more.
    let mut object = object.clone();
    object["metadata"] = Value::Object(serde_json::Map::new());
    let problems: Vec<_> =
        schema.iter_errors(&object).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(problems.is_empty(), "{what}: {}", problems.join("\n"));
}

/// A release installs the pinned version of a chart of the service, and keeps what people changed by hand from staying.
fn release(service: &kstack::scaffold::Service, object: &Value, what: &str) {
    let name = object["metadata"]["name"].as_str().unwrap();
    let chart = service.charts.iter().find(|chart| chart.name == name).unwrap_or_else(|| panic!("{what}: no chart"));
    if let Some(spec) = object["spec"]["chart"]["spec"].as_object() {
        assert_eq!(spec["version"], chart.version, "{what}");
    } else {
        assert_eq!(object["spec"]["chartRef"]["name"], chart.name, "{what}");
    }
    assert_eq!(object["spec"]["driftDetection"]["mode"], "enabled", "{what}");
    assert!(object["metadata"]["namespace"].is_string(), "{what} has no namespace");
}

#[test]
fn services_require_what_there_is_and_where_they_work_themselves() {
    let assets = Assets::embedded();
    let catalogue = Catalogue::read(&assets).unwrap();
    assert!(catalogue.services().len() >= 28, "{}", catalogue.services().len());
    for service in catalogue.services() {
        for name in service.requires.iter().chain(&service.suggests) {
            catalogue.get(name).unwrap_or_else(|_| panic!("`{}` names `{name}`", service.name));
        }
        for required in catalogue.with_requirements(&service.name).unwrap() {
            for provider in &service.providers {
                assert!(
                    required.works_on(Some(*provider)),
                    "`{}` needs `{}` on {provider}",
                    service.name,
                    required.name
                );
            }
            assert!(
                !required.requires.contains(&service.name),
                "`{}` and `{}` need each other",
                service.name,
                required.name
            );
        }
        assert!(!service.description.ends_with('.') && !service.description.contains('|'), "{}", service.description);
        for need in &service.needs {
            assert!(service.providers.contains(&need.provider), "{}", service.name);
        }
    }
    for provider in Provider::ALL {
        let count = catalogue.services().iter().filter(|service| service.works_on(Some(provider))).count();
        assert!(count >= 20, "{provider}: {count}");
    }
}
