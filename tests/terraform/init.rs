//! When init runs, when it is left out, and that leaving it out is safe.

use std::fs;

use kstack::terraform::{ApplyOptions, Cause, InitOutcome, PlanOptions, TerraformError};

use super::stack::Stack;
use crate::support::providers;

const LOCAL: &str = "terraform {\n  backend \"local\" {}\n}\n";

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &target) } else { _ = fs::copy(entry.path(), target).unwrap() }
    }
}

async fn init(stack: &Stack, directory: &str) -> InitOutcome {
    let terraform = stack.terraform_in(&stack.path(directory)).await;
    stack.watching(async |watch| terraform.init(watch).await).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_export_of_the_same_files_needs_no_second_init() {
    let mirror = providers::mirror(&["hashicorp/random"]);
    let main = format!("{LOCAL}module \"m\" {{\n  source = \"../../modules/m\"\n}}\n");
    let stack = Stack::with_mirrors(&main, mirror);
    stack.write("modules/m/main.tf", "resource \"random_pet\" \"p\" {}\nmodule \"n\" {\n  source = \"./n\"\n}\n");
    stack.write("modules/m/n/main.tf", "resource \"terraform_data\" \"d\" {}\n");
    copy(&stack.path("infra"), &stack.path("second/infra"));
    copy(&stack.path("modules"), &stack.path("second/modules"));
    copy(&stack.path("second"), &stack.path("third"));
    assert_eq!(init(&stack, "infra/stack").await, InitOutcome::Done);
    fs::remove_dir_all(stack.path("infra")).unwrap();
    fs::remove_dir_all(stack.path("modules")).unwrap();

    // Planned in one export and applied in another, without a lock file in either.
    let terraform = stack.terraform_in(&stack.path("second/infra/stack")).await;
    let options = PlanOptions::new(stack.plan_path());
    stack.watching(async |watch| terraform.plan(&options, watch).await).await.unwrap();
    fs::remove_dir_all(stack.path("second")).unwrap();
    let terraform = stack.terraform_in(&stack.path("third/infra/stack")).await;
    let summary = stack
        .watching(async |watch| terraform.apply(&stack.plan_path(), &ApplyOptions::default(), watch).await)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((summary.add, summary.operation.as_str()), (2, "apply"));
    assert_eq!(stack.started(), ["init", "plan", "apply"]);

    // The configuration of the plan, as paths of the tree.
    let configuration = stack.plan_file().configuration("infra/stack").unwrap();
    let files: Vec<_> = configuration.files.keys().map(String::as_str).collect();
    assert_eq!(files, ["infra/stack/main.tf", "modules/m/main.tf", "modules/m/n/main.tf"]);
    assert_eq!(configuration.files["infra/stack/main.tf"], main.as_bytes());
    assert!(configuration.remote.is_empty());

    // The state that Terraform now has is the one that the plan led to.
    let state = stack.watching(async |watch| terraform.pull_state(watch).await).await.unwrap().unwrap();
    assert_eq!(state.resources, ["module.m.module.n.terraform_data.d", "module.m.random_pet.p"]);
    let planned = stack.plan_file();
    assert_eq!((planned.state().lineage.as_str(), planned.state().serial), ("", 0));
    assert_eq!(planned.backend().unwrap().setting("path"), stack.path("state.tfstate").to_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_state_before_the_first_apply() {
    let stack = Stack::new(LOCAL);
    let terraform = stack.terraform().await;
    assert_eq!(stack.watching(async |watch| terraform.pull_state(watch).await).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn init_runs_again_when_terraform_asks_for_it() {
    let mirror = providers::mirror(&["hashicorp/random", "hashicorp/time"]);
    let stack = Stack::with_mirrors("resource \"random_pet\" \"p\" {}\n", mirror);
    stack.plan().await;
    // A provider that only a resource type asks for: no fingerprint can tell.
    stack.write("infra/stack/time.tf", "resource \"time_static\" \"t\" {}\n");
    fs::remove_file(stack.path("infra/stack/.terraform.lock.hcl")).unwrap();
    let outcome = stack.plan().await;
    assert_eq!(outcome.summary.unwrap().add, 2);
    assert_eq!(stack.started(), ["init", "plan", "plan", "init", "plan"]);

    // Providers that are gone.
    stack.events.lock().unwrap().clear();
    fs::remove_dir_all(stack.path("data/terraform/providers")).unwrap();
    stack.plan().await;
    assert_eq!(stack.started(), ["plan", "init", "plan"]);
    let shown_errors =
        stack.events.lock().unwrap().iter().any(|event| format!("{event:?}").contains("severity: Error"));
    assert!(!shown_errors, "a failure that was mended is nobody's concern");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_file_that_is_brought_along_is_not_changed() {
    let mirror = providers::mirror(&["hashicorp/random", "hashicorp/time"]);
    let stack = Stack::with_mirrors("resource \"random_pet\" \"p\" {}\n", mirror);
    stack.plan().await;
    let lock = stack.path("infra/stack/.terraform.lock.hcl");
    let text = fs::read_to_string(&lock).unwrap();
    stack.write("infra/stack/time.tf", "resource \"time_static\" \"t\" {}\n");
    let terraform = stack.terraform().await;
    let options = PlanOptions::new(stack.plan_path());
    let error = stack.watching(async |watch| terraform.plan(&options, watch).await).await.unwrap_err();
    let TerraformError::Failed(failure) = &error else { panic!("{error}") };
    assert_eq!(failure.cause(), Cause::LockFileOutdated, "{error}");
    assert_eq!(fs::read_to_string(&lock).unwrap(), text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_no_mirror_has_is_told() {
    let Some(mirror) = providers::mirror(&["hashicorp/random"]) else { return };
    let main = "terraform {\n  required_providers {\n    random = {\n      source  = \"hashicorp/random\"\n      \
                version = \"99.0.0\"\n    }\n  }\n}\n";
    let stack = Stack::with_mirrors(main, [mirror]);
    let terraform = stack.terraform().await;
    let error = stack.watching(async |watch| terraform.init(watch).await).await.unwrap_err();
    let TerraformError::Failed(failure) = &error else { panic!("{error}") };
    assert_eq!(failure.cause(), Cause::ProviderMissing);
    assert_eq!(failure.command, "terraform init");
}
