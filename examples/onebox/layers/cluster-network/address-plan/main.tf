# Picks one /24 of each network by a hash of the environment's name and numbers the hosts in it.

variable "environment" {
  type = string
}

variable "network" {
  description = "Private /16 that all environments share for their bridges."
  type        = string
  validation {
    condition     = can(cidrhost(var.network, 0)) && endswith(var.network, "/16")
    error_message = "The network must be a /16, such as 10.88.0.0/16."
  }
}

variable "vpn_network" {
  description = "Private /16 that all environments share for their WireGuard addresses."
  type        = string
  validation {
    condition     = can(cidrhost(var.vpn_network, 0)) && endswith(var.vpn_network, "/16")
    error_message = "The VPN network must be a /16, such as 10.89.0.0/16."
  }
}

variable "domain" {
  type = string
}

variable "hosts" {
  description = "Host names with the last part of their addresses."
  type        = map(object({ number = number }))
  validation {
    condition     = alltrue([for host in var.hosts : host.number >= 2 && host.number <= 254])
    error_message = "A host's number must be 2 to 254; .1 is the gateway."
  }
  validation {
    condition     = length(distinct([for host in var.hosts : host.number])) == length(var.hosts)
    error_message = "Two hosts have the same number."
  }
}

variable "slot" {
  description = "Which /24, where two environments' names happen to hash to the same one."
  type        = number
  default     = null
}

locals {
  slot       = var.slot != null ? var.slot : parseint(substr(sha256(var.environment), 0, 2), 16)
  subnet     = cidrsubnet(var.network, 8, local.slot)
  vpn_subnet = cidrsubnet(var.vpn_network, 8, local.slot)
}

output "subnet" {
  value = local.subnet
}

output "prefix" {
  value = tonumber(split("/", local.subnet)[1])
}

output "gateway" {
  value = cidrhost(local.subnet, 1)
}

output "hosts" {
  value = { for name, host in var.hosts : name => cidrhost(local.subnet, host.number) }
}

output "vpn_subnet" {
  value = local.vpn_subnet
}

output "vpn_hosts" {
  value = { for name, host in var.hosts : name => cidrhost(local.vpn_subnet, host.number) }
}

output "domain" {
  value = "${var.environment}.${var.domain}"
}
