//! Requests to a forge: counted, repeated where that is safe, patient where the forge asks for it, and with errors that
//! say what was meant to be done and what to grant.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use jiff::Timestamp;
use reqwest::{
    Method, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LINK},
};
use serde_json::Value;

use crate::platform::Forge;

use super::{Event, ForgeError, Sink, Token};

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long, when the CI system is about to kill us: GitHub gives 7.5 s after the first signal.
const HURRIED: Duration = Duration::from_secs(4);
/// How often a call is made when the forge fails.
const ATTEMPTS: u32 = 4;
/// How long the first pause is; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a run waits for a forge that takes no more calls, in all.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long to wait where a forge does not say how long:
/// <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit>.
const UNSAID: Duration = Duration::from_secs(60);
/// As many calls as one run may make. A run makes about ten; one that makes more than this is a mistake, and would take
/// the calls of everybody else's jobs (GitHub gives 1,000 an hour to all jobs of a repository).
const BUDGET: usize = 200;

/// What a call is for: what it is called in errors, and what has to be granted for it.
#[derive(Debug, Clone)]
pub(super) struct Purpose {
    /// What is meant to be done, such as `read pull request #7`.
    pub(super) action: String,
    /// What to grant, in the forge's words.
    pub(super) grant: &'static str,
    /// Whether doing it twice is the same as doing it once.
    pub(super) repeatable: bool,
}

impl Purpose {
    pub(super) fn new(action: impl Into<String>, grant: &'static str) -> Self {
        Self { action: action.into(), grant, repeatable: true }
    }

    /// The same, done once at most.
    pub(super) fn once(self) -> Self {
        Self { repeatable: false, ..self }
    }
}

/// A good answer.
#[derive(Debug)]
pub(super) struct Answer {
    /// What it says; `null` where it says nothing.
    pub(super) body: Value,
    /// Address of the next page.
    pub(super) next: Option<String>,
}

/// Makes requests to one forge.
pub(super) struct Http {
    client: reqwest::Client,
    forge: &'static str,
    headers: HeaderMap,
    is_job: bool,
    events: Sink,
    calls: AtomicUsize,
    /// Milliseconds spent waiting.
    waited: AtomicUsize,
    hurried: AtomicBool,
}

impl Http {
    pub(super) fn new(forge: &Forge, token: &Token, events: Sink) -> Result<Self, ForgeError> {
        // Fails only when there is a provider already, and the whole program has ring alone.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let title = forge.title().unwrap_or_default();
        let (name, value) = match forge {
            // <https://docs.gitlab.com/api/rest/authentication/>
            Forge::GitLab { .. } if token.is_job() => (HeaderName::from_static("job-token"), token.expose().to_owned()),
            Forge::GitLab { .. } => (HeaderName::from_static("private-token"), token.expose().to_owned()),
            // <https://docs.gitea.com/development/api-usage#authentication>
            Forge::Gitea { .. } => (AUTHORIZATION, format!("token {}", token.expose())),
            _ => (AUTHORIZATION, format!("Bearer {}", token.expose())),
        };
        let mut value = HeaderValue::from_str(&value).map_err(|_| ForgeError::TokenForm { forge: title })?;
        value.set_sensitive(true);
        let mut headers = HeaderMap::from_iter([(name, value)]);
        let accept = match forge {
            Forge::GitHub { .. } => "application/vnd.github+json",
            _ => "application/json",
        };
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        if matches!(forge, Forge::GitHub { .. }) {
            // <https://docs.github.com/en/rest/about-the-rest-api/api-versions>
            headers.insert("x-github-api-version", HeaderValue::from_static("2022-11-28"));
        }
        let client = reqwest::Client::builder()
            .user_agent(concat!("kstack/", env!("CARGO_PKG_VERSION")))
            // The token must not follow to another host.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|source| ForgeError::Unreachable {
                forge: title,
                action: "make a client".to_owned(),
                url: String::new(),
                source,
            })?;
        Ok(Self {
            client,
            forge: title,
            headers,
            is_job: token.is_job(),
            events,
            calls: AtomicUsize::new(0),
            waited: AtomicUsize::new(0),
            hurried: AtomicBool::new(false),
        })
    }

    /// The forge's name.
    pub(super) fn forge(&self) -> &'static str {
        self.forge
    }

    /// Whether the token is that of a job on GitLab.
    pub(super) fn is_job(&self) -> bool {
        self.is_job
    }

    /// How many requests were sent.
    pub(super) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// From now on nothing is waited for.
    pub(super) fn hurry(&self) {
        self.hurried.store(true, Ordering::Relaxed);
    }

    pub(super) async fn get(&self, purpose: &Purpose, url: &str) -> Result<Answer, ForgeError> {
        self.send(purpose, Method::GET, url, None).await
    }

    /// Sends a request, again where that helps.
    pub(super) async fn send(
        &self,
        purpose: &Purpose,
        method: Method,
        url: &str,
        body: Option<&Value>,
    ) -> Result<Answer, ForgeError> {
        let mut attempt = 1;
        loop {
            let error = match self.once(purpose, method.clone(), url, body).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let hurried = self.hurried.load(Ordering::Relaxed);
            match error {
                ForgeError::Limited { wait, .. } if !hurried && self.may_wait(wait) => {
                    (self.events)(&Event::Limited { forge: self.forge, wait });
                    tokio::time::sleep(wait).await;
                }
                error if error.is_passing() && purpose.repeatable && !hurried && attempt < ATTEMPTS => {
                    let reason = match &error {
                        ForgeError::Status { status, .. } => format!("status {status}"),
                        _ => "no answer".to_owned(),
                    };
                    (self.events)(&Event::Repeated { forge: self.forge, action: purpose.action.clone(), reason });
                    tokio::time::sleep(PAUSE * 2_u32.pow(attempt - 1)).await;
                    attempt += 1;
                }
                error => return Err(error),
            }
        }
    }

    /// Takes `wait` from the patience of the run, if it has so much left.
    fn may_wait(&self, wait: Duration) -> bool {
        let millis = usize::try_from(wait.as_millis()).unwrap_or(usize::MAX);
        let before = self.waited.fetch_add(millis.max(1), Ordering::Relaxed);
        before.saturating_add(millis) <= usize::try_from(PATIENCE.as_millis()).unwrap_or(usize::MAX)
    }

    async fn once(
        &self,
        purpose: &Purpose,
        method: Method,
        url: &str,
        body: Option<&Value>,
    ) -> Result<Answer, ForgeError> {
        let (forge, action) = (self.forge, || purpose.action.clone());
        let calls = self.calls.fetch_add(1, Ordering::Relaxed);
        if calls >= BUDGET {
            self.calls.store(calls, Ordering::Relaxed);
            return Err(ForgeError::Budget { forge, action: action(), calls });
        }
        let lost = |source: reqwest::Error| ForgeError::Unreachable {
            forge,
            action: action(),
            url: without_query(url).to_owned(),
            source: source.without_url(),
        };
        let timeout = if self.hurried.load(Ordering::Relaxed) { HURRIED } else { TIMEOUT };
        let mut request = self.client.request(method, url).headers(self.headers.clone()).timeout(timeout);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let answer = request.send().await.map_err(lost)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let text = answer.text().await.map_err(lost)?;
        if status.is_success() {
            let body: Value = match text.trim() {
                "" => Value::Null,
                text => serde_json::from_str(text).map_err(|error| ForgeError::Answer {
                    forge,
                    action: action(),
                    reason: error.to_string(),
                })?,
            };
            // GraphQL answers so with status 200:
            // <https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api>.
            if body["errors"][0]["type"] == "RATE_LIMITED" {
                let wait = limited(StatusCode::TOO_MANY_REQUESTS, &headers, "").unwrap_or(UNSAID);
                return Err(ForgeError::Limited { forge, action: action(), wait });
            }
            return Ok(Answer { body, next: next_page(&headers) });
        }
        let message = message(&text, status);
        if let Some(wait) = limited(status, &headers, &message) {
            return Err(ForgeError::Limited { forge, action: action(), wait });
        }
        Err(match status {
            StatusCode::UNAUTHORIZED => ForgeError::Unauthorized { forge, action: action(), message, job: self.is_job },
            StatusCode::FORBIDDEN => {
                ForgeError::Forbidden { forge, action: action(), message, grant: purpose.grant, job: self.is_job }
            }
            StatusCode::NOT_FOUND | StatusCode::GONE => ForgeError::NotFound {
                forge,
                action: action(),
                url: without_query(url).to_owned(),
                grant: purpose.grant,
            },
            StatusCode::BAD_REQUEST | StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => {
                ForgeError::Invalid { forge, action: action(), message }
            }
            _ => ForgeError::Status { forge, action: action(), status: status.as_u16(), message },
        })
    }
}

/// How long the forge asks to wait, if it takes no more calls.
///
/// Sources: <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>,
/// <https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers>. What stands before a
/// Gitea says 429.
fn limited(status: StatusCode, headers: &HeaderMap, message: &str) -> Option<Duration> {
    let number = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()?.trim().parse::<i64>().ok());
    let is_spent = number("x-ratelimit-remaining") == Some(0) || number("ratelimit-remaining") == Some(0);
    let after = number("retry-after");
    let is_limited = match status {
        StatusCode::TOO_MANY_REQUESTS => true,
        // GitHub says so as well when a permission is missing.
        StatusCode::FORBIDDEN => after.is_some() || is_spent || message.to_lowercase().contains("rate limit"),
        _ => false,
    };
    if !is_limited {
        return None;
    }
    let reset =
        number("x-ratelimit-reset").or_else(|| number("ratelimit-reset")).filter(|_| is_spent || after.is_none());
    let seconds = after.or_else(|| reset.map(|at| at.saturating_sub(Timestamp::now().as_second()).saturating_add(1)));
    Some(seconds.map_or(UNSAID, |seconds| Duration::from_secs(u64::try_from(seconds).unwrap_or(0))))
}

/// The address with `rel="next"`: <https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api>;
/// GitLab and Gitea have it too.
fn next_page(headers: &HeaderMap) -> Option<String> {
    let link = headers.get(LINK)?.to_str().ok()?;
    let next = link.split(',').find(|part| part.contains("rel=\"next\""))?;
    let (_, rest) = next.split_once('<')?;
    rest.split_once('>').map(|(url, _)| url.to_owned())
}

/// What a forge says is wrong, on one line: GitHub's `message` with its `errors`, GitLab's `message` (text or lists by
/// field) or `error`, Gitea's `message`.
fn message(text: &str, status: StatusCode) -> String {
    fn flat(value: &Value) -> Option<String> {
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Array(values) => Some(values.iter().filter_map(flat).collect::<Vec<_>>().join(", ")),
            Value::Object(fields) => {
                if let Some(message) = fields.get("message").and_then(flat) {
                    return Some(message);
                }
                // GitHub: `{"resource": "Status", "field": "context", "code": "missing_field"}`.
                if let (Some(field), Some(code)) =
                    (fields.get("field").and_then(flat), fields.get("code").and_then(flat))
                {
                    return Some(format!("{field}: {code}"));
                }
                let said = fields.iter().filter_map(|(name, value)| Some(format!("{name} {}", flat(value)?)));
                Some(said.collect::<Vec<_>>().join(", "))
            }
            _ => None,
        }
    }
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    let parts = ["message", "error_description", "error", "errors"].map(|name| flat(&value[name]));
    let mut said: Vec<String> = parts.into_iter().flatten().filter(|text| !text.is_empty()).collect();
    said.dedup();
    let said = said.join(": ").split_whitespace().collect::<Vec<_>>().join(" ");
    match said.is_empty() {
        true => status.canonical_reason().unwrap_or("no reason given").to_lowercase(),
        false => said.chars().take(300).collect(),
    }
}

fn without_query(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn limits_are_told_from_missing_permissions() {
        let seconds =
            |status, pairs: &[_], message| limited(status, &headers(pairs), message).map(|wait| wait.as_secs());
        let (forbidden, many) = (StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(seconds(forbidden, &[("x-ratelimit-remaining", "4999")], "Resource not accessible"), None);
        assert_eq!(seconds(forbidden, &[("retry-after", "7")], "You have exceeded a secondary rate limit"), Some(7));
        assert_eq!(seconds(forbidden, &[], "You have exceeded a secondary rate limit"), Some(60));
        assert_eq!(seconds(many, &[("retry-after", "3"), ("ratelimit-reset", "99999999999")], ""), Some(3));
        let soon = (Timestamp::now().as_second() + 20).to_string();
        let wait = seconds(forbidden, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &soon)], "").unwrap();
        assert!((19..=22).contains(&wait), "{wait}");
        assert_eq!(seconds(many, &[("ratelimit-reset", "1000")], ""), Some(0), "it is over already");
        assert_eq!(seconds(StatusCode::BAD_GATEWAY, &[("retry-after", "7")], ""), None);
    }

    #[test]
    fn what_forges_say_is_one_line() {
        let say = |text| message(text, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(
            say(
                r#"{"message":"Validation Failed","errors":[{"resource":"Status","field":"context","code":"custom"}]}"#
            ),
            "Validation Failed: context: custom"
        );
        assert_eq!(say(r#"{"message":{"note":["is too long"]}}"#), "note is too long");
        assert_eq!(
            say(r#"{"error":"insufficient_scope","error_description":"The request\nneeds more"}"#),
            "The request needs more: insufficient_scope"
        );
        assert_eq!(say("<html>"), "unprocessable entity");
    }

    #[test]
    fn the_next_page_is_found() {
        let link =
            r#"<https://x/1?page=1>; rel="prev", <https://x/1?page=3>; rel="next", <https://x/1?page=9>; rel="last""#;
        assert_eq!(next_page(&headers(&[("link", link)])).as_deref(), Some("https://x/1?page=3"));
        assert_eq!(next_page(&headers(&[("link", "<https://x>; rel=\"last\"")])), None);
    }
}
