//! A file of answers, in the words of `kstack.hcl`: what `kstack init --answers` reads.

mod cluster;

use std::{ops::Range, sync::Arc};

use hcl_edit::{Span as _, structure::Block};

use super::{Draft, EnvironmentDraft, Field};
use crate::{
    hcl::{BlockReader, Diagnostic, Document, Located, SourceFile, nearest},
    platform::{ArgoCdMode, Engine, EnvironmentName, FluxMode, Forge, PlatformName, StateBackend, Trigger, layout},
    scaffold::{ARGOCD_VERSION, FLUX_VERSION},
};

impl Draft {
    /// Reads the text of a file of answers; `path` is only for messages. Nothing is required: what the
    /// file leaves out, flags and questions give.
    ///
    /// The second part is everything that is wrong with the file, in its order; what could be read
    /// all the same is in the first.
    pub fn read(path: &str, text: &str) -> (Self, Vec<Diagnostic>) {
        let document = match Document::parse(path, text) {
            Ok(document) => document,
            Err(problem) => return (Self::default(), vec![*problem]),
        };
        let mut reader = Reader { file: document.file(), problems: Vec::new(), draft: Self::default() };
        reader.draft.places.file = Some(Arc::clone(document.file()));
        reader.top(&document);
        reader.problems.sort_by_key(|problem| problem.span.start);
        (reader.draft, reader.problems)
    }
}

/// A file while it is read.
struct Reader<'f> {
    file: &'f Arc<SourceFile>,
    problems: Vec<Diagnostic>,
    draft: Draft,
}

impl<'f> Reader<'f> {
    fn top(&mut self, document: &'f Document) {
        let mut problems = Vec::new();
        let mut top = BlockReader::top(self.file, document.body(), &mut problems);
        let platform = top.at_most_one("platform", &["name"]);
        let environments = top.blocks("environment", &["name"]);
        let state = top.at_most_one("state", &["kind"]);
        let engine = top.at_most_one("engine", &["kind"]);
        let forge = top.at_most_one("forge", &["kind"]);
        let clusters = top.blocks("cluster", &["name"]);
        top.finish();
        self.problems.append(&mut problems);

        if let Some(block) = platform {
            self.platform(block);
        }
        for block in environments {
            self.environment(block);
        }
        for block in clusters {
            self.cluster(block);
        }
        if let Some(block) = state {
            self.draft.state = self.state(block);
            self.place(Field::State, label(block).span);
        }
        if let Some(block) = engine {
            self.engine(block);
        }
        if let Some(block) = forge {
            self.draft.forge = self.forge(block);
            self.place(Field::Forge, label(block).span);
        }
    }

    /// Notes where an answer stands, for what is found wrong with it later.
    fn place(&mut self, field: Field, span: Range<usize>) {
        self.draft.places.spans.insert(field, span);
    }

    fn problem(&mut self, span: Range<usize>, message: impl Into<String>) -> &mut Diagnostic {
        let index = self.problems.len();
        self.problems.push(Diagnostic::new(self.file, span, message));
        &mut self.problems[index]
    }

    fn block<T>(&mut self, block: &'f Block, read: impl FnOnce(&mut BlockReader<'f, '_>) -> T) -> T {
        let mut reader = BlockReader::block(self.file, block, &mut self.problems);
        let value = read(&mut reader);
        reader.finish();
        value
    }

    /// A label that is none of the `known` words.
    fn unknown(&mut self, what: &str, label: &Located<String>, known: &[&str]) {
        let listed = || known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let help = nearest(&label.value, known.iter().copied())
            .map_or_else(|| format!("known: {}", listed()), |near| format!("did you mean `{near}`?"));
        self.problem(label.span.clone(), format!("unknown {what} `{}`", label.value)).help = Some(help);
    }

    fn platform(&mut self, block: &'f Block) {
        let name = label(block);
        match PlatformName::new(name.value) {
            Ok(name) => self.draft.name = Some(name),
            Err(error) => drop(self.problem(name.span.clone(), error.to_string())),
        }
        self.place(Field::Name, name.span);
        let (read, [manage_repository, argo_workflows]) = self.block(block, |reader| {
            let read = ["base_domain", "repository", "default_branch"].map(|key| reader.string(key));
            (read, ["manage_repository", "argo_workflows"].map(|key| reader.boolean(key)))
        });
        let [base_domain, repository, default_branch] = read;
        let mut keep = |field, answer: Option<Located<String>>| {
            let answer = answer?;
            self.place(field, answer.span);
            Some(answer.value)
        };
        let base_domain = keep(Field::BaseDomain, base_domain);
        let repository = keep(Field::Repository, repository);
        let default_branch = keep(Field::DefaultBranch, default_branch);
        (self.draft.base_domain, self.draft.repository, self.draft.default_branch) =
            (base_domain, repository, default_branch);
        self.draft.manage_repository = manage_repository.is_some_and(|manage| manage.value);
        self.draft.argo_workflows = argo_workflows.is_some_and(|wanted| wanted.value);
    }

    fn environment(&mut self, block: &'f Block) {
        let name = label(block);
        let (trigger, protected, state) = self.block(block, |reader| {
            let trigger = reader.string("trigger").and_then(|text| {
                let trigger = Trigger::parse(&text.value);
                if trigger.is_none() {
                    reader.problem(text.span, format!("`{}` is not a trigger", text.value)).help =
                        Some("write `branch:<name>` or `tag:<pattern>`".to_owned());
                }
                trigger
            });
            let protected = reader.boolean("protected").map(|protected| protected.value);
            (trigger, protected, reader.at_most_one("state", &["kind"]))
        });
        let state = state.and_then(|block| self.state(block));
        match EnvironmentName::new(name.value) {
            Ok(environment) => {
                self.place(Field::Environment(self.draft.environments.len()), name.span);
                self.draft.environments.push(EnvironmentDraft { name: environment, trigger, protected, state });
            }
            Err(error) => drop(self.problem(name.span, error.to_string())),
        }
    }

    fn state(&mut self, block: &'f Block) -> Option<StateBackend> {
        let kind = label(block);
        match kind.value.as_str() {
            "s3" => {
                let read = self.block(block, |reader| ["bucket", "region"].map(|key| reader.required_string(key)));
                let [bucket, region] = read;
                Some(StateBackend::S3 { bucket: bucket?.value, region: region?.value })
            }
            "gcs" => {
                let bucket = self.block(block, |reader| reader.required_string("bucket"));
                Some(StateBackend::Gcs { bucket: bucket?.value })
            }
            "azurerm" => {
                let read = self.block(block, |reader| {
                    ["resource_group_name", "storage_account_name", "container_name"]
                        .map(|key| reader.required_string(key))
                });
                let [group, account, container] = read;
                Some(StateBackend::Azurerm {
                    resource_group: group?.value,
                    storage_account: account?.value,
                    container: container?.value,
                })
            }
            "local" => {
                let path = self.block(block, |reader| reader.string("path"));
                let path = path.map_or_else(|| format!("{}/state", layout::WORK), |path| path.value);
                Some(StateBackend::Local { path })
            }
            _ => {
                self.unknown("kind of state", &kind, &StateBackend::KINDS);
                None
            }
        }
    }

    fn engine(&mut self, block: &'f Block) {
        let kind = label(block);
        let (modes, release): (&[&str], _) = match kind.value.as_str() {
            "flux" => (&["classic"], FLUX_VERSION),
            "argocd" => (&["core", "full"], ARGOCD_VERSION),
            _ => return self.unknown("engine", &kind, &Engine::KINDS),
        };
        let (mode, version) = self.block(block, |reader| {
            let mode = reader.string("mode");
            if let Some(mode) = mode.as_ref().filter(|mode| !modes.contains(&mode.value.as_str())) {
                let known: Vec<_> = modes.iter().map(|mode| format!("`\"{mode}\"`")).collect();
                reader.problem(mode.span.clone(), format!("`mode` must be {}", known.join(" or ")));
            }
            (mode.is_some_and(|mode| mode.value == "full"), reader.string("version"))
        });
        self.place(Field::Engine, version.as_ref().map_or(kind.span, |version| version.span.clone()));
        let version = version.map_or_else(|| release.to_owned(), |version| version.value);
        self.draft.engine = Some(match kind.value.as_str() {
            "argocd" => Engine::ArgoCd { version, mode: if mode { ArgoCdMode::Full } else { ArgoCdMode::Core } },
            _ => Engine::Flux { version, mode: FluxMode::Classic },
        });
    }

    fn forge(&mut self, block: &'f Block) -> Option<Forge> {
        let kind = label(block);
        if kind.value == "none" {
            self.block(block, |_| ());
            return Some(Forge::None);
        }
        let url = self.block(block, |reader| reader.string("url")).map(|url| url.value);
        match kind.value.as_str() {
            "github" => Some(Forge::GitHub { url }),
            "gitlab" => Some(Forge::GitLab { url }),
            "gitea" => Some(Forge::Gitea { url }),
            _ => {
                self.unknown("forge", &kind, &[&Forge::KINDS[..], &["none"]].concat());
                None
            }
        }
    }
}

/// The first label of a block that has one.
fn label(block: &Block) -> Located<String> {
    let label = block.labels.first();
    Located {
        value: label.map(|label| label.as_str().to_owned()).unwrap_or_default(),
        span: label.and_then(hcl_edit::Span::span).or_else(|| block.ident.span()).unwrap_or_default(),
    }
}
