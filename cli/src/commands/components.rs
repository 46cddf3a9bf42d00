//! Where the programs of a sandbox and the engine's manifests come from, as every command that needs them takes it.

use std::path::PathBuf;

use crate::{
    error::CliError,
    sandbox::{ComponentSettings, Obtain},
};

use super::Context;

/// Where components come from.
#[derive(Debug, Clone, clap::Args)]
pub struct ComponentArgs {
    /// Folder with programs to use instead of those of the cache
    #[arg(long, env = "KSTACK_ASSETS", value_name = "DIR", hide_env_values = true)]
    assets: Option<PathBuf>,
    /// How missing components are had: `any` downloads, and builds with Go what cannot be downloaded
    #[arg(long, env = "KSTACK_OBTAIN", value_enum, default_value_t = ObtainArg::Any, value_name = "WAY", hide_env_values = true)]
    obtain: ObtainArg,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum ObtainArg {
    Any,
    Download,
    Build,
}

impl ComponentArgs {
    /// The settings that the flags ask for.
    ///
    /// # Errors
    /// When there is no cache folder.
    pub fn settings(&self, context: &Context<'_>) -> Result<ComponentSettings, CliError> {
        Ok(ComponentSettings {
            assets: self.assets.as_ref().map(|folder| context.directory.join(folder)),
            cache: context.components()?,
            obtain: match self.obtain {
                ObtainArg::Any => Obtain::Any,
                ObtainArg::Download => Obtain::Download,
                ObtainArg::Build => Obtain::Build,
            },
        })
    }
}
