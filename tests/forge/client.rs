//! One client, three forges: the same is asked of each.

use std::sync::{Arc, Mutex};

use kstack::{
    forge::{
        Address, Approval, Client, CommitState, CommitStatus, Event, ForgeError, Posted, PullState, Token, Variables,
    },
    platform,
};
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::support::forge::{Forge, Kind, json_answer};

const MARKER: &str = "<!-- kstack:review -->";

fn settings(kind: Kind) -> platform::Forge {
    match kind {
        Kind::GitHub => platform::Forge::GitHub { url: None },
        Kind::GitLab => platform::Forge::GitLab { url: None },
        Kind::Gitea => platform::Forge::Gitea { url: None },
    }
}

/// A client of `forge`, and what it tells.
fn client(forge: &Forge) -> (Client, Arc<Mutex<Vec<Event>>>) {
    let kind = settings(forge.state().kind);
    let sha = [("CI_COMMIT_SHA".to_owned(), "h".repeat(40))];
    let all = forge.variables().into_iter().map(|(name, value)| (name.to_owned(), value));
    let variables: Variables = all.chain(sha).collect();
    let address = Address::find(&kind, "https://example.com/acme/lab", &variables).unwrap().unwrap();
    let token = Token::find(&kind, &variables).unwrap();
    let told: Arc<Mutex<Vec<Event>>> = Arc::default();
    let sink = Arc::clone(&told);
    (Client::new(address, &token, Arc::new(move |event| sink.lock().unwrap().push(event.clone()))).unwrap(), told)
}

fn start(kind: Kind) -> Forge {
    Forge::start(kind, &"b".repeat(40), &"h".repeat(40))
}

/// Puts the comment as a run does, and gives what became of it and how many calls that took.
fn put(forge: &Forge, client: &Client, text: &str) -> (Result<Posted, ForgeError>, usize) {
    forge.take_calls();
    let body = format!("{MARKER}\n{text}");
    let posted = forge.block_on(async {
        let (facts, known) = client.look(7, MARKER).await?;
        client.put_comment(facts.number, MARKER, &body, known).await
    });
    (posted, forge.take_calls().len())
}

#[test]
fn a_pull_request_is_read_with_its_approvals() {
    for kind in Kind::ALL {
        let forge = start(kind);
        forge.state().pull.labels = vec!["safe".to_owned(), "size/L".to_owned()];
        forge.state().pull.approved = vec!["bob".to_owned()];
        let (client, _) = client(&forge);
        let facts = forge.block_on(client.pull_request(7)).unwrap();
        assert_eq!(
            (facts.number, facts.state, facts.fork, facts.draft),
            (7, PullState::Open, false, false),
            "{kind:?}"
        );
        assert_eq!((facts.author.as_str(), facts.title.as_str()), ("alice", "Grow the pool"));
        assert_eq!((facts.head.len(), facts.head_branch.as_str(), facts.base_branch.as_str()), (40, "bigger", "main"));
        assert_eq!(facts.description, "It is needed.");
        assert_eq!(
            (facts.labels.as_slice(), facts.mergeable),
            (&["safe".to_owned(), "size/L".to_owned()][..], Some(true))
        );
        let approvals = forge.block_on(client.approvals(7)).unwrap();
        let by: Vec<_> = approvals.iter().map(|Approval { by, .. }| by.as_str()).collect();
        assert_eq!(by, ["bob"], "{kind:?}: who took it back or was dismissed does not count");

        forge.state().pull.fork = true;
        assert!(forge.block_on(client.pull_request(7)).unwrap().fork);
        assert!(forge.block_on(client.pull_requests_of(&"m".repeat(40))).unwrap().is_empty());
        forge.state().pull.state = "merged";
        forge.state().pull.merge_commit = Some("m".repeat(40));
        let merged = forge.block_on(client.pull_requests_of(&"m".repeat(40))).unwrap();
        assert_eq!(
            (merged.len(), merged[0].state, merged[0].merged_by.as_deref()),
            (1, PullState::Merged, Some("bob"))
        );
        assert_eq!(merged[0].merge_commit.as_deref(), Some("m".repeat(40).as_str()));
    }
}

#[test]
fn one_comment_is_made_edited_and_made_again() {
    for kind in Kind::ALL {
        let forge = start(kind);
        let (client, _) = client(&forge);
        // Looking is one call on GitHub and two elsewhere.
        let look = if kind == Kind::GitHub { 1 } else { 2 };
        let (posted, calls) = put(&forge, &client, "one");
        assert_eq!((posted.unwrap(), calls), (Posted::Created, look + 1), "{kind:?}");
        let (posted, calls) = put(&forge, &client, "two");
        // Who we are is asked once.
        let who = usize::from(kind != Kind::GitHub);
        assert_eq!((posted.unwrap(), calls), (Posted::Edited, look + who + 1), "{kind:?}");
        let (posted, calls) = put(&forge, &client, "two");
        assert_eq!((posted.unwrap(), calls), (Posted::Kept, look), "{kind:?}");
        let (posted, calls) = put(&forge, &client, "three");
        assert_eq!((posted.unwrap(), calls), (Posted::Edited, look + 1), "{kind:?}");
        assert_eq!(forge.state().comments.len(), 1, "{kind:?}");

        // Deleted by somebody.
        forge.state().comments.clear();
        assert_eq!(put(&forge, &client, "four").0.unwrap(), Posted::Created, "{kind:?}");

        // Deleted after it was found.
        let known = forge.block_on(client.look(7, MARKER)).unwrap().1;
        assert!(known.is_some());
        forge.state().comments.clear();
        let posted = forge.block_on(client.put_comment(7, MARKER, &format!("{MARKER}\nfive"), known)).unwrap();
        assert_eq!(posted, Posted::Created, "{kind:?}");
        assert_eq!(forge.state().comments.len(), 1);

        // Edited by somebody: it is ours all the same, and says what it should.
        forge.state().comments[0].body = format!("{MARKER}\nnothing to see here");
        assert_eq!(put(&forge, &client, "five").0.unwrap(), Posted::Edited);
        assert_eq!(forge.state().comments[0].body, format!("{MARKER}\nfive"));
    }
}

#[test]
fn comments_of_others_with_our_marker_are_left_alone() {
    for kind in Kind::ALL {
        let forge = start(kind);
        forge.state().page = 2;
        for author in ["mallory", "alice", "mallory", "bob", "mallory"] {
            forge.comment(author, &format!("{MARKER}\neverything is fine"));
        }
        let (client, _) = client(&forge);
        assert_eq!(put(&forge, &client, "one").0.unwrap(), Posted::Created, "{kind:?}");
        assert_eq!(put(&forge, &client, "two").0.unwrap(), Posted::Edited, "{kind:?}: found on the third page");
        let own = forge.state().own.clone();
        let state = forge.state();
        let ours: Vec<_> = state.comments.iter().filter(|comment| comment.author == own).collect();
        assert_eq!((ours.len(), ours[0].body.as_str()), (1, format!("{MARKER}\ntwo").as_str()), "{kind:?}");
        let others = state.comments.iter().filter(|comment| comment.author != own);
        assert!(others.into_iter().all(|comment| comment.body.ends_with("everything is fine")), "{kind:?}");
    }
}

#[test]
fn a_marker_inside_a_comment_of_ours_is_no_marker() {
    for kind in Kind::ALL {
        let forge = start(kind);
        let own = forge.state().own.clone();
        forge.comment(&own, &format!("Somebody asked about {MARKER}"));
        let (client, _) = client(&forge);
        assert_eq!(put(&forge, &client, "one").0.unwrap(), Posted::Created, "{kind:?}");
    }
}

#[test]
fn statuses_are_set_in_the_words_of_each_forge() {
    let words = |kind| match kind {
        Kind::GitHub | Kind::Gitea => ["pending", "success", "failure", "error"],
        Kind::GitLab => ["running", "success", "failed", "canceled"],
    };
    for kind in Kind::ALL {
        let forge = start(kind);
        let (client, _) = client(&forge);
        let states = [CommitState::Pending, CommitState::Success, CommitState::Failure, CommitState::Error];
        for state in states {
            let status =
                CommitStatus { context: "kstack/plan (ops)".to_owned(), state, description: "long\n ".repeat(100) };
            forge.block_on(client.set_status(&"h".repeat(40), &status)).unwrap();
            // Saying it twice is saying it once; GitLab calls that a mistake.
            forge.block_on(client.set_status(&"h".repeat(40), &status)).unwrap();
        }
        let mut told: Vec<_> = forge.state().statuses.iter().map(|(_, _, state, _)| state.clone()).collect();
        told.dedup();
        assert_eq!(told, words(kind), "{kind:?}");
        let (.., description) = forge.state().statuses[0].clone();
        assert_eq!((description.chars().count(), description.contains('\n')), (140, false));
    }
}

#[test]
fn a_forge_that_hiccups_is_asked_again_and_a_comment_is_not_made_twice() {
    for kind in Kind::ALL {
        let forge = start(kind);
        let (client, told) = client(&forge);
        forge.fault("", ResponseTemplate::new(502));
        assert_eq!(forge.block_on(client.pull_request(7)).unwrap().number, 7, "{kind:?}");
        assert!(matches!(&told.lock().unwrap()[..], [Event::Repeated { reason, .. }] if reason == "status 502"));

        // The answer is lost, the comment is made.
        let own = forge.state().own.clone();
        let place = match kind {
            Kind::GitLab => "POST /api/v4/projects/1/merge_requests/7/notes",
            Kind::GitHub => "POST /repos/acme/lab/issues/7/comments",
            Kind::Gitea => "POST /api/v1/repos/acme/lab/issues/7/comments",
        };
        forge.fault(place, ResponseTemplate::new(503));
        let known = forge.block_on(client.look(7, MARKER)).unwrap().1;
        forge.comment(&own, &format!("{MARKER}\none"));
        let posted = forge.block_on(client.put_comment(7, MARKER, &format!("{MARKER}\none"), known)).unwrap();
        assert_eq!((posted, forge.state().comments.len()), (Posted::Kept, 1), "{kind:?}");

        // It stays broken.
        for _ in 0..4 {
            forge.fault("", ResponseTemplate::new(500));
        }
        let error = forge.block_on(client.pull_request(7)).unwrap_err();
        assert!(matches!(error, ForgeError::Status { status: 500, .. }), "{error}");
    }
}

#[test]
fn a_forge_that_takes_no_more_calls_is_waited_for() {
    for kind in Kind::ALL {
        let forge = start(kind);
        let (client, told) = client(&forge);
        let limited = match kind {
            Kind::GitHub => json_answer(403, &json!({"message": "You have exceeded a secondary rate limit."}))
                .insert_header("retry-after", "1"),
            Kind::GitLab => ResponseTemplate::new(429)
                .insert_header("ratelimit-remaining", "0")
                .insert_header("retry-after", "1")
                .set_body_string("Retry later"),
            Kind::Gitea => ResponseTemplate::new(429).insert_header("retry-after", "0"),
        };
        forge.fault("", limited);
        assert_eq!(forge.block_on(client.pull_request(7)).unwrap().number, 7, "{kind:?}");
        assert!(matches!(told.lock().unwrap()[..], [Event::Limited { .. }]), "{kind:?}");

        // Not for an hour.
        let reset = (jiff::Timestamp::now().as_second() + 3600).to_string();
        let spent =
            json_answer(if kind == Kind::GitHub { 403 } else { 429 }, &json!({"message": "API rate limit exceeded"}));
        let spent = match kind {
            Kind::GitHub => spent.insert_header("x-ratelimit-remaining", "0").insert_header("x-ratelimit-reset", reset),
            _ => spent.insert_header("ratelimit-remaining", "0").insert_header("ratelimit-reset", reset),
        };
        forge.fault("", spent);
        let error = forge.block_on(client.pull_request(7)).unwrap_err();
        assert!(matches!(error, ForgeError::Limited { wait, .. } if wait.as_secs() > 3000), "{error}");
    }
    // GraphQL says so with status 200.
    let forge = start(Kind::GitHub);
    let (client, _) = client(&forge);
    let limited =
        json_answer(200, &json!({"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}));
    forge.fault("/graphql", limited.insert_header("retry-after", "0"));
    assert_eq!(forge.block_on(client.pull_request(7)).unwrap().number, 7);
}

#[test]
fn what_a_forge_refuses_is_told_in_its_words() {
    let forge = start(Kind::GitHub);
    let (client, _) = client(&forge);
    let (error, _) = put(&forge, &client, &"x".repeat(70_000));
    insta::assert_snapshot!(error.unwrap_err(), @"cannot comment on pull request #7: GitHub refuses it: Validation Failed: Body is too long (maximum is 65536 characters)");
    let status = CommitStatus { context: "c".to_owned(), state: CommitState::Success, description: String::new() };
    let refusal = json!({"message": "Validation Failed", "errors": [{"resource": "Status", "code": "custom",
        "message": "This SHA and context has reached the maximum number of statuses."}]});
    forge.fault("/statuses/", json_answer(422, &refusal));
    let error = forge.block_on(client.set_status("c", &status)).unwrap_err();
    insta::assert_snapshot!(error, @"cannot set status `c`: GitHub refuses it: Validation Failed: This SHA and context has reached the maximum number of statuses.");
    forge.fault("/statuses/", json_answer(403, &json!({"message": "Resource not accessible by integration"})));
    let error = forge.block_on(client.set_status("c", &status)).unwrap_err();
    insta::assert_snapshot!(error, @"cannot set status `c`: GitHub does not allow it: Resource not accessible by integration");
    forge.fault("/graphql", json_answer(200, &json!({"data": null, "errors": [{"type": "FORBIDDEN", "message": "Resource not accessible by integration"}]})));
    let error = forge.block_on(client.pull_request(7)).unwrap_err();
    assert!(
        matches!(&error, ForgeError::Forbidden { grant, .. } if grant.contains("pull-requests: read")),
        "{error:?}"
    );
    forge.fault("/graphql", ResponseTemplate::new(301).insert_header("location", "https://evil.example/graphql"));
    let error = forge.block_on(client.pull_request(7)).unwrap_err();
    assert!(matches!(error, ForgeError::Status { status: 301, .. }), "the token does not follow: {error}");
    forge.fault("/graphql", ResponseTemplate::new(200).set_body_string("<html>"));
    let error = forge.block_on(client.pull_request(7)).unwrap_err();
    assert!(matches!(error, ForgeError::Answer { .. }), "{error}");
    assert!(matches!(forge.block_on(client.pull_request(8)).unwrap_err(), ForgeError::NotFound { .. }));
}

#[test]
fn a_list_does_not_send_the_token_elsewhere() {
    let forge = start(Kind::GitLab);
    let (client, _) = client(&forge);
    let stolen = json_answer(200, &json!([])).insert_header("link", "<http://localhost:1/steal>; rel=\"next\"");
    forge.fault("/notes", stolen);
    assert!(forge.block_on(client.look(7, MARKER)).unwrap().1.is_none());
}

#[test]
fn a_run_that_is_about_to_be_ended_waits_for_nothing() {
    let forge = start(Kind::Gitea);
    let (client, told) = client(&forge);
    client.hurry();
    forge.fault("", ResponseTemplate::new(502));
    assert!(matches!(forge.block_on(client.pull_request(7)).unwrap_err(), ForgeError::Status { status: 502, .. }));
    forge.fault("", ResponseTemplate::new(429).insert_header("retry-after", "5"));
    assert!(matches!(forge.block_on(client.pull_request(7)).unwrap_err(), ForgeError::Limited { .. }));
    assert!(told.lock().unwrap().is_empty());
}
