//! Where a closure begins: the stack's folder, its values, its environment, the version of Terraform.

use super::{
    ClosureError, collect::Added, evaluate::ValuesFile, facts::Language, files::Origin, follow::Follow,
    inventory::is_automatic,
};
use crate::{
    platform::{Instance, Stack, layout},
    repo::FoundNode,
};

/// What tfenv and tofuenv read, in the folder where the program runs or the nearest above it.
const VERSION_FILES: [&str; 2] = [".terraform-version", ".opentofu-version"];

impl Follow<'_> {
    /// Begins with the stack's folder and what it watches.
    pub(super) fn stack(&mut self, stack: &Stack) -> Result<(), ClosureError> {
        let folder = layout::stack(&stack.name);
        let Added::Folder(root) = self.collector.add(&folder, &Origin::Stack)? else { return Ok(()) };
        // Terraform runs where a symlinked folder really is, so that is where `..` starts from.
        self.evaluator.root.clone_from(&root);
        self.load(&root, &Origin::Stack)?;
        self.program_version(&root)?;
        if let Some(FoundNode::Folder(tree)) = self.collector.lookup(&root)?.map(|found| found.node) {
            for (name, ..) in tree.children() {
                if let Some(language @ (Language::Values | Language::JsonValues)) = Language::of(name) {
                    let always = is_automatic(name);
                    self.set_values(&format!("{root}/{name}"), language, always, &Origin::Stack)?;
                }
            }
        }
        for watched in &stack.settings.watch {
            self.collector.add(watched, &Origin::Watch)?;
        }
        Ok(())
    }

    /// Adds the nearest file above the stack that says which version of Terraform or OpenTofu runs, as version
    /// managers look for it. One in the stack's folder is in already, and hides those above.
    fn program_version(&mut self, root: &str) -> Result<(), ClosureError> {
        for name in VERSION_FILES {
            let mut folder = root;
            while !self.collector.files.contains_key(&format!("{folder}/{name}")) {
                let Some(above) =
                    folder.rsplit_once('/').map(|(above, _)| above).or((!folder.is_empty()).then_some(""))
                else {
                    break;
                };
                folder = above;
                let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
                if self.collector.add(&path, &Origin::Version)? != Added::Nothing {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Adds what belongs to the instance's environment.
    pub(super) fn environment(&mut self, instance: &Instance) -> Result<(), ClosureError> {
        let (variables, backend) = match &instance.environment {
            Some(name) => (layout::tfvars(name), layout::tfbackend(name)),
            None => {
                let shared = format!("{}/shared", layout::ENVIRONMENTS);
                (format!("{shared}.tfvars"), format!("{shared}.tfbackend"))
            }
        };
        self.collector.add(&backend, &Origin::Environment)?;
        self.set_values(&variables, Language::Values, true, &Origin::Environment)
    }

    fn set_values(
        &mut self,
        path: &str,
        language: Language,
        always: bool,
        origin: &Origin,
    ) -> Result<(), ClosureError> {
        if let Added::File(path, id) = self.collector.add(path, origin)? {
            let facts = self.collector.facts(self.memo, id, language)?;
            self.evaluator.values.push(ValuesFile { path, facts, always });
        }
        Ok(())
    }
}
