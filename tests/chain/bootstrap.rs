//! `kstack bootstrap` on an account with nothing in it: the real Terraform and the real AWS provider against moto. What
//! AWS itself would say to the policies is not proven here.

use std::{fs, os::unix::fs::PermissionsExt as _};

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

    /// From now on Terraform is a script around the real one, which runs `before` and `after` around its first apply.
    fn disturb(&self, before: &str, after: &str) {
        let bin = self.world.root().join("bin");
        let once =
            |name: &str, act: &str| format!("if [ \"$1\" = apply ] && [ ! -e {name} ]; then : > {name}; {act}; fi\n");
        let marks = self.world.root().display();
        let script = format!(
            "#!/bin/sh\n{}\"{}\" \"$@\"\ncode=$?\n{}exit $code\n",
            once(&format!("{marks}/before"), before),
            find_program("terraform").unwrap().display(),
            once(&format!("{marks}/after"), after),
        );
        fs::remove_file(bin.join("terraform")).unwrap();
        fs::write(bin.join("terraform"), script).unwrap();
        fs::set_permissions(bin.join("terraform"), fs::Permissions::from_mode(0o755)).unwrap();
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

/// A kstack that is killed right after Terraform's apply has made everything and told nobody yet.
#[test]
fn a_killed_run_is_gone_on_with() {
    let Some(account) = Account::new() else { return };
    account.disturb(":", "kill -KILL $PPID");
    let killed = account.kstack(&["bootstrap", "--yes"]);
    assert_eq!(killed.code, None, "{killed}");
    assert!(account.on_disk() && account.state().is_none(), "made, but not moved");
    let on_disk = account.world.read(ON_DISK);

    // Nothing has to be made any more, so nobody is asked.
    let report = &account.report(&[])["report"];
    assert_eq!((&report["standing"], &report["summary"]), (&"begun".into(), &"no changes".into()), "{report}");
    assert_eq!(account.moto.object(BUCKET, STATE).as_deref(), Some(on_disk.as_str()), "nothing was made twice");
    assert!(!account.on_disk());

    // Killed between its last two steps, a run leaves the file that has moved already.
    account.world.write(ON_DISK, &on_disk);
    let report = &account.report(&[])["report"];
    assert_eq!((&report["standing"], &report["moved"]), (&"moved".into(), &Value::Null), "{report}");
    assert!(!account.on_disk());

    // What is in no bucket is not thrown away.
    let serial = account.state().unwrap().serial;
    let newer = on_disk.replace(&format!("\"serial\": {serial}"), &format!("\"serial\": {}", serial + 1));
    account.world.write(ON_DISK, &newer);
    let refused = account.kstack(&["bootstrap", "--yes"]);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(refused.stderr.contains("the file is newer"), "{refused}");
    assert_eq!(account.world.read(ON_DISK), newer);
}

/// Ctrl-C while Terraform applies, and a bucket of that name that is there before.
#[test]
fn nothing_is_taken_over_unasked_or_lost_on_interrupt() {
    let Some(account) = Account::new() else { return };
    account.moto.make_bucket(BUCKET);
    let refused = account.kstack(&["bootstrap", "--yes"]);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(refused.stderr.contains("exists already, and no state says"), "{refused}");
    assert!(refused.stderr.contains("`to = module.state.aws_s3_bucket.this` and `id = \"acme-state\"`"), "{refused}");

    let import = "import {\n  to = module.state.aws_s3_bucket.this\n  id = \"acme-state\"\n}\n";
    account.world.write("infra/bootstrap/import.tf", import);
    account.commit("Take the bucket over");
    account.disturb("kill -INT $PPID", ":");
    let interrupted = account.kstack(&["bootstrap", "--yes"]);
    assert_eq!(interrupted.code, Some(130), "{interrupted}");
    assert!(account.state().is_none(), "{interrupted}");

    let _ = account.kstack(&["bootstrap", "--yes"]).done();
    let state = account.state().unwrap();
    assert!(state.resources.contains(&"module.state.aws_s3_bucket.this".to_owned()), "{state:?}");
    assert_eq!(account.report(&[])["report"]["summary"], "no changes");
}
