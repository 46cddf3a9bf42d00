//! What a pipeline must not do: write to clusters beside their engine, or live on keys that never end.
//!
//! Looked at are the files of CI systems as text, line by line. Comments are left out; a variable that a line only reads
//! from another one of its job (`$KSTACK_AWS_TOKEN`) is no key.

use std::sync::LazyLock;

use regex::Regex;

use crate::hcl::Diagnostic;

use super::Files;

/// Folders and files that CI systems read.
const PLACES: &[&str] = &[".github/", ".gitea/", ".forgejo/", ".gitlab-ci.yml", ".gitlab/", "pipeline/"];
/// Of those, what `kstack init` writes.
const OURS: &[&str] = &[
    ".github/workflows/kstack.yml",
    ".gitea/workflows/kstack.yml",
    ".forgejo/workflows/kstack.yml",
    ".gitlab-ci.yml",
    "pipeline/",
];

/// Something that no line of a pipeline may hold.
struct Rule {
    pattern: &'static str,
    message: &'static str,
    help: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        pattern: r"\bkubectl\b[^|;&]*?\s(?:apply|create|replace|patch|delete|scale|rollout\s+(?:restart|undo))\b",
        message: "a pipeline writes to a cluster",
        help: "commit the manifest below `services/` or `apps/`: the cluster's engine applies what is merged",
    },
    Rule {
        pattern: r"\bhelm\b[^|;&]*?\s(?:install|upgrade|uninstall|delete|rollback)\b",
        message: "a pipeline installs a chart",
        help: "commit a release object below `services/` or `apps/`: the cluster's engine installs what is merged",
    },
    Rule {
        pattern: r"\b(?:AWS_SECRET_ACCESS_KEY|AWS_ACCESS_KEY_ID|(?:ARM|AZURE)_CLIENT_SECRET|ARM_ACCESS_KEY|AZURE_CREDENTIALS|GOOGLE_CREDENTIALS|aws-secret-access-key|aws-access-key-id|credentials_json)\b",
        message: "a pipeline uses a key of a cloud that is valid until somebody revokes it",
        help: "let jobs be somebody by a token of the forge (`kstack bootstrap` sets that up), or the runner by what it runs on",
    },
    Rule {
        pattern: r"\b(?:AKIA[0-9A-Z]{16}|ghp_[0-9A-Za-z]{36}|github_pat_\w{22,}|glpat-[\w-]{20,})|-----BEGIN [A-Z ]*PRIVATE KEY-----|AGE-SECRET-KEY-1\w+",
        message: "a secret is written into a pipeline",
        help: "revoke it: it is in the history of this repository for good; then keep the new one as a secret of the forge",
    },
];

/// Every rule that a line breaks: a problem in what `kstack init` wrote, a warning in pipelines beside it.
pub(super) fn check(files: &Files, problems: &mut Vec<Diagnostic>, warnings: &mut Vec<Diagnostic>) {
    static COMPILED: LazyLock<Vec<(Regex, &Rule)>> = LazyLock::new(|| {
        // A unit test compiles them all.
        RULES.iter().filter_map(|rule| Some((Regex::new(rule.pattern).ok()?, rule))).collect()
    });
    for file in files.below("").filter(|file| lies_in(&file.path, PLACES)) {
        let found = if lies_in(&file.path, OURS) { &mut *problems } else { &mut *warnings };
        let mut start = 0;
        for line in file.text.split_inclusive('\n') {
            if !line.trim_start().starts_with('#') {
                for (pattern, rule) in COMPILED.iter() {
                    if let Some(part) = pattern.find(line) {
                        let span = start + part.start()..start + part.end();
                        found.push(Diagnostic::new(file, span, rule.message).with_help(rule.help));
                    }
                }
            }
            start += line.len();
        }
    }
}

fn lies_in(path: &str, places: &[&str]) -> bool {
    places.iter().any(|place| path == *place || (place.ends_with('/') && path.starts_with(place)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Problems and warnings in a file, as `line: message`.
    fn lint(path: &str, text: &str) -> (Vec<String>, Vec<String>) {
        let (mut problems, mut warnings) = (Vec::new(), Vec::new());
        check(&Files::new([(path, text.as_bytes())]), &mut problems, &mut warnings);
        let shown = |found: Vec<Diagnostic>| {
            found.iter().map(|one| format!("{}: {}", one.file.line_of(one.span.start), one.message)).collect()
        };
        (shown(problems), shown(warnings))
    }

    #[test]
    fn every_pattern_is_one() {
        for rule in RULES {
            assert!(Regex::new(rule.pattern).is_ok(), "{}", rule.pattern);
        }
    }

    #[test]
    fn what_a_pipeline_must_not_do_is_found_at_its_line() {
        let text = "\
# kubectl apply -f x: as a comment\n\
- run: kubectl --context prod apply -k clusters/x\n\
- run: helm upgrade --install x\n\
- env: { AWS_SECRET_ACCESS_KEY: ${{ secrets.KEY }} }\n\
- run: export KEY=AKIAABCDEFGHIJKLMNOP\n";
        let (problems, warnings) = lint(".gitea/workflows/kstack.yml", text);
        insta::assert_snapshot!(problems.join("\n"), @"
        2: a pipeline writes to a cluster
        3: a pipeline installs a chart
        4: a pipeline uses a key of a cloud that is valid until somebody revokes it
        5: a secret is written into a pipeline
        ");
        assert!(warnings.is_empty(), "{warnings:?}");
    }

    #[test]
    fn a_pipeline_beside_kstack_s_own_is_only_warned_of() {
        let (problems, warnings) = lint(".github/workflows/images.yml", "- run: kubectl apply -f x\n");
        assert_eq!((problems.len(), warnings.len()), (0, 1));
        assert_eq!(lint("docs/notes.yml", "- run: kubectl apply -f x\n"), (Vec::new(), Vec::new()));
    }

    #[test]
    fn reading_a_cluster_and_short_lived_tokens_are_fine() {
        let text = "\
- run: kubectl kustomize apps/hello/ops\n\
- run: kubectl get nodes; kubectl rollout status deployment/x\n\
- run: helm template x\n\
- env: { AWS_ROLE_ARN: $KSTACK_PLAN_ROLE, AWS_WEB_IDENTITY_TOKEN_FILE: t, ARM_USE_OIDC: \"true\" }\n\
- env: { GITHUB_TOKEN: \"${{ github.token }}\" }\n";
        assert_eq!(lint("pipeline/x.yaml", text), (Vec::new(), Vec::new()));
    }
}
