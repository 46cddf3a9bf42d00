//! The platforms that the tests of this folder render: those of `examples/` and `tests/golden/`, from
//! the files of answers beside them.

use std::{fs, path::Path};

use kstack::scaffold::{Answers, Assets, ChangeSet, Draft, platform};

/// Install manifests of an engine as small as they can be: the scaffold copies the text it is given.
pub const ENGINE: &str = "\
apiVersion: v1
kind: Namespace
metadata:
  name: flux-system
";

/// The platforms, by their folder below the repository's root.
pub const ALL: [&str; 8] = [
    "examples/aws",
    "examples/azure",
    "examples/existing-network",
    "examples/google",
    "examples/local",
    "examples/multi-cloud",
    "tests/golden/fleet",
    "tests/golden/single",
];

/// The answers of a platform.
pub fn answers(folder: &str) -> Answers {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("{folder}.hcl"));
    read(&fs::read_to_string(path).unwrap())
}

/// The answers that a text gives; it must give all that are needed, and no wrong one.
pub fn read(text: &str) -> Answers {
    let (draft, problems) = Draft::read("answers.hcl", text);
    let wrong: Vec<_> = problems.iter().map(|problem| format!("{}: {}", problem.location(), problem.message)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(draft.problems(), []);
    draft.settle().unwrap_or_else(|| panic!("missing: {:?}", draft.missing()))
}

/// One cluster on this machine.
pub fn local() -> Answers {
    answers("examples/local")
}

/// One cluster in AWS, reviewed on GitHub.
pub fn aws() -> Answers {
    answers("examples/aws")
}

/// All of them.
pub fn all() -> Vec<(&'static str, Answers)> {
    ALL.into_iter().map(|folder| (folder, answers(folder))).collect()
}

/// The files of a platform.
pub fn render(answers: &Answers) -> ChangeSet {
    platform(answers, &Assets::embedded(), ENGINE).unwrap()
}
