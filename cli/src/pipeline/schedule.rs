//! Runs tasks side by side, each after the ones it depends on; only true dependents of a failed task are skipped.
//!
//! What is decided is kept apart from doing it: [`Policy`] knows the graph, what runs, and how much may run at once,
//! and takes the time as an argument. [`run`] drives it with tasks of the machine, the simulation in its tests with
//! virtual ones.

mod estimate;
mod frontier;
mod gauge;
mod graph;
mod limiter;
mod policy;
mod run;
#[cfg(test)]
mod simulation;

pub use estimate::{Took, of_plan};
pub use graph::{Graph, Task};
pub use limiter::Hold;
pub use run::{Outcome, Pace, run};

use frontier::Frontier;
use gauge::Gauge;
use limiter::{Limiter, Reading};
use policy::Policy;
