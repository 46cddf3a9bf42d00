//! What both stand-ins keep, and how they are served.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Request, State},
    response::Response,
};

/// The objects of a bucket by key, each with the count of writes when it was written.
#[derive(Default)]
pub struct Bucket {
    pub objects: BTreeMap<String, (Bytes, u64)>,
    pub writes: u64,
    /// What was asked, in order: method, path and query.
    pub requests: Vec<String>,
}

impl Bucket {
    /// Writes an object and gives its version.
    pub fn write(&mut self, key: &str, content: Bytes) -> u64 {
        self.writes += 1;
        self.objects.insert(key.to_owned(), (content, self.writes));
        self.writes
    }

    /// The version of an object; 0 when it is not there.
    pub fn version(&self, key: &str) -> u64 {
        self.objects.get(key).map_or(0, |(_, version)| *version)
    }
}

/// A request, read to its end.
pub struct Asked {
    pub method: String,
    /// The path, decoded, without the slash before it.
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub headers: axum::http::HeaderMap,
    pub body: Bytes,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body, read as a form.
    pub fn form(&self) -> BTreeMap<String, String> {
        let url = format!("http://form?{}", String::from_utf8_lossy(&self.body));
        pairs(&reqwest::Url::parse(&url).unwrap())
    }
}

fn pairs(url: &reqwest::Url) -> BTreeMap<String, String> {
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// `text` without its percent signs.
pub fn decoded(text: &str) -> String {
    let url = reqwest::Url::parse(&format!("http://host?{}", text.replace('+', "%2B"))).unwrap();
    url.query_pairs().map(|(name, _)| name.into_owned()).collect()
}

type Answer = fn(&Asked, &mut Bucket) -> Response;

/// Serves `answer` on a free port of loopback for as long as the test's runtime lives; gives the address.
pub async fn serve(answer: Answer) -> (String, Arc<Mutex<Bucket>>) {
    let bucket = Arc::new(Mutex::new(Bucket::default()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(handle).with_state((answer, Arc::clone(&bucket)));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, bucket)
}

async fn handle(State((answer, bucket)): State<(Answer, Arc<Mutex<Bucket>>)>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let url = reqwest::Url::parse(&format!("http://host{}", head.uri)).unwrap();
    let path = decoded(head.uri.path().trim_start_matches('/'));
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let asked = Asked { method: head.method.to_string(), path, query: pairs(&url), headers: head.headers, body };
    let mut bucket = bucket.lock().unwrap();
    bucket.requests.push(format!("{} {}", asked.method, head.uri));
    answer(&asked, &mut bucket)
}

/// An answer without headers.
pub fn plain(status: u16, body: impl Into<axum::body::Body>) -> Response {
    Response::builder().status(status).body(body.into()).unwrap()
}
