//! All files that a build can read: what the cache is keyed by, and what is checked to lie inside
//! the tree before kustomize is let loose.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    RenderError,
    kustomization::{FILE_NAMES, Reference, is_remote, references},
    tree::{Target, Tree},
    yaml,
};

/// The files of one build.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    /// Content hashes by path relative to the tree.
    pub(super) files: BTreeMap<String, [u8; 32]>,
    /// Whether `files` is all there is. Otherwise the result must not be cached.
    pub(super) complete: bool,
    folders: BTreeSet<PathBuf>,
}

impl Inputs {
    /// Collects what the build of `folder` reads, and of `components` beside it.
    ///
    /// # Errors
    /// A manifest that is missing, outside the tree, fetched from elsewhere, or not YAML.
    pub(super) fn collect(tree: &Tree, folder: &Path, components: &[PathBuf]) -> Result<Self, RenderError> {
        let mut inputs = Self { complete: true, ..Self::default() };
        inputs.folder(tree, folder)?;
        for component in components {
            inputs.folder(tree, component)?;
        }
        Ok(inputs)
    }

    fn folder(&mut self, tree: &Tree, folder: &Path) -> Result<(), RenderError> {
        if !self.folders.insert(folder.to_owned()) {
            return Ok(());
        }
        let Some(path) = kustomization_file(folder) else {
            for target in manifests(tree, folder)? {
                self.resource(tree, target)?;
            }
            return Ok(());
        };
        let name = tree.relative(&path);
        let Target::File(path) = tree.resolve(folder, &name, &path.to_string_lossy())? else { return Ok(()) };
        let text = self.file(tree, &path)?;
        for document in yaml::documents(&name, &text)? {
            let found = references(&document);
            self.complete &= !found.open;
            if found.open {
                confine(tree, folder, &name, &document)?;
            }
            for reference in found.items {
                self.reference(tree, folder, &name, &reference)?;
            }
        }
        Ok(())
    }

    fn reference(
        &mut self,
        tree: &Tree,
        folder: &Path,
        file: &str,
        reference: &Reference<'_>,
    ) -> Result<(), RenderError> {
        let missing = |reference: &str| RenderError::Missing { file: file.to_owned(), reference: reference.to_owned() };
        match *reference {
            Reference::Resource(name) | Reference::File(name) => {
                if is_remote(name) {
                    return Err(RenderError::Remote { file: file.to_owned(), reference: name.to_owned() });
                }
                match tree.resolve(folder, file, name)? {
                    Target::Nothing => return Err(missing(name)),
                    target => self.resource(tree, target)?,
                }
            }
            Reference::FileOrContent(content) | Reference::Plugin(content) if content.contains('\n') => {
                for document in yaml::documents(file, content)? {
                    confine(tree, folder, file, &document)?;
                }
            }
            Reference::FileOrContent(name) => {
                if let Target::File(path) = tree.resolve(folder, file, name)? {
                    self.file(tree, &path)?;
                }
            }
            Reference::Plugin(name) => match tree.resolve(folder, file, name)? {
                Target::Nothing => return Err(missing(name)),
                Target::Folder(path) => {
                    for target in manifests(tree, &path)? {
                        if let Target::File(plugin) = target {
                            self.plugin(tree, &plugin)?;
                        }
                    }
                    self.folder(tree, &path)?;
                }
                Target::File(path) => self.plugin(tree, &path)?,
            },
        }
        Ok(())
    }

    fn resource(&mut self, tree: &Tree, target: Target) -> Result<(), RenderError> {
        match target {
            Target::Folder(path) => self.folder(tree, &path),
            Target::File(path) => self.file(tree, &path).map(drop),
            Target::Nothing => Ok(()),
        }
    }

    fn plugin(&mut self, tree: &Tree, path: &Path) -> Result<(), RenderError> {
        let name = tree.relative(path);
        let text = self.file(tree, path)?;
        let folder = path.parent().unwrap_or(tree.root());
        yaml::documents(&name, &text)?.iter().try_for_each(|document| confine(tree, folder, &name, document))
    }

    fn file(&mut self, tree: &Tree, path: &Path) -> Result<String, RenderError> {
        let bytes = fs::read(path).map_err(RenderError::io(path))?;
        self.files.insert(tree.relative(path), Sha256::digest(&bytes).into());
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The kustomization file of `folder`.
pub(super) fn kustomization_file(folder: &Path) -> Option<PathBuf> {
    FILE_NAMES.iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

/// What Flux puts into the kustomization that it generates for a folder without one: every manifest
/// below it, and folders with a kustomization of their own as a whole, in the order of their names.
pub(super) fn manifests(tree: &Tree, folder: &Path) -> Result<Vec<Target>, RenderError> {
    let mut entries: Vec<_> = fs::read_dir(folder).and_then(Iterator::collect).map_err(RenderError::io(folder))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.path();
        // As Go's filepath.Walk: a link to a folder is not followed.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            match kustomization_file(&path) {
                Some(_) => found.push(Target::Folder(path)),
                None => found.extend(manifests(tree, &path)?),
            }
        } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            let name = tree.relative(&path);
            found.push(tree.resolve(folder, &name, &path.to_string_lossy())?);
        }
    }
    Ok(found)
}

/// Refuses every text of `value` that would be a path out of the tree. Which fields of a plugin are
/// paths is not ours to know, so that all of them are taken for one.
fn confine(tree: &Tree, folder: &Path, file: &str, value: &Value) -> Result<(), RenderError> {
    match value {
        Value::String(text) => {
            let path = text.split_once('=').map_or(text.as_str(), |(_, path)| path);
            for path in [text.as_str(), path] {
                let like_a_path = path.starts_with('/') || path.contains("..") || folder.join(path).is_symlink();
                if like_a_path && !path.contains(['\n', '\0']) {
                    tree.resolve(folder, file, path)?;
                }
            }
            Ok(())
        }
        Value::Array(items) => items.iter().try_for_each(|item| confine(tree, folder, file, item)),
        Value::Object(map) => map.values().try_for_each(|item| confine(tree, folder, file, item)),
        _ => Ok(()),
    }
}
