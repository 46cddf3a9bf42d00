//! One sandbox's folder, and the list of all of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret as _, SecretString};

use super::{
    Sink,
    driver::DriverChoice,
    error::SandboxError,
    files::{Lock, create_private_folder, read_optional, write_private},
    kind,
    member::Member,
    ports::{Port, Ports},
    record::{Driver, Record},
};
use crate::platform::{InvalidName, RepositoryName, SandboxName};

/// The user that the Git server knows; only the token is secret.
pub const GIT_USER: &str = "kstack";

/// A sandbox by name, whether it exists or not. It lies in `<home>/sandboxes/<name>/`:
///
/// ```text
/// sandbox.json   ports, processes, versions, Git repositories
/// kubeconfig     the user's
/// git-token      the Git server's password
/// pki/           certificates, and the components' kubeconfigs
/// data/          etcd's database, the source controller's artifacts
/// work/          HOME and TMPDIR of the processes
/// logs/          one per process
/// ```
#[derive(Debug, Clone)]
pub struct Sandbox {
    name: SandboxName,
    /// `<home>/sandboxes`.
    all: PathBuf,
}

/// What is known of a sandbox before it runs.
#[derive(Debug, Clone)]
pub struct Reservation {
    git_address: String,
    /// The Git server's user.
    pub git_user: &'static str,
    /// The Git server's password; it may read and push.
    pub git_token: SecretString,
    /// Where the kubeconfig will be.
    pub kubeconfig: PathBuf,
}

impl Reservation {
    /// The URL of a registered repository, without the credential.
    pub fn git_url(&self, repository: &RepositoryName) -> String {
        format!("http://{}/{repository}.git", self.git_address)
    }
}

impl Sandbox {
    /// The sandbox `name` below kstack's data folder.
    pub fn new(home: &Path, name: SandboxName) -> Self {
        Self { name, all: home.join("sandboxes") }
    }

    /// The sandboxes that exist, by name.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(home: &Path) -> Result<Vec<Self>, SandboxError> {
        let all = home.join("sandboxes");
        let entries = match fs::read_dir(&all) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|source| SandboxError::io("read", &all, source))?,
        };
        let mut sandboxes = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|source| SandboxError::io("read", &all, source))?;
            // Whatever else lies here was not put here by kstack.
            let name: Option<Result<SandboxName, InvalidName>> = entry.file_name().to_str().map(SandboxName::new);
            if let Some(Ok(name)) = name
                && entry.path().join("sandbox.json").is_file()
            {
                sandboxes.push(Self { name, all: all.clone() });
            }
        }
        sandboxes.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(sandboxes)
    }

    /// The sandbox whose Git server `url` belongs to, with what it takes to use that.
    ///
    /// # Errors
    /// When the folder of sandboxes cannot be read.
    pub fn serving(home: &Path, url: &str) -> Result<Option<Reservation>, SandboxError> {
        for sandbox in Self::list(home)? {
            // A sandbox whose record cannot be read serves nothing.
            let Ok(reservation) = sandbox.record().and_then(|record| sandbox.reservation(&record)) else { continue };
            if url.starts_with(&format!("http://{}/", reservation.git_address)) {
                return Ok(Some(reservation));
            }
        }
        Ok(None)
    }

    /// Its name.
    pub fn name(&self) -> &SandboxName {
        &self.name
    }

    /// Its folder.
    pub fn folder(&self) -> PathBuf {
        self.all.join(self.name.as_str())
    }

    /// Whether it was reserved or brought up.
    pub fn exists(&self) -> bool {
        self.record_path().is_file()
    }

    /// The user's kubeconfig, whose one context is [`Sandbox::context`].
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder().join("kubeconfig")
    }

    /// The name of the kubeconfig's context.
    pub fn context(&self) -> String {
        format!("kstack-{}", self.name)
    }

    /// The log of a process.
    pub fn log(&self, member: Member) -> PathBuf {
        self.folder().join("logs").join(format!("{member}.log"))
    }

    /// Settles the driver, chooses the ports and the Git server's token, and registers repositories with it, so that
    /// their URLs are known before anything runs. A sandbox that exists keeps its ports and token; repositories are
    /// added.
    ///
    /// # Errors
    /// When the folder cannot be written, the record that is there is broken, or the sandbox has another driver.
    pub async fn reserve(
        &self,
        driver: DriverChoice,
        repositories: &BTreeMap<RepositoryName, PathBuf>,
        sink: Sink<'_>,
    ) -> Result<Reservation, SandboxError> {
        let driver = self.choose(driver).await?;
        let _lock = self.lock(sink).await?;
        let mut record = self.read_or_create(driver, sink).await?;
        record.git_repositories.extend(repositories.iter().map(|(name, path)| (name.clone(), path.clone())));
        record.write(&self.record_path())?;
        self.reservation(&record)
    }

    pub(super) fn reservation(&self, record: &Record) -> Result<Reservation, SandboxError> {
        Ok(Reservation {
            git_address: record.ports.address(Port::Git),
            git_user: GIT_USER,
            git_token: self.git_token()?,
            kubeconfig: self.kubeconfig(),
        })
    }

    pub(super) fn record_path(&self) -> PathBuf {
        self.folder().join("sandbox.json")
    }

    pub(super) fn pki(&self) -> PathBuf {
        self.folder().join("pki")
    }

    /// The record of a sandbox that exists.
    pub(super) fn record(&self) -> Result<Record, SandboxError> {
        match Record::read(&self.record_path())? {
            Some(record) => Ok(record),
            None => Err(SandboxError::Unknown {
                name: self.name.to_string(),
                known: self.siblings()?.iter().map(|sandbox| sandbox.name.to_string()).collect(),
            }),
        }
    }

    /// The record; a sandbox that does not exist yet gets its folder, ports and token.
    pub(super) async fn read_or_create(&self, driver: Driver, sink: Sink<'_>) -> Result<Record, SandboxError> {
        let path = self.record_path();
        if let Some(record) = Record::read(&path)? {
            return Ok(record);
        }
        for folder in ["logs", "work"] {
            create_private_folder(&self.folder().join(folder))?;
        }
        if !self.token_path().is_file() {
            // Two random UUIDs: 244 bits from the system's generator.
            let token = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
            write_private(&self.token_path(), token.as_bytes())?;
        }
        // Two sandboxes that are made at the same time must not choose the same ports.
        let _lock = Lock::take(self.all.join(".ports.lock"), sink).await?;
        let git_host = match driver {
            Driver::Process => Ipv4Addr::LOCALHOST,
            Driver::Kind => kind::git_host().await?,
        };
        let ports = Ports::choose(git_host, &self.ports_of_others()).map_err(SandboxError::NoPort)?;
        let record = Record::new(driver, ports);
        record.write(&path)?;
        Ok(record)
    }

    /// The ports that other sandboxes recorded, running or not.
    pub(super) fn ports_of_others(&self) -> BTreeSet<u16> {
        // A sandbox that cannot be read is no reason not to start this one: its ports are in use or free.
        let siblings = self.siblings().unwrap_or_default();
        let others = siblings.iter().filter(|sandbox| sandbox.name != self.name);
        let records = others.filter_map(|sandbox| Record::read(&sandbox.record_path()).ok().flatten());
        records.flat_map(|record| record.ports.numbers().collect::<Vec<_>>()).collect()
    }

    fn siblings(&self) -> Result<Vec<Self>, SandboxError> {
        self.all.parent().map_or_else(|| Ok(Vec::new()), Self::list)
    }

    fn token_path(&self) -> PathBuf {
        self.folder().join("git-token")
    }

    fn git_token(&self) -> Result<SecretString, SandboxError> {
        let path = self.token_path();
        match read_optional(&path)?.map(SecretString::from) {
            Some(token) if token.expose_secret().len() >= 32 => Ok(token),
            _ => Err(SandboxError::BrokenRecord { path, reason: "it holds no token".to_owned() }),
        }
    }

    /// One kstack process works on a sandbox at a time.
    pub(super) async fn lock(&self, sink: Sink<'_>) -> Result<Lock, SandboxError> {
        create_private_folder(&self.all)?;
        Lock::take(self.all.join(format!(".{}.lock", self.name)), sink).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sandbox(home: &Path, name: &str) -> Sandbox {
        Sandbox::new(home, SandboxName::new(name).unwrap())
    }

    #[tokio::test]
    async fn a_reservation_stays_and_others_avoid_its_ports() {
        let home = tempfile::tempdir().unwrap();
        let name = RepositoryName::new("platform").unwrap();
        let one = sandbox(home.path(), "one");
        let repositories = BTreeMap::from([(name.clone(), PathBuf::from("/srv/platform.git"))]);
        let first = one.reserve(DriverChoice::Process, &repositories, &|_| {}).await.unwrap();
        let again = one.reserve(DriverChoice::Process, &BTreeMap::new(), &|_| {}).await.unwrap();
        assert_eq!(first.git_url(&name), again.git_url(&name));
        assert_eq!(first.git_token.expose_secret(), again.git_token.expose_secret());
        assert_eq!(one.record().unwrap().git_repositories, repositories);
        assert_eq!(one.status().await.unwrap().state(), "reserved");

        let two = sandbox(home.path(), "two");
        two.reserve(DriverChoice::Process, &BTreeMap::new(), &|_| {}).await.unwrap();
        let ports: BTreeSet<u16> = one.record().unwrap().ports.numbers().collect();
        assert!(two.record().unwrap().ports.numbers().all(|number| !ports.contains(&number)));
        let names: Vec<String> =
            Sandbox::list(home.path()).unwrap().iter().map(|sandbox| sandbox.name().to_string()).collect();
        assert_eq!(names, ["one", "two"]);
    }

    #[test]
    fn an_unknown_sandbox_is_refused_with_those_that_exist() {
        let home = tempfile::tempdir().unwrap();
        let error = sandbox(home.path(), "none").record().unwrap_err();
        assert!(matches!(error, SandboxError::Unknown { known, .. } if known.is_empty()));
    }
}
