//! Settings of modules: what a module call says for each environment, and what comes of it by inheritance.
//!
//! There is one merge rule, at every depth: objects merge key by key, everything else replaces, `null` removes.
//! `modules/common/configuration` says the same in Terraform's language, and a test runs generated cases through both.
//!
//! Must not know: where the files come from, how anything is printed.

mod call;
mod inherit;
mod likeness;
mod read;
mod value;

pub use call::{Documents, Inheritance, ModuleCall};
pub use inherit::{Content, Effective, InheritError, MAX_CHAIN, MAX_DEPTH, Source, chain, merge};
pub use likeness::nearest_key;
pub use value::{Entry, Object, Place, Setting, Value};
