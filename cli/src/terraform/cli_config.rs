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

use super::{Offers, Product, Provided, TerraformError};
use installation::Installation;

/// The environment variable that lists mirrors, with `:` between them.
pub const MIRROR_SETTING: &str = "KSTACK_PROVIDER_MIRROR";

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
    /// Absolute path.
    path: PathBuf,
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
        Ok(Self::Own(Box::new(Own { path, kept: users::without_replaced(text), installation, offers })))
    }

    /// The file for `TF_CLI_CONFIG_FILE`.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::Users { named } => named.as_deref(),
            Self::Own(own) => Some(&own.path),
        }
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

    /// Writes kstack's own file. `view` is the mirror with the packages `provided`, which come from nowhere else.
    pub(super) fn write(&self, view: &Path, provided: &[Provided]) -> Result<(), TerraformError> {
        match self {
            Self::Users { .. } => Ok(()),
            Self::Own(own) => write(&own.path, &own.text(Some((view, provided)))),
        }
    }
}

impl Own {
    fn text(&self, view: Option<(&Path, &[Provided])>) -> String {
        let provided = view.filter(|(_, provided)| !provided.is_empty());
        let provided = provided.map(|(folder, provided)| {
            (folder, provided.iter().map(|provided| provided.package.address.to_string()).collect::<Vec<_>>())
        });
        let provided = provided.as_ref().map(|(folder, addresses)| (*folder, addresses.as_slice()));
        format!("{}{}", self.kept, self.installation.text(provided))
    }
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
mod tests {
    use super::{users::Files, *};
    use crate::terraform::{Package, Platform};

    fn mirror(root: &Path, providers: &[&str]) -> PathBuf {
        let folder = root.join("mirror");
        for provider in providers {
            fs::create_dir_all(folder.join("registry.terraform.io").join(provider)).unwrap();
        }
        folder
    }

    fn provided(address: &str) -> Provided {
        let package = Package {
            address: address.parse().unwrap(),
            version: "1.0.0".parse().unwrap(),
            platform: Platform::current(),
        };
        Provided { package, folder: PathBuf::from("/store") }
    }

    /// Settles for a user with `files`, writes with what the store provides, and gives what was written.
    fn written(mirrors: &[PathBuf], files: &Files, root: &Path, providers: &[&str]) -> String {
        let (path, mirrors) = (root.join("own.rc"), ProviderMirrors::new(mirrors.iter().cloned()));
        let config = CliConfig::settle_for(&mirrors, files, path.clone(), root, true).unwrap();
        assert_eq!(config.file(), Some(path.as_path()));
        let providers: Vec<_> = providers.iter().map(|address| provided(address)).collect();
        config.write(Path::new("/view"), &providers).unwrap();
        fs::read_to_string(path).unwrap().replace(root.canonicalize().unwrap().to_str().unwrap(), "[ROOT]")
    }

    fn named(root: &Path, text: &str) -> Files {
        let path = root.join("users.rc");
        fs::write(&path, text).unwrap();
        Files { named: Some(path), ..Files::default() }
    }

    #[test]
    fn mirrors_come_first_and_the_registry_serves_the_rest() {
        let root = tempfile::tempdir().unwrap();
        let mirror = mirror(root.path(), &["hashicorp/random", "hashicorp/aws"]);
        insta::assert_snapshot!(written(&[mirror], &Files::default(), root.path(), &[]), @r#"
        provider_installation {
          filesystem_mirror {
            path    = "[ROOT]/mirror"
            include = ["registry.terraform.io/hashicorp/aws", "registry.terraform.io/hashicorp/random"]
          }
          direct {
            exclude = ["registry.terraform.io/hashicorp/aws", "registry.terraform.io/hashicorp/random"]
          }
        }
        "#);
    }

    #[test]
    fn what_the_store_provides_comes_from_nowhere_else() {
        let root = tempfile::tempdir().unwrap();
        let mirror = mirror(root.path(), &["hashicorp/random"]);
        let aws = "registry.terraform.io/hashicorp/aws";
        insta::assert_snapshot!(written(&[mirror], &Files::default(), root.path(), &[aws]), @r#"
        provider_installation {
          filesystem_mirror {
            path    = "/view"
            include = ["registry.terraform.io/hashicorp/aws"]
          }
          filesystem_mirror {
            path    = "[ROOT]/mirror"
            include = ["registry.terraform.io/hashicorp/random"]
            exclude = ["registry.terraform.io/hashicorp/aws"]
          }
          direct {
            exclude = ["registry.terraform.io/hashicorp/random", "registry.terraform.io/hashicorp/aws"]
          }
        }
        "#);
    }

    #[test]
    fn the_users_own_methods_serve_what_the_store_does_not() {
        let root = tempfile::tempdir().unwrap();
        let files = named(
            root.path(),
            "plugin_cache_dir = \"/tmp/cache\"\n# keep\ncredentials \"app.example.com\" {\n  token = \"t\"\n}\n\
             provider_installation {\n  network_mirror {\n    \
             url = \"https://mirror.example.com/\"\n    include = [\"a.example.com/*/*\"]\n  }\n  direct {\n    \
             exclude = [\"a.example.com/*/*\"]\n  }\n}\n",
        );
        let random = "registry.terraform.io/hashicorp/random";
        let text = written(&[], &files, root.path(), &[random]);
        insta::assert_snapshot!(text, @r#"

        # keep
        credentials "app.example.com" {
          token = "t"
        }

        provider_installation {
          filesystem_mirror {
            path    = "/view"
            include = ["registry.terraform.io/hashicorp/random"]
          }
          network_mirror {
            url     = "https://mirror.example.com/"
            include = ["a.example.com/*/*"]
            exclude = ["registry.terraform.io/hashicorp/random"]
          }
          direct {
            exclude = ["a.example.com/*/*", "registry.terraform.io/hashicorp/random"]
          }
        }
        "#);
        let text = written(&[], &files, root.path(), &[]);
        assert!(text.contains("  direct {\n    exclude = [\"a.example.com/*/*\"]\n  }\n"), "{text}");
        // What a mirror folder of ours has replaces them.
        let mirror = mirror(root.path(), &["hashicorp/random"]);
        let text = written(&[mirror], &files, root.path(), &[]);
        assert!(text.contains("# keep\ncredentials \"app.example.com\" {\n  token = \"t\"\n}"), "{text}");
        assert!(!text.contains("network_mirror"), "{text}");
    }

    #[test]
    fn folders_of_plugins_that_nobody_named_still_count() {
        let root = tempfile::tempdir().unwrap();
        let plugins = root.path().join(".terraform.d/plugins/registry.terraform.io/me/mine");
        fs::create_dir_all(plugins).unwrap();
        let files = Files { config_folder: Some(root.path().join(".terraform.d")), ..Files::default() };
        assert_eq!(written(&[], &files, root.path(), &[]), "", "Terraform does so by itself");
        insta::assert_snapshot!(written(&[], &files, root.path(), &["registry.terraform.io/hashicorp/aws"]), @r#"
        provider_installation {
          filesystem_mirror {
            path    = "/view"
            include = ["registry.terraform.io/hashicorp/aws"]
          }
          filesystem_mirror {
            path    = "[ROOT]/.terraform.d/plugins"
            exclude = ["registry.terraform.io/hashicorp/aws"]
          }
          direct {
            exclude = ["registry.terraform.io/me/mine", "registry.terraform.io/hashicorp/aws"]
          }
        }
        "#);
        fs::write(root.path().join(".terraform.d/a.tfrc"), "disable_checkpoint = true\n").unwrap();
        assert_eq!(written(&[], &files, root.path(), &[]), "disable_checkpoint = true\n");
    }

    #[test]
    fn a_file_that_is_not_understood_stays_in_force() {
        let root = tempfile::tempdir().unwrap();
        for text in [
            "provider_installation = 1 {",
            "provider_installation {\n  direct {}\n}\nprovider_installation {\n  direct {}\n}\n",
            "provider_installation {\n  direct {\n    include = var.x\n  }\n}\n",
            "provider_installation {\n  dev_overrides {\n    \"me/mine\" = \"/dev/mine\"\n  }\n  direct {}\n}\n",
            "provider_installation {\n  direct {\n    nested {\n    }\n  }\n}\n",
        ] {
            let files = named(root.path(), text);
            let config =
                CliConfig::settle_for(&ProviderMirrors::none(), &files, root.path().join("own"), root.path(), true);
            let config = config.unwrap();
            assert!(matches!(&config, CliConfig::Users { named } if *named == files.named), "{text}: {config:?}");
            assert!(config.offers().is_none());
        }
        let files = Files { config_folder: Some(root.path().to_owned()), ..Files::default() };
        fs::write(root.path().join("settings.tfrc.json"), "{}").unwrap();
        let config =
            CliConfig::settle_for(&ProviderMirrors::none(), &files, root.path().join("own"), root.path(), true);
        assert!(matches!(config.unwrap(), CliConfig::Users { named: None }));
    }

    #[test]
    fn without_mirrors_and_store_only_a_file_that_does_not_exist_is_replaced() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("terraform.rc");
        let settle = |files: &Files| {
            CliConfig::settle_for(&ProviderMirrors::none(), files, path.clone(), root.path(), false).unwrap()
        };
        assert!(matches!(settle(&Files::default()), CliConfig::Users { named: None }));
        let users = named(root.path(), "");
        assert!(matches!(settle(&users), CliConfig::Users { named } if named == users.named));
        let missing = settle(&Files { named: Some("/nowhere/rc".into()), ..Files::default() });
        missing.write(Path::new("/view"), &[]).unwrap();
        assert_eq!((missing.file(), fs::read_to_string(&path).unwrap().as_str()), (Some(path.as_path()), ""));
    }

    #[test]
    fn a_mirror_that_does_not_exist_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        let mirrors = ProviderMirrors::new([PathBuf::from("/nowhere/mirror")]);
        let error = CliConfig::settle_for(&mirrors, &Files::default(), root.path().join("rc"), root.path(), true);
        assert_eq!(error.unwrap_err().to_string(), "cannot use the mirror `/nowhere/mirror`");
    }
}
