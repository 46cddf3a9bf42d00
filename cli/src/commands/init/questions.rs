//! A file of answers, flags over it, then questions on a terminal, then errors that name the flags.

use std::{
    io::{self, Read as _},
    path::Path,
};

use super::{Context, InitArgs};
use crate::{
    error::{CliError, ErrorKind},
    platform::ParseError,
    scaffold::{Answers, Cluster, Draft, Field, Provider, ScaffoldError, platform_name},
    terraform::Interrupt,
};

/// What files and flags say of a platform in `root`.
pub(super) fn draft(context: &Context<'_>, args: &InitArgs, root: &Path) -> Result<Draft, CliError> {
    let mut draft = match &args.answers {
        Some(path) => read(context, path)?,
        None => Draft::default(),
    };
    flags(&mut draft, args)?;
    draft.manage_repository |= args.manage_repository;
    draft.argo_workflows |= args.argo_workflows;
    if draft.name.is_none() {
        draft.name = root.file_name().and_then(|name| name.to_str()).and_then(platform_name);
    }
    let problems = draft.problems();
    if !problems.is_empty() {
        return Err(CliError::from(ScaffoldError::Answers { problems, places: draft.places().clone() }));
    }
    Ok(draft)
}

/// Everything that is needed for the platform: what is missing is asked for, where somebody can answer.
pub(super) fn settle(context: &Context<'_>, mut draft: Draft, interrupt: &Interrupt) -> Result<Answers, CliError> {
    if context.ui.can_ask() {
        ask(context, &mut draft, interrupt).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => interrupted(),
            _ => CliError::new(ErrorKind::Interrupted, error).hint(INSTEAD),
        })?;
    }
    draft.settle().ok_or_else(|| missing(&draft))
}

/// How answers are given where they are not asked for.
const INSTEAD: &str = "without a terminal nothing is asked for; give the flags, or a file with `--answers`";

/// The end of a run that was interrupted before anything was written.
pub(super) fn interrupted() -> CliError {
    CliError::new(ErrorKind::Interrupted, "interrupted; nothing was written")
}

fn read(context: &Context<'_>, path: &Path) -> Result<Draft, CliError> {
    let (name, text) = if path == Path::new("-") {
        let mut text = String::new();
        ("<stdin>".to_owned(), io::stdin().read_to_string(&mut text).map(|_| text))
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
        (Field::Engine, &args.engine),
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
fn ask(context: &Context<'_>, draft: &mut Draft, interrupt: &Interrupt) -> io::Result<()> {
    while let Some(question) = draft.missing().into_iter().next() {
        // The one that came while no key was waited for.
        if interrupt.is_raised() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        if question.field == Field::Clusters {
            clusters(context, draft)?;
            continue;
        }
        let known = &*draft;
        let (field, prompt) = (question.field, prompt(question.text, question.field.flag()));
        let text = context.ui.ask(&prompt, question.default, |text| known.try_out(field, text))?;
        draft.set(field, &text).map_err(io::Error::other)?;
    }
    Ok(())
}

/// A question with the flag that answers it beforehand.
fn prompt(text: &str, flag: &str) -> String {
    format!("{text} (`{flag}`)")
}

/// Asks for one cluster after the other.
fn clusters(context: &Context<'_>, draft: &mut Draft) -> io::Result<()> {
    let mut clusters: Vec<Cluster> = Vec::new();
    loop {
        let titles = Provider::ALL.map(Provider::title);
        let chosen = context.ui.choose(&prompt("where the cluster runs", Field::Clusters.flag()), &titles)?;
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
        clusters.push(text(&name).parse().map_err(io::Error::other)?);
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
    error.hint(INSTEAD)
}
