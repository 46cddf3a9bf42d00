//! `kstack validate`.

use super::Context;
use crate::{
    check::{self, Files},
    closure,
    error::CliError,
    exit::ExitCode,
    policy::{self, Finding, Guarded},
    repo::Repository,
    review::{Review, ReviewInput},
    ui::diagnostic_document,
};

/// Check the platform's files without touching anything
#[derive(Debug, clap::Args)]
pub struct ValidateArgs {
    /// Also run `terraform fmt -check` and `terraform validate` on every stack
    #[arg(long)]
    terraform: bool,
    /// Also look for what the guard refuses or holds up on a pull request, in what the files add to the branch BASE
    /// [default: the default branch]
    #[arg(long, value_name = "BASE", num_args = 0..=1, default_missing_value = "")]
    guard: Option<String>,
}

/// Checks the files of the platform and reports all problems at once.
///
/// # Errors
/// When there is no platform, a file cannot be read, or anything is wrong.
pub fn run(context: &mut Context<'_>, args: &ValidateArgs) -> Result<ExitCode, CliError> {
    let root = context.platform_root();
    let files = Files::read(root)?;
    let mut report = check::repository(&files);
    if args.terraform && report.problems.is_empty() {
        let work = context.cache()?.join("validate").join(root.strip_prefix("/").unwrap_or(root));
        report.problems = check::terraform(root, &files, &work)?;
    }
    for buried in &report.buried {
        context.ui.warn(&buried.to_string());
    }
    context.ui.warnings(&report.warnings);
    if !report.problems.is_empty() {
        return Err(report.into());
    }
    let findings = args.guard.as_deref().map(|base| guard(context, base)).transpose()?;
    if context.ui.is_json() {
        let mut document = serde_json::json!({
            "type": "validate", "version": 1, "files": report.files, "stacks": report.stacks,
            "environments": report.environments, "terraform": args.terraform,
            "warnings": report.warnings.iter().map(diagnostic_document).collect::<Vec<_>>(),
        });
        if let Some(findings) = &findings {
            document["guard"] = serde_json::json!(findings);
        }
        context.ui.json(&document)?;
    } else {
        context.ui.data(&format!("valid: {}", report.extent()));
        if let Some(findings) = findings.clone().filter(|findings| !findings.is_empty()) {
            let review = Review::new(&ReviewInput { findings, ..ReviewInput::default() });
            context.ui.data(&format!("\n{}", review.terminal(context.ui.styles())));
        }
    }
    let denied = findings.iter().flatten().any(Finding::denies);
    Ok(if denied { ExitCode::Failed } else { ExitCode::Done })
}

/// What the guard finds in what the work tree adds to `base`, a branch; empty: the default one.
fn guard(context: &Context<'_>, base: &str) -> Result<Vec<Finding>, CliError> {
    let repository = Repository::open(&context.directory)?;
    let head = repository.worktree_snapshot()?;
    let platform = closure::load_platform(&head)?;
    let tip = match base {
        "" => {
            let branch = &platform.default_branch;
            repository.resolve(&format!("origin/{branch}")).or_else(|_| repository.resolve(branch))?
        }
        base => repository.resolve(base)?,
    };
    let trusted = repository.commit_snapshot(tip)?;
    let began = repository.commit_snapshot(repository.merge_base(tip, repository.head()?)?)?;
    let before = closure::load_platform(&trusted)?;
    let guarded = Guarded { trusted: Some((&trusted, &before)), base: Some(&began), head: &head, platform: &platform };
    let examined = policy::examine(&guarded)?;
    Ok(examined.findings.into_iter().chain(examined.pipeline).collect())
}
