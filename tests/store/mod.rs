//! Objects in the clouds' buckets: conditional writes, and credentials without long-lived keys.
//!
//! `google.rs` and `azure.rs` are *stand-ins*: as much of the clouds' storage and token services as the store asks
//! for, on loopback. What they cannot show, a bucket can: `KSTACK_TEST_STORE=gs://bucket/prefix cargo test store:: --
//! --ignored` holds a real one, or an emulator, to the same laws.

mod azure;
mod bucket;
mod google;

use std::{collections::BTreeMap, path::Path};

use kstack::{
    CliError,
    store::{Location, Store, StoreError},
};

/// Opens `location` with these variables alone.
fn open(location: &str, variables: &[(&str, &str)]) -> Result<Store, StoreError> {
    let variables: BTreeMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let location = Location::parse(location, Path::new("/")).unwrap();
    Store::open_with(&location, &move |name| variables.get(name).cloned())
}

/// An error as the user sees it: message, causes and hints.
fn told(error: StoreError) -> String {
    let error = CliError::from(error);
    let hints = error.hints().iter().map(|hint| format!("hint: {hint}"));
    std::iter::once(error.to_string()).chain(error.causes()).chain(hints).collect::<Vec<_>>().join("\n")
}

/// What the pipeline relies on.
async fn keeps_the_laws(store: &Store) {
    assert!(store.get("ops/a").await.unwrap().is_none());
    assert!(store.create("ops/a", "one").await.unwrap());
    assert!(!store.create("ops/a", "two").await.unwrap(), "what is there is not created again");
    let (content, first) = store.get("ops/a").await.unwrap().unwrap();
    assert_eq!(content, "one");
    assert!(store.replace("ops/a", "three", first.clone()).await.unwrap());
    assert!(!store.replace("ops/a", "four", first).await.unwrap(), "somebody wrote in between");
    let (content, last) = store.get("ops/a").await.unwrap().unwrap();
    assert_eq!(content, "three");
    store.put("apps/a b+c.json", "x").await.unwrap();
    store.put("ops/a", "five").await.unwrap();
    assert!(!store.replace("ops/a", "six", last).await.unwrap());
    assert_eq!(store.list("").await.unwrap(), ["apps/a b+c.json", "ops/a"]);
    assert_eq!(store.list("ops").await.unwrap(), ["ops/a"]);
    for _ in 0..2 {
        store.delete("ops/a").await.unwrap();
        store.delete("apps/a b+c.json").await.unwrap();
    }
    assert!(store.get("ops/a").await.unwrap().is_none());
    store.probe().await.unwrap();
}

#[tokio::test]
#[ignore = "needs KSTACK_TEST_STORE: an empty place in a bucket or an emulator, with credentials in the environment"]
async fn a_real_bucket_keeps_the_laws() {
    let location = std::env::var("KSTACK_TEST_STORE").expect("KSTACK_TEST_STORE names a place");
    let store = Store::open(&Location::parse(&location, Path::new("/")).unwrap()).unwrap();
    keeps_the_laws(&store).await;
}
