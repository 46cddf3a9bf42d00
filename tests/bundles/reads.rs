//! A plan that reads outputs of other states holds as long as the outputs that it uses have the values that it has read.

use super::{apply, set_pipeline};
use crate::support::repository::Repository;

/// A stack with two outputs.
fn network(range: &str, note: &str) -> String {
    format!(
        "resource \"terraform_data\" \"net\" {{\n  input = \"{range} {note}\"\n}}\n\noutput \"range\" {{\n  value     = \
         \"{range}\"\n  sensitive = true\n}}\n\noutput \"note\" {{\n  value = \"{note}\"\n}}\n"
    )
}

/// `net` and `app`, which uses the beginning of the output `range`; both applied.
struct Pair {
    repository: Repository,
}

impl Pair {
    fn new(setting: &str) -> Self {
        let pair = Self { repository: Repository::new() };
        set_pipeline(&pair.repository, setting);
        pair.write_net("10.0.0.0/16", "first");
        pair.write_app("one");
        pair.deliver(&["--pending"], &[]);
        // The first one was planned in stages.
        pair
    }

    fn write_net(&self, range: &str, note: &str) {
        self.repository.stack("net", &network(range, note));
        self.repository.commit("Change the network");
    }

    fn write_app(&self, name: &str) {
        let state = self.repository.world.work().join(".kstack/state/ops/net.tfstate");
        let app = format!(
            "data \"terraform_remote_state\" \"net\" {{\n  backend = \"local\"\n  config  = {{ path = \"{}\" }}\n}}\n\nresource \
             \"terraform_data\" \"app\" {{\n  input = \"{name} in ${{substr(data.terraform_remote_state.net.outputs.range, 0, \
             2)}}\"\n}}\n",
            state.display()
        );
        self.repository.stack("app", &app);
        self.repository.commit("Change the application");
    }

    fn plan(&self, flags: &[&str]) {
        let _ = self.repository.kstack(&[&["plan"][..], flags].concat()).done();
    }

    fn deliver(&self, plan: &[&str], flags: &[&str]) {
        self.plan(plan);
        let _ = apply(&self.repository, flags).done();
    }

    /// Has a change of `app` reviewed, and then a network with this range and note applied.
    fn overtaken(&self, name: &str, range: &str, note: &str) {
        self.write_app(name);
        self.plan(&["--stack", "app"]);
        self.write_net(range, note);
        self.deliver(&["--stack", "net"], &["--stack", "net"]);
    }

    /// The state of `app`, as text.
    fn app(&self) -> String {
        self.repository.world.read(".kstack/state/ops/app.tfstate")
    }
}

#[test]
fn a_plan_holds_as_long_as_what_it_has_read() {
    let pair = Pair::new("on_stale = \"refuse\"");
    // The state moves, and an output that nobody uses: the plan is exact.
    let serial = pair.repository.state("net").serial;
    pair.overtaken("two", "10.0.0.0/16", "second");
    assert!(pair.repository.state("net").serial > serial);
    let verified = pair.repository.kstack(&["bundle", "verify", "app"]).done();
    assert!(verified.stdout.contains("outputs of other states"), "{verified}");
    let applied = apply(&pair.repository, &[]).done();
    assert!(applied.stderr.starts_with("applied app (ops): 0 added, 1 changed"), "{applied}");

    // Another value of what it uses: it is named, and not shown.
    pair.overtaken("three", "192.168.0.0/16", "second");
    let before = pair.app();
    let refused = apply(&pair.repository, &[]);
    let words =
        "app (ops): outputs of other states differ: reviewed `net.range`, found that they have other values by now";
    assert!(refused.code == Some(1) && refused.stderr.contains(words), "{refused}");
    assert!(!refused.stderr.contains("192.168"), "{refused}");
    assert_eq!(pair.app(), before);
    let verified = pair.repository.kstack(&["bundle", "verify", "app", "--format", "json"]);
    let verdict = verified.json().pop().unwrap();
    let checks = verdict["verdict"]["checks"].as_array().unwrap().iter();
    let misfits: Vec<_> =
        checks.filter(|check| check["fits"] == false).filter_map(|check| check["field"].as_str()).collect();
    assert_eq!((verified.code, misfits), (Some(1), vec!["read-outputs"]), "{verified}");

    // As it was, it is applied: the refusal was for the value.
    pair.write_net("10.0.0.0/16", "third");
    pair.deliver(&["--stack", "net"], &["--stack", "net"]);
    let _ = apply(&pair.repository, &[]).done();
    assert!(pair.app().contains("three in 10"));
}

#[test]
fn compare_goes_by_what_the_value_comes_to() {
    let pair = Pair::new("on_stale = \"compare\"");
    pair.overtaken("two", "10.1.0.0/16", "first");
    let applied = apply(&pair.repository, &[]).done();
    assert!(applied.stderr.contains("planned again, with the reviewed changes as the result"), "{applied}");
    pair.overtaken("three", "192.168.0.0/16", "first");
    let before = pair.app();
    let refused = apply(&pair.repository, &[]);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(refused.stderr.contains("planned again because the outputs of other states differ"), "{refused}");
    assert_eq!(pair.app(), before);
}

#[test]
fn what_changes_in_the_same_run_is_seen_as_well() {
    let pair = Pair::new("on_stale = \"refuse\"");
    pair.write_app("two");
    pair.plan(&["--stack", "app"]);
    pair.write_net("192.168.0.0/16", "first");
    pair.plan(&["--stack", "net"]);
    let before = pair.app();
    let ran = apply(&pair.repository, &[]);
    assert!(ran.code == Some(1) && ran.stderr.contains("applied net (ops)"), "{ran}");
    assert!(ran.stdout.contains("outputs of other states differ: reviewed `net.range`"), "{ran}");
    assert_eq!(pair.app(), before);
}
