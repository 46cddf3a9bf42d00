//! The templates and modules inside the program, or in a folder of their author.

use std::{
    borrow::Cow,
    fs,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{ScaffoldError, template::Renderer};

/// Written by `cli/build.rs`.
mod embedded {
    include!(concat!(env!("OUT_DIR"), "/assets.rs"));
}

/// A file: its path below the templates folder or `modules/`, with `/`, and its bytes.
pub(super) type Asset = (Cow<'static, str>, Cow<'static, [u8]>);

/// Where templates come from. Modules are always the embedded ones.
#[derive(Debug)]
pub struct Assets {
    templates: Vec<Asset>,
}

impl Assets {
    /// What is inside the program.
    pub fn embedded() -> Self {
        Self { templates: borrowed(embedded::TEMPLATES) }
    }

    /// The templates in `folder` instead of the embedded ones, for their authors.
    ///
    /// # Errors
    /// [`ScaffoldError::Unreadable`] when the folder cannot be read.
    pub fn from_folder(folder: &Path) -> Result<Self, ScaffoldError> {
        let mut templates = Vec::new();
        read(folder, "", &mut templates)?;
        templates.sort();
        Ok(Self { templates })
    }

    /// The templates below `folder`, by their path inside it.
    pub(super) fn below(&self, folder: &str) -> impl Iterator<Item = (&str, &[u8])> {
        self.templates
            .iter()
            .filter_map(move |(path, bytes)| Some((path.strip_prefix(folder)?.strip_prefix('/')?, bytes.as_ref())))
    }

    /// The template at `path` with `values` filled in.
    pub(super) fn render(
        &self,
        renderer: &Renderer,
        path: &str,
        values: &impl Serialize,
    ) -> Result<String, ScaffoldError> {
        let found = self.templates.iter().find(|(known, _)| known == path);
        let missing = || ScaffoldError::Target { path: path.to_owned(), reason: "the templates do not have it" };
        let (_, bytes) = found.ok_or_else(missing)?;
        let text = std::str::from_utf8(bytes).map_err(|_| ScaffoldError::NotText { template: path.to_owned() })?;
        renderer.render(path, text, values)
    }

    /// The vendored modules, by their path below `modules/`.
    pub(super) fn modules() -> impl Iterator<Item = (&'static str, &'static [u8])> {
        embedded::MODULES.iter().copied()
    }
}

fn borrowed(files: &'static [(&'static str, &'static [u8])]) -> Vec<Asset> {
    files.iter().map(|&(path, bytes)| (Cow::Borrowed(path), Cow::Borrowed(bytes))).collect()
}

fn read(folder: &Path, prefix: &str, files: &mut Vec<Asset>) -> Result<(), ScaffoldError> {
    let error = |path: PathBuf| move |source| ScaffoldError::Unreadable { path, source };
    for entry in fs::read_dir(folder).map_err(error(folder.to_owned()))? {
        let entry = entry.map_err(error(folder.to_owned()))?;
        let (path, name) = (entry.path(), format!("{prefix}{}", entry.file_name().to_string_lossy()));
        if entry.file_type().map_err(error(path.clone()))?.is_dir() {
            read(&path, &format!("{name}/"), files)?;
        } else {
            let bytes = fs::read(&path).map_err(error(path))?;
            files.push((Cow::Owned(name), Cow::Owned(bytes)));
        }
    }
    Ok(())
}
