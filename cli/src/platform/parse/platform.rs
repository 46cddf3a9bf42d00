//! Blocks `kstack` and `platform`.

use hcl_edit::structure::Block;

use crate::{
    hcl::Located,
    platform::{PlatformName, form},
};

use super::{Parser, checked, label, required};

/// What block `platform` says.
pub(super) struct Head {
    pub(super) name: String,
    pub(super) base_domain: Option<String>,
    pub(super) repository: String,
    pub(super) default_branch: Located<String>,
}

impl<'a> Parser<'a> {
    pub(super) fn kstack(&mut self, block: &'a Block) -> Option<String> {
        self.read(block, |reader| required(reader, "version", "a version", form::version))
    }

    pub(super) fn head(&mut self, block: &'a Block) -> Option<Head> {
        let name = label(block);
        if let Err(error) = PlatformName::new(name.value.as_str()) {
            self.problem(&name, error.to_string());
        }
        self.read(block, |reader| {
            let base_domain = reader.string("base_domain");
            let base_domain = checked(reader, "base_domain", base_domain, "a domain", form::domain);
            let repository = reader.required_string("repository");
            let default_branch = reader.string("default_branch");
            if let Some(branch) = &default_branch {
                checked(reader, "default_branch", Some(branch.clone()), "a branch name", form::reference);
            }
            let repository = repository?;
            if form::has_credentials(&repository.value) {
                // The address is in Git already, but it need not be in logs as well.
                reader.problem(repository.span, "the address of the repository holds credentials").help = Some(
                    "leave them out: the hand-off gives them to the engine; then change them, they were seen".into(),
                );
            } else {
                checked(reader, "repository", Some(repository.clone()), "a repository's address", form::repository);
            }
            let default_branch =
                default_branch.unwrap_or_else(|| Located { value: "main".to_owned(), span: reader.header() });
            Some(Head { name: name.value, base_domain, repository: repository.value, default_branch })
        })
    }
}
