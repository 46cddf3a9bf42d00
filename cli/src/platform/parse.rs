//! `kstack.hcl` → [`Platform`], with every problem of the file at its line.

use std::{fmt, ops::Range, sync::Arc};

use hcl_edit::structure::Block;

use crate::hcl::{BlockReader, Diagnostic, Document, Located, SourceFile, nearest};

use super::{
    Engine, Environment, EnvironmentName, FluxMode, Forge, OnStale, Parallelism, Pipeline, Platform, Policy, State,
    StateBackend, Trigger, layout,
};

/// A file that does not say what it must; holds every problem found in it.
#[derive(Debug)]
pub struct ParseError {
    problems: Vec<Diagnostic>,
}

impl ParseError {
    /// `problems` must not be empty.
    pub(super) fn new(problems: Vec<Diagnostic>) -> Self {
        Self { problems }
    }

    /// The problems, in the order found.
    pub fn problems(&self) -> &[Diagnostic] {
        &self.problems
    }

    /// The problems, for keeping.
    pub fn into_problems(self) -> Vec<Diagnostic> {
        self.problems
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.problems.first().map_or(layout::PLATFORM_FILE, |problem| problem.file.path.as_str());
        match self.problems.len() {
            1 => write!(f, "`{path}` has a problem"),
            count => write!(f, "`{path}` has {count} problems"),
        }
    }
}

impl std::error::Error for ParseError {}

impl Platform {
    /// Reads the text of a `kstack.hcl`; `path` is only for messages.
    ///
    /// # Errors
    /// Every problem of the file at once, each with its place.
    pub fn parse(path: &str, text: &str) -> Result<Self, ParseError> {
        let document = Document::parse(path, text).map_err(|problem| ParseError::new(vec![*problem]))?;
        let mut parser = Parser { file: Arc::clone(document.file()), problems: Vec::new() };
        let platform = parser.platform(&document);
        match (platform, parser.problems.is_empty()) {
            (Some(platform), true) => Ok(platform),
            _ => {
                // In the order of the file, however the blocks were visited.
                parser.problems.sort_by_key(|problem| problem.span.start);
                Err(ParseError::new(parser.problems))
            }
        }
    }
}

struct Parser {
    file: Arc<SourceFile>,
    problems: Vec<Diagnostic>,
}

impl Parser {
    fn platform(&mut self, document: &Document) -> Option<Platform> {
        let file = Arc::clone(&self.file);
        let mut problems = Vec::new();
        let mut top = BlockReader::top(&file, document.body(), &mut problems);
        let kstack = top.at_most_one("kstack", &[]);
        let platform = top.at_most_one("platform", &["name"]);
        let environments = top.blocks("environment", &["name"]);
        let state = top.at_most_one("state", &["kind"]);
        let engine = top.at_most_one("engine", &["kind"]);
        let forge = top.at_most_one("forge", &["kind"]);
        let pipeline = top.at_most_one("pipeline", &[]);
        let policy = top.at_most_one("policy", &[]);
        for (block, name, sample) in [
            (kstack, "kstack", "kstack { version = \"…\" }"),
            (platform, "platform", "platform \"<name>\" { … }"),
            (environments.first().copied(), "environment", "environment \"<name>\" { trigger = \"branch:main\" }"),
            (state, "state", "state \"s3\" { bucket = \"…\" region = \"…\" }"),
            (engine, "engine", "engine \"flux\" { version = \"…\" }"),
        ] {
            if block.is_none() && top.body_lacks(name) {
                top.problem(0..0, format!("the file has no block `{name}`")).help = Some(format!("add `{sample}`"));
            }
        }
        top.finish();
        self.problems.append(&mut problems);

        let version = kstack.and_then(|block| self.kstack(block));
        let head = platform.and_then(|block| self.head(block));
        let environments = self.environments(&environments);
        let state = state.and_then(|block| self.state(block));
        let engine = engine.and_then(|block| self.engine(block));
        let forge = forge.map_or(Some(Forge::None), |block| self.forge(block));
        let pipeline = self.pipeline(pipeline);
        let policy = self.policy(policy);
        let (name, base_domain, repository, default_branch) = head?;
        Some(Platform {
            version: version?,
            name,
            base_domain,
            repository,
            default_branch,
            environments,
            state: state?,
            engine: engine?,
            forge: forge?,
            pipeline: pipeline?,
            policy,
        })
    }

    fn read<T>(&mut self, block: &Block, read: impl FnOnce(&mut BlockReader<'_, '_>) -> T) -> T {
        let file = Arc::clone(&self.file);
        let mut reader = BlockReader::block(&file, block, &mut self.problems);
        let value = read(&mut reader);
        reader.finish();
        value
    }

    fn label(block: &Block) -> Located<String> {
        let label = block.labels.first();
        Located {
            value: label.map(|label| label.as_str().to_owned()).unwrap_or_default(),
            span: label.and_then(hcl_edit::Span::span).unwrap_or_default(),
        }
    }

    fn unknown_kind(&mut self, what: &str, label: &Located<String>, known: &[&str]) {
        let listed = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        self.problems.push(
            Diagnostic::new(&self.file, label.span.clone(), format!("unknown {what} `{}`", label.value)).with_help(
                nearest(&label.value, known.iter().copied())
                    .map_or_else(|| format!("known: {listed}"), |near| format!("did you mean `{near}`?")),
            ),
        );
    }

    fn kstack(&mut self, block: &Block) -> Option<String> {
        self.read(block, |reader| reader.required_string("version")).map(|located| located.value)
    }

    fn head(&mut self, block: &Block) -> Option<(String, Option<String>, String, String)> {
        let label = Self::label(block);
        if let Err(error) = super::StackName::new(&label.value) {
            self.problems.push(Diagnostic::new(
                &self.file,
                label.span,
                format!("`{}` is not a valid platform name: {}", error.name, error.reason),
            ));
        }
        self.read(block, |reader| {
            let base_domain = reader.string("base_domain").map(|located| located.value);
            let repository = reader.required_string("repository")?.value;
            let default_branch =
                reader.string("default_branch").map_or_else(|| "main".to_owned(), |located| located.value);
            Some((label.value, base_domain, repository, default_branch))
        })
    }

    fn environments(&mut self, blocks: &[&Block]) -> Vec<Environment> {
        let mut environments: Vec<Environment> = Vec::new();
        for block in blocks {
            let label = Self::label(block);
            let name = match EnvironmentName::new(label.value.clone()) {
                Ok(name) => name,
                Err(error) => {
                    self.problems.push(Diagnostic::new(&self.file, label.span.clone(), error.to_string()));
                    continue;
                }
            };
            if name.as_str() == "shared" {
                self.problems.push(
                    Diagnostic::new(&self.file, label.span.clone(), "no environment can be called `shared`")
                        .with_help("`shared` is where stacks without an environment keep their state"),
                );
            }
            if environments.iter().any(|known| known.name == name) {
                self.problems.push(Diagnostic::new(
                    &self.file,
                    label.span.clone(),
                    format!("environment `{name}` is defined twice"),
                ));
            }
            let (trigger, protected, has_state) = self.read(block, |reader| {
                let has_state = reader.at_most_one("state", &["kind"]).is_some();
                let trigger = reader.required_string("trigger").and_then(|text| {
                    let trigger = Trigger::parse(&text.value);
                    if trigger.is_none() {
                        reader.problem(text.span, format!("`{}` is not a trigger", text.value)).help =
                            Some("write `branch:<name>` or `tag:<pattern>`".to_owned());
                    }
                    trigger
                });
                (trigger, reader.boolean("protected").is_some_and(|located| located.value), has_state)
            });
            let state = block.body.get_blocks("state").next().filter(|_| has_state).and_then(|block| self.state(block));
            if let Some(trigger) = trigger {
                environments.push(Environment { name, trigger, protected, state });
            }
        }
        environments
    }

    fn state(&mut self, block: &Block) -> Option<State> {
        let label = Self::label(block);
        let backend = match label.value.as_str() {
            "s3" => self.read(block, |reader| {
                let bucket = reader.required_string("bucket");
                let region = reader.required_string("region");
                Some(StateBackend::S3 { bucket: bucket?.value, region: region?.value })
            }),
            "gcs" => self.read(block, |reader| {
                let bucket = reader.required_string("bucket");
                Some(StateBackend::Gcs { bucket: bucket?.value })
            }),
            "azurerm" => self.read(block, |reader| {
                let resource_group = reader.required_string("resource_group_name");
                let storage_account = reader.required_string("storage_account_name");
                let container = reader.required_string("container_name");
                Some(StateBackend::Azurerm {
                    resource_group: resource_group?.value,
                    storage_account: storage_account?.value,
                    container: container?.value,
                })
            }),
            "local" => self.read(block, |reader| {
                let path = reader.string("path").map_or_else(|| format!("{}/state", layout::WORK), |path| path.value);
                Some(StateBackend::Local { path })
            }),
            _ => {
                self.unknown_kind("kind of state", &label, &StateBackend::KINDS);
                None
            }
        };
        backend.map(|backend| State { backend })
    }

    fn engine(&mut self, block: &Block) -> Option<Engine> {
        let label = Self::label(block);
        if label.value != "flux" {
            self.unknown_kind("engine", &label, &["flux"]);
            return None;
        }
        self.read(block, |reader| {
            let version = reader.required_string("version");
            let mode = reader.string("mode");
            if let Some(mode) = mode.filter(|mode| mode.value != "classic") {
                one_of(reader, mode.span, "mode", &["classic"]);
            }
            Some(Engine::Flux { version: version?.value, mode: FluxMode::Classic })
        })
    }

    fn forge(&mut self, block: &Block) -> Option<Forge> {
        let label = Self::label(block);
        let url = self.read(block, |reader| reader.string("url")).map(|url| url.value);
        match label.value.as_str() {
            "github" => Some(Forge::GitHub { url }),
            "gitlab" => Some(Forge::GitLab { url }),
            "gitea" => Some(Forge::Gitea { url }),
            _ => {
                self.unknown_kind("forge", &label, &Forge::KINDS);
                None
            }
        }
    }

    fn pipeline(&mut self, block: Option<&Block>) -> Option<Pipeline> {
        let defaults = Pipeline { plan_store: None, parallelism: Parallelism::Auto, on_stale: OnStale::Refuse };
        let Some(block) = block else { return Some(defaults) };
        let parallelism_is_number =
            block.body.get_attribute("parallelism").is_some_and(|attribute| attribute.value.is_number());
        self.read(block, |reader| {
            let plan_store = reader.string("plan_store").map(|located| located.value);
            let parallelism = if parallelism_is_number {
                let number = reader.number("parallelism")?;
                match usize::try_from(number.value) {
                    Ok(count @ 1..=256) => Parallelism::Fixed(count),
                    _ => {
                        reader.problem(number.span, "`parallelism` must be between 1 and 256");
                        return None;
                    }
                }
            } else {
                if let Some(word) = reader.string("parallelism").filter(|word| word.value != "auto") {
                    reader.problem(word.span, "`parallelism` must be `\"auto\"` or a number");
                }
                Parallelism::Auto
            };
            if let Some(word) = reader.string("on_stale").filter(|word| word.value != "refuse") {
                one_of(reader, word.span, "on_stale", &["refuse"]);
            }
            Some(Pipeline { plan_store, parallelism, on_stale: OnStale::Refuse })
        })
    }

    fn policy(&mut self, block: Option<&Block>) -> Policy {
        let Some(block) = block else { return Policy::default() };
        self.read(block, |reader| {
            let providers = reader.strings("providers");
            for provider in providers.iter().flatten() {
                if provider.value.split('/').filter(|part| !part.is_empty()).count() != 2 {
                    reader
                        .problem(provider.span.clone(), format!("`{}` is not a provider address", provider.value))
                        .help = Some("write `<namespace>/<type>`, such as `hashicorp/aws`".to_owned());
                }
            }
            let values = |list: Vec<Located<String>>| list.into_iter().map(|item| item.value).collect::<Vec<_>>();
            Policy {
                providers: providers.map(values),
                protect: reader.strings("protect").map(values).unwrap_or_default(),
            }
        })
    }
}

fn one_of(reader: &mut BlockReader<'_, '_>, span: Range<usize>, key: &str, known: &[&str]) {
    let listed = known.iter().map(|name| format!("`\"{name}\"`")).collect::<Vec<_>>().join(" or ");
    reader.problem(span, format!("`{key}` must be {listed}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
kstack {
  version = "0.1.0"
}

platform "acme" {
  base_domain = "platform.example.com"
  repository  = "https://example.com/acme/platform"
}

environment "ops" {
  trigger = "branch:main"
}

environment "apps" {
  trigger   = "tag:apps-deploy-*"
  protected = true
}

state "s3" {
  bucket = "acme-state"
  region = "eu-west-1"
}

engine "flux" {
  version = "2.7.3"
}

policy {
  providers = ["hashicorp/aws"]
  protect   = ["aws_db_*"]
}
"#;

    /// What a user sees of the problems, one line each.
    fn problems(text: &str) -> String {
        let error = Platform::parse("kstack.hcl", text).unwrap_err();
        let line = |problem: &Diagnostic| {
            let help = problem.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
            format!("{}: {}{help}", problem.location(), problem.message)
        };
        error.problems().iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_platform_is_read_with_defaults() {
        let platform = Platform::parse("kstack.hcl", GOOD).unwrap();
        assert_eq!(platform.name, "acme");
        assert_eq!(platform.default_branch, "main");
        assert_eq!(platform.forge, Forge::None);
        assert_eq!(platform.pipeline.parallelism, Parallelism::Auto);
        assert_eq!(platform.environments.len(), 2);
        assert_eq!(platform.environments[1].engine_branch(), "deploy/apps");
        assert_eq!(platform.next_environment(&platform.environments[0].name).unwrap().name.as_str(), "apps");
        assert_eq!(platform.policy.protect, ["aws_db_*"]);
    }

    #[test]
    fn every_problem_is_told_at_its_place() {
        let text = GOOD
            .replace("region = \"eu-west-1\"", "regoin = \"eu-west-1\"")
            .replace("\"branch:main\"", "\"on-push\"")
            .replace("protected = true", "protected = \"yes\"")
            .replace("engine \"flux\"", "engine \"fluks\"")
            .replace("\"hashicorp/aws\"", "\"aws\"");
        insta::assert_snapshot!(problems(&text), @r#"
        kstack.hcl:12: `on-push` is not a trigger (write `branch:<name>` or `tag:<pattern>`)
        kstack.hcl:17: `protected` must be `true` or `false`
        kstack.hcl:20: block `state` has no `region` (add `region = "…"`)
        kstack.hcl:22: block `state` takes no attribute `regoin` (did you mean `region`?)
        kstack.hcl:25: unknown engine `fluks` (did you mean `flux`?)
        kstack.hcl:30: `aws` is not a provider address (write `<namespace>/<type>`, such as `hashicorp/aws`)
        "#);
    }

    #[test]
    fn missing_unknown_and_double_blocks_are_told() {
        let text = GOOD.replace("engine \"flux\"", "enigne \"flux\"").replace(
            "environment \"apps\"",
            "environment \"ops\" {\n  trigger = \"branch:main\"\n}\n\nenvironment \"shared\"",
        );
        insta::assert_snapshot!(problems(&text), @r#"
        kstack.hcl:1: the file has no block `engine` (add `engine "flux" { version = "…" }`)
        kstack.hcl:15: environment `ops` is defined twice
        kstack.hcl:19: no environment can be called `shared` (`shared` is where stacks without an environment keep their state)
        kstack.hcl:29: the file takes no block `enigne` (did you mean `engine`?)
        "#);
    }

    #[test]
    fn broken_syntax_is_one_problem_with_its_line() {
        insta::assert_snapshot!(problems("kstack {\n  version = \n}\n"), @r#"kstack.hcl:2: invalid HCL: invalid expression; expected `"`, `[`, `{`, `-`, `!`, `(`, `_`, `<`, letter or digit"#);
    }

    #[test]
    fn an_empty_file_lacks_everything() {
        insta::assert_snapshot!(problems(""), @r#"
        kstack.hcl:1: the file has no block `kstack` (add `kstack { version = "…" }`)
        kstack.hcl:1: the file has no block `platform` (add `platform "<name>" { … }`)
        kstack.hcl:1: the file has no block `environment` (add `environment "<name>" { trigger = "branch:main" }`)
        kstack.hcl:1: the file has no block `state` (add `state "s3" { bucket = "…" region = "…" }`)
        kstack.hcl:1: the file has no block `engine` (add `engine "flux" { version = "…" }`)
        "#);
    }
}
