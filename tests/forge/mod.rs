//! The clients of the forges against servers that answer in recorded shapes, and `kstack ci` as a process against them.

mod ci;
mod client;
