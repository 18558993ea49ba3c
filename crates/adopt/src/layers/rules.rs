//! What tells a layer: words of paths, and beginnings of resource types. A `.` at the end stands for the whole type.
use super::Kind;

/// Kind, words of paths, beginnings and parts of resource types.
pub type Rule = (Kind, &'static [&'static str], &'static [&'static str]);

/// The first that fits a word or a type counts.
#[rustfmt::skip]
pub const RULES: &[Rule] = &[
    (Kind::Kubernetes, &[
        "eks", "aks", "gke", "kubernetes", "k8s", "cluster", "clusters", "rke2", "openshift", "talos",
        ],
        &[
        "aws_eks_", "azurerm_kubernetes_", "google_container_", "digitalocean_kubernetes", "talos_", "rke_",
        "kind_cluster",
        ]),
    (Kind::ClusterServices, &[
        "addons", "controllers", "cluster-services", "istio", "ingress-nginx", "cert-manager", "argocd", "flux",
        ],
        &[
        "helm_release", "kubernetes_", "kubectl_", "flux_", "argocd_",
        ]),
    (Kind::Billing, &[
        "billing", "budget", "budgets", "organization", "organizations", "org", "accounts", "account",
        "subscriptions",
        ],
        &[
        "aws_budgets", "aws_ce_", "google_billing", "azurerm_consumption", "azurerm_subscription",
        "aws_organizations_account", "aws_organizations_organization", "google_project.", "google_folder.",
        ]),
    (Kind::Privilege, &[
        "bootstrap", "privilege", "landing-zone", "governance", "audit", "security", "policies", "policy",
        "resman",
        ],
        &[
        "aws_organizations_", "azurerm_policy", "azurerm_management_group", "google_org_policy",
        "google_organization_", "aws_cloudtrail", "aws_config_", "aws_guardduty", "aws_securityhub",
        "aws_ssoadmin", "google_logging_organization",
        ]),
    (Kind::Edge, &[
        "dns", "lb", "alb", "nlb", "ingress", "cdn", "waf", "edge", "certs", "certificates", "domain", "domains",
        "load-balancer", "gateway",
        ],
        &[
        "aws_route53", "aws_lb", "aws_alb", "aws_elb", "aws_cloudfront", "aws_acm", "aws_wafv2", "aws_waf",
        "aws_api_gateway", "aws_apigateway", "azurerm_dns", "azurerm_lb", "azurerm_application_gateway",
        "azurerm_frontdoor", "azurerm_cdn", "google_dns", "google_compute_global_address",
        "google_compute_url_map", "google_compute_backend", "google_compute_target", "google_compute_forwarding",
        "cloudflare_", "acme_", "tls_",
        ]),
    (Kind::Network, &[
        "network", "networks", "networking", "vpc", "vnet", "hub", "vpn", "subnets", "transit", "peering",
        "connectivity",
        ],
        &[
        "aws_vpc", "aws_subnet", "aws_route_table", "aws_route.", "aws_internet_gateway", "aws_nat_gateway",
        "aws_eip", "aws_ec2_transit", "aws_vpn", "aws_customer_gateway", "aws_network", "aws_security_group",
        "aws_default_", "aws_flow_log", "aws_dx_", "azurerm_virtual_network", "azurerm_subnet", "azurerm_network",
        "azurerm_vpn", "azurerm_route", "azurerm_nat", "azurerm_firewall", "azurerm_private_", "azurerm_public_ip",
        "google_compute_network", "google_compute_subnetwork", "google_compute_router", "google_compute_firewall",
        "google_compute_vpn", "google_compute_shared_vpc", "google_vpc_access", "google_service_networking",
        "hcloud_network", "wireguard_",
        ]),
    (Kind::Permissions, &[
        "iam", "identity", "permissions", "access", "roles", "rbac", "sso", "users", "secrets", "vault", "kms",
        "keyvault",
        ],
        &[
        "aws_iam", "aws_kms", "aws_secretsmanager", "aws_cognito", "azurerm_role", "azurerm_user_assigned",
        "azurerm_key_vault", "azuread_", "google_service_account", "google_project_iam", "google_kms",
        "google_secret", "okta_", "auth0_", "vault_", "keycloak_",
        ]),
    (Kind::Storage, &[
        "rds", "db", "database", "databases", "data", "storage", "cache", "redis", "s3", "mysql", "postgres",
        "postgresql", "mongodb", "backup", "buckets", "sql", "dynamodb", "efs", "elasticache", "warehouse",
        ],
        &[
        "aws_db", "aws_rds", "aws_s3", "aws_dynamodb", "aws_elasticache", "aws_efs", "aws_redshift", "aws_docdb",
        "aws_backup", "aws_opensearch", "aws_elasticsearch", "aws_memorydb", "azurerm_mssql", "azurerm_sql",
        "azurerm_postgresql", "azurerm_mysql", "azurerm_storage", "azurerm_redis", "azurerm_cosmosdb",
        "azurerm_managed_disk", "google_sql", "google_storage", "google_bigquery", "google_redis",
        "google_spanner", "google_firestore", "google_bigtable", "mongodbatlas_", "postgresql_", "mysql_",
        ]),
    (Kind::Integration, &[
        "devops", "cicd", "ci-cd", "pipelines", "pipeline", "monitoring", "observability", "alerts", "datadog",
        "grafana", "integration", "queues", "messaging", "events",
        ],
        &[
        "azuredevops_", "github_", "gitlab_", "datadog_", "grafana_", "pagerduty_", "aws_codebuild",
        "aws_codepipeline", "aws_cloudwatch", "aws_sns", "aws_sqs", "aws_mq", "aws_msk", "aws_cloudwatch_event",
        "azurerm_monitor", "azurerm_servicebus", "azurerm_eventhub", "azurerm_log_analytics",
        "azurerm_application_insights", "google_monitoring", "google_pubsub", "google_cloudbuild", "newrelic_",
        "buildkite_", "tfe_",
        ]),
    (Kind::Application, &[
        "app", "apps", "application", "applications", "service", "services", "web", "website", "api", "frontend",
        "backend", "worker", "site",
        ],
        &[
        "aws_ecs_service", "aws_ecs_task", "aws_lambda", "aws_amplify", "aws_apprunner", "aws_elastic_beanstalk",
        "azurerm_linux_web_app", "azurerm_windows_web_app", "azurerm_app_service.", "azurerm_function_app",
        "azurerm_linux_function", "azurerm_static", "azurerm_container_app", "google_cloud_run",
        "google_cloudfunctions", "google_app_engine", "vercel_", "heroku_", "netlify_",
        ]),
    (Kind::Compute, &[
        "compute", "vm", "vms", "servers", "server", "nodes", "instances", "ec2", "ecs", "bastion", "asg",
        ],
        &[
        "aws_instance", "aws_launch", "aws_autoscaling", "aws_ecs", "aws_ecr", "aws_key_pair", "aws_ami",
        "aws_spot", "aws_batch", "azurerm_linux_virtual", "azurerm_windows_virtual", "azurerm_virtual_machine",
        "azurerm_app_service_plan", "azurerm_service_plan", "azurerm_container", "google_compute_instance",
        "google_compute_disk", "google_artifact", "hcloud_", "libvirt_", "proxmox_", "vsphere_",
        "openstack_compute", "digitalocean_droplet",
        ]),
];
