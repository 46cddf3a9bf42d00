//! What comes before what, and how long it may take: the graphs of plans and of applies.

use std::{fs, io::Write as _, sync::Arc, time::Duration};

use futures::future::try_join_all;

use crate::{
    platform::{Instance, StackName},
    store::Store,
    terraform::ChangeList,
};

use super::{
    PipelineError, Site,
    applied::Applied,
    schedule::{Task, Took, of_plan},
    stages::Work,
    target::Target,
};

/// The file with the time that the last plan of an instance took on this machine, in seconds.
const PLANNED_IN: &str = "planned-in";

/// The graph of plans. A plan waits for those in `before`, whose outputs it reads.
pub(super) fn of_plans(site: &Site, targets: &[Target], before: Vec<Vec<usize>>) -> Vec<Task> {
    let task = |(target, before): (&Target, Vec<usize>)| {
        let last = last_plan(site, &target.affected.instance);
        Task { before, seconds: of_plan(last, target.closure.files.len()) }
    };
    targets.iter().zip(before).map(task).collect()
}

/// The graph of applies.
///
/// # Errors
/// When the records of what was applied before cannot be read.
pub(super) async fn of_applies(jobs: &[Arc<Work>], records: &Store) -> Result<Vec<Task>, PipelineError> {
    let places: Vec<Place<'_>> = jobs
        .iter()
        .map(|job| Place { stack: &job.instance().stack, after: job.after(), goes: job.destroys() })
        .collect();
    let last = try_join_all(jobs.iter().map(|job| Applied::of(records, job.instance()))).await?;
    let tasks = dependencies(&places).into_iter().zip(jobs).zip(last).map(|((before, job), last)| {
        let seconds = Took::next(last.and_then(|last| last.took), changes(job.expected()));
        Task { before, seconds }
    });
    Ok(tasks.collect())
}

/// How many resources `list` changes.
pub(super) fn changes(list: &ChangeList) -> usize {
    list.resources.len()
}

/// Keeps the time that a plan took, for the next one to be put in its place. It is a hint: without it the order is
/// guessed, so a disk that cannot take it is no reason to fail a plan that was made.
pub(super) fn remember_plan(site: &Site, instance: &Instance, took: Duration) {
    let folder = site.data(instance);
    let keep = || {
        let mut file = tempfile::NamedTempFile::new_in(&folder)?;
        write!(file, "{:.3}", took.as_secs_f64())?;
        file.persist(folder.join(PLANNED_IN)).map_err(|error| error.error)
    };
    let _: Result<fs::File, std::io::Error> = keep();
}

fn last_plan(site: &Site, instance: &Instance) -> Option<f64> {
    fs::read_to_string(site.data(instance).join(PLANNED_IN)).ok()?.trim().parse().ok()
}

/// Where a job stands among the others.
struct Place<'a> {
    stack: &'a StackName,
    /// The stacks that it comes after; when it goes away, those that came after it.
    after: &'a [StackName],
    goes: bool,
}

/// For each job the jobs that go first. What stays comes after what it depends on. What goes away comes last of all
/// that depended on it: others that go, and those that stay and have let go of it in the same change. What stays never
/// waits for what goes: in the merged commit it has no use for it.
fn dependencies(places: &[Place<'_>]) -> Vec<Vec<usize>> {
    let waits = |place: &Place<'_>, other: &Place<'_>| (place.goes || !other.goes) && place.after.contains(other.stack);
    places.iter().map(|place| (0..places.len()).filter(|&other| waits(place, &places[other])).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `(name, after, goes)`, and for each the names of those that go first.
    fn order(jobs: &[(&str, &[&str], bool)]) -> Vec<String> {
        let name = |name: &&str| StackName::new(*name).unwrap();
        let known: Vec<(StackName, Vec<StackName>, bool)> =
            jobs.iter().map(|(stack, after, goes)| (name(stack), after.iter().map(name).collect(), *goes)).collect();
        let places: Vec<Place<'_>> =
            known.iter().map(|(stack, after, goes)| Place { stack, after, goes: *goes }).collect();
        let names = |before: Vec<usize>| before.into_iter().map(|index| jobs[index].0).collect::<Vec<_>>().join(" ");
        dependencies(&places).into_iter().map(names).collect()
    }

    #[test]
    fn what_stays_comes_after_what_it_depends_on() {
        let jobs: [(&str, &[&str], bool); 3] =
            [("app", &["db", "net", "elsewhere"], false), ("db", &["net"], false), ("net", &[], false)];
        assert_eq!(order(&jobs), ["db net", "net", ""]);
    }

    #[test]
    fn what_goes_comes_after_all_that_depended_on_it() {
        // Everything goes, in reverse.
        let all: [(&str, &[&str], bool); 3] =
            [("app", &[], true), ("db", &["app"], true), ("net", &["app", "db"], true)];
        assert_eq!(order(&all), ["", "app", "app db"]);
        // `app` moves from `old` to `new`, and `old` goes: only once `app` is out of it.
        let moved: [(&str, &[&str], bool); 3] =
            [("app", &["new"], false), ("new", &[], false), ("old", &["app"], true)];
        assert_eq!(order(&moved), ["new", "", "app"]);
        // `db` leaves this environment alone: `app` still names it, and has no instance of it to wait for.
        let left: [(&str, &[&str], bool); 2] = [("app", &["db"], false), ("db", &["app"], true)];
        assert_eq!(order(&left), ["", "app"]);
    }
}
