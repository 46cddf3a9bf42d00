//! Errors of `render/` for the user.

use super::{CliError, ErrorKind};
use crate::render::RenderError;

impl From<RenderError> for CliError {
    fn from(error: RenderError) -> Self {
        let kind = match &error {
            RenderError::Io { .. } => ErrorKind::External,
            _ => ErrorKind::User,
        };
        let hint = match &error {
            RenderError::NoProgram => {
                Some("install kubectl 1.27 or newer, or kustomize, or name one in `KSTACK_KUSTOMIZE`")
            }
            RenderError::NotAProgram { .. } => {
                Some("`KSTACK_KUSTOMIZE` takes the path or the name of kubectl or kustomize")
            }
            RenderError::Remote { .. } => Some("copy it into the repository, so that a review shows what changes"),
            _ => None,
        };
        let error = Self::new(kind, error);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}
