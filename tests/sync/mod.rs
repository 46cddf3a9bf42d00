//! The hand-over on a real API server with the real Flux controllers, as one story: a cluster has one root,
//! and booting one takes seconds.

mod argocd;
mod lab;
mod platform;
mod refusals;
mod story;

use std::time::Duration;

use k8s_openapi::api::{apps::v1::Deployment, core::v1::Secret};
use kstack::sync::{
    self, ClusterAccess, GitCredential, HandoffSettings, Kept, Mode, Outcome, State, SyncError, SyncEvent,
};
use kube::{
    Api, ResourceExt as _,
    api::{DeleteParams, ListParams, Patch, PatchParams},
};
use secrecy::SecretString;
use serde_json::json;

use platform::{REGISTRY, config_map};
use story::{LONG, Story};

#[tokio::test]
async fn a_cluster_is_handed_over_and_follows_its_repository() {
    let story = Story::begin().await;
    story.a_dry_run_and_a_missing_credential_write_nothing().await;
    story.a_bare_cluster_gets_the_engine_once().await;
    story.lab.start_flux().await;
    story.the_first_hand_over_delivers_everything().await;
    story.the_engine_owns_itself_afterwards().await;
    story.a_second_hand_over_writes_nothing().await;
    story.what_was_deleted_by_hand_returns().await;
    story.new_outputs_reach_the_manifests().await;
    story.a_new_commit_is_delivered_with_what_it_adds_and_drops().await;
    story.a_broken_manifest_is_reported_with_the_engines_reason().await;
    story.a_commit_that_was_not_pushed_is_waited_for_in_vain().await;
    story.a_suspended_root_is_its_own_outcome().await;
    story.a_cluster_that_follows_something_else_is_refused().await;
    story.another_credential_is_told_and_not_written().await;
    story.a_wrong_credential_and_a_wrong_authority_are_told_apart().await;
    story.before_a_cluster_is_destroyed_everything_goes().await;
}

impl Story {
    async fn a_dry_run_and_a_missing_credential_write_nothing(&self) {
        let before = self.versions().await;
        let settings = HandoffSettings { mode: Mode::DryRun, ..self.settings() };
        let planned = sync::handoff(&self.cluster, &settings, &self.sink()).await.unwrap();
        assert!(planned.is_change() && planned.credential_created && planned.root.created == 2, "{planned:?}");
        let settings = HandoffSettings { credential: None, ..self.settings() };
        let error = self.sync_with(&settings, &self.head(), LONG).await.unwrap_err();
        assert!(matches!(error, SyncError::NoCredential { .. }), "{error}");
        assert_eq!((before.len(), self.versions().await.len()), (0, 0));
    }

    async fn a_bare_cluster_gets_the_engine_once(&self) {
        let first = sync::handoff(&self.cluster, &self.settings(), &self.sink()).await.unwrap();
        let objects = self.manifests.lines().filter(|line| line.starts_with("kind: ")).count();
        assert_eq!((first.components.created, first.root.created), (objects, 2), "{first:?}");
        assert!(first.credential_created);
        let events = std::mem::take(&mut *self.events.lock().unwrap());
        let at = |wanted: fn(&SyncEvent) -> bool| events.iter().position(wanted).unwrap();
        let order = [
            at(|event| matches!(event, SyncEvent::Connected { .. })),
            at(|event| matches!(event, SyncEvent::CrdsEstablished { .. })),
            at(|event| matches!(event, SyncEvent::Applied(_))),
            at(|event| matches!(event, SyncEvent::EngineReady { controllers: 3 })),
            at(|event| matches!(event, SyncEvent::CredentialCreated { .. })),
            at(|event| matches!(event, SyncEvent::ClusterInfo(_))),
            at(|event| matches!(event, SyncEvent::Root(_))),
        ];
        assert!(order.is_sorted(), "{order:?}");

        // No engine runs yet, so kstack owns everything, and finds it as it left it.
        let before = self.versions().await;
        let second = sync::handoff(&self.cluster, &self.settings(), &self.sink()).await.unwrap();
        assert!(!second.is_change(), "{second:?}");
        assert_eq!((second.components.unchanged, second.components.left), (objects, 0));
        assert_eq!(self.versions().await, before);
    }

    async fn the_first_hand_over_delivers_everything(&self) {
        let (_, report) = self.sync(&self.head()).await;
        assert_eq!(report.outcome, Outcome::Ready, "{report:#?}");
        let names: Vec<_> = report.objects.iter().map(|status| status.object.to_string()).collect();
        assert_eq!(
            names,
            [
                "GitRepository/flux-system/flux-system",
                "Kustomization/flux-system/flux-system",
                "Kustomization/flux-system/one",
                "Kustomization/flux-system/two",
                "HelmChart/flux-system/flux-system-web",
                "HelmRelease/flux-system/web",
            ]
        );
        assert_eq!(self.data("one").await.unwrap()["cluster"], "gc0-ops-local");
        assert_eq!(self.data("web").await.unwrap()["message"], "released");
        assert!(self.seen(|event| matches!(event, SyncEvent::Synced { total: 6, .. })));
        assert!(self.seen(|event| matches!(event, SyncEvent::Released { .. })));

        let root = self.platform.files().root().clone();
        let status = sync::status(&self.cluster, &root, &root.revision(&self.head())).await.unwrap();
        assert!(status.is_ready(), "{status:#?}");
        let brought: Vec<_> = status.delivered.iter().map(|(from, what)| (from.name.as_str(), what.len())).collect();
        let components = self.manifests.lines().filter(|line| line.starts_with("kind: ")).count();
        // Besides the engine: source and root, two Kustomizations, a release.
        assert_eq!(brought, [("flux-system", components + 5), ("one", 1), ("two", 1)]);
    }

    async fn the_engine_owns_itself_afterwards(&self) {
        let deployments: Api<Deployment> = Api::namespaced(self.cluster.client().clone(), "flux-system");
        let deployment = deployments.get("kustomize-controller").await.unwrap();
        let managers: Vec<_> =
            deployment.managed_fields().iter().filter_map(|entry| entry.manager.as_deref()).collect();
        assert!(managers.contains(&"kustomize-controller") && !managers.contains(&"kstack"), "{managers:?}");
    }

    async fn a_second_hand_over_writes_nothing(&self) {
        let before = self.versions().await;
        let settings = HandoffSettings { credential: None, ..self.settings() };
        let (handoff, report) = self.sync_with(&settings, &self.head(), LONG).await.unwrap();
        assert_eq!(report.outcome, Outcome::Ready);
        assert!(!handoff.is_change(), "{handoff:?}");
        assert!(!self.seen(|event| matches!(event, SyncEvent::Requested { .. } | SyncEvent::Released { .. })));
        assert_eq!(self.versions().await, before);
        let (code, talk) = self.kstack(&["--kubeconfig", self.kubeconfig()]);
        assert_eq!(code, 0, "{talk}");
        assert_eq!(self.versions().await, before);
    }

    async fn what_was_deleted_by_hand_returns(&self) {
        self.config_maps().delete("one", &DeleteParams::default()).await.unwrap();
        assert_eq!(self.data("one").await, None);
        // What Flux does at its interval, at once.
        let now = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "by the test"}}});
        self.flux("kustomize", "Kustomization")
            .patch("one", &PatchParams::default(), &Patch::Merge(now))
            .await
            .unwrap();
        self.comes_to("one", "value", "v1").await;
    }

    async fn new_outputs_reach_the_manifests(&self) {
        let cluster_info = Some([("cluster_name".to_owned(), "renamed".to_owned())].into());
        let settings = HandoffSettings { cluster_info, ..self.settings() };
        let handoff = sync::handoff(&self.cluster, &settings, &self.sink()).await.unwrap();
        assert_eq!((handoff.cluster_info.changed, handoff.root.changed), (1, 0));
        self.comes_to("one", "cluster", "renamed").await;
        sync::handoff(&self.cluster, &self.settings(), &self.sink()).await.unwrap();
        self.comes_to("one", "cluster", "gc0-ops-local").await;
    }

    async fn a_new_commit_is_delivered_with_what_it_adds_and_drops(&self) {
        let components = format!("{REGISTRY}/flux-system/gotk-components.yaml");
        self.platform.replace(&components, "        prometheus.io/scrape: \"true\"\n", "");
        self.platform.write("services/two/two.yaml", &config_map("two", "v2"));
        self.platform.replace(
            &format!("{REGISTRY}/services.yaml"),
            "values: {message: released}",
            "values: {message: again}",
        );
        let commit = self.platform.push("Change the services and the engine");
        let (handoff, report) = self.sync(&commit).await;
        assert_eq!(report.outcome, Outcome::Ready, "{report:#?}");
        assert!(!handoff.is_change(), "the engine changes itself: {handoff:?}");
        assert_eq!(self.data("two").await.unwrap()["value"], "v2");
        assert_eq!(self.data("web").await.unwrap()["message"], "again");
        // A chart that changes leaves the release's own fields alone.
        self.platform.replace("charts/web/templates/web.yaml", "{{ .Values.message }}", "{{ .Values.message }}-more");
        let (_, report) = self.sync(&self.platform.push("Change the chart")).await;
        assert_eq!(report.outcome, Outcome::Ready, "{report:#?}");
        assert_eq!(self.data("web").await.unwrap()["message"], "again-more");
        // Nobody else holds on to what the commit dropped.
        let deployments: Api<Deployment> = Api::namespaced(self.cluster.client().clone(), "flux-system");
        let scraped = deployments.list(&ListParams::default()).await.unwrap().into_iter().filter(|deployment| {
            let template = deployment.spec.as_ref().and_then(|spec| spec.template.metadata.as_ref());
            template
                .and_then(|metadata| metadata.annotations.as_ref())
                .is_some_and(|all| all.contains_key("prometheus.io/scrape"))
        });
        assert_eq!(scraped.count(), self.manifests.matches("prometheus.io/scrape").count() - 1);
    }

    async fn a_broken_manifest_is_reported_with_the_engines_reason(&self) {
        self.platform.write(
            "services/two/bad.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: Not_Valid, namespace: default}\n",
        );
        let commit = self.platform.push("Break a service");
        let (_, report) = self.sync(&commit).await;
        assert_eq!(report.outcome, Outcome::Failed, "{report:#?}");
        let failed: Vec<_> =
            report.objects.iter().filter(|status| matches!(status.state, State::Failed { .. })).collect();
        let [failed] = failed.as_slice() else { panic!("{failed:#?}") };
        assert_eq!(failed.object.to_string(), "Kustomization/flux-system/two");
        let State::Failed { reason, message } = &failed.state else { panic!("{failed:#?}") };
        assert_eq!(reason, "ReconciliationFailed");
        assert!(message.starts_with("ConfigMap/default/Not_Valid dry-run failed (Invalid)"), "{message}");
        let (code, talk) = self.kstack(&["--kubeconfig", self.kubeconfig()]);
        assert_eq!(code, 1, "{talk}");
        let told = format!(
            "error: Flux cannot deliver `main@sha1:{commit}`\n  Kustomization/flux-system/two: ReconciliationFailed: "
        );
        assert!(talk.contains(&told), "{talk}");

        self.platform.remove("services/two/bad.yaml");
        let (_, report) = self.sync(&self.platform.push("Mend the service")).await;
        assert_eq!(report.outcome, Outcome::Ready, "{report:#?}");
    }

    async fn a_commit_that_was_not_pushed_is_waited_for_in_vain(&self) {
        let delivered = self.head();
        let commit = self.platform.commit("Not pushed");
        let (_, report) = self.sync_with(&self.settings(), &commit, Duration::from_secs(2)).await.unwrap();
        assert_eq!(report.outcome, Outcome::TimedOut);
        let State::Waiting { message, .. } = &report.objects[0].state else { panic!("{report:#?}") };
        assert_eq!(*message, format!("it is still at main@sha1:{delivered}"));
        let (code, talk) = self.kstack(&["--kubeconfig", self.kubeconfig(), "--timeout", "1s"]);
        // The program does not even begin to wait for what no engine can see.
        assert_eq!(code, 1, "{talk}");
        assert!(talk.contains("is not on branch `main` of `origin`"), "{talk}");
        self.platform.forget();
    }

    async fn a_suspended_root_is_its_own_outcome(&self) {
        let suspend = async |suspend: bool| {
            let kustomizations = self.flux("kustomize", "Kustomization");
            let patch = json!({"spec": {"suspend": suspend}});
            kustomizations.patch("flux-system", &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
        };
        suspend(true).await;
        let commit = self.platform.push("While suspended");
        let (_, report) = self.sync(&commit).await;
        assert_eq!(report.outcome, Outcome::Suspended, "{report:#?}");
        suspend(false).await;
        assert_eq!(self.sync(&commit).await.1.outcome, Outcome::Ready);
    }

    async fn a_cluster_that_follows_something_else_is_refused(&self) {
        let before = self.versions().await;
        let url = self.lab.url();
        let sync_file = format!("{REGISTRY}/flux-system/gotk-sync.yaml");
        for (from, to, told) in [
            (
                "path: ./clusters/local-gc0/ops",
                "path: ./clusters/local-gc0/apps",
                "another path: `./clusters/local-gc0/ops`; the registry says `./clusters/local-gc0/apps`".to_owned(),
            ),
            (
                url.as_str(),
                "https://example.com/p",
                format!("another repository: `{url}`; the registry says `https://example.com/p`"),
            ),
            (
                "branch: main",
                "branch: deploy/ops",
                "another Git reference: `main`; the registry says `deploy/ops`".to_owned(),
            ),
        ] {
            self.platform.replace(&sync_file, from, to);
            self.platform.commit("Follow something else");
            let (code, talk) = self.kstack(&["--kubeconfig", self.kubeconfig(), "--dry-run"]);
            assert!(
                code == 1 && talk.contains(&format!("error: Flux in this cluster already follows {told}")),
                "{talk}"
            );
            self.platform.forget();
        }
        assert_eq!(self.versions().await, before);
    }

    async fn another_credential_is_told_and_not_written(&self) {
        let secrets: Api<Secret> = Api::namespaced(self.cluster.client().clone(), "flux-system");
        let before = secrets.get("flux-system").await.unwrap();
        let another =
            GitCredential::Basic { username: "git".to_owned(), password: SecretString::from("another".to_owned()) };
        let settings = HandoffSettings { credential: Some(another), ..self.settings() };
        sync::handoff(&self.cluster, &settings, &self.sink()).await.unwrap();
        assert!(self.seen(|event| matches!(event, SyncEvent::CredentialKept { kept: Kept::Different, .. })));
        assert_eq!(secrets.get("flux-system").await.unwrap(), before);
        assert!(!format!("{:?}", self.events.lock().unwrap()).contains("another"));
    }

    async fn a_wrong_credential_and_a_wrong_authority_are_told_apart(&self) {
        let folder = tempfile::tempdir().unwrap();
        let good = kube::config::Kubeconfig::read_from(self.lab.kubeconfig()).unwrap();
        let connect = async |kubeconfig: &kube::config::Kubeconfig| {
            let path = folder.path().join("kubeconfig");
            std::fs::write(&path, serde_json::to_string(kubeconfig).unwrap()).unwrap();
            sync::connect(&ClusterAccess::Kubeconfig { path, context: None }).await
        };
        let mut wrong = good.clone();
        let token = folder.path().join("token");
        std::fs::write(&token, "wrong").unwrap();
        let user = kube::config::AuthInfo { token_file: Some(token.display().to_string()), ..Default::default() };
        wrong.auth_infos[0].auth_info = Some(user);
        let error = connect(&wrong).await.unwrap_err();
        assert!(matches!(error, SyncError::Unauthorized { .. }), "{error:?}");

        let mut anonymous = good.clone();
        anonymous.auth_infos[0].auth_info = Some(kube::config::AuthInfo::default());
        let cluster = connect(&anonymous).await.unwrap();
        let error = sync::handoff(&cluster, &self.settings(), &|_| ()).await.unwrap_err();
        assert!(matches!(error, SyncError::Forbidden { .. }), "{error:?}");

        let mut other = good.clone();
        let entry = other.clusters[0].cluster.as_mut().unwrap();
        let authority = folder.path().join("other.crt");
        std::fs::write(&authority, rcgen::generate_simple_self_signed(["x".to_owned()]).unwrap().cert.pem()).unwrap();
        entry.certificate_authority_data = None;
        entry.certificate_authority = Some(authority.display().to_string());
        let error = connect(&other).await.unwrap_err();
        assert!(matches!(error, SyncError::Untrusted { .. }), "{error:?}");
    }

    async fn before_a_cluster_is_destroyed_everything_goes(&self) {
        let root = self.platform.files().root().clone();
        let report = sync::unhand(&self.cluster, &root, LONG, &self.sink()).await.unwrap();
        let order: Vec<_> = report.deleted.iter().map(ToString::to_string).collect();
        let at =
            |name: &str| order.iter().position(|other| other == name).unwrap_or_else(|| panic!("{name}: {order:?}"));
        assert!(at("Kustomization/flux-system/two") < at("Kustomization/flux-system/one"), "{order:?}");
        assert!(at("Kustomization/flux-system/one") < at("Kustomization/flux-system/flux-system"), "{order:?}");
        assert!(at("HelmRelease/flux-system/web") < at("GitRepository/flux-system/flux-system"), "{order:?}");
        for name in ["one", "two", "web"] {
            assert_eq!(self.data(name).await, None, "`{name}` is still there");
        }
        // The engine itself stays: it had to be there to the end, and goes with the cluster.
        let deployments: Api<Deployment> = Api::namespaced(self.cluster.client().clone(), "flux-system");
        assert!(deployments.get_opt("kustomize-controller").await.unwrap().is_some());
        let again = sync::unhand(&self.cluster, &root, LONG, &self.sink()).await.unwrap();
        assert!(again.deleted.is_empty(), "{again:?}");
    }
}
