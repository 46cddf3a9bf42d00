//! A cluster as answers describe it.

mod argument;

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use super::{Provider, network::Cidr};
use crate::platform::{self, ClusterName, EnvironmentName, InvalidName, StackName};

pub use argument::InvalidCluster;

/// A cluster to scaffold; it exists once in every environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// What its names begin with.
    pub name: ClusterName,
    /// Where it runs.
    pub place: Place,
    /// The version of Kubernetes, such as `1.33`; the module's or the cloud's choice without one.
    pub version: Option<String>,
    /// The network to make; the next free one without it.
    pub cidr: Option<Cidr>,
    /// What holds in every environment that says nothing else.
    pub settings: Settings,
    /// What differs in an environment.
    pub environments: BTreeMap<EnvironmentName, Settings>,
}

/// What can differ between the environments of a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// The machine type of its nodes.
    pub instance_type: Option<String>,
    /// The fewest nodes of the default pool.
    pub min: Option<u64>,
    /// The most nodes of the default pool.
    pub max: Option<u64>,
    /// A network that is there already, instead of one to make.
    pub existing: Option<ExistingNetwork>,
}

/// A network that the cluster is put into, by the ids that its cloud knows it by. The fields are
/// those of the module's `network.existing`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ExistingNetwork {
    /// A VPC of AWS.
    Aws {
        /// The VPC.
        vpc_id: String,
        /// Subnets of the nodes.
        node_subnet_ids: Vec<String>,
        /// Subnets of the control plane, if not those of the nodes.
        control_plane_subnet_ids: Option<Vec<String>>,
    },
    /// A VPC network of Google.
    Google {
        /// Self link or name of the network.
        network: String,
        /// Self link or name of the subnetwork.
        subnetwork: String,
        /// Name of the secondary range that pods get addresses of.
        pods_range: String,
        /// Name of the secondary range that services get addresses of.
        services_range: String,
    },
    /// A virtual network of Azure.
    Azure {
        /// Resource id of the nodes' subnet.
        node_subnet_id: String,
        /// Resource id of a subnet of the API server, if it is to have an address in the network.
        api_server_subnet_id: Option<String>,
    },
}

/// Where a cluster runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// On this machine.
    Local,
    /// In a region of AWS.
    Aws {
        /// The region, such as `eu-west-1`.
        region: String,
        /// Full names of the availability zones.
        zones: Vec<String>,
    },
    /// In a region of Google Cloud.
    Google {
        /// The region, such as `europe-west1`.
        region: String,
        /// Full names of the nodes' zones; empty: three that GKE chooses.
        zones: Vec<String>,
        /// Id of the project; no platform is rendered without it.
        project: Option<String>,
    },
    /// In a region of Azure.
    Azure {
        /// The region, such as `westeurope`.
        region: String,
        /// Numbers of the zones.
        zones: Vec<String>,
        /// Id of the subscription; no platform is rendered without it.
        subscription: Option<String>,
        /// Id of the tenant, if not the one that the credentials belong to.
        tenant: Option<String>,
    },
}

impl Place {
    /// A place with the zones that its provider has without an answer.
    pub fn new(provider: Provider, region: &str, zones: Option<Vec<String>>) -> Self {
        let zones = zones.unwrap_or_else(|| provider.default_zones(region));
        let region = region.to_owned();
        match provider {
            Provider::Aws => Self::Aws { region, zones },
            Provider::Google => Self::Google { region, zones, project: None },
            Provider::Azure => Self::Azure { region, zones, subscription: None, tenant: None },
            Provider::Local => Self::Local,
        }
    }

    /// Who runs it.
    pub fn provider(&self) -> Provider {
        match self {
            Self::Local => Provider::Local,
            Self::Aws { .. } => Provider::Aws,
            Self::Google { .. } => Provider::Google,
            Self::Azure { .. } => Provider::Azure,
        }
    }

    /// The zones by their full names.
    pub fn zones(&self) -> &[String] {
        match self {
            Self::Local => &[],
            Self::Aws { zones, .. } | Self::Google { zones, .. } | Self::Azure { zones, .. } => zones,
        }
    }
}

impl Cluster {
    /// A cluster of which nothing else is said.
    pub fn new(name: ClusterName, place: Place) -> Self {
        let (settings, environments) = (Settings::default(), BTreeMap::new());
        Self { name, place, version: None, cidr: None, settings, environments }
    }

    /// Who runs it.
    pub fn provider(&self) -> Provider {
        self.place.provider()
    }

    /// The folder of its stack and of its registry: `<cloud>-<name>-<region>`.
    ///
    /// # Errors
    /// [`InvalidName`] when that is too long for a name.
    pub fn stack(&self) -> Result<StackName, InvalidName> {
        let prefix = self.provider().stack_prefix();
        match &self.place {
            Place::Local => StackName::new(format!("{prefix}-{}", self.name)),
            _ => StackName::new(format!("{prefix}-{}-{}", self.name, self.region())),
        }
    }

    /// What the cluster is called in `environment`, as `modules/common/metadata` computes it: its name as composed, or
    /// with a hash where another cluster could be composed alike, or the provider takes less.
    ///
    /// # Errors
    /// [`platform::MetadataError`] for parts that are too long.
    pub fn called_in(&self, environment: &EnvironmentName) -> Result<String, platform::MetadataError> {
        let (name_prefix, environment) = (self.name.as_str(), environment.as_str());
        platform::Cluster { provider: self.provider(), name_prefix, environment, region: self.region() }.name()
    }

    /// The region, `local` for a cluster of this machine.
    pub fn region(&self) -> &str {
        match &self.place {
            Place::Local => "local",
            Place::Aws { region, .. } | Place::Google { region, .. } | Place::Azure { region, .. } => region,
        }
    }

    /// Whether it runs in a cloud.
    pub fn is_cloud(&self) -> bool {
        self.provider().is_cloud()
    }

    /// Whether it gets a network of its own in some environment.
    pub fn makes_network(&self) -> bool {
        self.is_cloud() && self.settings.existing.is_none()
    }
}

impl fmt::Display for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Local => write!(f, "local:{}", self.name),
            place => write!(f, "{}:{}:{}", place.provider(), self.name, self.region()),
        }
    }
}
