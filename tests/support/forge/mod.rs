//! A forge on loopback that answers in the shapes that GitHub, GitLab and Gitea document and record, and remembers what it
//! was told. It stands in for the real ones: it checks no permission, and knows only what kstack asks for.

mod gitea;
mod github;
mod gitlab;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
};

use serde_json::{Value, json};
use tokio::runtime::Runtime;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::any};

/// Which forge it plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    GitHub,
    GitLab,
    Gitea,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::GitHub, Self::GitLab, Self::Gitea];

    /// As `kstack.hcl` names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Gitea => "gitea",
        }
    }
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    pub id: u64,
    pub author: String,
    pub body: String,
}

/// The one pull request of the repository.
#[derive(Debug, Clone)]
pub struct Pull {
    pub number: u64,
    /// `open`, `closed` or `merged`.
    pub state: &'static str,
    pub head: String,
    pub base: String,
    pub merge_commit: Option<String>,
    pub fork: bool,
    pub labels: Vec<String>,
    pub description: String,
    /// Who approved.
    pub approved: Vec<String>,
}

/// A status that was set: commit, name, state, description.
pub type Status = (String, String, String, String);

/// What the server knows and was told.
pub struct State {
    pub kind: Kind,
    /// Address of the server.
    pub url: String,
    /// Who the token belongs to.
    pub own: String,
    pub pull: Pull,
    pub comments: Vec<Comment>,
    pub statuses: Vec<Status>,
    /// Method and path of every request.
    pub calls: Vec<String>,
    /// What the next requests that contain the text are answered instead.
    faults: VecDeque<(String, ResponseTemplate)>,
    /// Entries of a page.
    pub page: usize,
    next_id: u64,
}

impl State {
    fn add(&mut self, author: &str, body: &str) -> u64 {
        self.next_id += 1;
        self.comments.push(Comment { id: self.next_id, author: author.to_owned(), body: body.to_owned() });
        self.next_id
    }

    /// The last state of each status of `commit`, by name.
    pub fn checks(&self, commit: &str) -> Vec<(String, String, String)> {
        let mut last: Vec<(String, String, String)> = Vec::new();
        for (_, name, state, description) in self.statuses.iter().filter(|(of, ..)| of == commit) {
            last.retain(|(known, ..)| known != name);
            last.push((name.clone(), state.clone(), description.clone()));
        }
        last.sort();
        last
    }
}

/// The server.
pub struct Forge {
    runtime: Runtime,
    state: Arc<Mutex<State>>,
    _server: MockServer,
}

struct Answers(Arc<Mutex<State>>);

impl Respond for Answers {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut state = self.0.lock().unwrap();
        let path = match request.url.query() {
            Some(query) => format!("{}?{query}", request.url.path()),
            None => request.url.path().to_owned(),
        };
        let call = format!("{} {path}", request.method);
        state.calls.push(call.clone());
        if let Some(at) = state.faults.iter().position(|(part, _)| call.contains(part.as_str())) {
            return state.faults.remove(at).unwrap().1;
        }
        let token = ["authorization", "private-token", "job-token"].iter().find_map(|name| request.headers.get(*name));
        match token.and_then(|value| value.to_str().ok()) {
            Some(value) if value.ends_with("good-token") => {}
            _ => {
                return json_answer(
                    401,
                    &json!({"message": "Bad credentials", "documentation_url": "https://example.com"}),
                );
            }
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let answer = match state.kind {
            Kind::GitHub => github::answer(&mut state, &call, &body),
            Kind::GitLab => gitlab::answer(&mut state, &call, &body),
            Kind::Gitea => gitea::answer(&mut state, &call, &body),
        };
        answer.unwrap_or_else(|| json_answer(404, &json!({"message": "Not Found"})))
    }
}

pub fn json_answer(status: u16, body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

impl Forge {
    /// A forge with an open pull request from `head` into `base`.
    pub fn start(kind: Kind, base: &str, head: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let server = runtime.block_on(MockServer::start());
        let own = match kind {
            Kind::GitHub => "github-actions",
            Kind::GitLab => "project_1_bot_a1",
            Kind::Gitea => "gitea-actions",
        };
        let state = State {
            kind,
            url: server.uri(),
            own: own.to_owned(),
            pull: Pull {
                number: 7,
                state: "open",
                head: head.to_owned(),
                base: base.to_owned(),
                merge_commit: None,
                fork: false,
                labels: Vec::new(),
                description: "It is needed.".to_owned(),
                approved: Vec::new(),
            },
            comments: Vec::new(),
            statuses: Vec::new(),
            calls: Vec::new(),
            faults: VecDeque::new(),
            page: 100,
            next_id: 3_500_000_000,
        };
        let state = Arc::new(Mutex::new(state));
        runtime.block_on(Mock::given(any()).respond_with(Answers(Arc::clone(&state))).mount(&server));
        Self { runtime, state, _server: server }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Runs a client's call.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Somebody comments.
    pub fn comment(&self, author: &str, body: &str) -> u64 {
        self.state().add(author, body)
    }

    /// The next request that contains `part` (`POST /…`) is answered so.
    pub fn fault(&self, part: &str, answer: ResponseTemplate) {
        self.state().faults.push_back((part.to_owned(), answer));
    }

    /// Every request since the last time.
    pub fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state().calls)
    }

    /// The variables of a job that runs there, with the token.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let state = self.state();
        let url = &state.url;
        let set =
            |pairs: &[(&'static str, &str)]| pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let mut all: Vec<(&'static str, String)> = match state.kind {
            Kind::GitHub => set(&[("GITHUB_ACTIONS", "true"), ("GITHUB_TOKEN", "good-token"), ("GITHUB_RUN_ID", "42")]),
            Kind::Gitea => set(&[
                ("GITHUB_ACTIONS", "true"),
                ("GITEA_ACTIONS", "true"),
                ("GITHUB_TOKEN", "good-token"),
                ("GITHUB_RUN_ID", "42"),
            ]),
            Kind::GitLab => set(&[
                ("GITLAB_CI", "true"),
                ("GITLAB_TOKEN", "good-token"),
                ("CI_JOB_TOKEN", "job"),
                ("CI_PROJECT_ID", "1"),
                ("CI_PIPELINE_ID", "42"),
            ]),
        };
        match state.kind {
            Kind::GitHub => all.extend([
                ("GITHUB_API_URL", url.clone()),
                ("GITHUB_GRAPHQL_URL", format!("{url}/graphql")),
                ("GITHUB_SERVER_URL", "https://github.com".to_owned()),
                ("GITHUB_REPOSITORY", "acme/lab".to_owned()),
            ]),
            Kind::Gitea => all.extend([
                ("GITHUB_API_URL", format!("{url}/api/v1")),
                ("GITHUB_SERVER_URL", "https://git.example.com".to_owned()),
                ("GITHUB_REPOSITORY", "acme/lab".to_owned()),
            ]),
            Kind::GitLab => all.extend([
                ("CI_API_V4_URL", format!("{url}/api/v4")),
                ("CI_JOB_URL", "https://gitlab.com/acme/lab/-/jobs/42".to_owned()),
            ]),
        }
        all
    }
}

/// Entries of page `number` (from 1), and whether another one follows.
fn page<T: Clone>(all: &[T], number: usize, size: usize) -> (Vec<T>, bool) {
    let start = ((number - 1) * size).min(all.len());
    let end = (start + size).min(all.len());
    (all[start..end].to_vec(), end < all.len())
}

/// The number after `name=` in a query.
fn number(call: &str, name: &str) -> Option<usize> {
    let (_, rest) = call.split_once(&format!("{name}="))?;
    rest.split('&').next()?.parse().ok()
}
