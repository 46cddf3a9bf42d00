# Answers of `kstack init`: `kstack init --answers FILE` makes the same platform again.

platform <%= platform.name|hcl %> {
  base_domain    = <%= platform.base_domain|hcl %>
  repository     = <%= platform.repository|hcl %>
  default_branch = <%= platform.default_branch|hcl %>
#% if platform.manage_repository

  manage_repository = true
#% endif
#% if platform.argo_workflows

  argo_workflows = true
#% endif
}

#% for environment in platform.environments
environment <%= environment.name|hcl %> {
  trigger   = <%= environment.trigger|hcl %>
  protected = <%= environment.protected %>
#% if environment.own_state

#% if environment.own_state.kind == "s3"
  state "s3" {
    bucket = <%= environment.own_state.bucket|hcl %>
    region = <%= environment.own_state.region|hcl %>
  }
#% elif environment.own_state.kind == "gcs"
  state "gcs" {
    bucket = <%= environment.own_state.bucket|hcl %>
  }
#% elif environment.own_state.kind == "azurerm"
  state "azurerm" {
    resource_group_name  = <%= environment.own_state.resource_group_name|hcl %>
    storage_account_name = <%= environment.own_state.storage_account_name|hcl %>
    container_name       = <%= environment.own_state.container_name|hcl %>
  }
#% else
  state "local" {
    path = <%= environment.own_state.path|hcl %>
  }
#% endif
#% endif
}

#% endfor
#% if platform.state.kind == "s3"
state "s3" {
  bucket = <%= platform.state.bucket|hcl %>
  region = <%= platform.state.region|hcl %>
}
#% elif platform.state.kind == "gcs"
state "gcs" {
  bucket = <%= platform.state.bucket|hcl %>
}
#% elif platform.state.kind == "azurerm"
state "azurerm" {
  resource_group_name  = <%= platform.state.resource_group_name|hcl %>
  storage_account_name = <%= platform.state.storage_account_name|hcl %>
  container_name       = <%= platform.state.container_name|hcl %>
}
#% else
state "local" {
  path = <%= platform.state.path|hcl %>
}
#% endif

engine <%= platform.engine.kind|hcl %> {
  version = <%= platform.engine.version|hcl %>
#% if platform.engine.mode == "full"
  mode    = "full"
#% endif
}

#% if platform.forge_url
forge <%= platform.forge|hcl %> {
  url = <%= platform.forge_url|hcl %>
}
#% else
forge <%= (platform.forge or "none")|hcl %> {}
#% endif
#% for cluster in platform.clusters

cluster <%= cluster.name|hcl %> {
<%= [["provider", cluster.provider], ["region", cluster.region if cluster.cloud else none], ["zones", cluster.zones or none], ["kubernetes_version", cluster.kubernetes_version], ["project", cluster.project], ["subscription", cluster.subscription], ["tenant", cluster.tenant]]|attributes(2) %>
#% if cluster.cloud

  node_pool {
<%= [["instance_type", cluster.pool.instance_type], ["min", cluster.pool.min], ["max", cluster.pool.max]]|attributes(4) %>
  }

  network {
#% if cluster.existing
    existing {
#% if cluster.provider == "aws"
<%= [["vpc_id", cluster.existing.vpc_id], ["node_subnet_ids", cluster.existing.node_subnet_ids], ["control_plane_subnet_ids", cluster.existing.control_plane_subnet_ids]]|attributes(6) %>
#% elif cluster.provider == "google"
<%= [["network", cluster.existing.network], ["subnetwork", cluster.existing.subnetwork], ["pods_range", cluster.existing.pods_range], ["services_range", cluster.existing.services_range]]|attributes(6) %>
#% elif cluster.provider == "azure"
<%= [["node_subnet_id", cluster.existing.node_subnet_id], ["api_server_subnet_id", cluster.existing.api_server_subnet_id]]|attributes(6) %>
#% endif
    }
#% else
    cidr = <%= cluster.cidr|hcl %>
#% endif
  }
#% for other in cluster.others
#% if other.differs or other.existing

  environment <%= other.environment|hcl %> {
#% if other.differs
    node_pool {
<%= [["instance_type", other.instance_type], ["min", other.min], ["max", other.max]]|attributes(6) %>
    }
#% endif
#% if other.differs and other.existing

#% endif
#% if other.existing
    network {
      existing {
#% if cluster.provider == "aws"
<%= [["vpc_id", other.existing.vpc_id], ["node_subnet_ids", other.existing.node_subnet_ids], ["control_plane_subnet_ids", other.existing.control_plane_subnet_ids]]|attributes(8) %>
#% elif cluster.provider == "google"
<%= [["network", other.existing.network], ["subnetwork", other.existing.subnetwork], ["pods_range", other.existing.pods_range], ["services_range", other.existing.services_range]]|attributes(8) %>
#% elif cluster.provider == "azure"
<%= [["node_subnet_id", other.existing.node_subnet_id], ["api_server_subnet_id", other.existing.api_server_subnet_id]]|attributes(8) %>
#% endif
      }
    }
#% endif
  }
#% endif
#% endfor
#% endif
}
#% endfor
