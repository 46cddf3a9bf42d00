//! Two runs on one state in S3 with Terraform's native locks, on moto.

use kstack::terraform::StateFile;
use serde_json::Value;

use super::victim::{Victim, kill};
use crate::support::{moto::Moto, repository::until_written};

const BUCKET: &str = "acme-state";
const LOCK: &str = "ops/a.tfstate.tflock";

#[test]
fn on_s3_one_run_waits_and_a_dead_ones_locks_are_cleared() {
    let mut victim = Victim::new("600");
    let moto = Moto::start(victim.repository.world.root());
    for (name, value) in moto.variables() {
        victim.repository.world.set(name, value);
    }
    moto.make_bucket(BUCKET);
    let platform = victim.repository.world.read("kstack.hcl");
    let state = format!("state \"s3\" {{\n  bucket = \"{BUCKET}\"\n  region = \"eu-west-1\"\n}}\n");
    victim.repository.write("kstack.hcl", &platform.replace("state \"local\" {}\n", &state));
    let main = victim.repository.world.read("infra/a/main.tf").replace("backend \"local\" {}", "backend \"s3\" {}");
    victim.repository.write("infra/a/main.tf", &main);
    victim.repository.git(&["rm", "--quiet", "-r", "infra/b"]);
    victim.repository.commit("Keep state in S3");
    let _ = victim.repository.kstack(&["plan", "--all"]).done();

    let mut child = victim.start(&["apply", "--no-handoff"]);
    until_written(&victim.log());
    let second = victim.repository.kstack(&["apply", "--no-handoff"]);
    assert_eq!(second.code, Some(1), "{second}");
    let owner = format!("another run is applying to environment `ops`: process {}", child.id());
    assert!(second.stderr.contains(&owner), "{second}");
    // The journal learns the ID of the lock that only S3 knows.
    let lock: Value = serde_json::from_str(&moto.object(BUCKET, LOCK).unwrap()).unwrap();
    let journal = || moto.object(BUCKET, moto.keys(BUCKET, "kstack/records/journal/ops/").last().unwrap()).unwrap();
    until(|| journal().contains(lock["ID"].as_str().unwrap()));

    kill(&mut child, true);
    assert!(moto.object(BUCKET, LOCK).is_some(), "a killed Terraform leaves its lock");
    let ran = victim.repository.kstack(&["unlock", "--dry-run"]).done();
    assert!(ran.stdout.contains("the state of a (ops): would be unlocked"), "{ran}");
    let foreign = lock.to_string().replace(lock["ID"].as_str().unwrap(), "another");
    moto.put(BUCKET, LOCK, &foreign);
    let ran = victim.repository.kstack(&["unlock"]);
    assert!(ran.code == Some(1) && ran.stderr.contains("terraform force-unlock another"), "{ran}");
    assert_eq!(moto.object(BUCKET, LOCK).unwrap(), foreign);

    moto.put(BUCKET, LOCK, &lock.to_string());
    let (ran, report) = victim.resume(&[]);
    assert!(ran.code == Some(1) && ran.stderr.contains("the lock that a killed Terraform left was removed"), "{ran}");
    let left = &report["report"]["applied"]["left"][0];
    assert_eq!((&left["finding"], &left["addresses"][0]), (&"unrecorded".into(), &"terraform_data.one".into()));
    assert_eq!(moto.object(BUCKET, LOCK), None);
    assert_eq!(victim.made(), ["a.one"], "nothing is applied before somebody has looked: {ran}");

    // A Terraform that is not ours, on the way at the same time, is named.
    moto.put(BUCKET, LOCK, &foreign.replace(lock["Who"].as_str().unwrap(), "ann@laptop"));
    let (ran, report) = victim.resume(&["--checked", "a"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(report["report"]["applied"]["instances"].to_string().contains("ann@laptop"), "{ran}");
    assert_eq!(victim.made(), ["a.one"], "{ran}");
    assert!(moto.object(BUCKET, "ops/a.tfstate").is_none_or(|state| StateFile::parse(state.as_bytes()).is_ok()));
}

fn until(is_so: impl Fn() -> bool) {
    for _ in 0..600 {
        if is_so() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("not after a minute");
}
