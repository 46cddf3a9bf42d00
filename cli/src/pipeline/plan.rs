//! Plans what a change affects, and keeps each plan as a bundle.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc, time::Instant};

use serde::{Deserialize, Serialize};

use crate::{
    closure::{Kind, Notice, Reason},
    platform::{EnvironmentName, Instance, Platform, StackName},
    policy::{Finding, Policies, Words},
    repo::{CommitId, Range},
    terraform::{ChangeList, Interrupt},
};

use super::{
    Event, EventSink, PipelineError, Workshop, order,
    planning::Done,
    relay::relay,
    schedule::{self, Pace},
    stages::{Foreseen, Graph, Staged},
    target::{Selection, Target},
    trouble,
};

/// What to plan.
#[derive(Debug, Clone)]
pub struct PlanRequest {
    /// The two sides of the change.
    pub range: Range,
    /// Plan the files of the work tree instead of the head commit. Nothing is kept: what no commit
    /// holds cannot be reviewed.
    pub worktree: bool,
    /// Which instances.
    pub which: Which,
    /// The environments; empty: the first one.
    pub environments: Vec<EnvironmentName>,
    /// Only these stacks; empty: all.
    pub stacks: Vec<StackName>,
    /// Of all these, only the instances that a shard plans; `None`: all.
    pub part: Option<BTreeSet<Instance>>,
    /// Keep the plans as bundles.
    pub keep: bool,
    /// Keep them in this folder instead of the plan store.
    pub bundles: Option<PathBuf>,
    /// The commit whose policies hold: of a change, one of the branch that it goes to. `None`: those of what is planned.
    pub policies: Option<CommitId>,
    /// What was allowed with a word.
    pub words: Words,
}

/// Which instances to plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that the change affects.
    Changed,
    /// Those whose content at the head is not what was applied last.
    Pending,
    /// Every one.
    All,
}

/// What came of it.
#[derive(Debug)]
pub struct PlanReport {
    /// The commit that was planned; `None` for the work tree.
    pub commit: Option<CommitId>,
    /// Where the bundles are, each place once; empty when none were kept.
    pub plan_stores: Vec<String>,
    /// The instances, in the order of stacks and environments.
    pub instances: Vec<Planned>,
    /// What should be looked at, beyond single instances.
    pub notices: Vec<String>,
    /// Resource types that need a word, from the platform.
    pub protect: Vec<String>,
}

impl PlanReport {
    /// Whether every instance could be planned, and nothing is refused by a policy.
    pub fn is_ok(&self) -> bool {
        self.instances.iter().all(|planned| {
            !matches!(planned.result, PlanResult::Failed { .. } | PlanResult::Skipped { .. })
                && !planned.findings.iter().any(Finding::denies)
        })
    }

    /// Whether applying would change anything.
    pub fn has_changes(&self) -> bool {
        self.instances.iter().any(|planned| match &planned.result {
            PlanResult::Changes(list) => !list.is_empty(),
            PlanResult::Staged(_) => true,
            PlanResult::Failed { .. } | PlanResult::Skipped { .. } => false,
        })
    }
}

/// One instance's part of the report.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Planned {
    /// The instance.
    pub instance: Instance,
    /// Whether the stack is new, changed or removed.
    pub kind: Kind,
    /// Why it was planned, one line each.
    pub reasons: Vec<String>,
    /// What should be looked at.
    pub notices: Vec<String>,
    /// Resource addresses that need a word, from the stack.
    pub protect: Vec<String>,
    /// What Terraform said.
    pub result: PlanResult,
    /// What the policies say of it.
    #[serde(default)]
    pub findings: Vec<Finding>,
}

/// What Terraform said of an instance.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum PlanResult {
    /// What it would do; may be nothing.
    Changes(ChangeList),
    /// It can only be planned when others are applied.
    Staged(Staged),
    /// It failed.
    Failed {
        /// The error and its causes, a line each.
        message: String,
    },
    /// It was not started.
    Skipped {
        /// Why.
        reason: String,
    },
}

impl Workshop {
    /// Plans the instances that `request` affects, in parallel, and keeps the plans.
    ///
    /// # Errors
    /// When the repository, the platform or the stores cannot be used. An instance that fails to plan is
    /// part of the report.
    pub async fn plan(
        &self,
        request: &PlanRequest,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<PlanReport, PipelineError> {
        let Selection { targets, platform, policies, plan_stores, notices } = self.select(request).await?;
        let certain = targets.iter().filter(|target| !target.reader);
        events(Event::Selected { instances: certain.map(|target| target.affected.instance.clone()).collect() });
        let instances = self.plan_all(targets, &platform, &policies, interrupt, events).await?;
        Ok(PlanReport {
            commit: (!request.worktree).then_some(request.range.head),
            plan_stores,
            instances,
            notices,
            protect: platform.policy.protect.clone(),
        })
    }

    async fn plan_all(
        &self,
        targets: Vec<Target>,
        platform: &Platform,
        policies: &Policies,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<Vec<Planned>, PipelineError> {
        let (sender, relay) = relay();
        let targets: Arc<[Target]> = targets.into();
        let nodes: Vec<_> =
            targets.iter().map(|target| (&target.affected.instance, &target.closure.upstream)).collect();
        let environments: Vec<_> = platform.environments.iter().map(|environment| &environment.name).collect();
        let stages = Arc::new(Graph::of(&nodes, &environments));
        let graph = schedule::Graph::new(&order::of_plans(self.site(), &targets, stages.before()));
        let pace = Pace::of(platform.pipeline.parallelism);
        let throttle = pace.throttle();
        let run = schedule::run(
            &graph,
            pace,
            || interrupt.is_raised(),
            |hold| sender.send(Event::Held(hold)),
            |index| {
                let (workshop, targets, stages) = (self.clone(), Arc::clone(&targets), Arc::clone(&stages));
                let (interrupt, sender, throttle) = (interrupt.clone(), sender.clone(), throttle.clone());
                async move {
                    let send = |event: Event| {
                        if event.is_throttling() {
                            throttle.heard();
                        }
                        sender.send(event);
                    };
                    let result = workshop.plan_one(&targets, &stages, index, &interrupt, &send).await;
                    let ok = result.is_ok();
                    (result, ok)
                }
            },
        );
        let outcomes = relay.during(run, events).await?;
        let finished = targets.iter().zip(outcomes).filter_map(|(target, outcome)| {
            let (result, mut notices) = match outcome {
                schedule::Outcome::Ran { value: Ok(planned), .. } => planned?,
                schedule::Outcome::Skipped { .. } | schedule::Outcome::Stopped if target.reader => return None,
                schedule::Outcome::Ran { value: Err(error), .. } => {
                    let message = trouble::tell(&error, &target.affected.instance);
                    (PlanResult::Failed { message }, Vec::new())
                }
                schedule::Outcome::Skipped { because } => {
                    let reason =
                        format!("it reads outputs of {}, which has no plan", targets[because].affected.instance);
                    (PlanResult::Skipped { reason }, Vec::new())
                }
                schedule::Outcome::Stopped => (PlanResult::Skipped { reason: "interrupted".to_owned() }, Vec::new()),
                schedule::Outcome::Circular => {
                    (PlanResult::Skipped { reason: "the stacks wait for each other".to_owned() }, Vec::new())
                }
            };
            // That a file outside of the repository is read tells nothing about this change; `kstack why` shows it.
            let told = target.closure.notices.iter().filter(|notice| !matches!(notice, Notice::Outside { .. }));
            notices.extend(told.map(ToString::to_string));
            let mut reasons: Vec<String> = target.affected.reasons.iter().map(reason).collect();
            if let PlanResult::Staged(Staged { after, .. }) = &result {
                reasons.extend(after.iter().map(|after| format!("it reads outputs of {after}, which change")));
            }
            let findings = result.list().map(|changes| policies.judge(&target.to_judge(changes))).unwrap_or_default();
            Some(Planned {
                instance: target.affected.instance.clone(),
                kind: target.affected.kind,
                reasons,
                notices,
                protect: target.protect.clone(),
                result,
                findings,
            })
        });
        Ok(finished.collect())
    }

    /// Plans one instance and keeps the bundle; or previews it, if it waits for others. Returns what came of it and what
    /// should be looked at; `None`: it has nothing to do with this change.
    async fn plan_one(
        &self,
        targets: &[Target],
        graph: &Graph,
        index: usize,
        interrupt: &Interrupt,
        events: EventSink<'_>,
    ) -> Result<Option<(PlanResult, Vec<String>)>, PipelineError> {
        let started = Instant::now();
        let target = &targets[index];
        let wait = graph.wait(index);
        if target.reader && wait.is_none() {
            return Ok(None);
        }
        let instance = &target.affected.instance;
        events(Event::Started { instance: instance.clone() });
        let (stage, done) = match wait {
            None => (1, self.plan_steps(target, graph.is_read(index), interrupt, events).await),
            Some(wait) => {
                let after = wait.after.iter().map(|&index| targets[index].producer()).collect();
                (wait.stage, self.preview(target, wait, after, interrupt, events).await)
            }
        };
        let result = done.map(|Done { result, notices, outputs }| {
            graph.settle(index, Foreseen { stage, outputs });
            (result, notices)
        });
        let summary = match &result {
            Ok((result, _)) => {
                order::remember_plan(self.site(), instance, started.elapsed());
                result.summary()
            }
            Err(error) => trouble::tell(error, instance).lines().next().unwrap_or_default().to_owned(),
        };
        events(Event::Finished {
            instance: instance.clone(),
            ok: result.is_ok(),
            summary,
            seconds: started.elapsed().as_secs_f64(),
        });
        result.map(Some)
    }
}

impl PlanResult {
    /// What it would do, or is expected to do.
    fn list(&self) -> Option<&ChangeList> {
        match self {
            Self::Changes(list) | Self::Staged(Staged { expected: Some(list), .. }) => Some(list),
            Self::Staged(_) | Self::Failed { .. } | Self::Skipped { .. } => None,
        }
    }

    /// In a few words.
    pub(super) fn summary(&self) -> String {
        match self {
            Self::Changes(list) => summary(list),
            Self::Staged(Staged { stage, expected: Some(list), .. }) => {
                format!("stage {stage}, {} expected", summary(list))
            }
            Self::Staged(Staged { stage, .. }) => format!("stage {stage}, cannot be foreseen"),
            Self::Failed { message: text } | Self::Skipped { reason: text } => trouble::first_line(text),
        }
    }
}

/// `2 to add, 1 to change, 0 to destroy`, or `no changes`.
pub(super) fn summary(list: &ChangeList) -> String {
    use crate::terraform::Action;
    if list.is_empty() {
        return "no changes".to_owned();
    }
    let count = |test: fn(Action) -> bool| list.resources.iter().filter(|change| test(change.action)).count();
    let add = count(|action| matches!(action, Action::Create) || action.replaces());
    let change = count(|action| action == Action::Update);
    let destroy = count(Action::destroys);
    format!("{add} to add, {change} to change, {destroy} to destroy")
}

fn reason(reason: &Reason) -> String {
    let what = reason.change;
    let via: Vec<&str> = reason.chain.iter().map(|link| link.by.as_str()).filter(|by| !by.is_empty()).collect();
    if via.is_empty() {
        format!("`{}` {what}", reason.path)
    } else {
        format!("`{}` {what}, read through {}", reason.path, via.join(" → "))
    }
}
