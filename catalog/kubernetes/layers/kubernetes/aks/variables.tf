# Promised by the contract.
variable "cluster_name" {
  type = string
}

variable "kubernetes_version" {
  type        = string
  description = "Major and minor, such as 1.34; what follows is the cloud's to choose."
}

variable "pod_cidr" {
  type        = string
  description = "Where pods get their addresses, in an overlay: of no network that the cluster reaches."
}

variable "service_cidr" {
  type = string
}

# Of this flavor.
variable "resource_group" {
  type        = string
  description = "A resource group that is there."
}

variable "region" {
  type = string
}

variable "subnet_id" {
  type        = string
  default     = null
  description = "Where nodes get their addresses; a network of its own when it is not said."
}

variable "node_groups" {
  type = map(object({
    count   = number
    machine = string
  }))
  validation {
    condition     = length(var.node_groups) > 0 && alltrue([for name in keys(var.node_groups) : can(regex("^[a-z][a-z0-9]{0,11}$", name))])
    error_message = "One group at least; names have up to 12 small letters and digits, a letter first."
  }
}

variable "authorized_cidrs" {
  type        = list(string)
  default     = []
  description = "Who reaches the API; everybody when it is empty."
}
