//! How a cluster is reached: a kubeconfig file, or what the cluster contract says.

use std::{collections::BTreeMap, path::PathBuf};

use serde_json::Value;

use super::SyncError;
use crate::platform::{Provider, cluster_info};

/// How to reach a cluster. Holds no credential: it says where one comes from at the time of use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterAccess {
    /// A kubeconfig file.
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// The context; `None`: the file's current one.
        context: Option<String>,
    },
    /// An EKS cluster; the AWS command line gets a token that lives for minutes.
    Aws {
        /// The cluster's name in EKS.
        cluster_name: String,
        /// Its region.
        region: String,
        /// The API server.
        endpoint: String,
        /// The certificate authority of the API server: PEM in base64, as in a kubeconfig.
        ca_certificate: String,
    },
    /// A GKE cluster; Google's plugin gets a token of the application default credentials that lives for minutes.
    Google {
        /// The cluster's name in GKE.
        cluster_name: String,
        /// The API server, by address or by its DNS name.
        endpoint: String,
        /// The certificate authority of the API server: PEM in base64, as in a kubeconfig. `None` for the DNS name, whose
        /// certificate is publicly trusted.
        ca_certificate: Option<String>,
    },
    /// An AKS cluster that is entered through Entra; `kubelogin` gets a token that lives for an hour.
    Azure {
        /// The cluster's name in AKS.
        cluster_name: String,
        /// What AKS is to Entra: the application that tokens are made for.
        server_id: String,
        /// The Entra tenant of the subscription.
        tenant_id: String,
        /// The API server.
        endpoint: String,
        /// The certificate authority of the API server: PEM in base64, as in a kubeconfig.
        ca_certificate: String,
    },
}

/// What a cluster stack says about its cluster (the cluster contract): how to reach it, and what
/// manifests may want to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterContract {
    /// How to reach the cluster.
    pub access: ClusterAccess,
    /// Substitution variables for the cluster's manifests, as [`cluster_info`] has them; what the cluster has not is
    /// left out.
    pub info: BTreeMap<String, String>,
}

impl ClusterContract {
    /// Reads the outputs `cluster` and, where it is there, `current_metadata`, of a stack (name to value).
    ///
    /// # Errors
    /// [`SyncError::Contract`] with the field that is missing or unknown.
    pub fn parse<'a>(output: impl Fn(&str) -> Option<&'a Value>) -> Result<Self, SyncError> {
        let cluster = output("cluster").ok_or_else(|| missing("cluster"))?;
        let field = |name: &str| {
            let value = cluster.pointer(&format!("/{}", name.replace('.', "/"))).and_then(Value::as_str);
            value.map(ToOwned::to_owned).ok_or_else(|| missing(&format!("cluster.{name}")))
        };
        let access = match field("auth.type")?.as_str() {
            "kubeconfig" => ClusterAccess::Kubeconfig {
                path: PathBuf::from(field("auth.path")?),
                context: field("auth.context").ok(),
            },
            "aws" => ClusterAccess::Aws {
                cluster_name: field("auth.cluster_name")?,
                region: field("auth.region")?,
                endpoint: field("endpoint")?,
                ca_certificate: field("ca_certificate")?,
            },
            "google" => ClusterAccess::Google {
                cluster_name: field("auth.cluster_name")?,
                endpoint: field("endpoint")?,
                ca_certificate: field("ca_certificate").ok(),
            },
            "azure" => ClusterAccess::Azure {
                cluster_name: field("auth.cluster_name")?,
                server_id: field("auth.server_id")?,
                tenant_id: field("auth.tenant_id")?,
                endpoint: field("endpoint")?,
                ca_certificate: field("ca_certificate")?,
            },
            other => {
                return Err(SyncError::Contract {
                    field: "cluster.auth.type".to_owned(),
                    reason: format!("is `{other}`, which this version of kstack cannot use"),
                });
            }
        };
        let mut info: BTreeMap<_, _> = ["name", "provider", "region", "version"]
            .iter()
            .filter_map(|name| Some((format!("cluster_{name}"), field(name).ok()?)))
            .collect();
        for name in ["fqdn", "domain"] {
            if let Some(value) = output("current_metadata").and_then(|metadata| metadata.get(name)?.as_str()) {
                info.insert(format!("cluster_{name}"), value.to_owned());
            }
        }
        info.extend(further(cluster, output("dns"), output("identity")));
        Ok(Self { access, info })
    }
}

/// Variables about the place, the zone and the identities of a cluster; those that it does not have are left out.
fn further(cluster: &Value, dns: Option<&Value>, identity: Option<&Value>) -> BTreeMap<String, String> {
    let mut info = BTreeMap::new();
    let mut add = |name: String, value: Option<&Value>| {
        if let Some(text) = value.and_then(Value::as_str) {
            info.insert(name, text.to_owned());
        }
    };
    for (variable, pointer) in Provider::ALL.into_iter().flat_map(cluster_info::of_provider) {
        add((*variable).to_owned(), cluster.pointer(pointer));
    }
    for field in ["zone_id", "zone_name"] {
        add(format!("cluster_dns_{field}"), dns.and_then(|dns| dns.get(field)));
    }
    for map in ["service_role_arns", "service_client_ids", "service_principals"] {
        let services = identity.and_then(|identity| identity.get(map)?.as_object());
        for (service, value) in services.into_iter().flatten() {
            add(format!("{}{}", cluster_info::IDENTITY, service.replace('-', "_")), Some(value));
        }
    }
    // The role's name, which is what karpenter wants, and not its ARN.
    let role = identity.and_then(|identity| identity.get("node_role_arn")?.as_str()?.rsplit('/').next());
    if let Some(role) = role {
        info.insert("cluster_node_role".to_owned(), role.to_owned());
    }
    info
}

fn missing(field: &str) -> SyncError {
    SyncError::Contract { field: field.to_owned(), reason: "is missing".to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(outputs: &Value) -> Result<ClusterContract, SyncError> {
        ClusterContract::parse(|name| outputs.get(name))
    }

    #[test]
    fn a_local_cluster_is_reached_by_its_kubeconfig() {
        let contract = parse(&json!({
            "cluster": {"name": "gc0-ops-local", "provider": "local", "region": "local", "version": "1.34.2",
                "auth": {"type": "kubeconfig", "path": "/home/me/kubeconfig", "context": "gc0"}},
            "current_metadata": {"fqdn": "gc0-ops-local.example.com", "domain": null},
        }))
        .unwrap();
        let path = PathBuf::from("/home/me/kubeconfig");
        assert_eq!(contract.access, ClusterAccess::Kubeconfig { path, context: Some("gc0".to_owned()) });
        let info: Vec<_> = contract.info.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(
            info,
            [
                "cluster_fqdn=gc0-ops-local.example.com",
                "cluster_name=gc0-ops-local",
                "cluster_provider=local",
                "cluster_region=local",
                "cluster_version=1.34.2"
            ]
        );
    }

    #[test]
    fn an_eks_cluster_is_reached_by_its_endpoint_and_authority() {
        let mut outputs = json!({"cluster": {
            "name": "gc0", "endpoint": "https://gc0.example.com", "ca_certificate": "LS0tLS1CRUdJTg==",
            "auth": {"type": "aws", "cluster_name": "gc0", "region": "eu-west-1"},
        }});
        assert!(matches!(parse(&outputs).unwrap().access, ClusterAccess::Aws { .. }));
        outputs["cluster"]["endpoint"] = Value::Null;
        assert_eq!(
            parse(&outputs).unwrap_err().to_string(),
            "the stack's outputs are not a cluster: `cluster.endpoint` is missing"
        );
    }

    #[test]
    fn a_gke_cluster_is_reached_by_its_address_or_by_its_dns_name() {
        let mut outputs = json!({"cluster": {
            "name": "gc0", "endpoint": "https://203.0.113.7", "ca_certificate": "LS0tLS1CRUdJTg==",
            "auth": {"type": "google", "project": "platform-ops", "location": "europe-west1", "cluster_name": "gc0"},
        }});
        let access = |endpoint: &str, ca_certificate: Option<&str>| ClusterAccess::Google {
            cluster_name: "gc0".to_owned(),
            endpoint: endpoint.to_owned(),
            ca_certificate: ca_certificate.map(ToOwned::to_owned),
        };
        assert_eq!(parse(&outputs).unwrap().access, access("https://203.0.113.7", Some("LS0tLS1CRUdJTg==")));
        outputs["cluster"]["endpoint"] = json!("https://gke-1.europe-west1.gke.goog");
        outputs["cluster"]["ca_certificate"] = Value::Null;
        assert_eq!(parse(&outputs).unwrap().access, access("https://gke-1.europe-west1.gke.goog", None));
        outputs["cluster"]["auth"]["cluster_name"] = Value::Null;
        assert_eq!(
            parse(&outputs).unwrap_err().to_string(),
            "the stack's outputs are not a cluster: `cluster.auth.cluster_name` is missing"
        );
    }

    #[test]
    fn an_aks_cluster_is_reached_through_entra() {
        let mut outputs = json!({"cluster": {
            "name": "gc0", "endpoint": "https://gc0.hcp.westeurope.azmk8s.io:443", "ca_certificate": "LS0tLS1CRUdJTg==",
            "auth": {"type": "azure", "subscription_id": "s", "tenant_id": "t", "resource_group": "gc0",
                "cluster_name": "gc0", "server_id": "6dae42f8"},
        }});
        let expected = ClusterAccess::Azure {
            cluster_name: "gc0".to_owned(),
            server_id: "6dae42f8".to_owned(),
            tenant_id: "t".to_owned(),
            endpoint: "https://gc0.hcp.westeurope.azmk8s.io:443".to_owned(),
            ca_certificate: "LS0tLS1CRUdJTg==".to_owned(),
        };
        assert_eq!(parse(&outputs).unwrap().access, expected);
        outputs["cluster"]["auth"]["server_id"] = Value::Null;
        assert_eq!(
            parse(&outputs).unwrap_err().to_string(),
            "the stack's outputs are not a cluster: `cluster.auth.server_id` is missing"
        );
    }

    #[test]
    fn manifests_may_know_where_a_cluster_is_and_who_its_services_are() {
        let contract = parse(&json!({
            "cluster": {
                "name": "gc0", "provider": "azure", "region": "westeurope", "endpoint": "https://gc0", "ca_certificate": "LS0=",
                "auth": {"type": "azure", "subscription_id": "s", "tenant_id": "t", "resource_group": "g",
                    "cluster_name": "gc0", "server_id": "6dae42f8"},
            },
            "dns": {"zone_id": "/zones/z", "zone_name": "gc0.example.com", "name_servers": ["a"]},
            "identity": {"service_client_ids": {"external_dns": "id-1", "my-own": "id-2"}, "tenant_id": "t"},
        }))
        .unwrap();
        let info: Vec<_> = contract.info.iter().map(|(key, value)| format!("{key}={value}")).collect();
        insta::assert_snapshot!(info.join("\n"), @r"
        cluster_dns_zone_id=/zones/z
        cluster_dns_zone_name=gc0.example.com
        cluster_identity_external_dns=id-1
        cluster_identity_my_own=id-2
        cluster_name=gc0
        cluster_provider=azure
        cluster_region=westeurope
        cluster_resource_group=g
        cluster_subscription_id=s
        cluster_tenant_id=t
        ");
    }

    #[test]
    fn an_unknown_kind_of_credential_is_refused() {
        let error = parse(&json!({"cluster": {"auth": {"type": "oracle"}}})).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the stack's outputs are not a cluster: `cluster.auth.type` is `oracle`, which this version of kstack cannot use"
        );
    }
}
