//! The guard: what a change would run or trust, found in its files before anything of them runs.
//!
//! Planning is running code: providers are programs, data sources ask servers and start programs, modules come from
//! elsewhere. The guard reads the files that plans would read, of every affected instance, and holds them against the
//! policy of the branch that the change goes to. What it refuses is not planned. What changes the rules themselves is not
//! refused: it makes the change one that is only looked at, until a maintainer says otherwise.

mod facts;
mod files;
mod json;
mod native;
mod providers;
mod rules;
mod stacks;
#[cfg(test)]
mod tests;

use crate::{
    platform::{Level, Platform, Policy},
    repo::Snapshot,
};

use super::{Finding, PolicyError};

/// A change, as the guard sees it.
#[derive(Debug, Clone, Copy)]
pub struct Guarded<'a> {
    /// The branch that it goes to, and the platform there: what both say is trusted. `None`: there is no platform yet.
    pub trusted: Option<(&'a Snapshot, &'a Platform)>,
    /// Where it began; `None`: everything is new.
    pub base: Option<&'a Snapshot>,
    /// What it comes to.
    pub head: &'a Snapshot,
    /// The platform at the head.
    pub platform: &'a Platform,
}

/// What the guard found.
#[derive(Debug, Clone, Default)]
pub struct Examined {
    /// What is refused, or should be looked at.
    pub findings: Vec<Finding>,
    /// What of the pipeline itself is changed, one sentence each: who trusts the change trusts this.
    pub pipeline: Vec<Finding>,
}

impl Examined {
    /// Whether something is refused.
    pub fn is_denied(&self) -> bool {
        self.findings.iter().any(Finding::denies)
    }
}

/// Looks at the files of a change. Nothing of them is run, and nobody is asked.
///
/// # Errors
/// When the repository or a platform cannot be read.
pub fn examine(change: &Guarded<'_>) -> Result<Examined, PolicyError> {
    let mut examined = Examined::default();
    files::examine(change, &mut examined)?;
    rules::examine(change, &mut examined);
    stacks::examine(change, &mut examined)?;
    examined.findings.sort();
    examined.findings.dedup();
    Ok(examined)
}

impl Guarded<'_> {
    /// The policy that holds.
    fn policy(&self) -> &Policy {
        self.trusted.map_or(&self.platform.policy, |(_, platform)| &platform.policy)
    }

    /// The states of the repository that were reviewed.
    fn reviewed(&self) -> impl Iterator<Item = &Snapshot> {
        self.trusted.map(|(snapshot, _)| snapshot).into_iter().chain(self.base)
    }

    /// A construct that is not allowed; `None` where it is.
    fn construct(&self, construct: &str, path: &str, line: Option<usize>, message: String) -> Option<Finding> {
        if self.policy().allows(construct, path) {
            return None;
        }
        let help = format!(
            "to trust it, add `{construct}:{path}` to `policy.allow` of `kstack.hcl` on the branch that this goes to"
        );
        Some(Finding::new(Level::Deny, construct, message).in_file(path, line).with_help(help))
    }
}
