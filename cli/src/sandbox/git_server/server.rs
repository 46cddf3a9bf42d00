//! The web server: who may ask, and for which repository.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use super::backend::{self, Service};
use crate::{
    platform::RepositoryName,
    sandbox::{error::SandboxError, layout::GIT_USER, record::Record},
};

/// What every request needs.
struct Server {
    /// The record names the repositories; it is read for each request, so a repository that is
    /// registered later is served without a restart.
    record: PathBuf,
    /// SHA-256 of the one `Authorization` header that is let in. Digests are compared because
    /// the time that takes tells nothing about the password.
    authorization: [u8; 32],
}

/// Serves the repositories of the sandbox in `folder` on `listen` until the process is ended.
///
/// # Errors
/// When the token cannot be read or the address is taken.
pub async fn serve(folder: &Path, listen: SocketAddr) -> Result<(), SandboxError> {
    let path = folder.join("git-token");
    let token = std::fs::read_to_string(&path).map_err(|source| SandboxError::io("read", &path, source))?;
    let server = Arc::new(Server {
        record: folder.join("sandbox.json"),
        authorization: expected_authorization(&SecretString::from(token)),
    });
    let router = router(server);
    let address = || format!("{listen}");
    let listener = tokio::net::TcpListener::bind(listen)
        .await
        .map_err(|source| SandboxError::io("listen on", address(), source))?;
    axum::serve(listener, router).await.map_err(|source| SandboxError::io("serve", address(), source))
}

fn router(server: Arc<Server>) -> Router {
    Router::new().route("/healthz", get(|| async { "ok\n" })).fallback(repository).with_state(server)
}

/// RFC 7617.
fn expected_authorization(token: &SecretString) -> [u8; 32] {
    let pair = SecretString::from(format!("{GIT_USER}:{}", token.expose_secret()));
    let header = SecretString::from(format!("Basic {}", BASE64.encode(pair.expose_secret())));
    Sha256::digest(header.expose_secret()).into()
}

async fn repository(State(server): State<Arc<Server>>, request: Request) -> Response {
    if !server.lets_in(request.headers()) {
        let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"kstack sandbox\", charset=\"UTF-8\"")];
        return (StatusCode::UNAUTHORIZED, challenge, "the user is `kstack`, the password the sandbox's token\n")
            .into_response();
    }
    let Some((name, service)) = route(request.method(), request.uri().path()) else {
        return (StatusCode::NOT_FOUND, "only Git's smart protocol is served\n").into_response();
    };
    let record = match Record::read(&server.record) {
        Ok(Some(record)) => record,
        Ok(None) => return (StatusCode::GONE, "the sandbox is gone\n").into_response(),
        Err(error) => return failure(&error),
    };
    let Some(path) = record.git_repositories.get(&name) else {
        return (StatusCode::NOT_FOUND, format!("there is no repository `{name}`\n")).into_response();
    };
    match backend::run(path, service, request).await {
        Ok(response) => response,
        Err(error) => failure(&error),
    }
}

fn failure(error: &SandboxError) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, Body::from(format!("{error}\n"))).into_response()
}

impl Server {
    fn lets_in(&self, headers: &HeaderMap) -> bool {
        headers.get(header::AUTHORIZATION).is_some_and(|given| {
            let digest: [u8; 32] = Sha256::digest(given.as_bytes()).into();
            digest == self.authorization
        })
    }
}

/// The three requests of the smart protocol (gitprotocol-http(5)): `/<name>.git/…`.
fn route(method: &Method, path: &str) -> Option<(RepositoryName, Service)> {
    let (name, rest) = path.strip_prefix('/')?.split_once('/')?;
    let name = RepositoryName::new(name.strip_suffix(".git")?).ok()?;
    let service = match (method, rest) {
        (&Method::GET, "info/refs") => Service::InfoRefs,
        (&Method::POST, "git-upload-pack") => Service::UploadPack,
        (&Method::POST, "git-receive-pack") => Service::ReceivePack,
        _ => return None,
    };
    Some((name, service))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_smart_protocol_is_routed() {
        let name = RepositoryName::new("platform").unwrap();
        assert_eq!(route(&Method::GET, "/platform.git/info/refs"), Some((name.clone(), Service::InfoRefs)));
        assert_eq!(route(&Method::POST, "/platform.git/git-receive-pack"), Some((name, Service::ReceivePack)));
        for (method, path) in [
            (Method::GET, "/platform/info/refs"),
            (Method::GET, "/platform.git/HEAD"),
            (Method::GET, "/platform.git/objects/info/packs"),
            (Method::GET, "/../x.git/info/refs"),
            (Method::GET, "/%2e%2e.git/info/refs"),
            (Method::GET, "//.git/info/refs"),
            (Method::POST, "/platform.git/info/refs"),
            (Method::GET, "/platform.git/git-upload-pack"),
        ] {
            assert_eq!(route(&method, path), None, "{method} {path}");
        }
    }

    #[test]
    fn one_header_is_let_in() {
        let server = Server {
            record: PathBuf::new(),
            authorization: expected_authorization(&SecretString::from("secret".to_owned())),
        };
        let ask = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            server.lets_in(&headers)
        };
        assert!(ask(&format!("Basic {}", BASE64.encode("kstack:secret"))));
        assert!(!ask(&format!("Basic {}", BASE64.encode("kstack:wrong"))));
        assert!(!ask("Basic "));
        assert!(!server.lets_in(&HeaderMap::new()));
    }
}
