//! Stand-in for Azure: the REST API of Blob Storage and the token endpoint of Entra.
//! Sources: <https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api>,
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow>.

use axum::response::Response;

use super::{
    bucket::{Asked, Bucket, decoded, plain, serve},
    keeps_the_laws, open, told,
};

fn answer(asked: &Asked, bucket: &mut Bucket) -> Response {
    match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "ci/token") => {
            let audience = asked.query.get("audience").map(String::as_str);
            let allowed = asked.header("authorization") == Some("Bearer ci-secret");
            if allowed && audience == Some("api://AzureADTokenExchange") {
                plain(200, r#"{"value": "ci-token"}"#)
            } else {
                plain(401, "")
            }
        }
        ("POST", "tenant/oauth2/v2.0/token") => {
            let form = asked.form();
            if form["client_assertion"] != "ci-token" || form["client_id"] != "client" {
                let message = r#"{"error": "invalid_client", "error_description": "AADSTS700213: no matching federated identity\r\nTrace ID: 1"}"#;
                return plain(401, message);
            }
            plain(200, r#"{"access_token": "the-application's", "expires_in": 3599}"#)
        }
        _ if asked.header("authorization") != Some("Bearer the-application's") => {
            plain(403, "<Error><Code>AuthorizationFailure</Code></Error>")
        }
        (method, path) => match path.strip_prefix("tfstate") {
            Some(key) => blob(method, key.trim_start_matches('/'), asked, bucket),
            None => plain(404, "<Error><Code>ContainerNotFound</Code></Error>"),
        },
    }
}

fn blob(method: &str, key: &str, asked: &Asked, bucket: &mut Bucket) -> Response {
    let tag = |version: u64| format!("\"0x{version}\"");
    match method {
        "PUT" => {
            let version = bucket.version(key);
            if asked.header("if-none-match") == Some("*") && version != 0 {
                return plain(409, "<Error><Code>BlobAlreadyExists</Code></Error>");
            }
            if asked.header("if-match").is_some_and(|wanted| wanted != tag(version)) {
                return plain(412, "<Error><Code>ConditionNotMet</Code></Error>");
            }
            let version = bucket.write(key, asked.body.clone());
            let answer = Response::builder().status(201).header("etag", tag(version));
            answer.body(axum::body::Body::empty()).unwrap()
        }
        "GET" if asked.query.get("comp").is_some_and(|comp| comp == "list") => {
            let prefix = asked.query.get("prefix").cloned().unwrap_or_default();
            let blobs: String = bucket
                .objects
                .iter()
                .filter(|(key, _)| key.starts_with(&prefix))
                .map(|(key, (content, version))| {
                    format!(
                        "<Blob><Name>{key}</Name><Properties><Last-Modified>Thu, 01 Jan 2026 00:00:00 GMT</Last-Modified>\
                         <Content-Length>{}</Content-Length><Content-Type>text/plain</Content-Type><Etag>{}</Etag>\
                         <ResourceType>file</ResourceType></Properties></Blob>",
                        content.len(),
                        tag(*version).trim_matches('"')
                    )
                })
                .collect();
            plain(200, format!("<EnumerationResults><Blobs>{blobs}</Blobs><NextMarker /></EnumerationResults>"))
        }
        "GET" => match bucket.objects.get(key) {
            None => plain(404, "<Error><Code>BlobNotFound</Code></Error>"),
            Some((content, version)) => {
                let answer = Response::builder()
                    .header("etag", tag(*version))
                    .header("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT");
                answer.body(content.clone().into()).unwrap()
            }
        },
        "POST" if asked.query.get("comp").is_some_and(|comp| comp == "batch") => batch(asked, bucket),
        _ => plain(405, ""),
    }
}

/// Several deletions in one request: <https://learn.microsoft.com/rest/api/storageservices/blob-batch>.
fn batch(asked: &Asked, bucket: &mut Bucket) -> Response {
    let text = String::from_utf8(asked.body.to_vec()).unwrap();
    let mut parts = String::new();
    for (id, line) in text.lines().filter_map(|line| line.strip_prefix("DELETE /")).enumerate() {
        let path = decoded(line.split(' ').next().unwrap());
        let removed = bucket.objects.remove(path.strip_prefix("tfstate/").unwrap()).is_some();
        let status = if removed { "202 Accepted" } else { "404 The specified blob does not exist." };
        parts += &format!(
            "--batch\r\nContent-Type: application/http\r\nContent-ID: {id}\r\n\r\nHTTP/1.1 {status}\r\nServer: stand-in\r\n\r\n\r\n"
        );
    }
    let answer = Response::builder().status(202).header("content-type", "multipart/mixed; boundary=batch");
    answer.body(format!("{parts}--batch--\r\n").into()).unwrap()
}

/// The variables of a job of GitHub Actions that Terraform's backend logs in with.
fn job<'a>(address: &'a str, url: &'a str, secret: &'a str) -> [(&'a str, &'a str); 7] {
    [
        ("ARM_USE_OIDC", "true"),
        ("ARM_CLIENT_ID", "client"),
        ("ARM_TENANT_ID", "tenant"),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", url),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", secret),
        ("AZURE_AUTHORITY_HOST", address),
        ("AZURE_STORAGE_ENDPOINT", address),
    ]
}

#[tokio::test]
async fn the_token_of_a_ci_system_opens_a_container_that_keeps_the_laws() {
    let (address, bucket) = serve(answer).await;
    let url = format!("{address}/ci/token?api-version=2.0");
    keeps_the_laws(&open("az://acmestate/tfstate/kstack", &job(&address, &url, "ci-secret")).unwrap()).await;
    let requests = bucket.lock().unwrap().requests.clone();
    assert!(requests[0].starts_with("GET /ci/token?api-version=2.0&audience="), "{requests:?}");
    assert_eq!(requests[1], "POST /tenant/oauth2/v2.0/token");
    assert!(requests[2..].iter().all(|request| request.contains("/tfstate")), "{requests:?}");
}

#[tokio::test]
async fn the_token_in_a_file_is_one_as_well() {
    let (address, _) = serve(answer).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "ci-token\n").unwrap();
    let variables = [
        ("ARM_USE_AKS_WORKLOAD_IDENTITY", "true"),
        ("AZURE_CLIENT_ID", "client"),
        ("AZURE_TENANT_ID", "tenant"),
        ("AZURE_FEDERATED_TOKEN_FILE", file.path().to_str().unwrap()),
        ("AZURE_AUTHORITY_HOST", &address),
        ("AZURE_STORAGE_ENDPOINT", &address),
    ];
    open("az://acmestate/tfstate", &variables).unwrap().probe().await.unwrap();
}

#[tokio::test]
async fn what_is_refused_is_told_without_the_secrets() {
    let (address, _) = serve(answer).await;
    let url = format!("{address}/ci/token");
    let error =
        open("az://acmestate/tfstate", &job(&address, &url, "another-secret")).unwrap().probe().await.unwrap_err();
    let first = told(error).replace(&address, "[SERVER]");
    let mut variables = job(&address, &url, "ci-secret").to_vec();
    variables.push(("ARM_OIDC_TOKEN", "not-the-ci's-secret"));
    let error = open("az://acmestate/tfstate", &variables).unwrap().probe().await.unwrap_err();
    let second = told(error).replace(&address, "[SERVER]");
    assert!(!format!("{first}{second}").contains("secret"), "{first}{second}");
    insta::assert_snapshot!(first, @"
    cannot use the store `az://acmestate/tfstate`
    no token from `[SERVER]/ci/token`: status 401
    hint: check that the storage account and the container exist, and what the credentials in the environment may do
    ");
    insta::assert_snapshot!(second, @"
    cannot use the store `az://acmestate/tfstate`
    no token from `[SERVER]/tenant/oauth2/v2.0/token`: status 401: AADSTS700213: no matching federated identity
    hint: check that the storage account and the container exist, and what the credentials in the environment may do
    ");
}

#[test]
fn without_credentials_the_remedy_is_told() {
    insta::assert_snapshot!(told(open("az://acmestate/tfstate", &[("PATH", "/nowhere")]).unwrap_err()), @"
    no Azure credentials for `az://acmestate/tfstate`
    hint: `az login`, or set `ARM_CLIENT_ID` and `ARM_TENANT_ID` with `ARM_USE_OIDC=true` or `ARM_CLIENT_SECRET`
    ");
}
