//! Where Terraform state lives.

use std::fmt;

/// Where Terraform state lives, and bundles and journals beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The kind of storage and where it is.
    pub backend: StateBackend,
}

/// The kinds of state storage. The names of kinds and settings are those of Terraform's backends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateBackend {
    /// An S3 bucket with native locking.
    S3 {
        /// The bucket.
        bucket: String,
        /// Its region.
        region: String,
    },
    /// A bucket of Google Cloud Storage.
    Gcs {
        /// The bucket.
        bucket: String,
    },
    /// A container of Azure Blob Storage.
    Azurerm {
        /// The resource group of the storage account.
        resource_group: String,
        /// The storage account.
        storage_account: String,
        /// The container.
        container: String,
    },
    /// A folder of this machine, relative to the repository: for platforms that one person tries out.
    Local {
        /// The folder.
        path: String,
    },
}

impl StateBackend {
    /// The kinds that `state "<kind>"` can name.
    pub const KINDS: [&str; 4] = ["s3", "gcs", "azurerm", "local"];

    /// Terraform's name of the backend.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::S3 { .. } => "s3",
            Self::Gcs { .. } => "gcs",
            Self::Azurerm { .. } => "azurerm",
            Self::Local { .. } => "local",
        }
    }

    /// Whether state lies on the machine itself, where no pipeline and no colleague reaches it.
    pub fn is_local(&self) -> bool {
        matches!(self, Self::Local { .. })
    }
}

/// All that tells one place from another, in one line.
impl fmt::Display for StateBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S3 { bucket, region } => write!(f, "s3 bucket={bucket:?} region={region:?}"),
            Self::Gcs { bucket } => write!(f, "gcs bucket={bucket:?}"),
            Self::Azurerm { resource_group, storage_account, container } => write!(
                f,
                "azurerm resource_group_name={resource_group:?} storage_account_name={storage_account:?} container_name={container:?}"
            ),
            Self::Local { path } => write!(f, "local path={path:?}"),
        }
    }
}
