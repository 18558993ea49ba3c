# AKS with pods in an overlay network. The first group by name is the one that AKS wants from the beginning.
locals {
  first = sort(keys(var.node_groups))[0]
  minor = join(".", slice(split(".", var.kubernetes_version), 0, 2))
}

resource "azurerm_kubernetes_cluster" "this" {
  name                = var.cluster_name
  location            = var.region
  resource_group_name = var.resource_group
  dns_prefix          = var.cluster_name
  kubernetes_version  = local.minor
  oidc_issuer_enabled = true

  default_node_pool {
    name           = local.first
    node_count     = var.node_groups[local.first].count
    vm_size        = var.node_groups[local.first].machine
    vnet_subnet_id = var.subnet_id
    node_labels    = { node-group = local.first }
  }

  identity {
    type = "SystemAssigned"
  }

  network_profile {
    network_plugin      = "azure"
    network_plugin_mode = "overlay"
    pod_cidr            = var.pod_cidr
    service_cidr        = var.service_cidr
    dns_service_ip      = cidrhost(var.service_cidr, 10)
  }

  dynamic "api_server_access_profile" {
    for_each = length(var.authorized_cidrs) > 0 ? [var.authorized_cidrs] : []
    content {
      authorized_ip_ranges = api_server_access_profile.value
    }
  }
}

resource "azurerm_kubernetes_cluster_node_pool" "this" {
  for_each              = { for name, group in var.node_groups : name => group if name != local.first }
  name                  = each.key
  kubernetes_cluster_id = azurerm_kubernetes_cluster.this.id
  orchestrator_version  = local.minor
  node_count            = each.value.count
  vm_size               = each.value.machine
  vnet_subnet_id        = var.subnet_id
  node_labels           = { node-group = each.key }
}
