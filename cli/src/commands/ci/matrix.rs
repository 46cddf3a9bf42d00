//! `kstack ci matrix`.

use std::num::NonZeroUsize;

use serde_json::json;

use crate::{
    commands::Context,
    error::CliError,
    exit::ExitCode,
    pipeline::{Parts, Shard, ShardCount, Site},
    ui::{Table, matrix},
};

use super::{
    event::{EventArgs, pull_request},
    pull_request::Change,
    trust::{self, SaidArgs},
};

/// Show the shards that a pull request is planned in, for the CI system's own matrix
///
/// Checks the files first, so that nothing is started for a broken change. A shard knows its part from the commits and
/// its number alone: nothing else is handed from this job to the others. Where one stack reads what another one of the
/// change outputs, one shard plans both.
#[derive(Debug, clap::Args)]
pub struct MatrixArgs {
    /// At most so many shards
    #[arg(long, value_name = "N", required_unless_present = "per_shard", conflicts_with = "per_shard")]
    shards: Option<NonZeroUsize>,
    /// As many shards as hold about so many instances each
    #[arg(long, value_name = "N")]
    per_shard: Option<NonZeroUsize>,
    /// Print what this CI system reads
    #[arg(long = "for", value_enum, value_name = "SYSTEM", conflicts_with = "format")]
    system: Option<System>,
    #[command(flatten)]
    event: EventArgs,
    #[command(flatten)]
    said: SaidArgs,
}

/// A CI system.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum System {
    /// Lines for `$GITHUB_OUTPUT`: `matrix` for `fromJSON`, and `shards`, how many
    Github,
    /// A child pipeline with a job for each shard
    Gitlab,
    /// A list for `withParam`
    Argo,
}

impl System {
    /// How many jobs a matrix may have. Sources: <https://docs.github.com/en/actions/reference/limits>,
    /// <https://docs.gitlab.com/ci/yaml/#parallelmatrix>.
    fn limit(self) -> Option<usize> {
        match self {
            Self::Github => Some(256),
            Self::Gitlab => Some(200),
            Self::Argo => None,
        }
    }
}

/// Prints the shards.
///
/// # Errors
/// When the event is no pull request, or its files are broken.
pub(super) fn run(context: &Context<'_>, args: &MatrixArgs) -> Result<ExitCode, CliError> {
    let event = args.event.read()?;
    let event = pull_request(&event)?;
    let change = Change::open(context, &event.base, &event.head)?;
    let site = Site::new(change.repository.clone(), &context.cache()?);
    let parts = context.block_on(site.parts(change.range()))?;
    let count = match (args.per_shard, args.shards) {
        (Some(per), _) => ShardCount::Per(per),
        (None, most) => ShardCount::Most(most.unwrap_or(NonZeroUsize::MIN)),
    };
    // Nothing is run of what is only looked at.
    let trust = trust::settle(&change, event, &args.said.read(context, args.event.facts()?)?)?;
    let wanted = if trust.runs() { parts.shards(count) } else { 0 };
    let limit = args.system.and_then(System::limit).unwrap_or(wanted);
    if wanted > limit {
        context.ui.warn(&format!("{wanted} shards are more than the CI system starts; {limit} are used"));
    }
    let shards: Vec<Shard> = Shard::all(wanted.min(limit)).collect();
    match args.system {
        Some(System::Github) => context.ui.data(&matrix::github(&parts, &shards)),
        Some(System::Gitlab) => context.ui.data(&matrix::gitlab(&change.base, &change.head, &shards)),
        Some(System::Argo) => context.ui.data(&matrix::argo(&shards)),
        None if context.ui.is_json() => {
            let shards = shards.iter().map(|shard| json!({ "shard": shard, "instances": parts.of(*shard) }));
            context.ui.json(&json!({
                "type": "matrix", "version": 1, "base": change.base, "head": change.head,
                "shards": shards.collect::<Vec<_>>(),
            }))?;
        }
        None if shards.is_empty() => context.ui.status("there is nothing to plan"),
        None => context.ui.data(&table(context, &parts, &shards)),
    }
    Ok(ExitCode::Done)
}

fn table(context: &Context<'_>, parts: &Parts, shards: &[Shard]) -> String {
    let mut table = Table::new(*context.ui.styles(), &["SHARD", "INSTANCES"]);
    for shard in shards {
        let instances: Vec<String> = parts.of(*shard).iter().map(ToString::to_string).collect();
        table.row([shard.to_string(), instances.join(", ")]);
    }
    table.render()
}
