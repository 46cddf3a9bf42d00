//! What holds for every platform that kstack writes, whatever the answers.

use std::collections::BTreeSet;

use kstack::{
    check::{Files, repository},
    platform::Platform,
    scaffold::{Answers, Assets, Cidr, ScaffoldError, answers_file, platform},
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
        assert_eq!(platform.environments, answers.environments, "{name}");
    }
}

/// What the program says about a cloud, against what the stacks and modules of it say.
#[test]
fn providers_and_protected_types_are_those_of_stacks_and_modules() {
    for (name, answers) in platforms::all() {
        let changes = platforms::render(&answers);
        let text = |path: &str| std::str::from_utf8(changes.get(path).unwrap()).unwrap().to_owned();
        let platform = Platform::parse("kstack.hcl", &text("kstack.hcl")).unwrap();
        let lock = text("kstack.lock.hcl");
        let mut required = BTreeSet::new();
        for (path, _) in changes.files().filter(|(path, _)| path.starts_with("infra/") && path.ends_with("versions.tf"))
        {
            let body: hcl::Body = hcl::from_str(&text(path)).unwrap();
            let terraform = body.blocks().find(|block| block.identifier() == "terraform").unwrap();
            let Some(providers) = terraform.body().blocks().find(|block| block.identifier() == "required_providers")
            else {
                continue;
            };
            for provider in providers.body().attributes() {
                let hcl::Expression::Object(object) = provider.expr() else { panic!("{path}") };
                let value = |key: &str| object[&hcl::ObjectKey::from(hcl::Identifier::unchecked(key))].to_string();
                let source = value("source");
                assert!(
                    lock.contains(&format!("provider {source} {{\n  version = {}", value("version"))),
                    "{name}: {path}: {source} is another one in kstack.lock.hcl"
                );
                required.insert(source.trim_matches('"').to_owned());
            }
        }
        assert_eq!(required, platform.policy.providers.unwrap().into_iter().collect(), "{name}");
        let modules: String =
            changes.files().filter(|(path, _)| path.ends_with(".tf")).map(|(path, _)| text(path)).collect();
        for protected in &platform.policy.protect {
            assert!(modules.contains(&format!("resource \"{protected}\"")), "{name}: no module has a `{protected}`");
        }
    }
}

#[test]
fn clusters_get_networks_that_do_not_overlap() {
    for (name, answers) in platforms::all() {
        let text: String = platforms::render(&answers)
            .files()
            .filter(|(path, _)| path.starts_with("infra/") && path.ends_with("/main.tf"))
            .map(|(_, file)| String::from_utf8(file.content.to_vec()).unwrap())
            .collect();
        let words = text.split(|c: char| c.is_whitespace() || c == '"');
        let cidrs: Vec<Cidr> = words.filter_map(|word| word.parse().ok()).collect();
        let made = answers.clusters.iter().filter(|cluster| cluster.makes_network()).count();
        assert!(cidrs.len() >= made, "{name}: {cidrs:?}");
        for (index, cidr) in cidrs.iter().enumerate() {
            assert!(!cidrs[..index].iter().any(|other| other.overlaps(*cidr)), "{name}: {cidrs:?}");
        }
    }
}

#[test]
fn printed_answers_make_the_same_platform() {
    for (name, answers) in platforms::all() {
        let text = answers_file(&answers, &Assets::embedded()).unwrap();
        let again = platforms::read(&text);
        assert!(platforms::render(&again) == platforms::render(&answers), "{name}:\n{text}");
        assert_eq!(answers_file(&again, &Assets::embedded()).unwrap(), text, "{name}");
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
        |answers| answers.environments.push(answers.environments[0].clone()),
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
