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
}

impl Port {
    /// All of them.
    pub const ALL: [Self; 12] = [
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
    ];
}

/// The numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ports(BTreeMap<Port, u16>);

/// Below the range that Linux takes ports of outgoing connections from (32768 to 60999 by
/// default), so that none of those takes a port between its choice and its use.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

impl Ports {
    /// Chooses a free port for each socket, none of them in `taken`.
    ///
    /// # Errors
    /// When no free port is found.
    pub fn choose(taken: &BTreeSet<u16>) -> io::Result<Self> {
        let mut taken = taken.clone();
        let mut ports = BTreeMap::new();
        for port in Port::ALL {
            let number = free(&taken)?;
            taken.insert(number);
            ports.insert(port, number);
        }
        Ok(Self(ports))
    }

    /// The number of `port`.
    pub fn get(&self, port: Port) -> u16 {
        // `is_complete` is checked where records are read; 0 would be refused by every component.
        self.0.get(&port).copied().unwrap_or_default()
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
        let number = free(&avoided)?;
        self.0.insert(port, number);
        Ok(number)
    }

    /// All numbers.
    pub fn numbers(&self) -> impl Iterator<Item = u16> + '_ {
        self.0.values().copied()
    }

    /// `127.0.0.1:<number>`.
    pub fn address(&self, port: Port) -> String {
        format!("{}:{}", Ipv4Addr::LOCALHOST, self.get(port))
    }
}

/// Whether nothing listens on the port now.
pub(super) fn is_free(number: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok()
}

fn free(taken: &BTreeSet<u16>) -> io::Result<u16> {
    // Start anywhere and walk on, so the search ends even when nearly all ports are in use.
    let length = RANGE.end - RANGE.start;
    let random = uuid::Uuid::new_v4().as_u128();
    let start = u16::try_from(random % u128::from(length)).unwrap_or_default();
    (0..length)
        .map(|step| RANGE.start + (start + step) % length)
        .find(|number| !taken.contains(number) && is_free(*number))
        .ok_or_else(|| io::Error::new(io::ErrorKind::AddrInUse, "no port is free on 127.0.0.1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_ports_differ_and_avoid_those_of_others() {
        let first = Ports::choose(&BTreeSet::new()).unwrap();
        let taken: BTreeSet<u16> = first.numbers().collect();
        assert_eq!(taken.len(), Port::ALL.len());
        assert!(first.is_complete());
        let second = Ports::choose(&taken).unwrap();
        assert!(second.numbers().all(|number| !taken.contains(&number)));
    }

    #[test]
    fn a_port_in_use_is_not_free() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let number = listener.local_addr().unwrap().port();
        assert!(!is_free(number));
        drop(listener);
        assert!(is_free(number));
    }

    #[test]
    fn a_moved_port_is_another_one() {
        let mut ports = Ports::choose(&BTreeSet::new()).unwrap();
        let before = ports.clone();
        let moved = ports.move_away(Port::Kwok, &BTreeSet::new()).unwrap();
        assert!(before.numbers().all(|number| number != moved));
        assert_eq!(ports.get(Port::Kwok), moved);
        assert_eq!(ports.get(Port::Api), before.get(Port::Api));
    }

    #[test]
    fn a_record_without_a_port_is_incomplete() {
        let ports: Ports = serde_json::from_str(r#"{"etcd-client": 20000}"#).unwrap();
        assert!(!ports.is_complete());
    }
}
