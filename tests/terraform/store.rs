//! Terraform on providers of the store: taken over from it, kept from it, and found out by it.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::PathBuf,
};

use kstack::terraform::{InitOutcome, PlanOptions, ProviderStore, StoreEvent, TerraformError, TerraformEvent};

use super::stack::Stack;
use crate::support::{cli::files_below, providers};

const RANDOM: &str = "resource \"random_pet\" \"p\" {}\n";
const LOCK: &str = "infra/stack/.terraform.lock.hcl";

/// A stack that needs `hashicorp/random`, with a store of its own; `None` where no mirror has that.
fn with_store() -> Option<(Stack, ProviderStore)> {
    let mut stack = Stack::with_mirrors(RANDOM, [providers::mirror(&["hashicorp/random"])?]);
    let store = ProviderStore::new(stack.path("store"));
    stack.store = Some(store.clone());
    Some((stack, store))
}

async fn init(stack: &Stack) -> InitOutcome {
    let terraform = stack.terraform().await;
    stack.watching(async |watch| terraform.init(watch).await).await.unwrap()
}

fn heard(stack: &Stack) -> Vec<StoreEvent> {
    let events = std::mem::take(&mut *stack.events.lock().unwrap());
    let stored = events.into_iter().filter_map(|event| match event {
        TerraformEvent::Store(event) => Some(event),
        _ => None,
    });
    stored.collect()
}

/// What Terraform has under the name of the provider.
fn installed(stack: &Stack) -> PathBuf {
    let versions = stack.path("data/terraform/providers/registry.terraform.io/hashicorp/random");
    let only = |folder: PathBuf| fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    only(only(versions))
}

fn program(store: &ProviderStore) -> PathBuf {
    let files = files_below(store.root());
    store.root().join(files.iter().find(|file| file.contains("/package/terraform-provider-random")).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_terraform_chose_goes_into_the_store_and_comes_out_of_it() {
    let Some((mut stack, store)) = with_store() else { return };
    init(&stack).await;
    let packed = stack.mirrors.folders().iter().any(|mirror| {
        files_below(&mirror.join("registry.terraform.io/hashicorp/random")).iter().any(|file| file.ends_with(".zip"))
    });
    // An unpacked mirror needs no store as long as nothing is locked.
    assert_eq!(matches!(&heard(&stack)[..], [StoreEvent::Adopted { .. }]), packed);
    assert!(installed(&stack).is_symlink());

    // The lock file that it wrote makes the next init one that downloads, unpacks and copies nothing.
    let lock = fs::read_to_string(stack.path(LOCK)).unwrap();
    fs::remove_dir_all(stack.path("data")).unwrap();
    stack.write(LOCK, &lock);
    assert_eq!(init(&stack).await, InitOutcome::Done);
    heard(&stack);
    assert!(installed(&stack).is_symlink());
    let target = installed(&stack).canonicalize().unwrap();
    assert!(!target.starts_with(stack.path("data").canonicalize().unwrap()), "{}", target.display());
    assert_eq!(store.inventory().entries[0].hashed, 1);
    assert_eq!(init(&stack).await, InitOutcome::Skipped);

    // Without the store and the lock file Terraform unpacks anew, and not through the link into the store.
    stack.store = None;
    let before = fs::metadata(program(&store)).ok().map(|found| (found.mtime(), found.mtime_nsec()));
    fs::remove_file(stack.path(LOCK)).unwrap();
    stack.write("infra/stack/more.tf", "provider \"random\" {}\n");
    assert_eq!(init(&stack).await, InitOutcome::Done);
    let after = fs::metadata(program(&store)).ok().map(|found| (found.mtime(), found.mtime_nsec()));
    assert_eq!(before, after);
}

/// A stack whose lock file is committed and whose package lies in the store; `None` where that holds nothing of its own.
async fn locked() -> Option<(Stack, ProviderStore)> {
    let (stack, store) = with_store()?;
    init(&stack).await;
    let lock = fs::read_to_string(stack.path(LOCK)).unwrap();
    fs::remove_dir_all(store.root()).unwrap();
    fs::remove_dir_all(stack.path("data")).unwrap();
    stack.write(LOCK, &lock);
    stack.plan().await;
    heard(&stack);
    (!store.inventory().entries[0].linked).then_some((stack, store))
}

/// Flips a byte of the provider.
fn damage(store: &ProviderStore) -> PathBuf {
    let program = program(store);
    let mut bytes = fs::read(&program).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(&program, bytes).unwrap();
    program
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_starts_what_the_store_has_looked_at_and_says_nothing_of_it() {
    let Some((mut stack, store)) = locked().await else { return };
    stack.environment.insert("TF_LOG".into(), "debug".into());
    stack.environment.insert("TF_LOG_PATH".into(), stack.path("log").into());
    let outcome = stack.plan().await;
    assert_eq!(outcome.warnings, [], "overrides of our own are no news");
    let log = fs::read_to_string(stack.path("log")).unwrap();
    let package = program(&store).parent().unwrap().canonicalize().unwrap();
    let started = format!("hashicorp/random is overridden to load from {}", package.display());
    assert!(log.contains(&started), "{log}");
    // The plan is bound to every digest all the same, and anybody can apply it as they apply their own.
    assert_eq!(stack.plan_file().lock_file().unwrap(), fs::read(stack.path(LOCK)).unwrap());
    fs::write(stack.path("log"), "").unwrap();
    stack.apply().await.unwrap();
    assert!(!fs::read_to_string(stack.path("log")).unwrap().contains(&started), "apply hashes once more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_that_changed_after_the_init_is_not_started() {
    let Some((stack, store)) = locked().await else { return };
    let terraform = stack.terraform().await;
    let options = PlanOptions::new(stack.plan_path());
    stack.watching(async |watch| terraform.plan(&options, watch).await).await.unwrap();
    // Size and time of change as before: the time of the inode cannot be set.
    let before = fs::metadata(program(&store)).unwrap().modified().unwrap();
    let changed = damage(&store);
    fs::File::options().write(true).open(&changed).unwrap().set_modified(before).unwrap();
    heard(&stack);
    stack.watching(async |watch| terraform.plan(&options, watch).await).await.unwrap();
    let heard = heard(&stack);
    assert!(matches!(&heard[..], [StoreEvent::Corrupt { .. }, StoreEvent::Filling { .. }, ..]), "{heard:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_that_is_not_the_locked_one_is_not_planned_with() {
    let Some((stack, _store)) = locked().await else { return };
    let lock = fs::read_to_string(stack.path(LOCK)).unwrap();
    let other: String = lock.lines().filter(|line| !line.contains("\"zh:")).map(|line| format!("{line}\n")).collect();
    let digest = other.split_once("\"h1:").unwrap().1.split_once('"').unwrap().0;
    stack.write(LOCK, &other.replace(digest, "lgfg06jx0zM/ME1yC5BXyMmwxfZnFfCAirwWds2B4xE="));
    let terraform = stack.terraform().await;
    let options = PlanOptions::new(stack.plan_path());
    let error = stack.watching(async |watch| terraform.plan(&options, watch).await).await.unwrap_err();
    assert!(matches!(&error, TerraformError::Providers(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_that_only_terraform_sees_is_mended() {
    let Some((stack, store)) = locked().await else { return };
    // A byte flips and nothing tells: the record is made to say that this is how the file was put there.
    let program = damage(&store);
    let found = fs::metadata(&program).unwrap();
    let record = program.ancestors().nth(2).unwrap().join("record.json");
    let mut text: serde_json::Value = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
    text["files"][0]["modified"] = serde_json::json!([found.mtime(), found.mtime_nsec()]);
    text["files"][0]["changed"] = serde_json::json!([found.ctime(), found.ctime_nsec()]);
    fs::write(&record, text.to_string()).unwrap();

    // Terraform reads the package whole before it changes anything.
    stack.apply().await.unwrap();
    let heard = heard(&stack);
    assert!(
        matches!(&heard[..], [StoreEvent::Corrupt { .. }, StoreEvent::Filling { .. }, StoreEvent::Hashed { .. }]),
        "{heard:?}"
    );
}
