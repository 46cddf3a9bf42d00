description = "What all other stacks need: where states lie, and who the pipeline is"
shared      = true

# Losing it means losing the states of everything.
protect = ["module.state.azurerm_storage_account.this"]
