//! A state that Terraform could not store: kept, sealed, in the way of the next apply, and pushed by `kstack resume`.

use std::fs;

use kstack::pipeline::Status;

use super::victim::Victim;
use crate::support::age;

/// A stand-in for a backend that fails when the state is stored: the real program applies, then its state is taken away
/// and left as Terraform leaves it. `tests/terraform/interrupt.rs` shows that Terraform does leave it so.
const LOSING: &str = "#!/bin/sh
REAL \"$@\"
code=$?
if [ $1 = apply ] && [ -e STATE ]; then
  MV STATE errored.tfstate
  echo '{\"@level\":\"error\",\"@message\":\"Error: Failed to save state\",\"type\":\"diagnostic\",\"diagnostic\":{\"severity\":\"error\",\"summary\":\"Failed to save state\",\"detail\":\"no space left\"}}'
  exit 1
fi
exit $code
";

#[test]
fn a_state_that_could_not_be_stored_is_sealed_and_pushed() {
    let mut victim = Victim::new("0");
    let (key, recipient) = age::pair();
    let platform = victim.repository.world.read("kstack.hcl");
    let sealed = format!("  parallelism = 1\n  recipients  = [\"{recipient}\"]\n");
    victim.repository.write("kstack.hcl", &platform.replace("  parallelism = 1\n", &sealed));
    victim.repository.commit("Seal plans");
    let state = victim.repository.world.work().join(".kstack/state/ops/a.tfstate");
    let mv = crate::support::cli::find_program("mv").unwrap();
    let script = LOSING.replace("STATE", &state.display().to_string()).replace("MV", &mv.display().to_string());
    let real = victim.repository.world.root().join("bin/terraform").canonicalize().unwrap();
    victim.wrap_terraform(&script);

    victim.repository.world.set("KSTACK_AGE_KEY", &key);
    let _ = victim.repository.kstack(&["plan", "--all"]).done();
    let ran = victim.repository.kstack(&["apply", "--no-handoff"]);
    assert!(ran.code == Some(1) && ran.stdout.contains("Failed to save state"), "{ran}");
    let kept = victim.repository.pipeline().join("records/errored/ops/a.tfstate.age");
    assert!(fs::read(&kept).unwrap().starts_with(b"age-encryption.org/"));
    assert_eq!(victim.repository.journal().entries["ops/a"].status, Status::Failed);
    assert_eq!(victim.made(), ["a.one", "a.two", "b.one", "b.two"], "what does not depend on it goes on");

    // It is in the way until it was pushed, and only who has the key can do that.
    victim.wrap_terraform(&format!("#!/bin/sh\nexec {} \"$@\"\n", real.display()));
    let refused = victim.repository.kstack(&["apply", "--no-handoff"]);
    assert!(refused.stderr.contains("a failed run left a state that was never pushed"), "{refused}");
    victim.repository.world.set("KSTACK_AGE_KEY", "");
    let (ran, _) = victim.resume(&[]);
    assert!(ran.code == Some(1) && ran.stderr.contains("no key to open it was given"), "{ran}");
    assert!(kept.exists() && !state.exists());

    victim.repository.world.set("KSTACK_AGE_KEY", &key);
    let (ran, report) = victim.resume(&[]);
    assert_eq!(report["report"]["applied"]["pushed"][0]["stack"], "a", "{ran}");
    assert!(!kept.exists());
    assert_eq!(victim.repository.state("a").resources, ["terraform_data.one", "terraform_data.two"]);
    // Its plan is spent; the next one finds nothing to do.
    assert_eq!(report["report"]["applied"]["refusals"][0]["field"], "state", "{ran}");
    let _ = victim.repository.kstack(&["plan", "--pending"]).done();
    let _ = victim.repository.kstack(&["apply", "--no-handoff"]).done();
    victim.is_whole();
}
