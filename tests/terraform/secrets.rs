//! What only a provider's schema calls sensitive, in plans of the real program.

use kstack::terraform::{PlanFileError, PlanMode, PlanOptions, Product};
use serde_json::Value;

use super::{
    compare::{agreed, both, is_terraform, text},
    stack::Stack,
};
use crate::support::providers;

#[tokio::test(flavor = "multi_thread")]
async fn changes_outside_terraform_are_drift() {
    let mirror = providers::mirror(&["hashicorp/tls"]);
    if !is_terraform().await {
        return;
    }
    let stack = Stack::with_mirrors("", mirror);
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
    let mirror = providers::mirror(&providers);
    if !is_terraform().await {
        return;
    }
    let stack = Stack::with_mirrors("", mirror);
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
