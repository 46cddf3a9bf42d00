//! Errors of `policy/` for the user.

use super::{CliError, ErrorKind};
use crate::policy::PolicyError;

impl From<PolicyError> for CliError {
    fn from(error: PolicyError) -> Self {
        match error {
            PolicyError::Repo(error) => error.into(),
            PolicyError::Closure(error) => error.into(),
            error @ (PolicyError::Compile { .. } | PolicyError::Unusable { .. } | PolicyError::NotText { .. }) => {
                Self::new(ErrorKind::User, error)
                    .hint("`kstack policy test` compiles the policies and runs their tests")
            }
            error @ PolicyError::TooLarge { .. } => {
                Self::new(ErrorKind::User, error).hint("split it into several files")
            }
            error @ PolicyError::NoPolicies { .. } => Self::new(ErrorKind::User, error)
                .hint("rules lie in `policies/*.rego`, their tests in `policies/*_test.rego`"),
            error @ PolicyError::Read { .. } => Self::new(ErrorKind::External, error),
        }
    }
}
