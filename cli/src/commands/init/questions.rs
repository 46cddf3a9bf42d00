//! A file of answers, flags over it, then questions on a terminal, then errors that name the flags.

use std::{io::Read as _, path::Path};

use super::{Context, InitArgs};
use crate::{
    error::{CliError, ErrorKind},
    platform::ParseError,
    scaffold::{Answers, Cluster, Draft, Field, Provider, ScaffoldError, platform_name},
};

/// Everything that is needed for a platform in `root`.
pub(super) fn answers(context: &Context<'_>, args: &InitArgs, root: &Path) -> Result<Answers, CliError> {
    let mut draft = match &args.answers {
        Some(path) => read(context, path)?,
        None => Draft::default(),
    };
    flags(&mut draft, args)?;
    draft.manage_repository |= args.manage_repository;
    if draft.name.is_none() {
        draft.name = root.file_name().and_then(|name| name.to_str()).and_then(platform_name);
    }
    let problems = draft.problems();
    if !problems.is_empty() {
        return Err(CliError::from(ScaffoldError::Answers { problems, places: draft.places().clone() }));
    }
    if context.ui.can_ask() {
        ask(context, &mut draft).map_err(|error| CliError::new(ErrorKind::Interrupted, error))?;
    }
    draft.settle().ok_or_else(|| missing(&draft))
}

fn read(context: &Context<'_>, path: &Path) -> Result<Draft, CliError> {
    let (name, text) = if path == Path::new("-") {
        let mut text = String::new();
        ("<stdin>".to_owned(), std::io::stdin().read_to_string(&mut text).map(|_| text))
    } else {
        (path.display().to_string(), std::fs::read_to_string(context.directory.join(path)))
    };
    let text = text.map_err(|error| {
        CliError::user(format!("cannot read `{name}`: {error}")).hint("give another file of answers with `--answers`")
    })?;
    let (draft, mut problems) = Draft::read(&name, &text);
    if problems.is_empty() {
        return Ok(draft);
    }
    // What is wrong with what could be read belongs to the same list.
    problems.extend(draft.problems().iter().filter_map(|problem| draft.places().locate(problem)));
    problems.sort_by_key(|problem| problem.span.start);
    Err(ParseError::of(problems).into())
}

/// Flags take the place of what a file says.
fn flags(draft: &mut Draft, args: &InitArgs) -> Result<(), CliError> {
    let set = |draft: &mut Draft, field: Field, text: &str| {
        let wrong = |message| CliError::usage(message).hint(format!("give another `{}`", field.flag()));
        draft.set(field, text).map_err(wrong)
    };
    match (args.provider, &args.region) {
        (Some(Provider::Local), Some(_)) => {
            return Err(CliError::usage("a local cluster has no region").hint("leave `--region` out"));
        }
        (Some(Provider::Local), None) => {
            draft.set_clusters(Vec::new());
            set(draft, Field::Clusters, "local:gc0")?;
        }
        (provider, region) => {
            if let Some(provider) = provider {
                (draft.provider, draft.clusters) = (Some(provider), Vec::new());
            }
            if let Some(region) = region {
                set(draft, Field::Region, region)?;
            }
        }
    }
    for (field, value) in [
        (Field::Name, &args.name),
        (Field::Environments, &args.environments),
        (Field::DefaultBranch, &args.default_branch),
        (Field::BaseDomain, &args.base_domain),
        (Field::Repository, &args.repository),
        (Field::GoogleProject, &args.google_project),
        (Field::AzureSubscription, &args.azure_subscription),
        (Field::Forge, &args.forge),
    ] {
        if let Some(value) = value {
            set(draft, field, value)?;
        }
    }
    if !args.clusters.is_empty() {
        draft.set_clusters(args.clusters.clone());
    }
    // The region of a bucket may be that of a cluster.
    if let Some(state) = &args.state {
        set(draft, Field::State, state)?;
    }
    Ok(())
}

/// Asks for what is missing, one after the other: an answer can make others unnecessary.
fn ask(context: &Context<'_>, draft: &mut Draft) -> std::io::Result<()> {
    while let Some(question) = draft.missing().into_iter().next() {
        if question.field == Field::Clusters {
            clusters(context, draft)?;
            continue;
        }
        let known = &*draft;
        let text = context.ui.ask(question.text, question.default, |text| known.try_out(question.field, text))?;
        draft.set(question.field, &text).map_err(std::io::Error::other)?;
    }
    Ok(())
}

/// Asks for one cluster after the other.
fn clusters(context: &Context<'_>, draft: &mut Draft) -> std::io::Result<()> {
    let mut clusters: Vec<Cluster> = Vec::new();
    loop {
        let titles = Provider::ALL.map(Provider::title);
        let chosen = context.ui.choose("where the cluster runs", &titles)?;
        let provider = Provider::ALL.get(chosen).copied().unwrap_or(Provider::Local);
        let region = if provider.is_cloud() {
            let check = |text: &str| {
                let fits = provider.check_region(text);
                fits.map_err(|reason| format!("the region `{text}` {reason}"))
            };
            format!(":{}", context.ui.ask("region of the cluster", None, check)?)
        } else {
            String::new()
        };
        let text = |name: &str| format!("{provider}:{name}{region}");
        let taken = |cluster: &Cluster| clusters.iter().any(|other| other.stack() == cluster.stack());
        let check = |name: &str| match text(name).parse::<Cluster>() {
            Ok(cluster) if taken(&cluster) => Err(format!("`{cluster}` is there already")),
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        };
        let name = context.ui.ask("name of the cluster", Some(format!("gc{}", clusters.len())), check)?;
        clusters.push(text(&name).parse().map_err(std::io::Error::other)?);
        if !context.ui.confirm("one more cluster")? {
            draft.set_clusters(clusters);
            return Ok(());
        }
    }
}

/// All that nobody said, with the flags that say it.
fn missing(draft: &Draft) -> CliError {
    let questions = draft.missing();
    let message = match &questions[..] {
        [question] => format!("`{}` is missing: {}", question.field.flag(), question.text),
        questions => format!("{} answers are missing", questions.len()),
    };
    let mut error = CliError::usage(message);
    if questions.len() > 1 {
        for question in &questions {
            error = error.hint(format!("`{}`: {}", question.field.flag(), question.text));
        }
    }
    error.hint("without a terminal nothing is asked for; give the flags, or a file with `--answers`")
}
