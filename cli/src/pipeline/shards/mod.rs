//! Planning a pull request in shards: which instances each job of a CI system plans, what a job leaves behind, and
//! how that becomes one report again.
//!
//! There is no scheduler across machines: the CI system starts the jobs, and each finds its part by itself from the
//! range of commits and the number of shards. Must not know: CI systems, how a report looks.

mod deal;
mod error;
mod join;
mod parts;
mod result;
mod shard;

pub use error::ShardError;
pub use parts::Parts;
pub use result::ShardResult;
pub use shard::{InvalidShard, Shard, ShardCount};
