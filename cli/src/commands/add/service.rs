//! `kstack add service`.

use std::{fs, path::PathBuf};

use super::Context;
use crate::{
    commands::change::{self, PreviewArg, SelectionArgs},
    error::CliError,
    exit::ExitCode,
    platform::{ServiceName, form},
    scaffold::{
        self, Added, Catalogue, Chart, Namespace, NewService, PodSecurity, Service, add_custom_service, add_service,
    },
};

/// Add a service to clusters, and what it requires
///
/// Services come from the catalogue, which `kstack list services` shows; with `--chart` or `--manifests` from anywhere.
/// Files of the platform are written and edited, nothing else: the change is reviewed and delivered like any other.
/// What is there already stays as it is, so that it can be run again.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  # From the catalogue, to all clusters that it works on
  kstack add service external-dns

  # To one cluster in one environment, shown first
  kstack add service karpenter --cluster eks-gc0-eu-west-1 --environment ops --dry-run

  # A chart, by its address or out of a repository of charts
  kstack add service podinfo --chart oci://ghcr.io/stefanprodan/charts/podinfo --version 6.9.1
  kstack add service vpa --chart vpa --repository https://charts.fairwinds.com/stable --version 4.7.2 --values vpa.yaml

  # A folder of manifests, which is copied
  kstack add service quotas --manifests ../quotas")]
pub struct AddServiceArgs {
    /// Its name: one of the catalogue, or one of your own
    #[arg(value_name = "NAME")]
    name: ServiceName,
    #[command(flatten)]
    selection: SelectionArgs,
    /// Chart that is the service: `oci://…`, or its name in `--repository`
    #[arg(long, value_name = "CHART", requires = "version", conflicts_with = "manifests")]
    chart: Option<String>,
    /// Repository of charts, `https://…`
    #[arg(long, value_name = "URL", requires = "chart")]
    repository: Option<String>,
    /// Version of the chart
    #[arg(long, value_name = "VERSION", requires = "chart")]
    version: Option<String>,
    /// File with values of the chart, which is copied
    #[arg(long, value_name = "FILE", requires = "chart")]
    values: Option<PathBuf>,
    /// Folder with manifests that are the service, which is copied
    #[arg(long, value_name = "DIR")]
    manifests: Option<PathBuf>,
    /// Namespace of the service [default: its name for a chart, none for manifests]
    #[arg(long, value_name = "NAME")]
    namespace: Option<ServiceName>,
    /// What pods of that namespace may do: `restricted`, `baseline` or `privileged`
    #[arg(long, value_name = "LEVEL", default_value = "baseline")]
    pod_security: PodSecurity,
    /// Let the engine decrypt files with SOPS, by the key in the Secret `sops-age`
    #[arg(long)]
    sops: bool,
    #[command(flatten)]
    preview: PreviewArg,
}

/// Adds a service.
///
/// # Errors
/// When there is no such service or cluster, or a file cannot be read or written.
pub(super) fn run(context: &Context<'_>, args: &AddServiceArgs) -> Result<ExitCode, CliError> {
    let assets = change::assets()?;
    let mut workspace = change::open(context)?;
    let selection = args.selection.selection();
    let added = if args.chart.is_some() || args.manifests.is_some() {
        let new = custom(context, args, &Catalogue::read(&assets)?)?;
        add_custom_service(&mut workspace, &assets, &new, &selection, args.sops)?
    } else {
        add_service(&mut workspace, &assets, args.name.as_str(), &selection, args.sops)?
    };
    let is_changed = change::finish(context, &workspace, &args.preview)?;
    report(context, args, &added, is_changed);
    Ok(ExitCode::Done)
}

/// A service that is not in the catalogue.
fn custom(context: &Context<'_>, args: &AddServiceArgs, catalogue: &Catalogue) -> Result<NewService, CliError> {
    let read = |path: &PathBuf| {
        let path = context.directory.join(path);
        fs::read_to_string(&path).map_err(|error| CliError::user(format!("cannot read `{}`: {error}", path.display())))
    };
    let mut service = Service { description: "a service of our own".to_owned(), ..Service::bare(args.name.as_str()) };
    let mut own = Vec::new();
    let mut namespace = args.namespace.as_ref().map(ToString::to_string);
    if let (Some(chart), Some(version)) = (&args.chart, &args.version) {
        let chart = named(chart, args.repository.as_deref(), version)?;
        if let Some(path) = &args.values {
            own.push((format!("values/{}.yaml", chart.name), read(path)?));
        }
        service.description = format!("the chart {}", chart.name);
        service.charts.push(chart);
        namespace.get_or_insert_with(|| args.name.to_string());
    }
    if let Some(folder) = &args.manifests {
        own.extend(scaffold::manifests(&context.directory.join(folder))?);
    }
    service.namespace = namespace.map(|name| Namespace { name, pod_security: Some(args.pod_security) });
    Ok(NewService::custom(catalogue, service, own)?)
}

/// The chart that the flags name.
fn named(chart: &str, repository: Option<&str>, version: &str) -> Result<Chart, CliError> {
    let (name, source) = match repository {
        Some(repository) => (chart, repository),
        None if chart.starts_with("oci://") => (chart.rsplit('/').next().unwrap_or_default(), chart),
        None => {
            let error = CliError::usage(format!("`--chart` names no place: `{chart}`"));
            return Err(error.hint("write `oci://…`, or give its repository with `--repository`"));
        }
    };
    if let Err(error) = ServiceName::new(name) {
        return Err(CliError::usage(format!("`{chart}` is not the name of a chart: {}", error.reason)));
    }
    if let Err(reason) = Chart::check_source(source) {
        return Err(CliError::usage(format!("`{source}` {reason}")));
    }
    if let Err(reason) = form::version(version.trim_start_matches('v')) {
        return Err(CliError::usage(format!("`{version}` is not a version: {reason}")));
    }
    Ok(Chart { name: name.to_owned(), source: source.to_owned(), version: version.to_owned(), digest: None })
}

fn report(context: &Context<'_>, args: &AddServiceArgs, added: &Added, is_changed: bool) {
    if added.services.is_empty() {
        let changed = if is_changed { "; files that it lacked are there now" } else { "" };
        context.ui.status(&format!("these clusters have `{}` already{changed}", args.name));
    } else {
        let places = change::places(&added.registries);
        change::told(context, &args.preview, "added", "would add", &format!("`{}` to {places}", args.name));
        let others: Vec<_> =
            added.services.iter().filter(|name| *name != args.name.as_str()).map(|name| format!("`{name}`")).collect();
        if !others.is_empty() {
            context.ui.status(&format!("with what it requires: {}", others.join(", ")));
        }
    }
    if !added.unfit.is_empty() {
        context.ui.status(&format!("left out, since it does not work there: {}", change::places(&added.unfit)));
    }
    for need in &added.needs {
        context.ui.status(&format!("needed on {}: {}", need.provider.title(), need.text));
    }
    if args.sops && !added.services.is_empty() {
        context
            .ui
            .status("needed: the Secret `sops-age` in the namespace of the engine, with the age key (docs/secrets.md)");
    }
    if !added.suggests.is_empty() && !added.services.is_empty() {
        let suggested = added.suggests.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        context.ui.status(&format!("see also: {suggested}"));
    }
}
