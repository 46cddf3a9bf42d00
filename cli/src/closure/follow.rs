//! From a stack's folder to everything that it leads to.

use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    sync::Arc,
};

use super::{
    ClosureError, Memo, Notice, ReadOutputs, RemoteModule, Upstream,
    collect::{Added, Collector},
    difference::Difference,
    evaluate::{Evaluator, Folder, Value, ValuesFile},
    facts::{Facts, Language, ModuleCall, Reference, ReferenceKind, RemoteState},
    files::Origin,
    inventory::{is_configuration, is_override},
    text::Text,
};
use crate::{
    platform::layout,
    repo::{FoundNode, Snapshot},
};

/// A closure on the way.
pub(super) struct Follow<'s> {
    pub(super) memo: &'s Memo,
    pub(super) collector: Collector<'s>,
    pub(super) modules: BTreeSet<RemoteModule>,
    pub(super) upstream: BTreeSet<Upstream>,
    pub(super) evaluator: Evaluator,
    /// Folders whose module calls are not followed yet.
    queue: VecDeque<String>,
    /// Calls of modules whose files are not here: the caller's folder, the place, the file, and which call of it.
    unseen_calls: Vec<(String, Spot, Arc<Facts>, usize)>,
    /// Templates that were looked into.
    pub(super) templates: HashSet<String>,
    /// Folders below which something is not known.
    pub(super) bases: BTreeSet<String>,
    /// Folders that a reading function names exactly.
    pub(super) named: HashSet<String>,
    /// Words with `..`, and where they stand.
    pub(super) words: BTreeSet<(String, Spot)>,
}

/// Where a module was found.
pub(super) enum Loaded {
    /// Its folder, by real path.
    Folder(String),
    /// In this submodule, whose files are not here.
    Submodule(String),
    Missing,
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
    /// Begins nowhere yet. With a `difference` to another snapshot, it is told whether that can be met.
    pub(super) fn new(snapshot: &'s Snapshot, memo: &'s Memo, difference: Option<&'s Difference>) -> Self {
        Self {
            memo,
            collector: Collector::new(snapshot, difference),
            modules: BTreeSet::new(),
            upstream: BTreeSet::new(),
            evaluator: Evaluator::default(),
            queue: VecDeque::new(),
            unseen_calls: Vec::new(),
            templates: HashSet::new(),
            bases: BTreeSet::new(),
            named: HashSet::new(),
            words: BTreeSet::new(),
        }
    }

    /// Follows module calls until there are no more, then references, which need to know every call.
    pub(super) fn everything(&mut self) -> Result<(), ClosureError> {
        while let Some(folder) = self.queue.pop_front() {
            self.follow_calls(&folder)?;
        }
        self.follow_unseen_calls()?;
        let mut sources = Vec::new();
        for (folder, read) in &self.evaluator.folders {
            sources.extend(read.files.iter().map(|(path, facts)| (folder.clone(), path.clone(), Arc::clone(facts))));
        }
        for (folder, path, facts) in sources {
            self.follow_references(&folder, &path, &facts.references)?;
            self.follow_overrides(&path, &facts)?;
            self.follow_states(&folder, &path, &facts);
        }
        let root = self.evaluator.root.clone();
        for ValuesFile { path, facts, .. } in self.evaluator.values.clone() {
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
    ///
    /// A module that is reached through a symlink is where the link leads: Terraform resolves it before it
    /// looks at the module's own calls.
    pub(super) fn load(&mut self, folder: &str, origin: &Origin) -> Result<Loaded, ClosureError> {
        let found = self.collector.find(folder, origin)?;
        let (folder, tree) = match found.map(|found| (found.path, found.node)) {
            Some((path, FoundNode::Folder(tree))) => (path, tree),
            Some((path, FoundNode::Submodule { .. })) => return Ok(Loaded::Submodule(path)),
            Some((_, FoundNode::File { .. })) | None => return Ok(Loaded::Missing),
        };
        if self.evaluator.folders.contains_key(&folder) {
            return Ok(Loaded::Folder(folder));
        }
        let relative = relative(&self.evaluator.root, &folder);
        let mut read = Folder { relative, ..Folder::default() };
        for (name, ..) in tree.children().filter(|(name, ..)| is_configuration(name)) {
            let Some(language) = Language::of(name) else { continue };
            if let Added::File(path, id) = self.collector.add(&format!("{folder}/{name}"), origin)? {
                read.files.push((path, self.collector.facts(self.memo, id, language)?));
            }
        }
        let broken = read.files.iter().any(|(_, facts)| facts.problem.is_some());
        self.evaluator.folders.insert(folder.clone(), read);
        self.queue.push_back(folder.clone());
        if broken {
            self.widen_unreadable(&folder)?;
        }
        Ok(Loaded::Folder(folder))
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
        let files = self.collector.files(layout::MODULES)?;
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

    fn follow_calls(&mut self, folder: &str) -> Result<(), ClosureError> {
        let files = self.evaluator.folders.get(folder).map(|read| read.files.clone()).unwrap_or_default();
        for (path, facts) in &files {
            for (index, call) in facts.modules.iter().enumerate() {
                let spot = Spot { path: path.clone(), line: call.line };
                // An `override.tf` may change arguments and leave the source as it is.
                let overridden = || {
                    let calls = files.iter().flat_map(|(_, facts)| &facts.modules);
                    calls.filter(|other| other.name == call.name).filter_map(|other| other.source.as_ref()).collect()
                };
                let sources: Vec<&Text> = call.source.as_ref().map_or_else(overridden, |source| vec![source]);
                for source in sources {
                    for source in self.evaluator.values_of(source, folder) {
                        self.follow_call(folder, &spot, facts, index, call, &source)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// An override replaces the `for_each` of a block in another file, where `each` was read with the old one.
    fn follow_overrides(&mut self, path: &str, facts: &Facts) -> Result<(), ClosureError> {
        let Some(line) = facts.loops.first().filter(|_| is_override(path)) else { return Ok(()) };
        let spot = Spot { path: path.to_owned(), line: *line };
        let by = "an overriding `for_each`";
        self.widened(&spot, by, "");
        self.collector.add("", &spot.origin(by))?;
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
                let (path, line) = (spot.path.clone(), spot.line);
                match self.load(&target, &spot.origin(&by))? {
                    Loaded::Folder(target) => {
                        if let Some(read) = self.evaluator.folders.get_mut(&target) {
                            read.calls.push((folder.to_owned(), Arc::clone(facts), index));
                            read.called_unseen |= guessed;
                        }
                    }
                    Loaded::Submodule(target) => {
                        self.collector.notices.insert(Notice::Submodule { path, line, folder: target });
                        self.unseen_calls.push((folder.to_owned(), spot.clone(), Arc::clone(facts), index));
                    }
                    Loaded::Missing if guessed => {}
                    Loaded::Missing => {
                        self.collector.notices.insert(Notice::MissingModule { path, line, folder: target });
                    }
                }
            }
            Value::Exact(source) => {
                let version = call.version.clone();
                self.modules.insert(RemoteModule { source: source.clone(), version });
                self.unseen_calls.push((folder.to_owned(), spot.clone(), Arc::clone(facts), index));
            }
            // OpenTofu evaluates sources; this one is set from outside.
            Value::Below(_) | Value::Anywhere => {
                self.widened(spot, &by, layout::MODULES);
                self.unseen_modules(&spot.origin(&by))?;
                self.unseen_calls.push((folder.to_owned(), spot.clone(), Arc::clone(facts), index));
            }
        }
        Ok(())
    }

    /// The uses of what is passed to a module whose files are not here cannot be seen, so every path in it
    /// counts as used.
    fn follow_unseen_calls(&mut self) -> Result<(), ClosureError> {
        for (folder, spot, facts, index) in std::mem::take(&mut self.unseen_calls) {
            let arguments = facts.modules.get(index).map_or(&[][..], |call| &call.arguments);
            for (_, text) in arguments {
                for value in self.evaluator.values_of(text, &folder) {
                    self.mention(&value, text, ReferenceKind::Mention, &spot)?;
                }
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
        for RemoteState { name: block, place, repeated, line } in &facts.remote_states {
            let whole = self.evaluator.values_of(place, folder);
            for value in self.evaluator.values_of(&place.last_segment(), folder) {
                let Value::Exact(last) = value else { continue };
                let last = last.rsplit('/').next().unwrap_or_default();
                let mut outputs = ReadOutputs::default();
                let files = self.evaluator.folders.get(folder).map_or(&[][..], |read| &read.files);
                files.iter().filter_map(|(_, facts)| facts.state_reads.get(block)).for_each(|read| outputs.add(read));
                self.upstream.insert(Upstream {
                    name: last.strip_suffix(".tfstate").unwrap_or(last).to_owned(),
                    environment: folder_of(last, &whole),
                    path: path.to_owned(),
                    line: *line,
                    module: folder.to_owned(),
                    block: block.clone(),
                    repeated: *repeated,
                    outputs,
                });
            }
        }
    }
}

/// The folder right before `last` in those of `places` that end in it, if it is one.
fn folder_of(last: &str, places: &BTreeSet<Value>) -> Option<String> {
    let folders = places.iter().map(|place| match place {
        Value::Exact(place) => {
            let (folders, name) = place.rsplit_once('/')?;
            (name == last).then(|| folders.rsplit('/').next().unwrap_or_default())
        }
        Value::Below(_) | Value::Anywhere => None,
    });
    let mut folders = folders.collect::<BTreeSet<_>>().into_iter();
    match (folders.next(), folders.next()) {
        (Some(Some(folder)), None) => Some(folder.to_owned()),
        _ => None,
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
