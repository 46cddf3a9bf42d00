//! Tokens for registries, as Terraform finds them: variables `TF_TOKEN_…`, `credentials` blocks, and what `login` keeps.
//! Source: <https://developer.hashicorp.com/terraform/cli/config/config-file#credentials>. Helper programs are not asked:
//! what a registry does not give without them, Terraform gets.

use std::{collections::BTreeMap, env, fs, path::Path};

use secrecy::SecretString;
use serde::Deserialize;

use crate::{hcl::Document, terraform::Credentials};

#[derive(Deserialize)]
struct Kept {
    #[serde(default)]
    credentials: BTreeMap<String, Credential>,
}

#[derive(Deserialize)]
struct Credential {
    token: Option<String>,
}

/// The tokens of `text`, of the file in `config_folder`, and of this process's environment; the last ones win.
pub(super) fn find(text: &str, config_folder: Option<&Path>) -> Credentials {
    let mut found = BTreeMap::new();
    // A file that cannot be read has no tokens for us; Terraform tells when it needs one.
    let kept = config_folder.and_then(|folder| fs::read(folder.join("credentials.tfrc.json")).ok());
    let kept = kept.and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
    for (host, credential) in kept.into_iter().flat_map(|kept| kept.credentials) {
        found.extend(credential.token.map(|token| (host, SecretString::from(token))));
    }
    if let Ok(document) = Document::parse("terraform.rc", text) {
        for block in document.body().get_blocks("credentials") {
            let token = block.body.get_attribute("token").and_then(|attribute| attribute.value.as_str());
            if let (Some(host), Some(token)) = (block.labels.first(), token) {
                found.insert(host.as_str().to_owned(), SecretString::from(token));
            }
        }
    }
    for (name, token) in env::vars() {
        if let Some(host) = name.strip_prefix("TF_TOKEN_").map(host) {
            found.insert(host, SecretString::from(token));
        }
    }
    Credentials(found)
}

/// The host in a variable's name: `_` stands for a dot, and two of them for a hyphen.
fn host(encoded: &str) -> String {
    encoded.replace("__", "-").replace('_', ".")
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn tokens_are_found_where_terraform_finds_them() {
        let folder = tempfile::tempdir().unwrap();
        let kept = r#"{"credentials": {"kept.example.com": {"token": "one"}, "both.example.com": {"token": "old"}}}"#;
        fs::write(folder.path().join("credentials.tfrc.json"), kept).unwrap();
        let text = "credentials \"both.example.com\" {\n  token = \"new\"\n}\n";
        let Credentials(found) = find(text, Some(folder.path()));
        let token = |host: &str| found[host].expose_secret().to_owned();
        assert_eq!((token("kept.example.com").as_str(), token("both.example.com").as_str()), ("one", "new"));
        assert_eq!(host("app_terraform__x_io"), "app.terraform-x.io");
    }
}
