//! Downloads whose digest is checked: against what the publisher says, and against what came the first time.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use futures::StreamExt as _;
use sha2::{Digest as _, Sha256};

use super::cache::{hex, write_json};
use crate::sandbox::{error::SandboxError, files::read_optional, probe::install_tls_provider};

/// A file on a publisher's server.
#[derive(Debug, Clone)]
pub(super) struct Download {
    pub url: String,
    pub form: Form,
    /// Where the publisher tells its digest, if anywhere.
    pub checksum: Option<Checksum>,
}

/// What the file is.
#[derive(Debug, Clone)]
pub(super) enum Form {
    /// The program itself.
    Program,
    /// Text.
    Text,
    /// A compressed archive that holds the program.
    TarGz {
        /// The program's path in it.
        member: String,
    },
}

/// Where a publisher tells the SHA-256 digest.
#[derive(Debug, Clone)]
pub(super) enum Checksum {
    /// A file that holds the digest alone.
    Beside {
        /// That file.
        url: String,
    },
    /// A list of digests and file names, as `sha256sum` writes it.
    List {
        /// The list.
        url: String,
        /// The name in it.
        file: String,
    },
}

/// Why a download did not give the file.
#[derive(Debug)]
pub(super) enum DownloadError {
    /// The server does not give it; another way may work.
    Unavailable(String),
    /// There is no way to the server now; another way may work.
    Unreachable(String),
    /// It came and is wrong, or could not be kept. Not to be worked around.
    Fatal(SandboxError),
}

impl From<SandboxError> for DownloadError {
    fn from(error: SandboxError) -> Self {
        Self::Fatal(error)
    }
}

/// Longest wait for a connection.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
/// Longest silence in the middle of a download.
const READ_PATIENCE: Duration = Duration::from_secs(60);

/// Downloads files and remembers their digests.
#[derive(Debug)]
pub(super) struct Downloader {
    client: reqwest::Client,
    digests: PathBuf,
}

impl Downloader {
    /// `digests` is the file that remembers the digest of every URL.
    pub(super) fn new(digests: PathBuf) -> Result<Self, SandboxError> {
        install_tls_provider();
        let client = reqwest::Client::builder()
            .user_agent(concat!("kstack/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_PATIENCE)
            .read_timeout(READ_PATIENCE)
            .build()
            .map_err(SandboxError::HttpClient)?;
        Ok(Self { client, digests })
    }

    /// Downloads into `folder`, checks, and unpacks; gives the file.
    pub(super) async fn fetch(&self, download: &Download, folder: &Path) -> Result<PathBuf, DownloadError> {
        let published = match &download.checksum {
            None => None,
            Some(checksum) => Some(self.published(checksum).await?),
        };
        let path = folder.join("download");
        let found = self.save(&download.url, &path).await?;
        let mut known = self.known()?;
        let expectations = [
            (published.as_ref(), "as its publisher says"),
            (known.get(&download.url), "as recorded when it was first downloaded"),
        ];
        for (expected, expected_by) in expectations {
            if let Some(expected) = expected.filter(|expected| **expected != found) {
                let (url, expected) = (download.url.clone(), expected.clone());
                return Err(SandboxError::DigestMismatch { url, found, expected, expected_by }.into());
            }
        }
        if known.insert(download.url.clone(), found).is_none() {
            write_json(&self.digests, &known)?;
        }
        match &download.form {
            Form::Program | Form::Text => Ok(path),
            Form::TarGz { member } => Ok(unpack(&path, member, &folder.join("unpacked"))?),
        }
    }

    fn known(&self) -> Result<BTreeMap<String, String>, SandboxError> {
        let Some(text) = read_optional(&self.digests)? else { return Ok(BTreeMap::new()) };
        // Taking a broken file for an empty one would switch the check off.
        serde_json::from_str(&text)
            .map_err(|error| SandboxError::BrokenRecord { path: self.digests.clone(), reason: error.to_string() })
    }

    async fn published(&self, checksum: &Checksum) -> Result<String, DownloadError> {
        let (Checksum::Beside { url } | Checksum::List { url, .. }) = checksum;
        let text = self.get(url).await?.text().await.map_err(|error| unavailable(url, &error))?;
        let digest = match checksum {
            Checksum::Beside { .. } => text.split_ascii_whitespace().next(),
            Checksum::List { file, .. } => text.lines().find_map(|line| {
                let (digest, name) = line.split_once(char::is_whitespace)?;
                (name.trim().trim_start_matches('*') == file).then_some(digest)
            }),
        };
        match digest {
            Some(digest) if digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                Ok(digest.to_ascii_lowercase())
            }
            _ => Err(DownloadError::Unavailable(format!("`{url}` tells no SHA-256 digest"))),
        }
    }

    async fn get(&self, url: &str) -> Result<reqwest::Response, DownloadError> {
        let response = self.client.get(url).send().await;
        response.and_then(reqwest::Response::error_for_status).map_err(|error| unavailable(url, &error))
    }

    /// Saves what `url` gives, and tells its digest.
    async fn save(&self, url: &str, path: &Path) -> Result<String, DownloadError> {
        let write = |source| DownloadError::Fatal(SandboxError::io("write", path, source));
        let mut stream = self.get(url).await?.bytes_stream();
        let mut file = fs::File::create(path).map_err(write)?;
        let mut digest = Sha256::new();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|error| unavailable(url, &error))?;
            digest.update(&chunk);
            file.write_all(&chunk).map_err(write)?;
        }
        file.sync_all().map_err(write)?;
        Ok(hex(&digest.finalize()))
    }
}

fn unavailable(url: &str, error: &reqwest::Error) -> DownloadError {
    let mut reason = error.status().map_or_else(|| error.to_string(), |status| format!("`{url}` answers {status}"));
    let mut source = std::error::Error::source(error).filter(|_| error.status().is_none());
    while let Some(cause) = source {
        reason = format!("{reason}: {cause}");
        source = cause.source();
    }
    if error.is_connect() { DownloadError::Unreachable(reason) } else { DownloadError::Unavailable(reason) }
}

/// Takes one regular file out of an archive. Nothing else of the archive is looked at, so no path in it is ever used.
fn unpack(archive: &Path, member: &str, target: &Path) -> Result<PathBuf, SandboxError> {
    let read = || -> io::Result<bool> {
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(fs::File::open(archive)?));
        for entry in archive.entries()? {
            let mut entry = entry?;
            if entry.header().entry_type().is_file() && entry.path()?.as_os_str() == member {
                io::copy(&mut entry, &mut fs::File::create(target)?)?;
                return Ok(true);
            }
        }
        Ok(false)
    };
    match read() {
        Ok(true) => Ok(target.to_owned()),
        Ok(false) => {
            let reason = io::Error::new(io::ErrorKind::NotFound, format!("it does not hold `{member}`"));
            Err(SandboxError::io("unpack", archive, reason))
        }
        Err(source) => Err(SandboxError::io("unpack", archive, source)),
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, http::StatusCode, routing::get};

    use super::*;

    /// A publisher on loopback; gives its base URL.
    async fn publisher(files: Vec<(&'static str, Vec<u8>)>) -> String {
        let mut router = Router::new();
        for (path, content) in files {
            router = router.route(path, get(move || async move { content }));
        }
        let router = router.route("/broken", get(|| async { StatusCode::SERVICE_UNAVAILABLE }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        base
    }

    fn digest(content: &[u8]) -> String {
        hex(&Sha256::digest(content))
    }

    fn archive(member: &str, content: &[u8]) -> Vec<u8> {
        let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o755);
        builder.append_data(&mut header, member, content).unwrap();
        builder.into_inner().unwrap().finish().unwrap()
    }

    fn program(url: String, checksum: Option<Checksum>) -> Download {
        Download { url, form: Form::Program, checksum }
    }

    #[tokio::test]
    async fn the_first_digest_is_remembered_and_holds_ever_after() {
        let folder = tempfile::tempdir().unwrap();
        let downloader = Downloader::new(folder.path().join("digests.json")).unwrap();
        let base = publisher(vec![("/tool", b"one".to_vec())]).await;
        let download = program(format!("{base}/tool"), None);
        let path = downloader.fetch(&download, folder.path()).await.unwrap();
        assert_eq!(fs::read(path).unwrap(), b"one");
        downloader.fetch(&download, folder.path()).await.unwrap();

        // The same URL gives something else one day.
        fs::write(folder.path().join("digests.json"), format!("{{\"{base}/tool\": \"{}\"}}", digest(b"two"))).unwrap();
        let error = downloader.fetch(&download, folder.path()).await.unwrap_err();
        let DownloadError::Fatal(SandboxError::DigestMismatch { found, expected, expected_by, .. }) = error else {
            panic!("{error:?}")
        };
        assert_eq!((found, expected), (digest(b"one"), digest(b"two")));
        assert_eq!(expected_by, "as recorded when it was first downloaded");
    }

    #[tokio::test]
    async fn what_the_publisher_says_is_checked() {
        let folder = tempfile::tempdir().unwrap();
        let downloader = Downloader::new(folder.path().join("digests.json")).unwrap();
        let packed = archive("etcd-v1/etcd", b"etcd");
        let list = format!("{}  other.tar.gz\n{}  etcd.tar.gz\n", digest(b"other"), digest(&packed));
        let base = publisher(vec![
            ("/tool", b"tool".to_vec()),
            ("/tool.sha256", digest(b"tool").into_bytes()),
            ("/wrong.sha256", digest(b"another").into_bytes()),
            ("/etcd.tar.gz", packed),
            ("/SHA256SUMS", list.into_bytes()),
        ])
        .await;
        let url = |path: &str| format!("{base}{path}");

        let right = program(url("/tool"), Some(Checksum::Beside { url: url("/tool.sha256") }));
        downloader.fetch(&right, folder.path()).await.unwrap();
        let wrong = program(url("/tool"), Some(Checksum::Beside { url: url("/wrong.sha256") }));
        let error = downloader.fetch(&wrong, folder.path()).await.unwrap_err();
        assert!(matches!(&error, DownloadError::Fatal(SandboxError::DigestMismatch { expected_by, .. })
            if *expected_by == "as its publisher says"));

        let checksum = Checksum::List { url: url("/SHA256SUMS"), file: "etcd.tar.gz".to_owned() };
        let form = Form::TarGz { member: "etcd-v1/etcd".to_owned() };
        let packed = Download { url: url("/etcd.tar.gz"), form, checksum: Some(checksum) };
        let path = downloader.fetch(&packed, folder.path()).await.unwrap();
        assert_eq!(fs::read(path).unwrap(), b"etcd");
    }

    #[tokio::test]
    async fn a_server_that_cannot_give_it_is_no_reason_to_stop() {
        let folder = tempfile::tempdir().unwrap();
        let downloader = Downloader::new(folder.path().join("digests.json")).unwrap();
        let base = publisher(vec![("/tool", b"tool".to_vec()), ("/empty", Vec::new())]).await;
        let unreachable = {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            format!("http://{}/tool", listener.local_addr().unwrap())
        };
        for (download, wanted) in [
            (program(format!("{base}/broken"), None), "answers 503"),
            (program(unreachable, None), "refused"),
            (
                program(format!("{base}/tool"), Some(Checksum::Beside { url: format!("{base}/empty") })),
                "tells no SHA-256 digest",
            ),
        ] {
            let error = downloader.fetch(&download, folder.path()).await.unwrap_err();
            let (DownloadError::Unavailable(reason) | DownloadError::Unreachable(reason)) = &error else {
                panic!("{error:?}")
            };
            assert!(reason.contains(wanted), "{reason}");
        }
        assert!(!folder.path().join("digests.json").exists(), "nothing came, so there is nothing to remember");
    }

    #[test]
    fn only_the_named_member_is_taken_out_of_an_archive() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("archive");
        fs::write(&path, archive("other", b"x")).unwrap();
        let error = unpack(&path, "etcd", &folder.path().join("out")).unwrap_err();
        assert!(error.to_string().starts_with("cannot unpack"), "{error}");
        assert!(!folder.path().join("out").exists() && !folder.path().join("other").exists());
    }
}
