//! Errors of `closure/` for the user.

use super::{CliError, ErrorKind};
use crate::closure::ClosureError;

impl From<ClosureError> for CliError {
    fn from(error: ClosureError) -> Self {
        let message = error.to_string();
        match error {
            ClosureError::Repository(error) => error.into(),
            ClosureError::Parse(error) => error.into(),
            ClosureError::Stacks { problems } => Self::user(message).diagnostics(problems),
            ClosureError::NoPlatform { .. } => Self::user(message).hint("`kstack init` makes one"),
            ClosureError::NotText { .. } => Self::user(message).hint("save it as UTF-8"),
            ClosureError::StackName { .. } => {
                Self::new(ErrorKind::User, error).hint("rename the folder; a stack's folder is its name")
            }
            ClosureError::UnknownStack { near: Some(near), .. } => {
                Self::user(message).hint(format!("did you mean `{near}`?"))
            }
            ClosureError::UnknownStack { near: None, .. } => Self::user(message).hint("`kstack list` shows them all"),
            ClosureError::Cycle { ref places, .. } => {
                let places = places.join(", ");
                Self::user(message).hint(format!("break the circle at one of {places}"))
            }
        }
    }
}
