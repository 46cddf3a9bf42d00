//! What must hold before a commit goes on to the next environment.

use serde::Serialize;

use crate::{
    platform::{Environment, EnvironmentName, Instance, Platform},
    repo::CommitId,
    sync::{RegistryStatus, State},
};

use super::{PromotionRequest, previous};
use crate::pipeline::{
    ClusterSelection, InstanceState, InstanceStatus, PipelineError, Site, delivered::Delivery, trouble,
};

/// A rule of promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The commit is on the default branch.
    Merged,
    /// It was applied in the environment before.
    Delivered,
    /// The clusters there have it, and are ready.
    Healthy,
    /// What is not applied in the next environment has a reviewed plan.
    Planned,
}

/// What came of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleState {
    /// It holds.
    Holds,
    /// It does not.
    Broken,
    /// It cannot be told from here. Nobody is stopped by that.
    Unknown,
}

/// A rule, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleCheck {
    /// The rule.
    pub rule: Rule,
    /// What came of it.
    pub state: RuleState,
    /// What was found, in a sentence.
    pub says: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl RuleCheck {
    fn new(rule: Rule, state: RuleState, says: impl Into<String>) -> Self {
        Self { rule, state, says: says.into(), hint: None }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl Site {
    /// The rules that look at where the commit was: all but whether there are plans, which an apply asks by itself.
    ///
    /// # Errors
    /// When history or records cannot be read. A cluster that cannot be asked is part of the answer.
    pub async fn promotion_rules(
        &self,
        platform: &Platform,
        environment: &Environment,
        request: &PromotionRequest,
    ) -> Result<Vec<RuleCheck>, PipelineError> {
        let commit = request.commit;
        let (merged, tip) = self.merged(platform, commit)?;
        let mut checks = vec![merged];
        let Some(previous) = previous(platform, environment) else { return Ok(checks) };
        // Of what was never merged, nothing more is worth a look.
        if checks.iter().any(|check| check.state == RuleState::Broken) {
            return Ok(checks);
        }
        let (short, name) = (commit.short(), &previous.name);
        let Some(delivery) = self.delivery(platform, name, commit).await? else {
            let says = format!("commit `{short}` was never delivered to `{name}`");
            let hint = format!("deliver it there first: `kstack apply --environment {name} --commit {short}`");
            checks.push(RuleCheck::new(Rule::Delivered, RuleState::Broken, says).hint(hint));
            return Ok(checks);
        };
        let says = format!("it was delivered to `{name}` on {}", delivery.time.strftime("%Y-%m-%d %H:%M UTC"));
        checks.push(RuleCheck::new(Rule::Delivered, RuleState::Holds, says));
        checks.push(self.healthy(platform, &delivery, tip, request).await?);
        Ok(checks)
    }

    /// Whether `commit` is on the default branch, and that branch's last commit.
    fn merged(&self, platform: &Platform, commit: CommitId) -> Result<(RuleCheck, CommitId), PipelineError> {
        let (repository, default) = (self.repository(), &platform.default_branch);
        let tip = repository.resolve(&format!("origin/{default}")).or_else(|_| repository.resolve(default))?;
        let check = if repository.is_ancestor(commit, tip)? {
            RuleCheck::new(Rule::Merged, RuleState::Holds, format!("it is on branch `{default}`"))
        } else {
            let says = format!("commit `{}` is not on branch `{default}`", commit.short());
            RuleCheck::new(Rule::Merged, RuleState::Broken, says)
                .hint("only what was merged is promoted: tag a commit of that branch")
        };
        Ok((check, tip))
    }

    /// Whether the clusters of the environment before have the commit and are ready, now if they can be asked, or else
    /// when it was delivered.
    async fn healthy(
        &self,
        platform: &Platform,
        delivery: &Delivery,
        tip: CommitId,
        request: &PromotionRequest,
    ) -> Result<RuleCheck, PipelineError> {
        let (name, commit) = (&delivery.environment, request.commit);
        let then = match delivery.handed_over {
            Some(true) => "when it was delivered, they were ready",
            Some(false) => "when it was delivered, they were left alone",
            None => "an earlier kstack delivered it, which did not note that",
        };
        let unknown = |says: String| RuleCheck::new(Rule::Healthy, RuleState::Unknown, says);
        if request.skip_clusters {
            return Ok(unknown(format!("the clusters of `{name}` are not asked; {then}")));
        }
        let selection =
            ClusterSelection { commit, environment: name.clone(), stacks: Vec::new(), access: request.access.clone() };
        let seen = self.cluster_status(&selection).await?;
        if seen.is_empty() {
            return Ok(RuleCheck::new(Rule::Healthy, RuleState::Holds, format!("`{name}` has no clusters")));
        }
        let newer = self.has_newer(platform, name, commit)? || commit != tip;
        let mut unsure = Vec::new();
        for (instance, status) in &seen {
            match status {
                Ok(status) if status.is_ready() => {}
                Ok(status) => match wrong(instance, status) {
                    Wrong::Now(says) => {
                        let hint = format!("`kstack status --environment {name}` shows all of it");
                        return Ok(RuleCheck::new(Rule::Healthy, RuleState::Broken, says).hint(hint));
                    }
                    Wrong::Elsewhere(says) if newer => unsure.push(format!("{says}, `{name}` has moved on; {then}")),
                    Wrong::Elsewhere(says) => {
                        let hint =
                            format!("wait for it: `kstack sync --environment {name} --commit {}`", commit.short());
                        return Ok(RuleCheck::new(Rule::Healthy, RuleState::Broken, says).hint(hint));
                    }
                },
                Err(error) => {
                    let why = trouble::chain(error).replace('\n', ": ");
                    unsure.push(format!("the cluster of {instance} cannot be asked ({why}); {then}"));
                }
            }
        }
        if !unsure.is_empty() {
            return Ok(unknown(unsure.join("; ")));
        }
        let says = match seen.len() {
            1 => format!("the cluster of `{name}` has the commit, and every object is ready"),
            count => format!("the {count} clusters of `{name}` have the commit, and every object is ready"),
        };
        Ok(RuleCheck::new(Rule::Healthy, RuleState::Holds, says))
    }

    /// Whether a commit after `commit` is on its way to the clusters of a branch that their engines follow.
    fn has_newer(
        &self,
        platform: &Platform,
        environment: &EnvironmentName,
        commit: CommitId,
    ) -> Result<bool, PipelineError> {
        let Some(environment) = platform.environment(environment.as_str()) else { return Ok(false) };
        let branch = environment.engine_branch();
        let followed = self.repository().resolve(&format!("origin/{branch}"));
        Ok(followed.is_ok_and(|tip| tip != commit))
    }
}

/// What is wrong with a cluster that is not ready.
enum Wrong {
    /// Something failed or is suspended.
    Now(String),
    /// It does not have the commit.
    Elsewhere(String),
}

fn wrong(instance: &Instance, status: &RegistryStatus) -> Wrong {
    let bad = status.objects.iter().find_map(|object| match &object.state {
        State::Failed { reason, message } => {
            Some(format!("{instance}: `{}` failed: {reason}: {message}", object.object))
        }
        State::Suspended => Some(format!("{instance}: `{}` is suspended", object.object)),
        State::Ready | State::Waiting { .. } => None,
    });
    bad.map_or_else(
        || Wrong::Elsewhere(format!("the cluster of {instance} does not hold `{}`", status.revision)),
        Wrong::Now,
    )
}

/// Whether everything that is not applied has a plan.
pub(super) fn planned(environment: &EnvironmentName, instances: &[InstanceStatus]) -> RuleCheck {
    let check = |state, says: String| RuleCheck::new(Rule::Planned, state, says);
    let of = |wanted: fn(InstanceState) -> bool| -> Vec<String> {
        instances.iter().filter(|status| wanted(status.state)).map(|status| status.instance.to_string()).collect()
    };
    let stuck = of(|state| {
        use InstanceState::{Errored, Interrupted, Unknown};
        matches!(state, Unknown | Errored | Interrupted)
    });
    if !stuck.is_empty() {
        let hint = format!("`kstack resume --environment {environment}` goes on, or says what to look at");
        return check(RuleState::Broken, format!("an earlier run left something behind: {}", some(&stuck))).hint(hint);
    }
    let busy = of(|state| matches!(state, InstanceState::Applying | InstanceState::Waiting));
    if !busy.is_empty() {
        return check(RuleState::Broken, format!("a run applies just now: {}", some(&busy)))
            .hint("wait until it is done");
    }
    let without = of(|state| matches!(state, InstanceState::Stale | InstanceState::Unplanned));
    if !without.is_empty() {
        let hint = format!("`kstack plan --environment {environment} --pending` plans them, for review");
        return check(RuleState::Broken, format!("there is no plan that fits: {}", some(&without))).hint(hint);
    }
    match instances.len() {
        0 => check(RuleState::Holds, "no infrastructure is to be applied".to_owned()),
        1 => check(RuleState::Holds, "what is to be applied has a reviewed plan".to_owned()),
        count => check(RuleState::Holds, format!("all {count} that are to be applied have a reviewed plan")),
    }
}

/// The first few of many.
fn some(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
