//! From a stack's folder to everything that it leads to.

use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    sync::Arc,
};

use super::{
    ClosureError, Memo, Notice, RemoteModule, Upstream,
    collect::{Added, Collector},
    evaluate::{Evaluator, Folder, Value},
    facts::{Facts, Language, ModuleCall, Reference, ReferenceKind},
    files::Origin,
    inventory::is_configuration,
};
use crate::{
    platform::{Instance, Stack, layout},
    repo::{FoundNode, Snapshot},
};

/// A closure on the way.
pub(super) struct Follow<'s> {
    pub(super) snapshot: &'s Snapshot,
    pub(super) memo: &'s Memo,
    pub(super) collector: Collector<'s>,
    pub(super) modules: BTreeSet<RemoteModule>,
    pub(super) upstream: BTreeSet<Upstream>,
    pub(super) evaluator: Evaluator,
    /// Folders whose module calls are not followed yet.
    queue: VecDeque<String>,
    /// Templates that were looked into.
    pub(super) templates: HashSet<String>,
    /// Folders below which something is not known.
    pub(super) bases: BTreeSet<String>,
    /// Folders that a reading function names exactly.
    pub(super) named: HashSet<String>,
    /// Words with `..`, and where they stand.
    pub(super) words: BTreeSet<(String, Spot)>,
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    pub(super) path: String,
    pub(super) line: usize,
}

impl Spot {
    pub(super) fn origin(&self, by: &str) -> Origin {
        Origin::Named { from: self.path.clone(), line: self.line, by: by.to_owned() }
    }
}

impl<'s> Follow<'s> {
    pub(super) fn new(snapshot: &'s Snapshot, memo: &'s Memo) -> Self {
        Self {
            snapshot,
            memo,
            collector: Collector::new(snapshot),
            modules: BTreeSet::new(),
            upstream: BTreeSet::new(),
            evaluator: Evaluator::default(),
            queue: VecDeque::new(),
            templates: HashSet::new(),
            bases: BTreeSet::new(),
            named: HashSet::new(),
            words: BTreeSet::new(),
        }
    }

    /// Begins with the stack's folder and what it watches.
    pub(super) fn stack(&mut self, stack: &Stack) -> Result<(), ClosureError> {
        let folder = layout::stack(&stack.name);
        let Added::Folder(root) = self.collector.add(&folder, &Origin::Stack)? else { return Ok(()) };
        // Terraform runs where a symlinked folder really is, so that is where `..` starts from.
        self.evaluator.root.clone_from(&root);
        self.load(&root, &Origin::Stack)?;
        for entry in self.snapshot.list(&root)?.unwrap_or_default() {
            if let Some(language @ (Language::Values | Language::JsonValues)) = Language::of(&entry.name) {
                self.set_values(&format!("{root}/{}", entry.name), language, &Origin::Stack)?;
            }
        }
        for watched in &stack.settings.watch {
            self.collector.add(watched, &Origin::Watch)?;
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
        self.set_values(&variables, Language::Values, &Origin::Environment)
    }

    /// Follows module calls until there are no more, then references, which need to know every call.
    pub(super) fn everything(&mut self) -> Result<(), ClosureError> {
        while let Some(folder) = self.queue.pop_front() {
            self.follow_calls(&folder)?;
        }
        let mut sources = Vec::new();
        for (folder, read) in &self.evaluator.folders {
            sources.extend(read.files.iter().map(|(path, facts)| (folder.clone(), path.clone(), Arc::clone(facts))));
        }
        for (folder, path, facts) in sources {
            self.follow_references(&folder, &path, &facts.references)?;
            self.follow_states(&folder, &path, &facts);
        }
        let root = self.evaluator.root.clone();
        for (path, facts) in self.evaluator.values.clone() {
            self.follow_references(&root, &path, &facts.references)?;
            for assignment in facts.values.iter().filter(|assignment| !assignment.references.is_empty()) {
                if self.evaluator.declares(&assignment.variable) {
                    self.follow_references(&root, &path, &assignment.references)?;
                }
            }
        }
        // What is not known below a folder may begin with any text of the closure that goes up.
        for (word, spot) in std::mem::take(&mut self.words) {
            for base in &self.bases {
                let path = join(base, &word).filter(|path| !self.encloses(path));
                if let Some(path) = path {
                    self.collector.add_guess(&path, &spot.origin(ReferenceKind::Mention.name()))?;
                }
            }
        }
        // `[for f in fileset("x", "*") : file("x/${f}")]` is not known, but `x` as a whole is exact.
        let named = std::mem::take(&mut self.named);
        self.collector
            .notices
            .retain(|notice| !matches!(notice, Notice::Widened { folder, .. } if named.contains(folder)));
        Ok(())
    }

    /// Reads the configuration of `folder`, a path from the root of the repository.
    fn load(&mut self, folder: &str, origin: &Origin) -> Result<bool, ClosureError> {
        if self.evaluator.folders.contains_key(folder) {
            return Ok(true);
        }
        let Some(found) = self.collector.find(folder, origin)? else { return Ok(false) };
        let FoundNode::Folder(tree) = found.node else { return Ok(false) };
        let relative = relative(&self.evaluator.root, folder);
        let mut read = Folder { relative, ..Folder::default() };
        for (name, ..) in tree.children().filter(|(name, ..)| is_configuration(name)) {
            let Some(language) = Language::of(name) else { continue };
            if let Added::File(path, id) = self.collector.add(&format!("{}/{name}", found.path), origin)? {
                read.files.push((path, self.memo.facts(self.snapshot, id, language)?));
            }
        }
        let broken = read.files.iter().any(|(_, facts)| facts.problem.is_some());
        self.evaluator.folders.insert(folder.to_owned(), read);
        self.queue.push_back(folder.to_owned());
        if broken {
            self.widen_unreadable(folder)?;
        }
        Ok(true)
    }

    /// A file that cannot be parsed may call any module and read anything near it.
    fn widen_unreadable(&mut self, folder: &str) -> Result<(), ClosureError> {
        let files = self.evaluator.folders.get(folder).map(|read| read.files.clone()).unwrap_or_default();
        let mut origin = Origin::Stack;
        for (path, facts) in &files {
            let Some(problem) = &facts.problem else { continue };
            let (path, line) = (path.clone(), problem.line);
            origin = Origin::Named { from: path.clone(), line, by: "a file that cannot be read".to_owned() };
            self.collector.notices.insert(Notice::Unreadable { path, line, message: problem.message.clone() });
        }
        self.collector.add(folder, &origin)?;
        self.unseen_modules(&origin)
    }

    /// Takes everything below `modules/` as called, with any arguments.
    fn unseen_modules(&mut self, origin: &Origin) -> Result<(), ClosureError> {
        self.collector.add(layout::MODULES, origin)?;
        let files = self.snapshot.files(layout::MODULES)?;
        let folders =
            files.iter().filter_map(|file| file.path.rsplit_once('/')).filter(|(_, name)| is_configuration(name));
        for folder in folders.map(|(folder, _)| folder).collect::<BTreeSet<_>>() {
            self.load(folder, origin)?;
            if let Some(read) = self.evaluator.folders.get_mut(folder) {
                read.called_unseen = true;
            }
        }
        Ok(())
    }

    fn set_values(&mut self, path: &str, language: Language, origin: &Origin) -> Result<(), ClosureError> {
        if let Added::File(path, id) = self.collector.add(path, origin)? {
            let facts = self.memo.facts(self.snapshot, id, language)?;
            self.evaluator.values.push((path, facts));
        }
        Ok(())
    }

    fn follow_calls(&mut self, folder: &str) -> Result<(), ClosureError> {
        let files = self.evaluator.folders.get(folder).map(|read| read.files.clone()).unwrap_or_default();
        for (path, facts) in files {
            for (index, call) in facts.modules.iter().enumerate() {
                let spot = Spot { path: path.clone(), line: call.line };
                for source in self.evaluator.values_of(&call.source, folder) {
                    self.follow_call(folder, &spot, &facts, index, call, &source)?;
                }
            }
        }
        Ok(())
    }

    fn follow_call(
        &mut self,
        folder: &str,
        spot: &Spot,
        facts: &Arc<Facts>,
        index: usize,
        call: &ModuleCall,
        source: &Value,
    ) -> Result<(), ClosureError> {
        let by = format!("module `{}`", call.name);
        let guessed = facts.problem.is_some();
        match source {
            Value::Exact(source) if is_local(source) => {
                let Some(target) = join(folder, source) else {
                    let (path, line) = (spot.path.clone(), spot.line);
                    self.collector.notices.insert(Notice::Outside { path, line, target: source.clone() });
                    return Ok(());
                };
                if self.load(&target, &spot.origin(&by))? {
                    if let Some(read) = self.evaluator.folders.get_mut(&target) {
                        read.calls.push((folder.to_owned(), Arc::clone(facts), index));
                        read.called_unseen |= guessed;
                    }
                } else if !guessed {
                    let (path, line) = (spot.path.clone(), spot.line);
                    self.collector.notices.insert(Notice::MissingModule { path, line, folder: target });
                }
            }
            Value::Exact(source) => {
                let version = call.version.clone();
                self.modules.insert(RemoteModule { source: source.clone(), version });
            }
            // OpenTofu evaluates sources; this one is set from outside.
            Value::Below(_) | Value::Anywhere => {
                self.widened(spot, &by, layout::MODULES);
                self.unseen_modules(&spot.origin(&by))?;
            }
        }
        Ok(())
    }

    pub(super) fn follow_references(
        &mut self,
        folder: &str,
        path: &str,
        references: &[Reference],
    ) -> Result<(), ClosureError> {
        for Reference { path: text, kind, line } in references {
            let spot = Spot { path: path.to_owned(), line: *line };
            for value in self.evaluator.values_of(text, folder) {
                match kind {
                    ReferenceKind::Mention | ReferenceKind::Flow => self.mention(&value, text, *kind, &spot)?,
                    ReferenceKind::Read(_) | ReferenceKind::Template => self.read(&value, *kind, &spot, folder)?,
                }
            }
        }
        Ok(())
    }

    fn follow_states(&mut self, folder: &str, path: &str, facts: &Facts) {
        for (key, line) in &facts.remote_states {
            for value in self.evaluator.values_of(&key.last_segment(), folder) {
                if let Value::Exact(name) = value {
                    let name = name.strip_suffix(".tfstate").unwrap_or(&name).to_owned();
                    self.upstream.insert(Upstream { name, path: path.to_owned(), line: *line });
                }
            }
        }
    }
}

/// Whether a module's source is a folder: Terraform asks for `./` or `../` at the beginning.
fn is_local(source: &str) -> bool {
    ["./", "../"].iter().any(|start| source.starts_with(start)) || source == "." || source == ".."
}

/// `folder/path` without `.` and `..`, which Terraform resolves as text; `None` outside the repository.
pub(super) fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts = folder.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The way from the folder `from` to the folder `to`, as Terraform writes `path.module`.
fn relative(from: &str, to: &str) -> String {
    let (from, to) = (from.split('/').collect::<Vec<_>>(), to.split('/').collect::<Vec<_>>());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", from.len() - shared);
    let parts = up.chain(to.iter().skip(shared).copied().filter(|part| !part.is_empty())).collect::<Vec<_>>();
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_found_as_terraform_finds_them() {
        assert_eq!(join("infra/a", "../../modules/x").as_deref(), Some("modules/x"));
        assert_eq!(join("infra/a", "./sub//deep/").as_deref(), Some("infra/a/sub/deep"));
        assert_eq!(join("infra/a", "../../../x"), None);
        assert!(is_local("./x") && is_local("../x") && !is_local("x") && !is_local("git::https://x//y"));
        assert_eq!(relative("infra/a", "modules/x"), "../../modules/x");
        assert_eq!(relative("infra/a", "infra/a"), ".");
        assert_eq!(relative("infra/a", "infra/a/sub"), "sub");
        assert_eq!(relative("infra/a", ""), "../..");
    }
}
