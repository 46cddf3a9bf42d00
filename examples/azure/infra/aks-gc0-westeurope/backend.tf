terraform {
  # The rest comes from environments/<environment>.tfbackend.
  backend "azurerm" {}
}
