//! A stack in an environment: the unit that is planned, applied and has one state.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{EnvironmentName, StackName};

/// A stack in an environment. A shared stack has one instance, with no environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Instance {
    /// The stack.
    pub stack: StackName,
    /// The environment, or `None` for a shared stack.
    pub environment: Option<EnvironmentName>,
}

impl Instance {
    /// The key of its state and of everything stored beside it: `<environment>/<stack>`, with
    /// `shared` for shared stacks. `shared` cannot name an environment.
    pub fn key(&self) -> String {
        format!("{}/{}", self.environment.as_ref().map_or("shared", EnvironmentName::as_str), self.stack)
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.environment {
            Some(environment) => write!(f, "{} ({environment})", self.stack),
            None => write!(f, "{} (shared)", self.stack),
        }
    }
}
