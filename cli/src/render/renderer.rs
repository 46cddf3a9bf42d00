//! From a registry to all objects that its engine applies: the registry, the Kustomizations in it,
//! the Kustomizations in those.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use futures::future::join_all;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::{
    Kustomize, ObjectId, Origin, Registry, RenderError, Rendered, RenderedObject, Values,
    build::{Builder, Built},
    cache::Cache,
    flux::{Kustomization, Source as FluxSource},
    substitute::{Source, Variables},
    tree::Tree,
};

/// Kustomizations that make Kustomizations: Flux has no limit, a mistake should have one.
const MAX_DEPTH: usize = 16;
const PRUNE: &str = "kustomize.toolkit.fluxcd.io/prune";
const SUBSTITUTE: &str = "kustomize.toolkit.fluxcd.io/substitute";

/// How rendering works.
#[derive(Debug, Clone)]
pub struct RenderSettings {
    /// Where build results are kept from run to run; `None`: only within this run.
    pub cache: Option<PathBuf>,
    /// How many builds run at once; at least one does.
    pub parallelism: usize,
}

/// Renders registries. Builds of equal content are shared between registries and sides.
#[derive(Debug)]
pub struct Renderer {
    builder: Builder,
}

impl Renderer {
    /// A renderer that builds with `program`.
    pub fn new(program: Kustomize, settings: RenderSettings) -> Self {
        let permits = Semaphore::new(settings.parallelism.max(1));
        Self { builder: Builder { program, cache: Cache::new(settings.cache), permits } }
    }

    /// Removes from the cache what was not used for long: to be called at the end of a run.
    ///
    /// # Errors
    /// [`RenderError::Io`].
    pub fn tidy(&self) -> Result<(), RenderError> {
        self.builder.cache.evict()
    }

    /// All objects of `registry` in the repository exported to `tree`. `values` are those of
    /// ConfigMaps that are not in the repository, as far as they are known.
    ///
    /// # Errors
    /// [`RenderError`]; every Kustomization that does not build is told.
    pub async fn render(&self, tree: &Path, registry: &Registry, values: &Values) -> Result<Rendered, RenderError> {
        let tree = Tree::open(tree)?;
        let path = registry.path();
        let mut run =
            Run { tree: &tree, builder: &self.builder, values, known: BTreeMap::new(), rendered: Rendered::default() };
        let root = run.root(&path).await?;
        let source = if root.name.is_empty() { default_source() } else { root.source.clone() };
        let mut seen = BTreeSet::from([root.name.clone()]);
        let mut problems = Vec::new();
        let mut objects = BTreeMap::new();
        let mut level = vec![root];
        for _ in 0..MAX_DEPTH {
            let (found, failed) = run.level(&level, &format!("{path}/flux-system/gotk-components.yaml")).await;
            problems.extend(failed);
            level.clear();
            for object in &found {
                match run.child(object, &source, &mut seen) {
                    Ok(child) => level.extend(child),
                    Err(problem) => problems.push(problem),
                }
            }
            for object in found {
                run.insert(&mut objects, object);
            }
            if level.is_empty() {
                break;
            }
        }
        if !level.is_empty() {
            problems.push(RenderError::TooDeep { registry: path.clone(), limit: MAX_DEPTH });
        }
        if !problems.is_empty() {
            return Err(RenderError::join(&path, problems));
        }
        run.rendered.objects = objects.into_values().collect();
        Ok(run.rendered)
    }
}

/// The source that `flux bootstrap` names.
fn default_source() -> FluxSource {
    let name = "flux-system".to_owned();
    FluxSource { kind: "GitRepository".to_owned(), namespace: Some(name.clone()), name }
}

/// The data of a ConfigMap, or the names in a Secret.
type Known = BTreeMap<(String, String, String), Source>;

struct Run<'a> {
    tree: &'a Tree,
    builder: &'a Builder,
    values: &'a Values,
    known: Known,
    rendered: Rendered,
}

impl Run<'_> {
    /// The Kustomization that applies the registry: the one in it whose path is the registry's.
    async fn root(&self, path: &str) -> Result<Kustomization, RenderError> {
        let bare = Kustomization::bare(path);
        let built = self.builder.build(self.tree, &bare).await?;
        for Built { object, .. } in built.iter() {
            let Some(id) = ObjectId::of(object).filter(Kustomization::is) else { continue };
            let found = Kustomization::read(&id, object)?;
            if found.path == path {
                return Ok(found);
            }
        }
        Ok(bare)
    }

    /// The objects of all Kustomizations of a level, built side by side, and those that failed.
    async fn level(&mut self, level: &[Kustomization], engine: &str) -> (Vec<RenderedObject>, Vec<RenderError>) {
        let builds = join_all(level.iter().map(|kustomization| self.builder.build(self.tree, kustomization))).await;
        let mut problems = Vec::new();
        let mut built: Vec<(&Kustomization, Arc<Vec<Built>>)> = Vec::new();
        for (kustomization, result) in level.iter().zip(builds) {
            match result {
                Ok(objects) => built.push((kustomization, objects)),
                Err(problem) => problems.push(problem),
            }
        }
        for object in built.iter().flat_map(|(_, objects)| objects.iter()) {
            self.learn(&object.object);
        }
        let mut found = Vec::new();
        for (kustomization, objects) in built {
            match self.objects(kustomization, &objects, engine) {
                Ok(objects) => found.extend(objects),
                Err(problem) => problems.push(problem),
            }
        }
        (found, problems)
    }

    /// Remembers what may be substituted from `object`.
    fn learn(&mut self, object: &Value) {
        let Some(id) = ObjectId::of(object).filter(|id| id.group.is_empty()) else { return };
        let source = match id.kind.as_str() {
            "ConfigMap" => {
                let data = object["data"].as_object().into_iter().flatten();
                Source::Values(
                    data.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect(),
                )
            }
            "Secret" => {
                let maps = ["data", "stringData"].into_iter().filter_map(|field| object[field].as_object());
                Source::Names(maps.flat_map(|map| map.keys().cloned()).collect())
            }
            _ => return,
        };
        self.known.insert((id.kind, id.namespace.unwrap_or_default(), id.name), source);
    }

    fn objects(
        &self,
        kustomization: &Kustomization,
        built: &[Built],
        engine: &str,
    ) -> Result<Vec<RenderedObject>, RenderError> {
        let variables = self.variables(kustomization);
        let mut objects = Vec::with_capacity(built.len());
        for Built { object, file } in built {
            let mut unresolved = BTreeSet::new();
            let described = || ObjectId::of(object).map_or_else(|| "an object".to_owned(), |id| format!("`{id}`"));
            let is_off = |map: &str| object["metadata"][map][SUBSTITUTE] == "disabled";
            let mut value = match &variables {
                Some(variables) if !is_off("labels") && !is_off("annotations") => {
                    variables.apply(object, &mut unresolved).map_err(|refused| RenderError::Substitution {
                        object: described(),
                        expression: if object["kind"] == "Secret" { "${…".to_owned() } else { refused.expression },
                        reason: refused.reason.to_owned(),
                    })?
                }
                _ => object.clone(),
            };
            kustomization.common_metadata.apply(&mut value);
            let id = ObjectId::of(&value).ok_or_else(|| RenderError::Build {
                path: kustomization.path.clone(),
                message: "an object has no `apiVersion`, `kind` or `metadata.name`".to_owned(),
            })?;
            objects.push(RenderedObject {
                kept: !kustomization.prune || value["metadata"]["annotations"][PRUNE] == "disabled",
                engine: file.as_deref() == Some(engine),
                origin: Origin {
                    kustomization: kustomization.name.clone(),
                    path: kustomization.path.clone(),
                    file: file.clone(),
                },
                unresolved: unresolved.into_iter().collect(),
                id,
                value,
            });
        }
        Ok(objects)
    }

    /// The variables of `kustomization`, if it substitutes at all.
    fn variables(&self, kustomization: &Kustomization) -> Option<Variables> {
        let post_build = kustomization.post_build.as_ref()?;
        let sources = post_build.substitute_from.iter().map(|from| {
            let outside = self.values.get(&from.name).filter(|_| from.kind == "ConfigMap");
            let key = (from.kind.clone(), kustomization.namespace.clone(), from.name.clone());
            match (outside, self.known.get(&key)) {
                (Some(values), _) => Source::Values(values.clone()),
                (None, Some(known)) => known.clone(),
                // Optional ones are as unknown as others: the cluster may have them.
                (None, None) => Source::Unknown,
            }
        });
        let inline = Source::Values(post_build.substitute.clone());
        Some(Variables::new(sources.chain([inline]).collect()))
    }

    /// The Kustomization that `object` is, if it is one that builds from this repository and is new.
    fn child(
        &mut self,
        object: &RenderedObject,
        source: &FluxSource,
        seen: &mut BTreeSet<String>,
    ) -> Result<Option<Kustomization>, RenderError> {
        if !Kustomization::is(&object.id) {
            return Ok(None);
        }
        let kustomization = Kustomization::read(&object.id, &object.value)?;
        if !seen.insert(kustomization.name.clone()) {
            return Ok(None);
        }
        if kustomization.source != *source {
            let FluxSource { kind, name, .. } = &kustomization.source;
            self.notice(format!(
                "`{}` builds from `{kind} {name}`, which is not this repository: its objects are not shown",
                object.id
            ));
            return Ok(None);
        }
        if kustomization.suspend {
            self.notice(format!("`{}` is suspended: the engine does not apply its objects", object.id));
        }
        Ok(Some(kustomization))
    }

    fn insert(&mut self, objects: &mut BTreeMap<ObjectId, RenderedObject>, object: RenderedObject) {
        if let Some(other) = objects.get(&object.id) {
            self.notice(format!(
                "`{}` comes from both `{}` and `{}`: the engine applies one over the other",
                object.id, other.origin.path, object.origin.path
            ));
        }
        objects.insert(object.id.clone(), object);
    }

    fn notice(&mut self, notice: String) {
        if !self.rendered.notices.contains(&notice) {
            self.rendered.notices.push(notice);
        }
    }
}
