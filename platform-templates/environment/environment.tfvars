environment = <%= environment.name|hcl %>
