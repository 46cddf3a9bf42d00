//! The environment that Terraform runs in.
//!
//! Credentials, proxies, `TF_VAR_…`, `TF_LOG…` and provider settings are inherited. Dropped is what
//! would change the meaning of the arguments behind our back: `TF_CLI_ARGS…`; `TF_WORKSPACE` (an
//! instance has one state); `TF_PLUGIN_CACHE_DIR` (Terraform's cache is not safe under parallel
//! runs, hashicorp/terraform#31964); `TF_REATTACH_PROVIDERS` (a provider process configured by
//! somebody else); and the variables that kstack sets itself. Dropped as well are the keys that open sealed plans:
//! Terraform and its providers have no use for them.
//!
//! `RUNNER_TRACKING_ID` is dropped too: at the end of a job, GitHub's runner kills every process that has it in its
//! environment. A Terraform that a cancelled kstack left is to end by itself, with everything it made in its state.

use std::env;

use super::collector;

/// Clears and sets what every run has in common.
pub(super) fn apply(command: &mut tokio::process::Command) {
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(dropped) {
            command.env_remove(name);
        }
    }
    command.env("TF_IN_AUTOMATION", "1").env("TF_INPUT", "0").env("CHECKPOINT_DISABLE", "1");
    command.envs(collector::variables());
}

fn dropped(name: &str) -> bool {
    name.starts_with("TF_CLI_ARGS")
        || matches!(
            name,
            "TF_WORKSPACE" | "TF_PLUGIN_CACHE_DIR" | "TF_REATTACH_PROVIDERS" | "TF_DATA_DIR" | "RUNNER_TRACKING_ID"
        )
        || name.starts_with("KSTACK_AGE_KEY")
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_bends_arguments_and_opens_plans_is_dropped() {
        let kept = ["AWS_PROFILE", "TF_VAR_region", "TF_LOG", "TF_CLI_CONFIG_FILE", "TF_TOKEN_example_com"];
        assert!(!kept.iter().any(|name| super::dropped(name)));
        assert!(
            ["TF_CLI_ARGS", "TF_CLI_ARGS_plan", "TF_WORKSPACE", "KSTACK_AGE_KEY", "RUNNER_TRACKING_ID"]
                .iter()
                .all(|name| super::dropped(name))
        );
    }
}
