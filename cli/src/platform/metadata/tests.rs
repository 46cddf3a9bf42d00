//! Hashes are those of `printf %s <prefix>/<environment>/<region> | sha256sum`.

use proptest::prelude::*;

use super::*;

fn cluster<'a>(provider: Provider, name_prefix: &'a str, environment: &'a str, region: &'a str) -> Cluster<'a> {
    Cluster { provider, name_prefix, environment, region }
}

fn name(provider: Provider, prefix: &str, environment: &str, region: &str) -> String {
    cluster(provider, prefix, environment, region).name().unwrap()
}

#[test]
fn ordinary_names_are_plain() {
    assert_eq!(name(Provider::Aws, "gc0", "ops", "eu-west-1"), "gc0-ops-eu-west-1");
    assert_eq!(name(Provider::Aws, "gc0", "apps-prod", "us-gov-east-1"), "gc0-apps-prod-us-gov-east-1");
    assert_eq!(name(Provider::Aws, "gc0", "ops", "eusc-de-east-1"), "gc0-ops-eusc-de-east-1");
    assert_eq!(name(Provider::Google, "gc0", "apps", "europe-west1"), "gc0-apps-europe-west1");
    assert_eq!(name(Provider::Azure, "gc0", "apps-prod", "westeurope"), "gc0-apps-prod-westeurope");
    assert_eq!(name(Provider::Local, "gc0", "ops", "local"), "gc0-ops-local");
}

#[test]
fn names_that_could_be_read_in_two_ways_end_in_a_hash() {
    // What `a-b` in `c` and `a` in `b-c` would both be called.
    assert_eq!(name(Provider::Aws, "a", "b-c", "eu-west-1"), "a-b-c-eu-west-1");
    assert_eq!(name(Provider::Aws, "a-b", "c", "eu-west-1"), "a-b-c-eu-west-1-301f423c");
    assert_eq!(name(Provider::Aws, "a", "b", "no-eu-west-1"), "a-b-no-eu-west-1");
    assert_eq!(name(Provider::Aws, "a", "b-no", "eu-west-1"), "a-b-no-eu-west-1-b5c37fff");
    // A region that looks like the hash of another name.
    assert_eq!(name(Provider::Google, "a", "b-c", "us-deadbee1"), "a-b-c-us-deadbee1-84d14d97");
    assert_eq!(name(Provider::Azure, "a", "b", "deadbeef"), "a-b-deadbeef-318c0f42");
}

#[test]
fn limits_are_kept_and_what_is_cut_ends_in_a_hash() {
    let long = name(Provider::Google, "analytics0", "apps-prod", "northamerica-northeast1");
    assert_eq!((long.as_str(), long.len()), ("analytics0-apps-prod-northameri-73f3550c", 40));
    let metadata =
        cluster(Provider::Azure, "gc0", "apps", "westeurope").metadata("platform.example.com", "kstack.dev/").unwrap();
    let derived = |suffix, max_length, hyphens| metadata.derived(DerivedName { suffix, max_length, hyphens }).unwrap();
    assert_eq!(derived("-identity", 128, true), "gc0-apps-westeurope-identity");
    assert_eq!(derived("-nodes", 24, true), "gc0-apps-d24d7265-nodes");
    assert_eq!(derived("kv", 24, false), "gc0appswesteurd24d7265kv");
    assert!(metadata.derived(DerivedName { suffix: "-nodes", max_length: 20, hyphens: true }).is_err());
    assert!(metadata.derived(DerivedName { suffix: "-kv", max_length: 24, hyphens: false }).is_err());
}

#[test]
fn parts_that_no_cloud_takes_are_refused() {
    let long = "a".repeat(41);
    for (prefix, environment, region) in [
        ("GC0", "ops", "r"),
        ("0gc", "ops", "r"),
        ("gc0", "", "r"),
        ("gc0", "ops-", "r"),
        ("gc0", "ops", long.as_str()),
    ] {
        assert!(cluster(Provider::Aws, prefix, environment, region).name().is_err(), "{prefix} {environment} {region}");
    }
    let domain = format!("{}.com", ["a".repeat(60), "b".repeat(60), "c".repeat(60)].join("."));
    assert!(cluster(Provider::Aws, "gc0", "ops", "r").metadata(&domain, "kstack.dev/").is_err());
}

/// Parts made of few short words, so that two of them often join to the same text.
fn part() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("a"),
        Just("b"),
        Just("eu"),
        Just("us"),
        Just("west"),
        Just("gov"),
        Just("west1"),
        Just("1"),
        Just("x1"),
        Just("deadbeef"),
        Just("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    ];
    proptest::collection::vec(word, 1..4)
        .prop_map(|words| words.join("-"))
        .prop_filter("too long", |part| part.len() <= LONGEST_PART)
}

fn prefix() -> impl Strategy<Value = String> {
    part().prop_filter("begins with a letter", |part| part.starts_with(|c: char| c.is_ascii_lowercase()))
}

fn provider() -> impl Strategy<Value = Provider> {
    prop::sample::select(Provider::ALL.to_vec())
}

/// All ways to take `text` apart into prefix, environment and region.
fn readings(text: &str) -> Vec<[&str; 3]> {
    let hyphens: Vec<usize> = text.match_indices('-').map(|(at, _)| at).collect();
    let pairs = hyphens.iter().flat_map(|first| hyphens.iter().map(move |second| (*first, *second)));
    pairs
        .filter(|(first, second)| first < second)
        .map(|(first, second)| [&text[..first], &text[first + 1..second], &text[second + 1..]])
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_two_clusters_share_a_name(provider in provider(), prefix in prefix(), environment in part(), region in part()) {
        let mine = name(provider, &prefix, &environment, &region);
        // Whoever could be called so: by taking the joined text apart, or the name itself, as if it were plain.
        let joined = format!("{prefix}-{environment}-{region}");
        for [other_prefix, other_environment, other_region] in readings(&joined).into_iter().chain(readings(&mine)) {
            if [other_prefix, other_environment, other_region] == [&prefix, &environment, &region] {
                continue;
            }
            if let Ok(theirs) = cluster(provider, other_prefix, other_environment, other_region).name() {
                prop_assert_ne!(&mine, &theirs, "{} {} {}", other_prefix, other_environment, other_region);
            }
        }
    }

    #[test]
    fn names_are_what_every_cloud_takes(provider in provider(), prefix in prefix(), environment in part(), region in part()) {
        let metadata = cluster(provider, &prefix, &environment, &region).metadata("example.com", "kstack.dev/").unwrap();
        let fits = |name: &str, limit: usize| {
            let outer = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
            name.len() <= limit
                && name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.ends_with(outer)
                && name.chars().all(|c| outer(c) || c == '-')
        };
        prop_assert!(fits(&metadata.name, provider.name_limit()), "{}", metadata.name);
        // Google's service accounts: 6 to 30; Azure's storage accounts: 3 to 24 letters and digits.
        let account = metadata.derived(DerivedName { suffix: "-nodes", max_length: 30, hyphens: true }).unwrap();
        prop_assert!(fits(&account, 30) && account.len() >= 6, "{}", account);
        let storage = metadata.derived(DerivedName { suffix: "", max_length: 24, hyphens: false }).unwrap();
        prop_assert!(fits(&storage, 24) && !storage.contains('-') && storage.len() >= 3, "{}", storage);
        prop_assert!(metadata.fqdn.len() <= 253);
        prop_assert!(metadata.labels.values().all(|value| value.len() <= 63));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn no_two_of_many_share_a_name(
        provider in provider(),
        clusters in proptest::collection::hash_set((prefix(), part(), part()), 2..40),
        suffix in prop_oneof![Just("-node"), Just("-cluster"), Just("-cluster-autoscaler")],
    ) {
        let metadata: Vec<Metadata> = clusters
            .iter()
            .map(|(prefix, environment, region)| {
                cluster(provider, prefix, environment, region).metadata("example.com", "kstack.dev/").unwrap()
            })
            .collect();
        let distinct = |texts: Vec<String>| texts.iter().collect::<std::collections::BTreeSet<_>>().len() == texts.len();
        let derived = |suffix, max_length, hyphens| {
            metadata.iter().map(|one| one.derived(DerivedName { suffix, max_length, hyphens }).unwrap()).collect()
        };
        prop_assert!(distinct(metadata.iter().map(|one| one.name.clone()).collect()));
        prop_assert!(distinct(metadata.iter().map(|one| one.fqdn.clone()).collect()));
        prop_assert!(distinct(derived(suffix, 64, true)));
        prop_assert!(distinct(derived("-sa", 30, true)));
        prop_assert!(distinct(derived("", 24, false)));
    }
}
