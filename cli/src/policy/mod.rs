//! What a change may not do: the guard, which looks at files before anything of them runs; built-in rules over what plans
//! and rendered objects do; and rules of a platform's own, in Rego. All of it ends in [`Finding`]s.
//!
//! Whose policies count is for the caller: of a change, those of the branch that it goes to.
//!
//! Must not know: bundles, stores, forges, the terminal. It starts nothing and asks nobody.

mod error;
mod finding;
mod guard;
mod input;
mod objects;
mod policies;
mod rego;
mod rules;
mod suite;
mod values;
mod words;

pub use error::PolicyError;
pub use finding::Finding;
pub use guard::{Examined, Guarded, examine};
pub use policies::{Planned, Policies};
pub use suite::{Outcome, PolicyTest, compile, read_rego, run_tests};
pub use words::{ALLOW_DESTROY, Words};
