//! Where packages may come from: the methods of a CLI configuration, in their order.
//! Source: <https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation>.

use std::{collections::BTreeMap, path::PathBuf};

use secrecy::SecretString;

use super::{ProviderAddress, registry::Registry};

/// One place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A mirror folder, packed or unpacked.
    Folder(PathBuf),
    /// The archive of one package, under the name that registries give it.
    Archive(PathBuf),
    /// The provider's own registry.
    Registry,
    /// A place that only Terraform can ask.
    Foreign,
}

/// A place and the providers that it is asked for, as patterns: `<host>/<namespace>/<type>` with `*` for parts, and
/// without the host for the public registries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The place.
    pub place: Place,
    /// What it is asked for; all if there is none.
    pub include: Vec<String>,
    /// What it is not asked for in spite of that.
    pub exclude: Vec<String>,
}

impl Source {
    fn serves(&self, address: &ProviderAddress) -> bool {
        let matches = |patterns: &[String]| patterns.iter().any(|pattern| is_like(pattern, address));
        !matches(&self.exclude) && (self.include.is_empty() || matches(&self.include))
    }
}

fn is_like(pattern: &str, address: &ProviderAddress) -> bool {
    let is = |pattern: &str, part: &str| pattern == "*" || pattern.eq_ignore_ascii_case(part);
    match pattern.split('/').collect::<Vec<_>>()[..] {
        [host, namespace, kind] => {
            is(host, address.host()) && is(namespace, address.namespace()) && is(kind, address.kind())
        }
        [namespace, kind] => {
            address.short() != address.to_string() && is(namespace, address.namespace()) && is(kind, address.kind())
        }
        _ => false,
    }
}

/// Tokens for registries, by host.
#[derive(Debug, Clone, Default)]
pub struct Credentials(pub BTreeMap<String, SecretString>);

/// All places, in the order in which they are asked.
#[derive(Debug, Clone)]
pub struct Offers {
    sources: Vec<Source>,
    pub(super) credentials: Credentials,
    pub(super) registry: Registry,
}

impl Offers {
    /// The given places.
    pub fn new(sources: Vec<Source>, credentials: Credentials) -> Self {
        Self { sources, credentials, registry: Registry::encrypted() }
    }

    /// The places that are asked for `address`.
    pub(super) fn of<'a>(&'a self, address: &'a ProviderAddress) -> impl Iterator<Item = &'a Place> {
        self.sources.iter().filter(|source| source.serves(address)).map(|source| &source.place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_choose_providers_as_in_terraform() {
        let like = |pattern: &str, address: &str| is_like(pattern, &address.parse().unwrap());
        let aws = "registry.terraform.io/hashicorp/aws";
        for pattern in ["hashicorp/aws", "hashicorp/*", "*/*", "*/*/*", aws, "registry.terraform.io/*/*"] {
            assert!(like(pattern, aws), "{pattern}");
        }
        for pattern in ["aws", "hashicorp/random", "example.com/*/*", "", "a/b/c/d"] {
            assert!(!like(pattern, aws), "{pattern}");
        }
        assert!(!like("hashicorp/aws", "example.com/hashicorp/aws"), "a name without a host is a public one");
    }

    #[test]
    fn exclusions_win() {
        let source = |include: &[&str], exclude: &[&str]| Source {
            place: Place::Registry,
            include: include.iter().map(|&text| text.to_owned()).collect(),
            exclude: exclude.iter().map(|&text| text.to_owned()).collect(),
        };
        let aws = "registry.terraform.io/hashicorp/aws".parse().unwrap();
        assert!(source(&[], &[]).serves(&aws) && source(&["hashicorp/*"], &[]).serves(&aws));
        assert!(!source(&["hashicorp/*"], &["hashicorp/aws"]).serves(&aws) && !source(&["a/b"], &[]).serves(&aws));
    }
}
