//! Clusters on the command line: `aws:gc0:eu-west-1`, `google:gc0:europe-west1:b,c`.

use std::str::FromStr;

use super::{Cluster, Place};
use crate::{
    platform::{ClusterName, InvalidName},
    scaffold::{
        Provider,
        provider::{Reason, UnknownProvider},
    },
};

/// A text that names no cluster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCluster {
    /// The parts are not those of its provider.
    #[error("`{text}` names no cluster: write `{form}`")]
    Form {
        /// The text.
        text: String,
        /// What clusters of the provider look like.
        form: &'static str,
    },
    /// Nobody offers it.
    #[error(transparent)]
    Provider(#[from] UnknownProvider),
    /// The region or a zone does not have the form of its provider.
    #[error("`{text}` names no cluster: {what} `{part}` {reason}")]
    Part {
        /// The text.
        text: String,
        /// What the part should be.
        what: &'static str,
        /// The part.
        part: String,
        /// What is wrong with it.
        reason: Reason,
    },
    /// The name cannot be used.
    #[error(transparent)]
    Name(#[from] InvalidName),
}

impl FromStr for Cluster {
    type Err = InvalidCluster;

    /// Reads `local:<name>` or `<cloud>:<name>:<region>[:<zones>]`.
    fn from_str(text: &str) -> Result<Self, InvalidCluster> {
        let form = |form| InvalidCluster::Form { text: text.to_owned(), form };
        let part = |what, part: &str, reason| {
            let (text, part) = (text.to_owned(), part.to_owned());
            InvalidCluster::Part { text, what, part, reason }
        };
        let mut parts = text.split(':');
        let first = parts.next().unwrap_or_default();
        let parts: Vec<_> = parts.collect();
        if parts.is_empty() {
            return Err(form("local:<name>` or `<aws|google|azure>:<name>:<region>"));
        }
        let provider: Provider = first.parse()?;
        let place = match (provider, &parts[..]) {
            (Provider::Local, [_]) => Place::Local,
            (Provider::Local, _) => return Err(form("local:<name>")),
            (cloud, [_, region, zones @ ..]) if zones.len() <= 1 => {
                cloud.check_region(region).map_err(|reason| part("the region", region, reason))?;
                let zones = zones.first().map(|zones| {
                    let zones = zones
                        .split(',')
                        .map(|zone| cloud.zone(region, zone).map_err(|reason| part("zone", zone, reason)));
                    zones.collect::<Result<Vec<_>, _>>()
                });
                Place::new(cloud, region, zones.transpose()?)
            }
            (Provider::Aws, _) => return Err(form("aws:<name>:<region>`, such as `aws:gc0:eu-west-1")),
            (Provider::Google, _) => return Err(form("google:<name>:<region>`, such as `google:gc0:europe-west1")),
            (Provider::Azure, _) => return Err(form("azure:<name>:<region>`, such as `azure:gc0:westeurope")),
        };
        let name = parts.first().copied().unwrap_or_default();
        Ok(Self::new(ClusterName::new(name)?, place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::EnvironmentName;

    #[test]
    fn clusters_are_read_and_named() {
        let ops = EnvironmentName::new("ops").unwrap();
        for (text, stack, name, zones) in [
            ("aws:gc0:eu-west-1", "eks-gc0-eu-west-1", "gc0-ops-eu-west-1", "eu-west-1a eu-west-1b eu-west-1c"),
            (
                "aws:gc0:us-gov-east-1:a,d",
                "eks-gc0-us-gov-east-1",
                "gc0-ops-us-gov-east-1",
                "us-gov-east-1a us-gov-east-1d",
            ),
            ("google:gc0:europe-west1", "gke-gc0-europe-west1", "gc0-ops-europe-west1", ""),
            (
                "google:gc0:europe-west1:b,c",
                "gke-gc0-europe-west1",
                "gc0-ops-europe-west1",
                "europe-west1-b europe-west1-c",
            ),
            ("azure:gc0:westeurope:1,3", "aks-gc0-westeurope", "gc0-ops-westeurope", "1 3"),
            ("local:dev", "local-dev", "dev-ops-local", ""),
        ] {
            let cluster: Cluster = text.parse().unwrap();
            assert_eq!(cluster.stack().unwrap().as_str(), stack);
            assert_eq!(cluster.called_in(&ops).unwrap(), name);
            assert_eq!(cluster.place.zones().join(" "), zones);
        }
    }

    #[test]
    fn what_names_no_cluster_is_refused() {
        for text in [
            "",
            "gc0",
            "local",
            "local:",
            "local:gc0:x",
            "local:GC0",
            "aws:gc0",
            "aws:gc0:europe",
            "aws:gc0:europe-west1",
            "aws:gc0:eu-west-1a",
            "aws:gc0:EU-west-1",
            "aws:gc0:eu-west-1:",
            "aws:gc0:eu-west-1:a,b:c",
            "google:gc0:eu-west-1",
            "google:gc0:europe-west1:1",
            "azure:gc0:West Europe",
            "azure:gc0:westeurope:a",
            "gcp:gc0:europe-west1",
        ] {
            assert!(text.parse::<Cluster>().is_err(), "{text}");
        }
    }
}
