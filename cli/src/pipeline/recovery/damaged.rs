//! Records that were cut off or changed where they lie: an error that names the object, and never a panic.

use jiff::Timestamp;
use proptest::{
    prelude::*,
    sample::Index,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use crate::pipeline::{
    PipelineError,
    applied::Applied,
    bundle::StateVersion,
    journal::{Entry, Journal, Status, tests::entry},
    lock::Lock,
};
use crate::{
    platform::{EnvironmentName, Instance},
    store::{Location, Store},
};

/// What happens to a file: it ends early, or some of its bytes are others.
fn damage() -> impl Strategy<Value = (Option<Index>, Vec<(Index, u8)>)> {
    (prop::option::of(any::<Index>()), prop::collection::vec((any::<Index>(), any::<u8>()), 0..3))
}

fn damaged(whole: &[u8], (cut, changed): &(Option<Index>, Vec<(Index, u8)>)) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for (at, byte) in changed {
        bytes[at.index(whole.len())] = *byte;
    }
    if let Some(cut) = cut {
        bytes.truncate(cut.index(whole.len()));
    }
    bytes
}

/// A store with one record of each kind, and their keys.
async fn records(folder: &std::path::Path) -> (Store, Lock) {
    let store = Store::open(&Location::Folder(folder.to_owned())).unwrap();
    let instance = Instance { stack: "net".parse().unwrap(), environment: Some(ops()) };
    let mut journal = Journal::start(&store, &ops(), "abc").await.unwrap();
    let state = Some(StateVersion { lineage: "l".to_owned(), serial: 4 });
    let entry = Entry {
        plan_sha256: "0".repeat(64),
        before: state.clone(),
        after: state,
        problem: Some("why".to_owned()),
        ..entry("net", Status::Applying)
    };
    journal.set(entry).await.unwrap();
    let run = journal.run().to_owned();
    let applied = serde_json::json!({
        "version": 1, "instance": instance, "closure": "c".repeat(64), "commit": "abc", "run": run, "time": Timestamp::now(),
    });
    let applied: Applied = serde_json::from_value(applied).unwrap();
    applied.write(&store).await.unwrap();
    let lock = Lock::take(&store, &ops(), &[]).await.unwrap();
    (store, lock)
}

fn ops() -> EnvironmentName {
    "ops".parse().unwrap()
}

/// Reads what lies at `key`, as a run does.
async fn read(store: &Store, key: &str) -> Result<(), PipelineError> {
    match key.split('/').next().unwrap() {
        "applied" => Applied::all(store).await.map(drop),
        "journal" => Journal::recent(store, &ops(), 1).await.map(drop),
        _ => Lock::take(store, &ops(), &[]).await.map(drop),
    }
}

#[test]
fn damaged_records_are_named() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (store, _held) = runtime.block_on(records(folder.path()));
    for kind in ["applied", "journal/ops", "lock"] {
        let keys = runtime.block_on(store.list(kind)).unwrap();
        let [key] = keys.as_slice() else { panic!("{keys:?}") };
        let (whole, _) = runtime.block_on(store.get(key)).unwrap().unwrap();
        let mut runner = TestRunner::new_with_rng(
            Config { cases: 400, failure_persistence: None, ..Config::default() },
            TestRng::deterministic_rng(RngAlgorithm::ChaCha),
        );
        let law = |damage: (Option<Index>, Vec<(Index, u8)>)| {
            let bytes = damaged(&whole, &damage);
            // Fields that nobody knows are passed over, whatever text they hold.
            let valid = serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok();
            runtime.block_on(store.put(key, bytes)).unwrap();
            match runtime.block_on(read(&store, key)) {
                Err(error @ PipelineError::Record { .. }) => {
                    prop_assert!(error.to_string().contains(&**key), "{}", error);
                }
                // A lock whose text still is one is held, or was: of a process that is gone, or long ago.
                Err(PipelineError::Locked { .. }) => prop_assert!(kind == "lock" && valid),
                Err(error) => prop_assert!(false, "{}", error),
                Ok(()) => prop_assert!(valid, "read though it is no JSON"),
            }
            Ok(())
        };
        runner.run(&damage(), law).unwrap();
        runtime.block_on(store.put(key, whole.clone())).unwrap();
    }
}
