//! Bundles: sealed to recipients, bound to everything that was reviewed, looked at by `kstack bundle`.

mod canary;
mod commands;
mod merges;
mod mutation;
mod reads;
mod refusals;
mod sealing;
mod stale;
mod stores;
mod verify;

use std::{
    fs,
    io::{Cursor, Read as _, Write as _},
};

use serde_json::Value;
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

use crate::support::{
    age,
    cli::{Ran, files_below},
    repository::Repository,
};

/// A repository whose platform seals its plans, and the key that opens them.
struct Sealed {
    repository: Repository,
    /// The lines of a file of keys.
    key: String,
    recipient: String,
}

impl Sealed {
    /// With a stack `net` that has `resources`, planned. Nothing has the key yet.
    fn new(resources: &str) -> Self {
        let repository = Repository::new();
        let (key, recipient) = age::pair();
        set_pipeline(&repository, &format!("recipients = [\"{recipient}\"]"));
        repository.commit("Seal plans");
        repository.stack("net", resources);
        repository.commit("Add a network");
        let _ = repository.kstack(&["plan"]).done();
        Self { repository, key, recipient }
    }

    /// Gives the key to every run from now on.
    fn unlock(&mut self) {
        self.repository.world.set("KSTACK_AGE_KEY", &self.key);
    }

    /// The bundle as it is stored.
    fn stored(&self) -> Vec<u8> {
        fs::read(self.repository.bundle()).unwrap()
    }

    /// The bundle's manifest and plan.
    fn open(&self) -> (Value, Vec<u8>) {
        unpack(&::age::decrypt(&self.identity(), &self.stored()).unwrap())
    }

    /// Writes another bundle in its place, sealed as anybody can who knows the recipient.
    fn forge(&self, manifest: &Value, plan: &[u8]) {
        let recipient: ::age::x25519::Recipient = self.recipient.parse().unwrap();
        fs::write(self.repository.bundle(), ::age::encrypt(&recipient, &pack(manifest, plan)).unwrap()).unwrap();
    }

    fn identity(&self) -> ::age::x25519::Identity {
        self.key.lines().find(|line| !line.starts_with('#')).unwrap().parse().unwrap()
    }
}

/// Adds a line to the block `pipeline` of `kstack.hcl`.
fn set_pipeline(repository: &Repository, line: &str) {
    let text = repository.world.read("kstack.hcl");
    repository.write("kstack.hcl", &text.replace("  parallelism = 1\n", &format!("  parallelism = 1\n  {line}\n")));
}

/// A stack's only resource.
fn data(input: &str) -> String {
    format!("resource \"terraform_data\" \"greeting\" {{\n  input = \"{input}\"\n}}\n")
}

/// `kstack apply` of a platform whose clusters are left alone.
pub fn apply(repository: &Repository, flags: &[&str]) -> Ran {
    repository.kstack(&[&["apply", "--no-handoff"][..], flags].concat())
}

/// Requires that nothing of `net` was ever applied.
fn untouched(repository: &Repository) {
    let state = repository.world.work().join(".kstack/state");
    assert!(!state.exists() || files_below(&state).is_empty());
    assert!(!repository.pipeline().join("records/applied").exists());
    assert!(!repository.pipeline().join("records/lock/ops.json").exists());
}

/// The two members of a bundle.
pub fn unpack(bytes: &[u8]) -> (Value, Vec<u8>) {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut read = |name| {
        let mut content = Vec::new();
        archive.by_name(name).unwrap().read_to_end(&mut content).unwrap();
        content
    };
    (serde_json::from_slice(&read("bundle.json")).unwrap(), read("plan"))
}

pub fn pack(manifest: &Value, plan: &[u8]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in [("bundle.json", manifest.to_string().as_bytes()), ("plan", plan)] {
        archive.start_file(name, SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}
