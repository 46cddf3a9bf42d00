//! Gitea: <https://docs.gitea.com/api/>, as version 1.27 answers.

use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::{State, json_answer};

pub(super) fn answer(state: &mut State, call: &str, body: &Value) -> Option<ResponseTemplate> {
    let (method, path) = call.split_once(" /api/v1/")?;
    if (method, path) == ("GET", "user") {
        return Some(json_answer(200, &json!({"id": -2, "login": state.own, "username": state.own, "email": ""})));
    }
    let path = path.strip_prefix("repos/acme/lab/")?;
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    if let Some(sha) = path.strip_prefix("statuses/") {
        assert_eq!(text("target_url"), "https://git.example.com/acme/lab/actions/runs/42");
        state.statuses.push((sha.to_owned(), text("context"), text("state"), text("description")));
        return Some(json_answer(201, &json!({"id": 5, "status": body["state"], "context": body["context"]})));
    }
    let number = state.pull.number;
    let poster = |name: &str| json!({"id": 4, "login": name, "username": name});
    let comment = |id: u64, author: &str, body: &str| {
        json!({"id": id, "body": body, "user": poster(author), "assets": [],
            "html_url": format!("https://git.example.com/acme/lab/pulls/7#issuecomment-{id}")})
    };
    match (method, path.split('?').next()?) {
        ("GET", rest) if rest == format!("pulls/{number}") => Some(json_answer(200, &facts(state))),
        ("GET", rest) if rest == format!("pulls/{number}/reviews") => {
            let mut reviews = vec![
                json!({"id": 1, "state": "APPROVED", "user": poster("carol"), "commit_id": "0", "dismissed": false}),
                json!({"id": 2, "state": "REQUEST_CHANGES", "user": poster("carol"), "commit_id": "0", "dismissed": false}),
                json!({"id": 3, "state": "APPROVED", "user": poster("dave"), "commit_id": "0", "dismissed": true}),
            ];
            reviews.extend(state.pull.approved.iter().map(|by| {
                json!({"id": 4, "state": "APPROVED", "user": poster(by), "commit_id": state.pull.head,
                    "dismissed": false, "submitted_at": "2026-01-01T00:00:00Z"})
            }));
            reviews.push(json!({"id": 5, "state": "COMMENT", "user": poster("bob"), "commit_id": "0"}));
            Some(json_answer(200, &json!(reviews)))
        }
        ("GET", rest) if rest == format!("issues/{number}/comments") => {
            let all: Vec<_> = state.comments.iter().map(|it| comment(it.id, &it.author, &it.body)).collect();
            Some(json_answer(200, &json!(all)).insert_header("x-total-count", all.len().to_string()))
        }
        ("POST", rest) if rest == format!("issues/{number}/comments") => {
            let own = state.own.clone();
            let id = state.add(&own, &text("body"));
            Some(json_answer(201, &comment(id, &own, &text("body"))))
        }
        ("PATCH", rest) => {
            let id: u64 = rest.strip_prefix("issues/comments/")?.parse().ok()?;
            let known = state.comments.iter_mut().find(|known| known.id == id)?;
            known.body = text("body");
            Some(json_answer(200, &comment(id, &known.author, &known.body)))
        }
        ("GET", rest) => {
            let sha = rest.strip_prefix("commits/")?.strip_suffix("/pull")?;
            (Some(sha) == state.pull.merge_commit.as_deref()).then(|| json_answer(200, &facts(state)))
        }
        _ => None,
    }
}

fn facts(state: &State) -> Value {
    let pull = &state.pull;
    let labels: Vec<_> = pull.labels.iter().map(|name| json!({"id": 1, "name": name, "color": "ededed"})).collect();
    json!({
        "id": 100, "number": pull.number, "title": "Grow the pool", "body": pull.description,
        "html_url": format!("https://git.example.com/acme/lab/pulls/{}", pull.number),
        "user": {"id": 2, "login": "alice"}, "labels": labels, "draft": false,
        "state": if pull.state == "open" { "open" } else { "closed" }, "merged": pull.state == "merged",
        "mergeable": pull.state == "open", "merge_base": pull.base,
        "merge_commit_sha": pull.merge_commit, "merged_by": pull.merge_commit.as_ref().map(|_| json!({"login": "bob"})),
        "base": {"label": "main", "ref": "main", "sha": pull.base, "repo_id": 1},
        "head": {"label": "bigger", "ref": "bigger", "sha": pull.head, "repo_id": if pull.fork { 2 } else { 1 }},
    })
}
