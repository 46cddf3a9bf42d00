//! `kstack ci` as a job runs it, against servers in the shapes of the three forges.

use serde_json::json;

use crate::{
    cli::ci::{commit, git, tip, world_with},
    support::{
        cli::World,
        forge::{Forge, Kind},
    },
};

/// A platform at `kind`, and a job there. The forge has the pull request of the branch `bigger`.
fn job(kind: Kind) -> (World, Forge) {
    let mut world = world_with(&format!("\nforge \"{}\" {{}}\n", kind.name()));
    let forge = Forge::start(kind, &tip(&world, "main"), &tip(&world, "bigger"));
    for (name, value) in forge.variables() {
        world.set(name, value);
    }
    pull_request(&mut world, kind, false);
    (world, forge)
}

/// The job is for the pull request as it is.
fn pull_request(world: &mut World, kind: Kind, fork: bool) {
    let (base, head) = (tip(world, "main"), tip(world, "bigger"));
    if kind == Kind::GitLab {
        for (name, value) in [
            ("CI_PIPELINE_SOURCE", "merge_request_event"),
            ("CI_MERGE_REQUEST_IID", "7"),
            ("CI_MERGE_REQUEST_DIFF_BASE_SHA", &base),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
            ("CI_MERGE_REQUEST_PROJECT_ID", "1"),
            ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", if fork { "2" } else { "1" }),
            ("CI_COMMIT_SHA", &head),
        ] {
            world.set(name, value);
        }
        return;
    }
    let from = if fork { "stranger/lab" } else { "acme/lab" };
    let event = json!({"action": "synchronize", "number": 7, "pull_request": {
        "number": 7, "state": "open",
        "base": {"ref": "main", "sha": base, "repo": {"full_name": "acme/lab"}},
        "head": {"ref": "bigger", "sha": head, "repo": {"full_name": from}},
    }});
    std::fs::write(world.root().join("event.json"), event.to_string()).unwrap();
    world.set("GITHUB_EVENT_NAME", "pull_request");
    world.set("GITHUB_EVENT_PATH", world.root().join("event.json"));
}

/// The job is for a push of `main`, or of a tag.
fn push(world: &mut World, kind: Kind, tag: Option<&str>) {
    let head = tip(world, "main");
    if kind == Kind::GitLab {
        world.set("CI_PIPELINE_SOURCE", "push");
        world.set("CI_COMMIT_SHA", &head);
        match tag {
            Some(tag) => world.set("CI_COMMIT_TAG", tag),
            None => world.set("CI_COMMIT_BRANCH", "main"),
        }
        return;
    }
    world.set("GITHUB_EVENT_NAME", "push");
    world.set("GITHUB_SHA", &head);
    let reference = tag.map_or_else(|| "refs/heads/main".to_owned(), |tag| format!("refs/tags/{tag}"));
    world.set("GITHUB_REF", reference);
}

/// Name and state of every status of `commit` in the end; success and failure in the words of GitHub.
fn checks(forge: &Forge, commit: &str) -> Vec<(String, String)> {
    let words = |state: String| match state.as_str() {
        "failed" => "failure".to_owned(),
        "canceled" => "error".to_owned(),
        "running" => "pending".to_owned(),
        _ => state,
    };
    forge.state().checks(commit).into_iter().map(|(name, state, _)| (name, words(state))).collect()
}

fn pairs(checks: &[(&str, &str)]) -> Vec<(String, String)> {
    checks.iter().map(|(name, state)| ((*name).to_owned(), (*state).to_owned())).collect()
}

#[test]
fn a_pull_request_has_one_comment_and_its_merge_and_promotion_are_told_there() {
    for kind in Kind::ALL {
        let (mut world, forge) = job(kind);
        let first = tip(&world, "bigger");
        let ran = world.kstack(&["ci"]).done();
        assert!(ran.stderr.contains("commented on https://"), "{kind:?}: {ran}");
        assert!(!ran.stdout.contains("<!--") && ran.stdout.contains("terraform_data.pool"), "{kind:?}: {ran}");
        let all =
            [("kstack/plan (apps)", "success"), ("kstack/plan (ops)", "success"), ("kstack/plan-exact", "success")];
        assert_eq!(checks(&forge, &first), pairs(&all), "{kind:?}");
        assert_eq!(forge.state().statuses.len(), 6, "{kind:?}: each was pending first");
        let body = forge.state().comments[0].body.clone();
        assert!(body.starts_with("<!-- kstack:review -->") && body.chars().count() <= 65_536, "{body}");
        // One to look before anything is done; the comment (found and made: 2 calls on GitHub, 3 elsewhere, where we ask
        // first who we are once there is a comment); and one for each status that is set.
        let comment = if kind == Kind::GitHub { 2 } else { 3 };
        assert_eq!(forge.take_calls().len(), 1 + comment + 6, "{kind:?}");

        // The job runs again for an old event: a newer commit is there.
        git(&world, &["commit", "--quiet", "--allow-empty", "--message", "Think again"]);
        let second = tip(&world, "bigger");
        forge.state().pull.head.clone_from(&second);
        let ran = world.kstack(&["ci"]).done();
        assert!(ran.stderr.contains("pull request #7 has moved on to"), "{ran}");
        assert_eq!(forge.take_calls().len(), 1, "{kind:?}");
        assert_eq!(forge.state().comments[0].body, body, "{kind:?}");

        // The newer one: the comment is edited.
        world.write("infra/pool/main.tf", &world.read("infra/pool/main.tf").replace("size = 2", "size = 3"));
        commit(&world, "Grow it more");
        let second = tip(&world, "bigger");
        forge.state().pull.head.clone_from(&second);
        pull_request(&mut world, kind, false);
        let ran = world.kstack(&["ci"]).done();
        assert!(ran.stderr.contains("edited the comment on https://"), "{kind:?}: {ran}");
        assert_eq!(forge.state().comments.len(), 1);
        assert_ne!(forge.state().comments[0].body, body);

        // The merge.
        git(&world, &["switch", "--quiet", "main"]);
        git(&world, &["merge", "--quiet", "--no-ff", "--message", "Merge branch 'bigger'", "bigger"]);
        let merged = tip(&world, "main");
        forge.state().pull.state = "merged";
        forge.state().pull.merge_commit = Some(merged.clone());
        push(&mut world, kind, None);
        let _ = world.kstack(&["ci"]).done();
        let all = [("kstack/apply (ops)", "success"), ("kstack/plan (apps)", "success")];
        assert_eq!(checks(&forge, &merged), pairs(&all), "{kind:?}");
        let body = forge.state().comments[0].body.clone();
        assert!(body.contains("- `ops`: delivered at ") && body.contains("1 applied"), "{kind:?}: {body}");

        // The promotion.
        git(&world, &["tag", "apps-deploy-1"]);
        push(&mut world, kind, Some("apps-deploy-1"));
        let _ = world.kstack(&["ci"]).done();
        assert!(
            checks(&forge, &merged).contains(&("kstack/apply (apps)".to_owned(), "success".to_owned())),
            "{kind:?}"
        );
        let body = forge.state().comments[0].body.clone();
        assert!(
            body.contains("- `ops`: delivered at ") && body.contains("- `apps`: delivered at "),
            "{kind:?}: {body}"
        );
        assert_eq!(forge.state().comments.len(), 1);
    }
}
