//! GitLab: <https://docs.gitlab.com/api/merge_requests/>, <https://docs.gitlab.com/api/notes/>,
//! <https://docs.gitlab.com/api/commits/#set-commit-pipeline-status>.

use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::{State, json_answer, number, page};

pub(super) fn answer(state: &mut State, call: &str, body: &Value) -> Option<ResponseTemplate> {
    let (method, path) = call.split_once(" /api/v4/")?;
    if (method, path) == ("GET", "user") {
        return Some(json_answer(200, &json!({"id": 9, "username": state.own, "bot": true, "state": "active"})));
    }
    let path = path.strip_prefix("projects/1/").or_else(|| path.strip_prefix("projects/acme%2Flab/"))?;
    if let Some(sha) = path.strip_prefix("statuses/") {
        return Some(status(state, sha, body));
    }
    if let Some(sha) = path.strip_prefix("repository/commits/") {
        let sha = sha.split('/').next();
        let found = if sha == state.pull.merge_commit.as_deref() { vec![facts(state)] } else { Vec::new() };
        return Some(json_answer(200, &json!(found)));
    }
    let rest = path.strip_prefix(&format!("merge_requests/{}", state.pull.number))?;
    let text = || body["body"].as_str().unwrap_or_default().to_owned();
    match (method, rest.split('?').next()?) {
        ("GET", "") => Some(json_answer(200, &facts(state))),
        ("GET", "/approvals") => {
            let by: Vec<_> =
                state.pull.approved.iter().map(|name| json!({"user": {"id": 3, "username": name}})).collect();
            Some(json_answer(200, &json!({"iid": 7, "approvals_left": 0, "approved": true, "approved_by": by})))
        }
        ("GET", "/notes") => {
            let at = number(rest, "&page").unwrap_or(1);
            let (notes, more) = page(&state.comments, at, state.page);
            let notes: Vec<_> = notes
                .iter()
                .map(|note| {
                    json!({"id": note.id, "body": note.body, "system": false, "noteable_type": "MergeRequest",
                        "author": {"id": 4, "username": note.author, "name": "Somebody"}})
                })
                .collect();
            let answer = json_answer(200, &json!(notes));
            let base = format!("{}/api/v4/projects/1/merge_requests/7/notes?per_page={}", state.url, state.page);
            let link = format!("<{base}&page={}>; rel=\"next\", <{base}&page=1>; rel=\"first\"", at + 1);
            Some(if more { answer.insert_header("link", link) } else { answer })
        }
        ("POST", "/notes") => {
            let own = state.own.clone();
            let id = state.add(&own, &text());
            Some(json_answer(201, &json!({"id": id, "body": text(), "author": {"username": own}})))
        }
        ("PUT", rest) => {
            let id: u64 = rest.strip_prefix("/notes/")?.parse().ok()?;
            let Some(note) = state.comments.iter_mut().find(|note| note.id == id) else {
                return Some(json_answer(404, &json!({"message": "404 Note Not Found"})));
            };
            note.body = text();
            Some(json_answer(200, &json!({"id": id, "body": text()})))
        }
        _ => None,
    }
}

fn status(state: &mut State, sha: &str, body: &Value) -> ResponseTemplate {
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    assert!(text("description").chars().count() <= 255, "GitLab refuses longer ones: {body}");
    assert_eq!(text("target_url"), "https://gitlab.com/acme/lab/-/jobs/42");
    assert_eq!(body["pipeline_id"], 42, "{body}");
    // As GitLab up to 18.2 says it: <https://gitlab.com/gitlab-org/gitlab-foss/-/issues/25807>.
    let now = text("state");
    if state.checks(sha).iter().any(|(name, last, _)| *name == text("name") && *last == now) {
        let event = if now == "running" { "run" } else { "succeed" };
        let message = format!(
            "Cannot transition status via :{event} from :{now} (Reason(s): Status cannot transition via \"{event}\")"
        );
        return json_answer(400, &json!({"message": message}));
    }
    state.statuses.push((sha.to_owned(), text("name"), now, text("description")));
    json_answer(201, &json!({"id": 5, "sha": sha, "status": body["state"], "name": body["name"], "pipeline_id": 42}))
}

fn facts(state: &State) -> Value {
    let pull = &state.pull;
    json!({
        "id": 100, "iid": pull.number, "project_id": 1, "title": "Grow the pool", "description": pull.description,
        "state": if pull.state == "open" { "opened" } else { pull.state }, "draft": false,
        "target_branch": "main", "source_branch": "bigger",
        "source_project_id": if pull.fork { 2 } else { 1 }, "target_project_id": 1,
        "author": {"id": 2, "username": "alice"}, "merge_user": pull.merge_commit.as_ref().map(|_| json!({"username": "bob"})),
        "labels": pull.labels, "sha": pull.head, "merge_commit_sha": pull.merge_commit, "squash_commit_sha": null,
        "has_conflicts": false, "detailed_merge_status": "mergeable",
        "diff_refs": {"base_sha": pull.base, "head_sha": pull.head, "start_sha": pull.base},
        "web_url": format!("https://gitlab.com/acme/lab/-/merge_requests/{}", pull.number),
    })
}
