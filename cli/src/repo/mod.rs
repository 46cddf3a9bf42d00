//! Git objects, history and the work tree, read with libgit2; what needs the network goes through the git program.
