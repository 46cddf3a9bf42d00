//! The user's own CLI configuration: the file that `TF_CLI_CONFIG_FILE` names, or else the one in the home folder and the
//! `*.tfrc` files beside it (Terraform's internal/command/cliconfig).

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::{
    hcl::Document,
    terraform::{Product, TerraformError},
};

use super::installation::Installation;

/// What of the user's file kstack replaces. The cache is dropped since it is not safe under parallel runs.
const REPLACED: [&str; 3] =
    ["provider_installation", "plugin_cache_dir", "plugin_cache_may_break_dependency_lock_file"];

/// Where the user's files are.
#[derive(Debug, Clone, Default)]
pub(super) struct Files {
    /// What `TF_CLI_CONFIG_FILE` names, whether it exists or not.
    pub(super) named: Option<PathBuf>,
    /// The file that is read when none is named.
    pub(super) usual: Option<PathBuf>,
    /// `.terraform.d` in the home folder.
    pub(super) config_folder: Option<PathBuf>,
    /// Folders of plugins that are looked into when no file says where providers come from, besides those in the first two.
    pub(super) plugins: Vec<PathBuf>,
}

impl Files {
    pub(super) fn find(product: Product, home: Option<&Path>) -> Self {
        let named = env::var_os("TF_CLI_CONFIG_FILE").filter(|name| !name.is_empty()).map(PathBuf::from);
        let xdg = |name| env::var_os(name).filter(|value| !value.is_empty());
        let usual = home.and_then(|home| {
            let own = (product == Product::OpenTofu).then(|| home.join(".tofurc"));
            let xdg = xdg("XDG_CONFIG_HOME").map(|folder| PathBuf::from(folder).join("opentofu/tofurc"));
            let xdg = xdg.filter(|_| product == Product::OpenTofu);
            own.into_iter().chain([home.join(".terraformrc")]).chain(xdg).find(|path| path.exists())
        });
        let config_folder = home.map(|home| home.join(".terraform.d"));
        Self { named, usual, config_folder, plugins: plugins(home, xdg("XDG_DATA_HOME"), xdg("XDG_DATA_DIRS")) }
    }

    /// The text of all that is in force, or `None` if there is nothing.
    pub(super) fn read(&self) -> Result<Option<String>, TerraformError> {
        let mut files: Vec<PathBuf> = match &self.named {
            Some(named) => vec![named.clone()],
            None => self.usual.iter().cloned().chain(self.beside("tfrc")).collect(),
        };
        files.retain(|file| file.exists());
        if files.is_empty() {
            return Ok(None);
        }
        let mut text = String::new();
        for file in files {
            text += &fs::read_to_string(&file).map_err(|source| TerraformError::io("read", &file, source))?;
            if !text.ends_with('\n') {
                text.push('\n');
            }
        }
        Ok(Some(text))
    }

    /// Where the user has providers from, by `text`; `None` when that is not understood.
    pub(super) fn installation(&self, text: Option<&str>, directory: &Path) -> Option<Installation> {
        // Settings in JSON cannot be carried over; the file with credentials is not one of settings.
        let in_json =
            self.beside("json").any(|path| path.file_name().is_some_and(|name| name != "credentials.tfrc.json"));
        if self.named.is_none() && in_json {
            return None;
        }
        let text = text.unwrap_or_default();
        let document = Document::parse("terraform.rc", text).ok()?;
        let mut blocks = document.body().get_blocks("provider_installation");
        match (blocks.next(), blocks.next()) {
            (Some(block), None) => Installation::users(&block.body, text),
            (Some(_), Some(_)) => None,
            (None, _) => {
                let vendored = [directory.join("terraform.d/plugins")].into_iter();
                let own = self.config_folder.iter().map(|folder| folder.join("plugins"));
                let folders: Vec<_> = vendored.chain(own).chain(self.plugins.iter().cloned()).collect();
                Installation::implied(&folders)
            }
        }
    }

    /// The files in the folder of settings with the given ending.
    fn beside(&self, ending: &'static str) -> impl Iterator<Item = PathBuf> {
        let entries = self.config_folder.iter().filter_map(|folder| fs::read_dir(folder).ok());
        let mut files: Vec<_> = entries.flatten().flatten().map(|entry| entry.path()).collect();
        files.retain(|path| path.extension().is_some_and(|found| found == ending));
        files.retain(|path| ending == "tfrc" || path.to_string_lossy().ends_with(".tfrc.json"));
        files.sort();
        files.into_iter()
    }
}

/// Terraform's folders of data, with `plugins` in them: XDG's on Linux, Apple's on macOS.
fn plugins(
    home: Option<&Path>,
    data_home: Option<std::ffi::OsString>,
    data_dirs: Option<std::ffi::OsString>,
) -> Vec<PathBuf> {
    let folders: Vec<PathBuf> = if cfg!(target_os = "macos") {
        let own = home.map(|home| home.join("Library/Application Support/io.terraform"));
        own.into_iter().chain([PathBuf::from("/Library/Application Support/io.terraform")]).collect()
    } else {
        let own = data_home.map(PathBuf::from).or_else(|| Some(home?.join(".local/share")));
        let shared = data_dirs.unwrap_or_else(|| "/usr/local/share:/usr/share".into());
        own.into_iter().chain(env::split_paths(&shared)).map(|folder| folder.join("terraform")).collect()
    };
    folders.into_iter().map(|folder| folder.join("plugins")).collect()
}

/// `text` without the blocks and attributes that kstack decides. One that cannot be parsed is
/// left as it is: Terraform explains what is wrong with it better.
pub(super) fn without_replaced(text: String) -> String {
    let Ok(document) = Document::parse("terraform.rc", text.as_str()) else { return text };
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
