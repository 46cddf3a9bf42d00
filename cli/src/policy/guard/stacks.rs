//! What the plans of the affected instances would read, module by module.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use crate::{
    closure::{self, Closure, Memo, Notice},
    platform::{CONSTRUCTS, Level, glob_match, layout},
    policy::{Finding, PolicyError},
    repo::{ObjectId, Snapshot},
};

use super::{
    Examined, Guarded,
    facts::{Call, Facts, Found},
    files::read,
    providers,
};

/// What a file says, or why that is not known, and the line.
type Read = Result<Facts, (String, Option<usize>)>;

/// Facts by content.
#[derive(Default)]
pub(super) struct Known(HashMap<(ObjectId, bool), Arc<Read>>);

impl Known {
    /// What the file at `path` with this content says.
    pub(super) fn facts(&mut self, snapshot: &Snapshot, path: &str, id: ObjectId) -> Result<Arc<Read>, PolicyError> {
        let key = (id, path.ends_with(".json"));
        if let Some(facts) = self.0.get(&key) {
            return Ok(Arc::clone(facts));
        }
        let facts = Arc::new(Facts::read(path, &snapshot.blob(id)?));
        self.0.insert(key, Arc::clone(&facts));
        Ok(facts)
    }
}

/// The configuration files of one folder.
pub(super) type Module = Vec<(String, Arc<Read>)>;

pub(super) fn examine(change: &Guarded<'_>, examined: &mut Examined) -> Result<(), PolicyError> {
    let changes = closure::affected(change.base, change.head, &Memo::default())?;
    let mut known = Known::default();
    let mut seen = BTreeSet::new();
    let locked = providers::locked(change)?;
    for closure in changes.affected.iter().filter_map(|affected| affected.closure.as_ref()) {
        // All environments of a stack read the same files.
        let files: Vec<_> = closure.files.iter().map(|(path, file)| (path.clone(), file.id)).collect();
        let mut modules: BTreeMap<String, Module> = BTreeMap::new();
        for (path, id) in files.iter().filter(|(path, _)| is_configuration(path)) {
            let facts = known.facts(change.head, path, *id)?;
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            modules.entry(folder.to_owned()).or_default().push((path.clone(), facts));
        }
        for (path, facts) in modules.values().flatten().filter(|(path, _)| seen.insert(path.clone())) {
            match &**facts {
                Ok(facts) => file(change, path, facts, examined)?,
                Err((message, line)) => {
                    let finding = Finding::new(Level::Deny, "unreadable", format!("it cannot be read: {message}"));
                    examined.findings.push(finding.in_file(path, *line));
                }
            }
        }
        providers::examine(change, closure, &modules, &locked, examined)?;
        outside(change, closure, examined)?;
    }
    Ok(())
}

/// Constructs, modules from elsewhere and backends of one file.
fn file(change: &Guarded<'_>, path: &str, facts: &Facts, examined: &mut Examined) -> Result<(), PolicyError> {
    let mut reviewed = Vec::new();
    for snapshot in change.reviewed() {
        if let Some(bytes) = read(snapshot, path)?
            && let Ok(facts) = Facts::read(path, &bytes)
        {
            reviewed.push(facts);
        }
    }
    for found in &facts.found {
        let always = CONSTRUCTS.iter().any(|construct| construct.name == found.construct && construct.always);
        let stands = !always && reviewed.iter().any(|facts| facts.found.iter().any(|old| same(old, found)));
        if !stands {
            let about = CONSTRUCTS.iter().find(|construct| construct.name == found.construct);
            let about = about.map_or("", |construct| construct.about.split(':').next().unwrap_or_default());
            let message = format!("{} {about}", found.what);
            examined.findings.extend(change.construct(found.construct, path, found.line, message));
        }
    }
    for call in &facts.modules {
        if !reviewed
            .iter()
            .any(|facts| facts.modules.iter().any(|old| old.source == call.source && old.name == call.name))
        {
            examined.findings.extend(module(change, path, call));
        }
    }
    // A local module has no say in where the state is: only the stacks' own files do.
    if path.starts_with(&format!("{}/", layout::INFRA)) {
        for found in &facts.backends {
            let stands = reviewed.iter().any(|facts| facts.backends.iter().any(|old| same(old, found)));
            let plain = found.construct == "backend" && is_empty_block(&found.text);
            let is_new = plain && reviewed.is_empty();
            if !stands && !is_new {
                let message = format!("{} says where the state is, and kstack should", found.what);
                examined.pipeline.push(Finding::new(Level::Warn, "backend", message).in_file(path, found.line));
            }
        }
    }
    Ok(())
}

fn same(one: &Found, other: &Found) -> bool {
    (one.construct, &one.text) == (other.construct, &other.text)
}

/// Whether a block, as it is written in HCL or JSON, has nothing in it.
fn is_empty_block(text: &str) -> bool {
    let inside = text.split_once('{').and_then(|(_, rest)| rest.rsplit_once('}'));
    inside.is_some_and(|(inside, _)| inside.trim().is_empty())
}

/// A module from elsewhere that is not allowed.
fn module(change: &Guarded<'_>, path: &str, call: &Call) -> Option<Finding> {
    let (message, help) = match &call.source {
        Some(source) if is_local(source) => return None,
        Some(source) if change.policy().modules.iter().any(|pattern| glob_match(pattern, source)) => return None,
        Some(source) => (
            format!("module `{}` comes from `{source}`", call.name),
            format!(
                "copy it into `modules/`, or add `{source}` to `policy.modules` of `kstack.hcl` on the branch that this goes to"
            ),
        ),
        None => {
            (format!("where module `{}` comes from is computed", call.name), "write its source as a text".to_owned())
        }
    };
    Some(Finding::new(Level::Deny, "remote-module", message).in_file(path, call.line).with_help(help))
}

fn is_local(source: &str) -> bool {
    source == "." || source == ".." || source.starts_with("./") || source.starts_with("../")
}

/// Paths that lead out of the repository.
fn outside(change: &Guarded<'_>, closure: &Closure, examined: &mut Examined) -> Result<(), PolicyError> {
    for notice in &closure.notices {
        // Links are told by their own file.
        let Notice::Outside { path, line, target } = notice else { continue };
        let Some(line) = Some(*line).filter(|line| *line > 0) else { continue };
        let now = read(change.head, path)?;
        let mut stands = false;
        for snapshot in change.reviewed() {
            stands |= read(snapshot, path)? == now;
        }
        if !stands {
            let message = format!("`{target}` is outside of the repository");
            examined.findings.extend(change.construct("outside-file", path, Some(line), message));
        }
    }
    Ok(())
}

/// Whether Terraform or OpenTofu reads a file of this name as configuration.
fn is_configuration(path: &str) -> bool {
    [".tf", ".tf.json", ".tofu", ".tofu.json"].iter().any(|ending| path.ends_with(ending))
}
