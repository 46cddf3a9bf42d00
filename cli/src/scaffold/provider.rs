//! Clouds, and what their regions, zones, machines and versions look like.
//!
//! Only the form is checked, by the patterns that the clouds document. A list of regions or
//! machine types would be out of date with the next release of the cloud; Terraform tells about
//! one that does not exist.

use std::{fmt, ops::RangeInclusive, str::FromStr};

pub use crate::platform::Provider;

/// Why a text cannot be a region, a zone or the like: the rest of a sentence that begins with it.
pub type Reason = &'static str;

impl Provider {
    /// The name in answers, flags, and below `modules/` and `platform-templates/stack/`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Google => "google",
            Self::Azure => "azure",
            Self::Local => "local",
        }
    }

    /// How people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Aws => "AWS",
            Self::Google => "Google Cloud",
            Self::Azure => "Azure",
            Self::Local => "local",
        }
    }

    /// What the names of its stacks begin with: its Kubernetes service.
    pub fn stack_prefix(self) -> &'static str {
        match self {
            Self::Aws => "eks",
            Self::Google => "gke",
            Self::Azure => "aks",
            Self::Local => "local",
        }
    }

    /// Whether it is a cloud.
    pub fn is_cloud(self) -> bool {
        self != Self::Local
    }

    /// The Terraform providers that its stacks use: address, as `namespace/type`, and versions. A test
    /// compares them with what the stacks require.
    pub fn terraform_providers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Aws => &[("hashicorp/aws", ">= 5.100.0, < 7.0.0")],
            Self::Google => &[("hashicorp/google", ">= 7.0.0, < 9.0.0")],
            Self::Azure => &[("hashicorp/azurerm", ">= 5.0.0, < 6.0.0"), ("hashicorp/time", ">= 0.9.0, < 1.0.0")],
            Self::Local => &[],
        }
    }

    /// Resource types of its modules that hold what no plan brings back: reviews put them first, and
    /// destroying one takes a word in the pull request.
    pub fn protected_types(self) -> &'static [&'static str] {
        match self {
            Self::Aws => &["aws_eks_cluster", "aws_kms_key", "aws_route53_zone", "aws_vpc"],
            Self::Google => &[
                "google_container_cluster",
                "google_kms_key_ring",
                "google_kms_crypto_key",
                "google_dns_managed_zone",
                "google_compute_network",
            ],
            Self::Azure => &[
                "azurerm_kubernetes_cluster",
                "azurerm_key_vault",
                "azurerm_key_vault_key",
                "azurerm_dns_zone",
                "azurerm_resource_group",
                "azurerm_virtual_network",
            ],
            Self::Local => &[],
        }
    }

    /// A region that the form of others is explained with; for messages.
    pub fn sample_region(self) -> &'static str {
        match self {
            Self::Aws => "eu-west-1",
            Self::Google => "europe-west1",
            Self::Azure => "westeurope",
            Self::Local => "local",
        }
    }

    /// Checks the form of a region.
    ///
    /// # Errors
    /// What regions look like.
    pub fn check_region(self, region: &str) -> Result<(), Reason> {
        match self {
            Self::Aws if self.is_region(region) => Ok(()),
            Self::Aws => Err("does not look like `eu-west-1`"),
            Self::Google if self.is_region(region) => Ok(()),
            Self::Google => Err("does not look like `europe-west1`"),
            Self::Azure if self.is_region(region) => Ok(()),
            Self::Azure => Err("does not look like `westeurope`, the name without spaces"),
            Self::Local => Err("is not needed: a local cluster has no region"),
        }
    }

    /// The full name of a zone of `region`, out of that name or the part that tells zones apart:
    /// `a` of `eu-west-1a`, `b` of `europe-west1-b`, `1` in Azure.
    ///
    /// # Errors
    /// What zones look like.
    pub fn zone(self, region: &str, text: &str) -> Result<String, Reason> {
        let letter = |text: &str| text.len() == 1 && text.bytes().all(|byte| byte.is_ascii_lowercase());
        match self {
            Self::Aws => {
                let short = text.strip_prefix(region).unwrap_or(text);
                letter(short).then(|| format!("{region}{short}")).ok_or("is no zone of the region, such as `a`")
            }
            Self::Google => {
                let short = text.strip_prefix(region).and_then(|rest| rest.strip_prefix('-')).unwrap_or(text);
                letter(short).then(|| format!("{region}-{short}")).ok_or("is no zone of the region, such as `b`")
            }
            Self::Azure => {
                let digit = text.len() == 1 && text.bytes().all(|byte| (b'1'..=b'9').contains(&byte));
                digit.then(|| text.to_owned()).ok_or("is no zone, such as `1`")
            }
            Self::Local => Err("is not needed: a local cluster has no zones"),
        }
    }

    /// The zones of a cluster that names none; empty where the cloud chooses itself.
    pub fn default_zones(self, region: &str) -> Vec<String> {
        match self {
            Self::Aws => ["a", "b", "c"].map(|letter| format!("{region}{letter}")).to_vec(),
            Self::Azure => ["1", "2", "3"].map(str::to_owned).to_vec(),
            // Which letters a region of Google has differs; without a list, GKE takes three that it has.
            Self::Google | Self::Local => Vec::new(),
        }
    }

    /// The version of Kubernetes of a cluster that names none; `None` where the cloud's own choice moves along.
    pub fn default_version(self) -> Option<&'static str> {
        (self == Self::Aws).then_some("1.36")
    }

    /// How few zones a cluster can name: EKS wants its control plane in two.
    pub fn fewest_zones(self) -> usize {
        if self == Self::Aws { 2 } else { 1 }
    }

    /// How large the network of a cluster can be: what the module can cut into its parts.
    pub fn network_sizes(self) -> RangeInclusive<u8> {
        match self {
            Self::Aws => 16..=20,
            Self::Google => 12..=20,
            Self::Azure | Self::Local => 16..=24,
        }
    }

    /// Checks the form of a machine type.
    ///
    /// # Errors
    /// What machine types look like.
    pub fn check_instance_type(self, text: &str) -> Result<(), Reason> {
        let lower = |text: &str| {
            text.starts_with(|first: char| first.is_ascii_lowercase())
                && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
                && !text.ends_with('-')
                && !text.contains("--")
        };
        match self {
            Self::Aws => {
                let size = |text: &str| {
                    !text.is_empty()
                        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
                };
                let fits = text.split_once('.').is_some_and(|(family, rest)| lower(family) && size(rest));
                fits.then_some(()).ok_or("does not look like `m7g.large`")
            }
            Self::Google => {
                (lower(text) && text.contains('-')).then_some(()).ok_or("does not look like `n2d-standard-4`")
            }
            Self::Azure => {
                let word = |text: &str| {
                    text.starts_with(|first: char| first.is_ascii_uppercase())
                        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
                };
                let rest = text.strip_prefix("Standard_").or_else(|| text.strip_prefix("Basic_"));
                rest.is_some_and(word).then_some(()).ok_or("does not look like `Standard_D4ps_v6`")
            }
            Self::Local => Err("is not needed: a local cluster has no node pools"),
        }
    }

    /// Checks the form of a Kubernetes version: a minor one, such as `1.33`, and where the cloud takes
    /// it a patch release.
    ///
    /// # Errors
    /// What versions look like.
    pub fn check_version(self, text: &str) -> Result<(), Reason> {
        let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let (base, build) = match text.split_once("-gke.") {
            Some((base, build)) if self == Self::Google => (base, Some(build)),
            _ => (text, None),
        };
        let parts: Vec<_> = base.split('.').collect();
        let minor = parts.first() == Some(&"1") && parts.get(1).is_some_and(|part| number(part) && part.len() == 2);
        let fits = match (parts.len(), build) {
            (2, None) => minor,
            (3, None) => minor && self != Self::Aws && parts.get(2).is_some_and(|part| number(part)),
            (3, Some(build)) => minor && parts.get(2).is_some_and(|part| number(part)) && number(build),
            _ => false,
        };
        match self {
            Self::Local => Err("is not needed: the sandbox has a version of its own"),
            _ if fits => Ok(()),
            Self::Aws => Err("is not a minor version such as `1.33`"),
            Self::Google => Err("is not a version such as `1.33` or `1.33.5-gke.1080000`"),
            Self::Azure => Err("is not a version such as `1.33` or `1.33.4`"),
        }
    }
}

/// A text that names no provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no provider: write `aws`, `google`, `azure` or `local`")]
pub struct UnknownProvider(pub String);

impl FromStr for Provider {
    type Err = UnknownProvider;

    fn from_str(text: &str) -> Result<Self, UnknownProvider> {
        Self::ALL.into_iter().find(|known| known.name() == text).ok_or_else(|| UnknownProvider(text.to_owned()))
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl serde::Serialize for Provider {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::{Provider::*, *};

    #[test]
    fn regions_have_the_form_of_their_cloud() {
        let good: [(Provider, &[&str]); 3] = [
            (Aws, &["eu-west-1", "us-gov-east-1", "ap-southeast-7", "mx-central-1"]),
            (Google, &["europe-west1", "us-east4", "europe-west10", "northamerica-northeast2", "me-central2"]),
            (Azure, &["westeurope", "eastus2", "germanywestcentral", "usgovvirginia"]),
        ];
        for (provider, regions) in good {
            for region in regions {
                assert_eq!(provider.check_region(region), Ok(()), "{region}");
                for other in [Aws, Google, Azure].into_iter().filter(|other| *other != provider) {
                    assert!(other.check_region(region).is_err(), "{other}: {region}");
                }
            }
        }
        for text in
            ["", "europe", "eu-west-", "EU-west-1", "eu-west-1a", "europe-west", "europe-west1-b", "West Europe"]
        {
            assert!(Aws.check_region(text).is_err() && Google.check_region(text).is_err(), "{text}");
        }
        assert!(Azure.check_region("West Europe").is_err() && Azure.check_region("WestEurope").is_err());
        assert!(Local.check_region("eu-west-1").is_err());
    }

    #[test]
    fn zones_are_told_by_letter_or_by_full_name() {
        assert_eq!(Aws.zone("eu-west-1", "b").unwrap(), "eu-west-1b");
        assert_eq!(Aws.zone("eu-west-1", "eu-west-1b").unwrap(), "eu-west-1b");
        assert_eq!(Google.zone("europe-west1", "d").unwrap(), "europe-west1-d");
        assert_eq!(Google.zone("europe-west1", "europe-west1-d").unwrap(), "europe-west1-d");
        assert_eq!(Azure.zone("westeurope", "3").unwrap(), "3");
        for (provider, region, text) in [
            (Aws, "eu-west-1", "us-east-1a"),
            (Aws, "eu-west-1", "1"),
            (Aws, "eu-west-1", ""),
            (Google, "europe-west1", "us-east1-b"),
            (Azure, "westeurope", "0"),
            (Azure, "westeurope", "westeurope-1"),
        ] {
            assert!(provider.zone(region, text).is_err(), "{text}");
        }
    }

    #[test]
    fn machine_types_have_the_form_of_their_cloud() {
        let good: [(Provider, &[&str]); 3] = [
            (Aws, &["m7g.large", "u-6tb1.112xlarge", "m7i-flex.large", "c7gn.metal", "u7i-12tb.224xlarge"]),
            (Google, &["e2-standard-4", "n2-custom-4-8192", "c4a-highmem-8", "a2-ultragpu-1g"]),
            (Azure, &["Standard_D4ps_v6", "Standard_NC24ads_A100_v4", "Basic_A1", "Standard_M8-2ms"]),
        ];
        for (provider, types) in good {
            for text in types {
                assert_eq!(provider.check_instance_type(text), Ok(()), "{text}");
                for other in [Aws, Google, Azure].into_iter().filter(|other| *other != provider) {
                    assert!(other.check_instance_type(text).is_err(), "{other}: {text}");
                }
            }
        }
        for text in ["", "large", "m7g.", ".large", "M7G.large", "standard_D4", "Standard_", "e2--4"] {
            for provider in [Aws, Google, Azure] {
                assert!(provider.check_instance_type(text).is_err(), "{provider}: {text}");
            }
        }
    }

    #[test]
    fn versions_are_minor_ones_or_patches_where_the_cloud_takes_them() {
        for (provider, version, fits) in [
            (Aws, "1.33", true),
            (Aws, "1.33.4", false),
            (Azure, "1.33.4", true),
            (Azure, "1.33.5-gke.1080000", false),
            (Google, "1.33.5-gke.1080000", true),
            (Google, "1.33-gke.1", false),
            (Google, "1.33", true),
            (Aws, "v1.33", false),
            (Aws, "1", false),
            (Aws, "1.3", false),
            (Azure, "latest", false),
            (Local, "1.33", false),
        ] {
            assert_eq!(provider.check_version(version).is_ok(), fits, "{provider} {version}");
        }
    }
}
