//! The whole chain with the real program, real Terraform, real control planes and real Flux.

mod local;
mod platform;
