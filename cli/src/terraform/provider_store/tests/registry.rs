//! The registry protocol, against a registry of the tests' own on loopback.

use std::{
    collections::BTreeMap,
    fs,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::{Request as Asked, State},
    http::{StatusCode, header::AUTHORIZATION},
    response::{IntoResponse as _, Response},
};
use secrecy::SecretString;

use super::{super::Place, Ground, Made, make};

/// Status and body, by path.
type Answers = BTreeMap<String, (u16, Vec<u8>)>;

/// A registry on loopback: answers by path, and the paths that were asked for, with `!` behind those asked with a token.
#[derive(Clone, Default)]
struct Served {
    answers: Arc<Mutex<Answers>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Served {
    async fn start(self) -> String {
        async fn answer(State(served): State<Served>, asked: Asked) -> Response {
            let path = asked.uri().path().to_owned();
            let mark = if asked.headers().contains_key(AUTHORIZATION) { "!" } else { "" };
            served.asked.lock().unwrap().push(format!("{path}{mark}"));
            let found = served.answers.lock().unwrap().get(&path).cloned();
            let (status, body) = found.unwrap_or((404, Vec::new()));
            (StatusCode::from_u16(status).unwrap(), body).into_response()
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let router = Router::new().fallback(answer).with_state(self);
        tokio::spawn(async move { axum::serve(listener, router).await });
        host
    }

    fn set(&self, path: &str, status: u16, body: impl Into<Vec<u8>>) {
        self.answers.lock().unwrap().insert(path.to_owned(), (status, body.into()));
    }

    /// Serves `made` as `hashicorp/random` 3.9.0, as the protocol has it.
    fn publish(&self, made: &Made) {
        let sum = made.zh.trim_start_matches("zh:");
        let announcement = serde_json::json!({
            "protocols": ["5.0"], "os": "linux", "arch": "amd64", "filename": "random.zip",
            "download_url": "/files/random.zip", "shasums_url": "/files/SHA256SUMS", "shasum": sum,
            "shasums_signature_url": "/files/SHA256SUMS.sig", "signing_keys": {},
        });
        self.set("/.well-known/terraform.json", 200, r#"{"providers.v1": "/v1/providers"}"#);
        self.set(DOWNLOAD, 200, announcement.to_string());
        let versions = r#"{"versions": [{"version": "3.8.0", "platforms": [{"os": "darwin", "arch": "arm64"}]}]}"#;
        self.set("/v1/providers/hashicorp/random/versions", 200, versions);
        self.set("/files/SHA256SUMS", 200, format!("{}  other.zip\n{sum}  random.zip\n", "0".repeat(64)));
        self.set("/files/random.zip", 200, fs::read(&made.archive).unwrap());
    }
}

const DOWNLOAD: &str = "/v1/providers/hashicorp/random/3.9.0/download/linux/amd64";

#[tokio::test]
async fn a_registry_is_asked_by_its_protocol_and_only_its_api_sees_the_token() {
    let mut ground = Ground::new(|_| Place::Registry);
    let made = make(&ground.root.path().join("made"), "provider");
    let served = Served::default();
    served.publish(&made);
    let host = served.clone().start().await;
    ground.offers.credentials.0.insert(host.clone(), SecretString::from("token"));
    let address = format!("{host}/hashicorp/random");
    for _ in 0..2 {
        let found = ground.provide(&address, &[&made.h1, &made.zh]).await.unwrap();
        assert_eq!(fs::read_to_string(found[0].folder.join("terraform-provider-random")).unwrap(), "provider");
    }
    let asked = ["/.well-known/terraform.json!", &format!("{DOWNLOAD}!"), "/files/SHA256SUMS", "/files/random.zip"];
    assert_eq!(*served.asked.lock().unwrap(), asked, "once");
    let [entry] = &ground.store.inventory().entries[..] else { panic!() };
    assert_eq!(entry.source, format!("http://{host}/files/random.zip"));
}

#[tokio::test]
async fn a_registry_that_does_not_give_what_it_should_is_named() {
    let ground = Ground::new(|_| Place::Registry);
    let made = make(&ground.root.path().join("made"), "provider");
    let served = Served::default();
    let host = served.clone().start().await;
    let address = format!("{host}/hashicorp/random");
    let told = async || ground.provide(&address, &[&made.h1]).await.unwrap_err().to_string().replace(&host, "HOST");
    let mut all = vec![told().await];
    served.publish(&made);
    let right = served.answers.lock().unwrap().clone();
    let announcement = String::from_utf8(right[DOWNLOAD].1.clone()).unwrap();
    let versions = "/v1/providers/hashicorp/random/versions";
    let elsewhere = r#"{"versions": [{"version": "3.9.0", "platforms": [{"os": "darwin", "arch": "arm64"}]}]}"#;
    let wrong: [&[(&str, u16, &str)]; 8] = [
        &[(DOWNLOAD, 404, "")],
        &[(DOWNLOAD, 404, ""), (versions, 200, elsewhere)],
        &[(DOWNLOAD, 404, ""), (versions, 404, "")],
        &[("/.well-known/terraform.json", 200, "not JSON")],
        &[("/files/SHA256SUMS", 200, "")],
        &[("/files/random.zip", 200, "damaged")],
        &[("/files/random.zip", 410, "")],
        &[(DOWNLOAD, 200, &announcement.replace("amd64", "arm64"))],
    ];
    for answers in wrong {
        *served.answers.lock().unwrap() = right.clone();
        for (path, status, body) in answers {
            served.set(path, *status, *body);
        }
        all.push(told().await);
    }
    let all = all.join("\n").replace(&made.zh, "ZH");
    insta::assert_snapshot!(all, @"
    cannot get `HOST/hashicorp/random` 3.9.0 for linux_amd64 from `HOST`: it is no registry of providers
    cannot get `HOST/hashicorp/random` 3.9.0 for linux_amd64 from `HOST`: it has 1 other versions, but not this one
    cannot get `HOST/hashicorp/random` 3.9.0 for linux_amd64 from `HOST`: it has this version for darwin_arm64 only
    cannot get `HOST/hashicorp/random` 3.9.0 for linux_amd64 from `HOST`: it has no provider `HOST/hashicorp/random`
    cannot get `HOST/hashicorp/random` 3.9.0 for linux_amd64 from `HOST`: `http://HOST/.well-known/terraform.json`: expected ident at line 1 column 2
    `http://HOST/files/SHA256SUMS` has no digest, but `HOST` announces ZH
    `http://HOST/files/random.zip` has zh:41f0c27c00e8018f7715b5f50f67b5b54c229c1b843a014152785d9005f58fde, but `HOST` announces ZH
    cannot get `HOST/hashicorp/random` 3.9.0 for linux_amd64 from `HOST`: `http://HOST/files/random.zip` does not exist
    cannot get `HOST/hashicorp/random` 3.9.0 for linux_amd64 from `HOST`: it answers for linux_arm64
    ");
    assert_eq!((ground.store.inventory().entries.len(), ground.store.inventory().broken), (0, 0), "nothing stays");

    served.set(DOWNLOAD, 401, "");
    assert!(ground.provide(&address, &[&made.h1]).await.unwrap().is_empty(), "Terraform may know other credentials");
}

#[tokio::test]
async fn a_registry_in_trouble_is_asked_again_and_one_that_is_gone_is_told() {
    let ground = Ground::new(|_| Place::Registry);
    let made = make(&ground.root.path().join("made"), "provider");
    let served = Served::default();
    served.publish(&made);
    let archive = served.answers.lock().unwrap()["/files/random.zip"].clone();
    served.set("/files/random.zip", 503, "");
    let host = served.clone().start().await;
    let address = format!("{host}/hashicorp/random");
    let mended = async {
        while served.asked.lock().unwrap().last().is_none_or(|path| path != "/files/random.zip") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        served.answers.lock().unwrap().insert("/files/random.zip".to_owned(), archive);
    };
    let hashes = [made.h1.as_str()];
    let (found, ()) = tokio::join!(ground.provide(&address, &hashes), mended);
    assert_eq!(found.unwrap().len(), 1);

    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = ground.provide(&format!("{gone}/hashicorp/random"), &hashes).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot get `{gone}/hashicorp/random` 3.9.0 for linux_amd64 from `{gone}`: ")));
    assert!(error.contains("refused"), "{error}");
}
