# Plans only: creating the sandbox needs kstack, see tests/local in the root of the kstack repository.

variables {
  environment  = "ops"
  sandbox_home = "/var/lib/kstack"

  configuration = {
    apps = { name_prefix = "gc0", base_domain = "platform.example.com" }
    ops  = {}
  }
}

run "the_sandbox_has_the_name_of_the_cluster" {
  command = plan

  assert {
    condition     = terraform_data.sandbox.input.name == "gc0-ops-local" && terraform_data.sandbox.triggers_replace == "gc0-ops-local"
    error_message = "Unexpected sandbox: ${terraform_data.sandbox.input.name}"
  }

  assert {
    condition     = output.current_metadata.fqdn == "gc0-ops-local.local.platform.example.com"
    error_message = "Unexpected domain: ${output.current_metadata.fqdn}"
  }
}

run "the_kubeconfig_lies_in_the_data_directory" {
  command = plan

  assert {
    condition     = terraform_data.sandbox.input.kubeconfig_path == "/var/lib/kstack/sandboxes/gc0-ops-local/kubeconfig"
    error_message = "Unexpected path: ${terraform_data.sandbox.input.kubeconfig_path}"
  }

  assert {
    condition     = terraform_data.sandbox.input.environment == { SANDBOX = "gc0-ops-local", KSTACK_HOME = "/var/lib/kstack" }
    error_message = "The sandbox must be made in the same directory."
  }
}

run "without_a_data_directory_the_default_of_kstack_is_used" {
  command = plan

  variables {
    sandbox_home = null
  }

  assert {
    condition     = endswith(terraform_data.sandbox.input.kubeconfig_path, "/.local/share/kstack/sandboxes/gc0-ops-local/kubeconfig") && terraform_data.sandbox.input.environment == { SANDBOX = "gc0-ops-local" }
    error_message = "Unexpected path: ${terraform_data.sandbox.input.kubeconfig_path}"
  }
}

run "another_path_of_the_kubeconfig_can_be_set" {
  command = plan

  variables {
    configuration = {
      apps = { name_prefix = "gc0", base_domain = "platform.example.com", kubeconfig_path = "/tmp/kubeconfig" }
      ops  = {}
    }
  }

  assert {
    condition     = terraform_data.sandbox.input.kubeconfig_path == "/tmp/kubeconfig"
    error_message = "Unexpected path: ${terraform_data.sandbox.input.kubeconfig_path}"
  }
}

run "a_relative_data_directory_is_refused" {
  command = plan

  variables {
    sandbox_home = "sandboxes"
  }

  expect_failures = [var.sandbox_home]
}
