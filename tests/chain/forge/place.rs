//! Where the story takes place: a Gitea with its runner, a moto, a sandbox, and the clone of somebody who changes things.

use std::{
    collections::BTreeMap,
    fs,
    io::Read as _,
    time::{Duration, Instant},
};

use kstack::{platform::SandboxName, sandbox::Sandbox};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

use crate::support::{
    cli::World,
    components,
    gitea::{Gitea, Runner},
    moto::Moto,
    providers,
};

/// The stack of the cluster.
pub const CLUSTER: &str = "eks-gc0-eu-west-1";
const BUCKET: &str = "acme-state";
/// The sandbox that stands for the cluster.
const SANDBOX: &str = "stand-in";
/// Longer than any job takes, also on a busy machine.
const LONG: Duration = Duration::from_secs(600);

const LIGHT: &str = r#"variable "environment" {
  type = string
}

resource "terraform_data" "pool" {
  input = { environment = var.environment, size = 1 }
}
"#;

pub struct Place {
    /// First: what it works with is still there when it stops.
    _runner: Runner,
    pub gitea: Gitea,
    moto: Moto,
    sandbox: Sandbox,
    /// Where kstack is downloaded from.
    downloads: MockServer,
    /// Token of the colleague who approves.
    colleague: String,
    /// Last: it holds the folders of the others.
    pub world: World,
}

impl Place {
    /// Everything, up to a platform whose first commit is planned and not pushed yet. Nothing where the AWS provider
    /// cannot be had.
    pub async fn new() -> Option<Self> {
        let mirror = providers::mirror(&["hashicorp/aws"])?;
        let mut world = World::new();
        for program in ["git", "terraform", "kubectl", "sh", "curl"] {
            world.install(program);
        }
        let folder = world.root().join("gitea");
        fs::create_dir(&folder).unwrap();
        let (gitea, moto) = std::thread::scope(|scope| {
            let moto = scope.spawn(|| Moto::start(world.root()));
            (Gitea::start(&folder), moto.join().unwrap())
        });
        let home = world.root().join("data");
        let sandbox = Sandbox::new(&home, SandboxName::new(SANDBOX).unwrap());

        // What laptop and runner have in common.
        let mut variables =
            moto.variables().into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Vec<_>>();
        for (name, value) in [
            ("KSTACK_PROVIDER_MIRROR", mirror.as_path()),
            ("KSTACK_COMPONENTS_DIR", components::dir()),
            ("KSTACK_CACHE_DIR", &world.root().join("cache")),
        ] {
            variables.push((name.to_owned(), value.to_str().unwrap().to_owned()));
        }
        for (name, value) in &variables {
            world.set(name, value);
        }
        world.set("KSTACK_HOME", &home);
        let kubeconfig = sandbox.kubeconfig();
        variables.push(("KSTACK_KUBECONFIG".to_owned(), kubeconfig.to_str().unwrap().to_owned()));
        let runner = gitea.start_runner(&["kstack-plan", "kstack-apply"], &variables);
        let colleague = gitea.make_user("alice");

        let mut program = Vec::new();
        fs::File::open(env!("CARGO_BIN_EXE_kstack")).unwrap().read_to_end(&mut program).unwrap();
        let digest: String = Sha256::digest(&program).iter().map(|byte| format!("{byte:02x}")).collect();
        let downloads = MockServer::start().await;
        let program = ResponseTemplate::new(200).set_body_bytes(program);
        Mock::given(path("/kstack")).respond_with(program).mount(&downloads).await;

        let place = Self { _runner: runner, gitea, moto, sandbox, downloads, colleague, world };
        place.make_repository();
        std::thread::scope(|scope| {
            let sandbox = scope.spawn(|| place.world.kstack_in("..", &["sandbox", "up", SANDBOX, "--driver=process"]));
            place.scaffold(&digest);
            let _ = sandbox.join().unwrap().done();
        });
        Some(place)
    }

    /// An empty repository, with the variable and the secret that the head of the workflow names.
    fn make_repository(&self) {
        self.gitea.api(
            "POST",
            "/user/repos",
            &json!({ "name": "platform", "private": true, "default_branch": "main" }),
        );
        let alice = json!({ "permission": "write" });
        self.gitea.api("PUT", &self.path("/collaborators/alice"), &alice);
        let url = json!({ "value": format!("{}/kstack", self.downloads.uri()) });
        self.gitea.api("POST", &self.path("/actions/variables/KSTACK_URL"), &url);
        // The engine's token. Here that of the administrator; for real one that may read, and nothing else.
        let token = json!({ "data": self.gitea.token() });
        self.gitea.api("PUT", &self.path("/actions/secrets/KSTACK_GIT_PASSWORD"), &token);
    }

    /// The platform, as its first commit, with what it would apply planned.
    fn scaffold(&self, digest: &str) {
        let world = &self.world;
        let url = self.gitea.url();
        let answers = format!(
            "platform \"acme\" {{\n  base_domain = \"p.example.com\"\n  repository  = \"{url}/{}/platform\"\n}}\n\
             state \"s3\" {{\n  bucket = \"{BUCKET}\"\n  region = \"eu-west-1\"\n}}\n\
             forge \"gitea\" {{\n  url = \"{url}\"\n}}\n\
             cluster \"gc0\" {{\n  provider = \"aws\"\n  region = \"eu-west-1\"\n  zones = [\"a\", \"b\"]\n}}\n",
            Gitea::OWNER
        );
        fs::write(world.root().join("answers.hcl"), answers).unwrap();
        let manifests = format!("--engine-manifests={}", components::flux_manifests().display());
        let _ = world.kstack(&["init", "--answers=../answers.hcl", &manifests]).done();
        // The cluster is in the first environment only: the sandbox can stand for one.
        world.write(&format!("infra/{CLUSTER}/stack.hcl"), "environments = [\"ops\"]\n");
        fs::remove_dir_all(world.work().join(format!("clusters/{CLUSTER}/apps"))).unwrap();
        // Its chart comes from the internet, which tests do not reach.
        let services = format!("clusters/{CLUSTER}/ops/services.yaml");
        let text = world.read(&services);
        let kept: Vec<_> = text.split("\n---\n").filter(|part| !part.contains("\n  name: cert-manager\n")).collect();
        world.write(&services, &format!("{}\n", kept.join("\n---\n").trim_end()));
        world.write("infra/light/main.tf", LIGHT);
        world.write("infra/light/backend.tf", "terraform {\n  backend \"s3\" {}\n}\n");
        // What the pipeline installs: this kstack, and the Terraform that the runner has.
        let terraform = world.must("", "terraform", &["version"]);
        let version = terraform.lines().next().unwrap().trim_start_matches("Terraform v").to_owned();
        let lock =
            world.read("kstack.lock.hcl").replacen("digest  = null", &format!("digest  = \"sha256:{digest}\""), 1);
        world.write("kstack.lock.hcl", &lock.replace("version = \"1.11.4\"", &format!("version = \"{version}\"")));
        let _ = world.kstack(&["validate"]).done();
        self.commit("Scaffold the platform");
        let remote = url.replace("://", &format!("://{}:{}@", Gitea::OWNER, self.gitea.token()));
        self.git(&["remote", "add", "origin", &format!("{remote}/{}/platform.git", Gitea::OWNER)]);
        let _ = world.kstack(&["bootstrap", "--yes"]).done();
        let planned = world.kstack(&["plan", "--environment", "ops", "--pending"]).done();
        assert!(planned.stdout.contains("to create"), "{planned}");
    }

    /// The path in the API of something of the repository.
    pub fn path(&self, rest: &str) -> String {
        format!("/repos/{}/platform{rest}", Gitea::OWNER)
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        self.world.must("", "git", arguments).trim().to_owned()
    }

    /// A branch of what is on `main` at the forge now.
    pub fn branch(&self, name: &str) {
        self.git(&["fetch", "--quiet", "origin", "main"]);
        self.git(&["switch", "--quiet", "--create", name, "FETCH_HEAD"]);
    }

    #[track_caller]
    pub fn replace(&self, path: &str, old: &str, new: &str) {
        let text = self.world.read(path);
        assert_eq!(text.matches(old).count(), 1, "`{old}` in {path}:\n{text}");
        self.world.write(path, &text.replace(old, new));
    }

    pub fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    /// Pushes a branch; its last commit.
    pub fn push(&self, branch: &str) -> String {
        self.git(&["push", "--quiet", "origin", branch]);
        self.git(&["rev-parse", branch])
    }

    /// Tags what is on `main` at the forge; the commit.
    pub fn tag(&self, tag: &str) -> String {
        self.git(&["fetch", "--quiet", "origin", "main"]);
        self.git(&["tag", tag, "FETCH_HEAD"]);
        self.git(&["push", "--quiet", "origin", tag]);
        self.git(&["rev-parse", "FETCH_HEAD"])
    }

    /// Opens a pull request; its number.
    pub fn open(&self, branch: &str, title: &str) -> u64 {
        let request = json!({ "title": title, "head": branch, "base": "main" });
        self.gitea.api("POST", &self.path("/pulls"), &request)["number"].as_u64().unwrap()
    }

    /// The colleague approves what is there now.
    pub fn approve(&self, number: u64) {
        let review = json!({ "event": "APPROVED", "body": "Fine." });
        let path = self.path(&format!("/pulls/{number}/reviews"));
        let (status, answer) = self.gitea.try_as(&self.colleague, "POST", &path, &review);
        assert_eq!(status, 200, "{answer}");
    }

    /// Asks for a merge; what Gitea answers when it refuses, `null` when it merges. "Try again later" is no answer: the
    /// check for conflicts is under way then.
    pub fn try_to_merge(&self, number: u64, head: &str) -> Value {
        let request = json!({ "Do": "squash", "head_commit_id": head });
        let path = self.path(&format!("/pulls/{number}/merge"));
        self.until("Gitea decides on the merge", || {
            let (status, answer) = self.gitea.try_as(self.gitea.token(), "POST", &path, &request);
            match status {
                200 => Some(Value::Null),
                405 | 409 if answer.to_string().contains("try again later") => None,
                405 | 409 => Some(answer),
                _ => panic!("{status}: {answer}"),
            }
        })
    }

    /// Merges as one commit; that commit.
    #[track_caller]
    pub fn merge(&self, number: u64, head: &str) -> String {
        assert_eq!(self.try_to_merge(number, head), Value::Null);
        let pull = self.gitea.get(&self.path(&format!("/pulls/{number}")));
        pull["merge_commit_sha"].as_str().unwrap().to_owned()
    }

    /// The one comment of kstack on a pull request.
    #[track_caller]
    pub fn comment(&self, number: u64) -> Value {
        let comments = self.gitea.get(&self.path(&format!("/issues/{number}/comments")));
        let comments = comments.as_array().unwrap();
        assert_eq!(comments.len(), 1, "{comments:?}");
        comments[0].clone()
    }

    /// The newest status of each context of a commit.
    pub fn statuses(&self, commit: &str) -> BTreeMap<String, String> {
        let combined = self.gitea.get(&self.path(&format!("/commits/{commit}/status?limit=50")));
        let statuses = combined["statuses"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        statuses.map(|status| (text(&status["context"]), text(&status["status"]))).collect()
    }

    /// The run of the workflow that an event of a commit started, once it is over. Pushes of the same commit are told
    /// apart by their reference.
    #[track_caller]
    pub fn run_of(&self, event: &str, commit: &str, reference: &str) -> Run<'_> {
        let path = self.path(&format!("/actions/runs?event={event}&head_sha={commit}"));
        // A push and the opening right after it can start two; the workflow lets the later one take the place of the other.
        let is_it = |run: &Value| {
            let path = run["path"].as_str().unwrap_or_default();
            path.ends_with(reference) && run["status"] == "completed" && run["conclusion"] != "cancelled"
        };
        let run = self.until(&format!("the run for {event} of {commit} is over"), || {
            let runs = self.gitea.get(&path);
            runs["workflow_runs"].as_array().cloned().unwrap_or_default().into_iter().find(is_it)
        });
        let conclusion = run["conclusion"].as_str().unwrap().to_owned();
        Run { place: self, id: run["id"].as_u64().unwrap(), conclusion }
    }

    /// Runs the commands of the runbook that protect branches and tags, as they stand there.
    pub fn run_protection_of_the_runbook(&self) {
        let runbook = self.world.read("README.md");
        let start = runbook.find("  API=").unwrap();
        let commands = runbook[start..].split("\n  ```").next().unwrap();
        let mut command = self.world.command(self.world.root().join("bin/sh"), &self.world.work());
        command.args(["-e", "-c", commands]).env("TOKEN", self.gitea.token()).env("WHO", Gitea::OWNER);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{commands}\n{said}");
    }

    /// The keys in the bucket below `prefix`.
    pub fn keys(&self, prefix: &str) -> Vec<String> {
        self.moto.keys(BUCKET, prefix)
    }

    /// The plans that are kept for a stack.
    pub fn plans(&self, environment: &str, stack: &str) -> Vec<String> {
        self.keys(&format!("kstack/plans/{environment}/{stack}/"))
    }

    /// The newest journal of an environment.
    pub fn journal(&self, environment: &str) -> Value {
        let key = self.keys(&format!("kstack/records/journal/{environment}/")).pop().unwrap();
        serde_json::from_str(&self.moto.object(BUCKET, &key).unwrap()).unwrap()
    }

    fn resources(&self, environment: &str, stack: &str) -> Vec<Value> {
        let state = self.moto.object(BUCKET, &format!("{environment}/{stack}.tfstate"));
        let state: Option<Value> = state.map(|state| serde_json::from_str(&state).unwrap());
        state.map(|state| state["resources"].as_array().unwrap().clone()).unwrap_or_default()
    }

    /// The size that the state has for the cluster's node pool.
    pub fn max_size(&self) -> Option<i64> {
        let resources = self.resources("ops", CLUSTER);
        let pool = resources.iter().find(|resource| resource["type"] == "aws_eks_node_group")?;
        pool["instances"][0]["attributes"]["scaling_config"][0]["max_size"].as_i64()
    }

    /// The size that the state of the light stack has.
    pub fn light_size(&self, environment: &str) -> Option<i64> {
        let resources = self.resources(environment, "light");
        let pool = resources.iter().find(|resource| resource["name"] == "pool")?;
        pool["instances"][0]["attributes"]["input"]["value"]["size"].as_i64()
    }

    /// The addresses in the state of the light stack.
    pub fn light_resources(&self, environment: &str) -> Vec<String> {
        let resources = self.resources(environment, "light");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        resources.iter().map(|one| format!("{}.{}", text(&one["type"]), text(&one["name"]))).collect()
    }

    #[track_caller]
    fn until<T>(&self, what: &str, ask: impl Fn() -> Option<T>) -> T {
        let deadline = Instant::now() + LONG;
        while Instant::now() < deadline {
            if let Some(found) = ask() {
                return found;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        panic!("not in {} s: {what}", LONG.as_secs());
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.sandbox.exists() {
            // After a failed assertion, whether this helps is not the test's question.
            let _ = self.world.kstack_in("..", &["sandbox", "down", SANDBOX]);
        }
    }
}

/// A run of the workflow.
pub struct Run<'a> {
    place: &'a Place,
    id: u64,
    pub conclusion: String,
}

impl Run<'_> {
    /// What its jobs printed.
    pub fn log(&self) -> String {
        let jobs = self.place.gitea.get(&self.place.path(&format!("/actions/runs/{}/jobs", self.id)));
        let started = |job: &&Value| job["conclusion"] != "skipped" && job["conclusion"] != "cancelled";
        let ran = jobs["jobs"].as_array().unwrap().iter().filter(started);
        let logs = ran.map(|job| {
            let log = self.place.gitea.get(&self.place.path(&format!("/actions/jobs/{}/logs", job["id"])));
            log.as_str().map_or_else(|| log.to_string(), str::to_owned)
        });
        logs.collect::<Vec<_>>().join("\n")
    }
}
