# What the contract promises. The kubeconfig holds no credential: who uses it is known to the cloud by the command.
locals {
  endpoint = "https://${google_container_cluster.this.endpoint}"
  ca       = google_container_cluster.this.master_auth[0].cluster_ca_certificate
}

output "endpoint" {
  value = local.endpoint
}

output "ca" {
  value = base64decode(local.ca)
}

output "exec" {
  value = ["gke-gcloud-auth-plugin"]
}

output "kubeconfig" {
  sensitive = true
  value = yamlencode({
    apiVersion      = "v1"
    kind            = "Config"
    current-context = var.cluster_name
    clusters        = [{ name = var.cluster_name, cluster = { server = local.endpoint, certificate-authority-data = local.ca } }]
    users = [{ name = var.cluster_name, user = { exec = {
      apiVersion         = "client.authentication.k8s.io/v1beta1"
      command            = "gke-gcloud-auth-plugin"
      interactiveMode    = "Never"
      provideClusterInfo = true
    } } }]
    contexts = [{ name = var.cluster_name, context = { cluster = var.cluster_name, user = var.cluster_name } }]
  })
}

output "version" {
  value = split("-", google_container_cluster.this.master_version)[0]
}

output "pod_cidr" {
  value = google_container_cluster.this.ip_allocation_policy[0].cluster_ipv4_cidr_block
}

output "service_cidr" {
  value = google_container_cluster.this.ip_allocation_policy[0].services_ipv4_cidr_block
}

output "oidc_issuer" {
  value = "https://container.googleapis.com/v1/${google_container_cluster.this.id}"
}

output "storage_classes" {
  value = ["standard-rwo", "premium-rwo", "standard"]
}

output "node_groups" {
  # only when they are there: who reads this may begin
  value = { for name, pool in google_container_node_pool.this : name => {
    count  = pool.node_count * local.zones
    labels = pool.node_config[0].labels
  } }
}
