//! What holds for every platform that kstack writes, whatever the answers.

use kstack::{
    check::{Files, repository},
    platform::{EnvironmentName, Platform, Trigger},
    scaffold::{Answers, Assets, ScaffoldError, platform},
};

use super::platforms;

#[test]
fn platforms_pass_kstack_s_own_checks() {
    for (name, answers) in platforms::all() {
        let changes = platforms::render(&answers);
        let report = repository(&Files::new(changes.files().map(|(path, file)| (path, file.content.as_ref()))));
        let problems: Vec<_> =
            report.problems.iter().map(|problem| format!("{}: {}", problem.location(), problem.message)).collect();
        assert!(problems.is_empty(), "{name}:\n{}", problems.join("\n"));
        // Where states lie somewhere else than on this machine, a stack makes that place.
        assert_eq!(report.stacks, answers.clusters.len() + usize::from(!answers.state.is_local()), "{name}");
        assert_eq!(report.environments, answers.environments.len());
    }
}

#[test]
fn kstack_hcl_says_what_was_answered() {
    for (name, answers) in platforms::all() {
        let changes = platforms::render(&answers);
        let text = std::str::from_utf8(changes.get("kstack.hcl").unwrap()).unwrap();
        let platform = Platform::parse("kstack.hcl", text).unwrap();
        assert_eq!(platform.name, answers.name.as_str(), "{name}");
        assert_eq!(platform.base_domain.as_ref(), Some(&answers.base_domain));
        assert_eq!(platform.repository, answers.repository);
        assert_eq!(platform.default_branch, answers.default_branch);
        assert_eq!(platform.state.backend, answers.state);
        assert_eq!(platform.forge, answers.forge);
        let environments: Vec<_> = platform.environments.iter().map(|environment| &environment.name).collect();
        assert_eq!(environments, answers.environments.iter().collect::<Vec<_>>());
        let last = platform.environments.len() - 1;
        for (index, environment) in platform.environments.iter().enumerate() {
            let by_branch = environment.trigger == Trigger::Branch(answers.default_branch.clone());
            assert_eq!(by_branch, index == 0, "{name}: {}", environment.name);
            assert_eq!(environment.protected, index == last);
        }
    }
}

#[test]
fn nothing_of_a_template_or_of_a_person_is_left() {
    for (name, answers) in platforms::all() {
        for (path, file) in platforms::render(&answers).files() {
            let text = std::str::from_utf8(&file.content).unwrap();
            for mark in ["<%", "%>", "#%", "TODO", "FIXME", "XXX"] {
                assert!(!text.contains(mark), "{name}: `{mark}` in {path}");
            }
            assert!(text.is_empty() || text.ends_with('\n'), "{name}: {path} does not end with a line end");
            assert!(!text.ends_with("\n\n"), "{name}: {path} ends with an empty line");
            let trailing = text.lines().position(|line| line.ends_with([' ', '\t']));
            assert_eq!(trailing, None, "{name}: {path} has a space at the end of a line");
        }
    }
}

#[test]
fn answers_that_would_break_files_are_refused_before_one_is_rendered() {
    let broken: [fn(&mut Answers); 4] = [
        |answers| answers.base_domain = "x\"\n}".into(),
        |answers| answers.repository = "https://host/x\ny".into(),
        |answers| answers.default_branch = "main']".into(),
        |answers| answers.environments.push(EnvironmentName::new("ops").unwrap()),
    ];
    for breaks in broken {
        let mut answers = platforms::aws();
        breaks(&mut answers);
        let error = platform(&answers, &Assets::embedded(), "").unwrap_err();
        assert!(matches!(error, ScaffoldError::Answers { .. }), "{error:?}");
    }
}

#[test]
fn templates_of_a_folder_replace_the_embedded_ones() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("platform")).unwrap();
    std::fs::write(folder.path().join("platform/NAME"), "<%= platform.name %>\n").unwrap();
    let assets = Assets::from_folder(folder.path()).unwrap();
    let changes = platform(&platforms::aws(), &assets, "").unwrap();
    assert_eq!(changes.get("NAME"), Some(&b"acme\n"[..]));
    assert_eq!(changes.get("README.md"), None);

    std::fs::write(folder.path().join("platform/NAME"), "one\n<%= platform.nmae %>\n").unwrap();
    let error = platform(&platforms::aws(), &Assets::from_folder(folder.path()).unwrap(), "").unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(error.to_string(), "the template `platform/NAME` does not render");
    assert!(cause.contains("NAME:2"), "{cause}");
}
