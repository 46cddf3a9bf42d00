//! What the tests have already: worlds to run programs in, the stand-in for AWS, providers, the fleet of stacks.

#[path = "../../tests/support/cli.rs"]
pub mod cli;
#[path = "../../tests/closure/fleet.rs"]
pub mod fleet;
#[path = "../../tests/support/moto.rs"]
pub mod moto;
#[path = "../../tests/support/providers.rs"]
pub mod providers;
#[path = "../../tests/closure/repository.rs"]
pub mod repository;
#[path = "../../tests/support/schema.rs"]
pub mod schema;

use std::path::PathBuf;

/// Where moto's Python environment is kept; as the tests have it.
pub fn cache() -> PathBuf {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("KSTACK_CACHE_DIR")
        .or_else(|| Some(variable("XDG_CACHE_HOME")?.join("kstack")))
        .or_else(|| Some(variable("HOME")?.join(".cache/kstack")))
        .expect("HOME names where the cache is")
}

/// Where the control plane's programs are kept; filled by `kstack try` or the tests.
pub fn components() -> PathBuf {
    let named = std::env::var_os("KSTACK_COMPONENTS_DIR").filter(|value| !value.is_empty()).map(PathBuf::from);
    named.unwrap_or_else(|| cache().join("components"))
}
