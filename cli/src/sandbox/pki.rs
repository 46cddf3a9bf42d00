//! The sandbox's certificates: who each process is to the others.
//!
//! Two authorities, so that a client certificate that the cluster signs for somebody (a
//! `CertificateSigningRequest`) does not open etcd. All keys are ECDSA over P-256.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr},
    path::Path,
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType,
};

use super::{
    error::SandboxError,
    files::{create_private_folder, remove_folder, write_private},
};

/// The address of the `kubernetes` service: the first of [`SERVICE_RANGE`].
pub(super) const SERVICE_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 1);
/// The addresses of services.
pub(super) const SERVICE_RANGE: &str = "10.96.0.0/16";
/// Flux's namespace.
pub(super) const FLUX_NAMESPACE: &str = "flux-system";
/// Argo CD's namespace.
pub(super) const ARGOCD_NAMESPACE: &str = "argocd";

/// A certificate and its key: `<name>.crt` and `<name>.key`.
struct Identity {
    name: &'static str,
    /// The user, for the API server.
    common_name: String,
    /// The group, for the API server.
    organization: Option<&'static str>,
    /// Whether it also proves a server on loopback.
    server: bool,
}

/// Those signed by the cluster's authority.
fn cluster_identities() -> Vec<Identity> {
    let component = |name, common_name: &str, server| Identity {
        name,
        common_name: common_name.to_owned(),
        organization: None,
        server,
    };
    let master = |name| Identity {
        name,
        common_name: format!("kstack:{name}"),
        organization: Some("system:masters"),
        server: false,
    };
    // The engines' controllers are the service accounts that they would be as pods, so the roles of the
    // install manifests decide what they may do.
    let account = |namespace, name| Identity {
        name,
        common_name: format!("system:serviceaccount:{namespace}:{name}"),
        organization: Some("system:serviceaccounts"),
        server: false,
    };
    vec![
        component("kube-apiserver", "kube-apiserver", true),
        component("kube-controller-manager", "system:kube-controller-manager", true),
        component("kube-scheduler", "system:kube-scheduler", true),
        master("admin"),
        master("kwok"),
        account(FLUX_NAMESPACE, "source-controller"),
        account(FLUX_NAMESPACE, "kustomize-controller"),
        account(FLUX_NAMESPACE, "helm-controller"),
        account(ARGOCD_NAMESPACE, "argocd-application-controller"),
        account(ARGOCD_NAMESPACE, "argocd-applicationset-controller"),
    ]
}

/// Those signed by etcd's authority.
fn etcd_identities() -> Vec<Identity> {
    ["etcd", "etcd-client"]
        .map(|name| Identity { name, common_name: name.to_owned(), organization: None, server: name == "etcd" })
        .into()
}

/// Creates `folder` with all certificates unless it is there. It appears complete or not at all.
pub(super) fn ensure(folder: &Path, this_year: i16) -> Result<(), SandboxError> {
    if folder.is_dir() {
        return Ok(());
    }
    let unfinished = folder.with_extension("unfinished");
    remove_folder(&unfinished)?;
    create_private_folder(&unfinished)?;
    let write = |name: &str, text: &str| write_private(&unfinished.join(name), text.as_bytes());

    for (authority, identities) in [("ca", cluster_identities()), ("etcd-ca", etcd_identities())] {
        let mut params = lifetime(this_year);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        params.distinguished_name.push(DnType::CommonName, format!("kstack sandbox {authority}"));
        let issuer = CertifiedIssuer::self_signed(params, key()?).map_err(SandboxError::Certificate)?;
        write(&format!("{authority}.crt"), &issuer.pem())?;
        write(&format!("{authority}.key"), &issuer.key().serialize_pem())?;
        for identity in identities {
            let key = key()?;
            let certificate = identity.params(this_year).signed_by(&key, &issuer).map_err(SandboxError::Certificate)?;
            write(&format!("{}.crt", identity.name), &certificate.pem())?;
            write(&format!("{}.key", identity.name), &key.serialize_pem())?;
        }
    }
    let service_account = key()?;
    write("service-account.key", &service_account.serialize_pem())?;
    write("service-account.pub", &service_account.public_key_pem())?;

    fs::rename(&unfinished, folder).map_err(|source| SandboxError::io("rename", &unfinished, source))
}

fn key() -> Result<KeyPair, SandboxError> {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(SandboxError::Certificate)
}

/// From last year, for clocks that are behind, to ten years from now: longer than any sandbox lives.
fn lifetime(this_year: i16) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.not_before = rcgen::date_time_ymd(i32::from(this_year) - 1, 1, 1);
    params.not_after = rcgen::date_time_ymd(i32::from(this_year) + 10, 1, 1);
    params
}

impl Identity {
    fn params(&self, this_year: i16) -> CertificateParams {
        let mut params = lifetime(this_year);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.distinguished_name.push(DnType::CommonName, self.common_name.as_str());
        if let Some(organization) = self.organization {
            params.distinguished_name.push(DnType::OrganizationName, organization);
        }
        if self.server {
            params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
            params.subject_alt_names = vec![
                SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
                SanType::IpAddress(IpAddr::V4(SERVICE_ADDRESS)),
            ];
            // Names that cannot be written as IA5 would be refused here; these constants can.
            params.subject_alt_names.extend(
                ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"]
                    .into_iter()
                    .filter_map(|name| Some(SanType::DnsName(name.try_into().ok()?))),
            );
        }
        params
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, os::unix::fs::PermissionsExt as _};

    use super::*;

    fn files(folder: &Path) -> BTreeMap<String, String> {
        fs::read_dir(folder)
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600);
                (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap())
            })
            .collect()
    }

    #[test]
    fn certificates_are_private_and_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let pki = folder.path().join("pki");
        // What a run that was killed left behind is thrown away.
        fs::create_dir(folder.path().join("pki.unfinished")).unwrap();
        fs::write(folder.path().join("pki.unfinished/ca.key"), "half").unwrap();
        ensure(&pki, 2026).unwrap();
        assert_eq!(fs::metadata(&pki).unwrap().permissions().mode() & 0o777, 0o700);
        let first = files(&pki);
        assert_eq!(first.len(), 2 * (2 + cluster_identities().len() + etcd_identities().len() + 1));
        assert!(first["service-account.pub"].starts_with("-----BEGIN PUBLIC KEY-----"));
        ensure(&pki, 2026).unwrap();
        assert_eq!(files(&pki), first);
        assert!(!folder.path().join("pki.unfinished").exists());
    }

    #[test]
    fn controllers_are_their_service_accounts() {
        let identities = cluster_identities();
        let source = identities.iter().find(|identity| identity.name == "source-controller").unwrap();
        assert_eq!(source.common_name, "system:serviceaccount:flux-system:source-controller");
        assert!(!source.server);
    }
}
