//! Plans of the real program, read natively and through `show -json`: both must find the same.

use kstack::terraform::{
    Action, ChangeList, PlanFileError, PlanMode, PlanOptions, Product, Shown, changes_from_show_json,
};

use serde_json::Value;

use super::stack::{Stack, binary};
use crate::support::providers;

/// What `show -json` says about the plan that lies there.
pub async fn shown(stack: &Stack) -> (ChangeList, String) {
    let terraform = stack.terraform().await;
    let json = stack.watching(async |watch| terraform.show_json(&stack.plan_path(), watch).await).await.unwrap();
    (changes_from_show_json(&json).unwrap(), String::from_utf8(json).unwrap())
}

/// Plans `main` after `before` is real; both readers must agree. `None` if the native reader cannot judge.
pub async fn both(stack: &Stack, before: Option<&str>, main: &str) -> ChangeList {
    if let Some(before) = before {
        stack.converge(before).await;
    }
    stack.write("infra/stack/main.tf", main);
    stack.plan().await;
    agreed(stack).await
}

pub async fn agreed(stack: &Stack) -> ChangeList {
    let (oracle, _) = shown(stack).await;
    let native = stack.plan_file().changes(Product::Terraform).unwrap();
    assert_eq!(native, oracle, "native left, `show -json` right");
    native
}

/// One line for every change, so that expectations can be read.
pub fn text(list: &ChangeList) -> String {
    let shown = |shown: &Shown| match shown {
        Shown::Absent => "-".to_owned(),
        Shown::Unknown => "?".to_owned(),
        Shown::Sensitive => "***".to_owned(),
        Shown::Value(Value::String(id)) if is_random(id) => "<random>".to_owned(),
        Shown::Value(value) => value.to_string(),
    };
    let mut lines = Vec::new();
    for (kind, changes) in [("", &list.resources), ("drift ", &list.drift)] {
        for change in changes {
            let mut line = format!("{kind}{:?} {}", change.action, change.address);
            for (label, value) in [
                ("from", &change.previous_address),
                ("because", &change.reason),
                ("import", &change.importing),
                ("deposed", &change.deposed),
            ] {
                if let Some(value) = value {
                    line += &format!(" ({label} {value})");
                }
            }
            lines.push(line);
            for attribute in &change.attributes {
                let force = if attribute.forces_replacement { " !" } else { "" };
                let (before, after) = (shown(&attribute.before), shown(&attribute.after));
                lines.push(format!("  {}: {before} > {after}{force}", attribute.path));
            }
        }
    }
    lines.extend(list.outputs.iter().map(|o| format!("output {}: {} > {}", o.name, shown(&o.before), shown(&o.after))));
    lines.join("\n")
}

/// Ids that are another in every run.
fn is_random(text: &str) -> bool {
    text.len() == 36 && text.matches('-').count() == 4
}

pub async fn is_terraform() -> bool {
    binary().await.product == Product::Terraform
}

#[tokio::test(flavor = "multi_thread")]
async fn creations_unknown_values_outputs_and_secrets() {
    if !is_terraform().await {
        return;
    }
    let stack = Stack::new("");
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
    insta::assert_snapshot!(text(&list), @r#"
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
    assert!(!serde_json::to_string(&list).unwrap().contains("hush"));
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_replacements_moves_and_removals() {
    if !is_terraform().await {
        return;
    }
    let stack = Stack::new("");
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
    insta::assert_snapshot!(text(&list), @r#"
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
    assert!(list.resources.iter().any(|change| change.action == Action::Read));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_becomes_secret_is_masked_on_both_sides() {
    if !is_terraform().await {
        return;
    }
    let stack = Stack::new("");
    let clear = r#"resource "terraform_data" "a" { input = { p = "was-clear", l = ["was-clear"] } }"#;
    let secret = r#"
        variable "p" {
          default   = "now-secret"
          sensitive = true
        }
        resource "terraform_data" "a" { input = { p = var.p, l = [var.p] } }"#;
    let list = both(&stack, Some(clear), secret).await;
    insta::assert_snapshot!(text(&list), @r#"
    Update terraform_data.a
      input.l[0]: *** > ***
      input.p: *** > ***
      output: {"l":["was-clear"],"p":"was-clear"} > ?
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destroy_plan_lists_no_values() {
    if !is_terraform().await {
        return;
    }
    let stack = Stack::new("");
    let main = r#"
        resource "terraform_data" "a" { input = "x" }
        output "o" { value = terraform_data.a.output }"#;
    stack.converge(main).await;
    stack.plan_with(PlanOptions { mode: PlanMode::Destroy, ..PlanOptions::new(stack.plan_path()) }).await;
    insta::assert_snapshot!(text(&agreed(&stack).await), @r#"
    Destroy terraform_data.a
    output o: "x" > -
    "#);
    assert_eq!(stack.plan_file().mode(), PlanMode::Destroy);
}

#[tokio::test(flavor = "multi_thread")]
async fn imports_taints_triggers_and_deposed_objects() {
    if !is_terraform().await {
        return;
    }
    let stack = Stack::new("");
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
    insta::assert_snapshot!(text(&list), @r#"
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
async fn changes_outside_terraform_are_drift() {
    let Some(mirror) = providers::mirror(&["hashicorp/tls"]) else { return };
    if !is_terraform().await {
        return;
    }
    let stack = Stack::with_mirrors("", [mirror]);
    stack
        .converge(
            r#"
        resource "tls_private_key" "k" { algorithm = "ED25519" }
        resource "tls_self_signed_cert" "c" {
          private_key_pem       = tls_private_key.k.private_key_pem
          validity_period_hours = 1
          early_renewal_hours   = 1
          allowed_uses          = []
        }"#,
        )
        .await;
    // A state that was written before the provider called anything sensitive, and a certificate that has come
    // to be due for renewal.
    stack.edit_state(|state| {
        for resource in state["resources"].as_array_mut().unwrap() {
            let instance = &mut resource["instances"][0];
            instance["sensitive_attributes"] = serde_json::json!([]);
            if resource["name"] == "c" {
                resource["instances"][0]["attributes"]["ready_for_renewal"] = false.into();
            }
        }
    });
    stack.plan_with(PlanOptions { mode: PlanMode::RefreshOnly, ..PlanOptions::new(stack.plan_path()) }).await;
    insta::assert_snapshot!(text(&agreed(&stack).await), @r"
    drift Update tls_self_signed_cert.c
      ready_for_renewal: false > true
    ");
}

/// Attributes that only the provider's schema calls sensitive, for which the configuration gives no hint.
#[tokio::test(flavor = "multi_thread")]
async fn secrets_known_to_the_schema_alone_are_never_shown() {
    let providers = ["hashicorp/random", "hashicorp/tls", "hashicorp/time"];
    let Some(mirror) = providers::mirror(&providers) else { return };
    if !is_terraform().await {
        return;
    }
    let stack = Stack::with_mirrors("", [mirror]);
    let main = |duration: &str, length: u32| {
        format!(
            r#"
        resource "random_password" "p" {{ length = {length} }}
        resource "random_bytes" "b" {{ length = 8 }}
        resource "tls_private_key" "k" {{ algorithm = "ED25519" }}
        resource "tls_self_signed_cert" "c" {{
          private_key_pem       = tls_private_key.k.private_key_pem
          validity_period_hours = 2
          allowed_uses          = ["server_auth"]
          subject {{ common_name = "example.com" }}
        }}
        resource "tls_locally_signed_cert" "l" {{
          cert_request_pem      = file("${{path.module}}/request.pem")
          ca_private_key_pem    = tls_private_key.k.private_key_pem
          ca_cert_pem           = tls_self_signed_cert.c.cert_pem
          validity_period_hours = 2
          allowed_uses          = []
          count                 = 0
        }}
        resource "time_sleep" "s" {{
          create_duration = "{duration}"
          triggers        = {{ a = "1" }}
        }}
        output "cert" {{ value = tls_self_signed_cert.c.validity_period_hours }}"#
        )
    };
    stack.write("infra/stack/request.pem", "");
    let created = both(&stack, None, &main("1ms", 12)).await;
    insta::assert_snapshot!(text(&created), @r#"
    Create random_bytes.b
      base64: - > ***
      hex: - > ***
      length: - > 8
    Create random_password.p
      bcrypt_hash: - > ***
      id: - > ?
      length: - > 12
      lower: - > true
      min_lower: - > 0
      min_numeric: - > 0
      min_special: - > 0
      min_upper: - > 0
      number: - > true
      numeric: - > true
      result: - > ***
      special: - > true
      upper: - > true
    Create time_sleep.s
      create_duration: - > "1ms"
      id: - > ?
      triggers.a: - > "1"
    Create tls_private_key.k
      algorithm: - > "ED25519"
      ecdsa_curve: - > "P224"
      id: - > ?
      private_key_openssh: - > ***
      private_key_pem: - > ***
      private_key_pem_pkcs8: - > ***
      public_key_fingerprint_md5: - > ?
      public_key_fingerprint_sha256: - > ?
      public_key_openssh: - > ?
      public_key_pem: - > ?
      rsa_bits: - > 2048
    Create tls_self_signed_cert.c
      allowed_uses: - > ["server_auth"]
      cert_pem: - > ?
      early_renewal_hours: - > 0
      id: - > ?
      is_ca_certificate: - > false
      key_algorithm: - > ?
      max_path_length: - > ?
      private_key_pem: - > ***
      ready_for_renewal: - > false
      set_authority_key_id: - > false
      set_subject_key_id: - > false
      subject[0].common_name: - > "example.com"
      validity_end_time: - > ?
      validity_period_hours: - > 2
      validity_start_time: - > ?
    output cert: - > 2
    "#);

    // An update in place, beside resources that stay.
    let updated = both(&stack, Some(&main("1ms", 12)), &main("2ms", 12)).await;
    insta::assert_snapshot!(text(&updated), @r#"
    Update time_sleep.s
      create_duration: "1ms" > "2ms"
    "#);

    // A replacement: the plan file does not carry the schema's marks for the new value.
    stack.write("infra/stack/main.tf", &main("1ms", 13));
    stack.plan().await;
    let declined = stack.plan_file().changes(Product::Terraform).unwrap_err();
    assert!(
        matches!(&declined, PlanFileError::NeedsSchema { address } if address == "random_password.p"),
        "{declined}"
    );
    let terraform = stack.terraform().await;
    let changes = stack.watching(async |watch| terraform.changes(&stack.plan_path(), watch).await).await.unwrap();
    insta::assert_snapshot!(text(&changes.list), @r#"
    DestroyThenCreate random_password.p (because replace_because_cannot_update)
      bcrypt_hash: *** > ***
      id: "none" > ?
      length: 12 > 13 !
      result: *** > ***
    "#);

    // No secret of the state may be found in what any of the readers made.
    let state = std::fs::read_to_string(stack.path("infra/stack/terraform.tfstate")).unwrap();
    let state: Value = serde_json::from_str(&state).unwrap();
    let secrets: Vec<&str> = state["resources"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|resource| {
            let attributes = &resource["instances"][0]["attributes"];
            ["result", "bcrypt_hash", "private_key_pem", "base64"].map(|name| attributes[name].as_str())
        })
        .flatten()
        .collect();
    assert!(secrets.len() >= 5, "{secrets:?}");
    for list in [&created, &updated, &changes.list] {
        let json = serde_json::to_string(list).unwrap();
        for secret in &secrets {
            assert!(!json.contains(&serde_json::to_string(secret).unwrap()), "a secret is shown");
        }
    }
}
