//! `kstack add`, `remove`, `promote app` and `list services`.

use crate::{scaffold::platforms, support::cli::World};

/// A world whose working folder is the local platform of the examples, committed.
fn world() -> World {
    let mut world = World::new();
    world.install("git");
    platforms::render(&platforms::local()).write(&world.work()).unwrap();
    world.must("", "git", &["init", "--quiet", "--initial-branch=main"]);
    commit(&world);
    world
}

fn commit(world: &World) {
    world.must("", "git", &["add", "--all"]);
    world.must("", "git", &["commit", "--quiet", "--message", "x"]);
}

#[test]
fn a_service_comes_with_what_it_requires_and_is_told() {
    let world = world();
    insta::assert_snapshot!(world.kstack(&["add", "service", "secret-stores", "--environment", "ops"]), @r"
    --- stdout ---
    changed  README.md
    changed  clusters/local-gc0/ops/services.yaml
    changed  kstack.lock.hcl
    created  services/external-secrets/base/external-secrets.yaml
    created  services/external-secrets/base/kustomization.yaml
    created  services/external-secrets/base/namespace.yaml
    created  services/external-secrets/ops/kustomization.yaml
    created  services/secret-stores/base/kustomization.yaml
    created  services/secret-stores/base/readers.yaml
    created  services/secret-stores/clouds/local/kustomization.yaml
    created  services/secret-stores/clouds/local/store.yaml
    created  services/secret-stores/ops/kustomization.yaml
    --- stderr ---
    added `secret-stores` to local-gc0 (ops)
    with what it requires: `external-secrets`
    needed on local: the service `openbao`, with the role `external-secrets` of its Kubernetes authentication
    --- exit code 0 ---
    ");
    commit(&world);
    // Again, there is nothing to do.
    insta::assert_snapshot!(world.kstack(&["add", "service", "secret-stores", "--environment", "ops"]), @r"
    --- stderr ---
    these clusters have `secret-stores` already
    --- exit code 0 ---
    ");
    assert_eq!(world.must("", "git", &["status", "--porcelain"]), "");
    assert_eq!(world.kstack(&["validate"]).done().stdout.lines().count(), 1);
    insta::assert_snapshot!(world.kstack(&["remove", "service", "external-secrets"]), @r"
    --- stderr ---
    error: `external-secrets` is needed by `secret-stores` in `clusters/local-gc0/ops`

    hint: take that away first, or its `dependsOn`
    --- exit code 1 ---
    ");
    world.kstack(&["remove", "service", "secret-stores"]).done();
    world.kstack(&["remove", "service", "external-secrets"]).done();
    commit(&world);
    assert_eq!(world.must("", "git", &["diff", "HEAD~2", "--stat"]), "", "nothing is left of it");
}

#[test]
fn a_change_is_shown_as_a_diff_that_git_takes() {
    let world = world();
    let shown = world.kstack(&["add", "service", "reloader", "--environment", "ops", "--dry-run"]).done().stdout;
    assert_eq!(world.must("", "git", &["status", "--porcelain"]), "");
    world.write("../change.diff", &shown);
    world.must("", "git", &["apply", "../change.diff"]);
    world.must("", "git", &["add", "--all"]);
    let applied = world.must("", "git", &["write-tree"]);
    world.must("", "git", &["reset", "--quiet", "--hard"]);
    world.kstack(&["add", "service", "reloader", "--environment", "ops"]).done();
    world.must("", "git", &["add", "--all"]);
    assert_eq!(world.must("", "git", &["write-tree"]), applied);
}

#[test]
fn names_that_there_are_not() {
    let world = world();
    insta::assert_snapshot!(world.kstack(&["add", "service", "cert-manger"]), @r"
    --- stderr ---
    error: there is no service `cert-manger`

    hint: did you mean `cert-manager`?
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(world.kstack(&["add", "service", "loki", "--cluster", "local-gc1"]), @r"
    --- stderr ---
    error: there is no cluster `local-gc1`

    hint: did you mean `local-gc0`?
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(world.kstack(&["add", "service", "karpenter"]), @r"
    --- stderr ---
    error: `karpenter` does not work on `local-gc0`

    hint: it works on AWS
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(world.kstack(&["remove", "service", "shedulin"]), @r"
    --- stderr ---
    error: there is no service `shedulin`

    hint: did you mean `scheduling`?
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(world.kstack(&["remove", "service", "scheduling"]), @r"
    --- stderr ---
    error: `scheduling` is needed by `hello` in `clusters/local-gc0/ops`

    hint: take that away first, or its `dependsOn`
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(world.kstack(&["add", "app", "shop", "--namespace", "dmo"]), @r"
    --- stderr ---
    error: there is no namespace of a team `dmo`

    hint: did you mean `demo`?
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(world.kstack(&["promote", "app", "helo", "--from", "ops", "--to", "apps"]), @r"
    --- stderr ---
    error: there is no app `helo`

    hint: did you mean `hello`?
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(world.kstack(&["add", "app", "shop", "--image", "ghcr.io/acme/shop"]), @r"
    --- stderr ---
    error: invalid value 'ghcr.io/acme/shop' for '--image <IMAGE>': it names no version: add a tag or a digest

    For more information, try '--help'.
    --- exit code 64 ---
    ");
}

#[test]
fn services_of_one_s_own() {
    let world = world();
    world.write("../values.yaml", "# How many.\nreplicaCount: 2\n");
    let chart = ["--chart", "oci://ghcr.io/stefanprodan/charts/podinfo", "--version", "6.9.1"];
    let run = |more: &[&str]| world.kstack(&[&["add", "service", "podinfo"], &chart[..], more].concat());
    run(&["--values", "../values.yaml"]).done();
    insta::assert_snapshot!(world.read("services/podinfo/base/podinfo.yaml"), @r#"
    # The version is pinned here and listed in kstack.lock.hcl.
    apiVersion: source.toolkit.fluxcd.io/v1
    kind: OCIRepository
    metadata:
      name: podinfo
    spec:
      interval: 12h
      url: oci://ghcr.io/stefanprodan/charts/podinfo
      ref:
        tag: "6.9.1"
      layerSelector:
        mediaType: application/vnd.cncf.helm.chart.content.v1.tar+gzip
        operation: copy
    ---
    apiVersion: helm.toolkit.fluxcd.io/v2
    kind: HelmRelease
    metadata:
      name: podinfo
    spec:
      interval: 1h
      timeout: 5m
      releaseName: podinfo
      chartRef:
        kind: OCIRepository
        name: podinfo
      install:
        crds: Create
        remediation:
          retries: 3
      upgrade:
        crds: CreateReplace
        remediation:
          retries: 3
      driftDetection:
        mode: enabled
      values:
        # How many.
        replicaCount: 2
    "#);
    world.write("../quotas/quota.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: quota\n");
    world.kstack(&["add", "service", "quotas", "--manifests", "../quotas"]).done();
    insta::assert_snapshot!(world.read("services/quotas/base/kustomization.yaml"), @r"
    apiVersion: kustomize.config.k8s.io/v1beta1
    kind: Kustomization
    resources:
      - quota.yaml
    ");
    insta::assert_snapshot!(world.kstack(&["validate"]), @r"
    --- stdout ---
    valid: 87 files, 1 stack, 2 environments
    --- exit code 0 ---
    ");
    commit(&world);
    world.kstack(&["remove", "service", "podinfo"]).done();
    world.kstack(&["remove", "service", "quotas"]).done();
    commit(&world);
    assert_eq!(world.must("", "git", &["diff", "HEAD~2", "--stat"]), "", "nothing is left of them");
    insta::assert_snapshot!(world.kstack(&["add", "service", "loki", "--chart", "oci://x/y", "--version", "1.0.0"]), @r"
    --- stderr ---
    error: the catalogue has a service `loki`

    hint: `kstack add service loki` without `--chart` and `--manifests` adds it; or choose another name
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(world.kstack(&["add", "service", "x", "--chart", "y", "--version", "1.0.0"]), @r"
    --- stderr ---
    error: `--chart` names no place: `y`

    hint: write `oci://…`, or give its repository with `--repository`
    --- exit code 64 ---
    ");
    insta::assert_snapshot!(world.kstack(&["add", "service", "x", "--manifests", "environments"]), @r"
    --- stderr ---
    error: there are no manifests in `[WORLD]/work/environments`

    hint: manifests are files that end in `.yaml` or `.yml`
    --- exit code 1 ---
    ");
}

/// Overlays for every environment without anything to fill in, and a promotion that changes one line of one file.
#[test]
fn an_app_is_added_promoted_and_taken_away() {
    let mut world = world();
    world.install("kubectl");
    insta::assert_snapshot!(world.kstack(&["add", "app", "shop", "--image", "ghcr.io/acme/shop:1.2.3", "--port", "8080"]), @r"
    --- stdout ---
    created  apps/shop/apps/kustomization.yaml
    created  apps/shop/base/deployment.yaml
    created  apps/shop/base/kustomization.yaml
    created  apps/shop/base/service.yaml
    created  apps/shop/ops/kustomization.yaml
    changed  clusters/local-gc0/apps/apps.yaml
    changed  clusters/local-gc0/ops/apps.yaml
    --- stderr ---
    added `shop` to local-gc0 (ops, apps)
    --- exit code 0 ---
    ");
    for file in world.files("apps/shop") {
        let text = world.read(&format!("apps/shop/{file}"));
        assert!(!text.contains(['<', '$']) && !text.contains("TODO"), "{file}:\n{text}");
    }
    world.kstack(&["validate"]).done();
    for environment in ["ops", "apps"] {
        let built = world.must("", "kubectl", &["kustomize", &format!("apps/shop/{environment}")]);
        assert!(built.contains("image: ghcr.io/acme/shop:1.2.3\n") && built.contains("namespace: demo"), "{built}");
    }
    commit(&world);
    insta::assert_snapshot!(world.kstack(&["promote", "app", "shop", "--version", "1.3.0", "--to", "ops"]), @r"
    --- stdout ---
    changed  apps/shop/ops/kustomization.yaml
    --- stderr ---
    promoted `shop` in ops: 1.2.3 → 1.3.0
    --- exit code 0 ---
    ");
    insta::assert_snapshot!(world.must("", "git", &["diff", "--unified=0", "--no-prefix"]).split_once("@@").unwrap().1, @r#"
     -12 +12 @@ images:
    -    newTag: "1.2.3"
    +    newTag: "1.3.0"
    "#);
    commit(&world);
    insta::assert_snapshot!(world.kstack(&["promote", "app", "shop", "--from", "ops", "--to", "apps"]), @r"
    --- stdout ---
    changed  apps/shop/apps/kustomization.yaml
    --- stderr ---
    promoted `shop` in apps: 1.2.3 → 1.3.0
    --- exit code 0 ---
    ");
    assert_eq!(world.must("", "git", &["diff", "--numstat"]), "1\t1\tapps/shop/apps/kustomization.yaml\n");
    insta::assert_snapshot!(world.kstack(&["promote", "app", "shop", "--from", "ops", "--to", "apps"]), @r"
    --- stderr ---
    `shop` in apps has 1.3.0 already
    --- exit code 0 ---
    ");
    insta::assert_snapshot!(world.kstack(&["remove", "app", "shop"]), @r"
    --- stderr ---
    error: `apps/shop/apps/kustomization.yaml` is not committed

    hint: commit it first, so that it can be brought back, or give `--force`
    --- exit code 1 ---
    ");
    commit(&world);
    world.kstack(&["remove", "app", "shop"]).done();
    commit(&world);
    assert_eq!(world.must("", "git", &["diff", "HEAD~4", "--stat"]), "", "nothing is left of it");
}

#[test]
fn encrypted_files_are_for_the_engine_to_decrypt() {
    let world = world();
    let said = world.kstack(&["add", "service", "reloader", "--sops", "--environment", "ops"]).done().stderr;
    assert!(said.contains("sops-age") && said.contains("docs/secrets.md"), "{said}");
    let registry = world.read("clusters/local-gc0/ops/services.yaml");
    assert!(
        registry.contains("  decryption:\n    provider: sops\n    secretRef:\n      name: sops-age\n"),
        "{registry}"
    );
    assert_eq!(registry.matches("decryption:").count(), 1, "what it requires is not encrypted");
}

#[test]
fn documents_of_changes_and_services() {
    let world = world();
    let add = ["add", "service", "reloader", "--environment", "ops", "--format", "json", "--dry-run"];
    let documents = world.kstack(&add).done().json();
    assert_eq!((&documents[0]["type"], &documents[0]["dry_run"]), (&"edit".into(), &true.into()));
    let changes: Vec<_> =
        documents[0]["files"].as_array().unwrap().iter().map(|file| file["change"].as_str()).collect();
    assert!(changes.contains(&Some("created")) && changes.contains(&Some("changed")));
    let services = world.kstack(&["list", "services", "--format", "json"]).done().json();
    let scheduling = services.iter().find(|service| service["service"] == "scheduling").unwrap();
    assert_eq!(scheduling["registries"][0]["cluster"], "local-gc0");
    insta::assert_snapshot!(world.kstack(&["list", "services", "--used"]), @r"
    --- stdout ---
    SERVICE     CHART  CLUSTERS               DESCRIPTION
    access             local-gc0 (ops, apps)  who may do what: roles for platform administrators and viewers
    scheduling         local-gc0 (ops, apps)  priority classes: what is evicted last when nodes run out
    tenancy            local-gc0 (ops, apps)  one namespace per team: pod security, quota, limits, network policies
    --- stderr ---

    `kstack add service NAME` adds one
    --- exit code 0 ---
    ");
}
