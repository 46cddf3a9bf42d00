//! The CLI configuration file that a run gets (`TF_CLI_CONFIG_FILE`): where providers come from.
//!
//! kstack writes one of its own: first what the run sees of the provider store, then the user's own methods, or the mirror
//! folders of `$KSTACK_PROVIDER_MIRROR` and the registry instead of them, for what the store does not have; and from the
//! user's file everything else, such as credentials. A file of the user that kstack does not understand stays in force as
//! it is, and such a run goes without the store.

mod credentials;
mod installation;
mod users;

use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use super::{Diagnostic, Offers, Product, Provided, Severity, TerraformError};
use installation::Installation;

/// The environment variable that lists mirrors, with `:` between them.
pub const MIRROR_SETTING: &str = "KSTACK_PROVIDER_MIRROR";

/// What Terraform and OpenTofu say of overrides: internal/command/meta_providers.go.
const OVERRIDDEN: &str = "Provider development overrides are in effect";

/// Folders with providers, in Terraform's layout `<host>/<namespace>/<type>/…`, packed or unpacked; and archives of single
/// packages under the names that registries give them. A provider that one of the folders has is never looked for in its
/// registry, so the network is not needed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProviderMirrors(Vec<PathBuf>);

impl ProviderMirrors {
    /// No mirror.
    pub fn none() -> Self {
        Self::default()
    }

    /// The given folders and archives.
    pub fn new(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        Self(folders.into_iter().collect())
    }

    /// What `$KSTACK_PROVIDER_MIRROR` lists.
    pub fn from_env() -> Self {
        let folders = env::var_os(MIRROR_SETTING).unwrap_or_default();
        Self::new(env::split_paths(&folders).filter(|folder| !folder.as_os_str().is_empty()))
    }

    /// The folders and archives.
    pub fn folders(&self) -> &[PathBuf] {
        &self.0
    }
}

/// The CLI configuration of a run.
#[derive(Debug)]
pub(super) enum CliConfig {
    /// The user's own.
    Users {
        /// The absolute path, where `TF_CLI_CONFIG_FILE` names one; else Terraform finds it by itself.
        named: Option<PathBuf>,
    },
    /// One that kstack writes.
    Own(Box<Own>),
}

/// A configuration that kstack writes.
#[derive(Debug)]
pub(super) struct Own {
    /// For init and apply; absolute.
    path: PathBuf,
    /// For commands that change nothing, beside it.
    reading: PathBuf,
    /// What of the user's file stays as it is.
    kept: String,
    installation: Installation,
    offers: Offers,
}

impl CliConfig {
    /// Settles the configuration for runs of `product` in `directory`; if it is kstack's own it will be written to `path`.
    pub(super) fn settle(
        mirrors: &ProviderMirrors,
        product: Product,
        path: PathBuf,
        directory: &Path,
        with_store: bool,
    ) -> Result<Self, TerraformError> {
        let users = users::Files::find(product, env::home_dir().as_deref());
        Self::settle_for(mirrors, &users, path, directory, with_store)
    }

    fn settle_for(
        mirrors: &ProviderMirrors,
        users: &users::Files,
        path: PathBuf,
        directory: &Path,
        with_store: bool,
    ) -> Result<Self, TerraformError> {
        let in_force = || {
            // Terraform runs in another folder than we do.
            let named = users.named.as_deref().map(std::path::absolute).transpose();
            named.map(|named| Self::Users { named }).map_err(|source| TerraformError::io("use", &path, source))
        };
        let named_exists = users.named.as_deref().is_none_or(Path::exists);
        if mirrors.0.is_empty() && !with_store && named_exists {
            return in_force();
        }
        let text = users.read()?;
        let installation = if mirrors.0.is_empty() {
            match users.installation(text.as_deref(), directory) {
                Some(installation) => installation,
                None if named_exists => return in_force(),
                None => Installation::default(),
            }
        } else {
            Installation::mirrors(&mirrors.0)?
        };
        let text = text.unwrap_or_default();
        let credentials = credentials::find(&text, users.config_folder.as_deref());
        let offers = Offers::new(installation.sources(), credentials);
        let reading = path.with_file_name("reading.rc");
        Ok(Self::Own(Box::new(Own { path, reading, kept: users::without_replaced(text), installation, offers })))
    }

    /// The file for `TF_CLI_CONFIG_FILE`.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::Users { named } => named.as_deref(),
            Self::Own(own) => Some(&own.path),
        }
    }

    /// The file for `TF_CLI_CONFIG_FILE` of commands that change nothing.
    pub(super) fn reading_file(&self) -> Option<&Path> {
        match self {
            Self::Users { named } => named.as_deref(),
            Self::Own(own) => Some(&own.reading),
        }
    }

    /// Whether Terraform says in `diagnostic` only that it does as kstack wants. What the user overrides is the user's.
    pub(super) fn is_of_overrides(&self, diagnostic: &Diagnostic) -> bool {
        matches!(self, Self::Own(_)) && diagnostic.severity == Severity::Warning && diagnostic.summary == OVERRIDDEN
    }

    /// Where the store may get packages; none when it has to stand aside.
    pub(super) fn offers(&self) -> Option<&Offers> {
        match self {
            Self::Users { .. } => None,
            Self::Own(own) => Some(&own.offers),
        }
    }

    /// What an init depends on. What the store shows it is left out: it follows from this and the lock file.
    pub(super) fn basis(&self) -> String {
        match self {
            Self::Users { .. } => "user's".to_owned(),
            Self::Own(own) => own.text(None),
        }
    }

    /// Writes kstack's own files. `view` is the mirror with the packages `provided`, which come from nowhere else.
    pub(super) fn write(&self, view: &Path, provided: &[Provided]) -> Result<(), TerraformError> {
        match self {
            Self::Users { .. } => Ok(()),
            Self::Own(own) => {
                write(&own.path, &own.text(Some((view, provided))))?;
                write(&own.reading, &own.reading_text(view, provided))
            }
        }
    }
}

impl Own {
    fn text(&self, view: Option<(&Path, &[Provided])>) -> String {
        let provided = view.filter(|(_, provided)| !provided.is_empty());
        let provided = provided.map(|(folder, provided)| (folder, addresses(provided)));
        let provided = provided.as_ref().map(|(folder, addresses)| (*folder, addresses.as_slice()));
        format!("{}{}", self.kept, self.installation.text(provided))
    }

    fn reading_text(&self, view: &Path, provided: &[Provided]) -> String {
        if provided.is_empty() {
            return self.text(None);
        }
        let addresses = addresses(provided);
        let folders = provided.iter().map(|provided| provided.folder.as_path());
        let overrides: Vec<_> = addresses.iter().map(String::as_str).zip(folders).collect();
        format!("{}{}", self.kept, self.installation.overridden(&overrides, (view, &addresses)))
    }
}

fn addresses(provided: &[Provided]) -> Vec<String> {
    provided.iter().map(|provided| provided.package.address.to_string()).collect()
}

/// Writes atomically; the file may hold credentials, so only the user may read it.
fn write(path: &Path, text: &str) -> Result<(), TerraformError> {
    let wrong = |source| TerraformError::io("write", path, source);
    if fs::read(path).is_ok_and(|found| found == text.as_bytes()) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(wrong)?;
    file.write_all(text.as_bytes()).map_err(wrong)?;
    file.persist(path).map_err(|error| wrong(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests;
