//! `kstack explain` and `kstack list` in platforms as kstack writes them.

use crate::{
    scaffold::platforms,
    support::cli::{Ran, World},
};

const MAIN: &str = "infra/eks-gc0-eu-west-1/main.tf";
const POOL: &str = "infra/eks-gc0-eu-west-1/node_pool_default.tf";

/// The AWS platform of the examples, with an inherited value that is removed, an expression and a list.
fn world() -> World {
    let mut world = World::new();
    platforms::render(&platforms::aws()).write(&world.work()).unwrap();
    let edit = |path: &str, old: &str, new: &str| {
        let text = world.read(path);
        assert!(text.contains(old), "`{old}` is not in {path}:\n{text}");
        world.write(path, &text.replacen(old, new, 1));
    };
    edit(MAIN, "nat = \"one\"", "nat = \"one\", avoid_cidrs = local.peers");
    edit(
        POOL,
        "max_size       = 9",
        "max_size       = 9\n      labels = { \"example.com/use\" = \"any\" }\n      spot = true",
    );
    edit(POOL, "min_size = 1", "min_size = 1\n      spot = null");
    // Where a default stands, and what else the modules have, is not the matter of these tests.
    world.filter(r"(modules/\S+\.tf:)\d+", "$1[LINE]");
    world.filter(r#"(modules/[^"]+","line":)\d+"#, "${1}0");
    world
}

fn explain(arguments: &[&str]) -> Ran {
    world().kstack(&[&["explain", "eks-gc0-eu-west-1"], arguments].concat())
}

#[test]
fn what_holds_and_which_line_says_so() {
    insta::assert_snapshot!(explain(&["network.nat"]), @r#"
    --- stdout ---
    cluster modules/aws/cluster, called at infra/eks-gc0-eu-west-1/main.tf:1
    per_zone | one | none: Way out for nodes: a NAT gateway per zone, one for all (cheaper, but its zone takes all out), or none
    SETTING      ENVIRONMENT  VALUE       SET AT                                      INSTEAD OF
    network.nat  ops          "one"       infra/eks-gc0-eu-west-1/main.tf:22 in ops   "per_zone" of apps, infra/eks-gc0-eu-west-1/main.tf:16
                 apps         "per_zone"  infra/eks-gc0-eu-west-1/main.tf:16 in apps
    --- exit code 0 ---
    "#);
    insta::assert_snapshot!(explain(&["network.avoid_cidrs"]), @r"
    --- stdout ---
    cluster modules/aws/cluster, called at infra/eks-gc0-eu-west-1/main.tf:1
    list(string): Networks that are or will be connected to this one: overlap with them is refused
    SETTING              ENVIRONMENT  VALUE        SET AT                                                 INSTEAD OF
    network.avoid_cidrs  ops          local.peers  infra/eks-gc0-eu-west-1/main.tf:22 in ops
                         apps         []           default, modules/aws/cluster/settings/variables.tf:[LINE]
    --- exit code 0 ---
    ");
    insta::assert_snapshot!(explain(&["node_pool_default.spot"]), @r"
    --- stdout ---
    node_pool_default modules/aws/cluster/node-pool, called at infra/eks-gc0-eu-west-1/node_pool_default.tf:1
    bool: Spot instances: cheaper, may be taken back at any time
    SETTING  ENVIRONMENT  VALUE  SET AT                                                           INSTEAD OF
    spot     ops          false  default, modules/aws/cluster/node-pool/settings/variables.tf:[LINE]  null of ops, infra/eks-gc0-eu-west-1/node_pool_default.tf:19; true of apps, infra/eks-gc0-eu-west-1/node_pool_default.tf:14
             apps         true   infra/eks-gc0-eu-west-1/node_pool_default.tf:14 in apps
    --- exit code 0 ---
    ");
    insta::assert_snapshot!(explain(&["node_pool_default.labels", "--environment", "ops"]), @r#"
    --- stdout ---
    node_pool_default modules/aws/cluster/node-pool, called at infra/eks-gc0-eu-west-1/node_pool_default.tf:1
    SETTING                    ENVIRONMENT  VALUE  SET AT                                                   INSTEAD OF
    labels["example.com/use"]  ops          "any"  infra/eks-gc0-eu-west-1/node_pool_default.tf:13 in apps
    --- exit code 0 ---
    "#);
    insta::assert_snapshot!(explain(&["max_size"]), @r"
    --- stdout ---
    node_pool_default modules/aws/cluster/node-pool, called at infra/eks-gc0-eu-west-1/node_pool_default.tf:1
    number: Most nodes
    SETTING   ENVIRONMENT  VALUE  SET AT                                                   INSTEAD OF
    max_size  ops          3      infra/eks-gc0-eu-west-1/node_pool_default.tf:20 in ops   9 of apps, infra/eks-gc0-eu-west-1/node_pool_default.tf:12
              apps         9      infra/eks-gc0-eu-west-1/node_pool_default.tf:12 in apps
    --- exit code 0 ---
    ");
}

#[test]
fn json_has_a_document_for_each_setting_and_environment() {
    insta::assert_snapshot!(explain(&["network.nat", "--format", "json"]), @r#"
    --- stdout ---
    {"type":"setting","version":1,"stack":"eks-gc0-eu-west-1","module":"cluster","key":"network.nat","environment":"ops","origin":"set","set_in":"ops","at":{"file":"infra/eks-gc0-eu-west-1/main.tf","line":22},"overridden":[{"environment":"apps","at":{"file":"infra/eks-gc0-eu-west-1/main.tf","line":16},"value":"per_zone"}],"value":"one"}
    {"type":"setting","version":1,"stack":"eks-gc0-eu-west-1","module":"cluster","key":"network.nat","environment":"apps","origin":"set","set_in":"apps","at":{"file":"infra/eks-gc0-eu-west-1/main.tf","line":16},"overridden":[],"value":"per_zone"}
    --- exit code 0 ---
    "#);
    insta::assert_snapshot!(explain(&["network.avoid_cidrs", "--format", "json", "--environment", "ops"]), @r#"
    --- stdout ---
    {"type":"setting","version":1,"stack":"eks-gc0-eu-west-1","module":"cluster","key":"network.avoid_cidrs","environment":"ops","origin":"set","set_in":"ops","at":{"file":"infra/eks-gc0-eu-west-1/main.tf","line":22},"overridden":[],"expression":"local.peers"}
    --- exit code 0 ---
    "#);
    insta::assert_snapshot!(explain(&["node_pool_default.spot", "--format", "json", "--environment", "ops"]), @r#"
    --- stdout ---
    {"type":"setting","version":1,"stack":"eks-gc0-eu-west-1","module":"node_pool_default","key":"spot","environment":"ops","origin":"default","set_in":null,"at":{"file":"modules/aws/cluster/node-pool/settings/variables.tf","line":0},"overridden":[{"environment":"ops","at":{"file":"infra/eks-gc0-eu-west-1/node_pool_default.tf","line":19},"value":null},{"environment":"apps","at":{"file":"infra/eks-gc0-eu-west-1/node_pool_default.tf","line":14},"value":true}],"value":false}
    --- exit code 0 ---
    "#);
}

#[test]
fn a_mistyped_name_is_answered_with_the_nearest() {
    insta::assert_snapshot!(world().kstack(&["explain", "eks-gc1-eu-west-1"]), @r"
    --- stderr ---
    error: there is no stack `eks-gc1-eu-west-1`

    hint: did you mean `eks-gc0-eu-west-1`?
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(explain(&["network.cdir"]), @r"
    --- stderr ---
    error: there is no setting `network.cdir`

    hint: did you mean `network.cidr`?
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(explain(&["node_pool_defualt"]), @r"
    --- stderr ---
    error: there is no setting `node_pool_defualt`

    hint: did you mean `node_pool_default`?
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(explain(&["node_pool_default.disk.size"]), @r"
    --- stderr ---
    error: there is no setting `node_pool_default.disk.size`

    hint: did you mean `node_pool_default.disk.size_gib`?
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(explain(&["--environment", "app"]), @r"
    --- stderr ---
    error: there is no environment `app`

    hint: did you mean `apps`?
    --- exit code 1 ---
    ");
    insta::assert_snapshot!(explain(&["zzyzx"]), @r"
    --- stderr ---
    error: there is no setting `zzyzx`

    hint: `kstack explain` without a setting shows all that there are
    --- exit code 1 ---
    ");
}

#[test]
fn what_is_wrong_is_not_passed_over_in_silence() {
    let world = world();
    world.write(MAIN, &world.read(MAIN).replace("kubernetes_version", "kubernetes_versoin"));
    let ran = world.kstack(&["explain", "eks-gc0-eu-west-1", "kubernetes_version"]).done();
    insta::assert_snapshot!(ran.stderr, @"warning: settings that are wrong are not in here: `kstack validate` shows what is wrong with the platform");
    insta::assert_snapshot!(world.kstack(&["explain", "bootstrap"]), @"
    --- stderr ---
    error: stack `bootstrap` calls no module that has settings by environment

    hint: `kstack list` shows the clusters
    --- exit code 1 ---
    ");
}

#[test]
fn every_setting_of_every_module_is_explained() {
    let documents = explain(&["--format", "json"]).done().json();
    let of = |module: &str| documents.iter().filter(|document| document["module"] == module).count();
    assert!(of("cluster") > 60 && of("node_pool_default") > 60, "{} and {}", of("cluster"), of("node_pool_default"));
    assert!(documents.iter().all(|document| document["origin"] != "missing" && document["origin"] != "open"));
}

#[test]
fn the_inventory_shows_clusters_and_other_stacks() {
    let mut world = world();
    world.install("git");
    world.write("infra/bootstrap/main.tf", "terraform {\n  backend \"s3\" {}\n}\n");
    world.write("infra/bootstrap/stack.hcl", "shared      = true\ndescription = \"The bucket for state\"\n");
    world.must("", "git", &["init", "--quiet"]);
    insta::assert_snapshot!(world.kstack(&["list"]), @r"
    --- stdout ---
    CLUSTER            PROVIDER  REGION     ENVIRONMENTS  NODE POOLS                   DESCRIPTION
    eks-gc0-eu-west-1  aws       eu-west-1  ops, apps     default (ops 1-3, apps 3-9)

    STACK      ENVIRONMENTS  AFTER  DESCRIPTION
    bootstrap  shared               The bucket for state
    --- exit code 0 ---
    ");
    insta::assert_snapshot!(world.kstack(&["list", "--format", "json"]), @r#"
    --- stdout ---
    {"type":"stack","version":1,"stack":"bootstrap","environments":[],"shared":true,"kind":"stack","description":"The bucket for state","after":[],"cluster":null}
    {"type":"stack","version":1,"stack":"eks-gc0-eu-west-1","environments":["ops","apps"],"shared":false,"kind":"cluster","description":null,"after":[],"cluster":{"provider":"aws","instances":[{"environment":"ops","region":"eu-west-1","node_pools":[{"module":"node_pool_default","name":"default","min_size":1,"max_size":3}]},{"environment":"apps","region":"eu-west-1","node_pools":[{"module":"node_pool_default","name":"default","min_size":3,"max_size":9}]}]}}
    --- exit code 0 ---
    "#);
}
