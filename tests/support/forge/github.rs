//! GitHub: <https://docs.github.com/en/graphql>, <https://docs.github.com/en/rest>.

use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::{State, json_answer, page};

pub(super) fn answer(state: &mut State, call: &str, body: &Value) -> Option<ResponseTemplate> {
    if call.starts_with("POST /graphql") {
        return Some(graphql(state, body));
    }
    if call == format!("POST /repos/acme/lab/issues/{}/comments", state.pull.number) {
        let text = body["body"].as_str()?;
        if text.chars().count() > 65_536 {
            return Some(json_answer(
                422,
                &json!({"message": "Validation Failed", "errors": [{"resource": "IssueComment", "code": "unprocessable",
                    "field": "data", "message": "Body is too long (maximum is 65536 characters)"}]}),
            ));
        }
        let own = state.own.clone();
        let id = state.add(&own, text);
        let url = format!("https://github.com/acme/lab/pull/7#issuecomment-{id}");
        return Some(json_answer(
            201,
            &json!({"id": id, "node_id": format!("IC_{id}"), "html_url": url, "body": text,
                "user": {"login": "github-actions[bot]", "id": 41_898_282, "type": "Bot"}}),
        ));
    }
    let sha = call.strip_prefix("POST /repos/acme/lab/statuses/")?;
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    assert!(text("description").chars().count() <= 140, "GitHub refuses longer ones: {body}");
    assert_eq!(text("target_url"), "https://github.com/acme/lab/actions/runs/42");
    state.statuses.push((sha.to_owned(), text("context"), text("state"), text("description")));
    Some(json_answer(
        201,
        &json!({"id": 1, "state": body["state"], "context": body["context"], "description": body["description"],
            "creator": {"login": "github-actions[bot]"}}),
    ))
}

fn graphql(state: &mut State, body: &Value) -> ResponseTemplate {
    let query = body["query"].as_str().unwrap_or_default();
    let variables = &body["variables"];
    if query.starts_with("mutation") {
        let id = variables["id"].as_str().unwrap_or_default();
        let found = state.comments.iter_mut().find(|comment| format!("IC_{}", comment.id) == id);
        let Some(comment) = found else {
            let message = format!("Could not resolve to a node with the global id of '{id}'");
            return json_answer(
                200,
                &json!({"data": {"updateIssueComment": null}, "errors": [{"type": "NOT_FOUND",
                    "path": ["updateIssueComment"], "locations": [{"line": 1, "column": 40}], "message": message}]}),
            );
        };
        comment.body = variables["body"].as_str().unwrap_or_default().to_owned();
        return json_answer(200, &json!({"data": {"updateIssueComment": {"issueComment": {"id": id}}}}));
    }
    assert_eq!((&variables["owner"], &variables["name"]), (&json!("acme"), &json!("lab")));
    if query.contains("associatedPullRequests") {
        let is_its = variables["commit"].as_str() == state.pull.merge_commit.as_deref();
        let nodes = if is_its { vec![facts(state)] } else { Vec::new() };
        return json_answer(
            200,
            &json!({"data": {"repository": {"object": {"associatedPullRequests": {"nodes": nodes}}}}}),
        );
    }
    if variables["number"] != state.pull.number {
        let message = format!("Could not resolve to a PullRequest with the number of {}.", variables["number"]);
        return json_answer(
            200,
            &json!({"data": {"repository": {"pullRequest": null}}, "errors": [{"type": "NOT_FOUND",
                "path": ["repository", "pullRequest"], "message": message}]}),
        );
    }
    if query.contains("latestOpinionatedReviews") {
        let reviews = state.pull.approved.iter().map(|by| {
            json!({"state": "APPROVED", "submittedAt": "2026-01-01T00:00:00Z", "author": {"login": by},
                "commit": {"oid": state.pull.head}})
        });
        let refused = json!({"state": "CHANGES_REQUESTED", "submittedAt": "2026-01-01T00:00:00Z",
            "author": {"login": "carol"}, "commit": {"oid": state.pull.head}});
        let nodes: Vec<_> = reviews.chain([refused]).collect();
        return json_answer(
            200,
            &json!({"data": {"repository": {"pullRequest": {"latestOpinionatedReviews": {"nodes": nodes}}}}}),
        );
    }
    let mut found = facts(state);
    if variables["comments"] == true {
        let number =
            variables["after"].as_str().map_or(1, |cursor| cursor.trim_start_matches("page-").parse().unwrap());
        let (comments, more) = page(&state.comments, number, state.page);
        let nodes = comments.iter().map(|comment| {
            json!({"id": format!("IC_{}", comment.id), "body": comment.body,
                "viewerDidAuthor": comment.author == state.own})
        });
        let next = format!("page-{}", number + 1);
        found["comments"] = json!({"nodes": nodes.collect::<Vec<_>>(),
            "pageInfo": {"hasNextPage": more, "endCursor": next}});
    }
    json_answer(200, &json!({"data": {"repository": {"pullRequest": found}}}))
}

fn facts(state: &State) -> Value {
    let pull = &state.pull;
    let labels: Vec<_> = pull.labels.iter().map(|name| json!({"name": name})).collect();
    json!({
        "number": pull.number, "title": "Grow the pool", "body": pull.description,
        "url": format!("https://github.com/acme/lab/pull/{}", pull.number),
        "state": pull.state.to_uppercase(), "isDraft": false, "isCrossRepository": pull.fork, "mergeable": "MERGEABLE",
        "headRefOid": pull.head, "headRefName": "bigger", "baseRefOid": pull.base, "baseRefName": "main",
        "author": {"login": "alice"}, "mergedBy": pull.merge_commit.as_ref().map(|_| json!({"login": "bob"})),
        "mergeCommit": pull.merge_commit.as_ref().map(|oid| json!({"oid": oid})), "labels": {"nodes": labels},
    })
}
