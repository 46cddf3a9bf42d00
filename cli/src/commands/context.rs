//! What every command gets: where it runs, the terminal, and a runtime. It never loads anything.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    args::GlobalArgs,
    error::{CliError, ErrorKind},
    platform::layout,
    ui::Ui,
};

/// Where a command runs and what it talks to.
#[derive(Debug)]
pub struct Context<'a> {
    /// The folder the user works in.
    pub directory: PathBuf,
    /// The terminal.
    pub ui: &'a mut Ui,
    runtime: tokio::runtime::Runtime,
}

impl<'a> Context<'a> {
    /// Settles the folder and starts the runtime.
    ///
    /// # Errors
    /// When the folder given with `-C` does not exist, or the system refuses a runtime.
    pub fn new(args: &GlobalArgs, ui: &'a mut Ui) -> Result<Self, CliError> {
        let directory = match &args.directory {
            Some(directory) => {
                directory.canonicalize().map_err(|error| no_directory(&directory.display().to_string(), &error))?
            }
            None => std::env::current_dir().map_err(|error| no_directory(".", &error))?,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| CliError::new(ErrorKind::External, error))?;
        Ok(Self { directory, ui, runtime })
    }

    /// The folder of the platform that the user works in: the nearest one upwards with a `kstack.hcl`, or else the
    /// folder itself.
    pub fn platform_root(&self) -> &Path {
        let is_root = |folder: &&Path| folder.join(layout::PLATFORM_FILE).is_file();
        self.directory.ancestors().find(is_root).unwrap_or(&self.directory)
    }

    /// Where sandboxes live: `$KSTACK_HOME`, or `kstack` in the user's data folder.
    ///
    /// # Errors
    /// When neither that, `$XDG_DATA_HOME` nor `$HOME` is set.
    pub fn home(&self) -> Result<PathBuf, CliError> {
        folder("KSTACK_HOME", "XDG_DATA_HOME", ".local/share")
    }

    /// Where components and work folders are cached: `$KSTACK_CACHE_DIR`, or `kstack` in the user's
    /// cache folder. It can be deleted at any time.
    ///
    /// # Errors
    /// When neither that, `$XDG_CACHE_HOME` nor `$HOME` is set.
    pub fn cache(&self) -> Result<PathBuf, CliError> {
        folder("KSTACK_CACHE_DIR", "XDG_CACHE_HOME", ".cache")
    }

    /// Where built and fetched components are kept: `$KSTACK_COMPONENTS_DIR`, or `components` in the cache.
    ///
    /// # Errors
    /// As [`Context::cache`].
    pub fn components(&self) -> Result<PathBuf, CliError> {
        match variable("KSTACK_COMPONENTS_DIR") {
            Some(path) => Ok(path),
            None => Ok(self.cache()?.join("components")),
        }
    }

    /// Runs `future` to its end.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }
}

fn no_directory(path: &str, error: &io::Error) -> CliError {
    CliError::new(ErrorKind::User, io::Error::new(error.kind(), format!("cannot work in `{path}`: {error}")))
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn folder(own: &str, xdg: &str, default: &str) -> Result<PathBuf, CliError> {
    if let Some(path) = variable(own) {
        return Ok(path);
    }
    let base = variable(xdg).or_else(|| Some(variable("HOME")?.join(default)));
    base.map(|base| base.join("kstack")).ok_or_else(|| {
        CliError::user(format!("neither `{own}`, `{xdg}` nor `HOME` is set")).hint(format!("set `{own}` to a folder"))
    })
}
