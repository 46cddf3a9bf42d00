//! Merges, simulated: whether every plan that is still exact is found, and every other one refused by the right field.
//!
//! Everything that finds and decides is real: Git objects, closures, records, the plan store, the choice of a bundle. Made
//! up are the plan files, since Terraform is not run: what it would plan is bound as the pipeline binds it. The truth is
//! kept apart from all of it: [`platform::reads`] says which files a stack reads, because the generator wrote them so, and
//! a plan is exact if they, the state and the policy are what they were.
//!
//! `KSTACK_MERGES` is the number of merges, `KSTACK_MERGES_SEED` the beginning of the dice.

mod forge;
mod planning;
mod platform;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    ApplyRequest, Site, Which, Workshop,
    applied::Applied,
    due::Bench,
    fit::{Choice, Field},
    seal::Keys,
    settle::Assurances,
    shelf::Shelf,
    stages::Round,
};
use crate::{
    closure::Closure,
    platform::{EnvironmentName, Instance},
    repo::{CommitId, Repository},
    terraform::{Binary, Platform, Product, Version},
};
use forge::{Forge, How};
use platform::{Contents, Edit, Files};

/// Throws of a die that come out the same every time.
struct Dice(u64);

impl Dice {
    /// A number below `sides`.
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.roll(100) < percent
    }
}

/// A plan as the truth knows it.
struct Known {
    instance: Instance,
    /// What it was made from; `None`: it destroys.
    contents: Option<Contents>,
    serial: Option<u64>,
    policy: String,
    no_changes: bool,
}

/// A branch with a change, and what it was planned at.
struct Request {
    head: git2::Oid,
    edits: Vec<Edit>,
}

/// What came of all of it.
#[derive(Debug, Default)]
struct Tally {
    merges: BTreeMap<How, usize>,
    conflicts: usize,
    runs: usize,
    /// Plans that were exact, and found.
    found: usize,
    /// Plans that were exact, and refused: none may be.
    needless: Vec<String>,
    refused: BTreeMap<String, usize>,
}

struct Simulation {
    forge: Forge,
    workshop: Workshop,
    dice: Dice,
    /// By the digest of their plan files.
    plans: BTreeMap<String, Known>,
    /// In the order in which they were made.
    made: Vec<String>,
    /// What was applied last.
    applied: BTreeMap<Instance, Option<Contents>>,
    /// The commits that `ops` has had and `apps` has not.
    delivered: Vec<git2::Oid>,
    open: Vec<Request>,
    merged: Vec<git2::Oid>,
    tally: Tally,
    _cache: tempfile::TempDir,
}

fn id(commit: git2::Oid) -> CommitId {
    commit.to_string().parse().unwrap()
}

fn environment(name: &str) -> EnvironmentName {
    EnvironmentName::new(name).unwrap()
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let forge = Forge::new(&platform::files());
        let cache = tempfile::tempdir().unwrap();
        let site = Site::new(Repository::open_any(forge.path()).unwrap(), cache.path());
        // It is never run.
        let binary = Binary {
            path: "/nowhere/terraform".into(),
            product: Product::Terraform,
            version: Version::release(1, 11, 4),
            sha256: "5a".repeat(32),
            platform: Platform::current(),
        };
        Self {
            forge,
            workshop: Workshop::new(site, binary, BTreeMap::new()),
            dice: Dice(seed),
            plans: BTreeMap::new(),
            made: Vec::new(),
            applied: BTreeMap::new(),
            delivered: Vec::new(),
            open: Vec::new(),
            merged: Vec::new(),
            tally: Tally::default(),
            _cache: cache,
        }
    }

    fn state_file(&self, instance: &Instance) -> std::path::PathBuf {
        self.forge.path().join(format!(".kstack/state/{}.tfstate", instance.key()))
    }

    fn serial(&self, instance: &Instance) -> Option<u64> {
        let text = std::fs::read(self.state_file(instance)).ok()?;
        serde_json::from_slice::<serde_json::Value>(&text).unwrap()["serial"].as_u64()
    }

    /// As an apply does, and as people do who work on a state by hand.
    fn write_state(&self, instance: &Instance) {
        let serial = self.serial(instance).unwrap_or_default() + 1;
        let state = serde_json::json!({
            "version": 4, "terraform_version": "1.11.4", "serial": serial, "lineage": format!("of {instance}"),
            "outputs": {}, "resources": [],
        });
        let path = self.state_file(instance);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, state.to_string()).unwrap();
    }

    /// Applies `commit` if everything that is due has a plan that fits. Says whether it did.
    async fn apply(&mut self, commit: git2::Oid, name: &str) -> bool {
        self.tally.runs += 1;
        let request = ApplyRequest {
            commit: id(commit),
            environment: environment(name),
            stacks: Vec::new(),
            dry_run: false,
            bundles: Vec::new(),
            resume: false,
            assurances: Assurances::default(),
        };
        let site = self.workshop.site().clone();
        let scene = site.scene(&request).unwrap();
        let stores = site.stores(&scene.inventory.platform, &request.environment).unwrap();
        let (keys, files) = (Keys::default(), self.forge.files(commit));
        let shelf = Shelf::open(&[], &stores.plans, &keys).unwrap();
        let bench = Bench {
            commit: request.commit,
            scene: &scene,
            tree: Arc::new(site.export(&scene.snapshot).unwrap()),
            platform: Arc::new(scene.inventory.platform.clone()),
            policies: Arc::new(scene.policies().unwrap()),
        };
        let pending: Vec<(Instance, Option<Closure>)> = self.workshop.pending(&request, &scene, &stores).await.unwrap();
        // The shared stack goes with the first environment.
        let delivers = |instance: &Instance| match &instance.environment {
            Some(environment) => environment.as_str() == name,
            None => name == "ops",
        };
        let mut due: BTreeSet<Instance> = platform::instances(&files, &[name]).into_iter().collect();
        due.extend(self.applied.keys().cloned());
        due.retain(|instance| {
            delivers(instance) && platform::reads(&files, instance) != self.applied.get(instance).cloned().flatten()
        });
        assert_eq!(pending.iter().map(|(instance, _)| instance.clone()).collect::<BTreeSet<_>>(), due, "what is due");

        let mut fitting = Vec::new();
        for (instance, closure) in &pending {
            let truth = self.truth(instance, &files);
            let choice = self
                .workshop
                .choice(&bench, &shelf, &Round::of(&keys, &[]), instance, closure.as_ref(), &|_| {})
                .await
                .unwrap();
            let refusal = match choice {
                Choice::Fits(bundle) => {
                    assert!(truth.is_ok(), "{instance}: {truth:?} differs, and a plan is taken");
                    let known = &self.plans[&bundle.manifest.plan_sha256];
                    assert_eq!(known.instance, *instance);
                    assert_eq!(known.contents, platform::reads(&files, instance), "{instance}: made from other files");
                    assert_eq!(known.serial, self.serial(instance), "{instance}: made from another state");
                    self.tally.found += 1;
                    fitting.push((instance.clone(), known.contents.clone(), known.no_changes, closure.clone()));
                    continue;
                }
                Choice::MovedOn(_, refusal) | Choice::Unfit(refusal) => refusal,
                Choice::Staged(bundle) => panic!("{instance}: no plan here waits for others: {bundle:?}"),
            };
            match truth {
                Ok(()) => self.tally.needless.push(refusal.to_string()),
                Err(field) => {
                    assert_eq!(refusal.field, field, "{refusal}");
                    *self.tally.refused.entry(field.to_string()).or_default() += 1;
                }
            }
        }
        if fitting.len() < pending.len() {
            return false;
        }
        for (instance, contents, no_changes, closure) in fitting {
            if !no_changes {
                self.write_state(&instance);
            }
            let applied = Applied {
                outdated: false,
                version: 1,
                instance: instance.clone(),
                closure: closure.map(|closure| closure.hash.to_string()),
                commit: commit.to_string(),
                run: "simulated".to_owned(),
                time: Timestamp::now(),
                took: None,
            };
            applied.write(&stores.records).await.unwrap();
            self.applied.insert(instance, contents);
        }
        true
    }

    /// Whether a plan is exact for `instance` as `files` have it now; or the field that has moved.
    fn truth(&self, instance: &Instance, files: &Files) -> Result<(), Field> {
        let (now, serial, policy) = (platform::reads(files, instance), self.serial(instance), platform::policy(files));
        let known: Vec<&Known> = self
            .made
            .iter()
            .rev()
            .map(|digest| &self.plans[digest])
            .filter(|plan| plan.instance == *instance)
            .collect();
        let mut same = known.iter().filter(|plan| plan.contents == now).peekable();
        let Some(newest) = same.peek() else {
            // Beside the plan that destroys it, a stack that came back was never planned.
            let was_planned = known.first().is_some_and(|last| last.contents.is_some()) && now.is_some();
            return Err(if was_planned { Field::Closure } else { Field::Plan });
        };
        let field = match (newest.serial, serial) {
            (Some(then), Some(now)) if then == now => Field::Policy,
            (Some(_), Some(_)) => Field::StateSerial,
            (None, None) => Field::Policy,
            _ => Field::State,
        };
        if same.any(|plan| plan.serial == serial && plan.policy == policy) { Ok(()) } else { Err(field) }
    }

    /// A branch from the tip, or from where it was some merges ago, with one to three commits; planned as a pull request.
    async fn propose(&mut self) {
        let tip = self.forge.tip();
        let files = self.forge.files(tip);
        let revert = self.dice.chance(8).then(|| self.merged.get(self.dice.roll(self.merged.len().max(1))).copied());
        if let Some(reverted) = revert.flatten()
            && let Some(files) = self.forge.reverted(tip, reverted)
        {
            let head = self.forge.commit(&files, &[tip]);
            self.plan(Some(tip), head, Which::Changed, &["ops"]).await;
            self.open.push(Request { head, edits: Vec::new() });
            return;
        }
        let count = 1 + self.dice.roll(3);
        let edits: Vec<Edit> = (0..count).map(|_| platform::edit(&files, &mut |sides| self.dice.roll(sides))).collect();
        self.branch(tip, edits).await;
    }

    async fn branch(&mut self, base: git2::Oid, mut edits: Vec<Edit>) {
        let (mut files, mut head) = (self.forge.files(base), base);
        if self.dice.chance(30) {
            // The same commits in another order.
            edits.reverse();
        }
        for edit in &edits {
            edit(&mut files);
            head = self.forge.commit(&files, &[head]);
        }
        self.plan(Some(base), head, Which::Changed, &["ops"]).await;
        if self.dice.chance(10) {
            // The job is run again.
            self.plan(Some(base), head, Which::Changed, &["ops"]).await;
        }
        self.open.push(Request { head, edits });
    }

    async fn merge(&mut self) {
        let request = self.open.remove(self.dice.roll(self.open.len()));
        let how = How::ALL[self.dice.roll(How::ALL.len())];
        let tip = self.forge.tip();
        match self.forge.merge(tip, request.head, how) {
            Some(merged) => {
                *self.tally.merges.entry(how).or_default() += 1;
                self.merged.push(merged);
            }
            None => {
                self.tally.conflicts += 1;
                if !request.edits.is_empty() {
                    self.branch(tip, request.edits).await;
                }
            }
        }
    }

    /// What a push of the default branch does; several merges may have come since the last one.
    async fn deliver(&mut self) {
        let tip = self.forge.tip();
        if !self.apply(tip, "ops").await {
            // Refused: what is merged is planned and reviewed again.
            self.plan(None, tip, Which::Pending, &["ops"]).await;
            assert!(self.apply(tip, "ops").await, "what was just planned fits");
        }
        self.delivered.push(tip);
        self.plan(None, tip, Which::Pending, &["apps"]).await;
    }

    /// What a tag does, on any commit that the environment before has had.
    async fn promote(&mut self) {
        let position = self.dice.roll(self.delivered.len());
        let commit = self.delivered[position];
        self.delivered.drain(..=position);
        if !self.apply(commit, "apps").await {
            self.plan(None, commit, Which::Pending, &["apps"]).await;
            assert!(self.apply(commit, "apps").await, "what was just planned fits");
        }
    }

    async fn run(&mut self, merges: usize) {
        self.plan(None, self.forge.tip(), Which::Pending, &["ops"]).await;
        self.deliver().await;
        while self.tally.merges.values().sum::<usize>() < merges {
            while self.open.len() < 2 + self.dice.roll(4) {
                self.propose().await;
            }
            self.merge().await;
            if self.dice.chance(4) {
                let known: Vec<Instance> = self.applied.keys().cloned().collect();
                let moved = self.dice.roll(known.len());
                self.write_state(&known[moved]);
            }
            if self.dice.chance(75) {
                self.deliver().await;
            }
            if !self.delivered.is_empty() && self.dice.chance(25) {
                self.promote().await;
            }
        }
    }
}

#[tokio::test]
async fn no_plan_that_is_still_exact_is_refused() {
    let number =
        |name: &str, default| std::env::var(format!("KSTACK_{name}")).map_or(default, |text| text.parse().unwrap());
    let (merges, seed) = (number("MERGES", 30), number("MERGES_SEED", 20_260_101));
    let mut simulation = Simulation::new(seed);
    simulation.run(usize::try_from(merges).unwrap()).await;
    let tally = &simulation.tally;
    let rate = tally.needless.len() as f64 / (tally.found + tally.needless.len()) as f64;
    println!("{tally:#?}\n{} plans, rate of needless refusals {rate}", simulation.made.len());
    assert_eq!(tally.needless, [""; 0]);
    // Every way to merge, and every way to go stale, has come up.
    assert_eq!(tally.merges.len(), How::ALL.len());
    assert!(tally.found > simulation.tally.runs);
    let fields: Vec<&str> = tally.refused.keys().map(String::as_str).collect();
    assert_eq!(fields, ["closure", "policy", "state serial"]);
}
