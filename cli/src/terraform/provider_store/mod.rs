//! The provider store: packages of providers, unpacked, checked and shared by all runs of this machine.
//!
//! A package is held against the dependency lock file once, when it comes in; afterwards a look at sizes and times tells
//! whether it still is what was checked. Terraform gets a folder of links to the packages that a stack has locked, so its
//! `init` neither downloads, copies nor unpacks.
//!
//! The lock file is what is trusted. A package without a matching digest in it never gets into the store, whatever signed
//! it, so kstack does not look at the signature of a registry's list of digests. What no lock file names yet is fetched by
//! Terraform itself, which checks that signature and writes the lock file; the store then takes over what it installed.
//!
//! Must not know: stacks, environments, which providers a platform allows. Callers check that before they ask.

mod address;
mod entry;
mod error;
mod event;
mod filling;
mod hash;
mod installed;
mod inventory;
mod lock_file;
mod mirror;
mod offer;
mod registry;
mod store;
#[cfg(test)]
mod tests;
mod unpack;
mod view;

pub use address::{InvalidAddress, Package, PackageVersion, Platform, ProviderAddress};
pub use error::ProviderStoreError;
pub use event::StoreEvent;
pub use inventory::{Inventory, Stored};
pub use lock_file::{LockFile, LockFileProblem, Locked};
pub use offer::{Credentials, Offers, Place, Source};
pub use store::{Provided, ProviderStore, Request};

pub(super) use installed::unlink;
pub(super) use view::View;
