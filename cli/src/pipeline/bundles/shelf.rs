//! Where the reviewed plans of a run come from: the plan store, or files and folders that somebody names.

use std::path::PathBuf;

use crate::{
    platform::{Instance, StackName},
    store::{Location, Store},
};

use crate::pipeline::{
    PipelineError, Site,
    bundle::{Bundle, Found},
    seal::Keys,
};

/// Reviewed plans to choose from.
pub(in crate::pipeline) struct Shelf {
    /// The plan store, or the folders that were named.
    stores: Vec<Store>,
    /// The files that were named.
    files: Vec<Bundle>,
}

impl Shelf {
    /// The plans in `named`, each a bundle or a folder of bundles; with nothing named, those in `plans`.
    ///
    /// # Errors
    /// [`PipelineError::Io`] when one of them does not exist; [`PipelineError::BundleRead`] for a file that is no bundle.
    pub(in crate::pipeline) fn open(named: &[PathBuf], plans: &Store, keys: &Keys) -> Result<Self, PipelineError> {
        if named.is_empty() {
            return Ok(Self { stores: vec![plans.clone()], files: Vec::new() });
        }
        let mut shelf = Self { stores: Vec::new(), files: Vec::new() };
        for path in named {
            let io = |source| PipelineError::Io { verb: "read", path: path.clone(), source };
            // A store would make the folder, and a mistyped name look like plans that were never made.
            if std::fs::metadata(path).map_err(io)?.is_dir() {
                std::fs::read_dir(path).map_err(io)?;
                shelf.stores.push(Store::open(&Location::Folder(path.clone()))?);
            } else {
                let bytes = std::fs::read(path).map_err(io)?;
                shelf.files.push(Bundle::open(&path.display().to_string(), &bytes, keys)?);
            }
        }
        Ok(shelf)
    }

    /// Every bundle of `instance` with this closure, newest first; `None`: those that destroy it. Of the files that were
    /// named every one of the stack.
    pub(in crate::pipeline) async fn find(
        &self,
        keys: &Keys,
        instance: &Instance,
        closure: Option<&str>,
    ) -> Result<Found, PipelineError> {
        let mut found = self.of_stack(instance);
        for store in &self.stores {
            found.extend(Bundle::find(store, keys, instance, closure).await?);
        }
        Ok(found)
    }

    /// Every bundle of `instance`, whatever its closure, newest first: to tell what differs.
    pub(in crate::pipeline) async fn all(&self, keys: &Keys, instance: &Instance) -> Result<Found, PipelineError> {
        let mut found = self.of_stack(instance);
        for store in &self.stores {
            found.extend(Bundle::all(store, keys, instance).await?);
        }
        Ok(found)
    }

    /// The files about the stack, for whatever environment and closure: that they are another one's is found out, and
    /// told, when they are checked.
    fn of_stack(&self, instance: &Instance) -> Found {
        let bundles = self.files.iter().filter(|bundle| bundle.manifest.instance.stack == instance.stack).cloned();
        Found { bundles: bundles.collect(), unreadable: Vec::new() }
    }
}

impl Site {
    /// The stacks that the bundles in `files` are about, each once. Folders among them are left out.
    ///
    /// # Errors
    /// As when they are applied.
    pub fn stacks_of_bundles(&self, files: &[PathBuf]) -> Result<Vec<StackName>, PipelineError> {
        let keys = Keys::from_env()?;
        let mut stacks = Vec::new();
        for path in files.iter().filter(|path| !path.is_dir()) {
            let io = |source| PipelineError::Io { verb: "read", path: path.clone(), source };
            let bytes = std::fs::read(path).map_err(io)?;
            let stack = Bundle::open(&path.display().to_string(), &bytes, &keys)?.manifest.instance.stack;
            if !stacks.contains(&stack) {
                stacks.push(stack);
            }
        }
        Ok(stacks)
    }
}
