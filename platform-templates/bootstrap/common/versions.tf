terraform {
  required_version = ">= 1.10.0, < 2.0.0"

  required_providers {
#% if bootstrap.aws
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 7.0.0"
    }
#% endif
#% if bootstrap.google
#% if bootstrap.aws

#% endif
    google = {
      source  = "hashicorp/google"
      version = ">= 7.0.0, < 9.0.0"
    }
#% endif
#% if bootstrap.azure
#% if bootstrap.aws or bootstrap.google

#% endif
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 5.0.0, < 6.0.0"
    }
#% if platform.state.kind == "azurerm"

    time = {
      source  = "hashicorp/time"
      version = ">= 0.9.0, < 1.0.0"
    }
#% endif
#% endif
  }
}
