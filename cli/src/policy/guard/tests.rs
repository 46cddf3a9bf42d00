//! What the guard reads of single files; `tests/guard` shows what it makes of whole changes.

use super::facts::Facts;

/// What a file says, without places and texts, which HCL and JSON cannot have alike.
fn said(path: &str, text: &str) -> Vec<String> {
    let facts = Facts::read(path, text.as_bytes()).unwrap();
    let found = facts.found.iter().chain(&facts.backends);
    let mut said: Vec<String> = found.map(|found| format!("{}: {}", found.construct, found.what)).collect();
    said.extend(facts.modules.iter().map(|call| format!("module {} from {:?}", call.name, call.source)));
    said.extend(facts.required.iter().map(|(local, required)| format!("{local} is {}", required.source)));
    said.extend(facts.used.iter().map(|local| format!("uses {local}")));
    said.sort();
    said
}

#[test]
fn both_syntaxes_say_the_same() {
    let native = r#"
terraform {
  required_providers {
    aws  = { source = "hashicorp/aws" }
    bare = "~> 1.0"
  }
  backend "s3" {}
  encryption {
    key_provider "external" "k" { command = ["sh"] }
  }
}

provider "kubernetes" {
  host = "https://10.0.0.1"
  exec { command = "sh" }
}

provider "aws" {
  endpoints { s3 = "http://127.0.0.1" }
}

resource "aws_vpc" "a" {
  provider = other.west
  provisioner "local-exec" { command = "x" }
  provisioner "file" { source = "x" }
}

check "c" {
  data "http" "h" { url = "http://127.0.0.1" }
}

data "external" "e" { program = ["sh"] }

module "m" { source = "evil/m/aws" }
module "n" { source = "${var.x}/n" }
"#;
    let json = r#"{
  "terraform": [{
    "required_providers": {"aws": {"source": "hashicorp/aws"}, "bare": "~> 1.0"},
    "backend": {"s3": {}},
    "encryption": {"key_provider": {"external": {"k": {"command": ["sh"]}}}}
  }],
  "provider": {
    "kubernetes": [{"host": "https://10.0.0.1", "exec": [{"command": "sh"}]}],
    "aws": {"endpoints": {"s3": "http://127.0.0.1"}}
  },
  "resource": {"aws_vpc": {"a": {
    "provider": "other.west",
    "provisioner": [{"local-exec": {"command": "x"}}, {"file": {"source": "x"}}]
  }}},
  "check": {"c": {"data": {"http": {"h": {"url": "http://127.0.0.1"}}}}},
  "data": [{"external": {"e": {"program": ["sh"]}}}],
  "module": {"m": {"source": "evil/m/aws"}, "n": {"source": "${var.x}/n"}}
}"#;
    let told = said("main.tf", native);
    assert_eq!(said("main.tf.json", json), told);
    insta::assert_snapshot!(told.join("\n"), @r#"
    aws is hashicorp/aws
    backend: `backend` s3
    bare is hashicorp/bare
    external: `key_provider` `external` of `encryption`
    external: data `external.e`
    http: data `http.h`
    local-exec: provisioner `local-exec` of `aws_vpc.a`
    module m from Some("evil/m/aws")
    module n from None
    provider-endpoint: another address for provider `aws`
    provider-exec: `exec` of provider `kubernetes`
    remote-exec: provisioner `file` of `aws_vpc.a`
    uses aws
    uses external
    uses http
    uses kubernetes
    uses other
    "#);
}

#[test]
fn what_cannot_be_read_says_where() {
    let wrong = |path: &str, bytes: &[u8]| Facts::read(path, bytes).unwrap_err().1;
    assert_eq!(wrong("a.tf", b"resource \"x\" \"y\" {\n  a = \n}\n"), Some(2));
    assert_eq!(wrong("a.tf.json", b"{\n  \"a\": \n}"), Some(3));
    assert_eq!(wrong("a.tf", b"\xff"), None);
    assert!(Facts::read("a.tf", "\u{feff}locals {}\n".as_bytes()).is_ok());
}
