terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

variable "name" {
  type = string
}

variable "subnets" {
  type = map(string)
}

variable "nodes" {
  type = object({
    count = number
    size  = optional(string, "small")
  })
}

resource "aws_eks_cluster" "this" {
  name     = var.name
  role_arn = "arn:aws:iam::111111111111:role/cluster"
  vpc_config {
    subnet_ids = values(var.subnets)
  }
}

resource "aws_eks_node_group" "this" {
  cluster_name   = aws_eks_cluster.this.name
  node_role_arn  = "arn:aws:iam::111111111111:role/nodes"
  subnet_ids     = values(var.subnets)
  instance_types = [var.nodes.size == "large" ? "m6i.2xlarge" : "m6i.large"]
  scaling_config {
    desired_size = var.nodes.count
    min_size     = var.nodes.count
    max_size     = var.nodes.count
  }
}

output "endpoint" {
  value = aws_eks_cluster.this.endpoint
}

output "cluster_version" {
  value = aws_eks_cluster.this.version
}

output "kubeconfig" {
  sensitive = true
  value = jsonencode({
    clusters = [{ name = var.name, cluster = { server = aws_eks_cluster.this.endpoint } }]
  })
}

output "nodes" {
  value = var.nodes.count
}
