//! Promotion: whether a commit may go on to the next environment, what it would do there, and the tag that makes it so.
//!
//! `kstack promote` asks before the tag is there, `kstack ci` once it is; both ask here.

mod before;
mod rules;
mod tag;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::{
    closure::{self, Inventory, Memo},
    platform::{Environment, EnvironmentName, Instance, Platform, Trigger},
    repo::{CommitId, Snapshot},
    sync::ClusterAccess,
    terraform::ChangeList,
};

use super::{
    InstanceState, InstanceStatus, PipelineError, Site, StatusRequest,
    bundle::{Bundle, Found},
    seal::Keys,
    target, trouble,
};

pub use before::Before;
pub use rules::{Rule, RuleCheck, RuleState};
pub use tag::NextTag;

/// What to promote.
#[derive(Debug, Clone)]
pub struct PromotionRequest {
    /// The commit.
    pub commit: CommitId,
    /// Where to; `None`: the first environment that tags deliver to and that has not had the commit.
    pub environment: Option<EnvironmentName>,
    /// How to reach the cluster of the environment before, instead of what its stack's outputs say.
    pub access: Option<ClusterAccess>,
    /// Whether to leave the clusters of the environment before alone.
    pub skip_clusters: bool,
    /// The remote whose tags count beside those of this clone.
    pub remote: String,
}

/// What a promotion comes to.
#[derive(Debug, Serialize)]
pub struct Promotion {
    /// Where to.
    pub environment: EnvironmentName,
    /// Where the commit must have been before; `None` for the first environment.
    pub previous: Option<EnvironmentName>,
    /// The commit.
    pub commit: CommitId,
    /// Whether the environment has had it already.
    pub delivered: bool,
    /// What must hold, in the order in which it is looked at. After the first rule that is broken for good, none is
    /// looked at.
    pub rules: Vec<RuleCheck>,
    /// What is not applied there yet.
    pub instances: Vec<InstanceStatus>,
    /// What the reviewed plans would do, as far as they can be read here.
    #[serde(skip)]
    pub changes: Vec<(Instance, ChangeList)>,
    /// What the environment before got.
    #[serde(skip)]
    pub before: Vec<Before>,
    /// The tag.
    pub tag: NextTag,
    /// What should be looked at.
    pub notices: Vec<String>,
}

impl Promotion {
    /// Whether no rule is broken.
    pub fn is_allowed(&self) -> bool {
        self.rules.iter().all(|check| check.state != RuleState::Broken)
    }
}

impl Site {
    /// Looks at everything that a promotion of `request` needs, and changes nothing.
    ///
    /// # Errors
    /// When the commit, the platform, the records or the plan store cannot be read; [`PipelineError::NotByTag`].
    pub async fn promotion(&self, request: &PromotionRequest) -> Result<Promotion, PipelineError> {
        let commit = request.commit;
        let snapshot = self.repository().commit_snapshot(commit)?;
        let inventory = Inventory::load(&snapshot)?;
        let platform = &inventory.platform;
        let environment = self.goal(platform, request).await?;
        let Trigger::Tag(pattern) = &environment.trigger else {
            let (environment, trigger) = (environment.name.clone(), environment.trigger.to_string());
            return Err(PipelineError::NotByTag { environment, trigger });
        };
        let mut notices = Vec::new();
        let tags = self.all_tags(&request.remote, &mut notices)?;
        let name = &environment.name;
        let previous = previous(platform, environment).map(|previous| previous.name.clone());
        let mut promotion = Promotion {
            environment: name.clone(),
            previous: previous.clone(),
            commit,
            delivered: self.delivery(platform, name, commit).await?.is_some(),
            rules: self.promotion_rules(platform, environment, request).await?,
            instances: Vec::new(),
            changes: Vec::new(),
            before: Vec::new(),
            tag: NextTag::of(pattern, &tags),
            notices,
        };
        let about = StatusRequest { commit, environments: vec![name.clone()], stacks: Vec::new() };
        let mut instances = self.infrastructure(&about).await?.instances;
        instances.retain(|status| status.state != InstanceState::Applied);
        let (by_hand, instances): (Vec<_>, Vec<_>) =
            instances.into_iter().partition(|status| target::is_manual(&inventory, &status.instance));
        if !by_hand.is_empty() {
            let names: Vec<_> = by_hand.iter().map(|status| status.instance.to_string()).collect();
            promotion.notices.push(format!("left to people: {}", names.join(", ")));
        }
        if promotion.is_allowed() {
            promotion.rules.push(rules::planned(name, &instances));
        }
        let planned = |status: &&InstanceStatus| status.state == InstanceState::Planned;
        let planned: Vec<_> = instances.iter().filter(planned).map(|status| status.instance.clone()).collect();
        promotion.changes = self.reviewed(name, &snapshot, &inventory, &planned, &mut promotion.notices).await?;
        if let Some(previous) = &previous {
            let instances: Vec<_> = promotion.changes.iter().map(|(instance, _)| instance.clone()).collect();
            promotion.before = self.before(platform, previous, &instances).await?;
        }
        promotion.instances = instances;
        Ok(promotion)
    }

    /// The environment that `request` means.
    async fn goal<'p>(
        &self,
        platform: &'p Platform,
        request: &PromotionRequest,
    ) -> Result<&'p Environment, PipelineError> {
        if let Some(name) = &request.environment {
            return target::environment(platform, name);
        }
        let by_tag = platform.environments.iter().filter(|one| matches!(one.trigger, Trigger::Tag(_)));
        let mut last = None;
        for environment in by_tag {
            last = Some(environment);
            if self.delivery(platform, &environment.name, request.commit).await?.is_none() {
                break;
            }
        }
        last.ok_or(PipelineError::NoPromotion)
    }

    /// The tags of this clone and of the remote: a clone need not have them all.
    fn all_tags(&self, remote: &str, notices: &mut Vec<String>) -> Result<BTreeSet<String>, PipelineError> {
        let mut tags = self.repository().tags()?;
        if self.repository().remote_url(remote)?.is_none() {
            notices.push(format!("there is no remote `{remote}`: the next tag is told from the tags of this clone"));
            return Ok(tags);
        }
        match self.repository().remote_tags(remote) {
            Ok(more) => tags.extend(more),
            Err(error) => notices.push(format!(
                "`{remote}` cannot be asked for its tags ({error}): the next tag is told from those of this clone"
            )),
        }
        Ok(tags)
    }

    /// What the reviewed plans of `instances` would do; those that cannot be read here are told.
    async fn reviewed(
        &self,
        environment: &EnvironmentName,
        snapshot: &Snapshot,
        inventory: &Inventory,
        instances: &[Instance],
        notices: &mut Vec<String>,
    ) -> Result<Vec<(Instance, ChangeList)>, PipelineError> {
        let (plans, keys) = (self.stores(&inventory.platform, environment)?.plans, Keys::from_env()?);
        let present: Vec<_> = inventory.instances().into_iter().filter(|one| instances.contains(one)).collect();
        let closures = closure::closures(snapshot, inventory, &present, &Memo::default())?;
        let mut reviewed = Vec::new();
        for instance in instances {
            let closure = closures.iter().find(|closure| closure.instance == *instance);
            let hash = closure.map(|closure| closure.hash.to_string());
            let Found { bundles, unreadable } = Bundle::find(&plans, &keys, instance, hash.as_deref()).await?;
            if let (true, Some(error)) = (bundles.is_empty(), unreadable.first()) {
                let why = trouble::chain(error).replace('\n', ": ");
                notices.push(format!("what would be done to {instance} is not shown: {why}"));
            }
            let newest = bundles.into_iter().next().map(|bundle| (instance.clone(), bundle.manifest.changes));
            reviewed.extend(newest);
        }
        Ok(reviewed)
    }
}

/// The environment that comes before `environment`.
fn previous<'p>(platform: &'p Platform, environment: &Environment) -> Option<&'p Environment> {
    let position = platform.environments.iter().position(|one| one.name == environment.name)?;
    platform.environments.get(position.checked_sub(1)?)
}
