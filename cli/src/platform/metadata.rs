//! Names, labels and tags of clusters: what `modules/common/metadata` computes, computed here. A test runs generated
//! inputs through both, so that what kstack says a cluster is called is what Terraform calls it.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::{EnvironmentName, form};

/// Who runs a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provider {
    /// Elastic Kubernetes Service.
    Aws,
    /// Google Kubernetes Engine.
    Google,
    /// Azure Kubernetes Service.
    Azure,
    /// A control plane of this machine.
    Local,
}

impl Provider {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 4] = [Self::Aws, Self::Google, Self::Azure, Self::Local];

    /// Its short name in the modules and in domains.
    pub fn short_name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Google => "gcp",
            Self::Azure => "azure",
            Self::Local => "local",
        }
    }

    /// How many characters a cluster's name may have. It is also one label of a domain, which has 63 (RFC 1035).
    ///
    /// - EKS: 100, <https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html>.
    /// - GKE: 40, <https://cloud.google.com/kubernetes-engine/docs/reference/rest/v1/projects.locations.clusters>.
    /// - AKS: 63, <https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules>.
    pub fn name_limit(self) -> usize {
        match self {
            Self::Google => 40,
            Self::Aws | Self::Azure | Self::Local => 63,
        }
    }

    /// Whether `text` has the form of a region of this provider.
    pub fn is_region(self, text: &str) -> bool {
        let parts: Vec<&str> = text.split('-').collect();
        let word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
        // A word and a number after it, which may be missing.
        let counted = |part: &str| word(part.trim_end_matches(|c: char| c.is_ascii_digit()));
        match (self, parts.as_slice()) {
            (Self::Aws, [area, middle @ .., number]) => {
                word(area)
                    && (area.len() == 2 || *area == "eusc")
                    && !middle.is_empty()
                    && middle.iter().all(|part| word(part))
                    && number.len() == 1
                    && number.bytes().all(|byte| byte.is_ascii_digit())
            }
            (Self::Google, [area, place]) => {
                word(area) && counted(place) && place.ends_with(|c: char| c.is_ascii_digit())
            }
            (Self::Azure | Self::Local, [place]) => counted(place),
            _ => false,
        }
    }
}

/// What a cluster is called after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster<'a> {
    /// Who runs it.
    pub provider: Provider,
    /// What it is for and a counter, such as `gc0`.
    pub name_prefix: &'a str,
    /// Its environment.
    pub environment: &'a str,
    /// Its region.
    pub region: &'a str,
}

/// A part of a name that cannot be used, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{part} `{value}` cannot be part of a cluster's name: {reason}")]
pub struct MetadataError {
    /// Which part it is.
    pub part: &'static str,
    /// The part.
    pub value: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// Names, labels and tags of one cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Its name.
    pub name: String,
    /// Domain of all clusters of the provider.
    pub domain: String,
    /// Its own domain.
    pub fqdn: String,
    /// Labels for Kubernetes objects.
    pub labels: BTreeMap<String, String>,
    /// Tags (on Google: labels) for cloud resources.
    pub tags: BTreeMap<String, String>,
    full_name: String,
    hash: String,
}

/// A name made of the cluster's, for a resource with a limit of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DerivedName<'a> {
    /// What it ends in.
    pub suffix: &'a str,
    /// How many characters it may have.
    pub max_length: usize,
    /// Whether it may have hyphens.
    pub hyphens: bool,
}

/// How many characters a part of a name may have: as many as the names of environments and clusters, of which two
/// are made.
const LONGEST_PART: usize = EnvironmentName::LONGEST;
/// How many characters of the hash a name that is not plain ends in.
const HASH: usize = 8;
/// How many characters a derived name must leave to the cluster's.
const LEAST_LEFT: usize = 16;

impl Cluster<'_> {
    /// Its name: `[name_prefix]-[environment]-[region]`, as long as nothing else is called so.
    ///
    /// Parts with hyphens can make one text of two clusters: `a-b` in `c`, and `a` in `b-c`. So the name is plain only
    /// where it can be taken apart again: the prefix ends at the first hyphen, and the region is the longest end that
    /// has the form of a region. Any other name, one that is longer than the provider takes, and one that looks as if
    /// it ended in a hash, ends in eight characters of a hash over the parts.
    ///
    /// # Errors
    /// [`MetadataError`] for parts that no cloud takes, or that are longer than 40 characters.
    pub fn name(&self) -> Result<String, MetadataError> {
        self.check()?;
        let (full, limit) = (self.full_name(), self.provider.name_limit());
        Ok(if self.is_plain(&full) { full } else { hashed(&full, limit, "-", &self.hash(), "") })
    }

    /// All of its names, labels and tags, below `base_domain`; the keys of labels begin with `label_namespace`.
    ///
    /// # Errors
    /// As [`Cluster::name`], and for a base domain that is none.
    pub fn metadata(&self, base_domain: &str, label_namespace: &str) -> Result<Metadata, MetadataError> {
        let name = self.name()?;
        form::domain(base_domain).map_err(|reason| MetadataError {
            part: "base domain",
            value: base_domain.to_owned(),
            reason,
        })?;
        let domain = format!("{}.{base_domain}", self.provider.short_name());
        let fqdn = format!("{name}.{domain}");
        let facts = [
            ("cluster", name.as_str()),
            ("domain", &domain),
            ("environment", self.environment),
            ("fqdn", &fqdn),
            ("provider", self.provider.short_name()),
            ("region", self.region),
        ];
        let labels = facts.iter().map(|(key, value)| (format!("{label_namespace}{key}"), label(value))).collect();
        let tags = facts
            .iter()
            .filter(|(key, _)| !matches!(*key, "domain" | "fqdn"))
            .map(|(key, value)| (format!("kstack-{key}"), (*value).to_owned()))
            .collect();
        Ok(Metadata { labels, tags, full_name: self.full_name(), hash: self.hash(), name, domain, fqdn })
    }

    fn check(&self) -> Result<(), MetadataError> {
        let parts = [("name prefix", self.name_prefix), ("environment", self.environment), ("region", self.region)];
        for (part, value) in parts {
            let outer = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
            let reason = if value.is_empty() || value.len() > LONGEST_PART {
                "it must have 1 to 40 characters"
            } else if !value.chars().all(|c| outer(c) || c == '-') {
                "only lower-case letters, digits and `-` are allowed"
            } else if !value.starts_with(outer) || !value.ends_with(outer) {
                "it must begin and end with a letter or digit"
            } else if part == "name prefix" && !value.starts_with(|c: char| c.is_ascii_lowercase()) {
                "it must begin with a letter"
            } else {
                continue;
            };
            return Err(MetadataError { part, value: value.to_owned(), reason });
        }
        Ok(())
    }

    fn full_name(&self) -> String {
        format!("{}-{}-{}", self.name_prefix, self.environment, self.region)
    }

    /// A slash stands between the parts, which have none.
    fn hash(&self) -> String {
        short_hash(&format!("{}/{}/{}", self.name_prefix, self.environment, self.region))
    }

    fn is_plain(&self, full: &str) -> bool {
        let rest = format!("{}-{}", self.environment, self.region);
        // The first place where an environment may end and a region begins.
        let end =
            rest.match_indices('-').map(|(at, _)| at).find(|&at| at > 0 && self.provider.is_region(&rest[at + 1..]));
        full.len() <= self.provider.name_limit()
            && !self.name_prefix.contains('-')
            && end == Some(self.environment.len())
            && !ends_in_hash(full)
    }
}

impl Metadata {
    /// A name made of the cluster's. Like the cluster's own it ends in the hash, before the suffix, unless it is the
    /// plain name and the suffix. A name without hyphens always has the hash: without its hyphens a name could be
    /// another's as well.
    ///
    /// # Errors
    /// [`MetadataError`] for a suffix that leaves less than 16 characters, or has hyphens where none are allowed.
    pub fn derived(&self, derived: DerivedName<'_>) -> Result<String, MetadataError> {
        let DerivedName { suffix, max_length, hyphens } = derived;
        let error = |reason| MetadataError { part: "suffix", value: suffix.to_owned(), reason };
        if max_length < suffix.len() + LEAST_LEFT {
            return Err(error("it must leave at least 16 characters to the cluster's name"));
        }
        if !hyphens {
            if suffix.contains('-') {
                return Err(error("the name has no hyphens"));
            }
            return Ok(hashed(&self.full_name.replace('-', ""), max_length, "", &self.hash, suffix));
        }
        let plain = format!("{}{suffix}", self.name);
        if plain.len() <= max_length {
            return Ok(plain);
        }
        Ok(hashed(&self.full_name, max_length, "-", &self.hash, suffix))
    }
}

/// As much of `text` as there is room for, the hash, and the suffix.
fn hashed(text: &str, limit: usize, separator: &str, hash: &str, suffix: &str) -> String {
    let room = limit - separator.len() - hash.len() - suffix.len();
    let head = text.get(..room.min(text.len())).unwrap_or(text).trim_matches('-');
    format!("{head}{separator}{hash}{suffix}")
}

fn short_hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(HASH / 2).map(|byte| format!("{byte:02x}")).collect()
}

fn ends_in_hash(name: &str) -> bool {
    let last = name.rsplit('-').next().unwrap_or(name);
    last.len() == HASH && last.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// A value that Kubernetes takes for a label: at most 63 characters,
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set>.
fn label(value: &str) -> String {
    if value.len() <= 63 {
        return value.to_owned();
    }
    let head = value.get(..63 - 1 - HASH).unwrap_or(value).trim_matches(['-', '.']);
    format!("{head}-{}", short_hash(value))
}

#[cfg(test)]
mod tests;
