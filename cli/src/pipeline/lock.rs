//! One apply per environment at a time: a lock with an owner and a lease, by conditional write.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    platform::EnvironmentName,
    store::{Store, Version},
};

use super::{PipelineError, journal::Owner};

/// A lock that was not renewed for so long belongs to a dead run. Runs renew it four times as often.
const LEASE: SignedDuration = SignedDuration::from_mins(4);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Lease {
    version: u32,
    owner: Owner,
    /// Tells two locks of the same process apart.
    token: String,
    since: Timestamp,
    until: Timestamp,
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
    /// When.
    pub since: Timestamp,
    /// Why it binds nobody any more; `None`: it does.
    pub dead: Option<Death>,
}

/// How a lock is known to be left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// Its owner does not run.
    OwnerGone,
    /// It was not renewed for too long.
    LeaseOver,
}

impl Lock {
    /// Who holds the lock of `environment`, if anybody does.
    ///
    /// # Errors
    /// [`PipelineError::Store`], [`PipelineError::Record`].
    pub async fn holder(store: &Store, environment: &EnvironmentName) -> Result<Option<Held>, PipelineError> {
        let key = format!("lock/{environment}.json");
        let Some((bytes, _)) = store.get(&key).await? else { return Ok(None) };
        let lease: Lease = serde_json::from_slice(&bytes).map_err(|source| PipelineError::Record { key, source })?;
        let dead = match lease.owner.is_gone() {
            true => Some(Death::OwnerGone),
            false => (lease.until <= Timestamp::now()).then_some(Death::LeaseOver),
        };
        Ok(Some(Held { owner: lease.owner, since: lease.since, dead }))
    }

    /// Takes the lock of `environment`, also from an owner that is known to be gone or whose lease is over.
    ///
    /// # Errors
    /// [`PipelineError::Locked`] when somebody holds it; [`PipelineError::Store`].
    pub async fn take(store: &Store, environment: &EnvironmentName) -> Result<Self, PipelineError> {
        let key = format!("lock/{environment}.json");
        let now = Timestamp::now();
        let lease = Lease {
            version: 1,
            owner: Owner::this_process(),
            token: uuid::Uuid::new_v4().to_string(),
            since: now,
            until: now + LEASE,
        };
        let lock = Self { store: store.clone(), key, lease };
        if lock.store.create(&lock.key, lock.content()?).await? {
            return Ok(lock);
        }
        let Some((held, version)) = lock.held().await? else {
            // Released in between: whoever is first now gets it.
            let free = lock.store.create(&lock.key, lock.content()?).await?;
            return if free { Ok(lock) } else { Err(PipelineError::LockRace { environment: environment.to_string() }) };
        };
        if held.until > now && !held.owner.is_gone() {
            let Owner { host, pid } = held.owner;
            return Err(PipelineError::Locked { environment: environment.to_string(), host, pid, since: held.since });
        }
        if lock.store.replace(&lock.key, lock.content()?, version).await? {
            return Ok(lock);
        }
        Err(PipelineError::LockRace { environment: environment.to_string() })
    }

    /// Makes the lease last again.
    ///
    /// # Errors
    /// [`PipelineError::LockLost`] when it is somebody else's by now; [`PipelineError::Store`].
    pub async fn renew(&mut self) -> Result<(), PipelineError> {
        let version = self.own().await?;
        self.lease.until = Timestamp::now() + LEASE;
        if self.store.replace(&self.key, self.content()?, version).await? {
            return Ok(());
        }
        Err(PipelineError::LockLost)
    }

    /// How often to renew.
    pub fn renewal() -> std::time::Duration {
        LEASE.unsigned_abs() / 4
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
        match self.held().await? {
            Some((held, version)) if held.token == self.lease.token => Ok(version),
            _ => Err(PipelineError::LockLost),
        }
    }

    async fn held(&self) -> Result<Option<(Lease, Version)>, PipelineError> {
        let Some((bytes, version)) = self.store.get(&self.key).await? else { return Ok(None) };
        let lease = serde_json::from_slice(&bytes).map_err(|source| self.broken(source))?;
        Ok(Some((lease, version)))
    }

    fn content(&self) -> Result<Vec<u8>, PipelineError> {
        serde_json::to_vec_pretty(&self.lease).map_err(|source| self.broken(source))
    }

    fn broken(&self, source: serde_json::Error) -> PipelineError {
        PipelineError::Record { key: self.key.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Location;

    #[tokio::test]
    async fn a_second_owner_waits_until_release_death_or_lease_end() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Location::Folder(folder.path().to_owned())).unwrap();
        let ops: EnvironmentName = "ops".parse().unwrap();
        let mut lock = Lock::take(&store, &ops).await.unwrap();
        lock.renew().await.unwrap();
        assert!(matches!(Lock::take(&store, &ops).await.unwrap_err(), PipelineError::Locked { .. }));
        Lock::take(&store, &"apps".parse().unwrap()).await.unwrap();
        lock.release().await.unwrap();

        // A dead owner on this machine, and an old lease on another.
        let mut dead = Lock::take(&store, &ops).await.unwrap();
        dead.lease.owner.pid = i32::MAX as u32;
        store.put(&dead.key, dead.content().unwrap()).await.unwrap();
        let mut old = Lock::take(&store, &ops).await.unwrap();
        assert!(matches!(dead.release().await.unwrap_err(), PipelineError::LockLost));
        old.lease.owner.host = "elsewhere".to_owned();
        old.lease.until = Timestamp::UNIX_EPOCH;
        store.put(&old.key, old.content().unwrap()).await.unwrap();
        Lock::take(&store, &ops).await.unwrap();
        assert!(matches!(old.renew().await.unwrap_err(), PipelineError::LockLost));
    }
}
