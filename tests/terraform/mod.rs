//! The Terraform room against the real program: plans read both ways, init left out, interrupts.

mod aws;
mod compare;
mod damaged;
mod init;
mod interrupt;
mod others;
mod rarities;
mod readers;
mod secrets;
mod stack;
mod store;
mod storm;
