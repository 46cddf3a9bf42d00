//! Objects by conditional write: the plan store, the journal and Terraform state, in S3, Google Cloud Storage,
//! Azure Blob Storage or a folder.
//!
//! Must not know: what the objects mean.

mod azure;
mod client;
mod error;
mod federation;
mod google;
mod location;
mod object;
mod s3;

pub use error::{Cloud, StoreError, Trouble};
pub use location::{Location, LocationError};
pub use object::{Store, Version};
