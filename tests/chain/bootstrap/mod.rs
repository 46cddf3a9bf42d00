//! `kstack bootstrap` on an account with nothing in it: the real Terraform, provider and backend, and kstack's own client,
//! against a stand-in for each cloud. What the cloud itself would say to rights and policies is not proven here.

mod aws;
mod azure;
mod google;

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use kstack::terraform::StateFile;
use serde_json::Value;

use crate::support::cli::{Ran, World, find_program};

/// Where the state is until it moves.
const ON_DISK: &str = ".kstack/bootstrap/terraform.tfstate";

const ENGINE: &str = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: flux-system\n";

/// What plays a cloud.
trait Cloud {
    /// Starts it with nothing in it; its working files go to `folder`.
    fn start(folder: &Path) -> Self;
    /// What leads Terraform and kstack to it, as environment variables.
    fn variables(&self) -> Vec<(String, String)>;
    /// The state of `infra/bootstrap` in it.
    fn state(&self) -> Option<String>;
}

/// A fresh account, and a platform as `kstack init` makes it, committed.
struct Account<C> {
    world: World,
    cloud: C,
}

impl<C: Cloud> Account<C> {
    /// `mirror` has the providers; `init` says which cluster there is, and where its state goes.
    fn new(mirror: &Path, init: &[&str]) -> Self {
        let mut world = World::new();
        for program in ["git", "terraform"] {
            world.install(program);
        }
        let cloud = C::start(world.root());
        for (name, value) in cloud.variables() {
            world.set(name, value);
        }
        world.set("KSTACK_PROVIDER_MIRROR", mirror);
        fs::write(world.root().join("engine.yaml"), ENGINE).unwrap();
        let account = Self { world, cloud };
        let manifests = format!("--engine-manifests={}", account.world.root().join("engine.yaml").display());
        let fixed = ["init", "--name=acme", "--base-domain=p.example.com"];
        let named = ["--repository=https://github.com/acme/platform", &manifests];
        let _ = account.kstack(&[&fixed[..], &named, init].concat()).done();
        account.commit("Scaffold the platform");
        account
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
        Some(StateFile::parse(self.cloud.state()?.as_bytes()).unwrap())
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

    /// From an empty account to remote state, and then once more. The state must have `resources`, and the pipeline is
    /// told `variables`.
    fn gets_remote_state_once(&self, resources: &[&str], variables: &[&str]) {
        let dry = self.report(&["--dry-run"]);
        assert_eq!(dry["report"]["standing"], "new");
        assert!(self.state().is_none() && !self.on_disk(), "a dry run makes nothing");

        // Nobody can be asked.
        let refused = self.kstack(&["bootstrap"]);
        assert_eq!(refused.code, Some(64), "{refused}");
        assert!(refused.stderr.contains("`--yes`"), "{refused}");
        assert!(refused.stdout.contains(resources[0]), "{refused}");

        let ran = self.kstack(&["bootstrap", "--yes"]).done();
        let state = self.state().expect("the state is in the bucket");
        for resource in resources {
            assert!(state.resources.contains(&(*resource).to_owned()), "{resource}: {state:?}");
        }
        assert!(!self.on_disk(), "no state is left on disk");
        assert_eq!(self.copies(), [format!("moved-{}-{}.tfstate", state.lineage, state.serial)]);
        for variable in variables {
            assert!(ran.stdout.contains(variable), "{variable}: {ran}");
        }

        // Once more changes nothing, asks nothing, and moves nothing.
        let report = &self.report(&[])["report"];
        assert_eq!((&report["standing"], &report["summary"]), (&"moved".into(), &"no changes".into()), "{report}");
        assert_eq!(report["moved"], Value::Null);
        assert_eq!(self.state(), Some(state));
    }

    /// Plans what is due: the stack `expected` in the first environment, and nothing of what was bootstrapped.
    fn only_the_cluster_is_due(&self, expected: &str) {
        let review = self.kstack(&["plan", "--pending", "--format=json"]).done().json().pop().unwrap();
        let instances = review["instances"].as_array().unwrap();
        let planned: Vec<_> =
            instances.iter().map(|instance| instance["instance"]["stack"].as_str().unwrap()).collect();
        assert_eq!(planned, [expected]);

        // Its outputs are read in the bucket.
        let outputs = self.kstack(&["outputs", "bootstrap", "--format=json"]).done().json().remove(0);
        let state = outputs["state"].as_str().unwrap();
        assert!(["s3://", "gs://", "az://"].iter().any(|scheme| state.starts_with(scheme)), "{outputs}");
        assert!(outputs["serial"].is_u64() && !outputs["outputs"].as_object().unwrap().is_empty(), "{outputs}");
    }
}
