//! What `kstack init` writes, as a whole: against the examples and golden folders of this
//! repository, against kstack's own checks, and with the programs that users run on it.

mod golden;
pub mod platforms;
mod properties;
mod tools;
mod workflows;
