//! The ports of a sandbox: random, on loopback, recorded, and never those of another sandbox.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::{Ipv4Addr, TcpListener},
};

use serde::{Deserialize, Serialize};

/// Every socket that a sandbox listens on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Port {
    /// etcd for the API server.
    EtcdClient,
    /// etcd for other members, of which there are none; it insists on the socket.
    EtcdPeer,
    /// Health of etcd; the client socket answers only those who have a certificate.
    EtcdHealth,
    /// The Kubernetes API.
    Api,
    /// Health of the controller manager.
    ControllerManager,
    /// Health of the scheduler.
    Scheduler,
    /// Health of kwok.
    Kwok,
    /// The Git server.
    Git,
    /// Artifacts that the source controller hands to the others.
    SourceArtifacts,
    /// Health of the source controller.
    SourceHealth,
    /// Health of the kustomize controller.
    KustomizeHealth,
    /// Health of the helm controller.
    HelmHealth,
    /// Argo CD's cache.
    Redis,
    /// Health of the cache, which speaks no HTTP.
    RedisHealth,
    /// Argo CD's repo server.
    RepoServer,
    /// Health and metrics of the repo server.
    RepoServerHealth,
    /// Health and metrics of the application controller.
    ApplicationHealth,
    /// Health of the applicationset controller.
    ApplicationsetHealth,
    /// Metrics of the applicationset controller.
    ApplicationsetMetrics,
    /// Where the applicationset controller would hear of pushes.
    ApplicationsetWebhook,
}

impl Port {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::EtcdClient,
        Self::EtcdPeer,
        Self::EtcdHealth,
        Self::Api,
        Self::ControllerManager,
        Self::Scheduler,
        Self::Kwok,
        Self::Git,
        Self::SourceArtifacts,
        Self::SourceHealth,
        Self::KustomizeHealth,
        Self::HelmHealth,
        Self::Redis,
        Self::RedisHealth,
        Self::RepoServer,
        Self::RepoServerHealth,
        Self::ApplicationHealth,
        Self::ApplicationsetHealth,
        Self::ApplicationsetMetrics,
        Self::ApplicationsetWebhook,
    ];
}

/// The numbers, and where the Git server listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Ports {
    /// Loopback; with kind the host's address in Docker's network, which pods can reach.
    git_host: Ipv4Addr,
    #[serde(flatten)]
    numbers: BTreeMap<Port, u16>,
}

/// Below the range that Linux takes ports of outgoing connections from (32768 to 60999 by
/// default), so that none of those takes a port between its choice and its use.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

impl Ports {
    /// Chooses a free port for each socket, none of them in `taken`; the Git server listens on `git_host`.
    ///
    /// # Errors
    /// When no free port is found.
    pub fn choose(git_host: Ipv4Addr, taken: &BTreeSet<u16>) -> io::Result<Self> {
        let mut taken = taken.clone();
        let mut ports = Self { git_host, numbers: BTreeMap::new() };
        for port in Port::ALL {
            let number = free(ports.host(port), &taken)?;
            taken.insert(number);
            ports.numbers.insert(port, number);
        }
        Ok(ports)
    }

    /// The number of `port`.
    pub fn get(&self, port: Port) -> u16 {
        // `is_complete` is checked where records are read; 0 would be refused by every component.
        self.numbers.get(&port).copied().unwrap_or_default()
    }

    /// Whether every socket has a number.
    pub fn is_complete(&self) -> bool {
        Port::ALL.iter().all(|port| self.get(*port) != 0)
    }

    /// Gives `port` another number, none of `taken`.
    ///
    /// # Errors
    /// When no free port is found.
    pub fn move_away(&mut self, port: Port, taken: &BTreeSet<u16>) -> io::Result<u16> {
        let mut avoided = taken.clone();
        avoided.extend(self.numbers());
        let number = free(self.host(port), &avoided)?;
        self.numbers.insert(port, number);
        Ok(number)
    }

    /// All numbers.
    pub fn numbers(&self) -> impl Iterator<Item = u16> + '_ {
        self.numbers.values().copied()
    }

    /// `<host>:<number>`.
    pub fn address(&self, port: Port) -> String {
        format!("{}:{}", self.host(port), self.get(port))
    }

    /// Whether nothing listens on the port now.
    pub fn is_free(&self, port: Port) -> bool {
        is_free(self.host(port), self.get(port))
    }

    fn host(&self, port: Port) -> Ipv4Addr {
        if port == Port::Git { self.git_host } else { Ipv4Addr::LOCALHOST }
    }
}

fn is_free(host: Ipv4Addr, number: u16) -> bool {
    TcpListener::bind((host, number)).is_ok()
}

fn free(host: Ipv4Addr, taken: &BTreeSet<u16>) -> io::Result<u16> {
    // Start anywhere and walk on, so the search ends even when nearly all ports are in use.
    let length = RANGE.end - RANGE.start;
    let random = uuid::Uuid::new_v4().as_u128();
    let start = u16::try_from(random % u128::from(length)).unwrap_or_default();
    (0..length)
        .map(|step| RANGE.start + (start + step) % length)
        .find(|number| !taken.contains(number) && is_free(host, *number))
        .ok_or_else(|| io::Error::new(io::ErrorKind::AddrInUse, format!("no port is free on {host}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_ports_differ_and_avoid_those_of_others() {
        let first = Ports::choose(Ipv4Addr::LOCALHOST, &BTreeSet::new()).unwrap();
        let taken: BTreeSet<u16> = first.numbers().collect();
        assert_eq!(taken.len(), Port::ALL.len());
        assert!(first.is_complete());
        let second = Ports::choose(Ipv4Addr::LOCALHOST, &taken).unwrap();
        assert!(second.numbers().all(|number| !taken.contains(&number)));
    }

    #[test]
    fn a_port_in_use_is_not_free() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let number = listener.local_addr().unwrap().port();
        assert!(!is_free(Ipv4Addr::LOCALHOST, number));
        drop(listener);
        assert!(is_free(Ipv4Addr::LOCALHOST, number));
    }

    #[test]
    fn a_moved_port_is_another_one() {
        let mut ports = Ports::choose(Ipv4Addr::LOCALHOST, &BTreeSet::new()).unwrap();
        let before = ports.clone();
        let moved = ports.move_away(Port::Kwok, &BTreeSet::new()).unwrap();
        assert!(before.numbers().all(|number| number != moved));
        assert_eq!(ports.get(Port::Kwok), moved);
        assert_eq!(ports.get(Port::Api), before.get(Port::Api));
    }

    #[test]
    fn a_record_without_a_port_is_incomplete() {
        let ports: Ports = serde_json::from_str(r#"{"git-host": "127.0.0.1", "etcd-client": 20000}"#).unwrap();
        assert!(!ports.is_complete());
    }
}
