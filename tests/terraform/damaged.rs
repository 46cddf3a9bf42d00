//! Plan files and states that were cut off or changed on their way: an error that names what is damaged, never a panic,
//! and never changes that nobody planned.

use std::{
    error::Error,
    fs,
    io::{Cursor, Read as _, Write as _},
    path::Path,
};

use kstack::terraform::{ChangeList, PlanFile, PlanFileError, Product, StateFile, changes_from_show_json};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::{compare::is_terraform, stack::Stack};

const SECRET: &str = "hush-hush";

/// What happens to files on their way.
#[derive(Debug, Clone)]
enum Damage {
    /// The end is missing.
    Cut(prop::sample::Index),
    /// Some bits are others.
    Flip(Vec<(prop::sample::Index, u8)>),
}

impl Damage {
    fn any() -> impl Strategy<Value = Self> {
        let flip = (any::<prop::sample::Index>(), 0..8_u8);
        prop_oneof![
            any::<prop::sample::Index>().prop_map(Self::Cut),
            prop::collection::vec(flip, 1..4).prop_map(Self::Flip),
        ]
    }

    fn on(&self, whole: &[u8]) -> Vec<u8> {
        let mut bytes = whole.to_vec();
        match self {
            Self::Cut(at) => bytes.truncate(at.index(whole.len())),
            Self::Flip(bits) => {
                for (at, bit) in bits {
                    bytes[at.index(whole.len())] ^= 1 << bit;
                }
            }
        }
        bytes
    }
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new_with_rng(
        Config { cases, failure_persistence: None, ..Config::default() },
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    )
}

/// The error and its causes.
fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |error: &&dyn Error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// A stack with every kind of value in its plan, and a plan that changes it.
async fn planned() -> Stack {
    let stack = Stack::new("");
    let main = r#"
        variable "secret" {
          sensitive = true
          default   = "hush-hush"
        }
        resource "terraform_data" "a" { input = { n = 1, l = ["x", { p = var.secret }], e = [] } }
        resource "terraform_data" "b" {
          for_each         = toset(["one", "two"])
          triggers_replace = [each.key, "1"]
        }
        output "secret" {
          value     = var.secret
          sensitive = true
        }
        output "plain" { value = { a = [1.5, true] } }"#;
    stack.converge(main).await;
    stack.write("infra/stack/main.tf", &main.replace("n = 1", "n = 2").replace(r#""1"]"#, r#""2"]"#));
    stack.plan().await;
    stack
}

/// Everything that is ever read of a plan file.
fn read(path: &Path, bytes: &[u8]) -> Result<ChangeList, PlanFileError> {
    fs::write(path, bytes).unwrap();
    let plan = PlanFile::open(path)?;
    plan.configuration("infra/stack")?;
    plan.changes(Product::Terraform)
}

/// The plan file with another message in it, as if all checksums were right.
fn with_message(plan: &[u8], message: &[u8]) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(plan)).unwrap();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).unwrap();
        let name = member.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).unwrap();
        writer.start_file(&*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(if name == "tfplan" { message } else { &bytes }).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_plans_are_refused() {
    if !is_terraform().await {
        return;
    }
    let stack = planned().await;
    let bytes = fs::read(stack.plan_path()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.tfplan");
    let whole = read(&path, &bytes).unwrap();
    assert!(!whole.is_empty());

    let law = |damage: Damage| match read(&path, &damage.on(&bytes)) {
        // The archive has parts that nobody reads, such as times.
        Ok(list) => {
            prop_assert_eq!(&list, &whole);
            Ok(())
        }
        Err(error) => {
            let text = chain(&error);
            prop_assert!(text.contains("damaged.tfplan") || text.contains("the plan "), "{}", text);
            prop_assert!(!text.contains(SECRET), "{}", text);
            Ok(())
        }
    };
    runner(500).run(&Damage::any(), law).unwrap();

    // What checksums do not catch: a message that somebody made. It may mean something else, but it must be read to its end.
    let mut message = Vec::new();
    ZipArchive::new(Cursor::new(&bytes)).unwrap().by_name("tfplan").unwrap().read_to_end(&mut message).unwrap();
    let law = |damage: Damage| {
        if let Err(error) = read(&path, &with_message(&bytes, &damage.on(&message))) {
            let text = chain(&error);
            prop_assert!(text.contains("the plan ") || text.contains("cannot be told"), "{}", text);
            prop_assert!(!text.contains(SECRET), "{}", text);
        }
        Ok(())
    };
    runner(500).run(&Damage::any(), law).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_states_and_documents_are_refused() {
    if !is_terraform().await {
        return;
    }
    let stack = planned().await;
    let terraform = stack.terraform().await;
    let shown = stack.watching(async |watch| terraform.show_json(&stack.plan_path(), watch).await).await.unwrap();
    assert!(!changes_from_show_json(&shown).unwrap().is_empty());
    let bytes = fs::read(stack.plan_path()).unwrap();
    let mut state = Vec::new();
    ZipArchive::new(Cursor::new(&bytes)).unwrap().by_name("tfstate").unwrap().read_to_end(&mut state).unwrap();
    assert!(String::from_utf8_lossy(&state).contains(SECRET) && StateFile::parse(&state).is_ok());

    let law = |damage: Damage| {
        if let Err(error) = StateFile::parse(&damage.on(&state)) {
            let text = chain(&error);
            prop_assert!(text.starts_with("it is ") || text.starts_with("it has "), "{}", text);
            prop_assert!(!text.contains(SECRET), "{}", text);
        }
        if let Err(error) = changes_from_show_json(&damage.on(&shown)) {
            let text = chain(&error);
            prop_assert!(text.contains("show -json") || text.contains("has the unknown "), "{}", text);
            prop_assert!(!text.contains(SECRET), "{}", text);
        }
        Ok(())
    };
    runner(1500).run(&Damage::any(), law).unwrap();
    // Cut off is never whole.
    for length in 0..state.len() - 1 {
        assert!(StateFile::parse(&state[..length]).is_err() || state[length..].trim_ascii().is_empty(), "{length}");
    }
}
