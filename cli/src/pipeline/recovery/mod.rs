//! What survives a killed run, and how the next one goes on from it: the journal, locks and their owners, states that
//! could not be stored, `kstack resume` and `kstack unlock`.

#[cfg(test)]
mod damaged;
pub(super) mod errored;
mod history;
pub(super) mod journal;
pub(super) mod left;
pub(super) mod lock;
pub(super) mod owner;
pub(super) mod resume;
pub(super) mod settle;
pub(super) mod starter;
pub(super) mod state_lock;
pub(super) mod unlock;
