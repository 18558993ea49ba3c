variable "cidr" {
  type        = string
  description = "Addresses of everything in the environment"
}

variable "name" {
  type = string
}

locals {
  subnets = { for i, zone in ["a", "b", "c"] : zone => cidrsubnet(var.cidr, 4, i) }
}

resource "terraform_data" "network" {
  input = { name = var.name, subnets = local.subnets }
}

output "subnets" {
  value = local.subnets
}

output "id" {
  value = terraform_data.network.id
}
