//! Kubeconfigs for clusters of clouds, in memory only: each names the cloud's own program, which gets a token that lives
//! for minutes, at the time of use.

use kube::config::{
    AuthInfo, Cluster as ClusterEntry, Context, ExecConfig, ExecInteractiveMode, Kubeconfig, NamedAuthInfo,
    NamedCluster, NamedContext,
};

/// Where a cluster of a cloud answers, and how it is known that it is this one.
pub(super) struct ApiServer<'a> {
    /// The cluster's name; what the entries of the kubeconfig are called.
    pub name: &'a str,
    /// Its URL.
    pub endpoint: &'a str,
    /// Its certificate authority as the cluster contract has it: PEM in base64, as a kubeconfig holds it. `None`: one
    /// that everybody trusts.
    pub ca_certificate: Option<&'a str>,
}

/// What `aws eks update-kubeconfig` would write.
pub(super) fn eks(server: &ApiServer<'_>, region: &str) -> Kubeconfig {
    let arguments = ["eks", "get-token", "--cluster-name", server.name, "--region", region, "--output", "json"];
    kubeconfig(server, program("aws", &arguments))
}

/// What `gcloud container clusters get-credentials` would write, with
/// `container/use_application_default_credentials` set: the identity is that with which Terraform made the cluster.
pub(super) fn gke(server: &ApiServer<'_>) -> Kubeconfig {
    // The plugin answers in `v1beta1` only, and wants to be told about the cluster.
    let exec = program("gke-gcloud-auth-plugin", &["--use_application_default_credentials"]);
    kubeconfig(server, ExecConfig { provide_cluster_info: true, ..exec })
}

/// What `az aks get-credentials` and `kubelogin convert-kubeconfig --login azurecli` would write. Who logged in otherwise
/// says so in `AAD_LOGIN_METHOD`, such as `workloadidentity`, which `kubelogin` prefers to its arguments.
pub(super) fn aks(server: &ApiServer<'_>, server_id: &str, tenant_id: &str) -> Kubeconfig {
    let arguments = ["get-token", "--login", "azurecli", "--server-id", server_id, "--tenant-id", tenant_id];
    kubeconfig(server, program("kubelogin", &arguments))
}

fn program(command: &str, arguments: &[&str]) -> ExecConfig {
    ExecConfig {
        api_version: Some("client.authentication.k8s.io/v1beta1".to_owned()),
        command: Some(command.to_owned()),
        args: Some(arguments.iter().map(|argument| (*argument).to_owned()).collect()),
        env: None,
        drop_env: None,
        install_hint: None,
        interactive_mode: Some(ExecInteractiveMode::Never),
        provide_cluster_info: false,
        cluster: None,
        other: std::collections::BTreeMap::new(),
    }
}

fn kubeconfig(server: &ApiServer<'_>, exec: ExecConfig) -> Kubeconfig {
    let name = || server.name.to_owned();
    Kubeconfig {
        clusters: vec![NamedCluster {
            name: name(),
            cluster: Some(ClusterEntry {
                server: Some(server.endpoint.to_owned()),
                certificate_authority_data: server.ca_certificate.map(ToOwned::to_owned),
                ..ClusterEntry::default()
            }),
            ..NamedCluster::default()
        }],
        auth_infos: vec![NamedAuthInfo {
            name: name(),
            auth_info: Some(AuthInfo { exec: Some(exec), ..AuthInfo::default() }),
            ..NamedAuthInfo::default()
        }],
        contexts: vec![NamedContext {
            name: name(),
            context: Some(Context { cluster: name(), user: Some(name()), ..Context::default() }),
            ..NamedContext::default()
        }],
        current_context: Some(name()),
        ..Kubeconfig::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: ApiServer<'_> =
        ApiServer { name: "gc0", endpoint: "https://gc0.example.com", ca_certificate: Some("LS0tLS1CRUdJTg==") };

    fn exec(kubeconfig: &Kubeconfig) -> &ExecConfig {
        kubeconfig.auth_infos[0].auth_info.as_ref().unwrap().exec.as_ref().unwrap()
    }

    /// The command line of the program that a kubeconfig names.
    fn command_line(kubeconfig: &Kubeconfig) -> String {
        let exec = exec(kubeconfig);
        [&[exec.command.clone().unwrap()], exec.args.as_deref().unwrap()].concat().join(" ")
    }

    #[test]
    fn an_eks_kubeconfig_holds_a_program_and_no_credential() {
        assert_eq!(
            command_line(&eks(&SERVER, "eu-west-1")),
            "aws eks get-token --cluster-name gc0 --region eu-west-1 --output json"
        );
    }

    #[test]
    fn a_gke_kubeconfig_holds_the_plugin_of_google_and_no_credential() {
        let kubeconfig = gke(&SERVER);
        assert_eq!(command_line(&kubeconfig), "gke-gcloud-auth-plugin --use_application_default_credentials");
        let exec = exec(&kubeconfig);
        assert_eq!(exec.api_version.as_deref(), Some("client.authentication.k8s.io/v1beta1"));
        assert!(exec.provide_cluster_info);
    }

    #[test]
    fn an_aks_kubeconfig_holds_kubelogin_and_no_credential() {
        assert_eq!(
            command_line(&aks(&SERVER, "6dae42f8-4368-4678-94ff-3960e28e3630", "00000000-0000-0000-0000-0000000000aa")),
            "kubelogin get-token --login azurecli --server-id 6dae42f8-4368-4678-94ff-3960e28e3630 \
             --tenant-id 00000000-0000-0000-0000-0000000000aa"
        );
    }

    #[test]
    fn the_authority_is_handed_on_as_the_contract_has_it() {
        let authority = |kubeconfig: &Kubeconfig| {
            kubeconfig.clusters[0].cluster.as_ref().unwrap().certificate_authority_data.clone()
        };
        assert_eq!(authority(&gke(&SERVER)).as_deref(), Some("LS0tLS1CRUdJTg=="));
        assert_eq!(authority(&gke(&ApiServer { ca_certificate: None, ..SERVER })), None);
    }
}
