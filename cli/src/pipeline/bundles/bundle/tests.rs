use super::*;
use crate::{platform::StackName, store::Location};

fn bundle(plan: &[u8]) -> Bundle {
    let planned = Planned {
        instance: Instance { stack: StackName::new("eks-gc0").unwrap(), environment: "ops".parse().ok() },
        destroy: false,
        closure: "c0ffee".to_owned(),
        files: BTreeMap::from([("infra/eks-gc0/main.tf".to_owned(), "1".to_owned())]),
        base: None,
        commit: "abc".to_owned(),
        state: Some(StateVersion { lineage: "l".to_owned(), serial: 4 }),
        terraform: Program { product: "terraform".to_owned(), version: "1.11.4".to_owned(), sha256: "5a".to_owned() },
        providers: BTreeMap::new(),
        policy: "901".to_owned(),
        protected: BTreeMap::new(),
        mocked: Vec::new(),
        changes: ChangeList::default(),
    };
    Bundle::new(planned, plan.to_vec(), false)
}

fn refused(bytes: &[u8]) -> BundleFormat {
    match Bundle::open("k", bytes, &Keys::default()) {
        Err(PipelineError::BundleRead { source, .. }) => source,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn bundles_are_found_by_content_newest_first() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&Location::Folder(folder.path().to_owned())).unwrap();
    let (one, two, nobody) = (bundle(b"one"), bundle(b"two"), Recipients::parse(&[]).unwrap());
    for bundle in [&one, &one, &two] {
        bundle.save(&store, &nobody).await.unwrap();
    }
    let keys = Keys::default();
    let found = Bundle::find(&store, &keys, &one.manifest.instance, Some("c0ffee")).await.unwrap();
    assert_eq!(found.bundles, [two.clone(), one.clone()]);
    assert!(Bundle::find(&store, &keys, &one.manifest.instance, Some("other")).await.unwrap().bundles.is_empty());
    // One that cannot be read hides nothing.
    store.put("ops/eks-gc0/c0ffee/bad.zip", "no zip").await.unwrap();
    let found = Bundle::all(&store, &keys, &one.manifest.instance).await.unwrap();
    assert_eq!((found.bundles.len(), found.unreadable.len()), (2, 1));
}

#[tokio::test]
async fn the_same_plan_with_a_word_is_another_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&Location::Folder(folder.path().to_owned())).unwrap();
    let denied = bundle(b"one");
    let mut allowed = bundle(b"one");
    allowed.manifest.protected.insert("aws_vpc.this".to_owned(), true);
    for bundle in [&denied, &allowed] {
        bundle.save(&store, &Recipients::parse(&[]).unwrap()).await.unwrap();
    }
    let (keys, instance) = (Keys::default(), &denied.manifest.instance);
    let found = Bundle::find(&store, &keys, instance, Some("c0ffee")).await.unwrap();
    assert_eq!(found.bundles, [allowed, denied.clone()]);
    assert!(Bundle::of_plan(&store, &keys, instance, &denied.manifest.plan_sha256).await.unwrap().is_some());
}

#[test]
fn a_changed_plan_or_format_is_refused() {
    let mut tampered = bundle(b"one");
    tampered.plan = b"another".to_vec();
    assert!(matches!(refused(&tampered.pack().unwrap()), BundleFormat::Digest));
    let mut newer = bundle(b"one");
    newer.manifest.version = 7;
    assert!(matches!(refused(&newer.pack().unwrap()), BundleFormat::Version(7)));
    assert!(matches!(refused(b"no zip"), BundleFormat::Zip(_)));
    assert!(matches!(refused(b"age-encryption.org/v1\nno header"), BundleFormat::Seal(_)));
    let whole = bundle(b"one").pack().unwrap();
    for length in 0..whole.len() {
        refused(&whole[..length]);
    }
}
