//! Terraform or OpenTofu as an engine: find the binary, run it, turn its output into typed events,
//! read its plans and states.
//!
//! Must not know: Git, kstack's stacks and environments, the terminal. Callers say where to run
//! and with what.

mod change;

pub use change::{Action, AttributeChange, ChangeList, OutputChange, ResourceChange, ResourceMode, Shown};
