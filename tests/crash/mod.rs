//! What a run that is killed, cancelled or cut off leaves, and how the next one goes on: the journal, the states, the
//! locks, and what Terraform makes, each thing once.

mod cancel;
mod cloud;
mod errored;
mod full_disk;
mod kill_loop;
mod locks;
mod race;
mod secrets;
mod store_gone;
mod victim;
