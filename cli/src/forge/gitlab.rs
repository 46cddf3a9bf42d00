//! GitLab, on gitlab.com and self-managed. A pull request is a merge request there, and a comment a note.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::{
    Address, Approval, Comment, CommitState, CommitStatus, ForgeError, PullRequest, PullState,
    http::{Answer, Http, Purpose},
    rest::{all, marked, optional, text, unexpected},
};

const READ: &str = "the scope `api` or `read_api` and the role Reporter";
const WRITE: &str = "the scope `api` and the role Reporter";
const STATUS: &str = "the scope `api` and the role Developer";

pub(super) struct GitLab {
    http: Http,
    address: Address,
    /// Our own name, once it is known.
    own: OnceCell<String>,
}

impl GitLab {
    pub(super) fn new(http: Http, address: Address) -> Self {
        Self { http, address, own: OnceCell::new() }
    }

    pub(super) fn http(&self) -> &Http {
        &self.http
    }

    /// A path is one part of the address: <https://docs.gitlab.com/api/rest/#namespaced-paths>.
    fn url(&self, path: &str) -> String {
        format!("{}/projects/{}/{path}", self.address.api, self.address.repository.replace('/', "%2F"))
    }

    /// <https://docs.gitlab.com/api/merge_requests/#get-single-mr>
    pub(super) async fn pull_request(&self, number: u64) -> Result<PullRequest, ForgeError> {
        let purpose = Purpose::new(format!("read merge request !{number}"), READ);
        let Answer { body, .. } = self.http.get(&purpose, &self.url(&format!("merge_requests/{number}"))).await?;
        self.facts(&purpose, &body)
    }

    /// <https://docs.gitlab.com/api/notes/#list-all-merge-request-notes>
    pub(super) async fn comment(&self, number: u64, marker: &str) -> Result<Option<Comment>, ForgeError> {
        let purpose = Purpose::new(format!("read the notes of merge request !{number}"), READ);
        let query = "sort=asc&order_by=created_at&per_page=100";
        let url = self.url(&format!("merge_requests/{number}/notes?{query}"));
        let comments = marked(&self.http, &purpose, url, marker, |entry| {
            let comment = Comment { id: entry["id"].as_u64()?.to_string(), body: optional(entry, "/body")? };
            Some((optional(entry, "/author/username")?, comment))
        });
        let comments = comments.await?;
        if comments.is_empty() {
            return Ok(None);
        }
        let own = self.own.get_or_try_init(|| self.who()).await?;
        Ok(comments.into_iter().find(|(author, _)| author == own).map(|(_, comment)| comment))
    }

    /// <https://docs.gitlab.com/api/users/#get-the-current-user>; the token of a job asks for its job instead:
    /// <https://docs.gitlab.com/api/jobs/#get-job-tokens-job>.
    async fn who(&self) -> Result<String, ForgeError> {
        let purpose = Purpose::new("find out whose token it is", READ);
        let (path, name) = if self.http.is_job() { ("job", "/user/username") } else { ("user", "/username") };
        let Answer { body, .. } = self.http.get(&purpose, &format!("{}/{path}", self.address.api)).await?;
        text(&self.http, &purpose, &body, name)
    }

    /// <https://docs.gitlab.com/api/notes/#create-new-merge-request-note>
    pub(super) async fn create(&self, number: u64, body: &str) -> Result<(), ForgeError> {
        let purpose = Purpose::new(format!("comment on merge request !{number}"), WRITE).once();
        let url = self.url(&format!("merge_requests/{number}/notes"));
        self.http.send(&purpose, Method::POST, &url, Some(&json!({ "body": body }))).await.map(drop)
    }

    /// <https://docs.gitlab.com/api/notes/#modify-existing-merge-request-note>
    pub(super) async fn edit(&self, number: u64, comment: &Comment, body: &str) -> Result<(), ForgeError> {
        let purpose = Purpose::new(format!("edit the comment on merge request !{number}"), WRITE);
        let url = self.url(&format!("merge_requests/{number}/notes/{}", comment.id));
        self.http.send(&purpose, Method::PUT, &url, Some(&json!({ "body": body }))).await.map(drop)
    }

    /// <https://docs.gitlab.com/api/commits/#list-merge-requests-associated-with-a-commit>
    pub(super) async fn pull_requests_of(&self, commit: &str) -> Result<Vec<PullRequest>, ForgeError> {
        let purpose = Purpose::new(format!("find the merge request of commit {commit}"), READ);
        let url = self.url(&format!("repository/commits/{commit}/merge_requests?per_page=100"));
        let found = all(&self.http, &purpose, url).await?;
        found.iter().map(|found| self.facts(&purpose, found)).collect()
    }

    /// <https://docs.gitlab.com/api/merge_request_approvals/#single-merge-request-approval>
    pub(super) async fn approvals(&self, number: u64) -> Result<Vec<Approval>, ForgeError> {
        let purpose = Purpose::new(format!("read the approvals of merge request !{number}"), READ);
        let url = self.url(&format!("merge_requests/{number}/approvals"));
        let Answer { body, .. } = self.http.get(&purpose, &url).await?;
        let approved = body["approved_by"].as_array();
        let approved = approved.ok_or_else(|| unexpected(&self.http, &purpose, "`approved_by` is no list"))?;
        Ok(approved
            .iter()
            .map(|entry| Approval {
                by: optional(entry, "/user/username").unwrap_or_default(),
                commit: None,
                time: optional(entry, "/approved_at"),
            })
            .collect())
    }

    /// <https://docs.gitlab.com/api/commits/#set-commit-pipeline-status>
    pub(super) async fn set_status(&self, commit: &str, status: &CommitStatus) -> Result<(), ForgeError> {
        let purpose = Purpose::new(format!("set status `{}`", status.context), STATUS);
        let state = match status.state {
            CommitState::Pending => "running",
            CommitState::Success => "success",
            CommitState::Failure => "failed",
            CommitState::Error => "canceled",
        };
        let mut body = json!({ "state": state, "name": status.context, "description": status.text() });
        if let Some(job) = &self.address.job {
            body["target_url"] = json!(job);
        }
        // Without it GitLab takes the last pipeline of the commit, or makes one.
        if let Some((pipeline, _)) = self.address.pipeline.as_ref().filter(|(_, of)| of == commit) {
            body["pipeline_id"] = json!(pipeline);
        }
        let url = self.url(&format!("statuses/{commit}"));
        match self.http.send(&purpose, Method::POST, &url, Some(&body)).await {
            Ok(_) => Ok(()),
            // It is that already: <https://gitlab.com/gitlab-org/gitlab-foss/-/issues/25807>.
            Err(ForgeError::Invalid { message, .. })
                if message.contains("Cannot transition status") && message.contains(&format!("from :{state}")) =>
            {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn facts(&self, purpose: &Purpose, found: &Value) -> Result<PullRequest, ForgeError> {
        let text = |path: &str| text(&self.http, purpose, found, path);
        let labels = found["labels"].as_array().into_iter().flatten();
        let (source, target) = (&found["source_project_id"], &found["target_project_id"]);
        Ok(PullRequest {
            number: found["iid"].as_u64().ok_or_else(|| unexpected(&self.http, purpose, "no `iid`"))?,
            title: text("/title")?,
            description: optional(found, "/description").unwrap_or_default(),
            url: text("/web_url")?,
            author: optional(found, "/author/username").unwrap_or_default(),
            state: match found["state"].as_str() {
                // Locked is what it is while it is being merged.
                Some("opened" | "locked") => PullState::Open,
                Some("closed") => PullState::Closed,
                Some("merged") => PullState::Merged,
                other => return Err(unexpected(&self.http, purpose, format!("state {other:?}"))),
            },
            draft: found["draft"] == true,
            head: text("/sha")?,
            head_branch: text("/source_branch")?,
            // `diff_refs.base_sha` is where the branch began, not the tip of the other one.
            base: None,
            base_branch: text("/target_branch")?,
            fork: target.is_null() || source != target,
            labels: labels.filter_map(|label| label.as_str().map(ToOwned::to_owned)).collect(),
            mergeable: match (found["has_conflicts"].as_bool(), found["detailed_merge_status"].as_str()) {
                (Some(true), _) => Some(false),
                (_, Some("unchecked" | "checking" | "preparing")) | (None, _) => None,
                (Some(false), _) => Some(true),
            },
            merged_by: optional(found, "/merge_user/username"),
            merge_commit: optional(found, "/merge_commit_sha")
                .or_else(|| optional(found, "/squash_commit_sha"))
                .or_else(|| optional(found, "/sha").filter(|_| found["state"] == "merged")),
        })
    }
}
