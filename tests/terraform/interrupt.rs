//! Interrupts, locks and failures of real applies.

use std::{fs, net::SocketAddr, os::unix::fs::PermissionsExt as _, path::Path, process::Stdio, time::Duration};

use kstack::terraform::{
    Binary, Cause, Interrupt, PlanOptions, Severity, StateFile, Terraform, TerraformError, TerraformEvent,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::stack::Stack;

/// A resource that is made at once, and one whose provisioner says when it runs and then takes long.
fn slow(stack: &Stack, seconds: u32) -> String {
    let started = stack.path("started");
    let script = format!("touch {}; sleep {seconds}", started.display());
    format!(
        r#"
terraform {{
  backend "local" {{}}
}}
resource "terraform_data" "quick" {{ input = "x" }}
resource "terraform_data" "slow" {{
  depends_on = [terraform_data.quick]
  provisioner "local-exec" {{
    command = "{script}"
  }}
}}
"#
    )
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..3000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not after a minute: {what}");
}

async fn until_it_runs(stack: &Stack) {
    until("the provisioner runs", || stack.path("started").exists()).await;
}

async fn until_unlocked(stack: &Stack) {
    until("the lock is released", || !stack.path(".state.tfstate.lock.info").exists()).await;
}

fn state(stack: &Stack) -> StateFile {
    StateFile::parse(&fs::read(stack.path("state.tfstate")).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_apply_ends_by_itself_and_records_what_it_did() {
    let stack = Stack::new("");
    stack.write("infra/stack/main.tf", &slow(&stack, 600));
    stack.plan().await;
    let (result, ()) = tokio::join!(stack.apply(), async {
        until_it_runs(&stack).await;
        // Whoever presses Ctrl-C presses it more than once.
        for _ in 0..3 {
            stack.interrupt.raise();
        }
    });
    let error = result.unwrap_err();
    let TerraformError::Interrupted { killed, errored_state, command } = &error else { panic!("{error}") };
    assert_eq!((*killed, errored_state.as_deref(), command.as_str()), (false, None, "terraform apply"));
    assert!(state(&stack).resources.contains(&"terraform_data.quick".to_owned()));
    assert!(!stack.path(".state.tfstate.lock.info").exists(), "the lock is released");
    // Two interrupts would have made Terraform say so and leave.
    let events = format!("{:?}", stack.events.lock().unwrap());
    assert!(!events.contains("Two interrupts received"), "{events}");
    // Nothing more is started.
    let error = stack.apply().await.unwrap_err();
    assert!(matches!(error, TerraformError::Interrupted { killed: false, .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_nobody_waits_for_any_more_is_asked_to_end() {
    let stack = Stack::new("");
    stack.write("infra/stack/main.tf", &slow(&stack, 600));
    stack.plan().await;
    tokio::select! {
        _ = stack.apply() => panic!("it takes ten minutes"),
        () = until_it_runs(&stack) => {}
    }
    until_unlocked(&stack).await;
    assert!(state(&stack).resources.contains(&"terraform_data.quick".to_owned()));
}

/// Not a test of its own: the part of the next one that is killed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by terraform_outlives_a_killed_kstack"]
async fn apply_until_killed() {
    let root = std::env::var_os("KSTACK_TEST_STACK").expect("run by another test");
    Stack::at(Path::new(&root)).apply().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn terraform_outlives_a_killed_kstack() {
    let stack = Stack::new("");
    let continued = stack.path("continue");
    let text =
        slow(&stack, 0).replace("sleep 0", &format!("until [ -e {} ]; do sleep 0.05; done", continued.display()));
    // Something to say after kstack is gone.
    let text = text + "resource \"terraform_data\" \"after\" {\n  depends_on = [terraform_data.slow]\n}\n";
    stack.write("infra/stack/main.tf", &text);
    stack.plan().await;
    let mut kstack = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "terraform::interrupt::apply_until_killed"])
        .env("KSTACK_TEST_STACK", stack.path(""))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until_it_runs(&stack).await;
    kstack.kill().unwrap();
    kstack.wait().unwrap();
    stack.write("continue", "");
    until_unlocked(&stack).await;
    assert_eq!(state(&stack).resources, ["terraform_data.after", "terraform_data.quick", "terraform_data.slow"]);
}

/// A fake: the real program always ends after one interrupt, so that it takes one that does not.
const STUBBORN: &str = "#!/bin/sh
case $1 in
  version) echo 'Terraform v1.11.4' ;;
  plan) trap '' INT; echo $$ > \"$STARTED.new\"; mv \"$STARTED.new\" \"$STARTED\"; while :; do sleep 0.1; done ;;
esac
";

#[tokio::test(flavor = "multi_thread")]
async fn after_the_deadline_the_group_is_killed() {
    let mut stack = Stack::new("");
    stack.interrupt = Interrupt::new(Duration::from_millis(300));
    stack.write("stubborn", STUBBORN);
    fs::set_permissions(stack.path("stubborn"), fs::Permissions::from_mode(0o755)).unwrap();
    let binary = Binary::find(stack.path("stubborn").to_str(), &stack.path("cache")).await.unwrap();
    let mut workspace = stack.terraform().await.workspace().clone();
    workspace.environment.insert("STARTED".into(), stack.path("started").into());
    let terraform = Terraform::new(binary, workspace).unwrap();
    let options = PlanOptions::new(stack.plan_path());
    let (result, process) = tokio::join!(stack.watching(async |watch| terraform.plan(&options, watch).await), async {
        until_it_runs(&stack).await;
        let pid = fs::read_to_string(stack.path("started")).unwrap().trim().to_owned();
        let process = Path::new("/proc").join(&pid);
        // Our own Ctrl-C reaches our group only.
        let status = fs::read_to_string(process.join("stat")).unwrap();
        assert_eq!(status.split(' ').nth(4), Some(pid.as_str()), "it leads a group of its own");
        stack.interrupt.raise();
        process
    });
    let error = result.unwrap_err();
    assert!(matches!(error, TerraformError::Interrupted { killed: true, .. }), "{error}");
    assert!(!process.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_apply_says_why_and_a_held_lock_by_whom() {
    let stack = Stack::new("");
    let failing = "terraform {\n  backend \"local\" {}\n}\nresource \"terraform_data\" \"a\" {\n  provisioner \
                   \"local-exec\" {\n    command = \"echo broken >&2; exit 7\"\n  }\n}\n";
    stack.write("infra/stack/main.tf", failing);
    stack.plan().await;
    let error = stack.apply().await.unwrap_err();
    let TerraformError::Failed(failure) = &error else { panic!("{error}") };
    let summaries: Vec<_> = failure.errors().map(|error| error.summary.as_str()).collect();
    assert_eq!((summaries.as_slice(), failure.code), (&["local-exec provisioner error"][..], Some(1)));
    assert_eq!(failure.diagnostics[0].range.as_ref().unwrap().start.line, 5);
    let heard = stack.events.lock().unwrap().iter().any(|event| {
        matches!(event, TerraformEvent::Provision(event) if event.output.as_deref().is_some_and(|line| line.contains("broken")))
    });
    assert!(heard, "the provisioner's output becomes events");

    // Applied once more, the plan is stale.
    let error = stack.apply().await.unwrap_err();
    let TerraformError::Failed(failure) = &error else { panic!("{error}") };
    assert_eq!(failure.cause(), Cause::StalePlan);

    let holder = Stack::new("");
    holder.write("infra/stack/main.tf", &slow(&holder, 600));
    holder.plan().await;
    let (result, ()) = tokio::join!(holder.apply(), async {
        until_it_runs(&holder).await;
        let second = Stack::new("");
        second.write("infra/stack/main.tf", &slow(&second, 0));
        let mut terraform = second.terraform().await;
        let mut workspace = terraform.workspace().clone();
        workspace.backend = holder.terraform().await.workspace().backend.clone();
        terraform = Terraform::new(terraform.binary().clone(), workspace).unwrap();
        let options = PlanOptions::new(second.plan_path());
        let error = second.watching(async |watch| terraform.plan(&options, watch).await).await.unwrap_err();
        let TerraformError::Failed(failure) = &error else { panic!("{error}") };
        let Cause::StateLocked(lock) = failure.cause() else { panic!("{error}") };
        assert_eq!(lock.operation.as_deref(), Some("OperationTypeApply"));
        assert!(lock.who.is_some() && lock.id.is_some(), "{lock:?}");
        holder.interrupt.raise();
    });
    assert!(matches!(result, Err(TerraformError::Interrupted { .. })));
}

/// A state store over HTTP that has nothing and takes nothing.
async fn broken_store() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 1 << 16];
            let length = stream.read(&mut request).await.unwrap_or_default();
            let status =
                if request[..length].starts_with(b"GET") { "404 Not Found" } else { "500 Internal Server Error" };
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn state_that_cannot_be_stored_is_found() {
    let address = broken_store().await;
    let stack = Stack::new(&format!(
        "terraform {{\n  backend \"http\" {{\n    address   = \"http://{address}/state\"\n    retry_max = 0\n  }}\n}}\n\
         resource \"terraform_data\" \"a\" {{}}\n"
    ));
    stack.plan().await;
    let error = stack.apply().await.unwrap_err();
    let left = error.errored_state().unwrap_or_else(|| panic!("{error}"));
    assert_eq!(left, stack.path("infra/stack/errored.tfstate").canonicalize().unwrap());
    assert_eq!(StateFile::parse(&fs::read(left).unwrap()).unwrap().resources, ["terraform_data.a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_in_the_configuration_has_its_place() {
    let stack = Stack::new("resource \"terraform_data\" \"a\" {\n  input = var.nowhere\n}\n");
    let terraform = stack.terraform().await;
    let options = PlanOptions::new(stack.plan_path());
    let error = stack.watching(async |watch| terraform.plan(&options, watch).await).await.unwrap_err();
    let TerraformError::Failed(failure) = &error else { panic!("{error}") };
    let [diagnostic] = failure.diagnostics.as_slice() else { panic!("{failure:?}") };
    assert_eq!(
        (diagnostic.severity, diagnostic.summary.as_str()),
        (Severity::Error, "Reference to undeclared input variable")
    );
    let range = diagnostic.range.as_ref().unwrap();
    assert_eq!((range.filename.as_str(), range.start.line, range.start.column), ("main.tf", 2, 11));
    assert_eq!(diagnostic.snippet.as_ref().unwrap().code, "  input = var.nowhere");
}
