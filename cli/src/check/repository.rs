//! All static checks of a repository, and what they found.

use crate::{
    hcl::Diagnostic,
    platform::{BuriedStack, Platform, layout},
};

use super::{Files, configuration, kustomize, placeholders, policies, stacks, syntax, workflows, yaml::Manifests};

/// What was looked at, and what is wrong.
#[derive(Debug)]
pub struct Report {
    /// How many files were read.
    pub files: usize,
    /// How many stacks there are.
    pub stacks: usize,
    /// How many environments there are.
    pub environments: usize,
    /// The problems, by file and line.
    pub problems: Vec<Diagnostic>,
    /// Folders that look like stacks and are none.
    pub buried: Vec<BuriedStack>,
    /// What works but should be looked at, by file and line.
    pub warnings: Vec<Diagnostic>,
}

impl Report {
    /// How much was looked at, in words.
    pub fn extent(&self) -> String {
        let counted = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
        let (files, stacks) = (counted(self.files, "file"), counted(self.stacks, "stack"));
        format!("{files}, {stacks}, {}", counted(self.environments, "environment"))
    }

    /// How many problems there are, in words.
    pub fn verdict(&self) -> String {
        match self.problems.len() {
            0 => "no problem".to_owned(),
            1 => "a problem".to_owned(),
            count => format!("{count} problems"),
        }
    }
}

/// Checks `files`. Problems of one file do not keep the others from being checked; only what needs
/// a readable `kstack.hcl` is left out without one.
pub fn repository(files: &Files) -> Report {
    let (mut problems, mut warnings) = (Vec::new(), Vec::new());
    let mut manifests = Manifests::default();
    let platform = files.text(layout::PLATFORM_FILE).and_then(|file| match Platform::parse(&file.path, &file.text) {
        Ok(platform) => Some(platform),
        Err(error) => {
            problems.extend(error.into_problems());
            None
        }
    });
    let documents = syntax::hcl(files, &mut problems);
    syntax::manifests(files, &mut manifests, &mut problems);
    placeholders::check(files, &mut problems);
    workflows::check(files, &mut problems, &mut warnings);
    kustomize::check(files, &mut manifests, &mut problems);
    policies::check(files, &mut problems);
    let stacks = stacks::find(files, platform.as_ref(), &mut problems);
    if let Some(platform) = &platform {
        let context = stacks::Context { files, documents: &documents, platform };
        stacks::environments(files, platform, &mut problems);
        stacks::instances(&context, &stacks, &mut manifests, &mut problems);
        configuration::check(&context, &stacks, &mut problems, &mut warnings);
    }
    for found in [&mut problems, &mut warnings] {
        found.sort_by(|a, b| (&a.file.path, a.span.start).cmp(&(&b.file.path, b.span.start)));
    }
    Report {
        files: files.count(),
        stacks: stacks.len(),
        environments: platform.map_or(0, |platform| platform.environments.len()),
        problems,
        buried: BuriedStack::find(files.below(layout::INFRA).map(|file| (file.path.as_str(), file.text.as_str()))),
        warnings,
    }
}
