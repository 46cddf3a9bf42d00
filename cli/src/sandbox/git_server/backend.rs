//! `git http-backend` as a CGI program (RFC 3875), body in and body out without keeping either whole.

use std::{path::Path, process::Stdio};

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use futures::TryStreamExt as _;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::Command,
};
use tokio_util::io::{ReaderStream, StreamReader};

use crate::sandbox::{error::SandboxError, layout::GIT_USER};

/// A request of the smart protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// Lists references.
    InfoRefs,
    /// Sends objects to a client.
    UploadPack,
    /// Takes objects from a client.
    ReceivePack,
}

impl Service {
    fn path(self) -> &'static str {
        match self {
            Self::InfoRefs => "/info/refs",
            Self::UploadPack => "/git-upload-pack",
            Self::ReceivePack => "/git-receive-pack",
        }
    }
}

/// Longest header that `git http-backend` may write.
const HEADER_LIMIT: usize = 16 * 1024;

/// Answers `request` for the repository at `path`.
pub(super) async fn run(path: &Path, service: Service, request: Request) -> Result<Response, SandboxError> {
    let program = || Path::new("git http-backend");
    let failed = |source| SandboxError::io("run", program(), source);
    let mut child = command(path, service, &request).spawn().map_err(failed)?;
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(failed(std::io::Error::other("the pipes are missing")));
    };
    // Git may answer before it has read everything, so both directions run at the same time.
    let mut body = StreamReader::new(request.into_body().into_data_stream().map_err(std::io::Error::other));
    tokio::spawn(async move {
        // A backend that closes its input early has said why on its output, and a client that
        // goes away makes the input end early, which the backend refuses.
        let _ = tokio::io::copy(&mut body, &mut stdin).await;
        let _ = stdin.shutdown().await;
    });
    let mut output = BufReader::new(stdout);
    let response = head(&mut output).await.map_err(failed)?;
    tokio::spawn(async move { child.wait().await }); // reap it
    Ok(response.map(|()| Body::from_stream(ReaderStream::new(output))))
}

fn command(path: &Path, service: Service, request: &Request) -> Command {
    let header = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    let mut command = Command::new("git");
    command.arg("http-backend").env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    for name in ["PATH", "HOME"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
        .env("GIT_PROJECT_ROOT", path)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", service.path())
        // With a user named, pushes are allowed unless the repository forbids them.
        .env("REMOTE_USER", GIT_USER)
        .env("REQUEST_METHOD", request.method().as_str())
        .env("QUERY_STRING", request.uri().query().unwrap_or_default())
        .env("CONTENT_TYPE", header(header::CONTENT_TYPE).unwrap_or_default());
    if let Some(length) = header(header::CONTENT_LENGTH) {
        command.env("CONTENT_LENGTH", length);
    }
    if let Some(encoding) = header(header::CONTENT_ENCODING) {
        command.env("HTTP_CONTENT_ENCODING", encoding);
    }
    if let Some(protocol) = header(HeaderName::from_static("git-protocol")) {
        command.env("GIT_PROTOCOL", protocol);
    }
    command
}

/// Reads the CGI header, up to the empty line.
async fn head(output: &mut (impl tokio::io::AsyncBufRead + Unpin)) -> std::io::Result<Response<()>> {
    let invalid = |what: &str| std::io::Error::new(std::io::ErrorKind::InvalidData, what.to_owned());
    let mut response = Response::new(());
    let mut read = 0;
    loop {
        let mut line = String::new();
        let length = output.read_line(&mut line).await?;
        read += length;
        if length == 0 || read > HEADER_LIMIT {
            return Err(invalid("it wrote no complete header"));
        }
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            return Ok(response);
        }
        let (name, value) = line.split_once(':').ok_or_else(|| invalid("it wrote a broken header"))?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("status") {
            let code = value.split_ascii_whitespace().next().and_then(|code| code.parse().ok());
            *response.status_mut() = code
                .and_then(|code| StatusCode::from_u16(code).ok())
                .ok_or_else(|| invalid("it wrote a broken status"))?;
        } else {
            let name = HeaderName::try_from(name).map_err(|_| invalid("it wrote a broken header"))?;
            let value = HeaderValue::try_from(value).map_err(|_| invalid("it wrote a broken header"))?;
            response.headers_mut().append(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_header_of_a_cgi_program_becomes_the_response() {
        let mut output: &[u8] = b"Status: 404 Not Found\r\nContent-Type: text/plain\r\n\r\nbody";
        let response = head(&mut output).await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/plain");
        assert_eq!(output, b"body");
    }

    #[tokio::test]
    async fn a_header_that_ends_early_is_refused() {
        let mut output: &[u8] = b"Content-Type: text/plain\r\n";
        assert!(head(&mut output).await.is_err());
    }
}
