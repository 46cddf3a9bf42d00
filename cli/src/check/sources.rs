//! A platform's files, parsed: what commands look things up in.

use crate::platform::{ParseError, Platform, Stack, configuration::Documents, layout};

use super::{Files, stacks, syntax};

/// A platform whose files can be read.
#[derive(Debug)]
pub struct Sources {
    /// What `kstack.hcl` says.
    pub platform: Platform,
    /// The stacks, in the order of their names.
    pub stacks: Vec<Stack>,
    /// All HCL files.
    pub documents: Documents,
}

impl Sources {
    /// Parses `files`.
    ///
    /// # Errors
    /// Every problem of syntax, and of `kstack.hcl` and the `stack.hcl` files.
    pub fn parse(files: &Files) -> Result<Self, ParseError> {
        let mut problems = Vec::new();
        let text = files.text(layout::PLATFORM_FILE);
        let platform = text.map(|file| Platform::parse(&file.path, &file.text)).transpose();
        let platform = platform.unwrap_or_else(|error| {
            problems.extend(error.into_problems());
            None
        });
        let documents = syntax::hcl(files, &mut problems);
        let stacks = stacks::find(files, platform.as_ref(), &mut problems);
        match platform {
            Some(platform) if problems.is_empty() => Ok(Self { platform, stacks, documents }),
            _ => Err(ParseError::new(problems)),
        }
    }
}

/// The HCL files that can be parsed, for showing what they say; [`repository`](super::repository) tells of the others.
pub fn documents(files: &Files) -> Documents {
    syntax::hcl(files, &mut Vec::new())
}
