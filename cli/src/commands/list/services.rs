//! `kstack list services`.

use serde_json::json;

use super::Context;
use crate::{
    commands::change,
    error::CliError,
    exit::ExitCode,
    scaffold::{Catalogue, Registry, Service, Workspace},
    ui::Table,
};

/// List the services of the catalogue and of the platform, and which clusters have them
#[derive(Debug, clap::Args)]
pub struct ListServicesArgs {
    /// Only those that some cluster has
    #[arg(long)]
    used: bool,
}

/// Lists services.
///
/// # Errors
/// When the platform cannot be read.
pub(super) fn run(context: &Context<'_>, args: &ListServicesArgs) -> Result<ExitCode, CliError> {
    let catalogue = Catalogue::read(&change::assets()?)?;
    let workspace = change::open(context)?;
    let own: Vec<Service> = workspace
        .services()
        .iter()
        .filter(|name| catalogue.get(name).is_err())
        .map(|name| Service { description: "not in the catalogue".to_owned(), ..Service::bare(name) })
        .collect();
    let mut services: Vec<&Service> = catalogue.services().iter().chain(&own).collect();
    services.sort_by(|one, other| one.name.cmp(&other.name));
    let mut table = Table::new(*context.ui.styles(), &["SERVICE", "CHART", "CLUSTERS", "DESCRIPTION"]);
    for service in services {
        let having = having(&workspace, &service.name);
        if args.used && having.is_empty() {
            continue;
        }
        if context.ui.is_json() {
            let registry =
                |registry: &Registry| json!({ "cluster": registry.cluster, "environment": registry.environment });
            context.ui.json(&json!({
                "type": "service", "version": 1, "service": service.name, "description": service.description,
                "catalogue": catalogue.get(&service.name).is_ok(), "providers": service.providers,
                "requires": service.requires,
                "charts": service.charts.iter().map(|chart| json!({
                    "name": chart.name, "chart_version": chart.version, "source": chart.source,
                })).collect::<Vec<_>>(),
                "registries": having.iter().map(registry).collect::<Vec<_>>(),
            }))?;
            continue;
        }
        let charts = service.charts.iter().map(|chart| chart.version.as_str()).collect::<Vec<_>>().join(", ");
        table.row([service.name.clone(), charts, change::places(&having), service.description.clone()]);
    }
    if !context.ui.is_json() {
        context.ui.data(&table.render());
        context.ui.status("\n`kstack add service NAME` adds one");
    }
    Ok(ExitCode::Done)
}

/// The registries that list the service called `name`.
fn having(workspace: &Workspace, name: &str) -> Vec<Registry> {
    let has = |registry: &&Registry| workspace.listed(registry).iter().any(|listed| listed.is_service(name));
    workspace.registries().iter().filter(has).cloned().collect()
}
