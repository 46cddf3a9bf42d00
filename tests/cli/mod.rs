//! Commands as users meet them: standard output, standard error and the exit code in one snapshot.

mod ci;
mod doctor;
mod init;
mod usage;
mod validate;
