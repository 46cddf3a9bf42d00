//! A change's whole way on a real forge: a platform that `kstack init` scaffolded, on a real Gitea whose real runner runs
//! the generated workflow, against moto instead of AWS. What the runner's jobs call is this kstack, had by the workflow's
//! own verified download. Moto's clusters have no API server: a sandbox takes the place of the one that is made, by an
//! explicit kubeconfig in the runner's environment, and the real Flux in it pulls from Gitea.
//!
//! One cluster, in `ops`, and beside it a stack of Terraform's own resource in both environments, which the later
//! chapters turn on: it plans in a tenth of the time.

mod place;

use serde_json::json;

use place::{CLUSTER, Place};

const LIGHT: &str = "infra/light/main.tf";
const SETTINGS: &str = "infra/light/stack.hcl";

#[tokio::test(flavor = "multi_thread")]
async fn a_change_goes_from_the_pull_request_to_the_clusters_and_back() {
    let Some(place) = Place::new().await else { return };
    the_first_push_delivers_what_was_planned_before(&place);
    protect(&place);
    a_change_of_a_node_pool_is_reviewed_in_one_comment_and_applied_as_reviewed(&place);
    a_tag_promotes(&place);
    what_a_sibling_made_stale_is_refused(&place);
    a_revert_rolls_back(&place);
}

fn the_first_push_delivers_what_was_planned_before(place: &Place) {
    let commit = place.push("main");
    let run = place.run_of("push", &commit, "refs/heads/main");
    assert_eq!(run.conclusion, "success", "{}", run.log());
    let log = run.log();
    assert!(log.contains("kstack: from http://127.0.0.1:"), "the download was verified: {log}");
    assert!(log.contains(&format!("synced `main@sha1:{commit}`")), "{log}");
    assert!(log.contains("nothing is locked in `ops`"), "{log}");
    assert_eq!((place.max_size(), place.light_size("ops")), (Some(3), Some(1)));
    assert_eq!(place.light_size("apps"), None, "the next environment is planned and not applied");
}

/// With the commands of the platform's own runbook.
fn protect(place: &Place) {
    place.run_protection_of_the_runbook();
    let main = place.gitea.get(&place.path("/branch_protections/main"));
    assert_eq!(main["status_check_contexts"], json!(["kstack/plan-exact"]));
    place.branch("past-review");
    place.git(&["commit", "--quiet", "--allow-empty", "--message", "Past everybody"]);
    assert!(!place.world.tries("", "git", &["push", "--quiet", "origin", "HEAD:main"]), "not even by an administrator");
}

fn a_change_of_a_node_pool_is_reviewed_in_one_comment_and_applied_as_reviewed(place: &Place) {
    let pool = format!("infra/{CLUSTER}/node_pool_default.tf");
    place.branch("grow");
    place.replace(&pool, "max_size = 3", "max_size = 5");
    place.commit("Let the pool grow");
    let first = place.push("grow");
    let number = place.open("grow", "Let the pool grow");
    let run = place.run_of("pull_request", &first, "");
    assert_eq!(run.conclusion, "success", "{}", run.log());
    let comment = place.comment(number);
    let body = comment["body"].as_str().unwrap();
    assert_eq!(comment["user"]["login"], "gitea-actions");
    assert!(body.contains("aws_eks_node_group") && body.contains("scaling_config[0].max_size"), "{body}");
    let statuses = place.statuses(&first);
    assert_eq!(statuses["kstack/plan-exact"], "success", "{statuses:?}");
    assert_eq!(statuses["kstack/plan (ops)"], "success", "{statuses:?}");

    // Nobody has approved it.
    let refused = place.try_to_merge(number, &first);
    assert!(refused.to_string().contains("approvals"), "{refused}");

    // A push that breaks the platform: the same comment says so, and approval is not enough.
    place.world.write(SETTINGS, "protct = []\n");
    place.commit("Break it");
    let broken = place.push("grow");
    let run = place.run_of("pull_request", &broken, "");
    assert_eq!(run.conclusion, "failure", "{}", run.log());
    assert_eq!(place.statuses(&broken)["kstack/plan-exact"], "error");
    place.approve(number);
    let refused = place.try_to_merge(number, &broken);
    assert!(refused.to_string().contains("status checks"), "{refused}");

    // Mended, and changed once more: the comment is the same one, with the new plan.
    place.git(&["rm", "--quiet", SETTINGS]);
    place.replace(&pool, "max_size = 5", "max_size = 6");
    place.commit("Mend it");
    let mended = place.push("grow");
    let run = place.run_of("pull_request", &mended, "");
    assert_eq!(run.conclusion, "success", "{}", run.log());
    let edited = place.comment(number);
    assert_eq!(edited["id"], comment["id"]);
    assert!(edited["body"].as_str().unwrap().contains("max_size = 6"), "{edited}");
    assert_eq!(place.statuses(&mended)["kstack/plan-exact"], "success");
    // What was approved was another commit.
    place.approve(number);

    // Merged as one commit: what is applied is the very plan that was reviewed.
    let plans = place.plans("ops", CLUSTER);
    let merged = place.merge(number, &mended);
    let run = place.run_of("push", &merged, "refs/heads/main");
    assert_eq!(run.conclusion, "success", "{}", run.log());
    assert_eq!(place.max_size(), Some(6));
    let journal = place.journal("ops");
    let applied = journal["entries"][format!("ops/{CLUSTER}")]["plan_sha256"].as_str().unwrap();
    assert!(plans.iter().any(|key| key.ends_with(&format!("/{}.zip", &applied[..16]))), "{applied}: {plans:?}");
    assert_eq!(journal["commit"], merged);
    let log = run.log();
    assert!(log.contains(&format!("synced `main@sha1:{merged}`")), "{log}");
}

fn a_tag_promotes(place: &Place) {
    assert_eq!(place.light_size("apps"), None);
    let commit = place.tag("apps-deploy-1");
    let run = place.run_of("push", &commit, "refs/tags/apps-deploy-1");
    assert_eq!(run.conclusion, "success", "{}", run.log());
    assert_eq!(place.light_size("apps"), Some(1));
}

/// Two changes of one stack are reviewed side by side; the second one merged was not reviewed on top of the first.
fn what_a_sibling_made_stale_is_refused(place: &Place) {
    place.branch("two");
    place.replace(LIGHT, "size = 1", "size = 2");
    place.commit("Two of them");
    let two = place.push("two");
    place.branch("more");
    place.world.write("infra/light/more.tf", "resource \"terraform_data\" \"more\" {}\n");
    place.commit("One more");
    let more = place.push("more");
    let numbers = [place.open("two", "Two of them"), place.open("more", "One more")];
    for commit in [&two, &more] {
        let run = place.run_of("pull_request", commit, "");
        assert_eq!(run.conclusion, "success", "{}", run.log());
        assert_eq!(place.statuses(commit)["kstack/plan-exact"], "success");
    }
    for number in numbers {
        place.approve(number);
    }
    let merged = place.merge(numbers[0], &two);
    let run = place.run_of("push", &merged, "refs/heads/main");
    assert_eq!(run.conclusion, "success", "{}", run.log());
    assert_eq!(place.light_size("ops"), Some(2));

    let merged = place.merge(numbers[1], &more);
    let run = place.run_of("push", &merged, "refs/heads/main");
    let log = run.log();
    assert_eq!(run.conclusion, "failure", "{log}");
    assert!(log.contains("light (ops): closure differs") && log.contains("infra/light/main.tf"), "{log}");
    assert_eq!(place.light_resources("ops"), ["terraform_data.pool"], "nothing was applied");
}

/// What was refused and what was applied go back together, as a change like any other.
fn a_revert_rolls_back(place: &Place) {
    place.branch("back");
    place.git(&["revert", "--no-edit", "HEAD", "HEAD~1"]);
    let commit = place.push("back");
    let number = place.open("back", "Back to one");
    let run = place.run_of("pull_request", &commit, "");
    assert_eq!(run.conclusion, "success", "{}", run.log());
    place.approve(number);
    let merged = place.merge(number, &commit);
    let run = place.run_of("push", &merged, "refs/heads/main");
    assert_eq!(run.conclusion, "success", "{}", run.log());
    assert_eq!(place.light_size("ops"), Some(1));
    let locks: Vec<_> = place.keys("").into_iter().filter(|key| key.contains("lock")).collect();
    assert_eq!(locks, Vec::<String>::new(), "every lock is given back");
}
