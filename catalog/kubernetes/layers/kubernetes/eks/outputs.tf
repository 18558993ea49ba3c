# What the contract promises. The kubeconfig holds no credential: who uses it is known to the cloud by the command.
locals {
  exec = ["aws", "eks", "get-token", "--region", var.region, "--cluster-name", var.cluster_name, "--output", "json"]
}

output "endpoint" {
  value = aws_eks_cluster.this.endpoint
}

output "ca" {
  value = base64decode(aws_eks_cluster.this.certificate_authority[0].data)
}

output "exec" {
  value = local.exec
}

output "kubeconfig" {
  sensitive = true
  value = yamlencode({
    apiVersion      = "v1"
    kind            = "Config"
    current-context = var.cluster_name
    clusters = [{ name = var.cluster_name, cluster = {
      server                     = aws_eks_cluster.this.endpoint
      certificate-authority-data = aws_eks_cluster.this.certificate_authority[0].data
    } }]
    users = [{ name = var.cluster_name, user = { exec = {
      apiVersion      = "client.authentication.k8s.io/v1beta1"
      command         = local.exec[0]
      args            = slice(local.exec, 1, length(local.exec))
      interactiveMode = "Never"
    } } }]
    contexts = [{ name = var.cluster_name, context = { cluster = var.cluster_name, user = var.cluster_name } }]
  })
}

output "version" {
  value = aws_eks_cluster.this.version
}

output "pod_cidr" {
  value = var.pod_cidr
}

output "service_cidr" {
  value = aws_eks_cluster.this.kubernetes_network_config[0].service_ipv4_cidr
}

output "oidc_issuer" {
  value = aws_eks_cluster.this.identity[0].oidc[0].issuer
}

output "storage_classes" {
  # gp2 is there without a driver that could serve it
  value = []
}

output "node_groups" {
  # only when they are there: who reads this may begin
  value = { for name, group in aws_eks_node_group.this : name => {
    count  = group.scaling_config[0].desired_size
    labels = group.labels
  } }
}
