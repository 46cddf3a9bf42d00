//! Registries built by the real kustomize, found on `PATH`.

use std::{collections::BTreeMap, fs};

use self::fixture::{TREE, counting, program, registry, render, renderer, text_of, tree, write};
use super::*;

mod fixture;

#[tokio::test]
async fn a_registry_is_rendered_as_flux_would() {
    let folder = tree(&[]);
    let rendered = render(folder.path()).await.unwrap();
    let list: Vec<_> = rendered
        .objects
        .iter()
        .map(|object| {
            let marks = [(object.kept, " | kept"), (object.engine, " | engine")];
            let marks: String = marks.iter().filter(|(on, _)| *on).map(|(_, mark)| *mark).collect();
            let Origin { kustomization, file, .. } = &object.origin;
            format!("{} | {kustomization} | {}{marks}", object.id, file.as_deref().unwrap_or("?"))
        })
        .collect();
    insta::assert_snapshot!(list.join("\n"), @r"
    ClusterRole plain | flux-system/plain | services/plain/deep/role.yml | kept
    Namespace flux-system | flux-system/flux-system | clusters/gc0/ops/flux-system/gotk-components.yaml | engine
    Kustomization flux-system/elsewhere | flux-system/flux-system | clusters/gc0/ops/services.yaml
    Kustomization flux-system/flux-system | flux-system/flux-system | clusters/gc0/ops/flux-system/gotk-sync.yaml
    Kustomization flux-system/plain | flux-system/flux-system | clusters/gc0/ops/services.yaml
    Kustomization flux-system/podinfo | flux-system/flux-system | clusters/gc0/ops/services.yaml
    ConfigMap plain/plain | flux-system/plain | services/plain/config.yaml | kept
    ConfigMap podinfo/settings-7h247h2bcb | flux-system/podinfo | services/podinfo/base/kustomization.yaml
    Deployment podinfo/podinfo | flux-system/podinfo | services/podinfo/base/deployment.yaml
    Secret podinfo/login | flux-system/podinfo | services/podinfo/base/kustomization.yaml
    ");
    insta::assert_snapshot!(rendered.notices.join("\n"), @"`Kustomization flux-system/elsewhere` builds from `OCIRepository other`, which is not this repository: its objects are not shown");
    let deployment = rendered.objects.iter().find(|object| object.id.kind == "Deployment").unwrap();
    assert_eq!(deployment.unresolved, ["cluster_name"]);
    insta::assert_snapshot!(yaml::to_text(&deployment.value), @r"
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: podinfo
      labels:
        from: component
      namespace: podinfo
    spec:
      replicas: 2
      template:
        spec:
          containers:
          - name: podinfo
            args:
            - --cluster=${cluster_name}
            envFrom:
            - configMapRef:
                name: settings-7h247h2bcb
            image: podinfo:1
            resources:
              limits:
                memory: 64Mi
    ");
    let config =
        rendered.objects.iter().find(|object| object.id.name == "plain" && object.id.kind == "ConfigMap").unwrap();
    insta::assert_snapshot!(yaml::to_text(&config.value), @r#"
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: plain
      labels:
        team: platform
      namespace: plain
    data:
      mode: "0644"
    "#);
}

#[tokio::test]
async fn building_around_a_folder_changes_nothing_of_its_objects() {
    let folder = tree(&[]);
    let plain = program().build(&folder.path().join("services/podinfo/ops")).await.unwrap().unwrap();
    let plain = yaml::documents("plain", &plain).unwrap();
    assert_eq!(plain.len(), 3);
    let rendered = render(folder.path()).await.unwrap();
    for object in plain.iter().filter(|object| object["kind"] != "Deployment") {
        // Annotations change the hashes in the names of generated objects, if anything does.
        assert!(rendered.objects.iter().any(|rendered| rendered.value == *object), "{}", object["metadata"]["name"]);
    }
}

#[tokio::test]
async fn values_from_outside_are_substituted() {
    let folder = tree(&[]);
    let info = BTreeMap::from([("cluster_name".to_owned(), "gc0-ops-local".to_owned())]);
    let values = Values::from([("kstack-cluster-info".to_owned(), info)]);
    let rendered = renderer().render(folder.path(), &registry(), &values).await.unwrap();
    let deployment = rendered.objects.iter().find(|object| object.id.kind == "Deployment").unwrap();
    assert_eq!(deployment.value["spec"]["template"]["spec"]["containers"][0]["args"][0], "--cluster=gc0-ops-local");
    assert!(deployment.unresolved.is_empty());
}

#[tokio::test]
async fn both_sides_are_compared_and_secrets_are_not_shown() {
    let base = tree(&[]);
    let secret = TREE.iter().find(|(path, _)| *path == "services/podinfo/base/kustomization.yaml").unwrap().1;
    let head = tree(&[
        (
            "services/podinfo/base/kustomization.yaml",
            &secret.replace("canary-hunter2", "canary-hunter3,extra=canary-new"),
        ),
        ("services/podinfo/ops/limits.yaml", &TREE[9].1.replace("64Mi", "128Mi")),
        ("services/plain/deep/role.yml", ""),
        ("clusters/gc0/ops/flux-system/gotk-components.yaml", &TREE[0].1.replace("v2.7.3", "v2.7.4")),
    ]);
    let diff = renderer().compare(Some(base.path()), Some(head.path()), &registry(), &Values::new()).await;
    assert!(diff.problems.is_empty() && diff.base_problems.is_empty(), "{diff:?}");
    insta::assert_snapshot!(text_of(&diff.difference), @r"
    Removed ClusterRole plain from services/plain/deep/role.yml
      -apiVersion: rbac.authorization.k8s.io/v1
      -kind: ClusterRole
      -metadata:
      -  name: plain
      -  labels:
      -    team: platform
      -rules: []
    Changed Deployment podinfo/podinfo from services/podinfo/base/deployment.yaml
               image: podinfo:1
               resources:
                 limits:
      -            memory: 64Mi
      +            memory: 128Mi
    Changed Secret podinfo/login from services/podinfo/base/kustomization.yaml
         name: login
         namespace: podinfo
       data:
      -  password: (sensitive)
      +  extra: (sensitive)
      +  password: (sensitive, changed)
       type: Opaque
    ");
    insta::assert_snapshot!(format!("{:?}", diff.difference.engine.as_ref().unwrap()), @r#"EngineDiff { before: Some("v2.7.3"), after: Some("v2.7.4"), added: [], removed: [], changed: [ObjectId { namespace: None, kind: "Namespace", group: "", name: "flux-system" }] }"#);
    let everything = format!("{diff:?}{}", serde_json::to_string(&diff).unwrap());
    assert!(!everything.contains("canary"), "{everything}");
    // base64 of `canary-`
    assert!(!everything.contains("Y2FuYXJ5"), "{everything}");
}

#[tokio::test]
async fn a_generated_object_under_a_new_name_is_the_old_one_changed() {
    let (base, head) = (tree(&[]), tree(&[("services/podinfo/base/settings.txt", "color=red\n")]));
    let diff = renderer().compare(Some(base.path()), Some(head.path()), &registry(), &Values::new()).await;
    let settings = &diff.difference.objects[0];
    assert_eq!((settings.change, settings.id.kind.as_str()), (ObjectChange::Changed, "ConfigMap"));
    assert_eq!(settings.previous_name.as_deref(), Some("settings-7h247h2bcb"));
    insta::assert_snapshot!(text_of(&diff.difference), @r"
    Changed ConfigMap podinfo/settings-mb97kkm6h2 from services/podinfo/base/kustomization.yaml
       apiVersion: v1
       kind: ConfigMap
       metadata:
      -  name: settings-7h247h2bcb
      +  name: settings-mb97kkm6h2
         namespace: podinfo
       data:
         settings.txt: |
      -    color=blue
      +    color=red
    Changed Deployment podinfo/podinfo from services/podinfo/base/deployment.yaml
               - --cluster=${cluster_name}
               envFrom:
               - configMapRef:
      -            name: settings-7h247h2bcb
      +            name: settings-mb97kkm6h2
               image: podinfo:1
               resources:
                 limits:
    ");
}

#[tokio::test]
async fn a_tree_compared_with_itself_has_no_difference() {
    let folder = tree(&[]);
    let diff = renderer().compare(Some(folder.path()), Some(folder.path()), &registry(), &Values::new()).await;
    assert!(diff.is_empty(), "{diff:?}");
}

#[tokio::test]
async fn a_side_that_does_not_render_is_told_and_not_compared() {
    let base = tree(&[]);
    let head = tree(&[("services/podinfo/ops/kustomization.yaml", "resources: [../base, none.yaml]\n")]);
    let diff = renderer().compare(Some(base.path()), Some(head.path()), &registry(), &Values::new()).await;
    assert!(diff.difference.is_empty());
    insta::assert_snapshot!(diff.problems.join("\n"), @"`services/podinfo/ops/kustomization.yaml` names `none.yaml`, which is not in the repository");
    let diff = renderer().compare(Some(head.path()), Some(base.path()), &registry(), &Values::new()).await;
    assert!(diff.problems.is_empty() && diff.difference.is_empty() && !diff.is_empty());
}

#[tokio::test]
async fn every_failing_kustomization_is_told() {
    let head = tree(&[
        ("services/podinfo/ops/limits.yaml", "kind: Deployment\nmetadata: {name: canary}\n"),
        ("services/plain/config.yaml", "a: [\n"),
    ]);
    let messages = render(head.path()).await.unwrap_err().messages();
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert!(messages.iter().any(|message| message.contains("services/podinfo/ops")), "{messages:?}");
}

#[tokio::test]
async fn nothing_outside_the_repository_is_read() {
    let outside = "resources: []\nconfigMapGenerator: [{name: x, files: [/etc/hostname]}]\n";
    let transformer = "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: x}\nfiles: [k=/etc/hostname]\n";
    let inline = "resources: []\ngenerators:\n- |-\n  apiVersion: builtin\n  kind: ConfigMapGenerator\n  metadata: {name: x}\n  files: [k=../../../../../../../etc/hostname]\n";
    for changes in [
        &[("services/podinfo/ops/kustomization.yaml", outside)][..],
        &[
            ("services/podinfo/ops/kustomization.yaml", "generators: [g.yaml]\n"),
            ("services/podinfo/ops/g.yaml", transformer),
        ],
        &[("services/podinfo/ops/kustomization.yaml", inline)],
    ] {
        let folder = tree(changes);
        let error = render(folder.path()).await.unwrap_err();
        assert!(matches!(error, RenderError::Outside { .. }), "{error:?}");
    }
    let folder = tree(&[]);
    std::os::unix::fs::symlink("/etc/hostname", folder.path().join("services/plain/link.yaml")).unwrap();
    let error = render(folder.path()).await.unwrap_err();
    assert!(matches!(error, RenderError::Outside { .. }), "{error:?}");
}

#[tokio::test]
async fn secrets_are_not_told_by_what_stays_unresolved_or_fails() {
    let secret = |text: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: x, namespace: podinfo}}\nstringData: {{a: \"{text}\"}}\n"
        )
    };
    let kustomization = "namespace: podinfo\nresources: [../base, secret.yaml]\n";
    let head = tree(&[
        ("services/podinfo/ops/kustomization.yaml", kustomization),
        ("services/podinfo/ops/secret.yaml", &secret("${p:=canary}")),
    ]);
    let diff = renderer().compare(None, Some(head.path()), &registry(), &Values::new()).await;
    let added = diff.difference.objects.iter().find(|object| object.id.name == "x").unwrap();
    assert_eq!(added.unresolved, ["p"]);
    assert!(!format!("{diff:?}{}", serde_json::to_string(&diff).unwrap()).contains("canary"));

    write(head.path(), "services/podinfo/ops/secret.yaml", &secret("${p-canary}"));
    let diff = renderer().compare(None, Some(head.path()), &registry(), &Values::new()).await;
    assert!(diff.problems[0].starts_with("`Secret podinfo/x`: bad substitution"), "{diff:?}");
    assert!(!format!("{diff:?}").contains("canary"), "{diff:?}");
}

#[tokio::test]
async fn what_is_fetched_from_elsewhere_is_refused() {
    let folder = tree(&[("services/podinfo/ops/kustomization.yaml", "resources: [https://example.com/x.yaml]\n")]);
    let error = render(folder.path()).await.unwrap_err();
    assert!(matches!(error, RenderError::Remote { .. }), "{error:?}");
}

#[tokio::test]
async fn equal_content_is_built_once_and_other_content_again() {
    let folder = tempfile::tempdir().unwrap();
    let (program, runs) = counting(folder.path());
    let cache = folder.path().join("cache");
    let settings = RenderSettings { cache: Some(cache.clone()), parallelism: 2 };
    let renderer = || Renderer::new(program.clone(), settings.clone());
    let (base, same) = (tree(&[]), tree(&[]));
    let head = tree(&[("services/podinfo/base/settings.txt", "color=red\n")]);

    // The registry itself and two services; both sides share them.
    renderer().compare(Some(base.path()), Some(same.path()), &registry(), &Values::new()).await;
    assert_eq!(runs(), 3);
    let first = renderer().render(same.path(), &registry(), &Values::new()).await.unwrap();
    assert_eq!(runs(), 3, "another run finds the results of the first");

    let changed = renderer().render(head.path(), &registry(), &Values::new()).await.unwrap();
    assert_eq!(runs(), 4, "a file of a generator in the base belongs to the overlay");
    assert!(changed.objects.iter().any(|object| object.value["data"]["settings.txt"] == "color=red\n"));

    for entry in fs::read_dir(&cache).unwrap() {
        fs::write(entry.unwrap().path(), "broken").unwrap();
    }
    let mended = renderer().render(base.path(), &registry(), &Values::new()).await.unwrap();
    assert_eq!((runs(), mended.objects), (7, first.objects), "what cannot be read is built again");
}

#[tokio::test]
async fn kustomizations_without_an_end_are_stopped() {
    let forever = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: \"a${n}\", namespace: flux-system}\nspec: {path: ./loop, prune: true, postBuild: {substitute: {n: \"x${n}\"}}, sourceRef: {kind: GitRepository, name: flux-system}}\n";
    let start = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a, namespace: flux-system}\nspec: {path: ./loop, prune: true, postBuild: {substitute: {n: \"x\"}}, sourceRef: {kind: GitRepository, name: flux-system}}\n";
    let folder = tree(&[("loop/k.yaml", forever), ("clusters/gc0/ops/loop.yaml", start)]);
    let error = render(folder.path()).await.unwrap_err();
    assert!(matches!(error, RenderError::TooDeep { .. }), "{error:?}");
}

#[test]
fn registries_are_found_by_their_folders() {
    let folder =
        tree(&[("clusters/gc0/apps/x.yaml", ""), ("clusters/_shared/base/x.yaml", ""), ("clusters/README.md", "")]);
    let names: Vec<_> = registries(folder.path()).unwrap().iter().map(Registry::path).collect();
    assert_eq!(names, ["clusters/gc0/apps", "clusters/gc0/ops"]);
}
