//! On Azure: the stand-in is `tests/azure/server.py`, for the provider, for Terraform's azurerm backend, and for kstack. It is
//! their proxy, so all of them talk to Azure's own addresses.

use std::path::Path;

use super::{Account, Cloud};
use crate::support::{
    azure::{SUBSCRIPTION, StandIn},
    providers,
};

const CONTAINER: &str = "acmestate/tfstate";

impl Cloud for StandIn {
    fn start(folder: &Path) -> Self {
        Self::start(folder)
    }

    fn variables(&self) -> Vec<(String, String)> {
        self.variables().into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn state(&self) -> Option<String> {
        self.blob(&format!("{CONTAINER}/shared/bootstrap.tfstate"))
    }
}

fn account() -> Option<Account<StandIn>> {
    let needed = [("hashicorp/azurerm", ">= 5.0.0, < 6.0.0"), ("hashicorp/time", ">= 0.9.0, < 1.0.0")];
    let mirror = providers::unpacked_with(&needed)?;
    let subscription = format!("--azure-subscription={SUBSCRIPTION}");
    let state = format!("--state=az://{CONTAINER}?resource_group=acme-state");
    let account = Account::new(&mirror, &["--cluster=azure:gc0:westeurope", &subscription, &state]);
    // The stand-in knows of a role at once.
    let stack = account.world.read("infra/bootstrap/state.tf");
    let hurried = stack.replace("\n}\n", "\n\n  role_propagation_duration = \"0s\"\n}\n");
    assert_ne!(hurried, stack);
    account.world.write("infra/bootstrap/state.tf", &hurried);
    account.commit("Wait for no role");
    Some(account)
}

#[test]
fn a_fresh_subscription_gets_remote_state_once_on_a_stand_in() {
    let Some(account) = account() else { return };
    account.gets_remote_state_once(
        &["module.state.azurerm_storage_account.this", "module.identity_azure.azurerm_user_assigned_identity.this"],
        &["KSTACK_TENANT_ID=", "KSTACK_PLAN_CLIENT_ID=", "KSTACK_APPLY_CLIENT_ID="],
    );

    // From here on it is a stack like any other, and nothing of it is due.
    account.only_the_cluster_is_due("aks-gc0-westeurope");
    let blobs = account.cloud.blobs();
    let plans = format!("{CONTAINER}/kstack/plans/ops/aks-gc0-westeurope/");
    assert!(blobs.iter().any(|blob| blob.starts_with(&plans)), "its plan is kept: {blobs:#?}");
}
