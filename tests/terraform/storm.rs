//! Many cold runs at once over one provider store: real processes, real providers. Each run is this test binary once more,
//! started for [`one_run`] alone.
//!
//! All runs take what is locked out of the store; every eighth goes on to Terraform's own init, or all of them with
//! `KSTACK_STORM_INITS=1`.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Mutex,
    time::Duration,
};

use kstack::terraform::{
    Credentials, InitOutcome, Interrupt, LockFile, Offers, Place, Platform, ProviderMirrors, ProviderStore, Request,
    Source, StoreEvent, TerraformEvent,
};

use super::stack::Stack;
use crate::support::providers;

const RUNS: usize = 32;

/// Names of the variables that tell a run what to do.
const STORE: &str = "KSTACK_STORM_STORE";
const MIRROR: &str = "KSTACK_STORM_MIRROR";
const STACK: &str = "KSTACK_STORM_STACK";
const INIT: &str = "KSTACK_STORM_INIT";

const MAIN: &str = "terraform {\n  required_providers {\n    random = { source = \"hashicorp/random\" }\n    \
                    time   = { source = \"hashicorp/time\" }\n  }\n}\n";

/// A mirror, a store, and a lock file that names two providers.
struct Weather {
    root: tempfile::TempDir,
    mirror: PathBuf,
    lock: String,
}

impl Weather {
    /// `None` where no mirror on this machine has the providers.
    async fn new() -> Option<Self> {
        let mirror = providers::mirror(&["hashicorp/random", "hashicorp/time"])?;
        let stack = Stack::with_mirrors(MAIN, [mirror.clone()]);
        let terraform = stack.terraform().await;
        stack.watching(async |watch| terraform.init(watch).await).await.unwrap();
        let lock = fs::read_to_string(stack.path("infra/stack/.terraform.lock.hcl")).unwrap();
        Some(Self { root: tempfile::tempdir().unwrap(), mirror, lock })
    }

    fn store(&self) -> ProviderStore {
        ProviderStore::new(self.root.path().join("store"))
    }

    /// Starts all runs, lets them go at the same time, and gives what they said, one line for each event.
    fn storm(&self, name: &str) -> Vec<String> {
        let all = std::env::var_os("KSTACK_STORM_INITS").is_some();
        let go = self.root.path().join(format!("{name}-go"));
        let runs: Vec<_> = (0..RUNS)
            .map(|at| {
                let stack = self.root.path().join(format!("{name}-{at}"));
                fs::create_dir_all(stack.join("infra/stack")).unwrap();
                fs::write(stack.join("infra/stack/main.tf"), MAIN).unwrap();
                fs::write(stack.join("infra/stack/.terraform.lock.hcl"), &self.lock).unwrap();
                let mut run = Command::new(std::env::current_exe().unwrap());
                run.args(["--exact", "terraform::storm::one_run", "--ignored", "--nocapture"])
                    .env(STORE, self.store().root())
                    .env(MIRROR, &self.mirror)
                    .env(STACK, stack)
                    .env("KSTACK_STORM_GO", &go)
                    .stdin(Stdio::null())
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped());
                if all || at % 8 == 0 {
                    run.env(INIT, "1");
                }
                run.spawn().unwrap()
            })
            .collect();
        fs::write(go, "").unwrap();
        let mut said = Vec::new();
        for run in runs {
            let output = run.wait_with_output().unwrap();
            let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(output.status.success() && out.contains("said: ready"), "{out}{err}");
            said.extend(out.lines().filter_map(|line| Some(line.split_once("said: ")?.1.to_owned())));
        }
        said
    }
}

fn count(said: &[String], what: &str) -> usize {
    said.iter().filter(|line| line.starts_with(what)).count()
}

fn name(event: &StoreEvent) -> &'static str {
    match event {
        StoreEvent::Waiting { .. } => "waiting",
        StoreEvent::Filling { .. } => "filling",
        StoreEvent::Hashed { .. } => "hashed",
        StoreEvent::Corrupt { .. } => "corrupt",
        StoreEvent::Adopted { .. } => "adopted",
    }
}

/// Not a test by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "one run of a storm, which starts it"]
async fn one_run() {
    let Some(store) = std::env::var_os(STORE) else { return };
    let variable = |name| PathBuf::from(std::env::var_os(name).unwrap());
    while !variable("KSTACK_STORM_GO").exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (store, mirror, root) = (ProviderStore::new(store.into()), variable(MIRROR), variable(STACK));
    let tell = |event: &StoreEvent| println!("said: {}", name(event));
    if std::env::var_os(INIT).is_some() {
        let mut stack = Stack::at(&root);
        stack.store = Some(store);
        stack.mirrors = ProviderMirrors::new([mirror]);
        let terraform = stack.terraform().await;
        let outcome = stack.watching(async |watch| terraform.init(watch).await).await.unwrap();
        assert_eq!(outcome, InitOutcome::Done);
        for event in stack.events.lock().unwrap().iter() {
            if let TerraformEvent::Store(event) = event {
                tell(event);
            }
        }
        for provider in ["random", "time"] {
            let installed = root.join("data/terraform/providers/registry.terraform.io/hashicorp").join(provider);
            let version = fs::read_dir(installed).unwrap().next().unwrap().unwrap().path();
            let package = fs::read_dir(version).unwrap().next().unwrap().unwrap().path();
            assert!(package.is_symlink(), "{} is a copy", package.display());
        }
    } else {
        let lock = fs::read(root.join("infra/stack/.terraform.lock.hcl")).unwrap();
        let source = Source { place: Place::Folder(mirror), include: Vec::new(), exclude: Vec::new() };
        let offers = Offers::new(vec![source], Credentials::default());
        let platform = Platform::current();
        let interrupt = Interrupt::new(Duration::from_secs(1));
        let heard = Mutex::new(Vec::new());
        let events = |event| heard.lock().unwrap().push(event);
        let request =
            Request { platform: &platform, offers: &offers, doubted: None, events: &events, interrupt: &interrupt };
        let found = store.provide(&LockFile::parse(&lock).unwrap(), request).await.unwrap();
        assert_eq!(found.len(), 2);
        heard.lock().unwrap().iter().for_each(tell);
    }
    println!("said: ready");
}

/// The programs of the store's packages.
fn programs(folder: &Path) -> Vec<PathBuf> {
    let files = crate::support::cli::files_below(folder);
    let programs = files.iter().filter(|file| file.contains("/package/terraform-provider-"));
    programs.map(|file| folder.join(file)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_cold_runs_fills_checks_and_mends_the_store_once() {
    let Some(weather) = Weather::new().await else { return };
    let store = weather.store();
    let passes = || store.inventory().entries.iter().map(|entry| entry.hashed).collect::<Vec<_>>();

    let said = weather.storm("empty");
    assert_eq!((count(&said, "filling"), count(&said, "hashed"), count(&said, "corrupt")), (2, 2, 0));
    assert_eq!((passes(), store.inventory().broken), (vec![1, 1], 0));

    // Two runs that were killed: one before it had written its record, one in the middle of unpacking.
    let [one, other] = programs(store.root()).try_into().unwrap();
    fs::remove_file(one.ancestors().nth(2).unwrap().join("record.json")).unwrap();
    let entry = other.ancestors().nth(2).unwrap();
    fs::rename(entry, entry.with_file_name(".fill-dead")).unwrap();
    let said = weather.storm("half");
    assert_eq!((count(&said, "filling"), count(&said, "hashed"), count(&said, "corrupt")), (2, 2, 0));
    assert_eq!((passes(), store.inventory().broken), (vec![1, 1], 0));

    // One byte in the middle of a program.
    let flipped = programs(store.root()).remove(0);
    let mut bytes = fs::read(&flipped).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::set_permissions(&flipped, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(&flipped, bytes).unwrap();
    let said = weather.storm("corrupted");
    assert_eq!((count(&said, "filling"), count(&said, "hashed"), count(&said, "corrupt")), (1, 1, 1));
    assert_eq!((passes(), store.inventory().broken), (vec![1, 1], 0));
}
