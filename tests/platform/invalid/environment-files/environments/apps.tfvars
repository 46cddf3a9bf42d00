environment = "apps"
