#!/usr/bin/env python3
"""Applies modules/aws/cluster and its node pool with the real terraform and AWS provider against ./server.py.

Proves: the stack applies, the second plan is empty, changes are changes in place and converge, deletion protection
refuses, the destroy leaves nothing, and the state lives in S3 with its lock file. See server.py for what this does not prove.

Usage: apply.py [PROVIDER_MIRROR]   (an unpacked filesystem mirror; without one the provider comes from its registry)
"""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import boto3

HERE = pathlib.Path(__file__).resolve().parent
MODULES = HERE.parent.parent / "modules"

MAIN = """
terraform {
  backend "s3" {
    bucket         = "state"
    key            = "ops/eks-gc0-eu-west-1.tfstate"
    region         = "eu-west-1"
    encrypt        = true
    use_lockfile   = true
    use_path_style = true
  }
}

provider "aws" {
  region            = "eu-west-1"
  s3_use_path_style = true
}

variable "change" {
  type    = any
  default = {}
}

variable "pool_change" {
  type    = any
  default = {}
}

module "cluster" {
  source = "../../modules/aws/cluster"

  environment = "ops"

  configuration = {
    apps = {
      name_prefix        = "gc0"
      base_domain        = "platform.example.com"
      region             = "eu-west-1"
      availability_zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
      kubernetes_version = "1.33"
      network            = { cidr = "10.16.0.0/16" }
      access             = { team = { principal_arn = "arn:aws:iam::123456789012:role/team", policy = "view", namespaces = ["team"] } }
    }

    ops = merge({
      network = { nat = "one" }
      tags    = { cost-centre = "platform" }
    }, var.change)
  }
}

module "node_pool_default" {
  source = "../../modules/aws/cluster/node-pool"

  environment = "ops"
  cluster     = module.cluster.node_pool_context

  configuration = {
    apps = {
      name           = "default"
      instance_types = ["m7g.large", "m6g.large"]
      min_size       = 3
      max_size       = 9
      spot           = true
      kubelet        = { max_pods = 64 }
      taints         = { batch = { key = "dedicated", value = "batch" } }
    }

    ops = merge({ min_size = 1, max_size = 3 }, var.pool_change)
  }
}

output "contract" {
  value = {
    cluster          = module.cluster.cluster
    current_metadata = module.cluster.current_metadata
    network          = module.cluster.network
    identity         = module.cluster.identity
    dns              = module.cluster.dns
    node_pool        = module.node_pool_default.node_pool
  }
}
"""


class Stack:
    """The stack in a folder that is laid out like a generated repository."""

    def __init__(self, folder: pathlib.Path, endpoint: str, mirror: str):
        self.work = folder / "infra/eks-gc0-eu-west-1"
        self.work.mkdir(parents=True)
        shutil.copytree(MODULES, folder / "modules")
        (self.work / "main.tf").write_text(MAIN)
        installation = f'filesystem_mirror {{\n    path = "{mirror}"\n  }}' if mirror else "direct {}"
        (folder / "terraform.rc").write_text(f"disable_checkpoint = true\nprovider_installation {{\n  {installation}\n}}\n")
        self.environment = dict(
            PATH=os.environ["PATH"],
            HOME=str(folder),
            TF_CLI_CONFIG_FILE=str(folder / "terraform.rc"),
            TF_IN_AUTOMATION="1",
            AWS_ACCESS_KEY_ID="test",
            AWS_SECRET_ACCESS_KEY="test",
            AWS_ENDPOINT_URL=endpoint,
            AWS_ENDPOINT_URL_S3=endpoint,
            AWS_EC2_METADATA_DISABLED="true",
        )

    def terraform(self, *arguments: str, code: int = 0, change: dict = {}, pool_change: dict = {}) -> str:
        start = time.monotonic()
        done = subprocess.run(
            ["terraform", *arguments, "-no-color"],
            cwd=self.work,
            env=self.environment | {"TF_VAR_change": json.dumps(change), "TF_VAR_pool_change": json.dumps(pool_change)},
            text=True,
            capture_output=True,
        )
        assert done.returncode == code, f"terraform {' '.join(arguments)}: {done.returncode}\n{done.stdout[-3000:]}{done.stderr}"
        print(f"{time.monotonic() - start:6.1f} s  terraform {' '.join(arguments)}", flush=True)
        return done.stdout + done.stderr

    def change(self, **variables: dict) -> None:
        """Applies a change, which must converge and replace nothing but the policies of access entries."""
        self.terraform("plan", "-out=change.tfplan", **variables)
        plan = json.loads(self.terraform("show", "-json", "change.tfplan"))
        changed = [each for each in plan["resource_changes"] if each["change"]["actions"] not in (["no-op"], ["read"])]
        destroyed = {each["type"] for each in changed if "delete" in each["change"]["actions"]}
        assert changed and destroyed <= {"aws_eks_access_policy_association"}, destroyed
        self.terraform("apply", "change.tfplan")
        self.terraform("plan", "-detailed-exitcode", **variables)


def client(endpoint: str, service: str):
    return boto3.client(service, "eu-west-1", endpoint_url=endpoint, aws_access_key_id="test", aws_secret_access_key="test")


def wait_for(endpoint: str, server: subprocess.Popen) -> None:
    for _ in range(200):
        assert server.poll() is None, "the server has ended"
        try:
            return urllib.request.urlopen(f"{endpoint}/moto-api/", timeout=1).close()
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(endpoint)


def prove(endpoint: str, mirror: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(pathlib.Path(folder), endpoint, mirror)
        s3 = client(endpoint, "s3")
        s3.create_bucket(Bucket="state", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})

        stack.terraform("init")
        stack.terraform("apply", "-auto-approve")
        contract = json.loads(stack.terraform("output", "-json", "contract"))
        assert contract["cluster"]["auth"] == {"type": "aws", "cluster_name": "gc0-ops-eu-west-1", "region": "eu-west-1"}
        assert contract["cluster"]["endpoint"].startswith("https://")
        assert set(contract["network"]["node_subnet_ids"]) == {"eu-west-1a", "eu-west-1b", "eu-west-1c"}
        assert len(contract["network"]["nat_addresses"]) == 1
        assert set(contract["identity"]["service_role_arns"]) == {"vpc_cni", "ebs_csi", "cluster_autoscaler", "external_dns", "cert_manager"}
        assert len(contract["dns"]["name_servers"]) > 0
        assert contract["node_pool"]["ami_type"] == "AL2023_ARM_64_STANDARD"
        stack.terraform("plan", "-detailed-exitcode")  # 0: nothing to do

        # The settings of a running platform that change most often: version, endpoint, logs, add-ons, access, tags, pools.
        protected = dict(
            change={
                "kubernetes_version": "1.34",
                "endpoint": {"public_cidrs": ["203.0.113.0/24"]},
                "control_plane_logs": {"types": ["audit"]},
                "addons": {"coredns": {"configuration_values": '{"replicaCount":3}'}},
                "access": {"team": {"policy": "edit"}, "operators": {"principal_arn": "arn:aws:iam::123456789012:role/operators"}},
                "tags": {"cost-centre": "research"},
                "deletion_protection": True,
            },
            pool_change={"max_size": 5, "disk": {"size_gib": 80}, "labels": {"team": "a"}},
        )
        stack.change(**protected)

        refusal = stack.terraform("destroy", "-auto-approve", "-target=module.cluster.terraform_data.deletion_guard", code=1, **protected)
        assert "has deletion_protection" in refusal, refusal

        open_again = {**protected, "change": {**protected["change"], "deletion_protection": False}}
        stack.change(**open_again)
        stack.terraform("destroy", "-auto-approve", **open_again)
        assert not client(endpoint, "eks").list_clusters()["clusters"]
        assert [each["Key"] for each in s3.list_objects_v2(Bucket="state")["Contents"]] == ["ops/eks-gc0-eu-west-1.tfstate"]
    print("aws/cluster: apply, empty plan, changes in place, deletion protection, destroy: ok")


def main() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(
            [sys.executable, HERE / "server.py", str(port)],
            env=os.environ | {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true"},
            stdout=log,
            stderr=log,
        )
        try:
            wait_for(f"http://127.0.0.1:{port}", server)
            prove(f"http://127.0.0.1:{port}", sys.argv[1] if len(sys.argv) > 1 else "")
        except BaseException:
            log.seek(0)
            print(log.read().decode(errors="replace")[-6000:], file=sys.stderr)
            raise
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
