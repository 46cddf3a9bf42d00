# Defaults and limits.

variables {
  configuration = {
    name_prefix = "gc0"
    base_domain = "platform.example.com"
  }
}

run "the_kubeconfig_lies_where_the_sandbox_is" {
  command = plan

  assert {
    condition     = output.settings.kubeconfig_path == null
    error_message = "Unexpected defaults: ${jsonencode(output.settings)}"
  }
}

run "a_relative_path_of_the_kubeconfig_is_refused" {
  command = plan

  variables {
    configuration = {
      name_prefix     = "gc0"
      base_domain     = "platform.example.com"
      kubeconfig_path = "kubeconfig"
    }
  }

  expect_failures = [var.configuration]
}
