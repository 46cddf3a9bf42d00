//! What one configuration file of Terraform has that matters to the guard, in HCL or JSON.

use std::collections::{BTreeMap, BTreeSet};

use crate::hcl::Document;

use super::{json, native};

/// What one file says.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Constructs that run programs or reach out.
    pub(super) found: Vec<Found>,
    /// Modules that are called.
    pub(super) modules: Vec<Call>,
    /// Providers of `required_providers`, by local name.
    pub(super) required: BTreeMap<String, Required>,
    /// Local names of providers that resources and the like go by.
    pub(super) used: BTreeSet<String>,
    /// `backend` and `cloud` blocks.
    pub(super) backends: Vec<Found>,
}

/// An entry of `required_providers`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Required {
    /// The source address.
    pub(super) source: String,
    /// The line.
    pub(super) line: Option<usize>,
}

/// A construct, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// One of [`crate::platform::CONSTRUCTS`]; of a backend its kind.
    pub(super) construct: &'static str,
    /// What is there, such as `` data `external.x` ``.
    pub(super) what: String,
    /// All of it as it is written: what stands like this in the base branch was reviewed there.
    pub(super) text: String,
    /// The line, from 1; JSON has none.
    pub(super) line: Option<usize>,
}

/// A call of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    /// Its name.
    pub(super) name: String,
    /// Its source; `None`: it is computed.
    pub(super) source: Option<String>,
    /// The line.
    pub(super) line: Option<usize>,
}

impl Facts {
    /// Reads a configuration file, by its name in HCL or JSON.
    ///
    /// # Errors
    /// What keeps it from being read, and the line: nothing can be said of what it does then.
    pub(super) fn read(path: &str, bytes: &[u8]) -> Result<Self, (String, Option<usize>)> {
        let text = std::str::from_utf8(bytes).map_err(|_| ("it is no text".to_owned(), None))?;
        // Terraform accepts a byte order mark; the parsers do not.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if path.ends_with(".json") {
            let value = serde_json::from_str(text).map_err(|error| (error.to_string(), Some(error.line())))?;
            return Ok(json::facts(&value));
        }
        match Document::parse(path, text) {
            Ok(document) => Ok(native::facts(&document)),
            Err(problem) => {
                let line = problem.file.line_of(problem.span.start);
                Err((problem.message, Some(line)))
            }
        }
    }

    /// That the provider with this local name is used.
    pub(super) fn uses(&mut self, local: &str) {
        if !local.is_empty() {
            self.used.insert(local.to_owned());
        }
    }
}

/// The provider of a resource type, by its local name: what comes before the first `_`.
pub(super) fn implied(resource_type: &str) -> &str {
    resource_type.split('_').next().unwrap_or(resource_type)
}

/// The construct that a block of this kind and type is.
pub(super) fn construct_of(kind: &str, resource_type: &str) -> Option<&'static str> {
    match (kind, resource_type) {
        ("data", "external") => Some("external"),
        ("data", "http") => Some("http"),
        ("data" | "ephemeral" | "action", "local_command") => Some("external"),
        _ => None,
    }
}

/// The construct that a provisioner of this type is.
pub(super) fn provisioner(kind: &str) -> &'static str {
    if kind == "local-exec" { "local-exec" } else { "remote-exec" }
}

/// Whether an argument of a provider sends it elsewhere, or lowers its guard on the way.
pub(super) fn is_endpoint(name: &str) -> bool {
    let exact = [
        "endpoint",
        "endpoints",
        "host",
        "url",
        "base_url",
        "insecure",
        "metadata_host",
        "http_proxy",
        "https_proxy",
        "proxy_url",
        "token_url",
        "sts_region",
        "custom_ca_bundle",
    ];
    exact.contains(&name) || name.ends_with("_endpoint") || name.ends_with("_url")
}

/// The local name of a provider in a reference such as `aws.west`.
pub(super) fn local_name(reference: &str) -> &str {
    reference.split('.').next().unwrap_or(reference).trim()
}
