# What the contract promises. The kubeconfig holds a client certificate of the cluster.
output "endpoint" {
  value = nonsensitive(azurerm_kubernetes_cluster.this.kube_config[0].host) # all of kube_config is, to Terraform
}

output "ca" {
  value = base64decode(nonsensitive(azurerm_kubernetes_cluster.this.kube_config[0].cluster_ca_certificate))
}

output "exec" {
  value = []
}

output "kubeconfig" {
  value     = azurerm_kubernetes_cluster.this.kube_config_raw
  sensitive = true
}

output "version" {
  value = azurerm_kubernetes_cluster.this.current_kubernetes_version
}

output "pod_cidr" {
  value = azurerm_kubernetes_cluster.this.network_profile[0].pod_cidr
}

output "service_cidr" {
  value = azurerm_kubernetes_cluster.this.network_profile[0].service_cidr
}

output "oidc_issuer" {
  value = azurerm_kubernetes_cluster.this.oidc_issuer_url
}

output "storage_classes" {
  value = ["default", "managed-csi", "managed-csi-premium", "azurefile-csi"]
}

output "node_groups" {
  value = merge(
    { (local.first) = { count = var.node_groups[local.first].count, labels = { node-group = local.first } } },
    { for name, pool in azurerm_kubernetes_cluster_node_pool.this : name => { count = pool.node_count, labels = pool.node_labels } },
  )
}
