//! What is asked for when nobody said it.

use super::{Draft, Field};
use crate::scaffold::{Place, Provider};

/// An answer that is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Which answer.
    pub field: Field,
    /// What to ask, without a question mark.
    pub text: &'static str,
    /// What an empty answer means, if it may be empty.
    pub default: Option<String>,
}

impl Question {
    pub(super) fn missing(draft: &Draft) -> Vec<Self> {
        let mut questions = Vec::new();
        let mut ask = |field, text, default| questions.push(Self { field, text, default });
        if draft.name.is_none() {
            ask(Field::Name, "name of the platform", None);
        }
        match draft.provider {
            _ if !draft.clusters.is_empty() => {}
            Some(_) => ask(Field::Region, "region of the cluster", None),
            None => ask(Field::Clusters, "a cluster, such as `aws:gc0:eu-west-1` or `local:gc0`", None),
        }
        let needs = |wanted: fn(&Place) -> bool| draft.clusters.iter().any(|cluster| wanted(&cluster.place));
        if draft.google_project.is_none() && needs(|place| matches!(place, Place::Google { project: None, .. })) {
            ask(Field::GoogleProject, "id of the Google Cloud project", None);
        }
        if draft.azure_subscription.is_none() && needs(|place| matches!(place, Place::Azure { subscription: None, .. }))
        {
            ask(Field::AzureSubscription, "id of the Azure subscription", None);
        }
        // Until a cluster is known, these may not be needed.
        if draft.base_domain.is_none() && !draft.is_local() {
            ask(Field::BaseDomain, "DNS domain of the clusters", None);
        }
        if draft.repository.is_none() {
            ask(Field::Repository, "address that the engines pull the repository from", None);
        }
        if let Some(cluster) = draft.first_cloud().filter(|_| draft.state.is_none()) {
            let name = draft.name.as_ref().map(ToString::to_string).unwrap_or_default();
            ask(Field::State, "where Terraform state lives", state(cluster.provider(), &name));
        }
        questions
    }
}

/// A place for state in the cloud of the first cluster, named after the platform.
fn state(provider: Provider, name: &str) -> Option<String> {
    if name.is_empty() {
        return None;
    }
    match provider {
        Provider::Aws => Some(format!("s3://{name}-kstack-state")),
        Provider::Google => Some(format!("gs://{name}-kstack-state")),
        Provider::Azure => {
            // Storage accounts have up to 24 letters and digits, and no hyphens.
            let account: String = name.chars().filter(char::is_ascii_alphanumeric).take(13).collect();
            Some(format!("az://{account}kstackstate/state?resource_group={name}-kstack-state"))
        }
        Provider::Local => None,
    }
}
