//! Whether a reviewed plan is still exactly what applying the merged commit means.

use std::fmt;

use serde::Serialize;

use crate::{
    closure::Closure,
    platform::{Instance, layout},
    repo::{Snapshot, blob_id},
    terraform::{PlanFile, StateFile},
};

use super::{
    PipelineError,
    bundle::{Bundle, Program, StateVersion},
};

/// The field in which a reviewed plan and what was merged differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Field {
    /// No plan of the instance was ever kept.
    Plan,
    /// Files that the plan depends on.
    Closure,
    /// There is a state where there was none, or none where there was one.
    State,
    /// The state is another one.
    StateLineage,
    /// The state was written since.
    StateSerial,
    /// Terraform, or its version.
    Terraform,
    /// The configuration inside the plan file.
    Configuration,
    /// A failed run left a state behind that was never pushed.
    ErroredState,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plan => "plan",
            Self::Closure => "closure",
            Self::State => "state",
            Self::StateLineage => "state lineage",
            Self::StateSerial => "state serial",
            Self::Terraform => "terraform version",
            Self::Configuration => "configuration",
            Self::ErroredState => "errored state",
        })
    }
}

/// Why an instance's reviewed plan is not applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The instance.
    pub instance: Instance,
    /// What differs.
    pub field: Field,
    /// What was reviewed.
    pub reviewed: String,
    /// What was found.
    pub found: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { instance, field, reviewed, found } = self;
        match field {
            Field::Plan => write!(f, "{instance}: there is no reviewed plan: {found}"),
            Field::ErroredState => write!(f, "{instance}: a failed run left a state that was never pushed: {found}"),
            field => write!(f, "{instance}: {field} differs: reviewed {reviewed}, found {found}"),
        }
    }
}

/// What an instance is now, to hold its bundles against.
pub(super) struct Present<'a> {
    /// The instance.
    pub(super) instance: &'a Instance,
    /// The closure at the merged commit; `None`: its stack is gone.
    pub(super) closure: Option<&'a Closure>,
    /// Its state now.
    pub(super) state: Option<&'a StateFile>,
    /// The program that would apply.
    pub(super) program: &'a Program,
}

impl Present<'_> {
    fn refusal(&self, field: Field, reviewed: impl Into<String>, found: impl Into<String>) -> Refusal {
        Refusal { instance: self.instance.clone(), field, reviewed: reviewed.into(), found: found.into() }
    }

    /// The newest of `bundles`, which share the closure, that fits in everything else too; `None` when
    /// there are none; otherwise why the newest does not fit.
    pub(super) fn choose(&self, bundles: impl Iterator<Item = Bundle>) -> Result<Option<Bundle>, Refusal> {
        let mut first_problem = None;
        for bundle in bundles {
            match self.differs(&bundle) {
                None => return Ok(Some(bundle)),
                Some(refusal) => first_problem = first_problem.or(Some(refusal)),
            }
        }
        first_problem.map_or(Ok(None), Err)
    }

    /// Why there is no plan for the closure; `last` is the newest bundle of any closure.
    pub(super) fn without_plan(&self, last: Option<&Bundle>) -> Refusal {
        let Some(last) = last else { return self.refusal(Field::Plan, "none", "the stack was never planned") };
        let Some(closure) = self.closure else {
            let found = "the last plan keeps the stack, the commit does not have it";
            return self.refusal(Field::Plan, "a plan that keeps the stack", found);
        };
        let reviewed = &last.manifest.files;
        let now = |path: &String| closure.files.get(path).map(|file| file.id.to_string());
        let mut different: Vec<&String> =
            reviewed.iter().filter(|(path, id)| now(path).as_ref() != Some(id)).map(|(path, _)| path).collect();
        different.extend(closure.files.keys().filter(|path| !reviewed.contains_key(*path)));
        different.sort();
        let shown: Vec<String> = different.iter().take(3).map(|path| format!("`{path}`")).collect();
        let more = different.len().saturating_sub(shown.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        self.refusal(
            Field::Closure,
            format!("commit {}", short(&last.manifest.commit)),
            format!("other content in {}{more}", shown.join(", ")),
        )
    }

    fn differs(&self, bundle: &Bundle) -> Option<Refusal> {
        let manifest = &bundle.manifest;
        let serial = |state: &StateVersion| format!("one with serial {}", state.serial);
        match (&manifest.state, self.state) {
            (None, None) => {}
            (None, Some(now)) => {
                return Some(self.refusal(Field::State, "none", format!("one with serial {}", now.serial)));
            }
            (Some(then), None) => return Some(self.refusal(Field::State, serial(then), "none")),
            (Some(then), Some(now)) if then.lineage != now.lineage => {
                return Some(self.refusal(Field::StateLineage, &then.lineage, &now.lineage));
            }
            (Some(then), Some(now)) if then.serial != now.serial => {
                return Some(self.refusal(Field::StateSerial, then.serial.to_string(), now.serial.to_string()));
            }
            (Some(_), Some(_)) => {}
        }
        if manifest.terraform != *self.program {
            let name = |program: &Program| format!("{} {}", program.product, program.version);
            return Some(self.refusal(Field::Terraform, name(&manifest.terraform), name(self.program)));
        }
        None
    }
}

/// Compares the configuration inside the plan file with the files of the commit: what Terraform would
/// apply is what Git holds, whatever the bundle's manifest claims.
///
/// # Errors
/// When the plan file or the repository cannot be read.
pub(super) fn configuration(
    instance: &Instance,
    plan: &PlanFile,
    snapshot: &Snapshot,
) -> Result<Option<Refusal>, PipelineError> {
    for (path, embedded) in plan.configuration(&layout::stack(&instance.stack))?.files {
        let found = match snapshot.read(&path)? {
            Some(blob) if blob.id == blob_id(&embedded) => continue,
            Some(_) => "other content in the commit",
            None => "no such file in the commit",
        };
        return Ok(Some(Refusal {
            instance: instance.clone(),
            field: Field::Configuration,
            reviewed: format!("`{path}` as the plan holds it"),
            found: found.to_owned(),
        }));
    }
    Ok(None)
}

fn short(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
}
