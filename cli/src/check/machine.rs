//! Whether this machine has what kstack works with, and the platform here is ready to be worked on.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use serde::Serialize;

use crate::{
    platform::{Platform, StateBackend, layout},
    program::find,
    store::{Location, Store, StoreError},
    terraform::{Binary, ProviderStore},
};

use super::{Files, program, repository};

/// What to look at.
#[derive(Debug)]
pub struct Machine {
    /// The folder that the user works in.
    pub folder: PathBuf,
    /// Where components of the local control plane are kept.
    pub components: PathBuf,
    /// Where runs keep the packages of providers that they share.
    pub providers: PathBuf,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Finding {
    /// As it should be.
    Ok,
    /// Works without it, or not for everything.
    Warning,
    /// Needed, and not there.
    Missing,
}

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How it ended.
    pub finding: Finding,
    /// What was found.
    pub detail: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Check {
    fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, finding: Finding::Ok, detail: detail.into(), remedy: None }
    }

    fn warning(name: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name, finding: Finding::Warning, detail: detail.into(), remedy: Some(remedy.into()) }
    }

    fn missing(name: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name, finding: Finding::Missing, detail: detail.into(), remedy: Some(remedy.into()) }
    }
}

/// Oldest Terraform that the generated stacks admit: S3 locking without a table came with it.
const TERRAFORM_FLOOR: (u64, u64) = (1, 10);

/// Looks at everything, in the order in which people need it.
pub fn examine(machine: &Machine) -> Vec<Check> {
    let root = machine.folder.ancestors().find(|folder| folder.join(layout::PLATFORM_FILE).is_file());
    let platform = root.and_then(|root| {
        let text = fs::read_to_string(root.join(layout::PLATFORM_FILE)).ok()?;
        Platform::parse(layout::PLATFORM_FILE, &text).ok()
    });
    let local = root.is_none_or(has_local_stack);
    let mut checks = vec![git(&machine.folder), terraform(&machine.folder), kubectl(&machine.folder)];
    checks.push(providers(&ProviderStore::new(machine.providers.clone())));
    checks.push(sandbox(&machine.folder, &machine.components, local && root.is_some()));
    match root {
        None => checks.push(Check::warning("platform", "there is none in this folder", "`kstack init` makes one")),
        Some(root) => {
            checks.push(files(root));
            checks.push(history(root));
        }
    }
    checks.extend(platform.iter().map(|platform| credentials(&platform.state.backend)));
    checks
}

fn has_local_stack(root: &Path) -> bool {
    fs::read_dir(root.join(layout::INFRA))
        .is_ok_and(|entries| entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("local-")))
}

/// The first line that a program prints about its version.
fn version(program: &Path, folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = program::run(program, folder, arguments, &[]).ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then(|| text.lines().next().unwrap_or_default().trim().to_owned())
}

fn git(folder: &Path) -> Check {
    let found = find("git").and_then(|git| version(&git, folder, &["--version"]));
    match found {
        Some(text) => Check::ok("git", text.trim_start_matches("git version ")),
        None => Check::missing("git", "not found", "install Git"),
    }
}

fn terraform(folder: &Path) -> Check {
    let remedy = "install Terraform or OpenTofu, or name the program in `KSTACK_TERRAFORM`";
    let Ok(program) = Binary::locate(None) else {
        return Check::missing("terraform", "not found", remedy);
    };
    let Some(line) = version(&program, folder, &["version"]) else {
        return Check::missing("terraform", format!("`{}` does not run", program.display()), remedy);
    };
    // `Terraform v1.11.4` or `OpenTofu v1.10.0`
    let number = line.rsplit(" v").next().unwrap_or_default();
    let mut parts = number.split('.').map_while(|part| part.parse::<u64>().ok());
    let detail = line.replacen(" v", " ", 1);
    match (parts.next(), parts.next()) {
        (Some(major), Some(minor)) if (major, minor) >= TERRAFORM_FLOOR => Check::ok("terraform", detail),
        (Some(_), Some(_)) => {
            let (major, minor) = TERRAFORM_FLOOR;
            Check::missing("terraform", format!("{detail} is too old"), format!("install {major}.{minor} or newer"))
        }
        _ => Check::warning("terraform", format!("unknown version `{line}`"), remedy),
    }
}

fn kubectl(folder: &Path) -> Check {
    let found = find("kubectl").and_then(|kubectl| version(&kubectl, folder, &["version", "--client"]));
    match found {
        Some(text) => Check::ok("kubectl", text.trim_start_matches("Client Version: ").trim_start_matches('v')),
        None => {
            Check::warning("kubectl", "not found", "kstack does without; install it to look into clusters yourself")
        }
    }
}

/// The store of providers, which the first plan fills.
fn providers(store: &ProviderStore) -> Check {
    let name = "providers";
    let inventory = store.inventory();
    let detail = format!("{} in the store, {} MB", inventory.entries.len(), inventory.bytes() / 1_000_000);
    if inventory.broken == 0 {
        return Check::ok(name, detail);
    }
    let detail = format!("{detail}; {} left unfinished by runs that were killed", inventory.broken);
    Check::warning(name, detail, format!("the next run clears them; or delete `{}`", store.root().display()))
}

/// A Docker engine, components that are here, or a Go toolchain that builds them.
fn sandbox(folder: &Path, components: &Path, needed: bool) -> Check {
    let name = "sandbox";
    let mut here: Vec<_> = fs::read_dir(components)
        .map(|entries| entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
        .unwrap_or_default();
    here.sort();
    if !here.is_empty() {
        return Check::ok(name, format!("components here: {}", here.join(", ")));
    }
    let engine = find("docker").and_then(|docker| version(&docker, folder, &["version"]));
    if engine.is_some() {
        return Check::ok(name, "a Docker engine answers");
    }
    if find("go").is_some() {
        return Check::warning(
            name,
            "no components yet",
            "they are built with Go at the first start, in about 20 minutes",
        );
    }
    let remedy = "install Docker, or Go to build the components; otherwise they are downloaded";
    if needed {
        Check::missing(name, "neither components, a Docker engine nor Go", remedy)
    } else {
        Check::warning(name, "neither components, a Docker engine nor Go", remedy)
    }
}

fn files(root: &Path) -> Check {
    let name = "platform";
    match Files::read(root) {
        Err(error) => Check::missing(name, error.to_string(), "make the file readable"),
        Ok(files) => match repository(&files) {
            report if report.problems.is_empty() => Check::ok(name, report.extent()),
            report => {
                let detail = format!("{} in its files", report.verdict());
                Check::missing(name, detail, "`kstack validate` shows them")
            }
        },
    }
}

/// Plans are made of commits.
fn history(root: &Path) -> Check {
    let name = "history";
    let Some(git) = find("git") else {
        return Check::missing(name, "cannot be read without Git", "install Git");
    };
    let ask = |arguments: &[&str]| {
        let output = program::run(&git, root, arguments, &[]).ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    match ask(&["rev-parse", "--show-toplevel"]) {
        None => return Check::missing(name, "not a Git repository", "`git init`"),
        Some(top) if Path::new(&top) != root => {
            return Check::missing(
                name,
                format!("the platform is a folder of `{top}`"),
                "make it a repository of its own",
            );
        }
        Some(_) => {}
    }
    if ask(&["rev-parse", "--verify", "--quiet", "HEAD"]).is_none() {
        return Check::missing(name, "no commit yet", "`git add --all && git commit`");
    }
    match ask(&["status", "--porcelain"]).map(|changes| changes.lines().count()) {
        Some(0) => Check::ok(name, "everything is committed"),
        Some(count) => Check::warning(name, format!("{count} files are not committed"), "plans are made of commits"),
        None => Check::missing(name, "`git status` fails", "run it to see why"),
    }
}

/// Whether there are credentials for a store; nothing is asked of it.
fn found(location: &Location) -> Check {
    let name = "credentials";
    let remedy = match location {
        Location::Azure { .. } => "`az login`, or set the `ARM_*` variables of Terraform's backend",
        _ => "`gcloud auth application-default login`, or set `GOOGLE_APPLICATION_CREDENTIALS`",
    };
    match Store::open(location) {
        Ok(_) => Check::ok(name, format!("for `{location}`: found")),
        Err(StoreError::NoCredentials { .. }) => Check::missing(name, format!("none for `{location}`"), remedy),
        Err(error) => Check::missing(name, error.to_string(), remedy),
    }
}

/// Where credentials for state come from; whether they open it only the cloud can tell.
fn credentials(state: &StateBackend) -> Check {
    let name = "credentials";
    let bucket = match state {
        StateBackend::S3 { bucket, .. } => bucket,
        StateBackend::Gcs { bucket } => {
            return found(&Location::Gcs { bucket: bucket.clone(), prefix: String::new() });
        }
        StateBackend::Azurerm { storage_account, container, .. } => {
            let (account, container) = (storage_account.clone(), container.clone());
            return found(&Location::Azure { account, container, prefix: String::new() });
        }
        StateBackend::Local { .. } => return Check::ok(name, "none needed: state is on this machine"),
    };
    let variables = [
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ];
    let set = |name: &&&str| env::var_os(name).is_some_and(|value| !value.is_empty());
    if let Some(variable) = variables.iter().find(set) {
        return Check::ok(name, format!("for `s3://{bucket}`: from `{variable}`"));
    }
    let home = env::var_os("HOME").map(PathBuf::from);
    if home.is_some_and(|home| home.join(".aws/credentials").is_file() || home.join(".aws/config").is_file()) {
        return Check::ok(name, format!("for `s3://{bucket}`: from `~/.aws`"));
    }
    Check::missing(
        name,
        format!("none for `s3://{bucket}`"),
        "`aws sso login` with `AWS_PROFILE`, or set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`",
    )
}
