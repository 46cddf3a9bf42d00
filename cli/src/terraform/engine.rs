//! Terraform on one root module: init, plan, apply, and what can be asked of it.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use super::{
    BackendSetting, Binary, ChangeList, ChangeSummary, Diagnostic, PlanFile, PlanMode, ProviderMirrors, ProviderStore,
    Secrets, Severity, StateFile, TerraformError, Watch, changes_from_show_json,
    cli_config::CliConfig,
    disk,
    initialising::Supply,
    marker::Marker,
    process::{APPLY, Stdout},
};

/// A root module to run, and with what.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// The root module: a stack's folder inside an exported tree.
    pub directory: PathBuf,
    /// The instance's own folder, made if it does not exist and kept between runs: installed providers and
    /// modules, the CLI configuration, the marker of the last init. One run at a time may use it.
    pub data: PathBuf,
    /// Backend settings for init.
    pub backend: Vec<BackendSetting>,
    /// Variables added to the inherited environment.
    pub environment: BTreeMap<String, OsString>,
    /// Where providers come from before the registry.
    pub mirrors: ProviderMirrors,
    /// The packages that all runs of this machine share; without it, each workspace has its own.
    pub store: Option<ProviderStore>,
}

/// How to plan.
#[derive(Debug, Clone)]
pub struct PlanOptions {
    /// Where the plan file goes.
    pub out: PathBuf,
    /// Variable files, relative to the working folder.
    pub var_files: Vec<PathBuf>,
    /// Towards the configuration, to nothing, or only to what exists.
    pub mode: PlanMode,
    /// Whether what exists is read first.
    pub refresh: bool,
    /// Whether the state is locked.
    pub lock: bool,
    /// How long to wait for the state lock.
    pub lock_timeout: Option<Duration>,
    /// How many resources at the same time; Terraform's own default is 10.
    pub parallelism: Option<u32>,
}

impl PlanOptions {
    /// A plan with refresh and lock, written to `out`.
    pub fn new(out: impl Into<PathBuf>) -> Self {
        Self {
            out: out.into(),
            var_files: Vec::new(),
            mode: PlanMode::Normal,
            refresh: true,
            lock: true,
            lock_timeout: None,
            parallelism: None,
        }
    }
}

/// What planning found.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanOutcome {
    /// Whether applying would do anything, be it to an output only.
    pub changed: bool,
    /// Terraform's count.
    pub summary: Option<ChangeSummary>,
    /// Its warnings.
    pub warnings: Vec<Diagnostic>,
}

/// How to apply.
#[derive(Debug, Clone, Default)]
pub struct ApplyOptions {
    /// How long to wait for the state lock.
    pub lock_timeout: Option<Duration>,
    /// How many resources at the same time; Terraform's own default is 10.
    pub parallelism: Option<u32>,
}

/// What a saved plan would do, and how that was found out.
#[derive(Debug, Clone, PartialEq)]
pub struct Changes {
    /// The changes.
    pub list: ChangeList,
    /// Which reader made the list.
    pub reader: Reader,
}

/// The two readers of saved plans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reader {
    /// kstack's own, without a process.
    Native,
    /// `terraform show -json`, since the native one declined.
    Show {
        /// Why it declined.
        because: String,
    },
}

/// Terraform on one [`Workspace`]. Every command runs init first where it is needed.
#[derive(Debug)]
pub struct Terraform {
    pub(super) binary: Binary,
    pub(super) workspace: Workspace,
    pub(super) cli_config: CliConfig,
    pub(super) marker: Marker,
    /// Whether the last init was found to be good, so that a plan does not look again.
    pub(super) ready: AtomicBool,
    /// Whether the lock file in the working folder is the one that an earlier init chose.
    pub(super) lock_put_back: AtomicBool,
    pub(super) supply: Supply,
    /// What is masked in everything that Terraform says.
    pub(super) secrets: Mutex<Secrets>,
}

impl Terraform {
    /// Makes the data folder and settles the CLI configuration.
    ///
    /// # Errors
    /// [`TerraformError::Io`].
    pub fn new(binary: Binary, mut workspace: Workspace) -> Result<Self, TerraformError> {
        let data = &workspace.data;
        // Terraform keeps backend settings there, which may hold credentials.
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(data);
        made.map_err(|source| TerraformError::io("create", data, source))?;
        workspace.data = data.canonicalize().map_err(|source| TerraformError::io("use", data, source))?;
        let directory = &workspace.directory;
        workspace.directory =
            directory.canonicalize().map_err(|source| TerraformError::io("use", directory, source))?;
        let (rc, with_store) = (workspace.data.join("terraform.rc"), workspace.store.is_some());
        let cli_config = CliConfig::settle(&workspace.mirrors, binary.product, rc, &workspace.directory, with_store)?;
        let (marker, supply) = (Marker::new(&workspace.data), Supply::new(&workspace.data));
        let inherited: Vec<_> = std::env::vars_os().collect();
        let given = workspace.environment.iter().map(|(name, value)| (OsStr::new(name), value.as_os_str()));
        let variables = inherited.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str())).chain(given);
        let secrets = Secrets::of_environment(&workspace.directory, variables)?;
        Ok(Self {
            binary,
            workspace,
            cli_config,
            marker,
            ready: AtomicBool::new(false),
            lock_put_back: AtomicBool::new(false),
            supply,
            secrets: Mutex::new(secrets),
        })
    }

    /// Masks `secrets` as well in everything that Terraform says from now on. Known by themselves are credentials in the
    /// environment, sensitive inputs, and what is sensitive in a plan that is applied.
    pub fn hide(&self, secrets: Secrets) {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).extend(secrets);
    }

    /// The program.
    pub fn binary(&self) -> &Binary {
        &self.binary
    }

    /// Where it runs.
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// Plans and writes the plan file.
    ///
    /// # Errors
    /// [`TerraformError::Failed`], [`TerraformError::Interrupted`] or an I/O error.
    pub async fn plan(&self, options: &PlanOptions, watch: &Watch<'_>) -> Result<PlanOutcome, TerraformError> {
        for file in &options.var_files {
            self.hide(Secrets::of_variable_file(&self.workspace.directory, file)?);
        }
        let command = || {
            let mut command = self.reading_command(["plan", "-json", "-input=false", "-detailed-exitcode"]);
            command.arg(joined("-out=", absolute(&options.out).as_os_str()));
            command.args(options.var_files.iter().map(|file| joined("-var-file=", file.as_os_str())));
            command.args(match options.mode {
                PlanMode::Normal => None,
                PlanMode::Destroy => Some("-destroy"),
                PlanMode::RefreshOnly => Some("-refresh-only"),
            });
            command.args((!options.refresh).then_some("-refresh=false"));
            command.args((!options.lock).then_some("-lock=false"));
            command.args(waiting(options.lock_timeout, options.parallelism));
            command
        };
        let ended = self.prepared("plan", Stdout::Events, &[2], watch, command).await?;
        disk::has_room(&options.out)?;
        let warnings = ended.diagnostics.into_iter().filter(|found| found.severity == Severity::Warning).collect();
        Ok(PlanOutcome { changed: ended.code == 2, summary: ended.summary, warnings })
    }

    /// Applies a saved plan. Where the configuration brings no lock file, the plan's own is used:
    /// Terraform insists on the providers that the plan was made with.
    ///
    /// Returns what was done; `None`: all of it, and Terraform's output could not be written.
    ///
    /// # Errors
    /// [`TerraformError::Failed`] and [`TerraformError::Interrupted`], both with the path of state that Terraform
    /// could not store; or an I/O error.
    pub async fn apply(
        &self,
        plan: &Path,
        options: &ApplyOptions,
        watch: &Watch<'_>,
    ) -> Result<Option<ChangeSummary>, TerraformError> {
        self.restore_lock_file(plan)?;
        match Secrets::of_plan(&self.workspace.directory, plan) {
            Ok(secrets) => self.hide(secrets),
            // What only the program itself can read, it alone can mask.
            Err(TerraformError::PlanFile(error)) if error.is_declined() => {}
            // Nothing has been started: better no apply than one that nobody masks.
            Err(error) => return Err(error),
        }
        let command = || {
            let mut command = self.command(["apply", "-json", "-input=false"]);
            command.args(waiting(options.lock_timeout, options.parallelism)).arg(absolute(plan));
            command
        };
        let ended = self.prepared(APPLY, Stdout::Events, &[], watch, command).await?;
        Ok(ended.summary)
    }

    fn restore_lock_file(&self, plan: &Path) -> Result<(), TerraformError> {
        let path = self.lock_path();
        if path.exists() {
            return Ok(());
        }
        match PlanFile::open(plan).map(|plan| plan.lock_file().map(<[u8]>::to_vec)) {
            Ok(Some(lock)) => fs::write(&path, lock).map_err(|source| TerraformError::io("write", &path, source)),
            Ok(None) => Ok(()),
            // Of a plan that only the program can read, it is left to say what it misses.
            Err(error) if error.is_declined() => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// What a saved plan would do: read natively, or by `show -json` where the native reader declines.
    ///
    /// # Errors
    /// As [`Terraform::show_json`], [`TerraformError::Show`], and [`TerraformError::PlanFile`] for a file that is no plan.
    pub async fn changes(&self, plan: &Path, watch: &Watch<'_>) -> Result<Changes, TerraformError> {
        let native = PlanFile::open(plan).and_then(|file| file.changes(self.binary.product));
        match native {
            Ok(list) => Ok(Changes { list, reader: Reader::Native }),
            Err(error) if error.is_declined() => {
                let list = changes_from_show_json(&self.show_json(plan, watch).await?)?;
                Ok(Changes { list, reader: Reader::Show { because: error.to_string() } })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// `terraform show -json` of a saved plan. It carries every value in clear, sensitive ones too.
    ///
    /// # Errors
    /// [`TerraformError::Failed`], [`TerraformError::Interrupted`] or an I/O error.
    pub async fn show_json(&self, plan: &Path, watch: &Watch<'_>) -> Result<Vec<u8>, TerraformError> {
        let command = || {
            let mut command = self.reading_command(["show", "-json", "-no-color"]);
            command.arg(absolute(plan));
            command
        };
        Ok(self.prepared("show", Stdout::Document, &[], watch, command).await?.document)
    }

    /// The state as it is stored now, or `None` if there is none yet. Works with every backend, and
    /// OpenTofu decrypts it. The outputs are in it, so `terraform output`, which hashes every
    /// provider first, is not needed.
    ///
    /// # Errors
    /// [`TerraformError::Failed`], [`TerraformError::Interrupted`], [`TerraformError::State`] or an I/O error.
    pub async fn pull_state(&self, watch: &Watch<'_>) -> Result<Option<StateFile>, TerraformError> {
        let command = || self.reading_command(["state", "pull", "-no-color"]);
        let document = self.prepared("state pull", Stdout::Document, &[], watch, command).await?.document;
        if document.trim_ascii().is_empty() {
            return Ok(None);
        }
        // Some backends, such as `http`, answer with an empty state where there is none.
        Ok(Some(StateFile::parse(&document)?).filter(|state| !state.lineage.is_empty()))
    }
}

pub(super) fn joined(option: &str, value: &OsStr) -> OsString {
    let mut argument = OsString::from(option);
    argument.push(value);
    argument
}

/// Terraform runs in another folder than we do.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

pub(super) fn waiting(lock_timeout: Option<Duration>, parallelism: Option<u32>) -> impl Iterator<Item = String> {
    let timeout = lock_timeout.map(|timeout| format!("-lock-timeout={}s", timeout.as_secs()));
    let parallelism = parallelism.map(|parallelism| format!("-parallelism={parallelism}"));
    timeout.into_iter().chain(parallelism)
}
