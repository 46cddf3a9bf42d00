//! Killed and cancelled runs of the real AWS provider, with the state in S3: moto is asked what there is, so that nothing
//! is made twice, and nothing is there that no state knows.
//!
//! `KSTACK_TEST_CLOUD_KILLS` is the number of kills; `KSTACK_TEST_CANCEL=1` takes the real times of a cancelled job.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use kstack::{
    pipeline::{Record, Status},
    terraform::StateFile,
};
use rustix::process::Signal;
use serde_json::Value;

use super::victim::{Victim, kill, signal};
use crate::support::{moto::Moto, providers, repository::Repository};

const BUCKET: &str = "acme-state";
const STATE: &str = "ops/net.tfstate";

const PROVIDER: &str = r#"terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }

  backend "s3" {}
}

variable "environment" {
  type = string
}

provider "aws" {
  region                      = "eu-west-1"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}
"#;

/// A network, and what is in it.
fn network(name: &str, number: usize) -> String {
    format!(
        r#"
resource "aws_vpc" "{name}" {{
  cidr_block = "10.{number}.0.0/16"
  tags       = {{ Name = "aws_vpc.{name}" }}
}}

resource "aws_subnet" "{name}" {{
  vpc_id     = aws_vpc.{name}.id
  cidr_block = "10.{number}.1.0/24"
  tags       = {{ Name = "aws_subnet.{name}" }}
}}
"#
    )
}

const NAMES: [&str; 3] = ["one", "two", "three"];

/// A stack with three networks, planned, and the account where it is to be applied.
struct Cloud {
    victim: Victim,
    moto: Moto,
}

impl Cloud {
    /// `None` where the provider cannot be had.
    fn new() -> Option<Self> {
        let mirror = providers::mirror(&["hashicorp/aws"])?;
        let mut repository = Repository::new();
        let moto = Moto::start(repository.world.root());
        for (name, value) in moto.variables() {
            repository.world.set(name, value);
        }
        repository.world.set("KSTACK_PROVIDER_MIRROR", mirror);
        moto.make_bucket(BUCKET);
        let platform = repository.world.read("kstack.hcl");
        let state = format!("state \"s3\" {{\n  bucket = \"{BUCKET}\"\n  region = \"eu-west-1\"\n}}\n");
        repository.write("kstack.hcl", &platform.replace("state \"local\" {}\n", &state));
        let networks: String = NAMES.iter().zip(1..).map(|(name, number)| network(name, number)).collect();
        repository.write("infra/net/main.tf", &format!("{PROVIDER}{networks}"));
        repository.commit("Add networks");
        let _ = repository.kstack(&["plan", "--pending"]).done();
        Some(Self { victim: Victim { repository }, moto })
    }

    /// What the account has: ids by name.
    fn there(&self) -> BTreeMap<String, Vec<String>> {
        let code = "for kind in ('Vpc', 'Subnet'):\n \
                    for it in getattr(client, f'describe_{kind.lower()}s')()[kind + 's']:\n  \
                    for tag in it.get('Tags', []): print(tag['Value'], it[kind + 'Id'])";
        let mut there: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in self.moto.call("ec2", code).lines() {
            let (name, id) = line.split_once(' ').unwrap();
            there.entry(name.to_owned()).or_default().push(id.to_owned());
        }
        there
    }

    /// As a person who looked at what no state knows.
    fn delete(&self, ids: &[String]) {
        let delete = |id: &String| match id.split_once('-') {
            Some(("subnet", _)) => format!("client.delete_subnet(SubnetId='{id}')\n"),
            _ => format!("client.delete_vpc(VpcId='{id}')\n"),
        };
        let mut sorted = ids.to_vec();
        // Subnets before their networks.
        sorted.sort();
        self.moto.call("ec2", &sorted.iter().map(delete).collect::<String>());
    }

    /// The ids that the state has, by address.
    fn recorded(&self) -> BTreeMap<String, Vec<String>> {
        let Some(state) = self.moto.object(BUCKET, STATE) else { return BTreeMap::new() };
        let state: Value = serde_json::from_str(&state).unwrap();
        let resources = state["resources"].as_array().unwrap().iter();
        let id = |resource: &Value| {
            let address = format!("{}.{}", resource["type"].as_str().unwrap(), resource["name"].as_str().unwrap());
            (address, vec![resource["instances"][0]["attributes"]["id"].as_str().unwrap().to_owned()])
        };
        resources.map(id).collect()
    }

    /// The journals, newest first.
    fn journals(&self) -> Vec<Record> {
        let keys = self.moto.keys(BUCKET, "kstack/records/journal/ops/");
        let read = |key: &String| serde_json::from_str(&self.moto.object(BUCKET, key).unwrap()).unwrap();
        keys.iter().rev().map(read).collect()
    }

    /// Requires that the account, the state and the journal say the same, and that nothing is locked.
    fn is_whole(&self) {
        let there = self.there();
        assert_eq!(there, self.recorded(), "everything is made once, and in the state");
        assert_eq!(there.len(), 2 * NAMES.len());
        let journals = self.journals();
        let entries = journals.iter().filter_map(|record| record.entries.get("ops/net"));
        let last =
            entries.into_iter().find(|entry| !matches!(entry.status, Status::Planned | Status::Skipped)).unwrap();
        let state = StateFile::parse(self.moto.object(BUCKET, STATE).unwrap().as_bytes()).unwrap();
        assert_eq!((last.status, last.after.as_ref().unwrap().serial), (Status::Applied, state.serial));
        assert!(journals.iter().all(|record| record.ended.is_some()), "{journals:#?}");
        let mut locks = self.moto.keys(BUCKET, "");
        locks.retain(|key| key.contains("lock") || key.contains("/open/"));
        assert_eq!(locks, [""; 0]);
    }

    /// As before the first apply. `plans` are kept.
    fn reset(&self, plans: &[String]) {
        self.delete(&self.there().into_values().flatten().collect::<Vec<_>>());
        let mut keys = self.moto.keys(BUCKET, "");
        keys.retain(|key| !plans.contains(key));
        let delete: String =
            keys.iter().map(|key| format!("client.delete_object(Bucket='{BUCKET}', Key='{key}')\n")).collect();
        self.moto.call("s3", &delete);
    }

    /// Does what a person does after a run was killed: `resume`, and a look at what it says. Gives what that was about.
    fn recover(&self, tree: bool) -> Vec<String> {
        let (ran, report) = self.victim.resume(&[]);
        if self.journals().is_empty() {
            assert_eq!((self.there().len(), ran.code), (0, Some(0)), "it was killed before it began: {ran}");
            let _ = self.victim.repository.kstack(&["apply", "--no-handoff"]).done();
            return Vec::new();
        }
        if ran.code == Some(0) {
            return Vec::new();
        }
        assert!(tree, "Terraform was left alone, so everything can be resumed\n{ran}");
        let left = &report["report"]["applied"]["left"];
        let lost = left.as_array().unwrap().iter().filter(|left| left["finding"] == "unrecorded");
        let lost = lost.flat_map(|left| left["addresses"].as_array().unwrap());
        let lost: Vec<String> = lost.map(|address| address.as_str().unwrap().to_owned()).collect();
        let (there, recorded) = (self.there(), self.recorded());
        for (name, ids) in &there {
            assert!(
                recorded.get(name) == Some(ids) || lost.contains(name),
                "{name} is there and nobody says so: {ran}"
            );
        }
        // Nothing more is made as long as nobody has looked.
        let again = self.victim.resume(&[]).0;
        assert!(lost.is_empty() || (again.code, self.there()) == (Some(1), there.clone()), "{again}");
        let unknown = there.into_iter().filter(|(name, ids)| recorded.get(name) != Some(ids));
        self.delete(&unknown.flat_map(|(_, ids)| ids).collect::<Vec<_>>());
        let ran = if lost.is_empty() { ran } else { self.victim.resume(&["--checked", "net"]).0 };
        if ran.code != Some(0) {
            assert!(ran.stdout.contains("state"), "a part is in the state\n{ran}");
            let _ = self.victim.repository.kstack(&["plan", "--pending"]).done();
            let _ = self.victim.repository.kstack(&["apply", "--no-handoff"]).done();
        }
        lost
    }

    /// Waits until so many things were made.
    fn until_made(&self, number: usize) {
        let deadline = Instant::now() + Duration::from_secs(120);
        while self.moto.made() < number {
            assert!(Instant::now() < deadline, "{} of {number} were made:\n{}", self.moto.made(), self.victim.output());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn what_is_killed_on_the_way_to_a_cloud_is_made_once() {
    let rounds: usize = std::env::var("KSTACK_TEST_CLOUD_KILLS").map_or(2, |text| text.parse().unwrap());
    let Some(cloud) = Cloud::new() else { return };
    let plans = cloud.moto.keys(BUCKET, "kstack/plans/");
    let mut told = BTreeMap::<&str, usize>::new();
    for round in 0..rounds {
        if round > 0 {
            cloud.reset(&plans);
        }
        let (tree, made) = (round % 2 == 0, cloud.moto.made());
        let mut child = cloud.victim.start(&["apply", "--no-handoff"]);
        // After each of the calls in turn, and some time later.
        cloud.until_made(made + (2 * round + 2) % (2 * NAMES.len() + 1));
        std::thread::sleep(Duration::from_millis((round * 37 % 250) as u64));
        kill(&mut child, tree);
        let lost = cloud.recover(tree);
        *told.entry(if lost.is_empty() { "resumed" } else { "after a look" }).or_default() += 1;
        cloud.is_whole();
        let again = cloud.victim.resume(&[]).0;
        assert_eq!(again.code, Some(0), "nothing is left: {again}");
    }
    println!("{rounds} kills: {told:?}");
}

/// Cancels as GitHub does: SIGINT to the entry process, SIGTERM after 7.5 seconds, SIGKILL of the whole tree after 2.5
/// more. Three creates are under way when the job is cancelled; the cloud has made their networks, and does not answer
/// before the end.
fn cancel(cloud: &Cloud) {
    let scale = if std::env::var_os("KSTACK_TEST_CANCEL").is_some() { 1.0 } else { 0.1 };
    let wait = |seconds: f64| std::thread::sleep(Duration::from_secs_f64(seconds * scale));
    cloud.moto.hold();
    let before = cloud.moto.made();
    let mut child = cloud.victim.start(&["apply", "--no-handoff"]);
    cloud.until_made(before + NAMES.len());
    signal(&child, Signal::INT);
    wait(7.5);
    signal(&child, Signal::TERM);
    wait(2.5);
    kill(&mut child, true);
    cloud.moto.answer();
}

/// The provider gives its calls up when it is told to stop, so what they make is in no state, whatever a runner does. All
/// of it is named, and nothing is made before somebody has looked.
#[test]
fn what_a_cancelled_job_was_making_is_named() {
    let Some(cloud) = Cloud::new() else { return };
    let plans = cloud.moto.keys(BUCKET, "kstack/plans/");
    let networks = ["aws_vpc.one", "aws_vpc.three", "aws_vpc.two"];
    let named = |mut lost: Vec<String>| {
        lost.sort();
        assert_eq!(lost, networks);
    };
    cancel(&cloud);
    assert_eq!((cloud.there().len(), cloud.recorded().len()), (NAMES.len(), 0), "{}", cloud.victim.output());
    named(cloud.recover(true));
    cloud.is_whole();

    // Somebody who waits for the end is told at once; and that it stays true is told on any other machine.
    cloud.reset(&plans);
    cloud.moto.hold();
    let before = cloud.moto.made();
    let mut child = cloud.victim.start(&["apply", "--no-handoff"]);
    cloud.until_made(before + NAMES.len());
    signal(&child, Signal::INT);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    cloud.moto.answer();
    let said = cloud.victim.output();
    for network in networks {
        assert!(said.contains(&format!("`{network}`")), "{said}");
    }
    assert_eq!(cloud.journals()[0].entries["ops/net"].status, Status::Unknown);
    // As on a fresh machine: neither caches nor what Terraform said.
    std::fs::remove_dir_all(cloud.victim.repository.world.root().join("home")).unwrap();
    named(cloud.recover(true));
    cloud.is_whole();
}
