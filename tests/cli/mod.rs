//! Commands as users meet them: standard output, standard error and the exit code in one snapshot.

mod add;
mod apply;
mod argocd;
mod audit;
pub mod ci;
mod doctor;
mod explain;
mod init;
mod interrupts;
mod opentofu;
mod outputs;
mod plan;
mod promote;
mod providers;
mod schedule;
mod status;
mod tour;
mod usage;
mod validate;
