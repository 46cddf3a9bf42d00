//! Objects by conditional write: the plan store, the journal and Terraform state, in S3 or a folder.
//!
//! Must not know: what the objects mean.

mod location;
mod object;

pub use location::{Location, LocationError};
pub use object::{Store, StoreError, Trouble, Version};
