//! On Google: the stand-in is `tests/google/server.py`, for the provider, for Terraform's gcs backend, and for kstack.

use std::path::Path;

use super::{Account, Cloud};
use crate::support::{google::Google, providers};

const BUCKET: &str = "acme-state";

impl Cloud for Google {
    fn start(folder: &Path) -> Self {
        let cloud = Self::start(folder);
        cloud.with_new_projects();
        cloud
    }

    fn variables(&self) -> Vec<(String, String)> {
        self.variables()
    }

    fn state(&self) -> Option<String> {
        self.object(BUCKET, "shared/bootstrap/default.tfstate")
    }
}

fn account() -> Option<Account<Google>> {
    let mirror = providers::unpacked_with(&[("hashicorp/google", ">= 7.0.0, < 9.0.0")])?;
    let cluster = ["--cluster=google:gc0:europe-west1", "--google-project=platform-ops", "--state=gs://acme-state"];
    Some(Account::new(&mirror, &cluster))
}

#[test]
fn a_fresh_project_gets_remote_state_once_on_a_stand_in() {
    let Some(account) = account() else { return };
    account.gets_remote_state_once(
        &["module.state.google_storage_bucket.this", "module.identity_google.google_service_account.this"],
        &[
            "KSTACK_IDENTITY_PROVIDER=projects/",
            "KSTACK_PLAN_SERVICE_ACCOUNT=acme-kstack-plan@platform-ops.iam.gserviceaccount.com",
            "KSTACK_APPLY_SERVICE_ACCOUNT=acme-kstack-apply@platform-ops.iam.gserviceaccount.com",
        ],
    );

    // From here on it is a stack like any other, and nothing of it is due.
    account.only_the_cluster_is_due("gke-gc0-europe-west1");
    let objects = account.cloud.left().objects;
    let kept = |below: &str| objects.iter().any(|object| object.starts_with(&format!("{BUCKET}/{below}")));
    assert!(kept("kstack/plans/ops/gke-gc0-europe-west1/"), "its plan is kept: {objects:#?}");
    assert!(objects.iter().all(|object| !object.ends_with(".tflock")), "no lock is left: {objects:#?}");
}

/// A kstack that is killed right after Terraform's apply has made everything and told nobody yet.
#[test]
fn a_killed_run_is_gone_on_with_on_a_stand_in() {
    let Some(account) = account() else { return };
    account.disturb(":", "kill -KILL $PPID");
    let killed = account.kstack(&["bootstrap", "--yes"]);
    assert_eq!(killed.code, None, "{killed}");
    assert!(account.on_disk() && account.state().is_none(), "made, but not moved");
    let made = account.cloud.left().resources;

    let report = &account.report(&[])["report"];
    assert_eq!((&report["standing"], &report["summary"]), (&"begun".into(), &"no changes".into()), "{report}");
    assert!(account.state().is_some() && !account.on_disk());
    assert_eq!(account.cloud.left().resources, made, "nothing was made twice");
}
