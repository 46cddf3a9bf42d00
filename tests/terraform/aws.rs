//! Plans of the real AWS provider against moto, a stand-in for the AWS API: nested blocks, sets, secrets
//! that only the schema knows, drift.

use kstack::terraform::{PlanOptions, Product, Reader};

use super::{
    compare::{agreed, both, is_terraform, text},
    stack::Stack,
};
use crate::support::{moto::Moto, providers};

const PROVIDER: &str = r#"
    provider "aws" {
      region                      = "eu-west-1"
      skip_credentials_validation = true
      skip_metadata_api_check     = true
    }"#;

fn network(rules: &str, tags: &str, secret: &str) -> String {
    // Of a write-only value nobody but its version tells that it is another one.
    let version = secret.len();
    format!(
        r#"{PROVIDER}
    resource "aws_vpc" "v" {{
      cidr_block = "10.0.0.0/16"
      tags       = {tags}
    }}
    resource "aws_security_group" "s" {{
      name        = "s"
      description = "d"
      vpc_id      = aws_vpc.v.id
      {rules}
    }}
    resource "aws_ssm_parameter" "p" {{
      name  = "p"
      type  = "SecureString"
      value = "{secret}"
    }}
    resource "aws_ssm_parameter" "w" {{
      name             = "w"
      type             = "SecureString"
      value_wo         = "{secret}"
      value_wo_version = {version}
    }}
    resource "aws_iam_user" "u" {{ name = "u" }}
    resource "aws_iam_access_key" "k" {{ user = aws_iam_user.u.name }}"#
    )
}

fn rule(port: u32) -> String {
    format!(
        "ingress {{\n from_port = {port}\n to_port = {port}\n protocol = \"tcp\"\n cidr_blocks = [\"10.0.0.0/8\"]\n}}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn both_readers_agree_on_the_aws_provider() {
    let mirror = providers::mirror(&["hashicorp/aws"]);
    if !is_terraform().await {
        return;
    }
    let mut stack = Stack::with_mirrors("", mirror);
    let moto = Moto::start(&stack.path(""));
    for (name, value) in moto.variables() {
        stack.environment.insert(name.into(), value.into());
    }
    let before = network(&[rule(80), rule(443)].concat(), r#"{ Name = "a", gone = "x" }"#, "first-secret");
    stack.write("infra/stack/main.tf", &before);
    stack.plan().await;
    let created = agreed(&stack).await;
    assert!(created.resources.len() == 6 && !text(&created).contains("first-secret"));
    stack.apply().await.unwrap();

    // Marks that the state does not have yet, as after an upgrade of Terraform or the provider.
    stack.edit_state(|state| {
        for resource in state["resources"].as_array_mut().unwrap() {
            resource["instances"][0]["sensitive_attributes"] = serde_json::json!([]);
        }
    });
    moto.call(
        "ec2",
        "found = client.describe_vpcs(Filters=[{'Name': 'tag:Name', 'Values': ['a']}])\n\
         client.create_tags(Resources=[found['Vpcs'][0]['VpcId']], Tags=[{'Key': 'drifted', 'Value': 'yes'}])",
    );
    let after = network(&[rule(22), rule(80)].concat(), r#"{ Name = "b" }"#, "second-secret");
    let updated = both(&stack, None, &after).await;
    insta::assert_snapshot!(text(&updated), @r#"
    Update aws_security_group.s
      ingress[0].from_port: 443 > 22
      ingress[0].to_port: 443 > 22
      ingress[1].description: "" > -
    Update aws_ssm_parameter.p
      insecure_value: - > ?
      value: *** > ***
      version: 1 > ?
    Update aws_ssm_parameter.w
      has_value_wo: true > ?
      value_wo_version: 12 > 13
    Update aws_vpc.v
      tags.Name: "a" > "b"
      tags.drifted: "yes" > -
      tags.gone: "x" > -
      tags_all.Name: "a" > "b"
      tags_all.drifted: "yes" > -
      tags_all.gone: "x" > -
    drift Update aws_vpc.v
      tags.drifted: - > "yes"
      tags_all.drifted: - > "yes"
    "#);

    // Without refresh the marks before are the state's alone.
    let options = PlanOptions { refresh: false, ..PlanOptions::new(stack.plan_path()) };
    stack.plan_with(options).await;
    let unrefreshed = text(&agreed(&stack).await);
    assert!(!unrefreshed.contains("-secret"), "{unrefreshed}");

    // A replacement is left to `show -json`.
    stack.write("infra/stack/main.tf", &after.replace("\"d\"", "\"e\""));
    stack.plan().await;
    let declined = stack.plan_file().changes(Product::Terraform).unwrap_err();
    assert!(declined.is_declined(), "{declined}");
    let terraform = stack.terraform().await;
    let changes = stack.watching(async |watch| terraform.changes(&stack.plan_path(), watch).await).await.unwrap();
    assert_eq!(changes.reader, Reader::Show { because: declined.to_string() });
    let replaced = text(&changes.list);
    assert!(replaced.contains("DestroyThenCreate aws_security_group.s") && !replaced.contains("-secret"), "{replaced}");
}
