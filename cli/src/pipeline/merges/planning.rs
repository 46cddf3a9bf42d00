//! Plans of a simulated run: selected, bound and kept by the pipeline, with contents that no Terraform made.

use std::collections::{BTreeMap, BTreeSet};

use super::{Known, Simulation, environment, id, platform};
use crate::{
    closure::Kind,
    pipeline::{
        PlanRequest, Which,
        bundle::{self, Bundle},
        planning,
        seal::Recipients,
    },
    platform::Instance,
    policy::Words,
    repo::Range,
    terraform::{Action, ChangeList, ResourceChange, ResourceMode},
};

impl Simulation {
    /// Plans as the pipeline does, without Terraform, and checks that it plans what the truth wants planned.
    pub(super) async fn plan(&mut self, base: Option<git2::Oid>, head: git2::Oid, which: Which, environments: &[&str]) {
        let request = PlanRequest {
            range: Range { base: base.map(id), head: id(head) },
            worktree: false,
            which,
            environments: environments.iter().map(|name| environment(name)).collect(),
            stacks: Vec::new(),
            keep: true,
            bundles: None,
            part: None,
            policies: None,
            words: Words::default(),
        };
        let selection = self.workshop.select(&request).await.unwrap();
        let files = self.forge.files(head);
        let before = base.map(|base| self.forge.files(base));
        let planned: BTreeSet<String> =
            selection.targets.iter().map(|target| target.affected.instance.to_string()).collect();
        let wanted = |instance: &Instance| match (which, &before) {
            (Which::Changed, Some(before)) => platform::reads(&files, instance) != platform::reads(before, instance),
            _ => platform::reads(&files, instance) != self.applied.get(instance).cloned().flatten(),
        };
        let mut known: BTreeSet<Instance> = platform::instances(&files, environments).into_iter().collect();
        known.extend(before.iter().flat_map(|before| platform::instances(before, environments)));
        known.extend(self.applied.keys().filter(|it| platform::is_in(it, environments)).cloned());
        let wanted: BTreeSet<String> = known.into_iter().filter(|it| wanted(it)).map(|it| it.to_string()).collect();
        assert_eq!(planned, wanted, "what is planned");

        for target in selection.targets {
            let (instance, destroy) = (target.affected.instance.clone(), target.affected.kind == Kind::Removed);
            let contents = if destroy { None } else { platform::reads(&files, &instance) };
            let serial = self.serial(&instance);
            let last = self.applied.get(&instance).cloned().flatten();
            let no_changes = !destroy && serial.is_some() && platform::mean_the_same(contents.as_ref(), last.as_ref());
            let planned = bundle::Planned {
                instance: instance.clone(),
                destroy,
                closure: target.closure.hash.to_string(),
                files: target.closure.files.iter().map(|(path, file)| (path.clone(), file.id.to_string())).collect(),
                base: base.map(|base| base.to_string()),
                commit: target.commit.unwrap().to_string(),
                state: serial.map(|serial| bundle::StateVersion { lineage: format!("of {instance}"), serial }),
                terraform: self.workshop.program(),
                providers: BTreeMap::new(),
                policy: planning::policy(&target.head),
                protected: BTreeMap::new(),
                mocked: Vec::new(),
                changes: changes(no_changes),
            };
            let bundle = Bundle::new(planned, format!("plan {}", self.made.len()).into_bytes(), false);
            let nobody = Recipients::parse(&[]).unwrap();
            bundle.save(target.plans.as_ref().unwrap(), &nobody).await.unwrap();
            let digest = bundle.manifest.plan_sha256.clone();
            let policy = platform::policy(&files);
            self.made.push(digest.clone());
            self.plans.insert(digest, Known { instance, contents, serial, policy, no_changes });
        }
    }
}

fn changes(none: bool) -> ChangeList {
    let change = ResourceChange {
        address: "terraform_data.this".to_owned(),
        previous_address: None,
        mode: ResourceMode::Managed,
        resource_type: "terraform_data".to_owned(),
        provider: "terraform.io/builtin/terraform".to_owned(),
        action: Action::Update,
        reason: None,
        importing: None,
        deposed: None,
        attributes: Vec::new(),
    };
    ChangeList { resources: if none { Vec::new() } else { vec![change] }, ..ChangeList::default() }
}
