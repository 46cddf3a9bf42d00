//! The Terraform modules: what their pages say is what they are, every cloud has what the others have, all are built
//! alike, and Terraform's own checks pass.

mod anatomy;
mod applied;
mod aws;
mod azure;
mod documentation;
mod google;
mod local;
mod parity;
mod settings;
mod source;
mod terraform;
