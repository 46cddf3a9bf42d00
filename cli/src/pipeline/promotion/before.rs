//! What the environment before got, to be held against what the next one would get.

use crate::{
    platform::{EnvironmentName, Instance, Platform},
    terraform::ChangeList,
};

use crate::pipeline::{PipelineError, Site, applied::Applied, bundle::Bundle, journal::Journal, seal::Keys};

/// What was applied last to an instance of the environment before.
#[derive(Debug, Clone)]
pub struct Before {
    /// The instance, of the environment before.
    pub instance: Instance,
    /// The commit.
    pub commit: String,
    /// What its plan did.
    pub changes: ChangeList,
}

impl Site {
    /// What was applied last in `environment` to the stacks of `instances`, as far as it can be told: their plans
    /// are found by the digest that the journal has. Plans that cannot be opened here are left out.
    ///
    /// # Errors
    /// When the records or the plan store cannot be read.
    pub async fn before(
        &self,
        platform: &Platform,
        environment: &EnvironmentName,
        instances: &[Instance],
    ) -> Result<Vec<Before>, PipelineError> {
        let (stores, keys) = (self.stores(platform, environment)?, Keys::from_env()?);
        let mut before = Vec::new();
        for instance in instances.iter().filter(|instance| instance.environment.is_some()) {
            let instance = Instance { stack: instance.stack.clone(), environment: Some(environment.clone()) };
            let Some(applied) = Applied::of(&stores.records, &instance).await? else { continue };
            let Some(record) = Journal::of(&stores.records, environment, &applied.run).await? else { continue };
            let Some(entry) = record.entries.get(&instance.key()) else { continue };
            let digest = entry.reviewed_sha256.as_ref().unwrap_or(&entry.plan_sha256);
            let bundle = Bundle::of_plan(&stores.plans, &keys, &instance, digest).await?;
            before.extend(bundle.map(|bundle| Before {
                instance,
                commit: applied.commit,
                changes: bundle.manifest.changes,
            }));
        }
        Ok(before)
    }
}
