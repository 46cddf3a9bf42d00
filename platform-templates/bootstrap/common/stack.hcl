description = "What all other stacks need: where states lie, and who the pipeline is"
shared      = true

# Losing it means losing the states of everything.
#% if platform.state.kind == "s3"
protect = ["module.state.aws_s3_bucket.this"]
#% elif platform.state.kind == "gcs"
protect = ["module.state.google_storage_bucket.this"]
#% else
protect = ["module.state.azurerm_storage_account.this"]
#% endif
