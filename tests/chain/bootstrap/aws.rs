//! On AWS: the stand-in is moto.

use std::path::Path;

use serde_json::Value;

use super::{Account, Cloud, ON_DISK};
use crate::support::{moto::Moto, providers};

const BUCKET: &str = "acme-state";
const STATE: &str = "shared/bootstrap.tfstate";

impl Cloud for Moto {
    fn start(folder: &Path) -> Self {
        Self::start(folder)
    }

    fn variables(&self) -> Vec<(String, String)> {
        self.variables().into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn state(&self) -> Option<String> {
        self.object(BUCKET, STATE)
    }
}

fn account() -> Option<Account<Moto>> {
    let mirror = providers::mirror(&["hashicorp/aws"])?;
    Some(Account::new(&mirror, &["--cluster=aws:gc0:eu-west-1:a,b", "--state=s3://acme-state"]))
}

#[test]
fn a_fresh_account_gets_remote_state_once() {
    let Some(account) = account() else { return };
    account.gets_remote_state_once(
        &["module.state.aws_s3_bucket.this", "module.identity_aws.aws_iam_role.this"],
        &["KSTACK_PLAN_ROLE=arn:aws:iam::", "KSTACK_APPLY_ROLE=arn:aws:iam::"],
    );

    // From here on it is a stack like any other, and nothing of it is due.
    account.only_the_cluster_is_due("eks-gc0-eu-west-1");
    assert!(!account.cloud.keys(BUCKET, "kstack/plans/ops/eks-gc0-eu-west-1/").is_empty(), "its plan is kept");
}

/// A kstack that is killed right after Terraform's apply has made everything and told nobody yet.
#[test]
fn a_killed_run_is_gone_on_with() {
    let Some(account) = account() else { return };
    account.disturb(":", "kill -KILL $PPID");
    let killed = account.kstack(&["bootstrap", "--yes"]);
    assert_eq!(killed.code, None, "{killed}");
    assert!(account.on_disk() && account.state().is_none(), "made, but not moved");
    let on_disk = account.world.read(ON_DISK);

    // Nothing has to be made any more, so nobody is asked.
    let report = &account.report(&[])["report"];
    assert_eq!((&report["standing"], &report["summary"]), (&"begun".into(), &"no changes".into()), "{report}");
    assert_eq!(account.cloud.state().as_deref(), Some(on_disk.as_str()), "nothing was made twice");
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
    let Some(account) = account() else { return };
    account.cloud.make_bucket(BUCKET);
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
