//! `kstack ci` as a job runs it, against servers in the shapes of the three forges.

use std::{os::unix::fs::PermissionsExt as _, process::Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::{
    cli::ci::{commit, git, tip, world_with},
    support::{
        cli::{World, find_program},
        forge::{Forge, Kind, json_answer},
        repository::until_written,
    },
};

/// A platform at `kind`, and a job there. The forge has the pull request of the branch `bigger`.
fn job(kind: Kind) -> (World, Forge) {
    let mut world = world_with(&format!("\nforge \"{}\" {{}}\n", kind.name()));
    world.filter(r"127\.0\.0\.1:\d+", "[ADDRESS]");
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

#[test]
fn the_required_check_holds_the_plans_against_what_would_be_merged() {
    let (mut world, forge) = job(Kind::GitHub);
    let exact = |world: &mut World| {
        forge.state().pull.head = tip(world, "bigger");
        pull_request(world, Kind::GitHub, false);
        let ran = world.kstack(&["ci"]).done();
        let checks = forge.state().checks(&tip(world, "bigger"));
        let (_, state, text) = checks.into_iter().find(|(name, ..)| name == "kstack/plan-exact").unwrap();
        assert!(state == "success" || ran.stdout.contains("Merging now would not apply"), "{ran}");
        format!("{state}: {text}")
    };
    let on_main = |world: &World, path: &str, content: &str| {
        git(world, &["switch", "--quiet", "main"]);
        world.write(path, content);
        commit(world, "Go on");
        git(world, &["switch", "--quiet", "bigger"]);
    };
    // What nobody reads makes no difference.
    on_main(&world, "NOTES.md", "Notes\n");
    assert_eq!(exact(&mut world), "success: merging applies what was reviewed");
    // What the stack reads does.
    on_main(&world, "environments/ops.tfvars", "environment = \"ops\"\n# larger soon\n");
    insta::assert_snapshot!(exact(&mut world), @"failure: pool (ops) was planned with other files than its target branch has by now");
    // With that merged in, the plan is made of it.
    git(&world, &["merge", "--quiet", "--no-edit", "main"]);
    assert_eq!(exact(&mut world), "success: merging applies what was reviewed");
    let pool = world.read("infra/pool/main.tf");
    on_main(&world, "infra/pool/main.tf", &pool.replace("size = 2", "size = 9"));
    world.write("infra/pool/main.tf", &pool.replace("size = 2", "size = 4"));
    commit(&world, "Grow it differently");
    insta::assert_snapshot!(exact(&mut world), @"failure: it does not merge: both sides changed infra/pool/main.tf");
}

#[test]
fn a_run_that_fails_settles_every_check_and_says_why() {
    for kind in Kind::ALL {
        let (mut world, forge) = job(kind);
        let _ = world.kstack(&["ci"]).done();
        world.write("infra/pool/stack.hcl", "protct = [\"terraform_data.pool\"]\n");
        commit(&world, "Protect");
        let head = tip(&world, "bigger");
        forge.state().pull.head.clone_from(&head);
        pull_request(&mut world, kind, false);
        let ran = world.kstack(&["ci"]);
        assert_eq!(ran.code, Some(1), "{ran}");
        assert!(ran.stderr.contains("error: the file takes no attribute `protct`"), "{ran}");
        let all = [("kstack/plan (apps)", "error"), ("kstack/plan (ops)", "error"), ("kstack/plan-exact", "error")];
        assert_eq!(checks(&forge, &head), pairs(&all), "{kind:?}");
        let body = forge.state().comments[0].body.clone();
        assert!(body.contains("could not review this commit") && body.contains("infra/pool/stack.hcl:1"), "{body}");
        assert!(!body.contains("size"), "the review of the older commit is gone: {body}");
    }
}

#[test]
fn an_interrupted_run_settles_every_check() {
    let (mut world, forge) = job(Kind::GitHub);
    world.install("bash");
    world.install("sleep");
    // A Terraform that takes its time to plan, and ends when it is interrupted as the real one does.
    let real = find_program("terraform").unwrap();
    let started = world.root().join("started");
    let slow = world.root().join("slow-terraform");
    let script = format!(
        "#!{}\ncase \" $* \" in *\" plan \"*) echo > {}; trap 'exit 1' INT; sleep 600 & wait;; esac\nexec {} \"$@\"\n",
        world.root().join("bin/bash").display(),
        started.display(),
        real.display(),
    );
    std::fs::write(&slow, script).unwrap();
    std::fs::set_permissions(&slow, std::fs::Permissions::from_mode(0o755)).unwrap();
    world.set("KSTACK_TERRAFORM", &slow);
    let mut command = world.command(env!("CARGO_BIN_EXE_kstack"), &world.work());
    let child = command.arg("ci").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until_written(&started);
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    let all = [("kstack/plan (apps)", "error"), ("kstack/plan (ops)", "error"), ("kstack/plan-exact", "error")];
    assert_eq!(checks(&forge, &tip(&world, "bigger")), pairs(&all));
    assert!(forge.state().comments[0].body.contains("interrupted before everything was planned"));
}

#[test]
fn a_strangers_pull_request_is_told_that_it_is_one() {
    for kind in Kind::ALL {
        let (mut world, forge) = job(kind);
        pull_request(&mut world, kind, true);
        let _ = world.kstack(&["ci"]).done();
        let head = tip(&world, "bigger");
        assert!(checks(&forge, &head).iter().all(|(_, state)| state == "failure"), "{kind:?}");
        assert!(forge.state().comments[0].body.contains("comes from another repository"), "{kind:?}");
        assert!(!world.work().join(".kstack").exists());
    }
    // GitHub gives its job a token that may only read: nothing can be posted, and that is no fault.
    let (mut world, forge) = job(Kind::GitHub);
    pull_request(&mut world, Kind::GitHub, true);
    let denied = json!({"message": "Resource not accessible by integration"});
    forge.fault("/statuses/", json_answer(403, &denied));
    let ran = world.kstack(&["ci"]).done();
    assert!(ran.stderr.contains("nothing is posted: a pull request from elsewhere"), "{ran}");
    assert!(forge.state().statuses.is_empty() && forge.state().comments.is_empty());
}

#[test]
fn what_keeps_a_run_from_the_forge_is_told_with_what_to_do() {
    let said = |prepare: &dyn Fn(&mut World, &Forge), kind: Kind| {
        let (mut world, forge) = job(kind);
        prepare(&mut world, &forge);
        let ran = world.kstack(&["ci"]);
        assert_eq!(ran.code, Some(1), "{ran}");
        assert!(!world.work().join(".kstack").exists(), "nothing was planned: {ran}");
        ran.stderr
    };
    let kind = Kind::GitHub;
    insta::assert_snapshot!(said(&|world, _| world.set("GITHUB_TOKEN", ""), kind), @"
    error: there is no token for GitHub

    hint: put one into `KSTACK_FORGE_TOKEN` or `GITHUB_TOKEN`; in a workflow hand it to the step as `env`
    hint: `--no-post` leaves the forge alone; the comment then goes to `--comment` only
    ");
    insta::assert_snapshot!(said(&|world, _| world.set("GITHUB_TOKEN", "expired"), kind), @"
    error: cannot read pull request #7: GitHub does not accept the token: Bad credentials

    hint: it may have expired or been revoked: make a new one and store it where the job reads it
    ");
    // Another token comes first.
    insta::assert_snapshot!(said(&|world, _| world.set("KSTACK_FORGE_TOKEN", "expired"), Kind::Gitea), @"
    error: cannot read pull request #7: Gitea does not accept the token: Bad credentials

    hint: it may have expired or been revoked: make a new one and store it where the job reads it
    ");
    // The token of a job may not do it on GitLab.
    insta::assert_snapshot!(said(&|world, _| world.set("GITLAB_TOKEN", ""), Kind::GitLab), @"
    error: cannot read merge request !7: GitLab does not accept the token: Bad credentials

    hint: the token of a job may not do this on GitLab: put a project access token with the scope `api` and the role Developer into the masked variable `GITLAB_TOKEN`
    ");
    let denied = json!({"message": "Resource not accessible by integration", "status": "403"});
    insta::assert_snapshot!(said(&|_, forge| for _ in 0..4 { forge.fault("/statuses/", json_answer(403, &denied)) }, kind), @"
    commented on https://github.com/acme/lab/pull/7
    error: cannot set status `kstack/plan (ops)`: GitHub does not allow it: Resource not accessible by integration

    hint: grant the token the permission `statuses: write`
    ");
    insta::assert_snapshot!(said(&|_, forge| forge.state().pull.state = "closed", kind), @"
    error: pull request #7 is closed

    hint: reopen it, or open a new one: what is closed is not planned
    ");
    insta::assert_snapshot!(said(&|_, forge| forge.state().pull.state = "merged", kind), @"
    error: pull request #7 is merged already

    hint: the run for the push of its target branch delivers it
    ");
    insta::assert_snapshot!(said(&|_, forge| forge.state().pull.number = 8, kind), @"
    error: cannot read pull request #7: GitHub knows nothing of it at `http://[ADDRESS]/graphql`

    hint: check that it exists, and grant the token the permission `pull-requests: read`: what it may not see looks like this too
    ");
    // The branch was deleted, and the clone never had its commit.
    let gone = |world: &mut World, _: &Forge| {
        let event = std::fs::read_to_string(world.root().join("event.json")).unwrap();
        let event = event.replace(&tip(world, "bigger"), &"d".repeat(40));
        std::fs::write(world.root().join("event.json"), event).unwrap();
    };
    insta::assert_snapshot!(said(&gone, kind), @"
    error: unknown revision `[COMMIT]`

    hint: fetch it, or check the name with `git branch --all` and `git tag`
    hint: its branch may have been deleted or replaced since the event: the newest commit has a run of its own
    ");
}

#[test]
fn a_laptop_posts_when_it_is_asked_to_and_a_job_need_not() {
    let (mut world, forge) = job(Kind::Gitea);
    let _ = world.kstack(&["ci", "--no-post"]).done();
    assert_eq!(forge.take_calls(), Vec::<String>::new());
    world.set("GITHUB_EVENT_NAME", "");
    let flags = ["ci", "--event", "pull-request", "--base", "main", "--pull-request", "7"];
    let _ = world.kstack(&flags).done();
    assert_eq!(forge.take_calls(), Vec::<String>::new());
    let _ = world.kstack(&[&flags[..], &["--post"]].concat()).done();
    assert_eq!(forge.state().comments.len(), 1);
}

#[test]
fn a_refused_delivery_is_told_on_the_commit_and_on_its_pull_request() {
    let (mut world, forge) = job(Kind::GitHub);
    let _ = world.kstack(&["ci"]).done();
    git(&world, &["switch", "--quiet", "main"]);
    git(&world, &["merge", "--quiet", "--no-ff", "--message", "Merge branch 'bigger'", "bigger"]);
    // Slipped into the merge, and never planned.
    world.write("infra/pool/main.tf", &world.read("infra/pool/main.tf").replace("size = 2", "size = 5"));
    git(&world, &["commit", "--quiet", "--all", "--amend", "--no-edit"]);
    let merged = tip(&world, "main");
    forge.state().pull.state = "merged";
    forge.state().pull.merge_commit = Some(merged.clone());
    push(&mut world, Kind::GitHub, None);
    let ran = world.kstack(&["ci"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    let (name, state, text) = forge.state().checks(&merged).remove(0);
    assert_eq!((name.as_str(), state.as_str()), ("kstack/apply (ops)", "failure"));
    assert!(text.contains("pool (ops): closure differs"), "{text}");
    let body = forge.state().comments[0].body.clone();
    assert!(body.contains("- `ops`: **not delivered** at "), "{body}");
}
