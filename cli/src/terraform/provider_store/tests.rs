//! The store as a whole, with archives of the tests' own.

mod registry;

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use zip::write::SimpleFileOptions;

use super::{
    hash::{H1, Zh},
    *,
};
use crate::terraform::Interrupt;

const RANDOM: &str = "registry.terraform.io/hashicorp/random";

fn package(address: &str) -> Package {
    Package {
        address: address.parse().unwrap(),
        version: "3.9.0".parse().unwrap(),
        platform: "linux_amd64".parse().unwrap(),
    }
}

/// An archive of a provider, its digests, and its files unpacked.
struct Made {
    archive: PathBuf,
    unpacked: PathBuf,
    h1: String,
    zh: String,
}

fn make(folder: &Path, content: &str) -> Made {
    fs::create_dir_all(folder).unwrap();
    let (archive, unpacked) = (folder.join(package(RANDOM).archive()), folder.join("unpacked"));
    let mut zip = zip::ZipWriter::new(fs::File::create(&archive).unwrap());
    zip.start_file("terraform-provider-random", SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
    zip.write_all(content.as_bytes()).unwrap();
    zip.finish().unwrap();
    fs::create_dir_all(&unpacked).unwrap();
    fs::write(unpacked.join("terraform-provider-random"), content).unwrap();
    let (h1, zh) = (H1::of_folder(&unpacked).unwrap().to_string(), Zh::of_file(&archive).unwrap().to_string());
    Made { archive, unpacked, h1, zh }
}

/// A place to test in: a store, and what was heard of it.
struct Ground {
    root: tempfile::TempDir,
    store: ProviderStore,
    offers: Offers,
    heard: Arc<Mutex<Vec<StoreEvent>>>,
    interrupt: Interrupt,
}

impl Ground {
    fn new(place: impl FnOnce(&Path) -> Place) -> Self {
        let root = tempfile::tempdir().unwrap();
        let store = ProviderStore::new(root.path().join("store"));
        let source = Source { place: place(root.path()), include: Vec::new(), exclude: Vec::new() };
        let mut offers = Offers::new(vec![source], Credentials::default());
        offers.registry = super::registry::Registry::plain();
        Self { root, store, offers, heard: Arc::default(), interrupt: Interrupt::new(Duration::from_secs(1)) }
    }

    /// A packed mirror with one package.
    fn packed(content: &str) -> (Self, Made) {
        let ground = Self::new(|root| Place::Folder(root.join("mirror")));
        let made = make(&ground.root.path().join("mirror").join(package(RANDOM).address.folder()), content);
        (ground, made)
    }

    async fn provide(&self, address: &str, hashes: &[&str]) -> Result<Vec<Provided>, ProviderStoreError> {
        let text = format!("provider {address:?} {{\n  version = \"3.9.0\"\n  hashes = {hashes:?}\n}}\n");
        let lock = LockFile::parse(text.as_bytes()).unwrap();
        let platform = package(RANDOM).platform;
        let heard = self.heard.clone();
        let events = move |event| heard.lock().unwrap().push(event);
        let offers = &self.offers;
        let request =
            Request { platform: &platform, offers, doubted: None, events: &events, interrupt: &self.interrupt };
        self.store.provide(&lock, request).await
    }

    /// As [`Ground::provide`], of `hashicorp/random`, and the content of what was found.
    async fn content(&self, hashes: &[&str]) -> Result<Option<String>, ProviderStoreError> {
        let found = self.provide(RANDOM, hashes).await?;
        let program = |provided: &Provided| provided.folder.join("terraform-provider-random");
        Ok(found.first().map(|provided| fs::read_to_string(program(provided)).unwrap()))
    }

    fn heard(&self) -> Vec<StoreEvent> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }

    /// How often each entry was read whole.
    fn hashed(&self) -> Vec<u32> {
        self.store.inventory().entries.iter().map(|entry| entry.hashed).collect()
    }

    fn entry(&self, made: &Made) -> PathBuf {
        self.store.root().join(package(RANDOM).folder()).join(made.h1.parse::<H1>().unwrap().hex())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_comes_in_once_and_is_hashed_once() {
    let (ground, made) = Ground::packed("provider");
    let hashes = [made.h1.as_str(), &made.zh];
    let all = futures::future::join_all((0..32).map(|_| ground.content(&hashes))).await;
    assert!(all.into_iter().all(|content| content.unwrap().as_deref() == Some("provider")));
    let heard = ground.heard();
    let count = |wanted: fn(&StoreEvent) -> bool| heard.iter().filter(|event| wanted(event)).count();
    assert_eq!(count(|event| matches!(event, StoreEvent::Filling { .. })), 1);
    assert_eq!(count(|event| matches!(event, StoreEvent::Hashed { .. })), 1);
    assert_eq!(ground.hashed(), [1]);
    let [entry] = &ground.store.inventory().entries[..] else { panic!() };
    assert_eq!((entry.bytes, entry.linked, ground.store.inventory().broken), (8, false, 0));
}

#[tokio::test]
async fn an_unpacked_mirror_is_checked_and_linked_not_copied() {
    let ground = Ground::new(|root| Place::Folder(root.join("mirror")));
    let made = make(&ground.root.path().join("made"), "provider");
    let place = ground.root.path().join("mirror").join(package(RANDOM).folder());
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::rename(&made.unpacked, &place).unwrap();
    assert_eq!(ground.content(&[&made.h1]).await.unwrap().unwrap(), "provider");
    let found = ground.provide(RANDOM, &[&made.h1]).await.unwrap();
    assert_eq!(found[0].folder.canonicalize().unwrap(), place.canonicalize().unwrap());
    assert_eq!((ground.hashed(), ground.store.inventory().bytes()), (vec![1], 0));

    // Whoever changes a mirror in place is found out.
    fs::write(place.join("terraform-provider-random"), "another one").unwrap();
    let error = ground.content(&[&made.h1]).await.unwrap_err().to_string();
    assert!(error.contains("is not what the lock file has") && error.contains("mirror"), "{error}");
}

#[tokio::test]
async fn an_archive_is_a_source_of_its_own() {
    let ground = Ground::new(|root| Place::Archive(root.join("made").join(package(RANDOM).archive())));
    let made = make(&ground.root.path().join("made"), "provider");
    assert_eq!(ground.content(&[&made.h1]).await.unwrap().unwrap(), "provider");
    let other = ground.provide("registry.terraform.io/hashicorp/other", &[&made.h1]).await.unwrap();
    assert!(other.is_empty(), "its name says of what it is");
}

#[tokio::test]
async fn what_a_killed_run_left_is_cleared_and_filled_again() {
    let (ground, made) = Ground::packed("provider");
    let entry = ground.entry(&made);
    fs::create_dir_all(entry.join("package")).unwrap();
    fs::write(entry.join("package/terraform-provider-random"), "prov").unwrap();
    let dead = entry.with_file_name(".fill-dead");
    fs::create_dir_all(dead.join("package")).unwrap();
    assert_eq!(ground.store.inventory().broken, 2);
    assert_eq!(ground.content(&[&made.h1]).await.unwrap().unwrap(), "provider");
    assert!(!dead.exists());
    assert_eq!((ground.hashed(), ground.store.inventory().broken), (vec![1], 0));
}

#[tokio::test]
async fn corrupted_content_is_never_given_out() {
    let (ground, made) = Ground::packed("provider");
    ground.content(&[&made.h1]).await.unwrap();
    ground.heard();
    let program = ground.entry(&made).join("package/terraform-provider-random");
    fs::remove_file(&program).unwrap();
    fs::write(&program, "PROVIDER").unwrap();
    assert_eq!(ground.content(&[&made.h1]).await.unwrap().unwrap(), "provider");
    assert!(ground.heard().contains(&StoreEvent::Corrupt { package: package(RANDOM) }));
    assert_eq!(ground.hashed(), [1], "of the new entry");

    // Nor is it when there is nothing to put in its place.
    fs::remove_file(&program).unwrap();
    fs::write(&program, "PROVIDER").unwrap();
    fs::remove_file(&made.archive).unwrap();
    let error = ground.content(&[&made.h1]).await.unwrap_err().to_string();
    assert!(error.starts_with("`hashicorp/random` 3.9.0 for linux_amd64 in `"), "{error}");
    assert!(error.ends_with("is not what was put there, and no source has it"), "{error}");
    assert_eq!(ground.content(&[&made.h1]).await.unwrap(), None, "it is gone");
}

#[tokio::test]
async fn a_copied_store_is_hashed_once_more_and_a_doubted_one_too() {
    let (ground, made) = Ground::packed("provider");
    ground.content(&[&made.h1]).await.unwrap();
    let program = ground.entry(&made).join("package/terraform-provider-random");
    fs::remove_file(&program).unwrap();
    fs::write(&program, "provider").unwrap();
    for _ in 0..2 {
        assert_eq!(ground.content(&[&made.h1]).await.unwrap().unwrap(), "provider");
    }
    assert_eq!(ground.hashed(), [2]);

    let text = format!("provider {RANDOM:?} {{\n  version = \"3.9.0\"\n  hashes = [{:?}]\n}}\n", made.h1);
    let lock = LockFile::parse(text.as_bytes()).unwrap();
    let doubted = Some(jiff::Timestamp::now());
    let platform = package(RANDOM).platform;
    for _ in 0..2 {
        let (offers, interrupt) = (&ground.offers, &ground.interrupt);
        let request = Request { platform: &platform, offers, doubted, events: &|_| {}, interrupt };
        ground.store.provide(&lock, request).await.unwrap();
    }
    assert_eq!(ground.hashed(), [3], "what was read after the doubt is above it");
}

#[tokio::test]
async fn what_is_not_locked_does_not_come_in() {
    let (ground, made) = Ground::packed("provider");
    let other = make(&ground.root.path().join("other"), "another");
    let told = async |hashes: &[&str]| ground.content(hashes).await.unwrap_err().to_string();
    let mismatch = told(&[&other.h1, &other.zh]).await;
    assert!(
        mismatch.contains("is not what the lock file has: it has h1:") && mismatch.contains(" and zh:"),
        "{mismatch}"
    );
    assert!(mismatch.contains(&made.archive.display().to_string()), "{mismatch}");
    let unpacked = "the lock file has no `h1:` hash of `hashicorp/random` 3.9.0 for linux_amd64, only those of archives: \
                    `terraform providers lock -platform=linux_amd64` adds it";
    assert_eq!(told(&[&made.zh]).await, unpacked);

    let whole = fs::read(&made.archive).unwrap();
    fs::write(&made.archive, &whole[..whole.len() / 2]).unwrap();
    let damaged = told(&[&made.h1]).await;
    assert!(damaged.starts_with("cannot unpack `hashicorp/random` 3.9.0 for linux_amd64 from `"), "{damaged}");
    assert_eq!((ground.store.inventory().entries.len(), ground.store.inventory().broken), (0, 0), "nothing stays");
}

#[tokio::test]
async fn a_store_that_cannot_be_written_to_is_told_with_its_place() {
    let (ground, made) = Ground::packed("provider");
    // A file where the folder should be stops the administrator too, whom permissions do not.
    fs::write(ground.store.root(), "").unwrap();
    let error = ground.content(&[&made.h1]).await.unwrap_err().to_string();
    assert!(error.starts_with("cannot create `") && error.contains("/store/"), "{error}");
}

#[tokio::test]
async fn who_waits_can_be_interrupted() {
    let (ground, made) = Ground::packed("provider");
    let slot = entry::Slot::new(ground.store.root(), &package(RANDOM));
    let _held = slot.lock(&ground.interrupt, || {}).await.unwrap();
    let hashes = [made.h1.as_str()];
    let interrupted = async {
        while ground.heard.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        ground.interrupt.raise();
    };
    let (result, ()) = tokio::join!(ground.content(&hashes), interrupted);
    assert!(matches!(result, Err(ProviderStoreError::Interrupted)));
    assert_eq!(ground.heard(), [StoreEvent::Waiting { package: package(RANDOM) }]);
}

#[tokio::test]
async fn what_terraform_installed_is_taken_over() {
    let ground = Ground::new(|_| Place::Foreign);
    let made = make(&ground.root.path().join("made"), "provider");
    assert_eq!(ground.content(&[&made.h1]).await.unwrap(), None, "only Terraform can ask there");
    let text = format!("provider {RANDOM:?} {{\n  version = \"3.9.0\"\n  hashes = [{:?}]\n}}\n", made.h1);
    let lock = LockFile::parse(text.as_bytes()).unwrap();
    let platform = package(RANDOM).platform;
    let (offers, interrupt) = (&ground.offers, &ground.interrupt);
    let request = Request { platform: &platform, offers, doubted: None, events: &|_| {}, interrupt };
    for instance in ["one", "two"] {
        let installed = ground.root.path().join(instance);
        let place = installed.join(package(RANDOM).folder());
        fs::create_dir_all(&place).unwrap();
        fs::write(place.join("terraform-provider-random"), "provider").unwrap();
        ground.store.adopt(&installed, &lock, request).await.unwrap();
        assert!(place.is_symlink() && place.join("terraform-provider-random").is_file());
        unlink(&installed).unwrap();
        assert!(!place.exists());
    }
    assert_eq!(ground.hashed(), [1]);
    assert_eq!(ground.content(&[&made.h1]).await.unwrap().unwrap(), "provider");

    let installed = ground.root.path().join("wrong");
    let place = installed.join(package(RANDOM).folder());
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join("terraform-provider-random"), "PROVIDER").unwrap();
    fs::remove_dir_all(ground.store.root()).unwrap();
    ground.store.adopt(&installed, &lock, request).await.unwrap();
    assert!(!place.is_symlink() && ground.store.inventory().entries.is_empty(), "Terraform says what is wrong with it");
}
