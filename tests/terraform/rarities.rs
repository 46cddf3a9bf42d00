//! Kinds of changes that few plans have, read natively and through `show -json`, by each program that can be had.

use kstack::terraform::{Binary, Product, Version};

use super::{
    compare::{both, same_for_all, same_where, text},
    stack::Stack,
};

#[tokio::test(flavor = "multi_thread")]
async fn moves_between_modules_and_into_them() {
    let found = same_for_all(async |program| {
        let stack = Stack::of(program);
        stack.write("infra/stack/part/main.tf", "resource \"terraform_data\" \"a\" { input = \"x\" }\n");
        let before = r#"
            resource "terraform_data" "root" { input = "x" }
            resource "terraform_data" "single" { input = "x" }
            resource "terraform_data" "keyed" {
              for_each = { "a/b \"c\"" = 1, "ü" = 2 }
              input    = each.value
            }
            module "one" { source = "./part" }"#;
        let after = r#"
            module "inside" { source = "./part" }
            module "two" {
              source = "./part"
              count  = 1
            }
            resource "terraform_data" "single" {
              count = 2
              input = "x"
            }
            resource "terraform_data" "keyed" {
              for_each = { "a/b \"c\"" = 2, "ü" = 2 }
              input    = each.value
            }
            moved {
              from = terraform_data.root
              to   = module.inside.terraform_data.a
            }
            moved {
              from = module.one
              to   = module.two[0]
            }"#;
        text(&both(&stack, Some(before), after).await)
    })
    .await;
    insta::assert_snapshot!(found, @r#"
    Move module.inside.terraform_data.a (from terraform_data.root)
    Move module.two[0].terraform_data.a (from module.one.terraform_data.a)
    Update terraform_data.keyed["a/b \"c\""]
      input: 1 > 2
      output: 1 > ?
    Move terraform_data.single[0] (from terraform_data.single)
    Create terraform_data.single[1]
      id: - > ?
      input: - > "x"
      output: - > ?
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn outputs_that_are_no_longer_secret_or_become_it() {
    let found = same_for_all(async |program| {
        let stack = Stack::of(program);
        let output = |name: &str, value: &str, sensitive: bool| {
            format!("output \"{name}\" {{\n  value     = {value}\n  sensitive = {sensitive}\n}}\n")
        };
        let before = [
            output("opened", "\"was-secret\"", true),
            output("opened_and_changed", "\"was-secret\"", true),
            output("closed", "\"now-secret\"", false),
            output("closed_and_changed", "\"was-plain\"", false),
            output("nothing", "null", false),
            output("parts", "{ a = 1, b = [\"x\"] }", false),
            output("gone", "\"was-secret\"", true),
        ];
        let after = [
            output("opened", "\"was-secret\"", false),
            output("opened_and_changed", "\"plain-now\"", false),
            output("closed", "\"now-secret\"", true),
            output("closed_and_changed", "\"now-secret\"", true),
            output("nothing", "\"something\"", false),
            output("parts", "{ a = 2, b = [\"x\"] }", false),
        ];
        let list = both(&stack, Some(&before.concat()), &after.concat()).await;
        assert!(!serde_json::to_string(&list).unwrap().contains("now-secret"));
        text(&list)
    })
    .await;
    insta::assert_snapshot!(found, @r#"
    output closed: *** > ***
    output closed_and_changed: *** > ***
    output gone: *** > -
    output nothing: - > "something"
    output opened: *** > ***
    output opened_and_changed: *** > ***
    output parts: {"a":1,"b":["x"]} > {"a":2,"b":["x"]}
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn ephemeral_values_leave_no_trace() {
    // OpenTofu has them since 1.11.
    let has_them =
        |program: &Binary| program.product != Product::OpenTofu || program.version >= Version::release(1, 11, 0);
    let found = same_where(has_them, async |program| {
        let stack = Stack::of(program);
        stack.write(
            "infra/stack/part/main.tf",
            r#"
            variable "token" { ephemeral = true }
            output "token" {
              value     = "${var.token}!"
              ephemeral = true
            }"#,
        );
        let main = r#"
            variable "token" {
              default   = "hush-hush"
              ephemeral = true
            }
            module "part" {
              source = "./part"
              token  = var.token
            }
            check "length" {
              assert {
                condition     = length(module.part.token) == 3
                error_message = "Too long."
              }
            }
            resource "terraform_data" "a" { input = "x" }"#;
        let list = both(&stack, None, main).await;
        assert!(!serde_json::to_string(&list).unwrap().contains("hush"));
        text(&list)
    })
    .await;
    insta::assert_snapshot!(found, @r#"
    Create terraform_data.a
      id: - > ?
      input: - > "x"
      output: - > ?
    Fail check.length ["Too long."]
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn removals_that_say_what_becomes_of_the_object() {
    // Terraform and OpenTofu give other reasons for them, so each is compared with itself.
    let found = same_for_all(async |program| {
        let stack = Stack::of(program);
        let before = r#"
            resource "terraform_data" "kept" { input = "x" }
            resource "terraform_data" "destroyed" { input = "x" }"#;
        let after = r#"
            removed {
              from = terraform_data.kept
              lifecycle { destroy = false }
            }
            removed {
              from = terraform_data.destroyed
              lifecycle { destroy = true }
            }"#;
        let mut list = both(&stack, Some(before), after).await;
        list.resources.iter_mut().for_each(|change| change.reason = None);
        text(&list)
    })
    .await;
    insta::assert_snapshot!(found, @r"
    Destroy terraform_data.destroyed
    Forget terraform_data.kept
    ");
}
