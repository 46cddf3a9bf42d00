//! GitHub, and GitHub Enterprise.
//!
//! Pull requests and comments are read by GraphQL: one call brings a pull request with its comments, and only GraphQL
//! says which comments are ours whatever kind of token we have (`viewerDidAuthor`; the token of a job has no user that
//! REST would tell). Statuses exist in REST alone.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Address, Approval, Comment, CommitState, CommitStatus, ForgeError, PullRequest, PullState,
    http::{Http, Purpose},
    rest::{optional, text, unexpected},
};

/// Fields: <https://docs.github.com/en/graphql/reference/objects#pullrequest>.
const FACTS: &str = "fragment facts on PullRequest { number title body url state isDraft isCrossRepository mergeable \
                     headRefOid headRefName baseRefOid baseRefName author { login } mergedBy { login } \
                     mergeCommit { oid } labels(first: 100) { nodes { name } } }";
const LOOK: &str = "query($owner: String!, $name: String!, $number: Int!, $comments: Boolean!, $after: String) { \
                    repository(owner: $owner, name: $name) { pullRequest(number: $number) { ...facts \
                    comments(first: 100, after: $after) @include(if: $comments) { pageInfo { hasNextPage endCursor } \
                    nodes { id body viewerDidAuthor } } } } }";
const OF_COMMIT: &str = "query($owner: String!, $name: String!, $commit: GitObjectID!) { \
                         repository(owner: $owner, name: $name) { object(oid: $commit) { ... on Commit { \
                         associatedPullRequests(first: 20) { nodes { ...facts } } } } } }";
/// <https://docs.github.com/en/graphql/reference/objects#pullrequestreview>: each reviewer's last word.
const APPROVALS: &str = "query($owner: String!, $name: String!, $number: Int!) { repository(owner: $owner, name: $name) \
                         { pullRequest(number: $number) { latestOpinionatedReviews(first: 100) { nodes { state \
                         submittedAt author { login } commit { oid } } } } } }";
/// <https://docs.github.com/en/graphql/reference/mutations#updateissuecomment>
const EDIT: &str = "mutation($id: ID!, $body: String!) { updateIssueComment(input: { id: $id, body: $body }) { \
                    issueComment { id } } }";

const READ: &str = "the permission `pull-requests: read`";
const WRITE: &str = "the permission `pull-requests: write`";
const STATUS: &str = "the permission `statuses: write`";

/// Pages of comments that are read at most, 100 comments each.
const PAGES: usize = 50;

pub(super) struct GitHub {
    http: Http,
    address: Address,
}

impl GitHub {
    pub(super) fn new(http: Http, address: Address) -> Self {
        Self { http, address }
    }

    pub(super) fn http(&self) -> &Http {
        &self.http
    }

    pub(super) async fn pull_request(&self, number: u64) -> Result<PullRequest, ForgeError> {
        let purpose = Purpose::new(format!("read pull request #{number}"), READ);
        let found = self.page(&purpose, number, false, None).await?;
        self.facts(&purpose, &found)
    }

    pub(super) async fn look(&self, number: u64, marker: &str) -> Result<(PullRequest, Option<Comment>), ForgeError> {
        let purpose = Purpose::new(format!("read pull request #{number} and its comments"), READ);
        let mut found = self.page(&purpose, number, true, None).await?;
        let facts = self.facts(&purpose, &found)?;
        for _ in 1..PAGES {
            if let Some(comment) = ours(&found, marker) {
                return Ok((facts, Some(comment)));
            }
            let page = &found["comments"]["pageInfo"];
            let Some(after) = page["endCursor"].as_str().filter(|_| page["hasNextPage"] == true) else { break };
            found = self.page(&purpose, number, true, Some(after)).await?;
        }
        Ok((facts, ours(&found, marker)))
    }

    pub(super) async fn comment(&self, number: u64, marker: &str) -> Result<Option<Comment>, ForgeError> {
        Ok(self.look(number, marker).await?.1)
    }

    /// <https://docs.github.com/en/rest/issues/comments#create-an-issue-comment>
    pub(super) async fn create(&self, number: u64, body: &str) -> Result<(), ForgeError> {
        let purpose = Purpose::new(format!("comment on pull request #{number}"), WRITE).once();
        let url = format!("{}/repos/{}/issues/{number}/comments", self.address.api, self.address.repository);
        self.http.send(&purpose, Method::POST, &url, Some(&json!({ "body": body }))).await.map(drop)
    }

    pub(super) async fn edit(&self, number: u64, comment: &Comment, body: &str) -> Result<(), ForgeError> {
        let purpose = Purpose::new(format!("edit the comment on pull request #{number}"), WRITE);
        self.graphql(&purpose, EDIT, json!({ "id": comment.id, "body": body })).await.map(drop)
    }

    pub(super) async fn pull_requests_of(&self, commit: &str) -> Result<Vec<PullRequest>, ForgeError> {
        let purpose = Purpose::new(format!("find the pull request of commit {commit}"), READ);
        let data =
            self.graphql(&purpose, &format!("{OF_COMMIT} {FACTS}"), self.variables("commit", json!(commit))).await?;
        let nodes = data.pointer("/repository/object/associatedPullRequests/nodes").and_then(Value::as_array);
        nodes.into_iter().flatten().map(|found| self.facts(&purpose, found)).collect()
    }

    pub(super) async fn approvals(&self, number: u64) -> Result<Vec<Approval>, ForgeError> {
        let purpose = Purpose::new(format!("read the approvals of pull request #{number}"), READ);
        let data = self.graphql(&purpose, APPROVALS, self.variables("number", json!(number))).await?;
        let path = "/repository/pullRequest/latestOpinionatedReviews/nodes";
        let reviews = data.pointer(path).and_then(Value::as_array);
        let reviews = reviews.ok_or_else(|| unexpected(&self.http, &purpose, format!("`{path}` is no list")))?;
        let approved = reviews.iter().filter(|review| review["state"] == "APPROVED");
        Ok(approved
            .map(|review| Approval {
                by: optional(review, "/author/login").unwrap_or_default(),
                commit: optional(review, "/commit/oid"),
                time: optional(review, "/submittedAt"),
            })
            .collect())
    }

    /// <https://docs.github.com/en/rest/commits/statuses#create-a-commit-status>
    pub(super) async fn set_status(&self, commit: &str, status: &CommitStatus) -> Result<(), ForgeError> {
        let purpose = Purpose::new(format!("set status `{}`", status.context), STATUS);
        let url = format!("{}/repos/{}/statuses/{commit}", self.address.api, self.address.repository);
        let state = match status.state {
            CommitState::Pending => "pending",
            CommitState::Success => "success",
            CommitState::Failure => "failure",
            CommitState::Error => "error",
        };
        let body = json!({
            "state": state, "context": status.context, "description": status.text(), "target_url": self.address.job,
        });
        self.http.send(&purpose, Method::POST, &url, Some(&body)).await.map(drop)
    }

    /// A pull request with a page of its comments.
    async fn page(
        &self,
        purpose: &Purpose,
        number: u64,
        comments: bool,
        after: Option<&str>,
    ) -> Result<Value, ForgeError> {
        let mut variables = self.variables("number", json!(number));
        variables["comments"] = json!(comments);
        variables["after"] = json!(after);
        let mut data = self.graphql(purpose, &format!("{LOOK} {FACTS}"), variables).await?;
        Ok(data["repository"]["pullRequest"].take())
    }

    fn variables(&self, name: &str, value: Value) -> Value {
        let (owner, repository) = self.address.repository.split_once('/').unwrap_or_default();
        let mut variables = json!({ "owner": owner, "name": repository });
        variables[name] = value;
        variables
    }

    /// Asks, and takes what GraphQL calls errors for what they are.
    async fn graphql(&self, purpose: &Purpose, query: &str, variables: Value) -> Result<Value, ForgeError> {
        let body = json!({ "query": query, "variables": variables });
        let url = &self.address.graphql;
        let mut answer = self.http.send(purpose, Method::POST, url, Some(&body)).await?.body;
        let (forge, action) = (self.http.forge(), purpose.action.clone());
        let Some(error) = answer["errors"].get(0) else { return Ok(answer["data"].take()) };
        let message = error["message"].as_str().unwrap_or("no reason given").to_owned();
        Err(match error["type"].as_str() {
            Some("FORBIDDEN" | "INSUFFICIENT_SCOPES") => {
                ForgeError::Forbidden { forge, action, message, grant: purpose.grant, job: false }
            }
            Some("NOT_FOUND") => ForgeError::NotFound { forge, action, url: url.clone(), grant: purpose.grant },
            _ => ForgeError::Invalid { forge, action, message },
        })
    }

    fn facts(&self, purpose: &Purpose, found: &Value) -> Result<PullRequest, ForgeError> {
        let text = |path: &str| text(&self.http, purpose, found, path);
        let labels = found["labels"]["nodes"].as_array().into_iter().flatten();
        Ok(PullRequest {
            number: found["number"].as_u64().ok_or_else(|| unexpected(&self.http, purpose, "no `number`"))?,
            title: text("/title")?,
            description: optional(found, "/body").unwrap_or_default(),
            url: text("/url")?,
            author: optional(found, "/author/login").unwrap_or_default(),
            state: match found["state"].as_str() {
                Some("OPEN") => PullState::Open,
                Some("CLOSED") => PullState::Closed,
                Some("MERGED") => PullState::Merged,
                other => return Err(unexpected(&self.http, purpose, format!("state {other:?}"))),
            },
            draft: found["isDraft"] == true,
            head: text("/headRefOid")?,
            head_branch: text("/headRefName")?,
            base: optional(found, "/baseRefOid"),
            base_branch: text("/baseRefName")?,
            fork: found["isCrossRepository"] != false,
            labels: labels.filter_map(|label| optional(label, "/name")).collect(),
            mergeable: match found["mergeable"].as_str() {
                Some("MERGEABLE") => Some(true),
                Some("CONFLICTING") => Some(false),
                _ => None,
            },
            merged_by: optional(found, "/mergedBy/login"),
            merge_commit: optional(found, "/mergeCommit/oid"),
        })
    }
}

/// Our comment on this page.
fn ours(found: &Value, marker: &str) -> Option<Comment> {
    let mut comments = found["comments"]["nodes"].as_array()?.iter();
    comments.find_map(|comment| {
        let body = comment["body"].as_str().filter(|body| body.starts_with(marker))?;
        let id = optional(comment, "/id").filter(|_| comment["viewerDidAuthor"] == true)?;
        Some(Comment { id, body: body.to_owned() })
    })
}
