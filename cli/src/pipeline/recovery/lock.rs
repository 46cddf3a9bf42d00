//! One apply per environment at a time: a lock with an owner and a lease, by conditional write.
//!
//! The lease is over when the lock was not written for so long by the clock of the store that holds it. No two
//! machines' clocks are ever compared, so one that goes wrong takes no lock from a run that lives.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    platform::EnvironmentName,
    store::{Store, Version},
};

use crate::pipeline::{
    PipelineError,
    owner::{Life, Owner},
};

/// A lock that was not renewed for so long belongs to a dead run. Runs renew it four times as often.
const LEASE: Duration = Duration::from_secs(4 * 60);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Lease {
    version: u32,
    owner: Owner,
    /// Tells two locks of the same process apart.
    token: String,
    /// By the owner's clock, for people.
    since: Timestamp,
}

/// A held lock. Dropping it without [`Lock::release`] leaves it to its lease.
#[derive(Debug)]
pub struct Lock {
    store: Store,
    key: String,
    lease: Lease,
}

/// A lock as somebody holds it.
#[derive(Debug, Clone)]
pub struct Held {
    /// Who took it.
    pub owner: Owner,
    /// When, by their clock.
    pub since: Timestamp,
    /// Why it binds nobody any more; `None`: it does.
    pub dead: Option<Death>,
}

/// How a lock is known to be left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// Its owner does not run.
    OwnerGone,
    /// It was not renewed for this long, by the store's clock.
    LeaseOver(Duration),
}

fn key(environment: &EnvironmentName) -> String {
    format!("lock/{environment}.json")
}

impl Lock {
    /// Takes the lock of `environment`, also from an owner that is known to be gone or whose lease is over. Known to be
    /// gone are also those on the machines `gone`.
    ///
    /// # Errors
    /// [`PipelineError::Locked`] when somebody holds it; [`PipelineError::Store`], [`PipelineError::Record`].
    pub async fn take(store: &Store, environment: &EnvironmentName, gone: &[String]) -> Result<Self, PipelineError> {
        let lease = Lease {
            version: 1,
            owner: Owner::this_process(),
            token: uuid::Uuid::new_v4().to_string(),
            since: Timestamp::now(),
        };
        let lock = Self { store: store.clone(), key: key(environment), lease };
        if lock.store.create(&lock.key, lock.content()?).await? {
            return Ok(lock);
        }
        let race = || PipelineError::LockRace { environment: environment.to_string() };
        let Some((held, version)) = read(store, &lock.key).await? else {
            // Released in between: whoever is first now gets it.
            return if lock.store.create(&lock.key, lock.content()?).await? { Ok(lock) } else { Err(race()) };
        };
        let Held { owner: Owner { host, pid, .. }, since, dead } = look(store, &lock.key, held).await?;
        if dead.is_none() && !gone.contains(&host) {
            return Err(PipelineError::Locked { environment: environment.to_string(), host, pid, since });
        }
        if lock.store.replace(&lock.key, lock.content()?, version).await? { Ok(lock) } else { Err(race()) }
    }

    /// Who holds the lock of `environment`, if anybody does.
    ///
    /// # Errors
    /// [`PipelineError::Store`], [`PipelineError::Record`].
    pub async fn holder(store: &Store, environment: &EnvironmentName) -> Result<Option<Held>, PipelineError> {
        let key = key(environment);
        match read(store, &key).await? {
            Some((held, _)) => look(store, &key, held).await.map(Some),
            None => Ok(None),
        }
    }

    /// Makes the lease last again.
    ///
    /// # Errors
    /// [`PipelineError::LockLost`] when it is somebody else's by now; [`PipelineError::Store`].
    pub async fn renew(&mut self) -> Result<(), PipelineError> {
        let version = self.own().await?;
        if self.store.replace(&self.key, self.content()?, version).await? {
            return Ok(());
        }
        Err(PipelineError::LockLost)
    }

    /// How often to renew.
    pub fn renewal() -> Duration {
        LEASE / 4
    }

    /// Gives the lock back.
    ///
    /// # Errors
    /// [`PipelineError::LockLost`] when it is somebody else's by now; [`PipelineError::Store`].
    pub async fn release(self) -> Result<(), PipelineError> {
        self.own().await?;
        Ok(self.store.delete(&self.key).await?)
    }

    async fn own(&self) -> Result<Version, PipelineError> {
        match read(&self.store, &self.key).await? {
            Some((held, version)) if held.token == self.lease.token => Ok(version),
            _ => Err(PipelineError::LockLost),
        }
    }

    fn content(&self) -> Result<Vec<u8>, PipelineError> {
        serde_json::to_vec_pretty(&self.lease).map_err(|source| PipelineError::Record { key: self.key.clone(), source })
    }
}

async fn read(store: &Store, key: &str) -> Result<Option<(Lease, Version)>, PipelineError> {
    let Some((bytes, version)) = store.get(key).await? else { return Ok(None) };
    let lease =
        serde_json::from_slice(&bytes).map_err(|source| PipelineError::Record { key: key.to_owned(), source })?;
    Ok(Some((lease, version)))
}

async fn look(store: &Store, key: &str, lease: Lease) -> Result<Held, PipelineError> {
    let dead = match lease.owner.life() {
        Life::Gone => Some(Death::OwnerGone),
        // One that runs is left its lock, however long it was kept from renewing it.
        Life::Runs => None,
        Life::OutOfSight => store.age(key).await?.filter(|age| *age > LEASE).map(Death::LeaseOver),
    };
    Ok(Held { owner: lease.owner, since: lease.since, dead })
}

#[cfg(test)]
mod tests {
    use std::{fs::File, time::SystemTime};

    use super::*;
    use crate::store::Location;

    fn store() -> (tempfile::TempDir, Store, EnvironmentName) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Location::Folder(folder.path().to_owned())).unwrap();
        (folder, store, "ops".parse().unwrap())
    }

    /// Writes the lock as a machine called `elsewhere`, whose clock is `ahead` by so many hours.
    async fn held_elsewhere(store: &Store, ahead: i64) -> Lock {
        let mut lock = Lock::take(store, &"ops".parse().unwrap(), &[]).await.unwrap();
        lock.lease.owner.host = "elsewhere".to_owned();
        lock.lease.since += jiff::SignedDuration::from_hours(ahead);
        store.put(&lock.key, lock.content().unwrap()).await.unwrap();
        lock
    }

    #[tokio::test]
    async fn a_second_owner_waits_until_release_or_death() {
        let (_folder, store, ops) = store();
        let mut lock = Lock::take(&store, &ops, &[]).await.unwrap();
        lock.renew().await.unwrap();
        assert!(matches!(Lock::take(&store, &ops, &[]).await.unwrap_err(), PipelineError::Locked { .. }));
        Lock::take(&store, &"apps".parse().unwrap(), &[]).await.unwrap();
        lock.release().await.unwrap();

        let mut dead = Lock::take(&store, &ops, &[]).await.unwrap();
        (dead.lease.owner.pid, dead.lease.owner.process) = (i32::MAX as u32, None);
        store.put(&dead.key, dead.content().unwrap()).await.unwrap();
        Lock::take(&store, &ops, &[]).await.unwrap();
        assert!(matches!(dead.renew().await.unwrap_err(), PipelineError::LockLost));
        assert!(matches!(dead.release().await.unwrap_err(), PipelineError::LockLost));
    }

    #[tokio::test]
    async fn a_clock_that_goes_wrong_neither_takes_nor_keeps_a_lock() {
        for ahead in [-48, 0, 48] {
            let (folder, store, ops) = store();
            let mut lock = held_elsewhere(&store, ahead).await;
            assert!(matches!(Lock::take(&store, &ops, &[]).await.unwrap_err(), PipelineError::Locked { .. }));
            lock.renew().await.unwrap();
            assert!(matches!(Lock::take(&store, &ops, &[]).await.unwrap_err(), PipelineError::Locked { .. }));
            // Time goes by in the store.
            let past = SystemTime::now() - LEASE - Duration::from_secs(1);
            let file = File::options().write(true).open(folder.path().join(&lock.key)).unwrap();
            file.set_modified(past).unwrap();
            let held = Lock::holder(&store, &ops).await.unwrap().unwrap();
            assert!(matches!(held.dead, Some(Death::LeaseOver(age)) if age > LEASE), "{held:?}");
            Lock::take(&store, &ops, &[]).await.unwrap();
            assert!(matches!(lock.renew().await.unwrap_err(), PipelineError::LockLost));
        }
    }
}
