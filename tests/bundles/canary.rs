//! Secrets with names of their own, put wherever Terraform lets them be, are sent through the whole chain; afterwards
//! everything that was written and printed is searched for them.
//!
//! They may be where they must: in the states, in Git where somebody committed them, and inside sealed bundles.

use std::{
    fs,
    io::{Cursor, Read as _},
    path::{Path, PathBuf},
    process::Stdio,
};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use rustix::process::{Pid, Signal, kill_process};
use zip::ZipArchive;

use super::{set_pipeline, unpack};
use crate::support::{
    age,
    cli::{Ran, files_below},
    repository::{Repository, until_written},
};

/// What is secret, by where it comes from. What follows in the values themselves is what programs like to quote.
const CANARIES: [(&str, &str); 5] = [
    ("input", "canary-input-58c1e2"),
    ("awkward", "canary-awkward-91bd07"),
    ("file", "canary-file-7be4d1"),
    ("credential", "canary-credential-c03a5f"),
    ("password", "canary-git-password-d2"),
];

const INPUTS: &str = r#"variable "password" {
  type      = string
  sensitive = true
}

variable "awkward" {
  type      = string
  sensitive = true
}

variable "file_secret" {
  type      = string
  sensitive = true
}
"#;

/// Inputs in a resource, in what replaces it, in a command's environment, and in outputs.
const HOLDER: &str = r#"resource "terraform_data" "holder" {
  input            = { user = "x", password = var.password, more = [var.awkward, { file = var.file_secret }] }
  triggers_replace = var.password

  provisioner "local-exec" {
    command     = "echo $TOKEN"
    environment = { TOKEN = var.password }
  }
}

output "password" {
  value     = { password = var.password, awkward = var.awkward }
  sensitive = true
}

output "open" {
  value = "nothing-to-hide"
}
"#;

/// Terraform does not hand on that an output it reads is sensitive.
const CONSUMER: &str = r#"data "terraform_remote_state" "net" {
  backend = "local"
  config  = { path = "STATE" }
}

resource "terraform_data" "copy" {
  input = {
    password = "user:${data.terraform_remote_state.net.outputs.password.password}"
    open     = data.terraform_remote_state.net.outputs.open
  }
}

output "copy" {
  value     = data.terraform_remote_state.net.outputs.password.awkward
  sensitive = true
}
"#;

/// Commands that fail and say too much: the inputs, and what Terraform itself was given.
const TALKATIVE: &str = r#"resource "terraform_data" "command" {
  provisioner "local-exec" {
    command = "echo '${var.password}' ${var.file_secret}; exit 3"
  }
}

resource "terraform_data" "environment" {
  provisioner "local-exec" {
    command     = "printf '%s\\n' \"$TOKEN\" $AWS_SECRET_ACCESS_KEY >&2; exit 3"
    environment = { TOKEN = var.awkward }
  }
}
"#;

/// Plans that fail over their secrets.
const UNPLANNABLE: &str = r#"resource "terraform_data" "read" {
  input = file("/nowhere/${var.password}")
}

resource "terraform_data" "decoded" {
  input = jsondecode("${var.awkward}")
}

check "inputs" {
  assert {
    condition     = var.password == "something else"
    error_message = "it is ${nonsensitive(var.password)}"
  }
}
"#;

struct Canaries {
    repository: Repository,
    /// Lines of a file of keys; its secret line is a canary as well.
    key: String,
    printed: Vec<(String, Ran)>,
}

impl Canaries {
    fn new() -> Self {
        let mut repository = Repository::new();
        let (key, recipient) = age::pair();
        set_pipeline(&repository, &format!("recipients = [\"{recipient}\"]"));
        for environment in ["ops", "apps"] {
            let tfvars = format!("environment = \"{environment}\"\nfile_secret = \"{}\"\n", CANARIES[2].1);
            repository.write(&format!("environments/{environment}.tfvars"), &tfvars);
        }
        repository.commit("Seal plans");
        let awkward = format!("{}<&\"'\\n> %s\nand a line", CANARIES[1].1);
        for (name, value) in [
            ("TF_VAR_password", CANARIES[0].1),
            ("TF_VAR_awkward", &awkward),
            ("AWS_SECRET_ACCESS_KEY", CANARIES[3].1),
            ("KSTACK_GIT_PASSWORD", CANARIES[4].1),
            ("KSTACK_AGE_KEY", &key),
        ] {
            repository.world.set(name, value);
        }
        Self { repository, key, printed: Vec::new() }
    }

    fn stack(&self, name: &str, resources: &str) {
        self.repository.stack(name, &format!("{INPUTS}\n{resources}"));
        self.repository.commit("Change the platform");
    }

    fn run(&mut self, code: i32, arguments: &[&str]) {
        let ran = self.repository.kstack(arguments);
        assert_eq!(ran.code, Some(code), "kstack {}:\n{ran}", arguments.join(" "));
        self.printed.push((arguments.join(" "), ran));
    }

    /// Starts an apply, interrupts it once the file `started` says something, and waits for its end.
    fn interrupt(&mut self, started: &Path) {
        let mut command = self.repository.world.command(env!("CARGO_BIN_EXE_kstack"), &self.repository.world.work());
        let child = command
            .args(["apply", "--no-handoff", "--stack", "slow", "--format", "json", "-v"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        until_written(started);
        kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), Signal::INT).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130));
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let ran = Ran { stdout: text(output.stdout), stderr: text(output.stderr), code: Some(130) };
        self.printed.push(("apply, interrupted".to_owned(), ran));
    }

    /// What to look for: each canary, and what base64 makes of it wherever in a text it begins.
    fn needles(&self) -> Vec<(String, Vec<u8>)> {
        let secret = self.key.lines().find(|line| !line.starts_with('#')).unwrap();
        let canaries = CANARIES.iter().map(|(name, value)| (*name, *value)).chain([("age key", secret)]);
        let mut needles = Vec::new();
        for (name, value) in canaries {
            needles.push((name.to_owned(), value.as_bytes().to_vec()));
            for shift in 0..3 {
                let shifted = [&b"..."[..shift], value.as_bytes()].concat();
                let encoded = STANDARD_NO_PAD.encode(shifted);
                // The first and the last characters depend on what is around.
                needles.push((format!("{name} in base64"), encoded.as_bytes()[4..encoded.len() - 3].to_vec()));
            }
        }
        needles
    }

    /// Where canaries were found that may not be there.
    fn leaks(&self) -> Vec<String> {
        let needles = self.needles();
        let mut leaks = Vec::new();
        for (command, ran) in &self.printed {
            for (end, text) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
                note(&needles, &format!("{end} of {command}"), text.as_bytes(), &mut leaks);
            }
        }
        for path in self.files() {
            let bytes = fs::read(self.repository.world.root().join(&path)).unwrap();
            note(&needles, &path, &bytes, &mut leaks);
            if let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) {
                for index in 0..archive.len() {
                    let mut member = Vec::new();
                    archive.by_index(index).unwrap().read_to_end(&mut member).unwrap();
                    note(&needles, &format!("{path}#{index}"), &member, &mut leaks);
                }
            }
        }
        for (path, (manifest, _)) in self.bundles() {
            let manifest = manifest.to_string();
            note(&needles, &format!("manifest of {}", path.display()), manifest.as_bytes(), &mut leaks);
        }
        leaks
    }

    /// Every file of the world where no secret may be. Git's own are packed; what they hold somebody committed.
    fn files(&self) -> Vec<String> {
        let root = self.repository.world.root();
        let mut files = files_below(root);
        files.retain(|path| {
            !path.starts_with("work/environments/")
                && !path.starts_with("work/.kstack/state/")
                && !root.join(path).is_symlink()
        });
        files
    }

    /// The bundles, opened.
    fn bundles(&self) -> Vec<(PathBuf, (serde_json::Value, Vec<u8>))> {
        let line = self.key.lines().find(|line| !line.starts_with('#')).unwrap();
        let identity: ::age::x25519::Identity = line.parse().unwrap();
        let plans = self.repository.pipeline().join("plans");
        let open = |path: String| {
            let bytes = fs::read(plans.join(&path)).unwrap();
            (plans.join(path), unpack(&::age::decrypt(&identity, &bytes).unwrap()))
        };
        files_below(&plans).into_iter().map(open).collect()
    }
}

fn note(needles: &[(String, Vec<u8>)], place: &str, bytes: &[u8], leaks: &mut Vec<String>) {
    for (name, needle) in needles {
        if bytes.windows(needle.len()).any(|window| window == needle) {
            leaks.push(format!("{name} in {place}"));
        }
    }
}

#[test]
fn no_secret_is_where_it_must_not_be() {
    let mut canaries = Canaries::new();
    canaries.repository.world.install("sleep");
    canaries.stack("net", HOLDER);
    canaries.run(0, &["plan", "--markdown", "../review.md", "--format", "json", "-v"]);
    // Applies, and plans the next environment.
    canaries.run(0, &["ci", "--event", "push", "--branch", "main", "--no-handoff", "--format", "json", "-v"]);
    canaries.run(0, &["outputs", "net"]);
    canaries.run(0, &["outputs", "net", "--format", "json"]);

    let state = canaries.repository.world.work().join(".kstack/state/ops/net.tfstate");
    canaries.stack("app", &CONSUMER.replace("STATE", state.to_str().unwrap()));
    canaries.run(0, &["plan", "--markdown", "../review-of-app.md"]);
    let review = canaries.repository.world.read("../review-of-app.md");
    assert!(review.contains("nothing-to-hide"), "what is open is shown:\n{review}");
    canaries.run(0, &["plan", "--format", "json"]);
    canaries.run(0, &["bundle", "show", "app"]);
    canaries.run(0, &["bundle", "verify", "app"]);
    canaries.run(0, &["apply", "--no-handoff"]);

    canaries.stack("unplannable", UNPLANNABLE);
    canaries.run(1, &["plan", "--markdown", "../review-of-failure.md", "-v"]);
    canaries.run(1, &["plan", "--format", "json"]);
    fs::remove_dir_all(canaries.repository.world.work().join("infra/unplannable")).unwrap();

    canaries.stack("talkative", TALKATIVE);
    let started = canaries.repository.world.root().join("started");
    canaries.stack(
        "slow",
        &format!(
            "resource \"terraform_data\" \"slow\" {{\n  input = var.password\n\n  provisioner \"local-exec\" {{\n    command     = \
             \"echo $$ > {}; echo $TOKEN; exec sleep 600\"\n    environment = {{ TOKEN = var.password }}\n  }}\n}}\n",
            started.display()
        ),
    );
    canaries.run(0, &["plan", "HEAD~2"]);
    canaries.run(1, &["apply", "--no-handoff", "--stack", "talkative", "--format", "json", "-v"]);
    let failed = &canaries.printed.last().unwrap().1.stdout;
    assert!(failed.contains("(sensitive value)"), "what was hidden is told:\n{failed}");
    canaries.interrupt(&started);
    canaries.run(0, &["status"]);

    assert_eq!(canaries.leaks(), [""; 0]);

    // They went through: the states have them, and so have the sealed plans.
    let needles = canaries.needles();
    let mut found = Vec::new();
    note(&needles, "the state", &fs::read(state).unwrap(), &mut found);
    assert!(found.iter().any(|leak| leak.starts_with("input ")) && found.iter().any(|leak| leak.starts_with("file ")));
    let sealed = canaries.bundles().into_iter().map(|(_, (_, plan))| plan);
    let members = sealed.flat_map(|plan| {
        let mut archive = ZipArchive::new(Cursor::new(plan)).unwrap();
        let mut member = Vec::new();
        archive.by_name("tfplan").unwrap().read_to_end(&mut member).unwrap();
        member
    });
    found.clear();
    note(&needles, "the plans", &members.collect::<Vec<u8>>(), &mut found);
    assert!(found.iter().any(|leak| leak.starts_with("input ")), "{found:?}");
    // And a search that finds nothing anywhere would be none.
    fs::write(
        canaries.repository.world.root().join("home/leak.txt"),
        STANDARD_NO_PAD.encode("..canary-input-58c1e2.."),
    )
    .unwrap();
    assert_eq!(canaries.leaks(), ["input in base64 in home/leak.txt"]);
}
