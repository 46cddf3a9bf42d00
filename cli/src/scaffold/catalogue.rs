//! The catalogue: services that kstack can add to clusters. Each is a folder of
//! `platform-templates/services/` with a `service.hcl`, which says what the service is, and:
//!
//! - `values/<chart>.yaml`: values of a chart that `service.hcl` names;
//! - `base/`: further manifests;
//! - `clouds/<provider>/`: what differs there, in the same two forms.
//!
//! What is alike in all of them (namespace, source, release, kustomizations) is written by [`files`]
//! from templates that they share, and so are services that are not in the catalogue.

pub(super) mod files;
mod parse;

use serde::{Serialize, Serializer};

use super::{Assets, Provider, ScaffoldError};
use crate::hcl::did_you_mean;

/// Where the catalogue lies in the templates.
pub(super) const FOLDER: &str = "services";

/// Something that clusters run for others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Service {
    /// The folder below `services/`, and the name of its object in registries.
    pub name: String,
    /// What it is for, as a phrase.
    pub description: String,
    /// Its namespace, if it has one of its own.
    pub namespace: Option<Namespace>,
    /// Services that must be ready before it is applied; they are added with it.
    pub requires: Vec<String>,
    /// Services that people who add it may want as well.
    pub suggests: Vec<String>,
    /// Where it works; never empty.
    pub providers: Vec<Provider>,
    /// Which clusters of a new platform get it.
    pub standard: Standard,
    /// Its charts, in the order in which they are installed.
    pub charts: Vec<Chart>,
    /// How long the engine waits until it is ready, such as `5m`.
    pub timeout: String,
    /// What has to be there that kstack does not make, by provider.
    pub needs: Vec<Need>,
}

/// A namespace that comes with a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// What its pods may do; nothing for a namespace that is there already, such as `kube-system`.
    pub pod_security: Option<PodSecurity>,
}

/// Kubernetes' pod security standards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PodSecurity {
    /// No root, no privileges, no host access.
    Restricted,
    /// No known way to more rights.
    Baseline,
    /// Anything.
    Privileged,
}

/// A chart held as a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// The chart's name, its label in `kstack.lock.hcl`, and the name of the file that holds its release.
    pub name: String,
    /// `oci://…` with the chart's name, or the `https://…` of a repository of charts.
    pub source: String,
    /// The version, as the source spells it.
    pub version: String,
    /// `sha256:…` of the chart's archive, where it is known.
    pub digest: Option<String>,
}

impl Serialize for Chart {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::json!({
            "name": self.name, "source": self.source, "version": self.version, "digest": self.digest,
            "oci": self.source.starts_with("oci://"),
        })
        .serialize(serializer)
    }
}

/// What a service needs from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Need {
    /// On which provider.
    pub provider: Provider,
    /// What, as a sentence for the person who adds the service.
    pub text: String,
}

/// Which clusters of a new platform get a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standard {
    /// All.
    Everywhere,
    /// Those in clouds: a local control plane reaches no registry of charts.
    Clouds,
    /// None: it is added by hand.
    Nowhere,
}

/// All services that kstack knows.
#[derive(Debug)]
pub struct Catalogue {
    /// By name.
    services: Vec<Service>,
}

impl Catalogue {
    /// Reads the catalogue of `assets`.
    ///
    /// # Errors
    /// [`ScaffoldError::Catalogue`] with every problem of every `service.hcl`; not for the embedded one.
    pub fn read(assets: &Assets) -> Result<Self, ScaffoldError> {
        let mut problems = Vec::new();
        let mut services = Vec::new();
        for (path, bytes) in assets.below(FOLDER) {
            let Some(name) = path.strip_suffix("/service.hcl") else { continue };
            let template = format!("{FOLDER}/{path}");
            let text = std::str::from_utf8(bytes).map_err(|_| ScaffoldError::NotText { template: template.clone() })?;
            services.extend(parse::service(name, &template, text, &mut problems));
        }
        services.sort_by(|one: &Service, other| one.name.cmp(&other.name));
        let catalogue = Self { services };
        if problems.is_empty() { Ok(catalogue) } else { Err(ScaffoldError::Catalogue { problems }) }
    }

    /// All services, by name.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// The service called `name`.
    ///
    /// # Errors
    /// [`ScaffoldError::Unknown`] with the nearest name.
    pub fn get(&self, name: &str) -> Result<&Service, ScaffoldError> {
        self.find(name).ok_or_else(|| {
            let names: Vec<&str> = self.services.iter().map(|service| service.name.as_str()).collect();
            ScaffoldError::Unknown { what: "service", name: name.to_owned(), help: did_you_mean(name, &names) }
        })
    }

    pub(super) fn find(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }

    /// The service called `name` after everything that it requires, directly or not; each once.
    ///
    /// # Errors
    /// As [`Catalogue::get`].
    pub fn with_requirements(&self, name: &str) -> Result<Vec<&Service>, ScaffoldError> {
        let mut found = Vec::new();
        self.collect(name, &mut Vec::new(), &mut found)?;
        Ok(found)
    }

    fn collect<'a>(
        &'a self,
        name: &str,
        above: &mut Vec<String>,
        found: &mut Vec<&'a Service>,
    ) -> Result<(), ScaffoldError> {
        // Two services that need each other would never be ready; a test keeps the embedded catalogue free of it.
        if above.iter().any(|other| other == name) || found.iter().any(|service| service.name == name) {
            return Ok(());
        }
        let service = self.get(name)?;
        above.push(name.to_owned());
        for required in &service.requires {
            self.collect(required, above, found)?;
        }
        above.pop();
        found.push(service);
        Ok(())
    }

    /// The services of a cluster of a new platform, or of a platform that has one in a cloud; what others require
    /// comes before them.
    pub(super) fn standard(&self, cloud: bool) -> Vec<&Service> {
        let mut found = Vec::new();
        let wanted = |service: &&Service| match service.standard {
            Standard::Everywhere => true,
            Standard::Clouds => cloud,
            Standard::Nowhere => false,
        };
        let mut wanted: Vec<&Service> = self.services.iter().filter(wanted).collect();
        // What nothing else is needed for comes first, as a person would list it.
        wanted.sort_by_key(|service| !service.requires.is_empty());
        for service in wanted {
            // A requirement that does not exist was told when the catalogue was checked.
            let _ = self.collect(&service.name, &mut Vec::new(), &mut found);
        }
        found
    }
}

impl Service {
    /// One of which only the name is known.
    pub fn bare(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            description: String::new(),
            namespace: None,
            requires: Vec::new(),
            suggests: Vec::new(),
            providers: Provider::ALL.to_vec(),
            standard: Standard::Nowhere,
            charts: Vec::new(),
            timeout: "5m".to_owned(),
            needs: Vec::new(),
        }
    }

    /// Whether it works on clusters of `provider`; on those of an unknown one, if it does everywhere.
    pub fn works_on(&self, provider: Option<Provider>) -> bool {
        match provider {
            Some(provider) => self.providers.contains(&provider),
            None => self.providers.len() == Provider::ALL.len(),
        }
    }
}
