//! Plan and apply of an EKS platform next to the same commands of Terraform by hand: the real Terraform and the real AWS
//! provider, with moto instead of AWS and state in its S3. Both sides get their providers from the same mirror.

use std::path::{Path, PathBuf};

use crate::{
    measure::{Run, Table, kstack, run, walls},
    shared::{
        self,
        cli::{World, find_program},
        moto::Moto,
        providers,
    },
};

const PLANS: usize = 3;
const APPLIES: usize = 2;

const BUCKET: &str = "acme-state";
/// A clone for the commands by hand, beside the platform.
const BY_HAND: &str = "../by-hand";
const STACK: &str = "infra/eks-gc0-eu-west-1";

/// Measures a first plan, plans of a new platform and of a change, and applies.
pub fn measure(table: &Table) {
    let platform = Platform::new();
    table.runs("first `kstack plan`, with an empty cache folder", &[platform.plan()]);
    let (init, plan, show) = platform.plan_by_hand();
    table.times("first `terraform init`, `plan -out`, `show -json`", &[init.wall + plan.wall + show.wall], None);
    compare_plans(table, &platform, "new platform");

    let (mut ours, mut theirs) = (vec![platform.apply()], Vec::new());
    compare_changes(table, &platform);
    for number in 0..APPLIES {
        let by_hand = Platform::new();
        by_hand.plan_by_hand();
        theirs.push(by_hand.terraform(&["apply", "-input=false", "plan.tfplan"]));
        drop(by_hand);
        if number + 1 < APPLIES {
            let platform = Platform::new();
            platform.plan();
            ours.push(platform.apply());
        }
    }
    table.runs("`kstack apply --no-handoff` of the new platform", &ours);
    table.runs("`terraform apply plan.tfplan` of the same", &theirs);
    table.ratio("apply / by hand", &walls(&ours), &walls(&theirs));
}

/// A change of a node pool: what most pull requests are like. Terraform reads every resource again.
fn compare_changes(table: &Table, platform: &Platform) {
    platform.git(&["switch", "--quiet", "--create", "grow"]);
    let path = format!("{STACK}/node_pool_default.tf");
    let text = platform.world.read(&path);
    assert!(text.contains("max_size = 3"), "{text}");
    platform.world.write(&path, &text.replace("max_size = 3", "max_size = 5"));
    platform.git(&["commit", "--quiet", "--all", "--message", "Grow"]);
    platform.world.must(BY_HAND, "git", &["pull", "--quiet", "origin", "grow"]);
    compare_plans(table, platform, "change");
}

fn compare_plans(table: &Table, platform: &Platform, what: &str) {
    let (mut ours, mut inits, mut plans, mut shows) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..PLANS {
        ours.push(platform.plan());
        let (init, plan, show) = platform.plan_by_hand();
        inits.push(init);
        plans.push(plan);
        shows.push(show);
    }
    table.runs(&format!("{what}: `kstack plan`"), &ours);
    table.runs(&format!("{what}: `terraform init`, done before"), &inits);
    table.runs(&format!("{what}: `terraform plan -out`"), &plans);
    table.runs(&format!("{what}: `terraform show -json`"), &shows);
    let (ours, inits, plans, shows) = (walls(&ours), walls(&inits), walls(&plans), walls(&shows));
    let sum = |a: &[_], b: &[_]| a.iter().zip(b).map(|(a, b)| *a + *b).collect::<Vec<_>>();
    let both = sum(&inits, &plans);
    table.ratio(&format!("{what}: kstack / plan alone"), &ours, &plans);
    table.ratio(&format!("{what}: kstack / init and plan"), &ours, &both);
    table.ratio(&format!("{what}: kstack / init, plan and show"), &ours, &sum(&both, &shows));
}

/// A committed platform, and an AWS of its own.
struct Platform {
    world: World,
    terraform: PathBuf,
    _moto: Moto,
}

impl Platform {
    fn new() -> Self {
        let mirror = providers::mirror(&["hashicorp/aws"]).expect("a mirror that has hashicorp/aws");
        let mut world = World::new();
        for program in ["git", "terraform"] {
            world.install(program);
        }
        let moto = Moto::start(world.root());
        for (name, value) in moto.variables() {
            world.set(name, value);
        }
        world.set("KSTACK_PROVIDER_MIRROR", mirror);
        world.set("KSTACK_COMPONENTS_DIR", shared::components());
        // kstack makes a configuration of its own from the mirror; by hand this one names the same.
        world.set("TF_CLI_CONFIG_FILE", providers::cli_config(world.root()));
        moto.make_bucket(BUCKET);
        let platform = Self { world, terraform: find_program("terraform").unwrap(), _moto: moto };
        let arguments = [
            "init",
            "--name=acme",
            "--cluster=aws:gc0:eu-west-1:a,b",
            "--state=s3://acme-state",
            "--base-domain=p.example.com",
            "--repository=https://git.example.com/acme/platform",
        ];
        let _ = platform.world.kstack(&arguments).done();
        platform.git(&["add", "--all"]);
        platform.git(&["commit", "--quiet", "--message", "Scaffold the platform"]);
        platform.git(&["clone", "--quiet", ".", BY_HAND]);
        platform
    }

    fn git(&self, arguments: &[&str]) {
        self.world.must("", "git", arguments);
    }

    fn plan(&self) -> Run {
        run(&self.world, &self.world.work(), &kstack(), &["plan"])
    }

    fn apply(&self) -> Run {
        run(&self.world, &self.world.work(), &kstack(), &["apply", "--no-handoff"])
    }

    /// The runbook's commands, in the clone.
    fn plan_by_hand(&self) -> (Run, Run, Run) {
        let init = self.terraform(&[
            "init",
            "-input=false",
            "-reconfigure",
            "-backend-config=../../environments/ops.tfbackend",
            "-backend-config=key=ops/eks-gc0-eu-west-1.tfstate",
        ]);
        let plan =
            self.terraform(&["plan", "-input=false", "-out=plan.tfplan", "-var-file=../../environments/ops.tfvars"]);
        (init, plan, self.terraform(&["show", "-json", "plan.tfplan"]))
    }

    fn terraform(&self, arguments: &[&str]) -> Run {
        run(&self.world, &self.world.work().join(BY_HAND).join(STACK), Path::new(&self.terraform), arguments)
    }
}
