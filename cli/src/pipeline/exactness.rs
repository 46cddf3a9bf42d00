//! Whether merging a change now would apply exactly what was planned for it: the plans are bound to closures, so those of
//! the merge's result are compared with those that were planned.

use std::collections::BTreeMap;

use crate::{
    closure::{self, Affected, Kind, Memo},
    platform::Instance,
    repo::{CommitId, Merged, Range},
};

use super::{PipelineError, PlanResult, Planned, Site, target};

/// Whether merging applies what was planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exactness {
    /// It does.
    Exact,
    /// It does not, and these are the reasons: sentences without a full stop, names in backticks.
    Inexact(Vec<String>),
}

impl Site {
    /// Holds what was `planned` of `range` for the first environment against the result of merging its head into `tip`,
    /// the last commit of the branch that it goes to. Reads Git alone.
    ///
    /// # Errors
    /// When one of the sides cannot be read.
    pub fn exactness(&self, range: Range, tip: CommitId, planned: &[Planned]) -> Result<Exactness, PipelineError> {
        let repository = self.repository();
        let memo = Memo::default();
        let head = repository.commit_snapshot(range.head)?;
        let merged = match repository.would_merge(tip, range.head)? {
            Merged::Clean(merged) => merged,
            Merged::Conflicts(files) => {
                let named: Vec<String> = files.iter().take(3).map(|file| format!("`{file}`")).collect();
                let more = if files.len() > 3 { format!(" and {} more", files.len() - 3) } else { String::new() };
                return Ok(Exactness::Inexact(vec![format!(
                    "it does not merge: both sides changed {}{more}",
                    named.join(", ")
                )]));
            }
        };
        let base = range.base.map(|base| repository.commit_snapshot(base)).transpose()?;
        let reviewed = hashes(&closure::affected(base.as_ref(), &head, &memo)?.affected);
        let result = closure::affected(Some(&repository.commit_snapshot(tip)?), &merged, &memo)?;
        let first = result.inventory.platform.environments.first().map(|environment| &environment.name);
        let is_first =
            |instance: &Instance| instance.environment.as_ref().is_none_or(|environment| Some(environment) == first);
        let mut reasons = Vec::new();
        for Planned { instance, result, .. } in planned.iter().filter(|planned| is_first(&planned.instance)) {
            if let PlanResult::Failed { .. } | PlanResult::Skipped { .. } = result {
                reasons.push(format!("{instance} has no plan"));
            }
        }
        for affected in result.affected.iter().filter(|affected| is_first(&affected.instance)) {
            let instance = &affected.instance;
            if target::is_manual(&result.inventory, instance) {
                continue;
            }
            if !planned.iter().any(|planned| planned.instance == *instance) {
                reasons
                    .push(format!("{instance} was not planned, and changes with what its target branch has got since"));
            } else if affected.kind != Kind::Removed
                && reviewed.get(instance) != hashes(std::slice::from_ref(affected)).get(instance)
            {
                reasons.push(format!("{instance} was planned with other files than its target branch has by now"));
            }
        }
        Ok(if reasons.is_empty() { Exactness::Exact } else { Exactness::Inexact(reasons) })
    }
}

fn hashes(affected: &[Affected]) -> BTreeMap<Instance, String> {
    let hash = |affected: &Affected| Some((affected.instance.clone(), affected.closure.as_ref()?.hash.to_string()));
    affected.iter().filter_map(hash).collect()
}
