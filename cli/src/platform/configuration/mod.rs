//! Settings of modules: what a module call says for each environment, and what comes of it by inheritance.
//!
//! There is one merge rule, at every depth: objects merge key by key, everything else replaces, `null` removes.
//! `modules/common/configuration` says the same in Terraform's language, and a test runs generated cases through both.
//!
//! Must not know: where the files come from, how anything is printed.

mod call;
mod cidr;
mod evaluate;
mod explain;
mod inherit;
mod inventory;
mod likeness;
mod module;
mod read;
mod rule;
mod settled;
mod types;
mod value;

pub use call::{Documents, Inheritance, ModuleCall};
pub use cidr::Cidr;
pub use explain::{ExplainError, Explanation, explain};
pub use inherit::{Content, Effective, InheritError, MAX_CHAIN, MAX_DEPTH, Source, chain, merge};
pub use inventory::{Cluster, ClusterInstance, NodePool};
pub use likeness::nearest_key;
pub use module::{Module, known_below, known_type};
pub use rule::{Binding, Broken, Rule};
pub use settled::{Origin, Settled, key, settle, tree};
pub use types::{Field, Misfit, Type};
pub use value::{Entry, Object, Place, Setting, Value};
