//! The workshop that `plan`, `apply` and `ci` work in, from the context and the environment.

use std::{collections::BTreeMap, ffi::OsString};

use crate::{
    error::{CliError, ErrorKind},
    pipeline::{Site, Workshop},
    repo::Repository,
    terraform::Binary,
};

use super::Context;

/// A workshop for the repository that the user stands in.
///
/// # Errors
/// Not a kstack repository, or no usable Terraform.
pub fn workshop(context: &Context<'_>) -> Result<Workshop, CliError> {
    let repository = Repository::open(&context.directory)?;
    let cache = context.cache()?;
    let binary = context.block_on(Binary::find(None, &cache))?;
    let program = std::env::current_exe().map_err(|error| CliError::new(ErrorKind::External, error))?;
    // The local modules call this very program, and must look for sandboxes where it does.
    let environment = BTreeMap::from([
        ("KSTACK".to_owned(), program.into_os_string()),
        ("TF_VAR_kstack_home".to_owned(), OsString::from(context.home()?)),
    ]);
    Ok(Workshop::new(Site::new(repository, &cache), binary, environment))
}
