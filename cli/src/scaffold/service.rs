//! The services that every cluster gets.

use serde::Serialize;

/// Something that every cluster gets; its manifests are `platform-templates/service/<name>/`.
#[derive(Debug, Serialize)]
pub(super) struct Service {
    pub(super) name: &'static str,
    /// What it is for, for the tables of the README.
    purpose: &'static str,
    /// Services that must be ready before it is applied.
    after: &'static [&'static str],
    /// It needs a registry on the internet, so a local control plane does without it.
    cloud_only: bool,
    chart: Option<Chart>,
}

/// A chart held as a reference.
#[derive(Debug, Serialize)]
struct Chart {
    source: &'static str,
    version: &'static str,
}

/// The services of a cluster, or of a platform that has one in a cloud.
pub(super) fn services(cloud: bool) -> Vec<&'static Service> {
    SERVICES.iter().filter(|service| cloud || !service.cloud_only).collect()
}

const SERVICES: &[Service] = &[
    Service {
        name: "scheduling",
        purpose: "priority classes: what is evicted last when nodes run out",
        after: &[],
        cloud_only: false,
        chart: None,
    },
    Service {
        name: "access",
        purpose: "who may do what: roles for platform administrators and viewers",
        after: &[],
        cloud_only: false,
        chart: None,
    },
    Service {
        name: "tenancy",
        purpose: "one namespace per team: pod security, quota, limits, network policies",
        after: &[],
        cloud_only: false,
        chart: None,
    },
    Service {
        name: "cert-manager",
        purpose: "certificates",
        after: &["scheduling"],
        cloud_only: true,
        chart: Some(Chart { source: "oci://quay.io/jetstack/charts/cert-manager", version: "v1.19.2" }),
    },
];
