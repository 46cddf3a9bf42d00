#!/usr/bin/env python3
"""Applies modules/local/cluster with the real terraform and a fake kstack (fake/kstack, which starts nothing).

Proves that the sandbox is made before its kubeconfig is read, that a second plan is empty, that a missing kubeconfig is no
error, that another name makes another sandbox, and that no credential reaches the state. Usage: apply.py
"""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
MODULES = HERE.parent.parent / "modules"

STACK = """
module "cluster" {
  source = "../../modules/local/cluster"

  environment  = "ops"
  sandbox_home = var.kstack_home

  configuration = {
    apps = {
      name_prefix = var.name_prefix
      base_domain = "platform.example.com"
    }

    ops = {}
  }
}

variable "kstack_home" {
  type = string
}

variable "name_prefix" {
  type    = string
  default = "gc0"
}

output "cluster" {
  value = module.cluster.cluster
}
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder) / "infra/local-gc0"  # laid out like a generated repository
        work.mkdir(parents=True)
        shutil.copytree(MODULES, pathlib.Path(folder) / "modules")
        (work / "main.tf").write_text(STACK)
        (work / "terraform.rc").write_text("disable_checkpoint = true\n")
        calls = work / "calls"
        home = work / "kstack home"  # a space: nothing may depend on its absence
        environment = dict(
            PATH=f"{HERE / 'fake'}:{os.environ['PATH']}",
            HOME=folder,
            TF_CLI_CONFIG_FILE=str(work / "terraform.rc"),
            TF_IN_AUTOMATION="1",
            TF_VAR_kstack_home=str(home),
            FAKE_KSTACK_CALLS=str(calls),
        )

        def terraform(*arguments: str, codes: tuple = (0,), **more: str) -> str:
            done = subprocess.run(
                ["terraform", *arguments, "-no-color"], cwd=work, env=environment | more, text=True, capture_output=True
            )
            assert done.returncode in codes, f"terraform {arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
            return done.stdout

        def cluster() -> dict:
            return json.loads(terraform("output", "-json", "cluster"))

        terraform("init")
        terraform("apply", "-auto-approve")
        kubeconfig = home / "sandboxes/gc0-ops-local/kubeconfig"
        assert kubeconfig.exists()
        assert cluster() == {
            "name": "gc0-ops-local",
            "provider": "local",
            "region": "local",
            "endpoint": "https://127.0.0.1:6443",
            "ca_certificate": "YSBjZXJ0aWZpY2F0ZQ==",
            "version": None,
            "auth": {"type": "kubeconfig", "path": str(kubeconfig), "context": "gc0-ops-local"},
        }, cluster()
        assert "a-credential" not in (work / "terraform.tfstate").read_text()

        terraform("plan", "-detailed-exitcode")  # 0: nothing to do

        kubeconfig.rename(work / "aside")
        terraform("apply", "-auto-approve")
        assert cluster()["endpoint"] is None
        (work / "aside").rename(kubeconfig)

        terraform("apply", "-auto-approve", TF_VAR_name_prefix="ml0")
        assert cluster()["auth"]["path"].endswith("/ml0-ops-local/kubeconfig")
        terraform("destroy", "-auto-approve", TF_VAR_name_prefix="ml0")

        assert calls.read_text().splitlines() == [
            "sandbox up gc0-ops-local --quiet",
            "sandbox down gc0-ops-local",
            "sandbox up ml0-ops-local --quiet",
            "sandbox down ml0-ops-local",
        ], calls.read_text()
    print("local/cluster: apply, empty plan, missing kubeconfig, another name, destroy: ok")


if __name__ == "__main__":
    main()
