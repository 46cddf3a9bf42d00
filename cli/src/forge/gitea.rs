//! Gitea, and Forgejo. Shapes as in <https://docs.gitea.com/api/>.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::{
    Address, Approval, Comment, CommitState, CommitStatus, ForgeError, PullRequest, PullState,
    http::{Answer, Http, Purpose},
    rest::{all, marked, optional, text, unexpected},
};

const READ: &str = "the right to read the repository and its pull requests (scopes `read:repository`, `read:issue`)";
const WRITE: &str = "the right to write to issues and pull requests (scope `write:issue`)";
const STATUS: &str = "the right to write to the repository (scope `write:repository`)";
const USER: &str = "the right to read its own user (scope `read:user`)";

pub(super) struct Gitea {
    http: Http,
    address: Address,
    /// Our own name, once it is known.
    own: OnceCell<String>,
}

impl Gitea {
    pub(super) fn new(http: Http, address: Address) -> Self {
        Self { http, address, own: OnceCell::new() }
    }

    pub(super) fn http(&self) -> &Http {
        &self.http
    }

    fn url(&self, path: &str) -> String {
        format!("{}/repos/{}/{path}", self.address.api, self.address.repository)
    }

    /// `GET /repos/{owner}/{repo}/pulls/{index}`
    pub(super) async fn pull_request(&self, number: u64) -> Result<PullRequest, ForgeError> {
        let purpose = Purpose::new(format!("read pull request #{number}"), READ);
        let Answer { body, .. } = self.http.get(&purpose, &self.url(&format!("pulls/{number}"))).await?;
        self.facts(&purpose, &body)
    }

    /// `GET /repos/{owner}/{repo}/issues/{index}/comments`, all of them at once.
    pub(super) async fn comment(&self, number: u64, marker: &str) -> Result<Option<Comment>, ForgeError> {
        let purpose = Purpose::new(format!("read the comments on pull request #{number}"), READ);
        let url = self.url(&format!("issues/{number}/comments"));
        let comments = marked(&self.http, &purpose, url, marker, |entry| {
            let comment = Comment { id: entry["id"].as_u64()?.to_string(), body: optional(entry, "/body")? };
            Some((optional(entry, "/user/login")?, comment))
        });
        let comments = comments.await?;
        if comments.is_empty() {
            return Ok(None);
        }
        let own = self.own.get_or_try_init(|| self.who()).await?;
        Ok(comments.into_iter().find(|(author, _)| author == own).map(|(_, comment)| comment))
    }

    /// `GET /user`; the token of a job belongs to a user of the server's own.
    async fn who(&self) -> Result<String, ForgeError> {
        let purpose = Purpose::new("find out whose token it is", USER);
        let Answer { body, .. } = self.http.get(&purpose, &format!("{}/user", self.address.api)).await?;
        text(&self.http, &purpose, &body, "/login")
    }

    /// `POST /repos/{owner}/{repo}/issues/{index}/comments`
    pub(super) async fn create(&self, number: u64, body: &str) -> Result<(), ForgeError> {
        let purpose = Purpose::new(format!("comment on pull request #{number}"), WRITE).once();
        let url = self.url(&format!("issues/{number}/comments"));
        self.http.send(&purpose, Method::POST, &url, Some(&json!({ "body": body }))).await.map(drop)
    }

    /// `PATCH /repos/{owner}/{repo}/issues/comments/{id}`
    pub(super) async fn edit(&self, number: u64, comment: &Comment, body: &str) -> Result<(), ForgeError> {
        let purpose = Purpose::new(format!("edit the comment on pull request #{number}"), WRITE);
        let url = self.url(&format!("issues/comments/{}", comment.id));
        self.http.send(&purpose, Method::PATCH, &url, Some(&json!({ "body": body }))).await.map(drop)
    }

    /// `GET /repos/{owner}/{repo}/commits/{sha}/pull`: the merged pull request of the commit.
    pub(super) async fn pull_requests_of(&self, commit: &str) -> Result<Vec<PullRequest>, ForgeError> {
        let purpose = Purpose::new(format!("find the pull request of commit {commit}"), READ);
        match self.http.get(&purpose, &self.url(&format!("commits/{commit}/pull"))).await {
            Ok(Answer { body, .. }) => Ok(vec![self.facts(&purpose, &body)?]),
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// `GET /repos/{owner}/{repo}/pulls/{index}/reviews`
    pub(super) async fn approvals(&self, number: u64) -> Result<Vec<Approval>, ForgeError> {
        let purpose = Purpose::new(format!("read the reviews of pull request #{number}"), READ);
        let reviews = all(&self.http, &purpose, self.url(&format!("pulls/{number}/reviews?limit=50"))).await?;
        let mut approvals: Vec<Approval> = Vec::new();
        for review in &reviews {
            let state = review["state"].as_str().unwrap_or_default();
            let Some(by) = optional(review, "/user/login") else { continue };
            // A comment takes back nothing; everything else is their last word.
            if !["APPROVED", "REQUEST_CHANGES"].contains(&state) {
                continue;
            }
            approvals.retain(|approval| approval.by != by);
            if state == "APPROVED" && review["dismissed"] != true {
                let (commit, time) = (optional(review, "/commit_id"), optional(review, "/submitted_at"));
                approvals.push(Approval { by, commit, time });
            }
        }
        Ok(approvals)
    }

    /// `POST /repos/{owner}/{repo}/statuses/{sha}`
    pub(super) async fn set_status(&self, commit: &str, status: &CommitStatus) -> Result<(), ForgeError> {
        let purpose = Purpose::new(format!("set status `{}`", status.context), STATUS);
        let state = match status.state {
            CommitState::Pending => "pending",
            CommitState::Success => "success",
            CommitState::Failure => "failure",
            CommitState::Error => "error",
        };
        let body = json!({
            "state": state, "context": status.context, "description": status.text(),
            "target_url": self.address.job.as_deref().unwrap_or_default(),
        });
        let url = self.url(&format!("statuses/{commit}"));
        self.http.send(&purpose, Method::POST, &url, Some(&body)).await.map(drop)
    }

    fn facts(&self, purpose: &Purpose, found: &Value) -> Result<PullRequest, ForgeError> {
        let text = |path: &str| text(&self.http, purpose, found, path);
        let labels = found["labels"].as_array().into_iter().flatten();
        let (base, head) = (&found["base"]["repo_id"], &found["head"]["repo_id"]);
        Ok(PullRequest {
            number: found["number"].as_u64().ok_or_else(|| unexpected(&self.http, purpose, "no `number`"))?,
            title: text("/title")?,
            description: optional(found, "/body").unwrap_or_default(),
            url: text("/html_url")?,
            author: optional(found, "/user/login").unwrap_or_default(),
            state: match (found["merged"] == true, found["state"].as_str()) {
                (true, _) => PullState::Merged,
                (false, Some("open")) => PullState::Open,
                (false, Some("closed")) => PullState::Closed,
                (false, other) => return Err(unexpected(&self.http, purpose, format!("state {other:?}"))),
            },
            draft: found["draft"] == true,
            head: text("/head/sha")?,
            head_branch: text("/head/ref")?,
            base: optional(found, "/base/sha"),
            base_branch: text("/base/ref")?,
            // Of a repository that is gone, the id is not known.
            fork: base.is_null() || base != head,
            labels: labels.filter_map(|label| optional(label, "/name")).collect(),
            // It says no while it is still finding out.
            mergeable: (found["mergeable"] == true).then_some(true),
            merged_by: optional(found, "/merged_by/login"),
            merge_commit: optional(found, "/merge_commit_sha"),
        })
    }
}
