//! Commands as users meet them: standard output, standard error and the exit code in one snapshot.

mod usage;
