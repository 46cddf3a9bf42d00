//! Errors of `pipeline/` for the user.

use super::{CliError, ErrorKind};
use crate::{
    pipeline::{BundleFormat, Field, KEY, KEY_FILE, PipelineError, Refusal, SealError, ShardError},
    terraform::StateFileError,
};

impl From<PipelineError> for CliError {
    fn from(error: PipelineError) -> Self {
        match error {
            PipelineError::Store(error) => error.into(),
            PipelineError::Location(error) => error.into(),
            PipelineError::Repo(error) => error.into(),
            PipelineError::Closure(error) => error.into(),
            PipelineError::Policy(error) => error.into(),
            PipelineError::Terraform(error) => (*error).into(),
            PipelineError::Refused { refusals } => refused(&refusals),
            error @ (PipelineError::Locked { .. } | PipelineError::LockRace { .. }) => {
                Self::new(ErrorKind::External, error)
                    .hint("wait for it to end; a run that died gives up its lock after four minutes")
                    .hint("`kstack unlock` tells whether it is dead, and removes its locks then")
            }
            error @ PipelineError::LockLost => {
                Self::new(ErrorKind::External, error).hint("check `kstack apply --dry-run` before applying again")
            }
            PipelineError::UnknownEnvironment { ref known, .. } => {
                let known = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                Self::new(ErrorKind::User, error).hint(format!("`kstack.hcl` has: {known}"))
            }
            PipelineError::NotInEnvironment { ref has, .. } => {
                let hint =
                    format!("it is in: {}", has.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "));
                Self::new(ErrorKind::User, error).hint(hint)
            }
            PipelineError::UnknownStack { near: Some(ref near), .. } => {
                let hint = format!("did you mean `{near}`?");
                Self::new(ErrorKind::User, error).hint(hint)
            }
            PipelineError::UnknownStack { near: None, .. } => {
                Self::new(ErrorKind::User, error).hint("`kstack list` shows them all")
            }
            PipelineError::Sync(error) => error.into(),
            PipelineError::LocalCluster { ref sandbox, .. } => {
                let hint = format!("start it with `kstack sandbox up {sandbox}`, then run the command again");
                Self::new(ErrorKind::External, error).hint(hint)
            }
            error @ PipelineError::NotApplied { .. } => Self::new(ErrorKind::User, error)
                .hint("run `kstack apply` first, or name the cluster with `--kubeconfig`"),
            PipelineError::ProviderNotAllowed { ref provider, .. } => {
                let hint = format!("add `{provider}` to `policy.providers` of `kstack.hcl` if it is to be trusted");
                Self::new(ErrorKind::User, error).hint(hint)
            }
            error @ PipelineError::OneCluster { .. } => {
                Self::new(ErrorKind::Usage, error).hint("name one with `--stack`, or leave `--kubeconfig` out")
            }
            error @ PipelineError::NoRemote { .. } => {
                Self::new(ErrorKind::User, error).hint("add it with `git remote add origin <url>` and push")
            }
            PipelineError::NotPushed { ref branch, remote, .. } => {
                let hint = format!("merge and push it first: `git push {remote} {branch}`");
                Self::new(ErrorKind::User, error).hint(hint)
            }
            error @ PipelineError::BundleRead { .. } => {
                let hint = match &error {
                    PipelineError::BundleRead { source: BundleFormat::Version(_), .. } => {
                        "plan again with this version of kstack, or apply with the one that planned".to_owned()
                    }
                    PipelineError::BundleRead {
                        source: BundleFormat::Seal(SealError::NoKey | SealError::OtherKey { .. }),
                        ..
                    } => format!(
                        "set `{KEY}` to the secret key of one of the `recipients` in `kstack.hcl`, or `{KEY_FILE}` to a file \
                         that has it"
                    ),
                    _ => {
                        "find out who wrote to the plan store; then delete the bundle, plan again, and have it reviewed"
                            .to_owned()
                    }
                };
                Self::new(ErrorKind::External, error).hint(hint)
            }
            error @ PipelineError::Seal(SealError::Key { .. }) => {
                Self::new(ErrorKind::User, error).hint("a key is a line `AGE-SECRET-KEY-1…`, as `age-keygen` writes it")
            }
            error @ PipelineError::Seal(_) => Self::new(ErrorKind::User, error),
            error @ PipelineError::NotByTag { .. } => Self::new(ErrorKind::User, error)
                .hint("merge into that branch: the pipeline delivers what is pushed there"),
            error @ PipelineError::NoPromotion => Self::new(ErrorKind::User, error)
                .hint("write `trigger = \"tag:<pattern>\"` into an environment of `kstack.hcl`"),
            error @ PipelineError::NoBundle { .. } => {
                Self::new(ErrorKind::User, error).hint("`kstack plan` keeps one for each stack that a change affects")
            }
            PipelineError::Record { ref key, .. } => {
                let hint = record(key);
                Self::new(ErrorKind::External, error).hint(hint)
            }
            error @ PipelineError::StateLock { .. } => {
                Self::new(ErrorKind::External, error).hint("when nobody works on that state, delete the lock")
            }
            error @ (PipelineError::NoBootstrap { .. }
            | PipelineError::BucketDenied { .. }
            | PipelineError::BucketTaken { .. }
            | PipelineError::StatesDiffer { .. }) => bootstrap(error),
            error @ PipelineError::NoState { .. } => {
                Self::new(ErrorKind::User, error).hint("`kstack plan` and `kstack apply` bring it about")
            }
            error @ PipelineError::NoStore { .. } => Self::new(ErrorKind::User, error)
                .hint("`kstack bootstrap` makes it; if it is there, check the `state` of `kstack.hcl` and the account"),
            error @ PipelineError::State { .. } => state(error),
            error @ PipelineError::StatesUnreadable { .. } => unreadable(error),
            PipelineError::Plan(error) => error.into(),
            error @ PipelineError::Task(_) => Self::new(ErrorKind::Internal, error),
            error => Self::new(ErrorKind::External, error),
        }
    }
}

/// What to do about a broken record.
fn record(key: &str) -> &'static str {
    match key.split('/').next() {
        Some("lock") => "put back an older version of it, or delete it when no run is going on",
        Some("journal" | "open") => {
            "put back an older version of it; if there is none, compare the resources of its run with their states, then \
             delete it"
        }
        Some("applied") => {
            "put back an older version of it, or delete it: the instance is then planned and applied again"
        }
        _ => "put back an older version of it",
    }
}

/// A state that is there, and says nothing to us.
fn state(error: PipelineError) -> CliError {
    let hint = match &error {
        PipelineError::State { source: StateFileError::Encrypted, .. } => {
            "set `KSTACK_TERRAFORM` to `tofu`, and whatever its `encryption` needs: kstack leaves such states to it"
        }
        PipelineError::State { source: StateFileError::Format { .. }, .. } => {
            "Terraform 0.12 and newer write format 4: `terraform apply` with a newer version converts an older state"
        }
        _ => "put back an older version of it: buckets for states keep them, and Terraform a `.backup` beside a file",
    };
    CliError::new(ErrorKind::External, error).hint(hint)
}

/// Several of them, with what can be done about any.
fn unreadable(error: PipelineError) -> CliError {
    let mut whole = CliError::new(ErrorKind::External, error.to_string());
    let PipelineError::StatesUnreadable { failures, .. } = error else { return whole };
    for (_, failure) in failures {
        for hint in CliError::from(failure).hints() {
            if !whole.hints().contains(hint) {
                whole = whole.hint(hint);
            }
        }
    }
    whole
}

/// What keeps a new account from being set up.
fn bootstrap(error: PipelineError) -> CliError {
    let hints = match &error {
        PipelineError::NoBootstrap { exists: false, .. } => vec![
            "`kstack init` writes it for platforms whose state lies in a bucket".to_owned(),
            "a bucket that was made by hand needs no bootstrap: `kstack plan` uses it as it is".to_owned(),
        ],
        PipelineError::NoBootstrap { .. } => vec!["write `shared = true` into its `stack.hcl`".to_owned()],
        PipelineError::BucketDenied { .. } => vec![
            "names of buckets are unique in all of a cloud: it may be somebody else's; then name another in `kstack.hcl`"
                .to_owned(),
            "if it is yours, check which account the credentials in the environment belong to".to_owned(),
        ],
        PipelineError::BucketTaken { location, address, resource_type } => {
            let bucket = location.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
            let id = match resource_type.as_str() {
                "azurerm_storage_account" => "<resource id of the storage account>",
                _ => bucket,
            };
            vec![
                format!(
                    "if it is yours, take it over: commit an `import` block in `infra/bootstrap` with `to = {address}` and \
                     `id = \"{id}\"`, and run this again"
                ),
                "if it is not, name another in `kstack.hcl`, `infra/bootstrap` and `environments/`".to_owned(),
            ]
        }
        PipelineError::StatesDiffer { .. } => vec![
            "find out which one is true (`terraform show`), and move the other one away".to_owned(),
            "nothing was changed by this run".to_owned(),
        ],
        _ => Vec::new(),
    };
    hints.into_iter().fold(CliError::new(ErrorKind::User, error), CliError::hint)
}

impl From<ShardError> for CliError {
    fn from(error: ShardError) -> Self {
        let hint = match &error {
            ShardError::Io { .. } => None,
            ShardError::Nothing { .. } | ShardError::Missing { .. } => {
                Some("look at the logs of those jobs, and run them again; the results of the others can stay")
            }
            ShardError::Doubled { .. } | ShardError::OtherNumber { .. } | ShardError::OtherChange { .. } => {
                Some("give each run a folder of its own, and empty it before a run is repeated")
            }
            ShardError::Damaged { .. } | ShardError::OtherPart { .. } => Some("run the job of that shard again"),
            ShardError::OtherVersion { .. } => Some("all jobs of a run need the same version of kstack"),
        };
        let error = Self::new(ErrorKind::User, error);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

fn refused(refusals: &[Refusal]) -> CliError {
    let lines: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    let mut error =
        CliError::user(format!("nothing was applied: not everything is as it was reviewed\n  {}", lines.join("\n  ")));
    let has = |field| refusals.iter().any(|refusal| refusal.field == field);
    if has(Field::ErroredState) {
        error = error.hint("`kstack resume` pushes that state; for a sealed one it needs the key");
    }
    if has(Field::LastRun) {
        error = error.hint("`kstack resume` goes on with that run, and says what to look at");
    }
    if has(Field::Plan) {
        error = error.hint("was `kstack plan` run for this change, with the same plan store?");
    }
    if has(Field::Configuration) {
        error = error.hint("the plan was not made from these files: find out who wrote to the plan store");
    }
    if has(Field::Encryption) {
        error = error.hint("who can read the plan store could read that plan: delete it, and plan again");
    }
    if has(Field::Rules) {
        if refusals.iter().any(|refusal| refusal.field == Field::Rules && refusal.found.contains("(protected)")) {
            error = error.hint(
                "what is protected needs the line `kstack: allow destroy <address>` in the pull request's description",
            );
        }
        error = error.hint("`kstack policy list` shows the rules; `kstack plan` what they say of a change");
    }
    if has(Field::Stage) {
        error = error.hint("apply what it waits for first, or in the same run");
    }
    let foreign = |field| {
        use Field::{Backend, Completeness, Inputs, Providers, Purpose, Stack};
        matches!(field, Stack | Purpose | Inputs | Providers | Completeness | Backend)
    };
    if has(Field::Environment) {
        error =
            error.hint("name the plan's own environment with `--environment`, or find out who wrote to the plan store");
    }
    if refusals.iter().any(|refusal| foreign(refusal.field)) {
        error = error.hint("`kstack plan` does not make such a bundle: find out who wrote to the plan store");
    }
    let told = |field| {
        use Field::{Configuration, Encryption, ErroredState, LastRun, Plan, Rules, Stage};
        matches!(field, ErroredState | LastRun | Plan | Configuration | Encryption | Rules | Stage) || foreign(field)
    };
    if refusals.iter().any(|refusal| !told(refusal.field)) {
        error = error.hint("run `kstack plan` for the commit, have the new plan reviewed, then apply again");
    }
    error
}
