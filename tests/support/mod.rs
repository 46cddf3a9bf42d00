//! What several test modules need.

use std::path::PathBuf;

pub mod age;
pub mod azure;
pub mod cli;
pub mod components;
pub mod forge;
pub mod gitea;
pub mod google;
pub mod moto;
pub mod programs;
pub mod providers;
pub mod repository;
pub mod schema;
pub mod terminal;

/// Where tests keep what is made once for all runs: `kstack`'s own cache folder, by this process's environment.
pub fn cache() -> PathBuf {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("KSTACK_CACHE_DIR")
        .or_else(|| Some(variable("XDG_CACHE_HOME")?.join("kstack")))
        .or_else(|| Some(variable("HOME")?.join(".cache/kstack")))
        .expect("HOME names where the cache is")
}
