variable "name" {
  description = "What the names of the roles begin with."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,58}$", var.name))
    error_message = "`name` must be 1 to 58 characters that names of roles may have: the longest ending is `-apply`, and IAM allows 64."
  }
}

variable "forge" {
  description = "Where the pipeline runs: `github`, `gitlab` or `gitea`."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["github", "gitlab", "gitea"], var.forge)
    error_message = "`forge` must be `github`, `gitlab` or `gitea`."
  }
}

variable "issuer" {
  description = "Address of who signs the tokens of jobs. Null means the public one of the forge."
  type        = string
  default     = null

  validation {
    condition     = var.issuer == null || can(regex("^https://[^/?#]+(/[^?#]*)?$", var.issuer))
    error_message = "`issuer` must be an address that begins with `https://`, without a query."
  }

  validation {
    condition     = var.issuer != null || var.forge != "gitea"
    error_message = "Gitea signs no tokens for jobs: give the `issuer` of who does, and `subjects`."
  }
}

variable "repository" {
  description = "The repository whose pipeline gets the roles, as `owner/name`; in GitLab with all groups."
  type        = string
  nullable    = false

  validation {
    # Nothing that means more than itself in a condition of IAM.
    condition     = can(regex("^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)+$", var.repository))
    error_message = "`repository` must look like `owner/name`."
  }
}

variable "immutable_ids" {
  description = "Numeric ids of the repository and its owner, for tokens of GitHub that hold them; null means tokens with and without. They keep out whoever gets hold of the name one day."
  type        = object({ owner = string, repository = string })
  default     = null

  validation {
    condition     = try(alltrue([for id in values(var.immutable_ids) : can(regex("^[0-9]+$", id))]), true)
    error_message = "`immutable_ids` must be numbers, as `gh api repos/OWNER/NAME --jq .id,.owner.id` prints them."
  }
}

variable "default_branch" {
  description = "The protected branch: only what is merged there may be applied."
  type        = string
  default     = "main"
  nullable    = false

  validation {
    condition     = can(regex("^[^*?:\\s]+$", var.default_branch))
    error_message = "`default_branch` must be one branch, not a pattern."
  }
}

variable "deploy_tags" {
  description = "Tags that deliver, as patterns such as `apps-deploy-*`. Whoever may push such a tag may apply: protect them in the forge."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for tag in var.deploy_tags : can(regex("^[^*?:\\s][^:\\s]*$", tag))])
    error_message = "Each of `deploy_tags` must begin with something that is not a wildcard: a pattern for all tags protects nothing."
  }
}

variable "apply_environment" {
  description = "GitHub environment of the jobs that apply, which their tokens then name instead of branch or tag. Its deployment rules must admit only the default branch and the tags that deliver: whoever may use it may apply."
  type        = string
  default     = null

  validation {
    condition     = var.apply_environment == null || (var.forge == "github" && can(regex("^[A-Za-z0-9._-]+$", var.apply_environment)))
    error_message = "`apply_environment` is the name of an environment of GitHub; subjects of other forges have none."
  }
}

variable "audience" {
  description = "What the tokens must be made for. Null means `sts.amazonaws.com`."
  type        = string
  default     = null
}

variable "subjects" {
  description = "Patterns of the tokens' subjects for each role, instead of those that follow from the forge and the repository."
  type        = object({ plan = list(string), apply = list(string) })
  default     = null

  validation {
    condition     = var.subjects != null || var.forge != "gitea"
    error_message = "Gitea has no subjects of its own: give `subjects`."
  }

  validation {
    condition     = try(alltrue([for subject in concat(var.subjects.plan, var.subjects.apply) : can(regex("^[^*?]{4,}", subject))]), true)
    error_message = "Each of `subjects` must begin with four characters that are no wildcards."
  }

  validation {
    condition     = try(length(var.subjects.plan) > 0 && length(var.subjects.apply) > 0, true)
    error_message = "`subjects` must name at least one subject for each role."
  }
}

variable "provider_arn" {
  description = "An IAM OIDC provider for the issuer that exists already: an account can have only one. Null means that one is made."
  type        = string
  default     = null
}

variable "state" {
  description = "The bucket with states and plans: output `id` of the state module. Null means that they are not in AWS."
  type        = object({ bucket_arn = string, kms_key_arn = optional(string) })
  default     = null
}

variable "plan_locks" {
  description = "Whether the plan role may lock states. `kstack plan` takes no lock, plain `terraform plan` does."
  type        = bool
  default     = false
  nullable    = false
}

variable "plan_policy_arns" {
  description = "What the plan role may read of the cloud. Null means the policy ReadOnlyAccess of AWS."
  type        = list(string)
  default     = null
}

variable "apply_policy_arns" {
  description = "What the apply role may do. Null means the policy AdministratorAccess of AWS: it makes clusters, networks, keys and roles."
  type        = list(string)
  default     = null
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds both roles; null means none."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of the roles and the OIDC provider."
  type        = map(string)
  default     = {}
  nullable    = false
}
