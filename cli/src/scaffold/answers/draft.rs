//! Answers while they are collected: from a file, from flags over it, from questions last.

use super::{Answers, Field, Places, Problem, check, forge_of, question::Question};
use crate::{
    platform::{
        ArgoCdMode, Engine, Environment, EnvironmentName, FluxMode, Forge, PlatformName, State, StateBackend, Trigger,
        form, layout,
    },
    scaffold::{ARGOCD_VERSION, Cluster, FLUX_VERSION, InvalidCluster, Place, Provider},
};

/// What is known of a platform so far.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// As [`Answers::name`].
    pub name: Option<PlatformName>,
    /// As [`Answers::base_domain`].
    pub base_domain: Option<String>,
    /// As [`Answers::repository`].
    pub repository: Option<String>,
    /// As [`Answers::default_branch`]; `main` without it.
    pub default_branch: Option<String>,
    /// Environments; `ops` and `apps` without one.
    pub environments: Vec<EnvironmentDraft>,
    /// As [`Answers::clusters`].
    pub clusters: Vec<Cluster>,
    /// Who runs the one cluster, `gc0`, while its region is not known.
    pub provider: Option<Provider>,
    /// The project of clusters at Google that name none.
    pub google_project: Option<String>,
    /// The subscription of clusters in Azure that name none.
    pub azure_subscription: Option<String>,
    /// As [`Answers::state`].
    pub state: Option<StateBackend>,
    /// As [`Answers::forge`]; by the repository's host without it.
    pub forge: Option<Forge>,
    /// As [`Answers::engine`].
    pub engine: Option<Engine>,
    /// As [`Answers::manage_repository`].
    pub manage_repository: bool,
    /// As [`Answers::argo_workflows`].
    pub argo_workflows: bool,
    pub(super) places: Places,
}

/// What is known of an environment so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentDraft {
    /// Its name.
    pub name: EnvironmentName,
    /// What delivers to it; without an answer the first one by the default branch, others by a tag.
    pub trigger: Option<Trigger>,
    /// Whether users depend on it; without an answer they depend on the last one.
    pub protected: Option<bool>,
    /// A place of its own for its state.
    pub state: Option<StateBackend>,
}

impl EnvironmentDraft {
    /// An environment of which nothing else is said.
    pub fn new(name: EnvironmentName) -> Self {
        Self { name, trigger: None, protected: None, state: None }
    }
}

impl Draft {
    /// Sets an answer from a flag's value or from what a person typed; it takes the place of one from a file.
    ///
    /// # Errors
    /// The sentence that says what is wrong with the text.
    pub fn set(&mut self, field: Field, text: &str) -> Result<(), String> {
        let text = text.trim();
        let own = || text.to_owned();
        match field {
            Field::Name => self.name = Some(PlatformName::new(text).map_err(|error| error.to_string())?),
            Field::BaseDomain => self.base_domain = Some(own()),
            Field::Repository => self.repository = Some(own()),
            Field::DefaultBranch => self.default_branch = Some(own()),
            Field::Environments | Field::Environment(_) => self.environments = environments(text)?,
            Field::Clusters | Field::Cluster(_) | Field::Account(_) | Field::Pool(_) | Field::Network(_) => {
                self.clusters.push(text.parse().map_err(|error: InvalidCluster| error.to_string())?);
            }
            Field::Region => {
                let provider = self.provider.map_or("", Provider::name);
                let cluster = format!("{provider}:gc0:{text}");
                self.set_clusters(vec![cluster.parse().map_err(|error: InvalidCluster| error.to_string())?]);
            }
            Field::GoogleProject => self.google_project = Some(own()),
            Field::AzureSubscription => self.azure_subscription = Some(own()),
            Field::State => self.state = Some(self.state_of(text)?),
            Field::Forge => self.forge = Some(forge(text)?),
            Field::Engine => self.engine = Some(engine(text)?),
        }
        self.places.forget(field);
        Ok(())
    }

    /// Sets the clusters; they take the place of those from a file.
    pub fn set_clusters(&mut self, clusters: Vec<Cluster>) {
        self.clusters = clusters;
        self.places.forget(Field::Clusters);
    }

    /// Whether `text` could be the answer: what [`Draft::set`] and the checks say about it.
    ///
    /// # Errors
    /// The sentence that says what is wrong.
    pub fn try_out(&self, field: Field, text: &str) -> Result<(), String> {
        let mut tried = self.clone();
        tried.set(field, text)?;
        let known: Vec<_> = self.problems();
        match tried.problems().into_iter().find(|problem| !known.contains(problem)) {
            Some(problem) => Err(problem.message),
            None => Ok(()),
        }
    }

    /// What is still needed, in the order in which a person is asked.
    pub fn missing(&self) -> Vec<Question> {
        Question::missing(self)
    }

    /// What is wrong with the answers that are there.
    pub fn problems(&self) -> Vec<Problem> {
        let (environments, clusters) = (self.settled_environments(), self.settled_clusters());
        let mut problems = check::problems(&check::Given {
            base_domain: self.base_domain.as_deref(),
            repository: self.repository.as_deref(),
            default_branch: self.branch(),
            environments: &environments,
            clusters: &clusters,
            state: self.state.as_ref(),
            forge: self.forge.as_ref(),
            engine: &self.engine_or_default(),
        });
        // What is missing is asked for.
        let missing = self.missing();
        problems.retain(|problem| {
            problem.field != Field::Clusters && !missing.iter().any(|question| question.field == problem.field)
        });
        problems
    }

    /// Where the answers of a file stand.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// The answers, with defaults for what nobody said; `None` while something is [`missing`](Draft::missing).
    pub fn settle(&self) -> Option<Answers> {
        if !self.missing().is_empty() {
            return None;
        }
        let (name, repository, state) = (self.name.clone()?, self.repository.clone()?, self.state_or_default()?);
        Some(Answers {
            base_domain: self.base_domain.clone().unwrap_or_else(|| format!("{name}.localhost")),
            forge: self
                .forge
                .clone()
                .unwrap_or_else(|| if state.is_local() { Forge::None } else { forge_of(&repository) }),
            name,
            repository,
            default_branch: self.branch().to_owned(),
            environments: self.settled_environments(),
            clusters: self.settled_clusters(),
            state,
            engine: self.engine_or_default(),
            manage_repository: self.manage_repository,
            argo_workflows: self.argo_workflows,
        })
    }

    /// Whether everything runs on this machine.
    pub(super) fn is_local(&self) -> bool {
        !self.clusters.iter().any(Cluster::is_cloud)
    }

    pub(super) fn first_cloud(&self) -> Option<&Cluster> {
        self.clusters.iter().find(|cluster| cluster.is_cloud())
    }

    fn branch(&self) -> &str {
        self.default_branch.as_deref().unwrap_or("main")
    }

    fn engine_or_default(&self) -> Engine {
        let flux = || Engine::Flux { version: FLUX_VERSION.to_owned(), mode: FluxMode::Classic };
        self.engine.clone().unwrap_or_else(flux)
    }

    fn state_or_default(&self) -> Option<StateBackend> {
        let local = || StateBackend::Local { path: format!("{}/state", layout::WORK) };
        self.state.clone().or_else(|| self.is_local().then(local))
    }

    fn settled_environments(&self) -> Vec<Environment> {
        let default = || EnvironmentName::new("ops").into_iter().chain(EnvironmentName::new("apps"));
        let drafts = match &self.environments[..] {
            [] => default().map(EnvironmentDraft::new).collect(),
            drafts => drafts.to_vec(),
        };
        let last = drafts.len().saturating_sub(1);
        let settled = drafts.into_iter().enumerate().map(|(index, draft)| Environment {
            trigger: draft.trigger.unwrap_or_else(|| match index {
                0 => Trigger::Branch(self.branch().to_owned()),
                _ => Trigger::Tag(format!("{}-deploy-*", draft.name)),
            }),
            protected: draft.protected.unwrap_or(index == last),
            state: draft.state.map(|backend| State { backend }),
            name: draft.name,
        });
        settled.collect()
    }

    /// The clusters with the project or subscription that they share.
    fn settled_clusters(&self) -> Vec<Cluster> {
        let mut clusters = self.clusters.clone();
        for cluster in &mut clusters {
            match &mut cluster.place {
                Place::Google { project, .. } if project.is_none() => project.clone_from(&self.google_project),
                Place::Azure { subscription, .. } if subscription.is_none() => {
                    subscription.clone_from(&self.azure_subscription);
                }
                Place::Local | Place::Aws { .. } | Place::Google { .. } | Place::Azure { .. } => {}
            }
        }
        clusters
    }

    /// `local`, `s3://bucket[?region=…]`, `gs://bucket` or `az://account/container?resource_group=…`; the
    /// region of the first cluster at AWS is the default.
    fn state_of(&self, text: &str) -> Result<StateBackend, String> {
        const FORMS: &str = "write `local`, `s3://<bucket>?region=<region>`, `gs://<bucket>` or \
                             `az://<storage account>/<container>?resource_group=<name>`";
        if text == "local" {
            return Ok(StateBackend::Local { path: format!("{}/state", layout::WORK) });
        }
        let wrong = || format!("`{text}` is no place for state: {FORMS}");
        let (kind, rest) = text.split_once("://").ok_or_else(wrong)?;
        let (place, query) = rest.split_once('?').map_or((rest, None), |(place, query)| (place, Some(query)));
        let setting = |name| query.and_then(|query: &str| query.strip_prefix(name)?.strip_prefix('='));
        match kind {
            "s3" => {
                let aws = self.clusters.iter().find(|cluster| cluster.provider() == Provider::Aws);
                let region = match (query, setting("region")) {
                    (Some(_), None) => return Err(wrong()),
                    (_, Some(region)) => region.to_owned(),
                    (None, None) => aws
                        .map(|cluster| cluster.region().to_owned())
                        .ok_or_else(|| format!("`{text}` names no region, and no cluster has one: {FORMS}"))?,
                };
                Ok(StateBackend::S3 { bucket: place.to_owned(), region })
            }
            "gs" if query.is_none() => Ok(StateBackend::Gcs { bucket: place.to_owned() }),
            "az" => match (place.split_once('/'), setting("resource_group")) {
                (Some((account, container)), Some(group)) => Ok(StateBackend::Azurerm {
                    resource_group: group.to_owned(),
                    storage_account: account.to_owned(),
                    container: container.to_owned(),
                }),
                _ => Err(wrong()),
            },
            _ => Err(wrong()),
        }
    }
}

fn environments(text: &str) -> Result<Vec<EnvironmentDraft>, String> {
    let names = text.split(',').map(|name| EnvironmentName::new(name.trim()).map(EnvironmentDraft::new));
    names.collect::<Result<_, _>>().map_err(|error| error.to_string())
}

/// `github`, `gitlab=https://gitlab.example.com`, `none`.
/// `KIND[:MODE]`, in the release that this kstack was tried with.
fn engine(text: &str) -> Result<Engine, String> {
    let argocd = |mode| Ok(Engine::ArgoCd { version: ARGOCD_VERSION.to_owned(), mode });
    match text {
        "flux" | "flux:classic" => Ok(Engine::Flux { version: FLUX_VERSION.to_owned(), mode: FluxMode::Classic }),
        "argocd" | "argocd:core" => argocd(ArgoCdMode::Core),
        "argocd:full" => argocd(ArgoCdMode::Full),
        _ => Err(format!("`{text}` is no engine: write `flux`, `argocd` or `argocd:full`")),
    }
}

fn forge(text: &str) -> Result<Forge, String> {
    let (kind, url) = match text.split_once('=') {
        // The text is not repeated: it holds a secret.
        Some((_, url)) if form::has_credentials(url) => {
            return Err("the address of the forge holds credentials; leave them out".to_owned());
        }
        Some((kind, url)) => {
            form::forge_url(url).map_err(|reason| format!("`{url}` is not a forge's address: {reason}"))?;
            (kind, Some(url.to_owned()))
        }
        None => (text, None),
    };
    match (kind, url) {
        ("github", url) => Ok(Forge::GitHub { url }),
        ("gitlab", url) => Ok(Forge::GitLab { url }),
        ("gitea", url) => Ok(Forge::Gitea { url }),
        ("none", None) => Ok(Forge::None),
        _ => Err(format!("`{text}` is no forge: write `github`, `gitlab`, `gitea` or `none`")),
    }
}
