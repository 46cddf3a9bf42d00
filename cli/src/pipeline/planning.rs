//! Plans one instance: runs Terraform, reads the plan, and binds it to what it was made from.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest as _, Sha256};
use tempfile::TempPath;
use tokio::sync::Mutex;

use crate::{
    closure::Kind,
    platform::{Instance, Platform, Policy, layout},
    repo::CommitId,
    store::Store,
    terraform::{
        ChangeList, Interrupt, PlanFile, PlanFileError, PlanMode, PlanOptions, Reader, StandIn, Terraform,
        TerraformEvent, Watch,
    },
};

use super::{
    Event, EventSink, PipelineError, PlanResult, Workshop,
    bundle::{self, Bundle, Program, StateVersion, hex},
    exported::Tree,
    providers,
    seal::Recipients,
    states_read,
    target::Target,
};

/// What an instance is planned in.
pub(super) struct Ground<'a> {
    /// The instance.
    pub(super) instance: &'a Instance,
    /// The exported commit.
    pub(super) tree: &'a Tree,
    /// The platform as that commit has it.
    pub(super) platform: &'a Platform,
    /// Whether everything is to go away.
    pub(super) destroy: bool,
    /// Held while Terraform initialises a stack that has no lock file, which writes one.
    pub(super) lock_file: &'a Mutex<()>,
}

/// A plan that was just made.
pub(super) struct Fresh {
    /// The plan file.
    pub(super) file: TempPath,
    /// What it would do.
    pub(super) changes: ChangeList,
    /// What should be looked at.
    pub(super) notices: Vec<String>,
}

/// A target that was planned, or previewed.
pub(super) struct Done {
    /// What came of it.
    pub(super) result: PlanResult,
    /// What should be looked at.
    pub(super) notices: Vec<String>,
    /// Its outputs afterwards, or why they cannot be told.
    pub(super) outputs: Result<Arc<StandIn>, String>,
}

impl Workshop {
    /// Plans `target` and keeps the bundle. `is_read` says whether anybody will ask for its outputs.
    pub(super) async fn plan_steps(
        &self,
        target: &Target,
        is_read: bool,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<Done, PipelineError> {
        let instance = &target.affected.instance;
        let ground = Ground {
            instance,
            tree: &target.tree,
            platform: &target.platform,
            destroy: target.affected.kind == Kind::Removed,
            lock_file: &target.lock_file,
        };
        let Fresh { file, changes, notices } = self.plan_fresh(&ground, interrupt, events).await?;
        if let (Some(plans), Some(commit)) = (&target.plans, target.commit) {
            events(Event::Step { instance: instance.clone(), step: "keeping the plan" });
            self.keep(target, plans, commit, &file, changes.clone()).await?;
        }
        let outputs = if is_read { outputs_of(&file)? } else { Err("nothing reads them".to_owned()) };
        Ok(Done { result: PlanResult::Changes(changes), notices, outputs })
    }

    /// Runs Terraform's `init` and `plan`, and reads what the plan would do.
    pub(super) async fn plan_fresh(
        &self,
        ground: &Ground<'_>,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<Fresh, PipelineError> {
        let Ground { instance, tree, platform, destroy, lock_file } = *ground;
        let said = |said: TerraformEvent| events(Event::Terraform { instance: instance.clone(), said });
        let watch = Watch { events: &said, interrupt };
        let step = |step| events(Event::Step { instance: instance.clone(), step });
        let _alone = self.site().occupy(instance, interrupt, || step("waiting for another run")).await?;
        let terraform = self.terraform(tree, platform, instance)?;
        let mut notices = Vec::new();

        step("initialising");
        let chosen_now = {
            let committed = lock_path(&terraform).exists();
            let _one_at_a_time = if committed { None } else { Some(lock_file.lock().await) };
            initialise(&terraform, platform, instance, &watch).await?
        };
        notices.extend(chosen_now);

        step("planning");
        let file = self.site().secret_file(instance)?;
        let options = PlanOptions {
            var_files: var_files(tree, instance),
            mode: if destroy { PlanMode::Destroy } else { PlanMode::Normal },
            // A plan takes no lock, so it needs no right to write; a state that moves meanwhile is seen by its serial.
            lock: false,
            ..PlanOptions::new(&file)
        };
        terraform.plan(&options, &watch).await?;

        step("reading the plan");
        let mut changes = terraform.changes(&file, &watch).await?;
        changes.list.keep_answered_drift();
        match states_read::secrets(&file, &terraform.workspace().directory).await {
            Ok((secrets, told)) => {
                secrets.hide_in(&mut changes.list);
                notices.extend(told);
            }
            Err(error) if error.is_declined() => {
                notices.push(format!("what is sensitive in states that the plan reads cannot be told: {error}"));
            }
            Err(error) => return Err(error.into()),
        }
        if let Reader::Show { because } = &changes.reader {
            notices.push(format!("the plan was read by `show -json`: {because}"));
        }
        Ok(Fresh { file, changes: changes.list, notices })
    }

    async fn keep(
        &self,
        target: &Target,
        plans: &Store,
        commit: CommitId,
        file: &Path,
        changes: ChangeList,
    ) -> Result<(), PipelineError> {
        let recipients = Recipients::parse(&target.head.pipeline.recipients)?;
        let made = self.made(&target.affected.instance, file)?;
        let planned = self.planned(target, commit, made, changes);
        Bundle::new(planned, read(file)?, !recipients.is_empty()).save(plans, &recipients).await
    }

    /// What a bundle of `target` is bound to.
    pub(super) fn planned(
        &self,
        target: &Target,
        commit: CommitId,
        made: Made,
        changes: ChangeList,
    ) -> bundle::Planned {
        bundle::Planned {
            instance: target.affected.instance.clone(),
            destroy: target.affected.kind == Kind::Removed,
            closure: target.closure.hash.to_string(),
            files: target.closure.files.iter().map(|(path, file)| (path.clone(), file.id.to_string())).collect(),
            base: target.base.map(|base| base.to_string()),
            commit: commit.to_string(),
            state: made.state,
            terraform: self.program(),
            providers: made.providers,
            policy: policy(&target.head),
            protected: target.protected(&changes),
            mocked: Vec::new(),
            changes,
        }
    }

    /// The reviewed bundle with a plan that was made anew in place of its own.
    pub(super) fn renewed(&self, reviewed: &Bundle, fresh: &Fresh, head: &Platform) -> Result<Bundle, PipelineError> {
        let mut bundle = reviewed.clone();
        let made = self.made(&reviewed.manifest.instance, &fresh.file)?;
        let plan = read(&fresh.file)?;
        let manifest = &mut bundle.manifest;
        manifest.plan_sha256 = hex(&Sha256::digest(&plan));
        manifest.created = jiff::Timestamp::now();
        manifest.state = made.state;
        manifest.terraform = self.program();
        manifest.providers = made.providers;
        manifest.policy = policy(head);
        manifest.changes = fresh.changes.clone();
        bundle.plan = plan;
        Ok(bundle)
    }

    /// What the plan file itself says of how it was made.
    pub(super) fn made(&self, instance: &Instance, file: &Path) -> Result<Made, PipelineError> {
        let plan = PlanFile::open(file).map_err(|error| match error {
            PlanFileError::Encrypted => PipelineError::PlanEncrypted,
            error => error.into(),
        })?;
        let state = plan.state();
        Ok(Made {
            state: (!state.lineage.is_empty())
                .then(|| StateVersion { lineage: state.lineage.clone(), serial: state.serial }),
            providers: providers::locked(instance, plan.lock_file().unwrap_or_default())?,
        })
    }

    /// The program that plans and applies, as bundles name it.
    pub(super) fn program(&self) -> Program {
        let binary = self.binary();
        Program {
            product: binary.product.to_string(),
            version: binary.version.to_string(),
            sha256: binary.sha256.clone(),
        }
    }
}

/// How a plan was made, as its file says.
#[derive(Debug, Clone, Default)]
pub(super) struct Made {
    state: Option<StateVersion>,
    providers: std::collections::BTreeMap<String, providers::Provider>,
}

/// The outputs once the plan in `file` is applied, or why they cannot be told.
pub(super) fn outputs_of(file: &Path) -> Result<Result<Arc<StandIn>, String>, PipelineError> {
    Ok(StandIn::of(&PlanFile::open(file)?).map(Arc::new).map_err(|error| error.to_string()))
}

fn read(file: &Path) -> Result<Vec<u8>, PipelineError> {
    std::fs::read(file).map_err(|source| PipelineError::Io { verb: "read", path: file.to_owned(), source })
}

/// What stands for the policy of `platform` in bundles: SHA-256 over its JSON form, in hexadecimal. The guard's part is
/// not in it: what was planned has passed it.
pub(super) fn policy(platform: &Platform) -> String {
    let Policy { providers, protect, rules, tags, files, allow: _, modules: _, label: _ } = &platform.policy;
    let text = serde_json::json!({
        "providers": providers, "protect": protect, "rules": rules, "tags": tags, "files": files,
    });
    hex(&Sha256::digest(text.to_string()))
}

fn lock_path(terraform: &Terraform) -> PathBuf {
    terraform.workspace().directory.join(".terraform.lock.hcl")
}

/// Initialises, and refuses providers that the platform does not allow before any is started. Returns what should
/// be looked at.
///
/// # Errors
/// [`PipelineError::ProviderNotAllowed`], [`PipelineError::Terraform`].
pub(super) async fn initialise(
    terraform: &Terraform,
    platform: &Platform,
    instance: &Instance,
    watch: &Watch<'_>,
) -> Result<Option<String>, PipelineError> {
    let path = lock_path(terraform);
    let allowed = || {
        let io = |source| PipelineError::Io { verb: "read", path: path.clone(), source };
        providers::check(&platform.policy, instance, &std::fs::read(&path).map_err(io)?)
    };
    if path.exists() {
        // Before anything is downloaded.
        allowed()?;
        terraform.init(watch).await?;
        // A module from elsewhere may need more than was locked; what init adds is not started yet.
        allowed()?;
        return Ok(None);
    }
    terraform.init(watch).await?;
    if !path.exists() {
        return Ok(None);
    }
    // Downloaded by now, but not started yet.
    allowed()?;
    Ok(Some(format!(
        "`{}/.terraform.lock.hcl` is not committed: provider versions were chosen just now",
        layout::stack(&instance.stack)
    )))
}

/// The variable files that exist for `instance`.
pub(super) fn var_files(tree: &Tree, instance: &Instance) -> Vec<PathBuf> {
    let file = match &instance.environment {
        Some(environment) => layout::tfvars(environment),
        None => format!("{}/shared.tfvars", layout::ENVIRONMENTS),
    };
    let file = tree.path().join(file);
    if file.exists() { vec![file] } else { Vec::new() }
}
