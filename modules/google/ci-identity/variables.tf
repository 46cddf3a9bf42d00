variable "name" {
  description = "What the names of pool and service accounts begin with."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,22}[a-z0-9]$", var.name)) && !startswith(var.name, "gcp-")
    error_message = "`name` must be 4 to 24 lower-case letters, digits and hyphens, begin with a letter and not with gcp-: pool and service accounts add to it."
  }
}

variable "project" {
  description = "Id of the project that pool and service accounts are made in."
  type        = string
  nullable    = false
}

variable "projects" {
  description = "Ids of the projects that the pipeline plans and applies. Null means the one of the service accounts."
  type        = list(string)
  default     = null

  validation {
    condition     = try(length(var.projects) > 0, true)
    error_message = "`projects` must name at least one project, or be null."
  }
}

variable "services" {
  description = "APIs to enable in the projects before anything else. They stay enabled when this is destroyed. The state module enables those of its own project."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "forge" {
  description = "Where the repository is: github, gitlab or gitea."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["github", "gitlab", "gitea"], var.forge)
    error_message = "`forge` must be github, gitlab or gitea."
  }
}

variable "issuer" {
  description = "Who signs the tokens of jobs, as an https URL. Null means the public service of the forge."
  type        = string
  default     = null

  validation {
    condition     = var.issuer != null || var.forge != "gitea"
    error_message = "Gitea signs no tokens for jobs: give the `issuer` of something that does."
  }

  validation {
    condition     = var.issuer == null || can(regex("^https://[^/?#]+[^?#]*$", var.issuer))
    error_message = "`issuer` must be an https URL, such as https://gitlab.example.com."
  }
}

variable "repository" {
  description = "The repository, as owner/name; on GitLab with all groups."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)+$", var.repository))
    error_message = "`repository` must be owner/name, without a host."
  }
}

variable "immutable_ids" {
  description = "Numeric ids of owner (on GitLab the namespace) and repository (the project). A name that is given up can be taken by somebody else, an id cannot."
  type        = object({ owner = string, repository = string })
  default     = null

  validation {
    condition     = try(can(regex("^[0-9]+$", var.immutable_ids.owner)) && can(regex("^[0-9]+$", var.immutable_ids.repository)), false) || var.immutable_ids == null
    error_message = "`immutable_ids` must be numbers."
  }
}

variable "default_branch" {
  description = "The protected branch: only what is merged there may be applied."
  type        = string
  default     = "main"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9._/-]+$", var.default_branch))
    error_message = "`default_branch` must be one branch, not a pattern."
  }
}

variable "deploy_tags" {
  description = "Tags that deliver, as patterns such as `apps-deploy-*`. Whoever may push such a tag may apply: protect them in the forge."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for tag in var.deploy_tags : can(regex("^[A-Za-z0-9._/-]+[*]?[A-Za-z0-9._/-]*$", tag))])
    error_message = "Each of `deploy_tags` must begin with something that is not a wildcard and have one `*` at most: a pattern for all tags protects nothing."
  }
}

variable "audience" {
  description = "What the tokens must be made for. Null means the full name of the provider, which Google's own tools ask for."
  type        = string
  default     = null
}

variable "conditions" {
  description = "Conditions of the tokens for each identity, in CEL on `assertion`, instead of those that follow from the forge and the repository."
  type        = object({ plan = string, apply = string })
  default     = null

  validation {
    condition     = var.conditions != null || var.forge != "gitea"
    error_message = "Gitea has no claims of its own: give `conditions`."
  }

  validation {
    condition     = try(alltrue([for condition in [var.conditions.plan, var.conditions.apply] : strcontains(condition, "assertion.")]), var.conditions == null)
    error_message = "Each of `conditions` must ask for something of `assertion`."
  }
}

variable "state" {
  description = "The bucket with states and plans: output `id` of the state module. Null means that they are not in Google Cloud."
  type        = object({ bucket = string })
  default     = null
}

variable "plan_locks" {
  description = "Whether the plan identity may lock states. `kstack plan` takes no lock, plain `terraform plan` does."
  type        = bool
  default     = false
  nullable    = false
}

variable "plan_roles" {
  description = "What the plan identity may read in the projects."
  type        = list(string)
  default     = ["roles/iam.securityReviewer", "roles/viewer"]
  nullable    = false
}

variable "apply_roles" {
  description = "What the apply identity may do in the projects. Null means what the modules of clusters make, and who may use it; where states lie in Google Cloud also their bucket. The page of this module lists the roles."
  type        = list(string)
  default     = null
}
