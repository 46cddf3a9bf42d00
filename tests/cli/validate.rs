//! `kstack validate`: one mistake at a time in a platform as kstack writes it.

use crate::{
    scaffold::platforms,
    support::{
        cli::{Ran, World},
        providers,
    },
};

/// A world whose working folder is the AWS platform of the examples.
fn world() -> World {
    let world = World::new();
    platforms::render(&platforms::aws()).write(&world.work()).unwrap();
    world
}

/// `kstack validate` after `old` was replaced by `new` in the file at `path`.
fn after(path: &str, old: &str, new: &str) -> Ran {
    let world = world();
    let text = world.read(path);
    assert!(text.contains(old), "`{old}` is not in {path}:\n{text}");
    world.write(path, &text.replacen(old, new, 1));
    world.kstack(&["validate"])
}

#[test]
fn a_new_platform_is_valid() {
    let mut world = world();
    world.filter(r"valid: \d+ files", "valid: [N] files");
    insta::assert_snapshot!(world.kstack(&["validate"]), @r"
    --- stdout ---
    valid: [N] files, 2 stacks, 2 environments
    --- exit code 0 ---
    ");
    insta::assert_snapshot!(world.kstack_in("infra/eks-gc0-eu-west-1", &["validate"]), @r"
    --- stdout ---
    valid: [N] files, 2 stacks, 2 environments
    --- exit code 0 ---
    ");
    let documents = world.kstack(&["validate", "--format", "json"]).done().json();
    assert_eq!((&documents[0]["type"], &documents[0]["stacks"]), (&"validate".into(), &2.into()));
}

#[test]
fn a_folder_without_a_platform() {
    insta::assert_snapshot!(World::new().kstack(&["validate"]), @r"
    --- stderr ---
    error: `[WORLD]/work` is not a platform: it has no `kstack.hcl`

    hint: `kstack init` makes a platform; `-C` works in another folder
    --- exit code 1 ---
    ");
}

#[test]
fn mistakes_in_kstack_hcl() {
    insta::assert_snapshot!(after("kstack.hcl", "protected", "proteced"), @"
    --- stderr ---
    error: the platform has a problem

    error: block `environment` takes no attribute `proteced`
      --> kstack.hcl:21:3
       |
    21 |   proteced = true
       |   ^^^^^^^^
       |
    help: did you mean `protected`?
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(after("kstack.hcl", "state \"s3\" {", "state \"s3\""), @r#"
    --- stderr ---
    error: the platform has a problem

    error: invalid HCL: expected `{`
      --> kstack.hcl:24:11
       |
    24 |   state "s3"
       |  ___________^
    25 | |   bucket = "acme-kstack-state"
       | |_^
    --- exit code 1 ---
    "#);
}

#[test]
fn mistakes_in_terraform_files() {
    insta::assert_snapshot!(after("infra/eks-gc0-eu-west-1/providers.tf", "\"eu-west-1\"", "\"eu-west-1"), @r#"
    --- stderr ---
    error: the platform has a problem

    error: invalid HCL: invalid block body; expected `}`, newline or identifier
     --> infra/eks-gc0-eu-west-1/providers.tf:2:3
      |
    2 |   region = "eu-west-1
      |   ^
    --- exit code 1 ---
    "#);
    insta::assert_snapshot!(after("infra/eks-gc0-eu-west-1/backend.tf", "\"s3\"", "\"local\""), @r#"
    --- stderr ---
    error: the platform has a problem

    error: the backend is `local`, but the platform's state is `s3`
     --> infra/eks-gc0-eu-west-1/backend.tf:3:11
      |
    3 |   backend "local" {}
      |           ^^^^^^^
      |
    help: write `backend "s3" {}`
    --- exit code 1 ---
    "#);
    insta::assert_snapshot!(after("infra/eks-gc0-eu-west-1/backend.tf", "backend \"s3\" {}", ""), @r#"
    --- stderr ---
    error: the platform has a problem

    error: stack `eks-gc0-eu-west-1` has no backend
     --> infra/eks-gc0-eu-west-1/backend.tf:1:1
      |
    1 | terraform {
      | ^
      |
    help: add `terraform { backend "s3" {} }`, or its state is lost
    --- exit code 1 ---
    "#);
}

#[test]
fn mistakes_in_settings() {
    let main = "infra/eks-gc0-eu-west-1/main.tf";
    insta::assert_snapshot!(after(main, "nat  =", "natt  ="), @r#"
    --- stderr ---
    error: the platform has a problem

    error: environment `apps` has a setting `network.natt` that the module does not know
      --> infra/eks-gc0-eu-west-1/main.tf:16:9
       |
    16 |         natt  = "per_zone"
       |         ^^^^
       |
    help: did you mean `nat`?
    --- exit code 1 ---
    "#);
    insta::assert_snapshot!(after(main, "availability_zones", "availabilty_zones"), @r#"
    --- stderr ---
    error: the platform has a problem

    error: environment `apps` has a setting `availabilty_zones` that the module does not know
      --> infra/eks-gc0-eu-west-1/main.tf:11:7
       |
    11 |       availabilty_zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
       |       ^^^^^^^^^^^^^^^^^
       |
    help: did you mean `availability_zones`?
    --- exit code 1 ---
    "#);
    insta::assert_snapshot!(after(main, "ops = {", "opps = {"), @r"
    --- stderr ---
    error: the platform has a problem

    error: environment `opps` is not in `kstack.hcl`
      --> infra/eks-gc0-eu-west-1/main.tf:21:5
       |
    21 |     opps = {
       |     ^^^^
       |
    help: did you mean `ops`?
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(after("infra/eks-gc0-eu-west-1/node_pool_default.tf", "max_size", "maximum"), @r"
    --- stderr ---
    error: the platform has 2 problems

    error: module `node_pool_default` needs `max_size`, which is not set in environment `apps`
     --> infra/eks-gc0-eu-west-1/node_pool_default.tf:8:5
      |
    8 |     apps = {
      |     ^^^^
      |
    help: set it in `apps`

    error: environment `apps` has a setting `maximum` that the module does not know
      --> infra/eks-gc0-eu-west-1/node_pool_default.tf:12:7
       |
    12 |       maximum       = 9
       |       ^^^^^^^
       |
    help: known: `name`, `instance_types`, `min_size`, `max_size`, `desired_size`, `spot`, `availability_zones`, `subnet_ids`, `subnet_cidrs`, `security_group_ids`, `kubernetes_version`, `ami_type`, `ami_release_version`, `ami_id`, `setup_script`, `disk`, `labels`, `taints`, `metadata_options`, `update`, `kubelet`, `deletion_protection`, `tags`, `extra`
    --- exit code 1 ---
    ");
}

#[test]
fn mistakes_in_manifests() {
    let services = "clusters/eks-gc0-eu-west-1/ops/services.yaml";
    insta::assert_snapshot!(after(services, "  prune: true", "   prune: true"), @r"
    --- stderr ---
    error: the platform has a problem

    error: invalid YAML: mapping values are not allowed in this context
      --> clusters/eks-gc0-eu-west-1/ops/services.yaml:17:9
       |
    17 |    prune: true
       |         ^
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(after(services, "./services/access/ops", "./services/acess/ops"), @r"
    --- stderr ---
    error: the platform has a problem

    error: `access` applies the folder `./services/acess/ops`, which does not exist
      --> clusters/eks-gc0-eu-west-1/ops/services.yaml:16:9
       |
    16 |   path: ./services/acess/ops
       |         ^^^^^^^^^^^^^^^^^^^^
       |
    help: create the folder, or take the object away
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(after(services, "- name: scheduling", "- name: schedule"), @r"
    --- stderr ---
    error: the platform has a problem

    error: `cert-manager` waits for `schedule`, which is not in `clusters/eks-gc0-eu-west-1/ops`
      --> clusters/eks-gc0-eu-west-1/ops/services.yaml:74:13
       |
    74 |     - name: schedule
       |             ^^^^^^^^
       |
    help: known: `access`, `cert-manager`, `flux-system`, `hello`, `scheduling`, `tenancy`
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(after("apps/hello/base/kustomization.yaml", "- service.yaml", "- services.yaml"), @r"
    --- stderr ---
    error: the platform has a problem

    error: `apps/hello/base/services.yaml` does not exist
     --> apps/hello/base/kustomization.yaml:8:5
      |
    8 |   - services.yaml
      |     ^^^^^^^^^^^^^
      |
    help: create it, or take the reference away
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(after("apps/hello/base/kustomization.yaml", "=message.txt", "=../../../../x"), @r"
    --- stderr ---
    error: the platform has a problem

    error: `../../../../x` lies outside the repository
      --> apps/hello/base/kustomization.yaml:12:17
       |
    12 |       - message=../../../../x
       |                 ^^^^^^^^^^^^^
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(after("apps/hello/ops/kustomization.yaml", "- ../base", "- .."), @r"
    --- stderr ---
    error: the platform has a problem

    error: the folder `apps/hello` has no `kustomization.yaml`
     --> apps/hello/ops/kustomization.yaml:5:5
      |
    5 |   - ..
      |     ^^
      |
    help: add one
    --- exit code 1 ---
    ");
}

#[test]
fn a_registry_that_disagrees_with_the_platform() {
    let sync = "clusters/eks-gc0-eu-west-1/apps/flux-system/gotk-sync.yaml";
    insta::assert_snapshot!(after(sync, "branch: deploy/apps", "branch: main"), @r"
    --- stderr ---
    error: the platform has a problem

    error: the engine of `apps` follows the branch `main`
      --> clusters/eks-gc0-eu-west-1/apps/flux-system/gotk-sync.yaml:11:13
       |
    11 |     branch: main
       |             ^^^^
       |
    help: `kstack.hcl` says `deploy/apps`: write that
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(after(sync, "eu-west-1/apps", "eu-west-1/ops"), @r"
    --- stderr ---
    error: the platform has a problem

    error: the engine starts from `./clusters/eks-gc0-eu-west-1/ops`
      --> clusters/eks-gc0-eu-west-1/apps/flux-system/gotk-sync.yaml:23:9
       |
    23 |   path: ./clusters/eks-gc0-eu-west-1/ops
       |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
    help: this is the registry `./clusters/eks-gc0-eu-west-1/apps`: write that
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(after(sync, "github.com/acme", "github.com/other"), @r"
    --- stderr ---
    error: the platform has a problem

    error: the engine of `apps` pulls `https://github.com/other/platform`
      --> clusters/eks-gc0-eu-west-1/apps/flux-system/gotk-sync.yaml:14:8
       |
    14 |   url: https://github.com/other/platform
       |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
    help: `kstack.hcl` says `https://github.com/acme/platform`: write that
    --- exit code 1 ---
    ");
}

#[test]
fn placeholders_that_nobody_filled_in() {
    insta::assert_snapshot!(after("environments/ops.tfbackend", "\"acme-kstack-state\"", "\"<STATE_BUCKET>\""), @r#"
    --- stderr ---
    error: the platform has a problem

    error: `<STATE_BUCKET>` is not filled in
     --> environments/ops.tfbackend:2:17
      |
    2 | bucket       = "<STATE_BUCKET>"
      |                 ^^^^^^^^^^^^^^
      |
    help: write the value
    --- exit code 1 ---
    "#);
}

#[test]
fn files_that_are_missing() {
    let world = world();
    std::fs::remove_file(world.work().join("environments/ops.tfvars")).unwrap();
    std::fs::remove_dir_all(world.work().join("clusters/eks-gc0-eu-west-1/apps")).unwrap();
    insta::assert_snapshot!(world.kstack(&["validate"]), @r#"
    --- stderr ---
    error: the platform has 2 problems

    error: the cluster has no registry `clusters/eks-gc0-eu-west-1/apps`
     --> infra/eks-gc0-eu-west-1/outputs.tf:3:8
      |
    3 | output "cluster" {
      |        ^^^^^^^^^
      |
    help: copy that of another environment, and change path and branch in gotk-sync.yaml

    error: environment `ops` has no `environments/ops.tfvars`
      --> kstack.hcl:15:13
       |
    15 | environment "ops" {
       |             ^^^^^
       |
    help: copy that of another environment and change the name in it
    --- exit code 1 ---
    "#);
}

#[test]
fn folders_that_belong_to_nothing() {
    let world = world();
    world.write("clusters/eks-old-eu-west-1/ops/kustomization.yaml", "resources: []\n");
    world.write("infra/Extra/main.tf", "");
    world.write("infra/dns/main.tf", "terraform {\n  backend \"s3\" {}\n}\n");
    world.write("infra/dns/stack.hcl", "environments = [\"opps\"]\nafter = [\"eks-gc0-eu-west-2\"]\n");
    insta::assert_snapshot!(world.kstack(&["validate"]), @r#"
    --- stderr ---
    error: the platform has 4 problems

    error: `clusters/eks-old-eu-west-1/ops` belongs to no stack and environment
     --> clusters/eks-old-eu-west-1/ops/kustomization.yaml:1:1
      |
    1 | resources: []
      | ^
      |
    help: a registry is called like its stack in `infra/` and its environment in `kstack.hcl`

    error: `Extra` is not a valid stack name: only lower-case letters, digits and `-` are allowed
     --> infra/Extra/main.tf:1:1
      |
    1 |
      | ^
      |
    help: rename the folder

    error: there is no environment `opps` in `kstack.hcl`
     --> infra/dns/stack.hcl:1:17
      |
    1 | environments = ["opps"]
      |                 ^^^^^^
      |
    help: did you mean `ops`?

    error: there is no stack `eks-gc0-eu-west-2`
     --> infra/dns/stack.hcl:2:10
      |
    2 | after = ["eks-gc0-eu-west-2"]
      |          ^^^^^^^^^^^^^^^^^^^
      |
    help: did you mean `eks-gc0-eu-west-1`?
    --- exit code 1 ---
    "#);
}

#[test]
fn a_stack_that_lies_too_deep_is_told() {
    let mut world = world();
    world.filter(r"valid: \d+ files", "valid: [N] files");
    world.write("infra/aws/rds/main.tf", "terraform {\n  backend \"s3\" {}\n}\n");
    world.write("infra/modules/bucket/main.tf", "");
    insta::assert_snapshot!(world.kstack(&["validate"]), @r"
    --- stdout ---
    valid: [N] files, 2 stacks, 2 environments
    --- stderr ---
    warning: `infra/aws/rds` is made like a stack, but only folders directly in `infra/` are stacks
    --- exit code 0 ---
    ");
}

#[test]
fn json_has_every_problem_with_its_place() {
    let world = world();
    world.write("services/tenancy/ops/kustomization.yaml", "resources:\n  - ../bass\n");
    let ran = world.kstack(&["validate", "--format", "json"]);
    assert_eq!(ran.code, Some(1));
    let problem = &ran.json()[0]["problems"][0];
    assert_eq!(problem["file"], "services/tenancy/ops/kustomization.yaml");
    assert_eq!(problem["line"], 2);
}

#[test]
fn terraform_is_asked_on_demand() {
    let mut world = World::new();
    platforms::render(&platforms::answers("tests/golden/single")).write(&world.work()).unwrap();
    insta::assert_snapshot!(world.kstack(&["validate", "--terraform"]), @r"
    --- stderr ---
    error: `terraform` was not found

    hint: install Terraform or OpenTofu, or name the program in `KSTACK_TERRAFORM`
    --- exit code 1 ---
    ");

    world.install("terraform");
    world.set("TF_CLI_CONFIG_FILE", providers::cli_config(world.root()));
    world.set("CHECKPOINT_DISABLE", "1");
    world.kstack(&["validate", "--terraform"]).done();
    assert!(!world.work().join("infra/local-one/.terraform").exists(), "Terraform's folders stay out of the work tree");

    world.write("infra/local-one/extra.tf", "output \"x\" {\n  value  = module.clustr.cluster\n}\n");
    insta::assert_snapshot!(world.kstack(&["validate", "--terraform"]), @r#"
    --- stderr ---
    error: the platform has 2 problems

    error: the file is not formatted
     --> infra/local-one/extra.tf:1:1
      |
    1 | output "x" {
      | ^
      |
    help: run `terraform fmt -recursive`

    error: Reference to undeclared module
     --> infra/local-one/extra.tf:2:12
      |
    2 |   value  = module.clustr.cluster
      |            ^^^^^^^^^^^^^^^^^^^^^
      |
    help: No module call named "clustr" is declared in the root module. Did you mean "cluster"?
    --- exit code 1 ---
    "#);
}
