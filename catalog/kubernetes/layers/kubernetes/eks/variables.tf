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
  description = "Pods get addresses of the network: this has to be one of its ranges."
}

variable "service_cidr" {
  type = string
}

# Of this flavor.
variable "region" {
  type = string
}

variable "subnet_ids" {
  type        = list(string)
  description = "Subnets of one network, in two zones at least."
  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "EKS wants subnets in two zones at least."
  }
}

variable "node_groups" {
  type = map(object({
    count   = number
    machine = string
  }))
}

variable "public_access_cidrs" {
  type        = list(string)
  default     = []
  description = "Who reaches the API from outside of the network; nobody when it is empty."
}

variable "administrators" {
  type        = list(string)
  default     = []
  description = "ARNs of roles and users beside the one that makes the cluster."
}
