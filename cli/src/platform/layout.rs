//! Where things lie in a platform's repository, relative to its root, with `/` between parts.

use super::{EnvironmentName, StackName};

/// The platform's description.
pub const PLATFORM_FILE: &str = "kstack.hcl";
/// Pinned tools, charts, engines and providers.
pub const LOCK_FILE: &str = "kstack.lock.hcl";
/// Terraform roots, one folder each.
pub const INFRA: &str = "infra";
/// What environments have in common: variables and backends.
pub const ENVIRONMENTS: &str = "environments";
/// Vendored Terraform modules.
pub const MODULES: &str = "modules";
/// Registries that engines start from.
pub const CLUSTERS: &str = "clusters";
/// What every cluster needs.
pub const SERVICES: &str = "services";
/// What teams run.
pub const APPS: &str = "apps";
/// Rules of the platform's own.
pub const POLICIES: &str = "policies";
/// A stack's own settings, inside its folder.
pub const STACK_FILE: &str = "stack.hcl";
/// kstack's own working files, ignored by Git.
pub const WORK: &str = ".kstack";

/// The folder of `stack`.
pub fn stack(stack: &StackName) -> String {
    format!("{INFRA}/{stack}")
}

/// The variables of `environment`.
pub fn tfvars(environment: &EnvironmentName) -> String {
    format!("{ENVIRONMENTS}/{environment}.tfvars")
}

/// The backend settings of `environment`.
pub fn tfbackend(environment: &EnvironmentName) -> String {
    format!("{ENVIRONMENTS}/{environment}.tfbackend")
}

/// The registry of the cluster of `stack` in `environment`.
pub fn registry(stack: &StackName, environment: &EnvironmentName) -> String {
    format!("{CLUSTERS}/{stack}/{environment}")
}

/// Whether a file at `path` holds rules of the platform's own, and no tests of them.
pub fn is_policy(path: &str) -> bool {
    path.strip_prefix(POLICIES).is_some_and(|rest| rest.starts_with('/'))
        && path.ends_with(".rego")
        && !path.ends_with("_test.rego")
}

/// `relative` seen from `folder`, without `.` and `..`; `None` when it leaves the repository.
pub fn resolve(folder: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
