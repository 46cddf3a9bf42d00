//! The dependency lock file: which providers in which versions, and the digests of their packages.
//! Source of the format: <https://developer.hashicorp.com/terraform/language/files/dependency-lock>.

use std::collections::{BTreeMap, BTreeSet};

use crate::hcl::Document;

use super::{PackageVersion, ProviderAddress, hash::H1};

/// What is wrong with a lock file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockFileProblem {
    /// It is not HCL.
    #[error("line {line}: {message}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// A provider's address or version is none.
    #[error(transparent)]
    Invalid(#[from] super::InvalidAddress),
    /// Two blocks for one provider.
    #[error("`{}` has two blocks", .provider.short())]
    Twice {
        /// The provider.
        provider: ProviderAddress,
    },
    /// A digest that is no digest.
    #[error("`{}` has the hash `{hash}`, which is none", .provider.short())]
    Hash {
        /// The provider.
        provider: ProviderAddress,
        /// What stands there.
        hash: String,
    },
    /// Nothing that its package could be held against.
    #[error("`{}` has no hashes", .provider.short())]
    NoHashes {
        /// The provider.
        provider: ProviderAddress,
    },
    /// All digests are of kinds that are not known.
    #[error("`{}` has hashes of unknown schemes only: {}", .provider.short(), schemes(.found))]
    UnknownSchemes {
        /// The provider.
        provider: ProviderAddress,
        /// The schemes, without their colon.
        found: BTreeSet<String>,
    },
}

fn schemes(found: &BTreeSet<String>) -> String {
    found.iter().map(|scheme| format!("`{scheme}`")).collect::<Vec<_>>().join(", ")
}

/// One provider of a lock file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locked {
    /// The selected version.
    pub version: PackageVersion,
    /// The digests of its packages as they stand there, as `h1:…` and `zh:…`.
    pub hashes: BTreeSet<String>,
}

impl Locked {
    /// The digests of unpacked packages; of other platforms too, since a lock file does not tell them apart.
    pub(super) fn unpacked(&self) -> impl Iterator<Item = H1> {
        self.hashes.iter().filter_map(|hash| hash.parse().ok())
    }
}

/// The providers of a lock file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockFile {
    /// By source address.
    pub providers: BTreeMap<ProviderAddress, Locked>,
}

impl LockFile {
    /// Reads the text of a lock file.
    ///
    /// # Errors
    /// What is wrong with it. A hash of an unknown scheme is passed over, as Terraform does, unless there is no other.
    pub fn parse(text: &[u8]) -> Result<Self, LockFileProblem> {
        let document = Document::parse(".terraform.lock.hcl", String::from_utf8_lossy(text)).map_err(|found| {
            let line = found.file.line_of(found.span.start);
            LockFileProblem::Syntax { line, message: found.message }
        })?;
        let mut providers = BTreeMap::new();
        for block in document.body().get_blocks("provider") {
            let address = block.labels.first().map_or("", |label| label.as_str());
            let provider: ProviderAddress = address.parse()?;
            let version = block.body.get_attribute("version").and_then(|attribute| attribute.value.as_str());
            let version = version.unwrap_or_default().parse()?;
            let hashes = block.body.get_attribute("hashes").and_then(|attribute| attribute.value.as_array());
            let hashes = hashes.into_iter().flatten().filter_map(|hash| hash.as_str().map(ToOwned::to_owned)).collect();
            check_hashes(&provider, &hashes)?;
            if providers.insert(provider.clone(), Locked { version, hashes }).is_some() {
                return Err(LockFileProblem::Twice { provider });
            }
        }
        Ok(Self { providers })
    }
}

fn check_hashes(provider: &ProviderAddress, hashes: &BTreeSet<String>) -> Result<(), LockFileProblem> {
    let mut unknown = BTreeSet::new();
    let mut known = 0;
    for hash in hashes {
        let wrong = || LockFileProblem::Hash { provider: provider.clone(), hash: hash.clone() };
        let (scheme, value) = hash.split_once(':').ok_or_else(wrong)?;
        let good = match scheme {
            "h1" => hash.parse::<H1>().is_ok(),
            "zh" => super::hash::Zh::from_hex(value).is_some(),
            _ => {
                unknown.insert(scheme.to_owned());
                continue;
            }
        };
        known += 1;
        if !good {
            return Err(wrong());
        }
    }
    match (known, unknown.is_empty()) {
        (0, true) => Err(LockFileProblem::NoHashes { provider: provider.clone() }),
        (0, false) => Err(LockFileProblem::UnknownSchemes { provider: provider.clone(), found: unknown }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const H1: &str = "h1:lgfg06jx0zM/ME1yC5BXyMmwxfZnFfCAirwWds2B4xE=";

    fn lock(body: &str) -> String {
        format!("provider \"registry.terraform.io/hashicorp/random\" {{\n  version = \"3.9.0\"\n{body}\n}}\n")
    }

    #[test]
    fn a_lock_file_says_what_packages_must_be() {
        let zh = format!("zh:{}", "0a".repeat(32));
        let text =
            lock(&format!("  constraints = \">= 3.0.0\"\n  hashes = [\n    {H1:?},\n    {zh:?},\n    \"h9:x\",\n  ]"));
        let lock = LockFile::parse(text.as_bytes()).unwrap();
        let (address, locked) = lock.providers.first_key_value().unwrap();
        assert_eq!((address.short().as_str(), locked.version.as_str()), ("hashicorp/random", "3.9.0"));
        assert_eq!(locked.hashes.len(), 3, "what is not understood is kept");
        assert_eq!(locked.unpacked().collect::<Vec<_>>(), [H1.parse().unwrap()]);
    }

    #[test]
    fn what_cannot_be_trusted_is_named() {
        let problem = |text: &str| LockFile::parse(text.as_bytes()).unwrap_err().to_string();
        let problems = [
            problem("provider \"registry.terraform.io/hashicorp/random\" {\n  version =\n}\n"),
            problem("provider \"../../etc\" {\n  version = \"1.0.0\"\n}\n"),
            problem(&lock("").replace("3.9.0", "../3")),
            problem(&lock("")),
            problem(&lock("  hashes = []")),
            problem(&lock("  hashes = [\"h2:abc\", \"sha512:abc\"]")),
            problem(&lock("  hashes = [\"h1:abc\"]")),
            problem(&lock("  hashes = [\"abc\"]")),
            problem(&lock(&format!("  hashes = [{H1:?}]")).repeat(2)),
        ];
        insta::assert_snapshot!(problems.join("\n"), @r#"
        line 2: invalid HCL: invalid expression; expected `"`, `[`, `{`, `-`, `!`, `(`, `_`, `<`, letter or digit
        `../../etc` is not a provider address `<host>/<namespace>/<type>`
        `../3` is not a version such as `5.100.0`
        `hashicorp/random` has no hashes
        `hashicorp/random` has no hashes
        `hashicorp/random` has hashes of unknown schemes only: `h2`, `sha512`
        `hashicorp/random` has the hash `h1:abc`, which is none
        `hashicorp/random` has the hash `abc`, which is none
        `hashicorp/random` has two blocks
        "#);
    }
}
