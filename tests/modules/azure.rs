//! The Azure modules applied by the real provider, against a stand-in for Azure: `tests/azure/server.py`. It proves that the
//! modules apply, that a second plan is empty, that changes are made in place and converge, and that nothing is left after
//! a destroy. It proves nothing about how Azure behaves, and what Azure would refuse.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::source::repository;
use crate::support::{cli::find_program, providers};

/// The hosts of Azure that the stand-in answers for, as the proxy of whoever asks for them.
const HOSTS: [&str; 3] = ["login.microsoftonline.com", "management.azure.com", "*.vault.azure.net"];

const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000001";

/// The stand-in; stopped when dropped.
struct StandIn {
    process: Child,
    port: u16,
    certificate: PathBuf,
}

impl StandIn {
    fn start(folder: &Path) -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let parameters = rcgen::CertificateParams::new(HOSTS.map(ToOwned::to_owned)).unwrap();
        let (certificate, key_file) = (folder.join("certificate.pem"), folder.join("key.pem"));
        fs::write(&certificate, parameters.self_signed(&key).unwrap().pem()).unwrap();
        fs::write(&key_file, key.serialize_pem()).unwrap();
        let log = folder.join("server.log");
        // The port is free when it is chosen; another program may take it before the server does.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let output = File::create(&log).unwrap();
            let mut process = Command::new(find_program("python3").expect("`python3` is needed by this test"))
                .arg(repository().join("tests/azure/server.py"))
                .arg(port.to_string())
                .args([&certificate, &key_file])
                .stdin(Stdio::null())
                .stdout(output.try_clone().unwrap())
                .stderr(output)
                .spawn()
                .unwrap();
            let deadline = Instant::now() + Duration::from_secs(60);
            while Instant::now() < deadline && process.try_wait().unwrap().is_none() {
                if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    return Self { process, port, certificate };
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            let _ = process.kill();
            let _ = process.wait();
        }
        panic!("the stand-in does not start:\n{}", fs::read_to_string(&log).unwrap_or_default());
    }

    /// The ids of everything that there is, in lower case.
    fn objects(&self) -> Vec<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "GET /objects HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A stack beside the modules, as in a generated repository.
struct Stack {
    azure: StandIn,
    folder: tempfile::TempDir,
    configuration: PathBuf,
}

impl Stack {
    /// `None`, and says so, where the providers cannot be had.
    #[expect(clippy::print_stderr, reason = "a test that did not run says so")]
    fn new(main: &str) -> Option<Self> {
        if providers::mirror(&["hashicorp/azurerm", "hashicorp/time"]).is_none() {
            eprintln!("skipped: the providers hashicorp/azurerm and hashicorp/time cannot be had from a mirror");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let azure = StandIn::start(folder.path());
        let stack = folder.path().join("infra/stack");
        fs::create_dir_all(&stack).unwrap();
        let provider =
            format!("provider \"azurerm\" {{\n  subscription_id = \"{SUBSCRIPTION}\"\n\n  features {{}}\n}}\n\n");
        fs::write(stack.join("main.tf"), provider + main).unwrap();
        copy(&repository().join("modules"), &folder.path().join("modules"));
        let configuration = providers::cli_config(folder.path());
        let stack = Self { azure, folder, configuration };
        stack.terraform(&["init", "-input=false"], 0, &BTreeMap::new());
        Some(stack)
    }

    /// Runs Terraform with variables; what it prints.
    fn terraform(&self, arguments: &[&str], code: i32, variables: &BTreeMap<&str, Value>) -> String {
        let output = Command::new(find_program("terraform").expect("`terraform` is needed by this test"))
            .args(arguments)
            .arg("-no-color")
            .current_dir(self.folder.path().join("infra/stack"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("TF_CLI_CONFIG_FILE", &self.configuration)
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            // Every host of Azure is asked for through the stand-in, so that nothing leaves the machine.
            .env("HTTPS_PROXY", format!("http://127.0.0.1:{}", self.azure.port))
            .env("SSL_CERT_FILE", &self.azure.certificate)
            .env("ARM_TENANT_ID", "00000000-0000-0000-0000-0000000000aa")
            .env("ARM_CLIENT_ID", "00000000-0000-0000-0000-0000000000bb")
            .env("ARM_CLIENT_SECRET", "stand-in")
            .env("ARM_USE_CLI", "false")
            .envs(variables.iter().map(|(name, value)| (format!("TF_VAR_{name}"), value.to_string())))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "terraform {arguments:?}:\n{text}");
        text
    }

    /// Applies, and sees that there is nothing left to do.
    fn apply(&self, variables: &BTreeMap<&str, Value>) {
        self.terraform(&["apply", "-auto-approve", "-input=false"], 0, variables);
        self.terraform(&["plan", "-detailed-exitcode", "-input=false"], 0, variables);
    }

    /// Applies a change, which must replace nothing but role assignments.
    fn change(&self, variables: &BTreeMap<&str, Value>) {
        self.terraform(&["plan", "-out=change.tfplan", "-input=false"], 0, variables);
        let plan: Value =
            serde_json::from_str(&self.terraform(&["show", "-json", "change.tfplan"], 0, &BTreeMap::new())).unwrap();
        let changed = plan["resource_changes"].as_array().unwrap();
        let actions = |change: &Value| change["change"]["actions"].to_string();
        let destroyed = changed.iter().filter(|change| actions(change).contains("delete"));
        let destroyed: Vec<&str> = destroyed.map(|change| change["type"].as_str().unwrap()).collect();
        assert!(destroyed.iter().all(|kind| *kind == "azurerm_role_assignment"), "{destroyed:?}");
        assert!(changed.iter().any(|change| actions(change).contains("update")));
        self.apply(variables);
    }

    fn output(&self, name: &str) -> Value {
        serde_json::from_str(&self.terraform(&["output", "-json", name], 0, &BTreeMap::new())).unwrap()
    }

    fn destroy(&self, variables: &BTreeMap<&str, Value>) {
        self.terraform(&["destroy", "-auto-approve", "-input=false"], 0, variables);
        assert_eq!(self.azure.objects(), Vec::<String>::new(), "the destroy left something behind");
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_name() == ".terraform" {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

const PLATFORM: &str = r#"
variable "change" {
  type    = any
  default = {}
}

variable "pool_change" {
  type    = any
  default = {}
}

module "cluster" {
  source = "../../modules/azure/cluster"

  environment = "ops"

  configuration = {
    apps = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "westeurope"
      availability_zones = ["1", "2", "3"]
      kubernetes_version = "1.33"
      network            = { cidr = "10.16.0.0/16" }
      access             = { team = { principal_id = "11111111-2222-3333-4444-555555555555", policy = "view", namespaces = ["team"] } }
      disk_encryption    = { own_key = true }
      control_plane_logs = { containers = true }
      ingress            = { public_ip = true }
      identity           = { role_propagation_duration = "0s" }
    }

    ops = merge({ tags = { cost-centre = "platform" } }, var.change)
  }
}

module "node_pool_default" {
  source = "../../modules/azure/cluster/node-pool"

  environment = "ops"
  cluster     = module.cluster.node_pool_context

  configuration = {
    apps = {
      name        = "default"
      vm_size     = "Standard_D4ps_v5"
      min_size    = 3
      max_size    = 9
      spot        = true
      subnet_cidr = "10.16.32.0/20"
      kubelet     = { pod_max_pid = 4096 }
      linux       = { sysctl = { vm_max_map_count = 262144 } }
      taints      = { batch = { key = "dedicated", value = "batch" } }
    }

    ops = merge({ min_size = 1, max_size = 3 }, var.pool_change)
  }
}

output "cluster" {
  value = module.cluster.cluster
}

output "identity" {
  value = module.cluster.identity
}
"#;

/// About four minutes, of which nearly all is the provider's own wait for the vault and for role assignments.
#[test]
fn a_cluster_and_a_pool_apply_converge_and_leave_nothing_on_a_stand_in_for_azure() {
    let Some(stack) = Stack::new(PLATFORM) else { return };
    stack.apply(&BTreeMap::new());
    let cluster = stack.output("cluster");
    assert_eq!(cluster["auth"]["type"], "azure");
    assert_eq!(cluster["auth"]["resource_group"], "gc0-ops-westeurope");
    assert_eq!(cluster["endpoint"], "https://gc0-ops-westeurope-0000.hcp.westeurope.azmk8s.io:443");
    let identity = stack.output("identity");
    assert_eq!(identity["service_client_ids"].as_object().unwrap().len(), 2, "{identity}");

    // The settings of a running platform that change most often.
    let mut change = json!({
        "kubernetes_version": "1.34",
        "endpoint": {"public_cidrs": ["203.0.113.0/24"]},
        "control_plane_logs": {"types": ["kube-audit-admin"], "retention_days": 60},
        "access": {"team": {"policy": "edit"}, "operators": {"principal_id": "22222222-2222-3333-4444-555555555555"}},
        "system_pool": {"max_size": 6},
        "upgrades": {"cluster_window": {"frequency": "RelativeMonthly", "week_index": "First", "duration": 8}},
        "autoscaler": {"expander": "least-waste"},
        "tags": {"cost-centre": "research"},
        "deletion_protection": true,
    });
    let pool = json!({"max_size": 5, "labels": {"team": "a"}});
    let variables = |change: &Value| BTreeMap::from([("change", change.clone()), ("pool_change", pool.clone())]);
    stack.change(&variables(&change));

    let guard = "-target=module.cluster.terraform_data.deletion_guard";
    let refusal = stack.terraform(&["destroy", "-auto-approve", "-input=false", guard], 1, &variables(&change));
    assert!(refusal.contains("has deletion_protection"), "{refusal}");

    // A misspelt key is named with the nearest one, by plain Terraform.
    let misspelt = variables(&json!({"system_pol": {"min_size": 1}}));
    let refusal = stack.terraform(&["plan", "-input=false"], 1, &misspelt);
    assert!(refusal.replace('\n', " ").contains("did you mean `system_pool`?"), "{refusal}");

    change["deletion_protection"] = json!(false);
    stack.change(&variables(&change));
    stack.destroy(&variables(&change));
}

#[test]
fn the_state_account_and_the_identities_of_the_pipeline_apply_and_leave_nothing_on_a_stand_in_for_azure() {
    let Some(stack) = Stack::new(
        r#"
module "state" {
  source = "../../modules/azure/state"

  resource_group_name       = "acme-state"
  location                  = "westeurope"
  storage_account_name      = "acmestate"
  role_propagation_duration = "0s"
  tags                      = { team = "platform" }
}

module "ci" {
  source = "../../modules/azure/ci-identity"

  name                = "acme"
  resource_group_name = module.state.backend.resource_group_name
  location            = "westeurope"
  forge               = "github"
  repository          = "acme/platform"
  deploy_tags         = ["apps-deploy-*"]
  apply_environment   = "kstack"
  state               = module.state.id
}

output "backend" {
  value = module.state.backend
}

output "plan" {
  value = module.ci.plan
}
"#,
    ) else {
        return;
    };
    stack.apply(&BTreeMap::new());
    let expected = json!({
        "resource_group_name": "acme-state",
        "storage_account_name": "acmestate",
        "container_name": "tfstate",
        "use_azuread_auth": true,
    });
    assert_eq!(stack.output("backend"), expected);
    assert_eq!(stack.output("plan")["subscription_id"], SUBSCRIPTION);
    stack.destroy(&BTreeMap::new());
}
