//! The sandbox's Git server: bare repositories over smart HTTP, for the engine to read and for `kstack try` to push to.
//!
//! Git's own `git http-backend` speaks the protocol; this is its web server. One user with one
//! password, loopback only unless told otherwise (kind's pods come through Docker's bridge).

mod backend;
mod server;

pub use server::serve;
