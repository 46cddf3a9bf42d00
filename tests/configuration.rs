//! Inheritance is written twice, in Rust and in Terraform's language: generated cases go through both, and both come
//! to the same result. All cases go through Terraform in one run, for which one root module calls the module for each.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use kstack::{
    hcl::Document,
    platform::{
        StackName,
        configuration::{Documents, ModuleCall, nearest_key},
    },
};
use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_oneof},
    sample::select,
    strategy::ValueTree as _,
    test_runner::TestRunner,
};
use serde_json::{Value, json};

/// Generated cases; those written by hand come on top.
const CASES: usize = 600;
/// Mistyped keys that are looked up on both sides.
const WORDS: usize = 400;

/// A call of the module.
#[derive(Debug, Clone)]
struct Case {
    /// Settings by environment.
    configuration: Value,
    base: String,
    inherits: BTreeMap<String, String>,
}

/// A value of any shape, at most `depth` objects deep. The few keys make environments meet in them.
fn value(depth: u32) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        Just(json!("")),
        Just(json!(0)),
        Just(json!(false)),
        Just(json!([])),
        Just(json!({})),
        select(vec![json!(true), json!(7), json!(-2.5), json!("text"), json!("a ${b} \"c\" %{d}\n")]),
        select(vec![json!(["a", 1, null]), json!([{ "x": 1 }, {}]), json!([[], [true]])]),
    ];
    leaf.prop_recursive(
        depth,
        24,
        4,
        |below| prop_oneof![3 => object(below.clone()), 1 => vec(below, 0..3).prop_map(Value::from)],
    )
}

fn object(below: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let keys = select(vec!["a", "b", "c", "d.e", "kstack.dev/f"]);
    vec((keys, below), 0..5)
        .prop_map(|pairs| Value::Object(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()))
}

/// Two to four environments, each inheriting from one before it: chains of up to four.
fn case() -> impl Strategy<Value = Case> {
    let environment = (object(value(4)), any::<proptest::sample::Index>(), any::<bool>());
    (vec(environment, 2..=4), any::<bool>()).prop_map(|(environments, other_base)| {
        let names = if other_base { ["live", "apps", "ops", "lab"] } else { ["apps", "ops", "lab", "dev"] };
        let parent = |index: usize, pick: &proptest::sample::Index| names[pick.index(index)].to_owned();
        Case {
            base: names[0].to_owned(),
            inherits: (1..environments.len())
                .filter(|&index| environments[index].2)
                .map(|index| (names[index].to_owned(), parent(index, &environments[index].1)))
                .collect(),
            configuration: names
                .iter()
                .zip(&environments)
                .map(|(name, (settings, ..))| ((*name).to_owned(), settings.clone()))
                .collect(),
        }
    })
}

/// What Terraform's unification of types would spoil: one key with many shapes, lists of different objects, null
/// against everything, the same names at every depth.
fn trapped() -> Vec<Case> {
    let shapes = [
        json!(null),
        json!(""),
        json!(0),
        json!("0"),
        json!(false),
        json!([]),
        json!({}),
        json!([1, "1", null, { "a": { "a": [] } }]),
        json!([{ "a": 1 }, { "b": "x" }, null]),
        json!({ "a": null }),
        json!({ "a": { "a": { "a": { "a": { "a": 1 } } } } }),
        json!({ "a": { "a": { "a": { "a": { "a": [null] } } } } }),
        json!({ "a": { "a": "x", "b": {} } }),
        json!({ "length": 1, "keys": { "value": null, "layers": [] } }),
    ];
    let chain = BTreeMap::from([("lab".to_owned(), "ops".to_owned())]);
    let mut cases = Vec::new();
    for first in &shapes {
        for second in &shapes {
            // Beside the key an unlike neighbour, so that the objects of the environments never have one type.
            let configuration = json!({
                "apps": { "a": first, "other": { "deep": { "list": ["a"] } } },
                "ops": { "a": second },
                "lab": { "a": { "c": first }, "other": { "deep": { "list": { "now": "an object" } } }, "z": second },
            });
            cases.push(Case { configuration, base: "apps".to_owned(), inherits: chain.clone() });
        }
    }
    cases
}

fn generated<S: Strategy>(strategy: &S, count: usize) -> Vec<S::Value> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// The value in HCL.
fn hcl(value: &Value) -> String {
    match value {
        Value::String(text) => json!(text).to_string().replace("${", "$${").replace("%{", "%%{"),
        Value::Array(items) => format!("[{}]", items.iter().map(hcl).collect::<Vec<_>>().join(", ")),
        Value::Object(entries) => {
            format!(
                "{{ {} }}",
                entries
                    .iter()
                    .map(|(key, value)| format!("{} = {}", json!(key), hcl(value)))
                    .collect::<Vec<_>>()
                    .join(", ")
            )
        }
        scalar => scalar.to_string(),
    }
}

/// Mistyped keys: each known key of the modules with a letter left out, doubled, swapped or replaced, half of it, it
/// with another word, and words that resemble nothing.
fn mistyped() -> Vec<(String, Vec<String>)> {
    let known = [
        "name_prefix",
        "base_domain",
        "region",
        "availability_zones",
        "kubernetes_version",
        "network",
        "endpoint",
        "control_plane_logs",
        "secrets_encryption",
        "access",
        "addons",
        "identity",
        "dns",
        "tags",
        "extra",
        "min_size",
        "max_size",
        "desired_size",
        "instance_types",
        "labels",
        "taints",
        "disk",
        "cidr",
        "nat",
        "subnets",
        "existing",
    ];
    let strategy = (
        select(known.to_vec()),
        0..8_usize,
        any::<proptest::sample::Index>(),
        select(known.to_vec()),
        vec(select(known.to_vec()), 1..8),
    );
    let broken = strategy.prop_map(|(word, how, at, other, mut among)| {
        let at = at.index(word.len());
        let (before, after) = word.split_at(at);
        let (letter, rest) = after.split_at(1);
        let name = match how {
            0 => format!("{before}{rest}"),
            1 => format!("{before}{letter}{letter}{rest}"),
            2 => format!("{before}{}{letter}{}", rest.get(..1).unwrap_or("x"), rest.get(1..).unwrap_or("")),
            3 => format!("{before}q{rest}"),
            4 => format!("{}x", &word[..word.len().div_ceil(2)]),
            5 => format!("{word}_{other}"),
            6 => word.chars().rev().collect(),
            _ => "zzyzx".to_owned(),
        };
        among.push(word);
        among.retain(|known| *known != name);
        among.sort_unstable();
        among.dedup();
        (name, among.into_iter().map(str::to_owned).collect::<Vec<_>>())
    });
    generated(&broken, WORDS).into_iter().filter(|(_, among)| !among.is_empty()).collect()
}

fn root_module(folder: &Path, cases: &[Case], words: &[(String, Vec<String>)]) {
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("modules/common/configuration");
    // Terraform takes no absolute path as the source of a local module.
    let parents = "../".repeat(folder.components().count() - 1);
    let source = format!("{parents}{}", module.strip_prefix("/").unwrap().display());
    let mut text = String::from("locals {\n  cases = {\n");
    for (index, case) in cases.iter().enumerate() {
        writeln!(
            text,
            "    c{index} = {{ base = {:?}, inherits = {}, configuration = {} }}",
            case.base,
            hcl(&json!(case.inherits)),
            hcl(&case.configuration)
        )
        .unwrap();
    }
    text.push_str("  }\n\n  words = {\n");
    for (index, (name, among)) in words.iter().enumerate() {
        let known: Value = among.iter().map(|known| (known.clone(), json!("string"))).collect();
        writeln!(
            text,
            "    w{index} = {{ at = [\"w{index}\"], known = {}, layers = [{{ environment = \"w{index}\", value = {{ {name} = 1 }} }}] }}",
            hcl(&known)
        )
        .unwrap();
    }
    write!(
        text,
        r#"  }}
}}

module "case" {{
  source   = "{source}"
  for_each = local.cases

  environment            = each.value.base
  configuration          = each.value.configuration
  configuration_base_key = each.value.base
  inherits               = each.value.inherits
}}

module "words" {{
  source = "{source}/level"

  objects      = local.words
  merged_below = {{}}
}}

output "merged" {{
  value = {{ for name, case in module.case : name => case.merged }}
}}

output "sentences" {{
  value = module.words.unknown_keys
}}
"#
    )
    .unwrap();
    fs::write(folder.join("main.tf"), text).unwrap();
}

fn terraform(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("terraform")
        .args(arguments)
        .current_dir(folder)
        .env_remove("TF_CLI_CONFIG_FILE")
        .env("CHECKPOINT_DISABLE", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// What Rust makes of a case, by environment.
fn in_rust(case: &Case) -> Value {
    let text = format!(
        "module \"case\" {{\n  source = \"../../modules/x\"\n  configuration_base_key = {:?}\n  inherits = {}\n  configuration = {}\n}}\n",
        case.base,
        hcl(&json!(case.inherits)),
        hcl(&case.configuration)
    );
    let path = "infra/x/main.tf".to_owned();
    let documents = Documents::from([(path.clone(), Document::parse(path, text).unwrap().into())]);
    let calls = ModuleCall::of_stack(&documents, &StackName::new("x").unwrap());
    let environments = case.configuration.as_object().unwrap().keys();
    environments.map(|name| (name.clone(), calls[0].effective(name).unwrap().unwrap().to_json().unwrap())).collect()
}

#[test]
fn rust_and_terraform_inherit_alike() {
    let cases: Vec<Case> = trapped().into_iter().chain(generated(&case(), CASES)).collect();
    let words = mistyped();
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().canonicalize().unwrap();
    root_module(&path, &cases, &words);
    terraform(&path, &["init", "-backend=false", "-input=false"]);
    terraform(&path, &["plan", "-out=plan", "-input=false"]);
    let shown: Value = serde_json::from_slice(&terraform(&path, &["show", "-json", "plan"])).unwrap();
    let outputs = &shown["planned_values"]["outputs"];

    let merged = outputs["merged"]["value"].as_object().unwrap();
    assert_eq!(merged.len(), cases.len());
    let mut nulls_removed = 0;
    for (index, case) in cases.iter().enumerate() {
        let (rust, terraform) = (in_rust(case), &merged[&format!("c{index}")]);
        assert_eq!(
            sorted(&rust),
            sorted(terraform),
            "\ncase {index} comes out differently (Rust left, Terraform right)\n  base: {}\n  inherits: {:?}\n  configuration: {}\n",
            case.base,
            case.inherits,
            hcl(&case.configuration)
        );
        nulls_removed += usize::from(case.configuration.to_string().contains("null"));
    }
    assert!(nulls_removed > cases.len() / 4, "too few cases have a null to be worth anything");

    let sentences = outputs["sentences"]["value"].as_array().unwrap();
    assert_eq!(sentences.len(), words.len());
    for (index, (name, among)) in words.iter().enumerate() {
        let start = format!("Environment `w{index}` ");
        let sentence =
            sentences.iter().filter_map(Value::as_str).find(|sentence| sentence.starts_with(&start)).unwrap();
        let near = nearest_key(name, among.iter().map(String::as_str));
        let said = sentence.split_once("did you mean `").map(|(_, rest)| rest.trim_end_matches("`?"));
        assert_eq!(near, said, "`{name}` among {among:?}: {sentence}");
    }
}

/// The value with the keys of all objects sorted, as text that differs where the value does.
fn sorted(value: &Value) -> String {
    match value {
        Value::Object(entries) => {
            let sorted: BTreeMap<_, _> = entries.iter().collect();
            format!(
                "{{{}}}",
                sorted
                    .iter()
                    .map(|(key, value)| format!("{key:?}:{}", self::sorted(value)))
                    .collect::<Vec<_>>()
                    .join(",")
            )
        }
        Value::Array(items) => format!("[{}]", items.iter().map(sorted).collect::<Vec<_>>().join(",")),
        scalar => scalar.to_string(),
    }
}
