//! The allow-list of providers: a provider is a program from elsewhere, and planning runs it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    hcl::Document,
    platform::{Instance, Policy},
};

use super::PipelineError;

/// The registries whose providers are named without their host.
const PUBLIC: [&str; 2] = ["registry.terraform.io/", "registry.opentofu.org/"];

/// Refuses every provider of a dependency lock file that `policy` does not allow. Terraform downloads and starts what
/// the lock file names and nothing else; the provider that is built into Terraform is in no lock file.
///
/// Source of the format: <https://developer.hashicorp.com/terraform/language/files/dependency-lock>.
///
/// # Errors
/// [`PipelineError::ProviderNotAllowed`]; [`PipelineError::LockFile`] when the file is not HCL.
pub(super) fn check(policy: &Policy, instance: &Instance, lock: &[u8]) -> Result<(), PipelineError> {
    let Some(allowed) = &policy.providers else { return Ok(()) };
    let document = parse(instance, lock)?;
    for block in document.body().get_blocks("provider") {
        let address = block.labels.first().map_or("", |label| label.as_str());
        let name = PUBLIC.iter().find_map(|host| address.strip_prefix(host)).unwrap_or(address);
        if !allowed.iter().any(|allowed| allowed == name) {
            return Err(PipelineError::ProviderNotAllowed {
                instance: instance.clone(),
                provider: name.to_owned(),
                allowed: allowed.clone(),
            });
        }
    }
    Ok(())
}

fn parse(instance: &Instance, lock: &[u8]) -> Result<Document, PipelineError> {
    Document::parse(".terraform.lock.hcl", String::from_utf8_lossy(lock))
        .map_err(|problem| PipelineError::LockFile { instance: instance.clone(), problem: problem.message })
}

/// One provider of a dependency lock file: what Terraform holds the program against before it starts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    /// Such as `5.100.0`.
    pub version: String,
    /// Digests of its packages, as `h1:…` and `zh:…`.
    pub hashes: BTreeSet<String>,
}

/// The providers of a lock file, by source address.
///
/// # Errors
/// [`PipelineError::LockFile`] when the file is not HCL.
pub(super) fn locked(instance: &Instance, lock: &[u8]) -> Result<BTreeMap<String, Provider>, PipelineError> {
    let document = parse(instance, lock)?;
    let providers = document.body().get_blocks("provider").filter_map(|block| {
        let address = block.labels.first()?.as_str().to_owned();
        let text = |key| block.body.get_attribute(key).and_then(|attribute| attribute.value.as_str());
        let hashes = block.body.get_attribute("hashes").and_then(|attribute| attribute.value.as_array());
        let hashes = hashes.into_iter().flatten().filter_map(|hash| hash.as_str().map(ToOwned::to_owned)).collect();
        Some((address, Provider { version: text("version").unwrap_or_default().to_owned(), hashes }))
    });
    Ok(providers.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::StackName;

    fn verdict(providers: Option<&[&str]>, lock: &str) -> Result<(), String> {
        let policy = Policy {
            providers: providers.map(|names| names.iter().map(|name| (*name).to_owned()).collect()),
            ..Policy::default()
        };
        let instance = Instance { stack: StackName::new("a").unwrap(), environment: None };
        check(&policy, &instance, lock.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn only_what_is_listed_is_allowed() {
        let lock = "provider \"registry.terraform.io/hashicorp/aws\" {\n  version = \"5.100.0\"\n}\n\
                    provider \"registry.terraform.io/evil/aws\" {\n  version = \"1.0.0\"\n}\n";
        assert_eq!(verdict(None, lock), Ok(()));
        assert_eq!(verdict(Some(&["hashicorp/aws", "evil/aws"]), lock), Ok(()));
        let refused = verdict(Some(&["hashicorp/aws"]), lock).unwrap_err();
        assert_eq!(refused, "a (shared) uses provider `evil/aws`, which the platform does not allow");
        // The same name on another host is another provider.
        let elsewhere = "provider \"example.com/hashicorp/aws\" {}\n";
        assert!(verdict(Some(&["hashicorp/aws"]), elsewhere).unwrap_err().contains("`example.com/hashicorp/aws`"));
        assert!(verdict(Some(&[]), "provider \"").unwrap_err().contains("lock file"));
    }
}
