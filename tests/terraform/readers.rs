//! Plans of the real program, read natively and through `show -json`: both must find the same.

use kstack::terraform::{Action, PlanMode, PlanOptions};

use super::{
    compare::{agreed, both, same_for_all, text},
    stack::Stack,
};

#[tokio::test(flavor = "multi_thread")]
async fn creations_unknown_values_outputs_and_secrets() {
    let found = same_for_all(async |program| {
        let stack = Stack::of(program);
        let list = both(
            &stack,
            None,
            r#"
            variable "secret" {
              sensitive = true
              default   = "hush-hush"
            }
            resource "terraform_data" "a" {
              input = {
                number = 0.1, text = "0.1", big = 12345678901234567890, flag = true, none = null
                list = [1, 2], nested = [{ x = "y", p = var.secret }], "odd.key" = "z", set = toset(["b", "a"]), empty = []
              }
            }
            resource "terraform_data" "b" {
              count = 2
              input = [terraform_data.a.id, "fixed", var.secret]
            }
            output "plain" { value = { a = 1.5, b = [true] } }
            output "later" { value = terraform_data.a.id }
            output "secret" {
              value     = var.secret
              sensitive = true
            }"#,
        )
        .await;
        assert!(!serde_json::to_string(&list).unwrap().contains("hush"));
        text(&list)
    })
    .await;
    insta::assert_snapshot!(found, @r#"
    Create terraform_data.a
      id: - > ?
      input.big: - > 12345678901234567890
      input.flag: - > true
      input.list: - > [1,2]
      input.nested[0].p: - > ***
      input.nested[0].x: - > "y"
      input.number: - > 0.1
      input["odd.key"]: - > "z"
      input.set: - > ["a","b"]
      input.text: - > "0.1"
      output: - > ?
    Create terraform_data.b[0]
      id: - > ?
      input[0]: - > ?
      input[1]: - > "fixed"
      input[2]: - > ***
      output: - > ?
    Create terraform_data.b[1]
      id: - > ?
      input[0]: - > ?
      input[1]: - > "fixed"
      input[2]: - > ***
      output: - > ?
    output later: - > ?
    output plain: - > {"a":1.5,"b":[true]}
    output secret: - > ***
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_replacements_moves_and_removals() {
    let found = same_for_all(async |program| {
        let stack = Stack::of(program);
        let before = r#"
            resource "terraform_data" "update" { input = { a = 1, keep = "k", gone = true } }
            resource "terraform_data" "replace" {
              input            = "x"
              triggers_replace = ["1", "2"]
            }
            resource "terraform_data" "other_order" {
              triggers_replace = { a = "1", b = "2" }
              lifecycle { create_before_destroy = true }
            }
            resource "terraform_data" "old_name" { input = "same" }
            resource "terraform_data" "old_and_changed" { input = "one" }
            resource "terraform_data" "gone" { input = "x" }
            resource "terraform_data" "forgotten" { input = "x" }
            resource "terraform_data" "counted" {
              count = 2
              input = count.index
            }
            resource "terraform_data" "each" {
              for_each = toset(["a.b", "c"])
              input    = each.key
            }
            output "changed" { value = "one" }
            output "same" { value = "same" }
            output "gone" { value = "x" }"#;
        let after = r#"
            resource "terraform_data" "update" { input = { a = 2, keep = "k", new = "n" } }
            resource "terraform_data" "replace" {
              input            = "x"
              triggers_replace = ["1", "3"]
            }
            resource "terraform_data" "other_order" {
              triggers_replace = { a = "1", b = "3" }
              lifecycle { create_before_destroy = true }
            }
            resource "terraform_data" "new_name" { input = "same" }
            resource "terraform_data" "new_and_changed" { input = "two" }
            moved {
              from = terraform_data.old_name
              to   = terraform_data.new_name
            }
            moved {
              from = terraform_data.old_and_changed
              to   = terraform_data.new_and_changed
            }
            removed {
              from = terraform_data.forgotten
              lifecycle { destroy = false }
            }
            resource "terraform_data" "counted" {
              count = 1
              input = count.index
            }
            resource "terraform_data" "each" {
              for_each = toset(["c"])
              input    = each.key
            }
            data "terraform_remote_state" "later" {
              backend    = "local"
              config     = { path = terraform_data.update.output.new }
            }
            output "changed" { value = "two" }
            output "same" { value = "same" }"#;
        let list = both(&stack, Some(before), after).await;
        assert!(list.resources.iter().any(|change| change.action == Action::Read));
        text(&list)
    })
    .await;
    insta::assert_snapshot!(found, @r#"
    Read data.terraform_remote_state.later (because read_because_config_unknown)
    Destroy terraform_data.counted[1] (because delete_because_count_index)
    Destroy terraform_data.each["a.b"] (because delete_because_each_key)
    Forget terraform_data.forgotten (because delete_because_no_resource_config)
    Destroy terraform_data.gone (because delete_because_no_resource_config)
    Update terraform_data.new_and_changed (from terraform_data.old_and_changed)
      input: "one" > "two"
      output: "one" > ?
    Move terraform_data.new_name (from terraform_data.old_name)
    CreateThenDestroy terraform_data.other_order (because replace_because_cannot_update)
      id: <random> > ?
      triggers_replace.b: "2" > "3" !
    DestroyThenCreate terraform_data.replace (because replace_because_cannot_update)
      id: <random> > ?
      output: "x" > ?
      triggers_replace: ["1","2"] > ["1","3"] !
    Update terraform_data.update
      input.a: 1 > 2
      input.gone: true > -
      input.new: - > "n"
      output: {"a":1,"gone":true,"keep":"k"} > ?
    output changed: "one" > "two"
    output gone: "x" > -
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_becomes_secret_is_masked_on_both_sides() {
    let found = same_for_all(async |program| {
        let stack = Stack::of(program);
        let clear = r#"resource "terraform_data" "a" { input = { p = "was-clear", l = ["was-clear"] } }"#;
        let secret = r#"
            variable "p" {
              default   = "now-secret"
              sensitive = true
            }
            resource "terraform_data" "a" { input = { p = var.p, l = [var.p] } }"#;
        let list = both(&stack, Some(clear), secret).await;
        text(&list)
    })
    .await;
    insta::assert_snapshot!(found, @r#"
    Update terraform_data.a
      input.l[0]: *** > ***
      input.p: *** > ***
      output: {"l":["was-clear"],"p":"was-clear"} > ?
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destroy_plan_lists_no_values() {
    let found = same_for_all(async |program| {
        let stack = Stack::of(program);
        let main = r#"
            resource "terraform_data" "a" { input = "x" }
            output "o" { value = terraform_data.a.output }"#;
        stack.converge(main).await;
        stack.plan_with(PlanOptions { mode: PlanMode::Destroy, ..PlanOptions::new(stack.plan_path()) }).await;
        assert_eq!(stack.plan_file().mode(), PlanMode::Destroy);
        text(&agreed(&stack).await)
    })
    .await;
    insta::assert_snapshot!(found, @r#"
    Destroy terraform_data.a
    output o: "x" > -
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn imports_taints_triggers_and_deposed_objects() {
    let found = same_for_all(async |program| {
        let stack = Stack::of(program);
        let before = r#"
            resource "terraform_data" "tainted" {
              input = "x"
              provisioner "local-exec" { command = "exit 1" }
            }"#;
        stack.write("infra/stack/main.tf", before);
        stack.plan().await;
        stack.apply().await.unwrap_err();
        let stays = r#"
            resource "terraform_data" "cause" { input = 1 }
            resource "terraform_data" "triggered" {
              lifecycle { replace_triggered_by = [terraform_data.cause] }
            }"#;
        stack.write("infra/stack/more.tf", stays);
        stack.write("infra/stack/main.tf", "");
        stack.plan().await;
        stack.apply().await.unwrap();
        stack.write("infra/stack/main.tf", before);
        stack.plan().await;
        stack.apply().await.unwrap_err();
        stack.edit_state(|state| {
            // What a replacement that stopped halfway leaves behind.
            let resources = state["resources"].as_array_mut().unwrap();
            let cause = resources.iter_mut().find(|resource| resource["name"] == "cause").unwrap();
            let mut deposed = cause["instances"][0].clone();
            deposed["deposed"] = "0a1b2c3d".into();
            cause["instances"].as_array_mut().unwrap().push(deposed);
        });

        stack.write("infra/stack/more.tf", &stays.replace("input = 1", "input = 2"));
        let imports = r#"
            resource "terraform_data" "imported" {}
            resource "terraform_data" "imported_and_changed" { input = "new" }
            import {
              to = terraform_data.imported
              id = "an-id"
            }
            import {
              to = terraform_data.imported_and_changed
              id = "another-id"
            }"#;
        let list = both(&stack, None, &format!("{before}{imports}")).await;
        text(&list)
    })
    .await;
    insta::assert_snapshot!(found, @r#"
    Update terraform_data.cause
      input: 1 > 2
      output: 1 > ?
    Destroy terraform_data.cause (deposed 0a1b2c3d)
    Move terraform_data.imported (import an-id)
    Update terraform_data.imported_and_changed (import another-id)
      input: - > "new"
      output: - > ?
    DestroyThenCreate terraform_data.tainted (because replace_because_tainted)
      id: <random> > ?
      output: "x" > ?
    DestroyThenCreate terraform_data.triggered (because replace_by_triggers)
      id: <random> > ?
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_that_do_not_hold() {
    let found = same_for_all(async |program| {
        let stack = Stack::of(program);
        let list = both(
            &stack,
            None,
            r#"
            variable "small" {
              default = 3
              validation {
                condition     = var.small < 10
                error_message = "Too large."
              }
            }
            resource "terraform_data" "a" {
              for_each = toset(["x", "y"])
              input    = each.key
              lifecycle {
                postcondition {
                  condition     = self.output != "z"
                  error_message = "Never z."
                }
              }
            }
            check "holds" {
              assert {
                condition     = var.small == 3
                error_message = "It does."
              }
            }
            check "fails" {
              assert {
                condition     = var.small == 4
                error_message = "Not ${var.small + 1}."
              }
              assert {
                condition     = var.small == 5
                error_message = "Nor 5."
              }
            }
            check "later" {
              assert {
                condition     = terraform_data.a["x"].id == "x"
                error_message = "Who knows."
              }
            }
            output "o" {
              value = terraform_data.a["y"].output
              precondition {
                condition     = terraform_data.a["y"].id != ""
                error_message = "Empty."
              }
            }"#,
        )
        .await;
        text(&list)
    })
    .await;
    insta::assert_snapshot!(found, @r#"
    Create terraform_data.a["x"]
      id: - > ?
      input: - > "x"
      output: - > ?
    Create terraform_data.a["y"]
      id: - > ?
      input: - > "y"
      output: - > ?
    output o: - > ?
    Fail check.fails ["Nor 5.", "Not 4."]
    Unknown check.later []
    Unknown output.o []
    Unknown terraform_data.a["x"] []
    Unknown terraform_data.a["y"] []
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn modules_move_and_are_forgotten_with_their_instances() {
    let found = same_for_all(async |program| {
        let stack = Stack::of(program);
        stack.write("infra/stack/part/main.tf", "resource \"terraform_data\" \"a\" { input = \"x\" }\n");
        let module = |name: &str, each: &str| {
            format!("module \"{name}\" {{\n  source   = \"./part\"\n  for_each = toset({each})\n}}\n")
        };
        let before = module("old", r#"["one", "t.w.o"]"#) + &module("gone", r#"["a"]"#);
        let after = module("new", r#"["one", "t.w.o"]"#)
            + r#"
            moved {
              from = module.old
              to   = module.new
            }
            removed {
              from = module.gone
              lifecycle { destroy = false }
            }"#;
        text(&both(&stack, Some(&before), &after).await)
    })
    .await;
    insta::assert_snapshot!(found, @r#"
    Forget module.gone["a"].terraform_data.a (because delete_because_no_resource_config)
    Move module.new["one"].terraform_data.a (from module.old["one"].terraform_data.a)
    Move module.new["t.w.o"].terraform_data.a (from module.old["t.w.o"].terraform_data.a)
    "#);
}
