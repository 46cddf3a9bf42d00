//! Flags, then questions on a terminal, then errors that name the flag.

use std::path::Path;

use super::{Context, InitArgs};
use crate::{
    error::{CliError, ErrorKind},
    platform::{EnvironmentName, Forge, PlatformName, StateBackend, layout},
    scaffold::{Answers, Cluster, Place, forge_of, platform_name},
};

/// Everything that is needed for a platform in `root`.
pub(super) fn answers(context: &Context<'_>, args: &InitArgs, root: &Path) -> Result<Answers, CliError> {
    let clusters = clusters(context, args)?;
    let folder = root.file_name().and_then(|name| name.to_str()).and_then(platform_name);
    let name = match (&args.name, folder) {
        (Some(name), _) => PlatformName::new(name).map_err(|error| usage(&error, "--name"))?,
        (None, Some(name)) => name,
        (None, None) => PlatformName::new(ask(context, "name of the platform", "--name", None)?)
            .map_err(|error| usage(&error, "--name"))?,
    };
    let local = !clusters.iter().any(Cluster::is_cloud);
    let base_domain = match &args.base_domain {
        Some(domain) => domain.clone(),
        None if local => format!("{name}.localhost"),
        None => ask(context, "DNS domain of the clusters", "--base-domain", None)?,
    };
    let repository = match &args.repository {
        Some(repository) => repository.clone(),
        None => ask(context, "address that the engines pull the repository from", "--repository", None)?,
    };
    let state = state(context, args, &clusters, name.as_str())?;
    let forge = match args.forge.as_deref() {
        Some("github") => Forge::GitHub { url: None },
        None if state.kind() == "s3" => forge_of(&repository),
        Some(_) | None => Forge::None,
    };
    let environments = args
        .environments
        .iter()
        .map(|name| EnvironmentName::new(name.trim()))
        .collect::<Result<_, _>>()
        .map_err(|error| usage(&error, "--environments"))?;
    let default_branch = args.default_branch.clone();
    Ok(Answers { name, base_domain, repository, default_branch, environments, clusters, state, forge })
}

fn clusters(context: &Context<'_>, args: &InitArgs) -> Result<Vec<Cluster>, CliError> {
    if !args.clusters.is_empty() {
        return Ok(args.clusters.clone());
    }
    let provider = match &args.provider {
        Some(provider) => provider.clone(),
        None => ask(context, "provider of the cluster, `local` or `aws`", "--provider", Some("local"))?,
    };
    let text = match (provider.as_str(), &args.region) {
        ("local", Some(_)) => {
            return Err(CliError::usage("a local cluster has no region").hint("leave `--region` out"));
        }
        ("aws", Some(region)) => format!("aws:gc0:{region}"),
        ("aws", None) => format!("aws:gc0:{}", ask(context, "region of the cluster", "--region", None)?),
        (provider, _) => format!("{provider}:gc0"),
    };
    text.parse().map(|cluster| vec![cluster]).map_err(|error| usage(&error, "--region"))
}

/// `local`, or `s3://bucket[?region=…]`; the region of the first cluster is the default.
fn state(context: &Context<'_>, args: &InitArgs, clusters: &[Cluster], name: &str) -> Result<StateBackend, CliError> {
    let first = clusters.iter().find(|cluster| cluster.is_cloud());
    let text = match (&args.state, first) {
        (Some(state), _) => state.clone(),
        (None, None) => "local".to_owned(),
        (None, Some(_)) => {
            ask(context, "where Terraform state lives", "--state", Some(&format!("s3://{name}-kstack-state")))?
        }
    };
    if text == "local" {
        return Ok(StateBackend::Local { path: format!("{}/state", layout::WORK) });
    }
    let wrong = |reason| {
        CliError::usage(format!("`{text}` {reason}"))
            .hint("write `local` or `s3://<bucket>?region=<region>` for `--state`")
    };
    let place = text.strip_prefix("s3://").ok_or_else(|| wrong("is no place for state"))?;
    let (bucket, region) = match place.split_once("?region=") {
        Some((bucket, region)) => (bucket, region.to_owned()),
        None => match first.map(|cluster| &cluster.place) {
            Some(Place::Aws { region, .. }) => (place, region.clone()),
            _ => return Err(wrong("names no region, and no cluster has one")),
        },
    };
    Ok(StateBackend::S3 { bucket: bucket.to_owned(), region })
}

/// Asks, or tells which flag to give where nobody can answer.
fn ask(context: &Context<'_>, question: &str, flag: &str, default: Option<&str>) -> Result<String, CliError> {
    if !context.ui.can_ask() {
        return Err(CliError::usage(format!("`{flag}` is missing: {question}"))
            .hint("without a terminal nothing is asked for; give the flag"));
    }
    context.ui.ask(question, default.map(str::to_owned)).map_err(|error| CliError::new(ErrorKind::Interrupted, error))
}

fn usage(error: &impl std::error::Error, flag: &str) -> CliError {
    CliError::usage(error.to_string()).hint(format!("give another `{flag}`"))
}
