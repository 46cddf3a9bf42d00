description = "The Git repository itself: who may merge and release, and how engines read it"
shared      = true

# It takes a token that administers the repository, which no pipeline gets. So pull requests and deliveries pass it
# over, and say that they do; people plan and apply it by its name:
#
#   kstack plan --stack repository --pending
#   kstack apply --stack repository --no-handoff
manual = true
