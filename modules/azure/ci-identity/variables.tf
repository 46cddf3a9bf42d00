variable "name" {
  description = "What the names of the identities begin with."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$", var.name))
    error_message = "`name` must be 1 to 100 letters, digits, underscores and hyphens, and begin with a letter or digit."
  }
}

variable "resource_group_name" {
  description = "Resource group that the identities are made in, such as that of the state; it must be there."
  type        = string
  nullable    = false
}

variable "location" {
  description = "Azure location of the identities, such as westeurope."
  type        = string
  nullable    = false
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
  description = "The repository whose pipeline gets the identities, as `owner/name`; in GitLab with all groups."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)+$", var.repository))
    error_message = "`repository` must look like `owner/name`."
  }
}

variable "immutable_ids" {
  description = "Numeric ids of the repository and its owner, for tokens of GitHub that hold them; null means tokens without. Entra compares letter by letter, so it is one or the other."
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
  description = "Tags that deliver, as patterns such as `apps-deploy-*`. Entra knows no patterns: with any in them, `apply_environment` must name the GitHub environment that admits them."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for tag in var.deploy_tags : can(regex("^[^*?:\\s][^:\\s]*$", tag))])
    error_message = "Each of `deploy_tags` must begin with something that is not a wildcard: a pattern for all tags protects nothing."
  }

  validation {
    condition     = !anytrue([for tag in var.deploy_tags : can(regex("[*?]", tag))]) || var.apply_environment != null || var.subjects != null
    error_message = "Entra compares subjects letter by letter, so the patterns ${join(", ", var.deploy_tags)} cannot be told to it. Give `apply_environment`, a GitHub environment whose deployment rules admit only the default branch and these tags; or `subjects`; or tags without wildcards."
  }
}

variable "apply_environment" {
  description = "GitHub environment of the jobs that apply. Its deployment rules must admit only the default branch and the tags that deliver: whoever may use it may apply."
  type        = string
  default     = null

  validation {
    condition     = var.apply_environment == null || (var.forge == "github" && can(regex("^[A-Za-z0-9._-]+$", var.apply_environment)))
    error_message = "`apply_environment` is the name of an environment of GitHub; subjects of other forges have none."
  }
}

variable "audience" {
  description = "What the tokens must be made for. Null means `api://AzureADTokenExchange`."
  type        = string
  default     = null
}

variable "subjects" {
  description = "Subjects of the tokens for each identity, letter by letter, instead of those that follow from the forge and the repository."
  type        = object({ plan = list(string), apply = list(string) })
  default     = null

  validation {
    condition     = var.subjects != null || var.forge != "gitea"
    error_message = "Gitea has no subjects of its own: give `subjects`."
  }

  validation {
    condition     = try(length(var.subjects.plan) > 0 && length(var.subjects.apply) > 0, true)
    error_message = "`subjects` must name at least one subject for each identity."
  }

  validation {
    condition     = try(length(var.subjects.plan) <= 20 && length(var.subjects.apply) <= 20 && !anytrue([for subject in concat(var.subjects.plan, var.subjects.apply) : can(regex("[*?]", subject))]), true)
    error_message = "An identity has at most 20 federated credentials, and Entra compares subjects letter by letter: no wildcards in `subjects`."
  }
}

variable "state" {
  description = "The container with states and plans: output `id` of the state module. Null means that they are not in Azure."
  type        = object({ resource_group_id = string, container_id = string })
  default     = null
}

variable "scopes" {
  description = "Ids of what the pipeline works on, such as subscriptions or resource groups. Null means the subscription that the identities are made in."
  type        = list(string)
  default     = null

  validation {
    condition     = try(length(var.scopes) > 0 && alltrue([for scope in var.scopes : startswith(scope, "/")]), var.scopes == null)
    error_message = "`scopes` must hold ids that begin with a slash, such as /subscriptions/…, or be null."
  }
}

variable "plan_roles" {
  description = "What the plan identity may read of the cloud. Null means Reader, Key Vault Reader and Azure Kubernetes Service Cluster User Role: plans read keys and how clusters are reached."
  type        = list(string)
  default     = null
}

variable "apply_roles" {
  description = "What the apply identity may do besides giving roles to others. Null means Contributor, Key Vault Crypto Officer and Azure Kubernetes Service RBAC Cluster Admin."
  type        = list(string)
  default     = null
}

variable "tags" {
  description = "Tags of the identities."
  type        = map(string)
  default     = {}
  nullable    = false
}
