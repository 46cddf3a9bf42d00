//! Audit: who proposed, approved, merged and applied what, and when; from the journals, from Git, and from whoever knows
//! the pull requests.
//!
//! Journals are what counts: what they do not have was not applied by kstack. The rest says how it came to that, and what
//! is not known is marked instead of left out.

mod ask;
mod change;
mod mark;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    closure,
    platform::{EnvironmentName, Instance, Platform, StackName, Trigger},
    repo::CommitId,
};

use super::{
    PipelineError, Site, Starter, Status,
    journal::{Entry, Journal, Record},
    target,
};

pub use change::MergedChange;
use change::PullRequestFacts;
pub use mark::Mark;

/// What to look at.
#[derive(Debug, Clone)]
pub struct AuditRequest {
    /// The commit whose platform says which environments there are.
    pub commit: CommitId,
    /// The environments; empty: all.
    pub environments: Vec<EnvironmentName>,
    /// Only these stacks; empty: all.
    pub stacks: Vec<StackName>,
    /// Nothing before this.
    pub since: Option<Timestamp>,
    /// Nothing after this.
    pub until: Option<Timestamp>,
}

/// What was applied, newest first.
#[derive(Debug)]
pub struct AuditReport {
    /// An instance of a run each.
    pub rows: Vec<AuditRow>,
    /// Whether the forge was asked for pull requests.
    pub asked: bool,
    /// Whether the platform has a forge.
    pub has_forge: bool,
}

/// One instance that one run applied, or tried to.
#[derive(Debug, Clone, Serialize)]
pub struct AuditRow {
    /// When that ended, or was last heard of.
    pub time: Timestamp,
    /// The environment that the run delivered to.
    pub environment: EnvironmentName,
    /// The instance.
    pub instance: Instance,
    /// How it ended.
    pub status: Status,
    /// The run.
    pub run: String,
    /// The commit that was applied.
    pub commit: String,
    /// SHA-256 of the plan that was applied; `None`: there was none yet.
    pub plan_sha256: Option<String>,
    /// SHA-256 of what was reviewed, where another plan was applied.
    pub reviewed_sha256: Option<String>,
    /// The machine that applied.
    pub host: String,
    /// Who started the run; `None`: an earlier kstack did not note that.
    pub started_by: Option<Starter>,
    /// The tags that promoted the commit, where tags deliver, and who made them.
    pub tags: Vec<Promoter>,
    /// What was merged since the instance was applied before, newest first.
    pub changes: Vec<MergedChange>,
    /// What is missing or unusual.
    pub marks: BTreeSet<Mark>,
    /// What went wrong.
    pub problem: Option<String>,
}

/// A tag that promoted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Promoter {
    /// The tag.
    pub tag: String,
    /// Who made it; `None` for plain tags, which do not say.
    pub by: Option<String>,
}

impl AuditReport {
    /// Takes in what the forge knows of a commit; `None`: it knows no pull request that brought it.
    fn learn(&mut self, commit: CommitId, facts: Option<&PullRequestFacts>) {
        self.asked = true;
        let changes = self.rows.iter_mut().flat_map(|row| &mut row.changes);
        changes.filter(|change| change.commit == commit).for_each(|change| change.learn(facts));
        self.judge();
    }

    fn judge(&mut self) {
        for row in &mut self.rows {
            mark::judge(row, self.has_forge);
        }
    }
}

impl Site {
    /// Reads what was applied, and from Git how it came to that.
    ///
    /// # Errors
    /// When the platform, the journals or the tags cannot be read, or a name is unknown. A commit that this clone does not
    /// have is marked.
    pub async fn audit(&self, request: &AuditRequest) -> Result<AuditReport, PipelineError> {
        let platform = closure::load_platform(&self.repository().commit_snapshot(request.commit)?)?;
        let environments = match request.environments.as_slice() {
            [] => platform.environments.iter().map(|environment| environment.name.clone()).collect(),
            named => target::environments(&platform, named)?,
        };
        let mut rows = Vec::new();
        for environment in environments {
            rows.extend(self.applies(&platform, &environment, request).await?);
        }
        rows.sort_by(|one, other| (other.time, &one.instance).cmp(&(one.time, &other.instance)));
        let has_forge = platform.forge.kind().is_some();
        let mut report = AuditReport { rows, asked: false, has_forge };
        report.judge();
        Ok(report)
    }

    async fn applies(
        &self,
        platform: &Platform,
        environment: &EnvironmentName,
        request: &AuditRequest,
    ) -> Result<Vec<AuditRow>, PipelineError> {
        let records = self.stores(platform, environment)?.records;
        let journals = Journal::since(&records, environment, request.since).await?;
        let mut last: BTreeMap<Instance, CommitId> = BTreeMap::new();
        let mut rows = Vec::new();
        for record in &journals {
            let commit = self.repository().resolve(&record.commit).ok();
            for entry in record.entries.values().filter(|entry| is_about_an_apply(entry)) {
                let mut row = row(environment, record, entry);
                match commit {
                    Some(commit) => {
                        row.changes = self.changes(last.get(&entry.instance).copied(), commit)?;
                        row.tags = self.promoters(platform, environment, commit)?;
                        if !self.is_merged(platform, commit)? {
                            row.marks.insert(Mark::OffBranch);
                        }
                    }
                    None => drop(row.marks.insert(Mark::UnknownCommit)),
                }
                let in_time = request.since.is_none_or(|since| row.time >= since)
                    && request.until.is_none_or(|until| row.time <= until);
                let wanted = request.stacks.is_empty() || request.stacks.contains(&entry.instance.stack);
                if in_time && wanted {
                    rows.push(row);
                }
                if let (Status::Applied, Some(commit)) = (entry.status, commit) {
                    last.insert(entry.instance.clone(), commit);
                }
            }
        }
        Ok(rows)
    }

    /// What was merged between two commits of the default branch.
    fn changes(&self, before: Option<CommitId>, commit: CommitId) -> Result<Vec<MergedChange>, PipelineError> {
        // Of a commit that this clone lacks, nothing came before.
        let before = before.filter(|before| self.repository().commit_info(*before).is_ok());
        let merged = self.repository().merged(before, commit)?;
        merged.into_iter().map(|commit| MergedChange::of(self.repository(), commit)).collect()
    }

    /// The tags that deliver `commit` to `environment`.
    fn promoters(
        &self,
        platform: &Platform,
        environment: &EnvironmentName,
        commit: CommitId,
    ) -> Result<Vec<Promoter>, PipelineError> {
        let trigger = platform.environment(environment.as_str()).map(|environment| &environment.trigger);
        let Some(trigger @ Trigger::Tag(_)) = trigger else { return Ok(Vec::new()) };
        let tags = self.repository().tags_at(commit)?.into_iter().filter(|tag| trigger.matches_tag(tag));
        tags.map(|tag| Ok(Promoter { by: self.repository().tagger(&tag)?, tag })).collect()
    }

    fn is_merged(&self, platform: &Platform, commit: CommitId) -> Result<bool, PipelineError> {
        let (repository, default) = (self.repository(), &platform.default_branch);
        let tip = repository.resolve(&format!("origin/{default}")).or_else(|_| repository.resolve(default));
        match tip {
            Ok(tip) => Ok(repository.is_ancestor(commit, tip)?),
            // A clone of a single commit has no branches; nothing can be said then.
            Err(_) => Ok(true),
        }
    }
}

/// Whether Terraform was started for it.
fn is_about_an_apply(entry: &Entry) -> bool {
    !matches!(entry.status, Status::Planned | Status::Held | Status::Skipped)
}

fn row(environment: &EnvironmentName, record: &Record, entry: &Entry) -> AuditRow {
    AuditRow {
        time: entry.changed,
        environment: environment.clone(),
        instance: entry.instance.clone(),
        status: entry.status,
        run: record.run.clone(),
        commit: record.commit.clone(),
        plan_sha256: Some(entry.plan_sha256.clone()).filter(|digest| !digest.is_empty()),
        reviewed_sha256: entry.reviewed_sha256.clone(),
        host: record.owner.host.clone(),
        started_by: record.started_by.clone(),
        tags: Vec::new(),
        changes: Vec::new(),
        marks: BTreeSet::new(),
        problem: entry.problem.clone(),
    }
}
