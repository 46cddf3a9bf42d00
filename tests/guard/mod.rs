//! The guard and policies as processes: what attacks a pipeline through a pull request is refused before anything of it
//! runs, and what a plan may not do is told, and not applied.
//!
//! A canary file shows whether it ran: the fake provider (a program in a mirror folder, which stands in for a rogue one),
//! the `external` program and the provisioner of an attack write it.

mod attacks;
mod changes;
mod policies;
mod store;

use std::path::PathBuf;

use crate::support::{cli::Ran, repository::Repository};

/// A stack that needs nothing but Terraform itself.
pub const DATA: &str = "resource \"terraform_data\" \"a\" {\n  input = var.environment\n}\n";

/// A repository with a stack `net` on `main`, whose policy allows what `policy` says, and a branch `change` to work on.
pub struct Lab {
    pub repository: Repository,
}

impl Lab {
    pub fn new(policy: &str) -> Self {
        let mut repository = Repository::new();
        repository.world.install("kubectl");
        repository.world.filter(r"\b[0-9a-f]{7}\b", "[SHORT]");
        let lab = Self { repository };
        let platform = lab.repository.world.read("kstack.hcl");
        lab.repository.write("kstack.hcl", &format!("{platform}\npolicy {{\n{policy}}}\n"));
        lab.repository.stack("net", DATA);
        lab.repository.write("environments/ops.tfbackend", "");
        lab.repository.write("environments/apps.tfbackend", "");
        lab.repository.commit("Add a network");
        lab.repository.git(&["switch", "--quiet", "--create", "change"]);
        lab
    }

    /// The file that an attack writes if it runs.
    pub fn canary(&self) -> PathBuf {
        self.repository.world.root().join("canary")
    }

    /// Whether anything of a change ran: an attack's program, or Terraform at all.
    pub fn ran(&self) -> bool {
        self.canary().exists() || self.repository.world.work().join(".kstack").exists()
    }

    /// What a pull request of the branch comes to.
    pub fn pull_request(&self, more: &[&str]) -> Ran {
        let head = ["ci", "--event", "pull-request", "--base", "main"];
        self.repository.kstack(&[&head[..], more].concat())
    }

    /// Commits the change and requires that it is refused, with nothing of it run; gives what the guard said.
    pub fn refused(&self) -> String {
        self.repository.commit("Attack");
        let ran = self.pull_request(&[]);
        assert_eq!(ran.code, Some(1), "{ran}");
        assert!(!self.ran(), "something ran:\n{ran}");
        section(&ran.stdout, "Refused by policy")
    }
}

/// The lines of a section of the comment.
pub fn section(comment: &str, heading: &str) -> String {
    let found = comment.split("#### ").find(|part| part.starts_with(heading));
    let found = found.unwrap_or_else(|| panic!("no section `{heading}` in\n{comment}"));
    // What keeps a text from being read as Markdown is not to be seen.
    found.trim_start_matches(heading).trim().replace('\u{200b}', "")
}
