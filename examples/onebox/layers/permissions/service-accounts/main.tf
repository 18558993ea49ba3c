# Who runs what: accounts that services run as on the hosts, and the role they use in the database.
# Data only; whoever deploys a service makes its account as it is written here.

locals {
  accounts = {
    web            = { uid = 2001, role = "serve the pages" }
    report         = { uid = 2002, role = "call the API and write the report" }
    pebble         = { uid = 2003, role = "issue certificates" }
    acme-challenge = { uid = 2004, role = "answer the certificate authority's challenges" }
  }
}

output "accounts" {
  description = "By service: user name, user id, and what it is for."
  value       = { for name, account in local.accounts : name => merge({ user = name }, account) }
}

output "database" {
  description = "Name of the database and the role that services log in with."
  value       = { name = "onebox", role = "onebox_app" }
}
