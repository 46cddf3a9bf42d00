//! A root module in a folder of its own, run by the real program.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, OnceLock},
    time::Duration,
};

use kstack::terraform::{
    ApplyOptions, BackendSetting, Binary, Interrupt, PlanFile, PlanOptions, PlanOutcome, ProviderMirrors,
    ProviderStore, Terraform, TerraformError, TerraformEvent, Watch, Workspace,
};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::programs;

/// A tree with one stack, `infra/stack`, whose state lies beside it.
pub struct Stack {
    root: PathBuf,
    _kept: Option<TempDir>,
    pub mirrors: ProviderMirrors,
    pub store: Option<ProviderStore>,
    program: Option<Binary>,
    pub environment: BTreeMap<String, OsString>,
    pub events: Mutex<Vec<TerraformEvent>>,
    pub interrupt: Interrupt,
}

impl Stack {
    pub fn new(main: &str) -> Self {
        Self::with_mirrors(main, [])
    }

    /// A stack that `program` runs.
    pub fn of(program: &Binary) -> Self {
        let mut stack = Self::new("");
        stack.program = Some(program.clone());
        stack
    }

    pub fn with_mirrors(main: &str, mirrors: impl IntoIterator<Item = PathBuf>) -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut stack = Self::at(root.path());
        stack.mirrors = ProviderMirrors::new(mirrors);
        stack._kept = Some(root);
        stack.write("infra/stack/main.tf", main);
        stack
    }

    /// The stack that is already there.
    pub fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            _kept: None,
            mirrors: ProviderMirrors::none(),
            store: None,
            program: None,
            environment: BTreeMap::new(),
            events: Mutex::default(),
            interrupt: Interrupt::new(Duration::from_secs(60)),
        }
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn plan_path(&self) -> PathBuf {
        self.path("saved.tfplan")
    }

    pub async fn terraform(&self) -> Terraform {
        self.terraform_in(&self.path("infra/stack")).await
    }

    /// The same instance, its files somewhere else.
    pub async fn terraform_in(&self, directory: &Path) -> Terraform {
        let text = fs::read_to_string(directory.join("main.tf")).unwrap();
        let backend = text.contains("backend \"local\"").then(|| BackendSetting::Value {
            name: "path".into(),
            value: self.path("state.tfstate").display().to_string(),
        });
        let mut environment = self.environment.clone();
        environment.insert("HOME".to_owned(), self.path("home").into());
        let workspace = Workspace {
            directory: directory.to_owned(),
            data: self.path("data"),
            backend: backend.into_iter().collect(),
            environment,
            mirrors: self.mirrors.clone(),
            store: self.store.clone(),
        };
        let program = match &self.program {
            Some(program) => program.clone(),
            None => binary().await,
        };
        Terraform::new(program, workspace).unwrap()
    }

    /// Runs `work` with a watch that collects the events.
    pub async fn watching<T>(&self, work: impl AsyncFnOnce(&Watch<'_>) -> T) -> T {
        let sink = |event| self.events.lock().unwrap().push(event);
        work(&Watch { events: &sink, interrupt: &self.interrupt }).await
    }

    pub async fn plan(&self) -> PlanOutcome {
        self.plan_with(PlanOptions::new(self.plan_path())).await
    }

    pub async fn plan_with(&self, options: PlanOptions) -> PlanOutcome {
        let terraform = self.terraform().await;
        self.watching(async |watch| terraform.plan(&options, watch).await).await.unwrap()
    }

    pub async fn apply(&self) -> Result<(), TerraformError> {
        let terraform = self.terraform().await;
        let options = ApplyOptions::default();
        self.watching(async |watch| terraform.apply(&self.plan_path(), &options, watch).await).await.map(drop)
    }

    /// Makes `main` real.
    pub async fn converge(&self, main: &str) {
        self.write("infra/stack/main.tf", main);
        self.plan().await;
        self.apply().await.unwrap();
    }

    /// Changes the state of a stack without a backend behind Terraform's back.
    pub fn edit_state(&self, edit: impl FnOnce(&mut Value)) {
        let path = self.path("infra/stack/terraform.tfstate");
        let mut state = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        edit(&mut state);
        fs::write(path, serde_json::to_vec(&state).unwrap()).unwrap();
    }

    pub fn plan_file(&self) -> PlanFile {
        PlanFile::open(&self.plan_path()).unwrap()
    }

    pub fn started(&self) -> Vec<&'static str> {
        let events = self.events.lock().unwrap();
        let started = events.iter().filter_map(|event| match event {
            TerraformEvent::Started { command, .. } => Some(*command),
            _ => None,
        });
        started.collect()
    }
}

/// The program that tests run, asked and hashed once.
pub async fn binary() -> Binary {
    Binary::find(None, facts()).await.expect("tests need `terraform` or `tofu` on PATH")
}

/// [`binary`], and those of other products and versions that can be had and that kstack runs.
pub async fn programs() -> Vec<Binary> {
    let mut programs = vec![binary().await];
    for path in programs::tofu().into_iter().chain(programs::others()) {
        match Binary::find(path.to_str(), facts()).await {
            Ok(program) if !programs.contains(&program) => programs.push(program),
            Ok(_) | Err(TerraformError::TooOld { .. }) => {}
            Err(error) => panic!("{}: {error}", path.display()),
        }
    }
    programs
}

fn facts() -> &'static Path {
    static CACHE: OnceLock<TempDir> = OnceLock::new();
    CACHE.get_or_init(|| tempfile::tempdir().unwrap()).path()
}
