//! `kstack promote`.

mod app;

use serde_json::json;

use super::{Context, delivery};
use crate::{
    error::CliError,
    exit::ExitCode,
    pipeline::{Promotion, PromotionRequest, RuleCheck, RuleState, Site},
    platform::{EnvironmentName, Trigger},
    repo::{CommitId, Repository},
    review::{BeforeInput, InstanceInput, Outcome, Review, ReviewInput},
    ui::promotion,
};

/// Take what one environment has had to the next, by the tag that delivers to it
///
/// Checks what the pipeline will check: that the commit is on the default branch, was delivered to the environment
/// before, that the clusters there are ready, and that there is a reviewed plan for all that is to be applied. Shows what
/// these plans do, then the git commands that promote; `--push` runs them. `kstack ci` delivers once the tag is pushed.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct PromoteArgs {
    #[command(subcommand)]
    command: Option<PromoteCommand>,
    /// Where to [default: the first environment that tags deliver to and that has not had the commit]
    environment: Option<EnvironmentName>,
    /// The commit [default: the last one of the default branch]
    #[arg(long, value_name = "REVISION")]
    commit: Option<String>,
    /// Name of the tag [default: the next number in the trigger's pattern]
    #[arg(long, value_name = "NAME")]
    tag: Option<String>,
    /// Make the tag and push it
    #[arg(long)]
    push: bool,
    /// Change nothing, even with `--push`
    #[arg(long)]
    dry_run: bool,
    /// The remote that the tag is pushed to
    #[arg(long, value_name = "NAME", default_value = "origin")]
    remote: String,
    /// Do not ask the clusters of the environment before
    #[arg(long, conflicts_with = "kubeconfig")]
    no_clusters: bool,
    #[command(flatten)]
    access: delivery::AccessArgs,
}

#[derive(Debug, clap::Subcommand)]
enum PromoteCommand {
    App(app::PromoteAppArgs),
}

/// Checks, shows, and tags if asked to.
///
/// # Errors
/// When a rule is broken, the tag cannot be named, or the remote refuses it.
pub fn run(context: &mut Context<'_>, args: &PromoteArgs) -> Result<ExitCode, CliError> {
    if let Some(PromoteCommand::App(args)) = &args.command {
        return app::run(context, args);
    }
    let site = Site::new(Repository::open(&context.directory)?, &context.cache()?);
    let commit = commit(&site, args)?;
    let request = PromotionRequest {
        commit,
        environment: args.environment.clone(),
        access: args.access.access(context),
        skip_clusters: args.no_clusters,
        remote: args.remote.clone(),
    };
    let promotion = context.block_on(site.promotion(&request))?;
    let tag = tag(&site, args, &promotion)?;
    let wanted = args.push && promotion.is_allowed() && !promotion.delivered;
    if !context.ui.is_json() {
        promotion::show(context.ui, &promotion);
        if !promotion.changes.is_empty() {
            context.ui.data(&format!("\n{}", review(&promotion).terminal(context.ui.styles())));
        }
    }
    let message = format!("Promote {} to {}", commit.short(), promotion.environment);
    if wanted && !args.dry_run {
        push(&site, &args.remote, &tag, commit, &message)?;
    }
    if context.ui.is_json() {
        let pushed = wanted && !args.dry_run;
        context.ui.json(&json!({
            "type": "promotion", "version": 1, "dry_run": args.dry_run, "allowed": promotion.is_allowed(), "tag": tag,
            "pushed": pushed, "promotion": promotion,
        }))?;
        context.ui.json(&review(&promotion).document())?;
    }
    require(context, &promotion.rules)?;
    let (environment, remote) = (&promotion.environment, &args.remote);
    if promotion.delivered {
        let short = commit.short();
        context.ui.status(&format!("`{environment}` has had commit `{short}` already; there is nothing to promote"));
    } else if wanted && args.dry_run {
        context.ui.status(&format!("would push tag `{tag}` to `{remote}`; nothing was changed"));
    } else if wanted {
        context.ui.status(&format!("pushed tag `{tag}` to `{remote}`: its pipeline delivers to `{environment}`"));
    } else if !context.ui.is_json() {
        context.ui.data(&promotion::commands(&tag, commit, &message, remote));
    }
    Ok(ExitCode::Done)
}

/// Makes the tag and pushes it.
fn push(site: &Site, remote: &str, tag: &str, commit: CommitId, message: &str) -> Result<(), CliError> {
    site.repository().tag(tag, commit, message)?;
    if let Err(error) = site.repository().push(remote, &format!("refs/tags/{tag}")) {
        // What was not pushed promotes nothing, and must not be in the way of the next try.
        site.repository().untag(tag)?;
        return Err(error.into());
    }
    Ok(())
}

/// Refuses to go on where a rule is broken, and warns where one cannot be told.
///
/// # Errors
/// When a rule is broken.
pub(super) fn require(context: &Context<'_>, rules: &[RuleCheck]) -> Result<(), CliError> {
    for check in rules.iter().filter(|check| check.state == RuleState::Unknown) {
        context.ui.warn(&check.says);
    }
    let Some(broken) = rules.iter().find(|check| check.state == RuleState::Broken) else { return Ok(()) };
    let error = CliError::user(broken.says.clone());
    Err(match &broken.hint {
        Some(hint) => error.hint(hint.clone()),
        None => error,
    })
}

/// The commit that is promoted.
fn commit(site: &Site, args: &PromoteArgs) -> Result<CommitId, CliError> {
    let repository = site.repository();
    if let Some(revision) = &args.commit {
        return Ok(repository.resolve(revision)?);
    }
    let platform = delivery::platform(site, repository.head()?)?;
    let default = &platform.default_branch;
    let tip = repository.resolve(&format!("{}/{default}", args.remote)).or_else(|_| repository.resolve(default))?;
    Ok(tip)
}

/// The name of the tag: the one that was given, if it promotes to where it should.
fn tag(site: &Site, args: &PromoteArgs, promotion: &Promotion) -> Result<String, CliError> {
    let pattern = &promotion.tag.pattern;
    let Some(name) = args.tag.clone().or_else(|| promotion.tag.name.clone()) else {
        let because = promotion.tag.because.as_deref().unwrap_or("the tag has no name");
        return Err(CliError::user(because).hint("name it with `--tag`"));
    };
    if !Trigger::Tag(pattern.clone()).matches_tag(&name) || !Repository::is_tag_name(&name) {
        return Err(CliError::usage(format!("tag `{name}` would not promote to `{}`", promotion.environment))
            .hint(format!("it has to match `{pattern}`, the trigger of the environment")));
    }
    if site.repository().tags()?.contains(&name) {
        return Err(CliError::user(format!("there is a tag `{name}` already"))
            .hint("leave `--tag` out: kstack takes the next one"));
    }
    Ok(name)
}

/// What the reviewed plans do, beside what the environment before got.
fn review(promotion: &Promotion) -> Review {
    let instances = promotion.changes.iter().map(|(instance, changes)| InstanceInput {
        instance: instance.clone(),
        outcome: Outcome::Planned(changes.clone()),
        protect: Vec::new(),
        reasons: Vec::new(),
        notices: Vec::new(),
    });
    let before = promotion
        .before
        .iter()
        .map(|before| BeforeInput { instance: before.instance.clone(), changes: before.changes.clone() });
    Review::new(&ReviewInput { instances: instances.collect(), before: before.collect(), ..ReviewInput::default() })
}
