//! Whether every file can be read by the program that it is for.

use std::sync::Arc;

use crate::{
    hcl::{Diagnostic, Document},
    platform::layout,
};

use super::{Files, yaml};

pub(super) use crate::platform::configuration::Documents;

/// Parses every HCL file. `kstack.hcl` and `stack.hcl` files are left to their own readers.
pub(super) fn hcl(files: &Files, problems: &mut Vec<Diagnostic>) -> Documents {
    let mut documents = Documents::new();
    for file in files.below("") {
        let (path, name) = (file.path.as_str(), file.path.rsplit('/').next().unwrap_or_default());
        let own = name == layout::PLATFORM_FILE || name == layout::STACK_FILE;
        if own || ![".tf", ".tfvars", ".tfbackend", ".hcl"].iter().any(|suffix| path.ends_with(suffix)) {
            continue;
        }
        match Document::parse(path, file.text.as_str()) {
            Ok(document) => {
                documents.insert(path.to_owned(), Arc::new(document));
            }
            Err(problem) => problems.push(*problem),
        }
    }
    documents
}

/// Parses every manifest.
pub(super) fn manifests(files: &Files, manifests: &mut yaml::Manifests, problems: &mut Vec<Diagnostic>) {
    for folder in [layout::CLUSTERS, layout::SERVICES, "apps", ".github"] {
        for file in files.below(folder).filter(|file| yaml::is_manifest(&file.path)) {
            if let Err(problem) = manifests.documents(file) {
                problems.push(*problem);
            }
        }
    }
}
