//! The report: whole, well-formed, and closed to what others write into it.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::json;

use super::{
    super::*,
    sample::{attribute, instance, resource, sample, value},
};
use crate::terraform::{Action, ChangeList};

/// Elements that have no end.
const VOID: [&str; 2] = ["meta", "input"];

/// Reads `html` as strictly as nobody else does: every attribute quoted, every element ended in its order, every `<` and
/// `&` of text escaped. Gives the names of the elements, and the text without them.
fn well_formed(html: &str) -> (BTreeSet<String>, String) {
    let tag = Regex::new(r#"^<(/?)([a-z][a-z0-9]*)((?: [a-z][a-z-]*(?:="[^"<>]*")?)*)>"#).unwrap();
    let entity = Regex::new(r"^&(amp|lt|gt|quot|#x27|#x2f|#39);").unwrap();
    let (mut open, mut names, mut text) = (Vec::new(), BTreeSet::new(), String::new());
    let mut rest = html.strip_prefix("<!doctype html>\n").expect("it has a document type");
    while let Some(first) = rest.chars().next() {
        match first {
            '<' => {
                let near: String = rest.chars().take(80).collect();
                let found = tag.captures(rest).unwrap_or_else(|| panic!("no element: {near}"));
                rest = &rest[found[0].len()..];
                let name = found[2].to_owned();
                match &found[1] {
                    "/" => assert_eq!(open.pop().as_ref(), Some(&name), "{near}"),
                    _ if VOID.contains(&name.as_str()) => {}
                    _ => open.push(name.clone()),
                }
                if &found[1] != "/" && ["style", "script"].contains(&name.as_str()) {
                    let end = rest.find(&format!("</{name}>")).unwrap();
                    rest = &rest[end..];
                }
                names.insert(name);
            }
            '&' => {
                let near: String = rest.chars().take(40).collect();
                let found = entity.captures(rest).unwrap_or_else(|| panic!("no entity: {near}"));
                text.push(match &found[1] {
                    "amp" => '&',
                    "lt" => '<',
                    "gt" => '>',
                    "quot" => '"',
                    "#x2f" => '/',
                    _ => '\'',
                });
                rest = &rest[found[0].len()..];
            }
            other => {
                text.push(other);
                rest = &rest[other.len_utf8()..];
            }
        }
    }
    assert!(open.is_empty(), "{open:?} have no end");
    (names, text)
}

#[test]
fn a_report_says_what_the_comment_says() {
    let review = Review::new(&sample());
    let (names, text) = well_formed(&review.html().unwrap());
    for said in [
        "2 to create, 2 to change, 3 to replace, 1 to destroy; 1 in later stages; 6 objects change; 1 failed",
        "This is lost, with what it holds",
        "kstack: allow destroy module.cluster.aws_eks_cluster.this",
        "error: no valid credential sources found",
        "+ version = \"1.34\"  # forces replacement",
        "-   replicas: 2",
        "PersistentVolumeClaim podinfo/data removed",
        "services/podinfo/base/deployment.yaml",
        "waits in stage 2 for eks-gc0-eu-west-1 (apps)",
        "Why these stacks",
    ] {
        assert!(text.contains(said), "{said} is not in\n{text}");
    }
    let known = "a body button caption code del details div footer form h1 h2 head header html i input ins label li main \
                 meta nav option output p pre script section select span style summary table tbody td th thead title tr ul";
    assert!(names.iter().all(|name| known.split(' ').any(|known| known == name)), "{names:?}");
}

#[test]
fn a_page_needs_nothing_from_elsewhere_and_runs_its_own_script_alone() {
    let html = Review::new(&sample()).html().unwrap();
    for outside in ["src=", "@import", "url(", "http://", "onclick", "href=\"h", "<link", "<img"] {
        assert!(!html.contains(outside), "{outside}");
    }
    let policy = Regex::new(r#"content="default-src 'none'; style-src '(sha256-[^']*)'; script-src '(sha256-[^']*)';"#);
    let found = policy.unwrap().captures(&html).map(|found| [found[1].to_owned(), found[2].to_owned()]);
    let inside = |name: &str| {
        let start = html.find(&format!("<{name}>")).unwrap() + name.len() + 2;
        html[start..start + html[start..].find(&format!("</{name}>")).unwrap()].to_owned()
    };
    let digests = ["style", "script"].map(|name| html::digest(&inside(name)));
    assert_eq!(found, Some(digests));
}

#[test]
fn names_and_values_cannot_become_elements() {
    let attack = "</code></pre><script>alert(1)</script><img src=x onerror=alert(1)>\" onclick=\"x\u{202e}`";
    let mut input = sample();
    let change =
        resource(attack, Action::Update, vec![attribute(attack, value(attack), value(format!("{attack}\nx")))]);
    input.title = Some(attack.to_owned());
    input.notices.push(attack.to_owned());
    input.instances.push(InstanceInput {
        instance: instance("evil", "ops"),
        outcome: Outcome::Planned(ChangeList { resources: vec![change], ..ChangeList::default() }),
        protect: vec![attack.to_owned()],
        reasons: vec![format!("`{attack}` changed")],
        notices: Vec::new(),
    });
    input.instances.push(InstanceInput {
        instance: instance("worse", "ops"),
        outcome: Outcome::Failed { message: attack.to_owned() },
        protect: Vec::new(),
        reasons: Vec::new(),
        notices: Vec::new(),
    });
    let plain = Review::new(&sample()).html().unwrap();
    let html = Review::new(&input).html().unwrap();
    let (names, text) = well_formed(&html);
    assert_eq!(names, well_formed(&plain).0);
    assert_eq!(html.matches("<script>").count(), 1);
    assert!(text.contains("<img src=x onerror=alert(1)>") && !html.contains('\u{202e}'), "it is shown as text");
}

#[test]
fn a_huge_plan_stays_a_page() {
    let document: String = (0..120_000).map(|line| format!("line {line} of a document that nobody reads\n")).collect();
    let attributes = vec![attribute("body", value("short\ntext"), value(document))];
    let change = resource("aws_s3_object.huge", Action::Update, attributes);
    let mut input = sample();
    input.instances[0].outcome = Outcome::Planned(ChangeList { resources: vec![change], ..ChangeList::default() });
    let html = Review::new(&input).html().unwrap();
    assert!(html.len() < 1_000_000, "{}", html.len());
    let (_, text) = well_formed(&html);
    assert!(
        text.contains("+   line 100 of") && text.contains("# and 116003 more lines"),
        "{}",
        &text[text.len() - 9000..]
    );
}

/// The sample, with names that people have, and a second cloud whose environments differ.
fn showcase() -> ReviewInput {
    let mut input = sample();
    for planned in &mut input.instances {
        if let Outcome::Planned(changes) = &mut planned.outcome {
            for change in changes.resources.iter_mut().filter(|change| change.address.contains('@')) {
                change.address = "aws_db_instance.orders".to_owned();
            }
        }
    }
    let pool = |environment: &str, most: u32| {
        let scaling = |most: u32| value(json!([{"min_node_count": 1, "max_node_count": most}]));
        let attributes = vec![
            attribute("autoscaling", scaling(3), scaling(most)),
            attribute("node_config[0].machine_type", value("e2-standard-4"), value("e2-standard-8")),
        ];
        let firewall = vec![attribute(
            "source_ranges",
            value(json!(["10.0.0.0/8"])),
            value(json!(["10.0.0.0/8", "172.16.0.0/12"])),
        )];
        let resources = vec![
            resource("module.node_pool.google_container_node_pool.this", Action::Update, attributes),
            resource("module.cluster.google_compute_firewall.webhooks", Action::Update, firewall),
        ];
        InstanceInput {
            instance: instance("gke-gc1-europe-west1", environment),
            outcome: Outcome::Planned(ChangeList { resources, ..ChangeList::default() }),
            protect: Vec::new(),
            reasons: vec!["`infra/gke-gc1-europe-west1/node_pool_default.tf` changed".to_owned()],
            notices: Vec::new(),
        }
    };
    input.instances.extend([pool("ops", 4), pool("apps", 12)]);
    input
}

/// The page that people look at before they have one of their own. Reading a file is for tests alone.
#[cfg(test)]
mod example {
    use std::path::Path;

    use super::{super::super::Review, showcase};

    #[test]
    fn it_is_what_is_written_today() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/report-example.html");
        let html = Review::new(&showcase()).html().unwrap();
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &html).unwrap();
        }
        let known = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(known == html, "`{}` is out of date: UPDATE_GOLDEN=1 rewrites it", path.display());
    }
}
