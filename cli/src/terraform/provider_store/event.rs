//! What the store does, for whoever watches.

use super::Package;

/// One thing that the store did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreEvent {
    /// Another run is putting the package in.
    Waiting {
        /// The package.
        package: Package,
    },
    /// The package is being put in.
    Filling {
        /// The package.
        package: Package,
        /// From where: a folder, an archive, or a registry's host.
        source: String,
    },
    /// It was read whole and is what was locked.
    Hashed {
        /// The package.
        package: Package,
    },
    /// What lay in the store is not what was put there; it was thrown out.
    Corrupt {
        /// The package.
        package: Package,
    },
    /// What Terraform had installed by itself is in the store now.
    Adopted {
        /// The package.
        package: Package,
    },
}
