//! A shard of a pull request: plan its instances and leave the result for `kstack ci report`.

use std::path::Path;

use crate::{
    commands::{Context, interrupt},
    error::CliError,
    exit::ExitCode,
    pipeline::{GitEvent, Shard, ShardResult, Site},
    review::Review,
};

use super::{
    CiArgs, comment,
    event::pull_request,
    pull_request::{Change, planned},
    trust,
};

pub(super) fn run(
    context: &mut Context<'_>,
    args: &CiArgs,
    event: &GitEvent,
    shard: Shard,
    results: &Path,
) -> Result<ExitCode, CliError> {
    let event = pull_request(event)?;
    let change = Change::open(context, &event.base, &event.head)?;
    let trust = trust::settle(&change, event, &args.said.read(context, args.event.facts()?)?)?;
    if !trust.runs() {
        return Err(CliError::user(
            "this pull request is not planned: it is from elsewhere, changes the pipeline, or is refused",
        )
        .hint("`kstack ci report` says why; `kstack ci matrix` gives no shards for it: skip the job then"));
    }
    let interrupt = interrupt::listen(context)?;
    let site = Site::new(change.repository.clone(), &context.cache()?);
    let part = context.block_on(site.parts(change.range()))?.of(shard);
    let (planned, notices) = planned(context, &change, &trust, Some(&part), &interrupt)?;
    if interrupt.is_raised() {
        return Ok(ExitCode::Interrupted);
    }
    let result = ShardResult { base: Some(change.base), head: change.head, shard, planned: planned.clone() };
    let path = result.write(&context.directory.join(results))?;
    let input = comment::input(&change, planned, notices);
    let review = Review::new(&input);
    if context.ui.is_json() {
        context.ui.json(&review.document())?;
    } else if input.instances.is_empty() {
        context.ui.data(&format!("shard {shard} has nothing to plan"));
    } else {
        context.ui.data(&review.terminal(context.ui.styles()));
    }
    context.ui.status(&format!("the result is in `{}`", path.display()));
    Ok(if comment::has_failed(&input) { ExitCode::Failed } else { ExitCode::Done })
}
