//! Stand-in for Google: the XML API of Cloud Storage, the token exchange and the impersonation of a service account.
//! Sources: <https://cloud.google.com/storage/docs/xml-api/reference-headers>, <https://google.aip.dev/auth/4117>.

use axum::response::Response;

use super::{
    bucket::{Asked, Bucket, plain, serve},
    keeps_the_laws, open, told,
};

const TOKEN: &str = "the-service-account's";

fn answer(asked: &Asked, bucket: &mut Bucket) -> Response {
    match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "ci/token") => {
            let allowed = asked.header("authorization") == Some("Bearer ci-secret");
            if allowed { plain(200, r#"{"value": "ci-token"}"#) } else { plain(401, "") }
        }
        ("POST", "sts/v1/token") => {
            let form = asked.form();
            if form["subject_token"] != "ci-token" || form["audience"] != "//iam/providers/ci" {
                let message = r#"{"error": "invalid_grant", "error_description": "The given credential is rejected."}"#;
                return plain(400, message);
            }
            plain(200, r#"{"access_token": "federated", "expires_in": 3600}"#)
        }
        ("POST", "impersonate") if asked.header("authorization") == Some("Bearer federated") => {
            plain(200, format!(r#"{{"accessToken": "{TOKEN}", "expireTime": "2050-01-01T00:00:00Z"}}"#))
        }
        _ if asked.header("authorization") != Some(&format!("Bearer {TOKEN}")) => {
            plain(401, "<Error><Code>AuthenticationRequired</Code></Error>")
        }
        (method, path) => match path.strip_prefix("acme-state") {
            Some(key) => object(method, key.trim_start_matches('/'), asked, bucket),
            None => plain(404, "<Error><Code>NoSuchBucket</Code></Error>"),
        },
    }
}

fn object(method: &str, key: &str, asked: &Asked, bucket: &mut Bucket) -> Response {
    match method {
        "PUT" => {
            let wanted = asked.header("x-goog-if-generation-match").map(|text| text.parse::<u64>().unwrap());
            if wanted.is_some_and(|wanted| wanted != bucket.version(key)) {
                return plain(412, "<Error><Code>PreconditionFailed</Code></Error>");
            }
            let version = bucket.write(key, asked.body.clone());
            let answer =
                Response::builder().header("etag", format!("\"{version}\"")).header("x-goog-generation", version);
            answer.body(axum::body::Body::empty()).unwrap()
        }
        "GET" if key.is_empty() => {
            let prefix = asked.query.get("prefix").cloned().unwrap_or_default();
            let contents: String = bucket
                .objects
                .iter()
                .filter(|(key, _)| key.starts_with(&prefix))
                .map(|(key, (content, version))| {
                    format!(
                        "<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>\
                         <Size>{}</Size><ETag>\"{version}\"</ETag></Contents>",
                        content.len()
                    )
                })
                .collect();
            plain(200, format!("<ListBucketResult>{contents}</ListBucketResult>"))
        }
        "GET" => match bucket.objects.get(key) {
            None => plain(404, "<Error><Code>NoSuchKey</Code></Error>"),
            Some((content, version)) => {
                let answer = Response::builder()
                    .header("etag", format!("\"{version}\""))
                    .header("x-goog-generation", *version)
                    .header("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT");
                answer.body(content.clone().into()).unwrap()
            }
        },
        "DELETE" => plain(if bucket.objects.remove(key).is_some() { 204 } else { 404 }, ""),
        _ => plain(405, ""),
    }
}

/// A credentials file as a CI system's login step writes it.
fn credentials(address: &str, secret: &str) -> String {
    format!(
        r#"{{
          "type": "external_account",
          "audience": "//iam/providers/ci",
          "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
          "token_url": "{address}/sts/v1/token",
          "service_account_impersonation_url": "{address}/impersonate",
          "credential_source": {{
            "url": "{address}/ci/token?audience=x",
            "headers": {{ "Authorization": "Bearer {secret}" }},
            "format": {{ "type": "json", "subject_token_field_name": "value" }}
          }}
        }}"#
    )
}

#[tokio::test]
async fn a_token_opens_a_bucket_that_keeps_the_laws() {
    let (address, _) = serve(answer).await;
    // Terraform's setting ends with the path of the JSON API.
    let endpoint = format!("{address}/storage/v1/b");
    let variables = [("GOOGLE_OAUTH_ACCESS_TOKEN", TOKEN), ("GOOGLE_STORAGE_CUSTOM_ENDPOINT", &endpoint)];
    keeps_the_laws(&open("gs://acme-state/kstack/plans", &variables).unwrap()).await;
}

#[tokio::test]
async fn the_token_of_a_ci_system_is_exchanged_once() {
    let (address, bucket) = serve(answer).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("credentials.json");
    std::fs::write(&file, credentials(&address, "ci-secret")).unwrap();
    let variables =
        [("GOOGLE_APPLICATION_CREDENTIALS", file.to_str().unwrap()), ("GOOGLE_STORAGE_CUSTOM_ENDPOINT", &address)];
    keeps_the_laws(&open("gs://acme-state", &variables).unwrap()).await;
    let requests = bucket.lock().unwrap().requests.clone();
    assert_eq!(requests[..3], ["GET /ci/token?audience=x", "POST /sts/v1/token", "POST /impersonate"]);
    assert!(requests[3..].iter().all(|request| request.contains("/acme%2Dstate")), "{requests:?}");
}

#[tokio::test]
async fn what_is_refused_is_told_without_the_secrets() {
    let (address, _) = serve(answer).await;
    let text = credentials(&address, "another-secret");
    let variables = [("GOOGLE_CREDENTIALS", text.as_str()), ("GOOGLE_STORAGE_CUSTOM_ENDPOINT", &address)];
    let error = open("gs://acme-state/plans", &variables).unwrap().probe().await.unwrap_err();
    let told = told(error).replace(&address, "[SERVER]");
    assert!(!told.contains("secret"), "{told}");
    insta::assert_snapshot!(told, @"
    cannot use the store `gs://acme-state/plans`
    no token from `[SERVER]/ci/token`: status 401
    hint: check that the bucket exists, and what the credentials in the environment may do
    ");

    let variables = [("GOOGLE_OAUTH_ACCESS_TOKEN", TOKEN), ("GOOGLE_STORAGE_CUSTOM_ENDPOINT", &address)];
    let error = open("gs://other/plans", &variables).unwrap().get("a").await;
    assert!(error.unwrap().is_none(), "an object that is not there, whatever the reason");
}

#[test]
fn without_credentials_the_remedy_is_told() {
    let error = open("gs://acme-state/plans", &[("HOME", "/nowhere")]).unwrap_err();
    insta::assert_snapshot!(told(error), @"
    no Google credentials for `gs://acme-state/plans`
    hint: `gcloud auth application-default login`, or name a credentials file in `GOOGLE_APPLICATION_CREDENTIALS`
    ");
    let variables = [("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/credentials.json")];
    insta::assert_snapshot!(told(open("gs://acme-state/plans", &variables).unwrap_err()), @"
    cannot read the credentials in `/nowhere/credentials.json`
    No such file or directory (os error 2)
    ");
}
