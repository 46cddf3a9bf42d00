//! Hand-off to the in-cluster engine and waiting for a commit.
