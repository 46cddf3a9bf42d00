//! `platform::Metadata` and `modules/common/metadata` call clusters the same: generated inputs go through both, the
//! module's in one run of Terraform.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use kstack::platform::{Cluster, DerivedName, Provider};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    string::string_regex,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde::{Deserialize, Serialize};

use crate::support::cli::find_program;

const CASES: usize = 400;

/// One call of the module.
#[derive(Debug, Clone, Serialize)]
struct Case {
    name_prefix: String,
    environment: String,
    region: String,
    provider_name: &'static str,
    base_domain: String,
    derived_names: BTreeMap<String, Derived>,
    #[serde(skip)]
    provider: Option<Provider>,
}

#[derive(Debug, Clone, Serialize)]
struct Derived {
    suffix: String,
    max_length: usize,
    hyphens: bool,
}

/// What it gives.
#[derive(Debug, PartialEq, Deserialize)]
struct Names {
    name: String,
    fqdn: String,
    domain: String,
    labels: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
    derived_names: BTreeMap<String, String>,
}

fn part(first: &'static str) -> impl Strategy<Value = String> {
    let matching = |pattern: &str| string_regex(&format!("{first}{pattern}")).unwrap();
    // Short words that join to the same texts, and anything else that is allowed.
    prop_oneof![
        matching("{1,3}(-(a|eu|west|1|gov|east1)){0,2}"),
        matching("[a-z0-9-]{0,38}[a-z0-9]"),
        matching("{1,6}"),
    ]
}

fn region() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "eu-west-1", "us-gov-east-1", "eusc-de-east-1", "ap-southeast-4", "europe-west1", "northamerica-northeast2",
            "westeurope", "eastus2", "local", "us-deadbee1", "deadbeef", "xx-eu-west-1",
        ]).prop_map(str::to_owned),
        1 => part("[a-z0-9]"),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    let domain = prop_oneof![Just("platform.example.com".to_owned()), "[a-z]{1,60}\\.[a-z0-9]{1,50}\\.[a-z]{2,60}",];
    let derived = ("(-[a-z]{1,12}){0,2}", 0_usize..50, any::<bool>()).prop_map(|(suffix, more, hyphens)| {
        let suffix = if hyphens { suffix } else { suffix.replace('-', "") };
        Derived { max_length: suffix.len() + 16 + more, suffix, hyphens }
    });
    let derived = proptest::collection::btree_map("[a-z]{1,5}", derived, 0..4);
    let provider = prop::sample::select(Provider::ALL.to_vec());
    (provider, part("[a-z]"), part("[a-z0-9]"), region(), domain, derived).prop_map(
        |(provider, name_prefix, environment, region, base_domain, derived_names)| Case {
            name_prefix,
            environment,
            region,
            provider_name: provider.short_name(),
            base_domain,
            derived_names,
            provider: Some(provider),
        },
    )
}

fn cases() -> Vec<Case> {
    // The same in every run, so that a failure can be looked at again.
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, b"clusters are named in two places");
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = case();
    (0..CASES).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

fn computed(case: &Case) -> Names {
    let cluster = Cluster {
        provider: case.provider.unwrap(),
        name_prefix: &case.name_prefix,
        environment: &case.environment,
        region: &case.region,
    };
    let metadata = cluster.metadata(&case.base_domain, "kstack.dev/").unwrap();
    let derived_names = case.derived_names.iter().map(|(key, Derived { suffix, max_length, hyphens })| {
        let derived = DerivedName { suffix, max_length: *max_length, hyphens: *hyphens };
        (key.clone(), metadata.derived(derived).unwrap())
    });
    let derived_names = derived_names.collect();
    let kstack::platform::Metadata { name, fqdn, domain, labels, tags, .. } = metadata;
    Names { name, fqdn, domain, labels, tags, derived_names }
}

fn terraform(folder: &Path, arguments: &[&str]) -> String {
    let program = find_program("terraform").expect("`terraform` is needed by this test");
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .env("CHECKPOINT_DISABLE", "1")
        .env("TF_CLI_CONFIG_FILE", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn kstack_and_the_module_call_clusters_the_same() {
    let cases: BTreeMap<String, Case> =
        cases().into_iter().enumerate().map(|(index, case)| (format!("{index:04}"), case)).collect();
    let folder = tempfile::tempdir().unwrap();
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("modules/common/metadata");
    fs::create_dir(folder.path().join("metadata")).unwrap();
    for file in ["main.tf", "outputs.tf", "variables.tf", "versions.tf"] {
        fs::copy(module.join(file), folder.path().join("metadata").join(file)).unwrap();
    }
    fs::write(folder.path().join("cases.json"), serde_json::to_vec(&cases).unwrap()).unwrap();
    fs::write(
        folder.path().join("main.tf"),
        r#"locals {
  cases = jsondecode(file("${path.module}/cases.json"))
}

module "metadata" {
  source   = "./metadata"
  for_each = local.cases

  name_prefix   = each.value.name_prefix
  environment   = each.value.environment
  region        = each.value.region
  provider_name = each.value.provider_name
  base_domain   = each.value.base_domain
  derived_names = each.value.derived_names
}

output "names" {
  value = module.metadata
}
"#,
    )
    .unwrap();
    terraform(folder.path(), &["init", "-no-color"]);
    terraform(folder.path(), &["apply", "-auto-approve", "-no-color"]);
    let output = terraform(folder.path(), &["output", "-json", "names"]);
    let given: BTreeMap<String, Names> = serde_json::from_str(&output).unwrap();
    assert_eq!(given.len(), CASES);
    for (key, case) in &cases {
        assert_eq!(given[key], computed(case), "{case:?}");
    }
    // Otherwise the cases would prove less than they look like.
    let plain = cases.values().filter(|case| {
        let Case { name_prefix, environment, region, .. } = case;
        computed(case).name == format!("{name_prefix}-{environment}-{region}")
    });
    let plain = plain.count();
    assert!((CASES / 20..CASES / 2).contains(&plain), "{plain} of {CASES} names are plain");
}
