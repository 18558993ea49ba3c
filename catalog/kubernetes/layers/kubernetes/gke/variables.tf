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
  description = "Where pods get their addresses: a secondary range, made by GKE."
}

variable "service_cidr" {
  type = string
}

# Of this flavor.
variable "project" {
  type = string
}

variable "region" {
  type        = string
  description = "A region, for nodes in three zones of it, or one zone."
}

variable "network" {
  type    = string
  default = "default"
}

variable "subnetwork" {
  type    = string
  default = null
}

variable "node_groups" {
  type = map(object({
    count   = number
    machine = string
  }))
  description = "`count` is for each zone: three times as many in a region."
}

variable "authorized_cidrs" {
  type        = list(string)
  default     = []
  description = "Who reaches the API; everybody when it is empty."
}

variable "deletion_protection" {
  type        = bool
  default     = false
  description = "GKE's own; `protect:` of the component is the one that a plan shows."
}
