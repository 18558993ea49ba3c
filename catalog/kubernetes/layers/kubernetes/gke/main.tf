# GKE with node pools of its own, in a network that is there.
locals {
  zones = length(split("-", var.region)) == 2 ? 3 : 1
}

resource "google_container_cluster" "this" {
  name                     = var.cluster_name
  location                 = var.region
  network                  = var.network
  subnetwork               = var.subnetwork
  min_master_version       = var.kubernetes_version
  remove_default_node_pool = true
  initial_node_count       = 1
  deletion_protection      = var.deletion_protection

  release_channel {
    channel = "REGULAR"
  }

  networking_mode = "VPC_NATIVE"

  ip_allocation_policy {
    cluster_ipv4_cidr_block  = var.pod_cidr
    services_ipv4_cidr_block = var.service_cidr
  }

  workload_identity_config {
    workload_pool = "${var.project}.svc.id.goog"
  }

  dynamic "master_authorized_networks_config" {
    for_each = length(var.authorized_cidrs) > 0 ? [var.authorized_cidrs] : []
    content {
      dynamic "cidr_blocks" {
        for_each = master_authorized_networks_config.value
        content {
          cidr_block = cidr_blocks.value
        }
      }
    }
  }
}

resource "google_service_account" "nodes" {
  account_id   = substr("${var.cluster_name}-nodes", 0, 30)
  display_name = "Nodes of ${var.cluster_name}"
}

resource "google_project_iam_member" "nodes" {
  project = var.project
  role    = "roles/container.defaultNodeServiceAccount"
  member  = google_service_account.nodes.member
}

resource "google_container_node_pool" "this" {
  for_each   = var.node_groups
  name       = each.key
  cluster    = google_container_cluster.this.id
  node_count = each.value.count

  node_config {
    machine_type    = each.value.machine
    service_account = google_service_account.nodes.email
    oauth_scopes    = ["https://www.googleapis.com/auth/cloud-platform"]
    labels          = { node-group = each.key }
  }

  depends_on = [google_project_iam_member.nodes]
}
