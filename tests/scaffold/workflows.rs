//! The pipelines that `kstack init` writes, for every forge and every platform: what they may do, what they start, and
//! the script that installs kstack in them, run.

use std::{fs, path::PathBuf, sync::LazyLock};

use kstack::{
    check::{Files, repository},
    platform::Forge,
    scaffold::Answers,
};
use regex::Regex;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

use super::platforms;
use crate::support::cli::{Ran, World};

/// A file of a pipeline.
struct File {
    /// The platform and the forge.
    name: String,
    path: String,
    text: String,
}

/// The files of pipelines, of every platform on every forge.
fn pipelines() -> impl Iterator<Item = &'static File> {
    static FILES: LazyLock<Vec<File>> = LazyLock::new(render);
    FILES.iter()
}

fn render() -> Vec<File> {
    let mut found = Vec::new();
    // A pipeline cannot reach state that is on one machine.
    for (name, answers) in platforms::all().into_iter().filter(|(_, answers)| !answers.state.is_local()) {
        for forge in [Forge::GitHub { url: None }, Forge::GitLab { url: None }, Forge::Gitea { url: None }] {
            let repository = "https://forge.example.com/acme/platform".to_owned();
            let title = format!("{name} on {}", forge.kind().unwrap());
            let answers = Answers { forge, repository, manage_repository: false, ..answers.clone() };
            let changes = platforms::render(&answers);
            let report = repository_report(&changes);
            assert_eq!(report, Vec::<String>::new(), "{title}");
            let of_pipelines = |path: &str| {
                [".github/", ".gitea/", ".gitlab-ci.yml", "pipeline/"].iter().any(|place| path.starts_with(place))
            };
            for (path, file) in changes.files().filter(|(path, _)| of_pipelines(path)) {
                let text = String::from_utf8(file.content.to_vec()).unwrap();
                found.push(File { name: title.clone(), path: path.to_owned(), text });
            }
        }
    }
    assert!(found.len() >= 2 * 3 * 4, "a workflow and a script each: {}", found.len());
    found
}

/// What kstack's own checks say of the platform, warnings included.
fn repository_report(changes: &kstack::scaffold::ChangeSet) -> Vec<String> {
    let report = repository(&Files::new(changes.files().map(|(path, file)| (path, file.content.as_ref()))));
    let all = report.problems.iter().chain(&report.warnings);
    all.map(|found| format!("{}: {}", found.location(), found.message)).collect()
}

/// Kept apart from the lint of `kstack validate`, which the platforms pass above: these words are nowhere, not even in a
/// comment.
#[test]
fn no_generated_pipeline_writes_to_a_cluster_or_holds_a_key() {
    let forbidden =
        Regex::new(r"helm (install|upgrade)|SECRET_ACCESS_KEY|CLIENT_SECRET|credentials_json|AKIA").unwrap();
    let apply = Regex::new(r"(?m)^[^#\n]*kubectl apply").unwrap();
    for File { name, path, text } in pipelines() {
        assert_eq!(forbidden.find(text).map(|found| found.as_str()), None, "{name}: {path}");
        assert_eq!(apply.find(text).map(|found| found.as_str()), None, "{name}: {path}");
    }
}

#[test]
fn foreign_actions_are_pinned_by_digest_and_gitea_needs_none() {
    let uses = Regex::new(r"(?m)^\s*(?:- )?uses: *(\S+)").unwrap();
    let pinned = Regex::new(r"^[a-z-]+/[a-z-]+@[0-9a-f]{40}$").unwrap();
    for File { name, path, text } in pipelines() {
        for action in uses.captures_iter(text) {
            assert!(pinned.is_match(&action[1]) && path.starts_with(".github/"), "{name}: {path}: {}", &action[1]);
        }
    }
}

#[test]
fn pipelines_of_gitlab_deliver_one_at_a_time_and_give_locks_back() {
    for File { name, text, .. } in pipelines().filter(|file| file.path == ".gitlab-ci.yml") {
        let pipeline: Value = serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let jobs = pipeline.as_object().unwrap().iter().filter(|(job, _)| job.starts_with("deliver-"));
        for (job, content) in jobs {
            assert!(content["resource_group"].is_string() && content["after_script"].is_array(), "{name}: {job}");
        }
        assert_eq!(pipeline["default"]["interruptible"], false, "{name}");
        assert_eq!(pipeline["drift"]["rules"][0]["if"], "$CI_PIPELINE_SOURCE == \"schedule\"", "{name}");
    }
}

/// Nothing is left to what the forge gives by default, and one apply of an environment at a time is never cut off.
#[test]
fn jobs_say_what_they_may_do_and_deliveries_are_not_cut_off() {
    for File { name, path, text } in pipelines().filter(|file| file.path.ends_with("/kstack.yml")) {
        let workflow: Value = serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{name}: {path}: {error}"));
        assert_eq!(workflow["on"]["schedule"].as_array().unwrap().len(), 1, "{name}");
        for (job, content) in workflow["jobs"].as_object().unwrap() {
            assert!(content["permissions"].is_object(), "{name}: {job}");
            // A job that its condition skips takes part in its group all the same, and could take the place of one that
            // waits: what other events skip has groups of its own.
            let group = content["concurrency"]["group"].as_str().unwrap();
            assert!(group.contains("github.ref"), "{name}: {job}: {group}");
            let steps = content["steps"].as_array().unwrap();
            let conditions: Vec<_> = steps.iter().filter_map(|step| step["if"].as_str()).collect();
            if job.starts_with("deliver-") {
                assert_eq!(content["concurrency"]["cancel-in-progress"], false, "{name}: {job}");
                assert!(conditions.iter().any(|condition| condition.starts_with("always()")), "{name}: {job}");
            }
        }
    }
}

#[test]
fn every_command_of_kstack_in_them_is_one() {
    let command = Regex::new(r"(?m)^\s*(?:- (?:run: )?|run: )(?:PATH=\S+ )?(kstack .*)$").unwrap();
    let mut found = 0;
    for File { name, path, text } in pipelines().filter(|file| !file.path.starts_with("pipeline/")) {
        for words in command.captures_iter(text) {
            let words: Vec<_> = words[1].split_whitespace().map(|word| word.trim_matches('"').to_owned()).collect();
            kstack::command().try_get_matches_from(&words).unwrap_or_else(|error| panic!("{name}: {path}: {error}"));
            found += 1;
        }
    }
    assert!(found > 100, "{found}");
}

/// A machine with what the script needs and no kstack; a server with what it downloads.
struct Job {
    world: World,
    server: MockServer,
}

const KSTACK: &[u8] = b"#!/bin/sh\necho this is kstack\n";

fn digest(bytes: &[u8]) -> String {
    let hexadecimal: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hexadecimal}")
}

/// An archive with a program, as a release of Terraform is one.
fn archive() -> Vec<u8> {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("terraform", zip::write::SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
    zip.write_all(b"#!/bin/sh\necho this is terraform\n").unwrap();
    zip.finish().unwrap().into_inner()
}

impl Job {
    async fn new() -> Self {
        let mut world = World::new();
        for program in
            ["sh", "awk", "chmod", "curl", "cut", "grep", "mkdir", "mktemp", "mv", "rm", "sha256sum", "unzip"]
        {
            world.install(program);
        }
        let changes = platforms::render(&platforms::aws());
        for path in ["kstack.lock.hcl", "pipeline/setup.sh"] {
            world.write(path, std::str::from_utf8(changes.get(path).unwrap()).unwrap());
        }
        let server = MockServer::start().await;
        for (at, body) in [("/kstack", KSTACK.to_vec()), ("/terraform_1.11.4_linux_amd64.zip", archive())] {
            Mock::given(path(at)).respond_with(ResponseTemplate::new(200).set_body_bytes(body)).mount(&server).await;
        }
        world.filter(r"127\.0\.0\.1:\d+", "[SERVER]");
        world.set("KSTACK_URL", format!("{}/kstack", server.uri()));
        Self { world, server }
    }

    /// Replaces what the lock file has for a tool.
    fn pin(&self, tool: &str, key: &str, value: &str) {
        let lock = self.world.read("kstack.lock.hcl");
        let line = Regex::new(&format!(r#"(tool "{tool}" \{{[^}}]*?\n  {key}\s+= )(null|"[^"]*")"#)).unwrap();
        assert!(line.is_match(&lock), "{lock}");
        self.world.write("kstack.lock.hcl", &line.replace(&lock, format!("${{1}}\"{value}\"")));
    }

    fn run(&self) -> Ran {
        self.world.run("sh", &["pipeline/setup.sh", ".kstack/bin"])
    }

    fn installed(&self, program: &str) -> PathBuf {
        self.world.work().join(".kstack/bin").join(program)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_programs_of_a_job_are_those_that_were_pinned() {
    let mut job = Job::new().await;
    // Nobody has said yet which kstack it is: the digest is told, not taken.
    let ran = job.run();
    assert!(ran.code == Some(1) && ran.stderr.contains(&digest(KSTACK)) && !job.installed("kstack").exists(), "{ran}");

    job.pin("kstack", "digest", &digest(b"another one"));
    let ran = job.run();
    assert!(ran.code == Some(1) && ran.stderr.contains("wants sha256:"), "{ran}");
    assert!(!job.installed("kstack").exists());

    // Terraform is another one than its publisher's.
    job.pin("kstack", "digest", &digest(KSTACK));
    job.pin("terraform", "source", &format!("{}/", job.server.uri()));
    let ran = job.run();
    assert!(ran.code == Some(1) && ran.stderr.contains("for terraform"), "{ran}");
    assert!(job.installed("kstack").exists() && !job.installed("terraform").exists());

    job.pin("terraform", "digest", &digest(&archive()));
    insta::assert_snapshot!(job.run(), @"
    --- stdout ---
    kstack: from http://[SERVER]/kstack
    terraform: from http://[SERVER]/terraform_1.11.4_linux_amd64.zip
    --- exit code 0 ---
    ");
    assert_eq!(fs::read(job.installed("kstack")).unwrap(), KSTACK);
    assert!(job.installed("terraform").is_file());

    // What the machine has already is not downloaded.
    let requests = job.server.received_requests().await.unwrap().len();
    for (program, text) in [("kstack", KSTACK), ("terraform", b"#!/bin/sh\necho 'Terraform v1.11.4'\n")] {
        let at = job.world.root().join("bin").join(program);
        fs::write(&at, text).unwrap();
        fs::set_permissions(&at, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let ran = job.run().done();
    assert!(ran.stdout.contains("[WORLD]/bin/kstack") && ran.stdout.contains("[WORLD]/bin/terraform"), "{ran}");
    assert_eq!(job.server.received_requests().await.unwrap().len(), requests);

    job.world.set("KSTACK_URL", "");
    fs::remove_file(job.world.root().join("bin/kstack")).unwrap();
    insta::assert_snapshot!(job.run(), @"
    --- stderr ---
    error: set KSTACK_URL, a variable of the repository, to where kstack is downloaded from
    --- exit code 1 ---
    ");
}
