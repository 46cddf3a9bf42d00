//! The provider registry protocol: discovery, versions, download, and the list of digests.
//! Source: <https://developer.hashicorp.com/terraform/internals/provider-registry-protocol> and
//! <https://developer.hashicorp.com/terraform/internals/remote-service-discovery>.

use std::{path::Path, time::Duration};

use futures::StreamExt as _;
use reqwest::{Client, Response, StatusCode, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;

use super::{Package, ProviderAddress, ProviderStoreError, hash::Zh};

/// Longest wait for a connection.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
/// Longest silence in the middle of an answer.
const READ_PATIENCE: Duration = Duration::from_secs(60);
/// Waits before a request is repeated that found no answer, or one that says that the server is in trouble.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(2)];
/// More than any document of the protocol has.
const MOST_BYTES: usize = 32 << 20;

/// How registries are spoken to.
#[derive(Debug, Clone, Copy)]
pub struct Registry {
    scheme: &'static str,
}

/// An archive that a registry gave.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) zh: Zh,
    pub(super) url: String,
}

#[derive(Debug, Deserialize)]
struct Services {
    #[serde(rename = "providers.v1")]
    providers: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Announcement {
    os: String,
    arch: String,
    filename: String,
    download_url: String,
    shasums_url: String,
    shasum: String,
}

#[derive(Debug, Deserialize)]
struct Versions {
    versions: Vec<Version>,
}

#[derive(Debug, Deserialize)]
struct Version {
    version: String,
    #[serde(default)]
    platforms: Vec<Target>,
}

#[derive(Debug, Deserialize)]
struct Target {
    os: String,
    arch: String,
}

/// Why a request gave nothing.
enum NoAnswer {
    /// Not without other credentials.
    Unauthorized,
    /// There is no such thing.
    NotFound,
    /// Anything else.
    Because(String),
}

impl Registry {
    /// Registries are spoken to by TLS, as Terraform does.
    pub(super) fn encrypted() -> Self {
        Self { scheme: "https" }
    }

    /// Without TLS, for a registry of a test.
    #[cfg(test)]
    pub(super) fn plain() -> Self {
        Self { scheme: "http" }
    }

    /// Downloads the archive of `package` to `path`, and checks it against the digests that the registry announces.
    /// `None` when the registry wants other credentials than `token`.
    ///
    /// # Errors
    /// [`ProviderStoreError::Registry`] and [`ProviderStoreError::Announced`]; [`ProviderStoreError::Io`] for `path`.
    pub(super) async fn fetch(
        self,
        package: &Package,
        token: Option<&SecretString>,
        path: &Path,
    ) -> Result<Option<Fetched>, ProviderStoreError> {
        let host = package.address.host();
        let connection = Connection::new(token.cloned())?;
        let because =
            |reason| ProviderStoreError::Registry { package: package.clone().into(), host: host.to_owned(), reason };
        let base = match connection.discover(self.scheme, host).await {
            Ok(base) => base,
            Err(NoAnswer::Unauthorized) => return Ok(None),
            Err(NoAnswer::NotFound) => return Err(because("it is no registry of providers".to_owned())),
            Err(NoAnswer::Because(reason)) => return Err(because(reason)),
        };
        let (announced_at, announcement) = match connection.announcement(&base, package).await {
            Ok(announcement) => announcement,
            Err(NoAnswer::Unauthorized) => return Ok(None),
            Err(NoAnswer::NotFound) => return Err(because(connection.instead(&base, package).await)),
            Err(NoAnswer::Because(reason)) => return Err(because(reason)),
        };
        if (announcement.os.as_str(), announcement.arch.as_str()) != (package.platform.os(), package.platform.arch()) {
            return Err(because(format!("it answers for {}_{}", announcement.os, announcement.arch)));
        }
        let url = |text: &str| announced_at.join(text).map_err(|_| because(format!("`{text}` is not an address")));
        let list = url(&announcement.shasums_url)?;
        let listed = match connection.text(&list).await {
            Ok(text) => listed(&text, &announcement.filename),
            Err(reason) => return Err(because(reason.told(&list))),
        };
        let expected = Zh::from_hex(&announcement.shasum);
        let announced = |url: &Url, found: Option<Zh>| ProviderStoreError::Announced {
            url: url.to_string(),
            host: host.to_owned(),
            found: found.map_or("no digest".to_owned(), |found| found.to_string()),
            expected: expected.map_or(format!("`{}`, which is no digest", announcement.shasum), |zh| zh.to_string()),
        };
        if expected.is_none() || listed != expected {
            return Err(announced(&list, listed));
        }
        let archive = url(&announcement.download_url)?;
        let zh = match connection.save(&archive, path).await {
            Ok(zh) => zh,
            Err(Saving::NoAnswer(reason)) => return Err(because(reason.told(&archive))),
            Err(Saving::Io(source)) => return Err(ProviderStoreError::io("write", path, source)),
        };
        if Some(zh) != expected {
            return Err(announced(&archive, Some(zh)));
        }
        Ok(Some(Fetched { zh, url: archive.to_string() }))
    }
}

/// The digest of `file` in a list as `sha256sum` writes it.
fn listed(list: &str, file: &str) -> Option<Zh> {
    let digest = list.lines().find_map(|line| {
        let (digest, name) = line.split_once(char::is_whitespace)?;
        (name.trim().trim_start_matches('*') == file).then_some(digest)
    });
    digest.and_then(Zh::from_hex)
}

impl NoAnswer {
    fn told(self, url: &Url) -> String {
        match self {
            Self::Unauthorized => format!("`{url}` refuses"),
            Self::NotFound => format!("`{url}` does not exist"),
            Self::Because(reason) => reason,
        }
    }
}

enum Saving {
    NoAnswer(NoAnswer),
    Io(std::io::Error),
}

struct Connection {
    client: Client,
    token: Option<SecretString>,
}

impl Connection {
    fn new(token: Option<SecretString>) -> Result<Self, ProviderStoreError> {
        // Fails only when there is a provider already, and the whole program has ring alone.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("kstack/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_PATIENCE)
            .read_timeout(READ_PATIENCE)
            .build()
            .map_err(ProviderStoreError::HttpClient)?;
        Ok(Self { client, token })
    }

    /// Where the registry's provider service is.
    async fn discover(&self, scheme: &str, host: &str) -> Result<Url, NoAnswer> {
        let url = format!("{scheme}://{host}/.well-known/terraform.json");
        let url = Url::parse(&url).map_err(|_| NoAnswer::Because(format!("`{host}` is not a host")))?;
        let (at, services): (Url, Services) = self.document(&url, self.token.as_ref()).await?;
        let mut service = services.providers.ok_or(NoAnswer::NotFound)?;
        if !service.ends_with('/') {
            service.push('/');
        }
        at.join(&service).map_err(|_| NoAnswer::Because(format!("`{service}` is not an address")))
    }

    async fn announcement(&self, base: &Url, package: &Package) -> Result<(Url, Announcement), NoAnswer> {
        let Package { address, version, platform } = package;
        let path = format!(
            "{}/{}/{version}/download/{}/{}",
            address.namespace(),
            address.kind(),
            platform.os(),
            platform.arch()
        );
        let url = base.join(&path).map_err(|_| NoAnswer::Because(format!("`{path}` is not an address")))?;
        self.document(&url, self.token.as_ref()).await
    }

    /// What the registry has instead of a package that it does not have.
    async fn instead(&self, base: &Url, package: &Package) -> String {
        let of = |address: &ProviderAddress| format!("{}/{}/versions", address.namespace(), address.kind());
        let Ok(url) = base.join(&of(&package.address)) else { return "it does not have it".to_owned() };
        match self.document::<Versions>(&url, self.token.as_ref()).await {
            Err(NoAnswer::NotFound) => format!("it has no provider `{}`", package.address.short()),
            Err(reason) => format!("it does not have it, and does not say what it has: {}", reason.told(&url)),
            Ok((_, Versions { versions })) => {
                match versions.iter().find(|found| found.version == package.version.as_str()) {
                    Some(found) => {
                        let targets: Vec<_> =
                            found.platforms.iter().map(|target| format!("{}_{}", target.os, target.arch)).collect();
                        format!("it has this version for {} only", targets.join(", "))
                    }
                    None => format!("it has {} other versions, but not this one", versions.len()),
                }
            }
        }
    }

    async fn document<T: DeserializeOwned>(
        &self,
        url: &Url,
        token: Option<&SecretString>,
    ) -> Result<(Url, T), NoAnswer> {
        let response = self.get(url, token).await?;
        let at = response.url().clone();
        let bytes = whole(response).await?;
        let document = serde_json::from_slice(&bytes);
        document.map(|document| (at, document)).map_err(|error| NoAnswer::Because(format!("`{url}`: {error}")))
    }

    async fn text(&self, url: &Url) -> Result<String, NoAnswer> {
        let bytes = whole(self.get(url, None).await?).await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    async fn save(&self, url: &Url, path: &Path) -> Result<Zh, Saving> {
        // Archives lie on other servers, which must not see the token.
        let response = self.get(url, None).await.map_err(Saving::NoAnswer)?;
        let mut file = tokio::fs::File::create(path).await.map_err(Saving::Io)?;
        let mut digest = Sha256::new();
        let mut stream = response.bytes_stream();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|error| Saving::NoAnswer(NoAnswer::Because(innermost(url, &error))))?;
            digest.update(&chunk);
            file.write_all(&chunk).await.map_err(Saving::Io)?;
        }
        file.flush().await.map_err(Saving::Io)?;
        Ok(Zh(digest.finalize().into()))
    }

    /// Asks up to three times while the server is in trouble or cannot be reached.
    async fn get(&self, url: &Url, token: Option<&SecretString>) -> Result<Response, NoAnswer> {
        let mut pauses = PAUSES.iter();
        loop {
            let mut request = self.client.get(url.clone());
            if let Some(token) = token {
                request = request.bearer_auth(token.expose_secret());
            }
            let reason = match request.send().await {
                Ok(response) => match response.status() {
                    status if status.is_success() => return Ok(response),
                    StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Err(NoAnswer::Unauthorized),
                    StatusCode::NOT_FOUND | StatusCode::GONE => return Err(NoAnswer::NotFound),
                    status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                        format!("`{url}` answers {status}")
                    }
                    status => return Err(NoAnswer::Because(format!("`{url}` answers {status}"))),
                },
                Err(error) => innermost(url, &error),
            };
            match pauses.next() {
                Some(pause) => tokio::time::sleep(*pause).await,
                None => return Err(NoAnswer::Because(reason)),
            }
        }
    }
}

async fn whole(response: Response) -> Result<Vec<u8>, NoAnswer> {
    let url = response.url().clone();
    let mut bytes = Vec::new();
    let mut stream = response.bytes_stream();
    while let Some(chunk) = stream.next().await {
        bytes.extend_from_slice(&chunk.map_err(|error| NoAnswer::Because(innermost(&url, &error)))?);
        if bytes.len() > MOST_BYTES {
            return Err(NoAnswer::Because(format!("`{url}` answers more than {MOST_BYTES} bytes")));
        }
    }
    Ok(bytes)
}

/// The innermost cause says what happened; the outer ones repeat the URL.
fn innermost(url: &Url, error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    format!("`{url}`: {cause}")
}
