//! The chain on `aws`: the real Terraform and the real AWS provider, against moto instead of AWS. State and plans are in
//! moto's S3, with Terraform's native locking. Moto's clusters have no API server: a sandbox takes the place of the one
//! that is made, by an explicit kubeconfig, and the real Flux in it syncs the repository.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use kstack::{
    pipeline::{Record, Status},
    platform::{RepositoryName, SandboxName},
    sandbox::{DriverChoice, Sandbox},
    sync::{self, ClusterAccess},
    terraform::StateFile,
};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use crate::support::{
    cli::{Ran, World},
    components,
    moto::Moto,
    providers,
};

const BUCKET: &str = "acme-state";
const STACK: &str = "infra/eks-gc0-eu-west-1";
const STATE: &str = "ops/eks-gc0-eu-west-1.tfstate";

/// The sandbox that stands for the cluster.
const SANDBOX: &str = "stand-in";

/// A platform on moto: the repository as `kstack init` makes it, committed and pushed to where Flux pulls it.
struct Chain {
    world: World,
    moto: Moto,
    sandbox: Sandbox,
}

impl Chain {
    async fn new() -> Option<Self> {
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
        let home = world.root().join("data");
        world.set("KSTACK_HOME", &home);
        world.set("KSTACK_COMPONENTS_DIR", components::dir());
        world.must("", "git", &["init", "--quiet", "--bare", "--initial-branch=main", "../remote.git"]);
        let sandbox = Sandbox::new(&home, SandboxName::new(SANDBOX).unwrap());
        let name = RepositoryName::new("platform").unwrap();
        let served = BTreeMap::from([(name.clone(), world.root().join("remote.git"))]);
        let reservation = sandbox.reserve(DriverChoice::Process, &served, &|_| {}).await.unwrap();
        world.set("KSTACK_GIT_USERNAME", "kstack");
        world.set("KSTACK_GIT_PASSWORD", reservation.git_token.expose_secret());

        let chain = Self { world, moto, sandbox };
        let repository = format!("--repository={}", reservation.git_url(&name));
        let manifests = format!("--engine-manifests={}", components::flux_manifests().display());
        let fixed = ["init", "--name=acme", "--cluster=aws:gc0:eu-west-1:a,b", "--state=s3://acme-state"];
        let _ = chain.kstack(&[&fixed[..], &["--base-domain=p.example.com", &repository, &manifests]].concat()).done();
        // Its chart comes from the internet, which tests do not reach.
        for environment in ["ops", "apps"] {
            chain.leave_out(&format!("clusters/eks-gc0-eu-west-1/{environment}/services.yaml"), "cert-manager");
        }
        chain.commit("Scaffold the platform, without certificates");
        chain.git(&["remote", "add", "origin", chain.world.root().join("remote.git").to_str().unwrap()]);
        chain.git(&["push", "--quiet", "origin", "main"]);
        // The bucket for all that follows.
        let _ = chain.kstack(&["bootstrap", "--yes"]).done();
        Some(chain)
    }

    fn kstack(&self, arguments: &[&str]) -> Ran {
        self.world.kstack(arguments)
    }

    fn git(&self, arguments: &[&str]) -> String {
        self.world.must("", "git", arguments).trim().to_owned()
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    /// Takes the document that is called `name` out of a file.
    fn leave_out(&self, path: &str, name: &str) {
        let text = self.world.read(path);
        let name = format!("\n  name: {name}\n");
        let kept: Vec<&str> = text.split("\n---\n").filter(|document| !document.contains(&name)).collect();
        assert_eq!(kept.len() + 1, text.split("\n---\n").count(), "{text}");
        self.world.write(path, &format!("{}\n", kept.join("\n---\n").trim_end()));
    }

    /// Replaces a setting of the cluster on a new branch, and plans that there. Gives the review.
    fn propose(&self, branch: &str, file: &str, old: &str, new: &str) -> Value {
        self.git(&["switch", "--quiet", "--create", branch, "main"]);
        let path = format!("{STACK}/{file}");
        let text = self.world.read(&path);
        assert!(text.contains(old), "{text}");
        self.world.write(&path, &text.replace(old, new));
        self.commit(branch);
        self.plan(&["--detailed-exitcode"], 2)
    }

    /// Plans, which ends with `code`, and gives the review.
    fn plan(&self, flags: &[&str], code: i32) -> Value {
        let ran = self.kstack(&[&["plan", "--format", "json"][..], flags].concat());
        assert_eq!(ran.code, Some(code), "{ran}");
        ran.json().pop().unwrap()
    }

    /// Merges as a forge does, with a commit of its own.
    fn merge(&self, branch: &str) {
        self.git(&["switch", "--quiet", "main"]);
        self.git(&["merge", "--quiet", "--no-ff", "--no-edit", branch]);
        self.git(&["push", "--quiet", "origin", "main"]);
    }

    fn apply(&self) -> Ran {
        self.kstack(&["apply", "--no-handoff"])
    }

    /// Applies and hands the sandbox over. Requires that Flux reports the commit.
    fn apply_and_sync(&self) -> Ran {
        let kubeconfig = self.sandbox.kubeconfig();
        let ran = self.kstack(&["apply", "--kubeconfig", kubeconfig.to_str().unwrap()]).done();
        let synced = format!("synced `main@sha1:{}`", self.git(&["rev-parse", "HEAD"]));
        assert!(ran.stdout.contains(&synced), "{synced}:\n{ran}");
        ran
    }

    fn state(&self) -> StateFile {
        StateFile::parse(self.moto.object(BUCKET, STATE).unwrap().as_bytes()).unwrap()
    }

    /// The newest journal of `ops`.
    fn journal(&self) -> Record {
        let key = self.moto.keys(BUCKET, "kstack/records/journal/ops/").pop().unwrap();
        serde_json::from_str(&self.moto.object(BUCKET, &key).unwrap()).unwrap()
    }

    /// The size that the node pool's state has.
    fn max_size(&self) -> i64 {
        let state: Value = serde_json::from_str(&self.moto.object(BUCKET, STATE).unwrap()).unwrap();
        let resources = state["resources"].as_array().unwrap();
        let pool = resources.iter().find(|resource| resource["type"] == "aws_eks_node_group").unwrap();
        pool["instances"][0]["attributes"]["scaling_config"][0]["max_size"].as_i64().unwrap()
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        if self.sandbox.exists() {
            // After a failed assertion, whether this helps is not the test's question.
            let _ = self.world.kstack(&["sandbox", "down", SANDBOX]);
        }
    }
}

/// Every change of a review, as `action address: attribute before → after`.
fn changes(review: &Value) -> Vec<String> {
    let shown = |value: &Value| value.get("value").unwrap_or(value).to_string();
    let resources = review["resources"].as_array().unwrap().iter();
    let lines = resources.flat_map(|resource| {
        let (action, address) = (resource["action"].as_str().unwrap(), resource["address"].as_str().unwrap());
        let attributes = resource["attributes"].as_array().unwrap().iter();
        let attributes = attributes.map(move |attribute| {
            let (before, after) = (shown(&attribute["before"]), shown(&attribute["after"]));
            format!("{action} {address}: {} {before} → {after}", attribute["path"].as_str().unwrap())
        });
        attributes.collect::<Vec<_>>()
    });
    lines.collect()
}

#[tokio::test]
async fn from_init_to_destroy() {
    let Some(chain) = Chain::new().await else { return };
    let repository = format!("platform={}", chain.world.root().join("remote.git").display());
    let up = ["sandbox", "up", SANDBOX, "--driver=process", "--git-repository", &repository];
    let _ = chain.kstack(&up).done();

    // All but the first stack is new; the one environment and the one stack that there are.
    let review = chain.plan(&["--pending", "--detailed-exitcode"], 2);
    let counts = &review["environments"][0];
    assert_eq!((counts["name"].as_str(), counts["instances"].as_u64()), (Some("ops"), Some(1)));
    assert_eq!((counts["failed"].as_u64(), counts["resources"]["change"].as_u64()), (Some(0), Some(0)));
    let created = counts["resources"]["create"].as_u64().unwrap();
    chain.apply_and_sync();
    let state = chain.state();
    for part in ["vpc", "subnet", "nat_gateway", "iam_role", "kms_key", "eks_cluster", "eks_node_group"] {
        assert!(state.resources.iter().any(|address| address.contains(&format!("aws_{part}."))), "{part}");
    }
    assert!(created > 50, "{created}");
    assert_eq!(state.outputs["cluster"].value["auth"]["cluster_name"], "gc0-ops-eu-west-1");
    assert_eq!(chain.journal().entries["ops/eks-gc0-eu-west-1"].status, Status::Applied);
    let locks: Vec<_> = chain.moto.keys(BUCKET, "").into_iter().filter(|key| key.contains("lock")).collect();
    assert_eq!(locks, Vec::<String>::new(), "Terraform's and kstack's locks are given back");
    chain.plan(&["--all", "--dry-run", "--detailed-exitcode"], 0);

    // What manifests are filled in with is what Terraform knows of the cluster that the sandbox stands for.
    let access = ClusterAccess::Kubeconfig { path: chain.sandbox.kubeconfig(), context: None };
    let client = sync::connect(&access).await.unwrap().client().clone();
    let info: kube::Api<ConfigMap> = kube::Api::namespaced(client, "flux-system");
    let info = info.get("kstack-cluster-info").await.unwrap().data.unwrap();
    assert_eq!((info["cluster_name"].as_str(), info["environment"].as_str()), ("gc0-ops-eu-west-1", "ops"));

    // Two changes are reviewed side by side; the review shows exactly what was written.
    let review = chain.propose("grow", "node_pool_default.tf", "max_size = 3", "max_size = 5");
    let lines = changes(&review);
    assert_eq!(lines, ["update module.node_pool_default.aws_eks_node_group.this: scaling_config[0].max_size 3 → 5"]);
    let grow = chain.moto.keys(BUCKET, "kstack/plans/ops/");
    let review = chain.propose("shrink", "node_pool_default.tf", "max_size = 3", "max_size = 2");
    assert_eq!(changes(&review).len(), 1);
    assert_eq!(chain.moto.keys(BUCKET, "kstack/plans/ops/").len(), grow.len() + 1);

    // The first is merged and applied: the very plan that was reviewed.
    chain.merge("grow");
    let before = chain.state().serial;
    chain.apply_and_sync();
    let journal = chain.journal();
    let entry = &journal.entries["ops/eks-gc0-eu-west-1"];
    assert_eq!((entry.status, journal.commit.as_str()), (Status::Applied, chain.git(&["rev-parse", "HEAD"]).as_str()));
    assert!(grow.iter().any(|key| key.ends_with(&format!("/{}.zip", &entry.plan_sha256[..16]))), "{grow:?}");
    assert_eq!((entry.before.as_ref().unwrap().serial, chain.max_size()), (before, 5));
    let nothing_left = chain.apply().done();
    assert!(nothing_left.stderr.contains("is up to date"), "{nothing_left}");

    // The second has become stale: the merged files are what was reviewed, the state is not.
    chain.git(&["merge", "--quiet", "--no-ff", "--no-edit", "--strategy-option=theirs", "shrink"]);
    let serial = chain.state().serial;
    let refused = chain.apply();
    let field = format!("eks-gc0-eu-west-1 (ops): state serial differs: reviewed {before}, found {serial}");
    assert!(refused.code == Some(1) && refused.stderr.contains(&field), "{refused}");
    assert_eq!((chain.state().serial, chain.max_size()), (serial, 5));

    // A file that nobody reviewed is named.
    let path = format!("{STACK}/node_pool_default.tf");
    let text = chain.world.read(&path);
    chain.world.write(&path, &text.replace("max_size = 2", "max_size = 50"));
    chain.commit("Slip something in");
    let refused = chain.apply();
    assert!(refused.code == Some(1) && refused.stderr.contains("closure differs"), "{refused}");
    assert!(refused.stderr.contains(&format!("found other content in `{path}`")), "{refused}");
    assert_eq!((chain.state().serial, chain.max_size()), (serial, 5));

    // The stack is removed, with its registry: what is protected takes a word. Then the destroy is applied like any change.
    chain.git(&["rm", "-r", "--quiet", STACK, "clusters/eks-gc0-eu-west-1"]);
    chain.commit("Remove the cluster");
    let review = chain.plan(&["--detailed-exitcode"], 1);
    let protected: Vec<String> = review["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            assert_eq!(
                (finding["rule"].as_str(), finding["level"].as_str()),
                (Some("protected"), Some("deny")),
                "{finding}"
            );
            format!("--allow-destroy={}", finding["address"].as_str().unwrap())
        })
        .collect();
    for part in ["aws_eks_cluster.this", "aws_kms_key.secrets[0]", "aws_route53_zone.this[0]", "aws_vpc.this[0]"] {
        assert!(protected.contains(&format!("--allow-destroy=module.cluster.{part}")), "{protected:?}");
    }
    let mut flags = vec!["--detailed-exitcode"];
    flags.extend(protected.iter().map(String::as_str));
    let review = chain.plan(&flags, 2);
    let environments = review["environments"].as_array().unwrap();
    let ops = environments.iter().find(|environment| environment["name"] == "ops").unwrap();
    assert_eq!(ops["resources"]["destroy"].as_u64(), Some(created), "{environments:?}");
    let _ = chain.apply().done();
    assert_eq!(chain.state().resources, Vec::<String>::new());
}
