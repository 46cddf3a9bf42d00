//! Manifests as they lie in the registry: YAML documents that are Kubernetes objects.

use std::path::Path;

use kube::core::GroupVersionKind;
use serde_json::Value;

use super::{ObjectRef, SyncError};

/// An object as somebody wants it, with the fields that the file sets and no others.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Desired {
    pub(super) object: ObjectRef,
    pub(super) kind: GroupVersionKind,
    pub(super) body: Value,
}

/// When an object can be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// What other objects live in or are kinds of: definitions of kinds, and namespaces.
    Definitions,
    /// Everything else.
    Rest,
}

impl Desired {
    /// Reads `body`; the error says what it lacks.
    pub(super) fn new(body: Value) -> Result<Self, String> {
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
        let need = |pointer: &str, name: &str| text(pointer).ok_or_else(|| format!("it has no `{name}`"));
        let api_version = need("/apiVersion", "apiVersion")?;
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let kind = GroupVersionKind::gvk(group, version, need("/kind", "kind")?);
        let object = ObjectRef {
            group: kind.group.clone(),
            kind: kind.kind.clone(),
            namespace: text("/metadata/namespace").map(ToOwned::to_owned),
            name: need("/metadata/name", "metadata.name")?.to_owned(),
        };
        Ok(Self { object, kind, body })
    }

    /// The text at `pointer`.
    pub(super) fn text(&self, pointer: &str) -> Option<&str> {
        self.body.pointer(pointer)?.as_str()
    }

    /// The text at `pointer`, without which the object is of no use; the error says so.
    pub(super) fn need(&self, pointer: &str) -> Result<String, String> {
        self.text(pointer).map(ToOwned::to_owned).ok_or_else(|| {
            let field = pointer.trim_start_matches('/').replace('/', ".");
            format!("`{}` has no `{field}`", self.object)
        })
    }

    pub(super) fn api_version(&self) -> String {
        self.kind.api_version()
    }

    pub(super) fn is_crd(&self) -> bool {
        self.kind.group == "apiextensions.k8s.io" && self.kind.kind == "CustomResourceDefinition"
    }

    pub(super) fn is_namespace(&self) -> bool {
        self.kind.group.is_empty() && self.kind.kind == "Namespace"
    }

    /// Whether it is a controller of the engine that runs all the time.
    pub(super) fn is_workload(&self) -> bool {
        self.kind.group == "apps" && ["Deployment", "StatefulSet"].contains(&self.kind.kind.as_str())
    }

    pub(super) fn stage(&self) -> Stage {
        if self.is_crd() || self.is_namespace() { Stage::Definitions } else { Stage::Rest }
    }

    /// Group and kind that this object defines, if it defines one.
    pub(super) fn defined(&self) -> Option<(&str, &str)> {
        let spec = |pointer| self.body.pointer(pointer).and_then(Value::as_str);
        if self.is_crd() { Some((spec("/spec/group")?, spec("/spec/names/kind")?)) } else { None }
    }
}

/// Reads the file at `path`.
pub(super) fn read(path: &Path) -> Result<Vec<Desired>, SyncError> {
    let text = std::fs::read_to_string(path).map_err(|source| SyncError::Read { path: path.to_owned(), source })?;
    parse(&text, path)
}

/// Reads `text` the way kubectl does; `path` is for errors. Empty documents are skipped, and a
/// `List` is what it lists.
pub(super) fn parse(text: &str, path: &Path) -> Result<Vec<Desired>, SyncError> {
    // kubectl reads YAML 1.1 numbers: a `defaultMode: 0644` is octal.
    let options = serde_saphyr::options! { legacy_octal_numbers: true };
    let documents: Vec<Value> = serde_saphyr::from_multiple_with_options(text, options)
        .map_err(|source| SyncError::Yaml { path: path.to_owned(), source: Box::new(source) })?;
    let mut objects = Vec::new();
    for (index, document) in documents.into_iter().enumerate() {
        let bodies = match document {
            Value::Null => continue,
            Value::Object(mut list) if list.get("kind").and_then(Value::as_str) == Some("List") => {
                match list.remove("items") {
                    Some(Value::Array(items)) => items,
                    _ => Vec::new(),
                }
            }
            document => vec![document],
        };
        for body in bodies {
            objects.push(Desired::new(body).map_err(|reason| SyncError::NotAnObject {
                path: path.to_owned(),
                document: index + 1,
                reason,
            })?);
        }
    }
    Ok(objects)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "\
# a comment alone is no document
---
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: x}
data: {mode: '0644'}
---
apiVersion: v1
kind: List
items:
- apiVersion: apiextensions.k8s.io/v1
  kind: CustomResourceDefinition
  metadata: {name: things.example.com}
  spec: {group: example.com, names: {kind: Thing}}
- apiVersion: example.com/v1
  kind: Thing
  metadata: {name: one, namespace: x}
  spec: {mode: 0644, on: yes}
---
";

    #[test]
    fn documents_become_objects_with_kubectls_values() {
        let objects = parse(MANIFEST, Path::new("m.yaml")).unwrap();
        let names: Vec<_> = objects.iter().map(|object| object.object.to_string()).collect();
        assert_eq!(names, ["ConfigMap/x/a", "CustomResourceDefinition/things.example.com", "Thing/x/one"]);
        assert_eq!(objects[0].body["data"]["mode"], "0644");
        assert_eq!(objects[2].body["spec"]["mode"], 420);
    }

    #[test]
    fn definitions_come_before_what_they_define() {
        let mut objects = parse(MANIFEST, Path::new("m.yaml")).unwrap();
        objects.sort_by_key(Desired::stage);
        assert_eq!(objects[0].defined(), Some(("example.com", "Thing")));
        assert_eq!(objects[1].defined(), None);
    }

    #[test]
    fn what_is_no_object_is_refused_with_its_place() {
        let error = parse("apiVersion: v1\nkind: Secret\n", Path::new("m.yaml")).unwrap_err();
        assert_eq!(error.to_string(), "document 1 of `m.yaml` is not a Kubernetes object: it has no `metadata.name`");
        let error = parse("a: [", Path::new("m.yaml")).unwrap_err();
        assert_eq!(error.to_string(), "`m.yaml` is not valid YAML");
    }
}
