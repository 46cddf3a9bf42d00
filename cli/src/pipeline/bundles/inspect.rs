//! Looks at one bundle: what was reviewed, and whether it would be applied now.

use std::{path::PathBuf, sync::Arc};

use serde::Serialize;

use crate::{
    closure::{self, Closure},
    platform::{EnvironmentName, Instance, Platform, StackName, layout},
    repo::CommitId,
};

use crate::pipeline::{
    ApplyRequest, Assurances, PipelineError, Site, Workshop,
    backend::Stores,
    bundle::{Bundle, Found},
    due::{Bench, Scene},
    errored::Errored,
    fit::{Check, Present, Refusal, allowed},
    planning,
    seal::Keys,
    states_read, target,
};

/// Which bundle.
#[derive(Debug, Clone)]
pub enum WhichBundle {
    /// The one in this file.
    File(PathBuf),
    /// The one with this key in the plan store.
    Key(String),
    /// The one that applying this stack would take; without one that fits the newest.
    Stack(StackName),
}

/// Which bundle to look at, and what to hold it against.
#[derive(Debug, Clone)]
pub struct BundleRequest {
    /// Which bundle.
    pub which: WhichBundle,
    /// The environment that delivers it; `None`: the one that its key begins with, or the first.
    pub environment: Option<EnvironmentName>,
    /// The commit that would be applied.
    pub commit: CommitId,
}

/// A bundle that was found.
#[derive(Debug)]
pub struct Inspected {
    /// Its file, or its key.
    pub place: String,
    /// The bundle.
    pub bundle: Bundle,
}

/// Whether a bundle would be applied.
#[derive(Debug, Serialize)]
pub struct Verdict {
    /// The bundle's file, or its key.
    pub place: String,
    /// The instance.
    pub instance: Instance,
    /// Each field, with what was reviewed and what is found.
    pub checks: Vec<Check>,
}

impl Verdict {
    /// Whether every field fits.
    pub fn fits(&self) -> bool {
        self.checks.iter().all(|check| check.fits)
    }
}

impl Site {
    /// Finds the bundle that `request` names and opens it with the keys of the environment.
    ///
    /// # Errors
    /// [`PipelineError::NoBundle`], [`PipelineError::BundleRead`], or when the repository or the store cannot be read.
    pub async fn bundle(&self, request: &BundleRequest) -> Result<Inspected, PipelineError> {
        let keys = Keys::from_env()?;
        let platform = closure::load_platform(&self.repository().commit_snapshot(request.commit)?)?;
        match &request.which {
            WhichBundle::File(path) => {
                let place = path.display().to_string();
                let io = |source| PipelineError::Io { verb: "read", path: path.clone(), source };
                let bundle = Bundle::open(&place, &std::fs::read(path).map_err(io)?, &keys)?;
                Ok(Inspected { place, bundle })
            }
            WhichBundle::Key(key) => {
                let plans = self.stores(&platform, &request.delivering(&platform)?)?.plans;
                let missing =
                    || PipelineError::NoBundle { what: format!("`{key}`"), place: plans.location().to_string() };
                let (bytes, _) = plans.get(key).await?.ok_or_else(missing)?;
                Ok(Inspected { place: key.clone(), bundle: Bundle::open(key, &bytes, &keys)? })
            }
            WhichBundle::Stack(stack) => {
                let environment = request.delivering(&platform)?;
                let stores = self.stores(&platform, &environment)?;
                let scene = self.scene(&request.about(stack, &environment))?;
                let instance = instance_of(&scene, stack, &environment);
                newest(&stores, &keys, &instance, scene.closures.get(&instance)).await
            }
        }
    }
}

impl Workshop {
    /// Holds the bundle that `request` names against the commit, the state and the tools, field by field, as applying
    /// it would. Nothing is changed.
    ///
    /// # Errors
    /// As [`Site::bundle`]; when its plan file or the state cannot be read.
    pub async fn verify(&self, request: &BundleRequest) -> Result<Verdict, PipelineError> {
        let Inspected { place, bundle } = self.site().bundle(request).await?;
        let manifest = &bundle.manifest;
        let platform = closure::load_platform(&self.site().repository().commit_snapshot(request.commit)?)?;
        let environment = match &request.environment {
            Some(name) => target::environment(&platform, name)?.name.clone(),
            None => {
                platform.delivering(&manifest.instance).cloned().map_or_else(|| request.delivering(&platform), Ok)?
            }
        };
        let scene = self.site().scene(&request.about(&manifest.instance.stack, &environment))?;
        let instance = instance_of(&scene, &manifest.instance.stack, &environment);
        let stores = self.site().stores(&platform, &environment)?;
        let bench = Bench {
            commit: request.commit,
            scene: &scene,
            tree: Arc::new(self.site().export_for(&scene.snapshot, scene.closures.get(&instance))?),
            platform: Arc::new(platform),
            policies: Arc::new(scene.policies()?),
        };
        let state = self.site().state(&bench.tree, &bench.platform, &instance).version().await?;
        let present = Present {
            instance: &instance,
            closure: scene.closures.get(&instance),
            state: state.as_ref(),
            program: &self.program(),
            policy: &planning::policy(&bench.platform),
            sealed: !bench.platform.pipeline.recipients.is_empty(),
        };
        let mut checks = present.checks(&bundle);
        // The envelope of a stage has no plan file.
        if manifest.staging.is_none() {
            let file = self.write_plan(&instance, &bundle)?;
            let stage = self.stage(&bench, &instance, manifest)?;
            checks.extend(self.inside(&instance, &bundle, &file, &stage)?);
            let directory = stage.tree.path().join(layout::stack(&instance.stack));
            checks.extend(states_read::held(&file, &directory, &stage.reads).await?.check);
            checks.extend(allowed(&stage, manifest));
        }
        if let Some(Refusal { field, reviewed, found, .. }) = Errored::all(&stores.records).await?.refusal(&instance) {
            checks.push(Check { field, reviewed, found, fits: false });
        }
        Ok(Verdict { place, instance, checks: merged(checks) })
    }
}

/// One check for each field: the one that does not fit, where manifest and plan file both have an opinion.
fn merged(checks: Vec<Check>) -> Vec<Check> {
    let mut merged: Vec<Check> = Vec::new();
    for check in checks {
        match merged.iter_mut().find(|known| known.field == check.field) {
            Some(known) if known.fits && !check.fits => *known = check,
            Some(_) => {}
            None => merged.push(check),
        }
    }
    merged
}

/// The bundle of `instance` with the closure of the commit, or else the newest.
async fn newest(
    stores: &Stores,
    keys: &Keys,
    instance: &Instance,
    closure: Option<&Closure>,
) -> Result<Inspected, PipelineError> {
    let hash = closure.map(|closure| closure.hash.to_string());
    let mut found = Bundle::find(&stores.plans, keys, instance, hash.as_deref()).await?;
    if found.bundles.is_empty() && found.unreadable.is_empty() {
        found = Bundle::all(&stores.plans, keys, instance).await?;
    }
    let Found { bundles, unreadable } = found;
    match (bundles.into_iter().next(), unreadable.into_iter().next()) {
        (Some(bundle), _) => Ok(Inspected { place: bundle.key(), bundle }),
        (None, Some(error)) => Err(error),
        (None, None) => {
            Err(PipelineError::NoBundle { what: format!("of {instance}"), place: stores.plans.location().to_string() })
        }
    }
}

/// The instance of `stack` that goes with `environment`. A stack that the commit does not have may still have bundles.
fn instance_of(scene: &Scene, stack: &StackName, environment: &EnvironmentName) -> Instance {
    let known = scene.inventory.instances();
    let shared = known.into_iter().find(|instance| instance.stack == *stack && instance.environment.is_none());
    shared.unwrap_or_else(|| Instance { stack: stack.clone(), environment: Some(environment.clone()) })
}

impl BundleRequest {
    fn delivering(&self, platform: &Platform) -> Result<EnvironmentName, PipelineError> {
        if let Some(name) = &self.environment {
            return Ok(target::environment(platform, name)?.name.clone());
        }
        let named = match &self.which {
            WhichBundle::Key(key) => key.split('/').next().and_then(|name| platform.environment(name)),
            WhichBundle::File(_) | WhichBundle::Stack(_) => None,
        };
        let environment = named.or_else(|| platform.environments.first());
        let none = || PipelineError::UnknownEnvironment { name: String::new(), known: Vec::new() };
        environment.map(|environment| environment.name.clone()).ok_or_else(none)
    }

    fn about(&self, stack: &StackName, environment: &EnvironmentName) -> ApplyRequest {
        ApplyRequest {
            commit: self.commit,
            environment: environment.clone(),
            stacks: vec![stack.clone()],
            dry_run: true,
            bundles: Vec::new(),
            resume: false,
            assurances: Assurances::default(),
        }
    }
}
