//! `kstack status`.

use serde_json::json;

use super::{Context, delivery};
use crate::{
    error::CliError,
    exit::ExitCode,
    pipeline::{ClusterSelection, PipelineError, Site, StatusRequest},
    platform::{EnvironmentName, Instance, StackName},
    repo::Repository,
    sync::RegistryStatus,
    ui::status,
};

/// Show what is applied, planned or pending, and how far the clusters are
///
/// First the infrastructure: each stack in each environment, from the commit, the records of what was applied and the
/// plan store; Terraform is not needed. Then the clusters that exist: whether their engine has delivered the commit.
/// Nothing is changed, and nothing is waited for.
#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    /// Only this stack; can be given several times
    stacks: Vec<StackName>,
    /// Only this environment; can be given several times
    #[arg(short, long = "environment", value_name = "NAME")]
    environments: Vec<EnvironmentName>,
    /// The commit that is to be applied and delivered
    #[arg(long, value_name = "REVISION", default_value = "HEAD")]
    commit: String,
    /// Leave the clusters out
    #[arg(long, conflicts_with = "kubeconfig")]
    no_clusters: bool,
    #[command(flatten)]
    access: delivery::AccessArgs,
    /// Exit with 2 when something is not applied, or a cluster does not hold the commit
    #[arg(long)]
    exit_code: bool,
}

/// Looks at infrastructure and clusters once and prints what they say.
///
/// # Errors
/// When the commit or a store cannot be read. A cluster that cannot be asked is told.
pub fn run(context: &mut Context<'_>, args: &StatusArgs) -> Result<ExitCode, CliError> {
    let site = Site::new(Repository::open(&context.directory)?, &context.cache()?);
    let commit = site.repository().resolve(&args.commit)?;
    let (environments, stacks) = (args.environments.clone(), args.stacks.clone());
    let report = context.block_on(site.infrastructure(&StatusRequest { commit, environments, stacks }))?;
    if context.ui.is_json() {
        for environment in &report.environments {
            context.ui.json(&status::environment_document(environment))?;
        }
        for instance in &report.instances {
            context.ui.json(&status::instance_document(instance))?;
        }
    } else {
        let styles = *context.ui.styles();
        for line in report.environments.iter().filter_map(status::lock) {
            context.ui.data(&styles.warning(line));
        }
        if report.instances.is_empty() {
            context.ui.status("there are no stacks below `infra/` yet");
        } else {
            context.ui.data(&status::infrastructure(styles, &report.instances));
        }
    }
    let mut good = report.is_applied();
    for environment in report.environments.iter().filter(|_| !args.no_clusters) {
        let selection = ClusterSelection {
            commit,
            environment: environment.environment.clone(),
            // Those that are gone from the commit are infrastructure alone.
            stacks: args.stacks.clone(),
            access: args.access.access(context),
        };
        for (instance, seen) in context.block_on(site.cluster_status(&selection))? {
            good &= cluster(context, &instance, seen)?;
        }
    }
    Ok(if args.exit_code && !good { ExitCode::Different } else { ExitCode::Done })
}

/// Shows one cluster. Returns whether it holds the commit.
fn cluster(
    context: &Context<'_>,
    instance: &Instance,
    seen: Result<RegistryStatus, PipelineError>,
) -> Result<bool, CliError> {
    let status = match seen {
        Ok(status) => status,
        Err(error) => {
            let error = CliError::from(error);
            let problem = std::iter::once(error.to_string()).chain(error.causes()).collect::<Vec<_>>().join(": ");
            if context.ui.is_json() {
                let document =
                    json!({ "type": "status-problem", "version": 1, "instance": instance, "message": problem });
                context.ui.json(&document)?;
            }
            context.ui.warn(&format!("the cluster of {instance} cannot be asked: {problem}"));
            error.hints().iter().for_each(|hint| context.ui.hint(hint));
            return Ok(false);
        }
    };
    let ready = status.is_ready();
    if context.ui.is_json() {
        let document =
            json!({ "type": "status", "version": 1, "instance": instance, "ready": ready, "status": status });
        context.ui.json(&document)?;
    } else {
        let styles = *context.ui.styles();
        context.ui.data(&format!("\n{}", styles.bold(instance)));
        context.ui.data(&status::cluster(styles, &status));
    }
    Ok(ready)
}
