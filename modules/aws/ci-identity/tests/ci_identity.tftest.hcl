# Plans with a mocked provider: no cloud, no credentials.

mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_resource "aws_iam_openid_connect_provider" {
    defaults = { arn = "arn:aws:iam::123456789012:oidc-provider/made" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/made" }
  }
}

variables {
  name        = "acme"
  forge       = "github"
  repository  = "acme/platform"
  deploy_tags = ["apps-deploy-*"]
  state       = { bucket_arn = "arn:aws:s3:::acme-kstack-state" }
}

run "github_is_trusted_by_its_issuer_and_without_a_thumbprint" {
  assert {
    condition     = aws_iam_openid_connect_provider.this[0].url == "https://token.actions.githubusercontent.com" && aws_iam_openid_connect_provider.this[0].client_id_list == toset(["sts.amazonaws.com"])
    error_message = "Tokens must be signed by GitHub and made for AWS."
  }
}

run "only_the_default_branch_and_the_deploy_tags_apply" {
  variables {
    immutable_ids = { owner = "1", repository = "2" }
  }

  assert {
    condition = output.subjects.apply == tolist([
      "repo:acme@1/platform@2:ref:refs/heads/main",
      "repo:acme@1/platform@2:ref:refs/tags/apps-deploy-*",
    ])
    error_message = "Nothing but what was merged may be applied."
  }

  assert {
    condition = jsondecode(aws_iam_role.this["apply"].assume_role_policy).Statement[0].Condition == {
      StringEquals = { "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com" }
      StringLike = {
        "token.actions.githubusercontent.com:sub" = [
          "repo:acme@1/platform@2:ref:refs/heads/main",
          "repo:acme@1/platform@2:ref:refs/tags/apps-deploy-*",
        ]
      }
    }
    error_message = "Audience and subject must both be required."
  }
}

run "tokens_with_and_without_ids_are_accepted_until_the_ids_are_known" {
  assert {
    condition     = output.subjects.plan == tolist(["repo:acme/platform:*", "repo:acme@*/platform@*:*"])
    error_message = "Any branch and pull request of this repository plans, and no other repository."
  }

  assert {
    condition     = length(output.subjects.apply) == 4 && contains(output.subjects.apply, "repo:acme@*/platform@*:ref:refs/heads/main")
    error_message = "Both forms of a token must be accepted."
  }
}

run "gitlab_names_the_type_of_a_ref" {
  variables {
    forge          = "gitlab"
    repository     = "acme/infra/platform"
    default_branch = "trunk"
  }

  assert {
    condition     = aws_iam_openid_connect_provider.this[0].url == "https://gitlab.com"
    error_message = "The public GitLab is the default."
  }

  assert {
    condition = output.subjects == {
      plan  = tolist(["project_path:acme/infra/platform:ref_type:*"])
      apply = tolist(["project_path:acme/infra/platform:ref_type:branch:ref:trunk", "project_path:acme/infra/platform:ref_type:tag:ref:apps-deploy-*"])
    }
    error_message = "Subjects must be those of GitLab."
  }
}

run "an_own_instance_is_the_key_of_the_conditions" {
  variables {
    forge    = "gitlab"
    issuer   = "https://git.example.com/"
    audience = "aws"
  }

  assert {
    condition     = aws_iam_openid_connect_provider.this[0].url == "https://git.example.com" && jsondecode(aws_iam_role.this["plan"].assume_role_policy).Statement[0].Condition.StringEquals == { "git.example.com:aud" = "aws" }
    error_message = "Conditions are named after the issuer, without its scheme."
  }
}

run "the_plan_role_reads_and_keeps_plans_and_nothing_else" {
  assert {
    condition     = keys(aws_iam_role_policy_attachment.plan) == ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
    error_message = "The plan role reads."
  }

  assert {
    condition = {
      for statement in jsondecode(aws_iam_role_policy.state["plan"].policy).Statement : statement.Sid => statement.Resource
      if anytrue([for action in statement.Action : !startswith(action, "s3:Get") && !startswith(action, "s3:List")])
    } == { KeepPlans = ["arn:aws:s3:::acme-kstack-state/kstack/plans/*"] }
    error_message = "Plans are all that it writes: no state, no lock, no record."
  }
}

run "locks_are_allowed_where_they_are_wanted" {
  variables {
    plan_locks = true
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.state["plan"].policy).Statement : statement.Resource if statement.Sid == "LockStates"
    ] == [["arn:aws:s3:::acme-kstack-state/*.tflock"]]
    error_message = "Only objects that are locks."
  }
}

run "the_key_of_the_bucket_can_be_used" {
  variables {
    state = { bucket_arn = "arn:aws:s3:::acme-kstack-state", kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/7a1b" }
  }

  assert {
    condition = alltrue([
      for policy in aws_iam_role_policy.state : anytrue([
        for statement in jsondecode(policy.policy).Statement : statement.Sid == "UseTheKey" && contains(statement.Resource, "arn:aws:kms:eu-west-1:123456789012:key/7a1b")
      ])
    ])
    error_message = "Both roles read and write encrypted objects."
  }
}

run "an_existing_provider_is_used" {
  variables {
    provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.this) == 0 && jsondecode(aws_iam_role.this["plan"].assume_role_policy).Statement[0].Principal.Federated == "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    error_message = "An account can have only one provider for an issuer."
  }
}

run "gitea_works_with_a_signer_of_ones_own" {
  variables {
    forge    = "gitea"
    issuer   = "https://tokens.example.com"
    subjects = { plan = ["repository:acme/platform:*"], apply = ["repository:acme/platform:branch:main"] }
  }

  assert {
    condition     = jsondecode(aws_iam_role.this["apply"].assume_role_policy).Statement[0].Condition.StringLike == { "tokens.example.com:sub" = ["repository:acme/platform:branch:main"] }
    error_message = "Subjects must be those that were given."
  }
}

run "gitea_without_a_signer_is_refused" {
  command = plan

  variables {
    forge = "gitea"
  }

  expect_failures = [var.issuer, var.subjects]
}

run "a_pattern_for_all_tags_is_refused" {
  command = plan

  variables {
    deploy_tags = ["*"]
  }

  expect_failures = [var.deploy_tags]
}

run "a_pattern_for_repositories_is_refused" {
  command = plan

  variables {
    repository = "acme/*"
  }

  expect_failures = [var.repository]
}

run "a_pattern_for_branches_is_refused" {
  command = plan

  variables {
    default_branch = "release-*"
  }

  expect_failures = [var.default_branch]
}

run "subjects_of_everybody_are_refused" {
  command = plan

  variables {
    subjects = { plan = ["*"], apply = ["repo:acme/platform:ref:refs/heads/main"] }
  }

  expect_failures = [var.subjects]
}

run "an_environment_stands_for_branch_and_tags" {
  variables {
    apply_environment = "kstack-apply"
    immutable_ids     = { owner = "1", repository = "2" }
  }

  assert {
    condition     = output.subjects.apply == tolist(["repo:acme@1/platform@2:environment:kstack-apply"])
    error_message = "Tokens of such jobs name nothing else."
  }
}

run "without_a_state_in_aws_no_bucket_is_granted" {
  variables {
    state = null
  }

  assert {
    condition     = length(aws_iam_role_policy.state) == 0
    error_message = "There is no bucket."
  }
}
