//! Whether a reviewed plan is still exactly what applying the merged commit means.
//!
//! Each field that a plan is bound to is one [`Check`] with both values: what was reviewed, and what is found now.
//! [`Present`] holds a bundle's manifest against the commit and the state; [`plan_file`] holds the plan file, which is
//! what Terraform would really apply, against the manifest and the commit.

mod plan_file;
mod rules;

use std::fmt;

use serde::Serialize;

use crate::{closure::Closure, platform::Instance};

use crate::pipeline::bundle::{Bundle, Manifest, Program, StateVersion};

pub(in crate::pipeline) use plan_file::Inside;
pub(in crate::pipeline) use rules::allowed;

/// The field in which a reviewed plan and what was merged differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Field {
    /// No plan of the instance was ever kept.
    Plan,
    /// The stack that was planned.
    Stack,
    /// The environment that was planned for.
    Environment,
    /// Whether the stack is to be kept or destroyed.
    Purpose,
    /// Files that the plan depends on.
    Closure,
    /// The plan is kept in the clear, and the platform wants it sealed.
    Encryption,
    /// Inputs that were made up.
    Inputs,
    /// What has to be applied before.
    Stage,
    /// The values of outputs that were read of other states.
    ReadOutputs,
    /// There is a state where there was none, or none where there was one.
    State,
    /// The state is another one.
    StateLineage,
    /// The state was written since.
    StateSerial,
    /// Terraform, or its version.
    Terraform,
    /// The same version in another file.
    TerraformBinary,
    /// Providers, their versions or digests.
    Providers,
    /// What the platform allows and protects.
    Policy,
    /// The place where the plan would write the state.
    Backend,
    /// Whether planning came to its end.
    Completeness,
    /// What the policies say of what the plan would do.
    Rules,
    /// What the plan would do.
    Changes,
    /// The configuration inside the plan file.
    Configuration,
    /// A failed run left a state behind that was never pushed.
    ErroredState,
    /// The last run was cut short, and what it did is not clear.
    LastRun,
}

impl Field {
    /// Whether it may move on between review and apply without anybody changing what was reviewed: planning again
    /// then tells whether it still means the same.
    pub fn moves_on(self) -> bool {
        matches!(
            self,
            Self::ReadOutputs
                | Self::State
                | Self::StateSerial
                | Self::Terraform
                | Self::TerraformBinary
                | Self::Policy
        )
    }
}

impl Field {
    /// That it is not as it was, in words.
    pub(in crate::pipeline) fn differs(self) -> String {
        let is_many = matches!(self, Self::Inputs | Self::ReadOutputs | Self::Providers | Self::Changes);
        format!("{self} {}", if is_many { "differ" } else { "differs" })
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plan => "plan",
            Self::Stack => "stack",
            Self::Environment => "environment",
            Self::Purpose => "purpose",
            Self::Closure => "closure",
            Self::Encryption => "encryption",
            Self::Inputs => "inputs",
            Self::Stage => "stage",
            Self::ReadOutputs => "outputs of other states",
            Self::State => "state",
            Self::StateLineage => "state lineage",
            Self::StateSerial => "state serial",
            Self::Terraform => "terraform version",
            Self::TerraformBinary => "terraform binary",
            Self::Providers => "providers",
            Self::Policy => "policy",
            Self::Backend => "state backend",
            Self::Completeness => "completeness",
            Self::Rules => "policies",
            Self::Changes => "changes",
            Self::Configuration => "configuration",
            Self::ErroredState => "errored state",
            Self::LastRun => "last run",
        })
    }
}

/// One field of a bundle, held against what is there now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The field.
    pub field: Field,
    /// What was reviewed.
    pub reviewed: String,
    /// What was found.
    pub found: String,
    /// Whether the plan can be applied as far as this field goes.
    pub fits: bool,
}

impl Check {
    /// A field whose two values must be the same.
    fn same(field: Field, reviewed: impl Into<String>, found: impl Into<String>) -> Self {
        let (reviewed, found) = (reviewed.into(), found.into());
        Self { field, fits: reviewed == found, reviewed, found }
    }

    /// The refusal that it comes to, if it does not fit.
    pub(in crate::pipeline) fn refusal(&self, instance: &Instance) -> Option<Refusal> {
        let Self { field, reviewed, found, fits } = self.clone();
        (!fits).then(|| Refusal { instance: instance.clone(), field, reviewed, found })
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

impl Refusal {
    /// There is something else in the place of the plan.
    pub(in crate::pipeline) fn no_plan_file(instance: Instance) -> Self {
        let (reviewed, found) = ("a complete plan".to_owned(), "a bundle without a plan file".to_owned());
        Self { instance, field: Field::Completeness, reviewed, found }
    }

    /// What differs, without the instance.
    pub(in crate::pipeline) fn difference(&self) -> String {
        let text = self.to_string();
        text.strip_prefix(&format!("{}: ", self.instance)).map_or(text.clone(), ToOwned::to_owned)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { instance, field, reviewed, found } = self;
        match field {
            Field::Plan => write!(f, "{instance}: there is no reviewed plan: {found}"),
            Field::Rules => write!(f, "{instance}: refused by policy: {found}"),
            Field::ErroredState => write!(f, "{instance}: a failed run left a state that was never pushed: {found}"),
            Field::Stage => write!(f, "{instance}: it waits for {reviewed}, {found}"),
            Field::LastRun => write!(f, "{instance}: the last run was cut short: {found}"),
            field => write!(f, "{instance}: {}: reviewed {reviewed}, found {found}", field.differs()),
        }
    }
}

/// What an instance is now, to hold its bundles against.
pub(in crate::pipeline) struct Present<'a> {
    /// The instance.
    pub(in crate::pipeline) instance: &'a Instance,
    /// The closure at the merged commit; `None`: its stack is gone.
    pub(in crate::pipeline) closure: Option<&'a Closure>,
    /// Its state now.
    pub(in crate::pipeline) state: Option<&'a StateVersion>,
    /// The program that would apply.
    pub(in crate::pipeline) program: &'a Program,
    /// Hash of the platform's policy.
    pub(in crate::pipeline) policy: &'a str,
    /// Whether the platform wants its plans sealed.
    pub(in crate::pipeline) sealed: bool,
}

/// What became of looking for a bundle that fits.
#[derive(Debug)]
pub(in crate::pipeline) enum Choice {
    /// This one fits.
    Fits(Box<Bundle>),
    /// This one would, had the world not moved on; the refusal says in what.
    MovedOn(Box<Bundle>, Refusal),
    /// This one is the envelope of an instance that is planned in a later stage.
    Staged(Box<Bundle>),
    /// The newest one does not fit.
    Unfit(Refusal),
}

impl Present<'_> {
    /// The newest of `bundles`, which come newest first, that fits; or the newest that only the time has passed by;
    /// or why the newest does not fit; `None`: there are none.
    pub(in crate::pipeline) fn choose(&self, bundles: Vec<Bundle>) -> Option<Choice> {
        let (mut unfit, mut moved_on) = (None, None);
        for bundle in bundles {
            let misfits: Vec<Check> = self.checks(&bundle).into_iter().filter(|check| !check.fits).collect();
            // An envelope is planned anew in any case, so nothing that moves on can make it outdated.
            if bundle.manifest.staging.is_some() {
                let is_free = |check: &Check| check.field == Field::Inputs || check.field.moves_on();
                match misfits.iter().find(|check| !is_free(check)).and_then(|check| check.refusal(self.instance)) {
                    None => return Some(Choice::Staged(Box::new(bundle))),
                    refusal => unfit = unfit.or(refusal),
                }
                continue;
            }
            let Some(refusal) = misfits.first().and_then(|check| check.refusal(self.instance)) else {
                return Some(Choice::Fits(Box::new(bundle)));
            };
            if moved_on.is_none() && misfits.iter().all(|check| check.field.moves_on()) {
                moved_on = Some((bundle, refusal));
            } else {
                unfit = unfit.or(Some(refusal));
            }
        }
        match (moved_on, unfit) {
            (Some((bundle, refusal)), _) => Some(Choice::MovedOn(Box::new(bundle), refusal)),
            (None, unfit) => unfit.map(Choice::Unfit),
        }
    }

    /// Why there is no plan for the closure; `last` is the newest bundle of any closure.
    pub(in crate::pipeline) fn without_plan(&self, last: Option<&Bundle>) -> Refusal {
        let refusal = |reviewed: &str, found: &str| Refusal {
            instance: self.instance.clone(),
            field: Field::Plan,
            reviewed: reviewed.to_owned(),
            found: found.to_owned(),
        };
        let Some(last) = last else { return refusal("none", "the stack was never planned") };
        let Some(closure) = self.closure else {
            return refusal(
                "a plan that keeps the stack",
                "the last plan keeps the stack, the commit does not have it",
            );
        };
        let check = closure_check(&last.manifest, closure);
        check.refusal(self.instance).unwrap_or_else(|| refusal("a plan", "it was deleted meanwhile"))
    }

    /// Every field of the manifest, held against what is there now.
    pub(in crate::pipeline) fn checks(&self, bundle: &Bundle) -> Vec<Check> {
        let manifest = &bundle.manifest;
        let environment = |instance: &Instance| match &instance.environment {
            Some(name) => name.to_string(),
            None => "shared".to_owned(),
        };
        let purpose = |destroy| if destroy { "to destroy the stack" } else { "to keep the stack" };
        let mut checks = vec![
            Check::same(Field::Stack, manifest.instance.stack.as_str(), self.instance.stack.as_str()),
            Check::same(Field::Environment, environment(&manifest.instance), environment(self.instance)),
            Check::same(Field::Purpose, purpose(manifest.destroy), purpose(self.closure.is_none())),
        ];
        if let Some(closure) = self.closure.filter(|_| !manifest.destroy) {
            checks.push(closure_check(manifest, closure));
        }
        checks.push(Check {
            field: Field::Encryption,
            reviewed: if bundle.sealed { "a sealed plan" } else { "a plan in the clear" }.to_owned(),
            found: if self.sealed { "`recipients` in `kstack.hcl`" } else { "no `recipients` in `kstack.hcl`" }
                .to_owned(),
            fits: bundle.sealed || !self.sealed,
        });
        checks.push(Check {
            field: Field::Inputs,
            reviewed: if manifest.mocked.is_empty() { "real ones".to_owned() } else { listed(&manifest.mocked) },
            found: if manifest.mocked.is_empty() { "real ones" } else { "that they were made up for the plan" }
                .to_owned(),
            fits: manifest.mocked.is_empty(),
        });
        checks.extend(self.state_checks(manifest));
        let name = |program: &Program| format!("{} {}", program.product, program.version);
        checks.push(Check::same(Field::Terraform, name(&manifest.terraform), name(self.program)));
        let (then, now) = (&manifest.terraform.sha256, &self.program.sha256);
        checks.push(Check::same(Field::TerraformBinary, format!("sha256 {then}"), format!("sha256 {now}")));
        checks.push(Check::same(
            Field::Policy,
            format!("sha256 {}", manifest.policy),
            format!("sha256 {}", self.policy),
        ));
        checks
    }

    fn state_checks(&self, manifest: &Manifest) -> Vec<Check> {
        let existence = |serial: Option<u64>| match serial {
            Some(serial) => format!("one with serial {serial}"),
            None => "none".to_owned(),
        };
        match (&manifest.state, self.state) {
            (Some(then), Some(now)) => vec![
                Check::same(Field::StateLineage, &then.lineage, &now.lineage),
                Check::same(Field::StateSerial, then.serial.to_string(), now.serial.to_string()),
            ],
            (then, now) => {
                let then = then.as_ref().map(|state: &StateVersion| state.serial);
                vec![Check::same(Field::State, existence(then), existence(now.map(|state| state.serial)))]
            }
        }
    }
}

/// The closure that was planned and the one that is there now. Where they differ it names files: hashes tell nobody
/// anything.
fn closure_check(manifest: &Manifest, closure: &Closure) -> Check {
    let hash = closure.hash.to_string();
    if manifest.closure == hash {
        return Check::same(Field::Closure, &hash, &hash);
    }
    let reviewed = &manifest.files;
    let now = |path: &String| closure.files.get(path).map(|file| file.id.to_string());
    let mut different: Vec<String> =
        reviewed.iter().filter(|(path, id)| now(path).as_ref() != Some(id)).map(|(path, _)| path.clone()).collect();
    different.extend(closure.files.keys().filter(|path| !reviewed.contains_key(*path)).cloned());
    different.sort();
    let found = if different.is_empty() {
        "the same files with another hash".to_owned()
    } else {
        format!("other content in {}", listed(&different))
    };
    let reviewed = format!("commit {}", short(&manifest.commit));
    Check { field: Field::Closure, reviewed, found, fits: false }
}

/// The first three names, and how many there are beyond.
pub(in crate::pipeline) fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(3).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(3) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn short(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
}
