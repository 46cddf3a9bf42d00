//! The CLI configuration file that a run gets (`TF_CLI_CONFIG_FILE`): where providers come from.
//!
//! With mirror folders kstack writes one of its own: the mirrors, then the registry for providers
//! that no mirror has, and from the user's own file everything else, such as credentials. Without
//! mirrors the user's file stays in force as it is; only one that does not exist is replaced by an
//! empty one, since Terraform would warn about it in every run.

use std::{
    collections::BTreeSet,
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use crate::hcl::Document;

use super::TerraformError;

/// The environment variable that lists mirror folders, with `:` between them.
pub const MIRROR_SETTING: &str = "KSTACK_PROVIDER_MIRROR";

/// What of the user's file kstack replaces. The cache is dropped since it is not safe under parallel runs.
const REPLACED: [&str; 3] =
    ["provider_installation", "plugin_cache_dir", "plugin_cache_may_break_dependency_lock_file"];

/// Folders with providers, in Terraform's layout `<host>/<namespace>/<type>/…`, packed or unpacked.
/// A provider that one of them has is never looked for in its registry, so the network is not needed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProviderMirrors(Vec<PathBuf>);

impl ProviderMirrors {
    /// No mirror.
    pub fn none() -> Self {
        Self::default()
    }

    /// The given folders.
    pub fn new(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        Self(folders.into_iter().collect())
    }

    /// The folders of `$KSTACK_PROVIDER_MIRROR`.
    pub fn from_env() -> Self {
        let folders = env::var_os(MIRROR_SETTING).unwrap_or_default();
        Self::new(env::split_paths(&folders).filter(|folder| !folder.as_os_str().is_empty()))
    }

    /// The folders.
    pub fn folders(&self) -> &[PathBuf] {
        &self.0
    }
}

/// The CLI configuration of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CliConfig {
    /// The user's own.
    Users {
        /// The absolute path, where `TF_CLI_CONFIG_FILE` names one; else Terraform finds it by itself.
        named: Option<PathBuf>,
    },
    /// One that kstack wrote.
    Own {
        /// Absolute path.
        path: PathBuf,
        /// What it says.
        text: String,
    },
}

impl CliConfig {
    /// The file for `TF_CLI_CONFIG_FILE`.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::Users { named } => named.as_deref(),
            Self::Own { path, .. } => Some(path),
        }
    }

    /// Settles the configuration and writes it to `path` if it is kstack's own.
    pub(super) fn settle(mirrors: &ProviderMirrors, path: PathBuf) -> Result<Self, TerraformError> {
        let named = env::var_os("TF_CLI_CONFIG_FILE").filter(|name| !name.is_empty()).map(PathBuf::from);
        let default = || env::home_dir().map(|home| home.join(".terraformrc"));
        Self::settle_for(mirrors, path, named.as_deref(), default)
    }

    fn settle_for(
        mirrors: &ProviderMirrors,
        path: PathBuf,
        named: Option<&Path>,
        default: impl FnOnce() -> Option<PathBuf>,
    ) -> Result<Self, TerraformError> {
        if mirrors.0.is_empty() && named.is_none_or(Path::exists) {
            // Terraform runs in another folder than we do.
            let named = named.map(std::path::absolute).transpose();
            return Ok(Self::Users { named: named.map_err(|source| TerraformError::io("use", &path, source))? });
        }
        let users = match named.map(Path::to_owned).or_else(default) {
            Some(users) if users.exists() => Some(users),
            _ => None,
        };
        let mut text = match users {
            Some(users) => {
                let text = fs::read_to_string(&users).map_err(|source| TerraformError::io("read", &users, source))?;
                without_replaced(&users, text)
            }
            None => String::new(),
        };
        if !mirrors.0.is_empty() {
            text.push_str(&installation(mirrors)?);
        }
        write(&path, &text)?;
        Ok(Self::Own { path, text })
    }
}

/// `text` without the blocks and attributes that kstack decides. A file that cannot be parsed is
/// left as it is: Terraform explains what is wrong with it better.
fn without_replaced(path: &Path, text: String) -> String {
    let Ok(document) = Document::parse(path.display().to_string(), text.as_str()) else { return text };
    let mut spans: Vec<_> = document
        .body()
        .iter()
        .filter(|structure| {
            let name = structure.as_block().map(|block| block.ident.as_str());
            let name = name.or_else(|| structure.as_attribute().map(|attribute| attribute.key.as_str()));
            name.is_some_and(|name| REPLACED.contains(&name))
        })
        .filter_map(hcl_edit::Span::span)
        .collect();
    spans.sort_by_key(|span| std::cmp::Reverse(span.start));
    let mut text = text;
    for span in spans {
        text.replace_range(span, "");
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

fn installation(mirrors: &ProviderMirrors) -> Result<String, TerraformError> {
    let mut text = String::from("provider_installation {\n");
    let mut all = BTreeSet::new();
    for folder in &mirrors.0 {
        let folder = folder.canonicalize().map_err(|source| TerraformError::io("use the mirror", folder, source))?;
        let providers = providers_of(&folder)?;
        if !providers.is_empty() {
            let path = quoted(&folder.display().to_string());
            text +=
                &format!("  filesystem_mirror {{\n    path    = {path}\n    include = {}\n  }}\n", list(&providers));
            all.extend(providers);
        }
    }
    // Without the exclusion Terraform would ask the registry for the versions of every provider.
    text += &format!("  direct {{\n    exclude = {}\n  }}\n}}\n", list(&all));
    Ok(text)
}

/// The providers of a mirror, as `<host>/<namespace>/<type>`. Symlinked folders are passed over as
/// Terraform does.
fn providers_of(mirror: &Path) -> Result<BTreeSet<String>, TerraformError> {
    let mut level = vec![(String::new(), mirror.to_owned())];
    for _ in 0..3 {
        let mut next = Vec::new();
        for (prefix, folder) in level {
            let wrong = |source| TerraformError::io("list", &folder, source);
            for entry in fs::read_dir(&folder).map_err(wrong)? {
                let entry = entry.map_err(wrong)?;
                let name = entry.file_name();
                let Some(name) = name.to_str().filter(|name| is_address_part(name)) else { continue };
                if entry.file_type().map_err(wrong)?.is_dir() {
                    let address = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
                    next.push((address, entry.path()));
                }
            }
        }
        level = next;
    }
    Ok(level.into_iter().map(|(address, _)| address).collect())
}

fn is_address_part(name: &str) -> bool {
    !name.starts_with('.') && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':'))
}

fn list(items: &BTreeSet<String>) -> String {
    let items: Vec<_> = items.iter().map(|item| quoted(item)).collect();
    format!("[{}]", items.join(", "))
}

/// The CLI configuration is HCL 1: strings are quoted as in Go, and `${` is not special there.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Writes atomically; the file may hold credentials, so only the user may read it.
fn write(path: &Path, text: &str) -> Result<(), TerraformError> {
    let wrong = |source| TerraformError::io("write", path, source);
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(wrong)?;
    file.write_all(text.as_bytes()).map_err(wrong)?;
    file.persist(path).map_err(|error| wrong(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mirror(root: &Path, providers: &[&str]) -> PathBuf {
        let folder = root.join("mirror");
        for provider in providers {
            fs::create_dir_all(folder.join("registry.terraform.io").join(provider)).unwrap();
        }
        folder
    }

    #[test]
    fn mirrors_come_first_and_the_registry_serves_the_rest() {
        let root = tempfile::tempdir().unwrap();
        let mirror = mirror(root.path(), &["hashicorp/random", "hashicorp/aws"]);
        let path = root.path().join("terraform.rc");
        let config = CliConfig::settle_for(&ProviderMirrors::new([mirror]), path.clone(), None, || None).unwrap();
        let CliConfig::Own { text, .. } = config else { panic!() };
        assert_eq!(fs::read_to_string(path).unwrap(), text);
        insta::assert_snapshot!(text.replace(root.path().canonicalize().unwrap().to_str().unwrap(), "/tmp"), @r#"
        provider_installation {
          filesystem_mirror {
            path    = "/tmp/mirror"
            include = ["registry.terraform.io/hashicorp/aws", "registry.terraform.io/hashicorp/random"]
          }
          direct {
            exclude = ["registry.terraform.io/hashicorp/aws", "registry.terraform.io/hashicorp/random"]
          }
        }
        "#);
    }

    #[test]
    fn the_users_credentials_survive_their_installation_methods_do_not() {
        let root = tempfile::tempdir().unwrap();
        let mirror = mirror(root.path(), &["hashicorp/random"]);
        let users = root.path().join("users.rc");
        let written = "plugin_cache_dir = \"/tmp/cache\"\n# keep\ncredentials \"app.example.com\" {\n  token = \"t\"\n}\n\
                       provider_installation {\n  direct {}\n}\n";
        fs::write(&users, written).unwrap();
        let path = root.path().join("terraform.rc");
        let config = CliConfig::settle_for(&ProviderMirrors::new([mirror]), path, Some(&users), || None).unwrap();
        let CliConfig::Own { text, .. } = config else { panic!() };
        assert!(text.contains("# keep\ncredentials \"app.example.com\" {\n  token = \"t\"\n}"), "{text}");
        assert!(!text.contains("plugin_cache_dir") && !text.contains("direct {}"), "{text}");
        assert_eq!(text.matches("provider_installation").count(), 1);
    }

    #[test]
    fn without_mirrors_only_a_file_that_does_not_exist_is_replaced() {
        let root = tempfile::tempdir().unwrap();
        let users = root.path().join("users.rc");
        fs::write(&users, "").unwrap();
        let path = root.path().join("terraform.rc");
        let settle = |named: Option<&Path>| {
            CliConfig::settle_for(&ProviderMirrors::none(), path.clone(), named, || None).unwrap()
        };
        assert_eq!(settle(None), CliConfig::Users { named: None });
        assert_eq!(settle(Some(&users)), CliConfig::Users { named: Some(users) });
        let missing = settle(Some(Path::new("/nowhere/rc")));
        assert_eq!(missing, CliConfig::Own { path: path.clone(), text: String::new() });
        assert_eq!(fs::read_to_string(&path).unwrap(), "");
    }

    #[test]
    fn a_mirror_that_does_not_exist_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        let mirrors = ProviderMirrors::new([PathBuf::from("/nowhere/mirror")]);
        let error = CliConfig::settle_for(&mirrors, root.path().join("rc"), None, || None).unwrap_err();
        assert_eq!(error.to_string(), "cannot use the mirror `/nowhere/mirror`");
    }
}
