//! Flux's `Kustomization` objects (`kustomize.toolkit.fluxcd.io`), as far as they decide what is built.
//! Fields: kustomize-controller, api/v1/kustomization_types.go.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{ObjectId, RenderError};

/// A Kustomization, reduced to what rendering needs.
#[derive(Debug, Clone, Default)]
pub(super) struct Kustomization {
    /// `namespace/name`; empty for a registry that does not hold its own.
    pub(super) name: String,
    pub(super) namespace: String,
    /// The folder it builds, relative to the repository, without `./`.
    pub(super) path: String,
    pub(super) source: Source,
    pub(super) prune: bool,
    pub(super) suspend: bool,
    pub(super) components: Vec<String>,
    pub(super) ignore_missing_components: bool,
    pub(super) common_metadata: CommonMetadata,
    pub(super) post_build: Option<PostBuild>,
    target_namespace: Option<String>,
    name_prefix: Option<String>,
    name_suffix: Option<String>,
    patches: Vec<Value>,
    images: Vec<Value>,
}

/// Where the files come from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Source {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) namespace: Option<String>,
}

/// Labels and annotations for every object.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct CommonMetadata {
    labels: Map<String, Value>,
    annotations: Map<String, Value>,
}

/// Substitution after the build.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PostBuild {
    pub(super) substitute: BTreeMap<String, String>,
    pub(super) substitute_from: Vec<SubstituteFrom>,
}

/// An object whose data are variables.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct SubstituteFrom {
    pub(super) kind: String,
    pub(super) name: String,
}

#[derive(Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[derive(Default)]
struct Spec {
    path: String,
    source_ref: Source,
    prune: bool,
    suspend: bool,
    target_namespace: Option<String>,
    name_prefix: Option<String>,
    name_suffix: Option<String>,
    components: Vec<String>,
    ignore_missing_components: bool,
    common_metadata: CommonMetadata,
    patches: Vec<Value>,
    images: Vec<Value>,
    post_build: Option<PostBuild>,
}

impl Kustomization {
    /// The Kustomization of a registry before its own is known.
    pub(super) fn bare(path: &str) -> Self {
        Self { path: path.to_owned(), prune: true, ..Self::default() }
    }

    /// Whether `id` is a Flux Kustomization.
    pub(super) fn is(id: &ObjectId) -> bool {
        id.kind == "Kustomization" && id.group == "kustomize.toolkit.fluxcd.io"
    }

    /// Reads `object`.
    ///
    /// # Errors
    /// [`RenderError::Kustomization`] when a field has the wrong type.
    pub(super) fn read(id: &ObjectId, object: &Value) -> Result<Self, RenderError> {
        let namespace = id.namespace.clone().unwrap_or_else(|| "default".to_owned());
        let name = format!("{namespace}/{}", id.name);
        let spec: Spec = serde_json::from_value(object["spec"].clone())
            .map_err(|error| RenderError::Kustomization { name: name.clone(), reason: error.to_string() })?;
        let mut source = spec.source_ref;
        source.namespace.get_or_insert_with(|| namespace.clone());
        Ok(Self {
            name,
            namespace,
            path: normal(&spec.path),
            source,
            prune: spec.prune,
            suspend: spec.suspend,
            components: spec.components,
            ignore_missing_components: spec.ignore_missing_components,
            common_metadata: spec.common_metadata,
            post_build: spec.post_build,
            target_namespace: spec.target_namespace,
            name_prefix: spec.name_prefix,
            name_suffix: spec.name_suffix,
            patches: spec.patches,
            images: spec.images,
        })
    }

    /// What it adds to the folder's own kustomization, without paths.
    pub(super) fn settings(&self) -> Value {
        let mut settings = Map::new();
        let texts = [
            ("namespace", &self.target_namespace),
            ("namePrefix", &self.name_prefix),
            ("nameSuffix", &self.name_suffix),
        ];
        settings.extend(texts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text.clone()?.into()))));
        let lists = [("patches", &self.patches), ("images", &self.images)];
        let lists = lists.into_iter().filter(|(_, list)| !list.is_empty());
        settings.extend(lists.map(|(key, list)| (key.to_owned(), Value::Array(list.clone()))));
        settings.into()
    }

    /// Who it is, as a phrase for messages.
    pub(super) fn described(&self) -> String {
        if self.name.is_empty() { "the registry".to_owned() } else { format!("Kustomization `{}`", self.name) }
    }
}

impl CommonMetadata {
    /// Adds the labels and annotations to `object`.
    pub(super) fn apply(&self, object: &mut Value) {
        for (key, added) in [("labels", &self.labels), ("annotations", &self.annotations)] {
            if added.is_empty() {
                continue;
            }
            let map = &mut object["metadata"][key];
            if !map.is_object() {
                *map = Value::Object(Map::new());
            }
            if let Some(map) = map.as_object_mut() {
                map.extend(added.clone());
            }
        }
    }
}

/// `path` as Flux takes it: relative to the repository whatever it begins with.
fn normal(path: &str) -> String {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/")
}
