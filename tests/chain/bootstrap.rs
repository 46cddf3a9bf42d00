//! `kstack bootstrap` on an account with nothing in it: the real Terraform and the real AWS provider against moto. What
//! AWS itself would say to the policies is not proven here.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use kstack::terraform::StateFile;
use serde_json::Value;

use crate::support::{
    cli::{Ran, World, find_program},
    moto::Moto,
    providers,
};

const BUCKET: &str = "acme-state";
const STATE: &str = "shared/bootstrap.tfstate";
const ON_DISK: &str = ".kstack/bootstrap/terraform.tfstate";

const ENGINE: &str = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: flux-system\n";

/// A fresh account, and a platform as `kstack init` makes it, committed.
struct Account {
    world: World,
    moto: Moto,
}

impl Account {
    fn new() -> Option<Self> {
        let mirror = providers::mirror(&["hashicorp/aws"])?;
        let mut world = World::new();
        for program in ["git", "terraform"] {
            world.install(program);
        }
        let moto = Moto::start(world.root());
        for (name, value) in moto.variables() {
            world.set(name, value);
        }
        world.set("KSTACK_PROVIDER_MIRROR", mirror);
        fs::write(world.root().join("engine.yaml"), ENGINE).unwrap();
        let account = Self { world, moto };
        let manifests = format!("--engine-manifests={}", account.world.root().join("engine.yaml").display());
        let fixed = ["init", "--name=acme", "--cluster=aws:gc0:eu-west-1:a,b", "--state=s3://acme-state"];
        let named = ["--base-domain=p.example.com", "--repository=https://github.com/acme/platform", &manifests];
        let _ = account.kstack(&[&fixed[..], &named].concat()).done();
        account.commit("Scaffold the platform");
        Some(account)
    }

    fn kstack(&self, arguments: &[&str]) -> Ran {
        self.world.kstack(arguments)
    }

    fn commit(&self, message: &str) {
        self.world.must("", "git", &["add", "--all"]);
        self.world.must("", "git", &["commit", "--quiet", "--message", message]);
    }

    /// The state in the bucket; `None` before it has moved.
    fn state(&self) -> Option<StateFile> {
        let text = self.moto.object(BUCKET, STATE)?;
        Some(StateFile::parse(text.as_bytes()).unwrap())
    }

    fn on_disk(&self) -> bool {
        self.world.work().join(ON_DISK).exists()
    }

    /// The copies of states that have moved.
    fn copies(&self) -> Vec<String> {
        self.world.files(".kstack/bootstrap").into_iter().filter(|file| file.ends_with(".tfstate")).collect()
    }

    /// The one document of `kstack bootstrap`, which must go well.
    fn report(&self, flags: &[&str]) -> Value {
        let ran = self.kstack(&[&["bootstrap", "--format=json"][..], flags].concat()).done();
        ran.json().pop().unwrap()
    }
}

#[test]
fn a_fresh_account_gets_remote_state_once() {
    let Some(account) = Account::new() else { return };
    let dry = account.report(&["--dry-run"]);
    assert_eq!(dry["report"]["standing"], "new");
    assert!(account.state().is_none() && !account.on_disk(), "a dry run makes nothing");

    // Nobody can be asked.
    let refused = account.kstack(&["bootstrap"]);
    assert_eq!(refused.code, Some(64), "{refused}");
    assert!(refused.stderr.contains("`--yes`"), "{refused}");
    assert!(refused.stdout.contains("module.state.aws_s3_bucket.this"), "{refused}");

    let ran = account.kstack(&["bootstrap", "--yes"]).done();
    let state = account.state().expect("the state is in the bucket");
    assert!(state.resources.contains(&"module.state.aws_s3_bucket.this".to_owned()), "{state:?}");
    assert!(state.resources.contains(&"module.identity_aws.aws_iam_role.this".to_owned()), "{state:?}");
    assert!(!account.on_disk(), "no state is left on disk");
    assert_eq!(account.copies(), [format!("moved-{}-{}.tfstate", state.lineage, state.serial)]);
    for variable in ["KSTACK_PLAN_ROLE=arn:aws:iam::", "KSTACK_APPLY_ROLE=arn:aws:iam::"] {
        assert!(ran.stdout.contains(variable), "{ran}");
    }

    // Once more changes nothing, asks nothing, and moves nothing.
    let again = account.report(&[]);
    assert_eq!((&again["report"]["standing"], &again["report"]["summary"]), (&"moved".into(), &"no changes".into()));
    assert_eq!(again["report"]["moved"], Value::Null);
    assert_eq!(account.state(), Some(state));

    // From here on it is a stack like any other, and nothing of it is due.
    let review = account.kstack(&["plan", "--pending", "--format=json"]).done().json().pop().unwrap();
    let planned: Vec<&str> =
        review["instances"].as_array().unwrap().iter().map(|i| i["instance"]["stack"].as_str().unwrap()).collect();
    assert_eq!(planned, ["eks-gc0-eu-west-1"]);
    assert!(!account.moto.keys(BUCKET, "kstack/plans/ops/eks-gc0-eu-west-1/").is_empty(), "its plan is kept");
}
