//! What lies unencrypted, and what can be deleted by mistake.

use crate::policy::values::{flat, is_unknown};

use super::Subject;

/// Types and the setting that encrypts them; without it they are not. Google and Azure encrypt everything at rest.
const ENCRYPTED: &[(&str, &str)] = &[
    ("aws_db_instance", "storage_encrypted"),
    ("aws_docdb_cluster", "storage_encrypted"),
    ("aws_ebs_volume", "encrypted"),
    ("aws_efs_file_system", "encrypted"),
    ("aws_elasticache_replication_group", "at_rest_encryption_enabled"),
    ("aws_neptune_cluster", "storage_encrypted"),
    ("aws_rds_cluster", "storage_encrypted"),
    ("aws_redshift_cluster", "encrypted"),
    ("azurerm_storage_account", "https_traffic_only_enabled"),
];

/// Types and the setting that keeps them from being deleted.
const PROTECTED: &[(&str, &str)] = &[
    ("aws_db_instance", "deletion_protection"),
    ("aws_docdb_cluster", "deletion_protection"),
    ("aws_dynamodb_table", "deletion_protection_enabled"),
    ("aws_eks_cluster", "deletion_protection"),
    ("aws_neptune_cluster", "deletion_protection"),
    ("aws_rds_cluster", "deletion_protection"),
    ("google_container_cluster", "deletion_protection"),
    ("google_sql_database_instance", "deletion_protection"),
    ("google_spanner_database", "deletion_protection"),
];

/// Types that `force_destroy` deletes with all that is in them.
const FORCED: &[&str] = &["aws_s3_bucket", "google_storage_bucket", "aws_route53_zone", "google_dns_managed_zone"];

/// Storage, databases and queues.
pub(super) fn missing(subject: &Subject<'_>) -> Vec<String> {
    let kind = subject.kind();
    // What is left out of a storage account of Azure is on.
    let on_by_default = |kind: &str| kind.starts_with("azurerm_");
    let mut found: Vec<String> = ENCRYPTED
        .iter()
        .filter(|(known, setting)| {
            *known == kind
                && if on_by_default(kind) { subject.after.is(setting, false) } else { subject.lacks(setting) }
        })
        .map(|(_, setting)| format!("`{setting}` is not `true`"))
        .collect();
    if kind == "aws_launch_template" {
        let disks = subject.after.blocks("block_device_mappings").into_iter().flat_map(|mapping| flat(&mapping["ebs"]));
        // Written as a text there: <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/launch_template>.
        let plain = disks.filter(|disk| {
            let encrypted = &disk["encrypted"];
            !is_unknown(encrypted) && encrypted != "true" && encrypted != true && disk.get("snapshot_id").is_none()
        });
        let plain = plain.filter(|disk| subject.is_new() || disk.get("encrypted").is_some());
        found.extend(plain.map(|_| "a disk of the nodes is not `encrypted`".to_owned()));
    }
    found
}

/// Data and clusters of protected environments.
pub(super) fn unprotected(subject: &Subject<'_>) -> Vec<String> {
    if !subject.protected {
        return Vec::new();
    }
    let lacking = PROTECTED.iter().filter(|(known, setting)| *known == subject.kind() && subject.lacks(setting));
    let mut found: Vec<_> = lacking.map(|(_, setting)| format!("`{setting}` is not `true`")).collect();
    if FORCED.contains(&subject.kind()) && subject.after.is("force_destroy", true) {
        found.push("`force_destroy` deletes it with all that is in it".to_owned());
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{policy::rules::said, terraform::Action};

    #[test]
    fn what_is_off_or_left_out_is_told() {
        let plain = |kind: &str, action, after: &[(&str, serde_json::Value)]| said("unencrypted", kind, action, after);
        assert_eq!(plain("aws_db_instance", Action::Create, &[]), ["`storage_encrypted` is not `true`"]);
        assert!(plain("aws_db_instance", Action::Create, &[("storage_encrypted", json!("?"))]).is_empty());
        assert!(plain("aws_db_instance", Action::Create, &[("storage_encrypted", json!(true))]).is_empty());
        // An update tells what changes: an old sin is not told with it.
        assert!(plain("aws_db_instance", Action::Update, &[("tags.a", json!("b"))]).is_empty());
        assert!(plain("azurerm_storage_account", Action::Create, &[]).is_empty());
        let disk = |encrypted| {
            plain("aws_launch_template", Action::Create, &[("block_device_mappings[0].ebs[0].encrypted", encrypted)])
        };
        assert!(disk(json!("true")).is_empty() && disk(json!("false")).len() == 1);
        let delete =
            |kind: &str, after: &[(&str, serde_json::Value)]| said("deletion-protection", kind, Action::Create, after);
        assert_eq!(delete("google_sql_database_instance", &[]), ["`deletion_protection` is not `true`"]);
        assert!(delete("aws_eks_cluster", &[("deletion_protection", json!(true))]).is_empty());
        assert_eq!(delete("aws_s3_bucket", &[("force_destroy", json!(true))]).len(), 1);
    }
}
