//! Bundles, keys and stores that cannot be used: an error that names the thing, exit code 1, nothing applied.

use std::fs;

use super::{Sealed, apply, data, set_pipeline, untouched};
use crate::support::{age, repository::Repository};

#[test]
fn a_damaged_bundle() {
    let mut sealed = Sealed::new(&data("hello"));
    sealed.unlock();
    let whole = sealed.stored();
    let bundle = sealed.repository.bundle();
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    // The line that ends the header has a digest of it.
    let mut header = whole.clone();
    let digest = whole.windows(5).position(|bytes| bytes == b"\n--- ").unwrap() + 8;
    header[digest] = if header[digest] == b'a' { b'b' } else { b'a' };
    let unsealed = b"age-encryption.org/v1\n".to_vec();
    for bytes in [&whole[..whole.len() - 1], &whole[..whole.len() / 2], &flipped, &header, &unsealed, &Vec::new()] {
        fs::write(&bundle, bytes).unwrap();
        let ran = apply(&sealed.repository, &[]);
        assert_eq!(ran.code, Some(1), "{ran}");
        assert!(ran.stderr.contains("error: cannot use the bundle `ops/net/[SHA256]/[PLAN].zip.age`"), "{ran}");
        assert!(ran.stderr.contains("hint: find out who wrote to the plan store"), "{ran}");
        untouched(&sealed.repository);
    }
    fs::write(&bundle, &whole[..whole.len() - 1]).unwrap();
    insta::assert_snapshot!(apply(&sealed.repository, &[]), @r"
    --- stderr ---
    error: cannot use the bundle `ops/net/[SHA256]/[PLAN].zip.age`
      caused by: it is encrypted, and damaged: decryption error

    hint: find out who wrote to the plan store; then delete the bundle, plan again, and have it reviewed
    --- exit code 1 ---
    ");
}

#[test]
fn a_bad_bundle_beside_a_good_one_is_told_and_passed_over() {
    let mut sealed = Sealed::new(&data("hello"));
    sealed.unlock();
    fs::write(sealed.repository.bundle().with_file_name("0000000000000000.zip"), "no zip").unwrap();
    insta::assert_snapshot!(apply(&sealed.repository, &[]), @r"
    --- stderr ---
    warning: passed over: cannot use the bundle `ops/net/[SHA256]/[PLAN].zip`: it is not a bundle: invalid Zip archive: Could not find EOCD
    applied net (ops): 1 added, 0 changed, 0 destroyed ([TIME])
    --- exit code 0 ---
    ");
}

#[test]
fn keys_that_are_none() {
    let mut sealed = Sealed::new(&data("hello"));
    sealed.repository.world.set("KSTACK_AGE_KEY", "AGE-SECRET-KEY-1CANARY");
    insta::assert_snapshot!(apply(&sealed.repository, &[]), @r"
    --- stderr ---
    error: line 1 of `KSTACK_AGE_KEY` is not an age key: invalid Bech32 encoding

    hint: a key is a line `AGE-SECRET-KEY-1…`, as `age-keygen` writes it
    --- exit code 1 ---
    ");
    sealed.repository.world.set("KSTACK_AGE_KEY", "");
    sealed.repository.world.set("KSTACK_AGE_KEY_FILE", "/nowhere/keys.txt");
    insta::assert_snapshot!(apply(&sealed.repository, &[]), @r"
    --- stderr ---
    error: cannot read the keys in `/nowhere/keys.txt`
      caused by: No such file or directory (os error 2)
    --- exit code 1 ---
    ");
    untouched(&sealed.repository);
}

#[test]
fn recipients_that_are_none() {
    let repository = Repository::new();
    let (key, recipient) = age::pair();
    let mistyped = format!("{}{}", &recipient[..40], if &recipient[40..41] == "q" { "p" } else { "q" });
    let mistyped = format!("{mistyped}{}", &recipient[41..]);
    let secret = key.lines().last().unwrap();
    for (text, words) in [
        (mistyped.as_str(), "is not a recipient: a letter is wrong or missing"),
        ("ssh-ed25519 AAAA", "is not a recipient: write the public key that `age-keygen` prints: `age1…`"),
        (secret, "is not a recipient: it is the secret half"),
    ] {
        let before = repository.world.read("kstack.hcl");
        set_pipeline(&repository, &format!("recipients = [\"{text}\"]"));
        let ran = repository.kstack(&["validate"]);
        assert_eq!(ran.code, Some(1), "{ran}");
        assert!(ran.stderr.contains(words), "{ran}");
        let json = repository.kstack(&["validate", "--format", "json"]);
        for said in [&ran, &json] {
            assert!(!format!("{}{}", said.stdout, said.stderr).contains(secret), "the key is in a log now");
        }
        repository.write("kstack.hcl", &before);
    }
}

#[test]
fn a_plan_store_that_does_not_answer() {
    let mut repository = Repository::new();
    set_pipeline(&repository, "plan_store = \"s3://plans/here\"");
    repository.stack("net", &data("hello"));
    repository.commit("Add a network");
    for (name, value) in [
        // Nothing listens there.
        ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_REGION", "eu-west-1"),
    ] {
        repository.world.set(name, value);
    }
    for arguments in [&["plan"][..], &["apply", "--no-handoff"], &["bundle", "show", "net"]] {
        let ran = repository.kstack(arguments);
        assert_eq!(ran.code, Some(1), "{ran}");
        assert!(ran.stderr.contains("s3://plans/here") && ran.stderr.contains("Connection refused"), "{ran}");
    }
    untouched(&repository);
}

#[test]
fn a_plan_store_that_is_no_folder() {
    let repository = Repository::new();
    set_pipeline(&repository, "plan_store = \"notes.md/plans\"");
    repository.write("notes.md", "a file\n");
    repository.stack("net", &data("hello"));
    repository.commit("Add a network");
    insta::assert_snapshot!(repository.kstack(&["plan"]), @r"
    --- stderr ---
    error: cannot create the folder `[WORLD]/work/notes.md/plans`
      caused by: Not a directory (os error 20)
    --- exit code 1 ---
    ");
    untouched(&repository);
}
