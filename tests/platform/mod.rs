//! The model of a platform: what is refused, and how.

mod invalid;
mod metadata;
