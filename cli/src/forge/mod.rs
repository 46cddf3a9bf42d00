//! What kstack reads and writes at a forge: facts of pull requests, one comment, commit statuses. GitHub, GitLab and
//! Gitea behind one [`Client`], as thin as that allows.
//!
//! Must not know: what a comment says, what a status means, plans, the terminal.

mod address;
mod client;
mod error;
mod event;
mod gitea;
mod github;
mod gitlab;
mod http;
mod model;
mod rest;
mod token;

pub use address::{Address, Variables};
pub use client::Client;
pub use error::ForgeError;
pub use event::{Event, Sink};
pub use model::{Approval, Comment, CommitState, CommitStatus, Posted, PullRequest, PullState};
pub use token::Token;
