//! How much a change can break, by what it does to which type.
//!
//! The tables hold what losing costs data or a whole cluster, who may do what, and what reaches
//! what. A type that no table names is not safe, just not known; `policy.protect` adds to the first.

use serde::Serialize;

use crate::{
    platform::glob_match,
    render::{ObjectChange, ObjectId},
    terraform::Action,
};

/// How much a change can break; the order is the order of review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    /// Something protected or stateful is destroyed or replaced.
    StateLost,
    /// Something else is destroyed or replaced.
    Lost,
    /// Who may do what.
    Access,
    /// What reaches what.
    Network,
    /// The rest.
    Other,
}

/// Types whose destruction loses data, keys or a cluster.
const STATEFUL: &[&str] = &[
    "aws_db_*",
    "aws_docdb_*",
    "aws_dynamodb_table*",
    "aws_ebs_volume",
    "aws_ecr_repository",
    "aws_efs_file_system",
    "aws_eks_cluster",
    "aws_elasticache_*",
    "aws_kms_key",
    "aws_msk_cluster",
    "aws_neptune_*",
    "aws_opensearch_domain",
    "aws_rds_*",
    "aws_redshift_*",
    "aws_route53_zone",
    "aws_s3_bucket",
    "aws_secretsmanager_secret",
    "aws_sqs_queue",
    "google_artifact_registry_repository",
    "google_bigtable_instance",
    "google_bigquery_dataset",
    "google_compute_disk",
    "google_container_cluster",
    "google_dns_managed_zone",
    "google_filestore_instance",
    "google_kms_*",
    "google_pubsub_subscription",
    "google_redis_instance",
    "google_secret_manager_secret",
    "google_spanner_*",
    "google_sql_*",
    "google_storage_bucket",
    "azurerm_container_registry",
    "azurerm_cosmosdb_*",
    "azurerm_dns_zone",
    "azurerm_key_vault*",
    "azurerm_kubernetes_cluster",
    "azurerm_managed_disk",
    "azurerm_mssql_*",
    "azurerm_mysql_*",
    "azurerm_postgresql_*",
    "azurerm_private_dns_zone",
    "azurerm_redis_cache",
    "azurerm_resource_group",
    "azurerm_storage_account",
    "azurerm_storage_container",
    "azurerm_storage_share",
    "github_repository",
    "gitlab_project",
];

/// Types that decide who may do what.
const ACCESS: &[&str] = &[
    "aws_iam_*",
    "aws_eks_access_*",
    "aws_eks_identity_provider_config",
    "aws_eks_pod_identity_association",
    "aws_kms_*",
    "aws_s3_bucket_policy",
    "aws_s3_bucket_public_access_block",
    "aws_secretsmanager_secret_policy",
    "aws_security_group*",
    "aws_vpc_security_group_*",
    "aws_ssoadmin_*",
    "google_*_iam_*",
    "google_project_iam*",
    "google_service_account*",
    "google_compute_firewall*",
    "google_iam_*",
    "azurerm_role_*",
    "azurerm_user_assigned_identity",
    "azuread_*",
    "azurerm_federated_identity_credential",
    "azurerm_network_security_*",
    "azurerm_key_vault_access_policy",
    "github_branch_protection*",
    "github_repository_ruleset",
    "github_repository_deploy_key",
    "github_actions_*",
    "kubernetes_*role*",
    "kubernetes_service_account*",
    "kubernetes_secret*",
];

/// Types that decide what reaches what.
const NETWORK: &[&str] = &[
    "aws_vpc*",
    "aws_subnet",
    "aws_route*",
    "aws_internet_gateway",
    "aws_egress_only_internet_gateway",
    "aws_nat_gateway",
    "aws_eip*",
    "aws_network_acl*",
    "aws_lb*",
    "aws_alb*",
    "aws_elb*",
    "aws_ec2_transit_gateway*",
    "aws_dx_*",
    "aws_flow_log",
    "google_compute_network*",
    "google_compute_subnetwork*",
    "google_compute_route*",
    "google_compute_*address",
    "google_compute_forwarding_rule",
    "google_compute_global_forwarding_rule",
    "google_dns_*",
    "google_service_networking_*",
    "azurerm_virtual_network*",
    "azurerm_subnet*",
    "azurerm_route*",
    "azurerm_nat_gateway*",
    "azurerm_public_ip*",
    "azurerm_lb*",
    "azurerm_dns_*",
    "azurerm_private_dns_*",
    "azurerm_private_endpoint",
    "azurerm_application_gateway",
];

/// Kinds whose removal loses data, or everything inside.
const STATEFUL_KINDS: &[&str] = &[
    "Namespace",
    "CustomResourceDefinition",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "StatefulSet",
    "StorageClass",
    "Kustomization",
    "GitRepository",
    "HelmRelease",
];

/// Kinds that decide who may do what.
const ACCESS_KINDS: &[&str] = &[
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ServiceAccount",
    "Secret",
    "ExternalSecret",
    "SecretStore",
    "ClusterSecretStore",
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "APIService",
    "CertificateSigningRequest",
];

/// Kinds that decide what reaches what.
const NETWORK_KINDS: &[&str] = &[
    "NetworkPolicy",
    "Ingress",
    "IngressClass",
    "Service",
    "Endpoints",
    "EndpointSlice",
    "Gateway",
    "GatewayClass",
    "HTTPRoute",
    "GRPCRoute",
    "TLSRoute",
    "TCPRoute",
    "ReferenceGrant",
];

fn any(patterns: &[&str], text: &str) -> bool {
    patterns.iter().any(|pattern| glob_match(pattern, text))
}

/// The risk of doing `action` to a resource of `resource_type`.
pub(super) fn of_resource(action: Action, resource_type: &str, protected: bool) -> Risk {
    let stateful = protected || any(STATEFUL, resource_type);
    match action {
        _ if action.destroys() && stateful => Risk::StateLost,
        _ if action.destroys() => Risk::Lost,
        // Nothing is destroyed, but from then on nobody looks after it.
        Action::Forget => Risk::Lost,
        _ if any(ACCESS, resource_type) => Risk::Access,
        _ if any(NETWORK, resource_type) => Risk::Network,
        _ => Risk::Other,
    }
}

/// The risk of `change` to the object `id`; `kept` if the engine does not remove it.
pub(super) fn of_object(change: ObjectChange, id: &ObjectId, kept: bool) -> Risk {
    match change {
        ObjectChange::Removed if !kept && any(STATEFUL_KINDS, &id.kind) => Risk::StateLost,
        ObjectChange::Removed if !kept => Risk::Lost,
        _ if any(ACCESS_KINDS, &id.kind) => Risk::Access,
        _ if any(NETWORK_KINDS, &id.kind) => Risk::Network,
        _ => Risk::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losing_state_comes_first() {
        let of = |action, kind| of_resource(action, kind, false);
        assert_eq!(of(Action::Destroy, "aws_eks_cluster"), Risk::StateLost);
        assert_eq!(of(Action::CreateThenDestroy, "aws_launch_template"), Risk::Lost);
        assert_eq!(of_resource(Action::Destroy, "aws_launch_template", true), Risk::StateLost);
        assert_eq!(of(Action::Update, "aws_iam_role"), Risk::Access);
        assert_eq!(of(Action::Create, "aws_subnet"), Risk::Network);
        assert_eq!(of(Action::Create, "aws_eks_cluster"), Risk::Other);
        assert!(Risk::StateLost < Risk::Lost && Risk::Lost < Risk::Access && Risk::Access < Risk::Network);
    }
}
