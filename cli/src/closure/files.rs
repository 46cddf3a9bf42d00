//! A closure: its files, and how each was reached.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{ClosureHash, Notice, ReadOutputs};
use crate::{
    platform::{Instance, layout},
    repo::{Mode, ObjectId},
};

/// Every file whose content can change an instance's plan.
#[derive(Debug, Clone)]
pub struct Closure {
    /// The instance.
    pub instance: Instance,
    /// The files by path from the root of the repository, symlinks resolved; a symlink that was
    /// passed is a file of its own.
    pub files: BTreeMap<String, ClosureFile>,
    /// What else reaches Terraform: the `state` block of `kstack.hcl`, under `kstack.hcl#state`.
    pub settings: BTreeMap<String, String>,
    /// Modules from elsewhere; their content is fixed by source and version, as far as it is at all.
    pub modules: BTreeSet<RemoteModule>,
    /// Stacks whose state this one reads.
    pub upstream: BTreeSet<Upstream>,
    /// Where the closure is wider than needed, or cannot see.
    pub notices: BTreeSet<Notice>,
    /// The name of all that.
    pub hash: ClosureHash,
}

/// A file of a closure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosureFile {
    /// What it is.
    pub mode: Mode,
    /// Its blob, or the commit of a submodule.
    pub id: ObjectId,
    /// How it got here.
    pub(super) origin: Origin,
}

/// How a file got into a closure: the shortest way found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// It lies in the stack's folder.
    Stack,
    /// It belongs to the environment.
    Environment,
    /// It says which version of Terraform runs.
    Version,
    /// `stack.hcl` watches it.
    Watch,
    /// Another file names it.
    Named { from: String, line: usize, by: String },
}

/// One step of the chain from a stack to a file: `path` (at `line`) leads on by `by`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    /// The stack's folder or a file of the closure.
    pub path: String,
    /// The line that names the next one, where one does.
    pub line: Option<usize>,
    /// How, such as ``module `cluster` `` or `templatefile`.
    pub by: String,
}

/// A module that is not in the repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RemoteModule {
    /// Its source address.
    pub source: String,
    /// Its version constraint.
    pub version: Option<String>,
}

/// A stack whose state is read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Upstream {
    /// The last part of the state's key, without `.tfstate`: a stack's name if there is one of it.
    pub name: String,
    /// The part before it, where that is known: an environment's name, in the keys that kstack gives to states.
    pub environment: Option<String>,
    /// The file that reads it.
    pub path: String,
    /// The line.
    pub line: usize,
    /// The folder of the stack or module that the file belongs to.
    pub module: String,
    /// The name of the `terraform_remote_state` there.
    pub block: String,
    /// Whether that has a `for_each`, and so may read several states.
    pub repeated: bool,
    /// What is used of it.
    pub outputs: ReadOutputs,
}

impl Closure {
    /// Which outputs are used of the states that are read, by the name of the data source.
    pub fn outputs_read(&self) -> BTreeMap<String, ReadOutputs> {
        let mut reads: BTreeMap<String, ReadOutputs> = BTreeMap::new();
        for upstream in &self.upstream {
            reads.entry(upstream.block.clone()).or_default().add(&upstream.outputs);
        }
        reads
    }

    /// The chain from the stack to `path`, which is not part of it; empty for a path that is not in
    /// the closure.
    pub fn chain(&self, path: &str) -> Vec<Link> {
        let folder = layout::stack(&self.instance.stack);
        let mut chain = Vec::new();
        let mut next = path;
        while let Some(file) = self.files.get(next) {
            match &file.origin {
                Origin::Named { from, line, by } => {
                    chain.push(Link { path: from.clone(), line: Some(*line), by: by.clone() });
                    // Every `from` was in the closure before what it names, so this ends.
                    next = from;
                    continue;
                }
                Origin::Stack if next == path => {
                    chain.push(Link { path: folder, line: None, by: "the stack's folder".to_owned() });
                }
                Origin::Stack => {}
                Origin::Environment => {
                    let name = self.instance.environment.as_ref().map_or("shared", |name| name.as_str());
                    chain.push(Link { path: folder, line: None, by: format!("environment `{name}`") });
                }
                Origin::Version => {
                    chain.push(Link { path: folder, line: None, by: "the version of Terraform".to_owned() });
                }
                Origin::Watch => {
                    let path = format!("{folder}/{}", layout::STACK_FILE);
                    chain.push(Link { path, line: None, by: "watch".to_owned() });
                }
            }
            break;
        }
        chain.reverse();
        chain
    }
}
