//! Plan stores that say no, break off or cannot be written: an error that names the thing, exit code 1, nothing applied.
//! The servers here are stand-ins that know how to fail, and nothing else of S3.

use std::fs;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    http::{Method, Response},
};

use super::{apply, data, set_pipeline, untouched};
use crate::support::repository::Repository;

/// A listing with one bundle.
const LISTING: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult><Name>plans</Name><Prefix></Prefix><KeyCount>1</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>
<Contents><Key>KEY</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>"x"</ETag><Size>1000</Size></Contents>
</ListBucketResult>"#;

const DENIED: &str = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";

/// A repository with a stack that nothing was planned of yet, and its plans in a bucket at `endpoint`.
fn repository(endpoint: &str) -> Repository {
    let mut repository = Repository::new();
    set_pipeline(&repository, "plan_store = \"s3://plans\"");
    repository.stack("net", &data("hello"));
    repository.commit("Add a network");
    for (name, value) in [
        ("AWS_ENDPOINT_URL_S3", endpoint),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_REGION", "eu-west-1"),
    ] {
        repository.world.set(name, value);
    }
    repository
}

/// Serves `answer` for as long as the test's runtime lives.
async fn serve(answer: fn(&Request) -> Response<Body>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(move |request: Request| async move { answer(&request) });
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_closed_to_us() {
    let endpoint = serve(|_| Response::builder().status(403).body(DENIED.into()).unwrap()).await;
    tokio::task::spawn_blocking(move || {
        let repository = repository(&endpoint);
        for arguments in [&["plan"][..], &["apply", "--no-handoff"], &["bundle", "show", "net"]] {
            let ran = repository.kstack(arguments);
            assert_eq!(ran.code, Some(1), "{ran}");
            assert!(ran.stderr.contains("s3://plans") && ran.stderr.contains("403"), "{ran}");
            assert!(ran.stderr.contains("hint: check that the bucket exists"), "{ran}");
        }
        untouched(&repository);
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_can_be_read_and_not_written() {
    let endpoint = serve(|request| match *request.method() {
        Method::GET => Response::new(LISTING.replace("<KeyCount>1", "<KeyCount>0").replace("KEY", "elsewhere").into()),
        _ => Response::builder().status(403).body(DENIED.into()).unwrap(),
    })
    .await;
    tokio::task::spawn_blocking(move || {
        let repository = repository(&endpoint);
        let ran = repository.kstack(&["plan"]);
        assert_eq!(ran.code, Some(1), "{ran}");
        assert!(ran.to_string().contains("cannot write `ops/net/"), "{ran}");
        untouched(&repository);
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_breaks_off() {
    let endpoint = serve(|request| {
        if request.uri().query().is_some_and(|query| query.contains("list-type")) {
            let query = request.uri().query().unwrap();
            let prefix = query.split('&').find_map(|pair| pair.strip_prefix("prefix=")).unwrap();
            let key = format!("{}0000000000000000.zip", prefix.replace("%2F", "/"));
            return Response::new(LISTING.replace("KEY", &key).into());
        }
        let pieces = [Ok(Bytes::from_static(b"PK half of it")), Err(std::io::Error::other("cut"))];
        let headers = Response::builder().header("content-length", "1000").header("etag", "\"x\"");
        let headers = headers.header("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT");
        headers.body(Body::from_stream(futures::stream::iter(pieces))).unwrap()
    })
    .await;
    tokio::task::spawn_blocking(move || {
        let repository = repository(&endpoint);
        let ran = apply(&repository, &[]);
        assert_eq!(ran.code, Some(1), "{ran}");
        assert!(ran.stderr.contains("error: cannot read `ops/net/[SHA256]/[PLAN].zip` in `s3://plans`"), "{ran}");
        untouched(&repository);
    })
    .await
    .unwrap();
}

#[test]
fn a_plan_that_cannot_be_written() {
    let repository = Repository::new();
    repository.stack("net", &data("hello"));
    repository.commit("Add a network");
    // Where the folder of the stack's plans belongs is a file.
    let plans = repository.pipeline().join("plans/ops");
    fs::create_dir_all(&plans).unwrap();
    fs::write(plans.join("net"), "").unwrap();
    let ran = repository.kstack(&["plan"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.to_string().contains("cannot write `ops/net/"), "{ran}");
    untouched(&repository);
}
