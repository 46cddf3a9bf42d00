//! Short-lived credentials of a cloud for a token of the CI system or the cluster that kstack runs in, as the clouds'
//! federation of workload identities gives them: no key is kept anywhere. The clients of `object_store` read such
//! tokens from files at most; CI systems hand them out at an address.

use std::{
    fmt,
    future::Future,
    path::PathBuf,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use object_store::CredentialProvider;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::sync::Mutex;

/// How long before its end a credential is not used any more.
const MARGIN: Duration = Duration::from_secs(120);
/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Why there is no credential.
#[derive(Debug, thiserror::Error)]
pub(super) enum FederationError {
    /// The file with the token cannot be read.
    #[error("cannot read the token in `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No answer.
    #[error("no token from `{url}`")]
    Request {
        /// The address, without its query.
        url: String,
        /// Why.
        source: reqwest::Error,
    },
    /// An answer that refuses.
    #[error("no token from `{url}`: status {status}{message}")]
    Refused {
        /// The address, without its query.
        url: String,
        /// The status of the answer.
        status: u16,
        /// What the answer says, after a colon; may be empty.
        message: String,
    },
    /// An answer of another form.
    #[error("the answer of `{place}` has no `{field}`")]
    Answer {
        /// The address or file.
        place: String,
        /// The field.
        field: String,
    },
}

/// The token that says who we are to the CI system.
#[derive(Debug)]
pub(super) enum Subject {
    /// The token itself.
    Token(SecretString),
    /// A file that holds it, or a JSON object with it in `field`.
    File {
        /// The file.
        path: PathBuf,
        /// The field.
        field: Option<String>,
    },
    /// An address that gives it, as text or as a JSON object with it in `field`.
    Address {
        /// The address.
        url: String,
        /// What is sent along; the values are secrets.
        headers: Vec<(String, SecretString)>,
        /// The field.
        field: Option<String>,
    },
}

impl Subject {
    pub(super) async fn token(&self, http: &reqwest::Client) -> Result<SecretString, FederationError> {
        let (place, text, field) = match self {
            Self::Token(token) => return Ok(token.clone()),
            Self::File { path, field } => {
                let text = tokio::fs::read_to_string(path).await;
                let text = text.map_err(|source| FederationError::Read { path: path.clone(), source })?;
                (path.display().to_string(), text, field)
            }
            Self::Address { url, headers, field } => {
                let mut request = http.get(url);
                for (name, value) in headers {
                    request = request.header(name, value.expose_secret());
                }
                (without_query(url), send(url, request).await?, field)
            }
        };
        let Some(field) = field else { return Ok(text.trim().to_owned().into()) };
        let value: Value = serde_json::from_str(&text).unwrap_or_default();
        self::text(&value, field, &place).map(SecretString::from)
    }
}

/// A token of the cloud, and how long it lasts.
pub(super) struct Token {
    pub(super) text: String,
    pub(super) lasts: Duration,
}

/// What is asked for a token of the cloud.
pub(super) trait Exchange: fmt::Debug + Send + Sync + 'static {
    /// Gets a new token.
    fn token(&self, http: &reqwest::Client) -> impl Future<Output = Result<Token, FederationError>> + Send;
}

/// Credentials by [`Exchange`], each used until shortly before its end.
pub(super) struct Federation<E, C> {
    exchange: E,
    make: fn(String) -> C,
    store: &'static str,
    kept: Mutex<Option<(Arc<C>, Instant)>>,
}

impl<E: fmt::Debug, C> fmt::Debug for Federation<E, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Federation").field("exchange", &self.exchange).finish_non_exhaustive()
    }
}

impl<E: Exchange, C: Send + Sync> Federation<E, C> {
    /// Credentials of the kind that `make` makes of a token, for the client that calls itself `store` in its errors.
    pub(super) fn new(exchange: E, make: fn(String) -> C, store: &'static str) -> Self {
        Self { exchange, make, store, kept: Mutex::new(None) }
    }

    async fn credential(&self) -> Result<Arc<C>, object_store::Error> {
        let mut kept = self.kept.lock().await;
        if let Some((credential, until)) = kept.as_ref()
            && *until > Instant::now()
        {
            return Ok(Arc::clone(credential));
        }
        let wrong = |source| object_store::Error::Generic { store: self.store, source };
        let http = reqwest::Client::builder().timeout(TIMEOUT).build().map_err(|error| wrong(Box::new(error)))?;
        let token = self.exchange.token(&http).await.map_err(|error| wrong(Box::new(error)))?;
        let credential = Arc::new((self.make)(token.text));
        *kept = Some((Arc::clone(&credential), Instant::now() + token.lasts.saturating_sub(MARGIN)));
        Ok(credential)
    }
}

// Written as the trait's macro writes it, which takes one crate less.
impl<E: Exchange, C: Send + Sync + 'static> CredentialProvider for Federation<E, C> {
    type Credential = C;

    fn get_credential<'life, 'future>(
        &'life self,
    ) -> Pin<Box<dyn Future<Output = Result<Arc<C>, object_store::Error>> + Send + 'future>>
    where
        'life: 'future,
        Self: 'future,
    {
        Box::pin(self.credential())
    }
}

/// Sends a form and reads the JSON of the answer.
pub(super) async fn form(http: &reqwest::Client, url: &str, fields: &[(&str, &str)]) -> Result<Value, FederationError> {
    // The query of an address is written like a form.
    let body = reqwest::Url::parse_with_params("http://form", fields)
        .ok()
        .and_then(|url| url.query().map(ToOwned::to_owned))
        .unwrap_or_default();
    let request = http.post(url).header("content-type", "application/x-www-form-urlencoded").body(body);
    Ok(serde_json::from_str(&send(url, request).await?).unwrap_or_default())
}

/// Sends `request` and reads the answer.
pub(super) async fn send(url: &str, request: reqwest::RequestBuilder) -> Result<String, FederationError> {
    let lost =
        |source: reqwest::Error| FederationError::Request { url: without_query(url), source: source.without_url() };
    let answer = request.send().await.map_err(lost)?;
    let status = answer.status();
    let text = answer.text().await.map_err(lost)?;
    if status.is_success() {
        return Ok(text);
    }
    // Both clouds explain themselves there; what else is in the answer may be long.
    let value: Value = serde_json::from_str(&text).unwrap_or_default();
    let message = value["error_description"].as_str().or_else(|| value["error"]["message"].as_str());
    let message = message.and_then(|text| text.lines().next()).map(|line| format!(": {line}")).unwrap_or_default();
    Err(FederationError::Refused { url: without_query(url), status: status.as_u16(), message })
}

/// The text in `field` of an answer.
pub(super) fn text(value: &Value, field: &str, place: &str) -> Result<String, FederationError> {
    value[field]
        .as_str()
        .map(ToOwned::to_owned)
        .ok_or_else(|| FederationError::Answer { place: without_query(place), field: field.to_owned() })
}

/// Queries can hold what is not for messages.
fn without_query(url: &str) -> String {
    url.split('?').next().unwrap_or(url).to_owned()
}
