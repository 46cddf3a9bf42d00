//! Which files a kustomization file names. The fields are those of kustomize's
//! `kustomize.config.k8s.io/v1beta1` Kustomization and `v1alpha1` Component.

use serde_json::Value;

/// The names that kustomize recognises, in its order.
pub(super) const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Something that a kustomization file names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reference<'a> {
    /// A manifest, or a folder with a kustomization, or something to be fetched.
    Resource(&'a str),
    /// A file.
    File(&'a str),
    /// A file if there is one of this name, otherwise content.
    FileOrContent(&'a str),
    /// The configuration of a plugin: a file, a folder or content. It may read files of its own.
    Plugin(&'a str),
}

/// What a kustomization file names.
#[derive(Debug, Default)]
pub(super) struct References<'a> {
    /// In the order of the file's fields.
    pub(super) items: Vec<Reference<'a>>,
    /// Whether there may be more: the file has fields that we do not know.
    pub(super) open: bool,
}

/// Reads the references of the kustomization file whose content is `file`.
pub(super) fn references(file: &Value) -> References<'_> {
    let mut found = References::default();
    let Value::Object(fields) = file else {
        found.open = true;
        return found;
    };
    for (field, value) in fields {
        match field.as_str() {
            "resources" | "bases" | "components" => found.items.extend(strings(value).map(Reference::Resource)),
            "crds" | "configurations" => found.items.extend(strings(value).map(Reference::File)),
            "patches" | "patchesJson6902" | "replacements" => {
                found.items.extend(items(value).filter_map(|item| item["path"].as_str()).map(Reference::File));
            }
            "patchesStrategicMerge" => found.items.extend(strings(value).map(Reference::FileOrContent)),
            "openapi" => found.items.extend(value["path"].as_str().map(Reference::File)),
            "configMapGenerator" | "secretGenerator" => {
                for generator in items(value) {
                    let files =
                        strings(&generator["files"]).map(|file| file.split_once('=').map_or(file, |(_, path)| path));
                    found.items.extend(files.map(Reference::File));
                    found.items.extend(strings(&generator["envs"]).map(Reference::File));
                    found.items.extend(generator["env"].as_str().map(Reference::File));
                }
            }
            "generators" | "transformers" | "validators" => {
                found.items.extend(strings(value).map(Reference::Plugin));
                found.open = true;
            }
            "apiVersion" | "kind" | "metadata" | "namespace" | "namePrefix" | "nameSuffix" | "labels"
            | "commonLabels" | "commonAnnotations" | "images" | "replicas" | "generatorOptions" | "buildMetadata"
            | "sortOptions" | "vars" => {}
            _ => found.open = true,
        }
    }
    found
}

/// Whether kustomize would fetch `reference` over the network.
pub(super) fn is_remote(reference: &str) -> bool {
    let lower = reference.to_ascii_lowercase();
    lower.contains("://")
        || ["git::", "gh:", "git@", "github.com:", "github.com/"].iter().any(|prefix| lower.starts_with(prefix))
        || lower.contains("?ref=")
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    items(value).filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_way_to_name_a_file_is_seen() {
        let file = json!({
            "resources": ["a.yaml"], "components": ["../c"], "namespace": "x",
            "patches": [{"path": "p.yaml"}, {"patch": "inline"}],
            "patchesStrategicMerge": ["s.yaml"],
            "configMapGenerator": [{"files": ["plain.txt", "key=named.txt"], "envs": ["e.env"], "env": "f.env"}],
            "replacements": [{"path": "r.yaml"}], "openapi": {"path": "schema.json"},
        });
        let found = references(&file);
        assert!(!found.open);
        insta::assert_snapshot!(
            format!("{:?}", found.items),
            @r#"[Resource("a.yaml"), Resource("../c"), File("p.yaml"), FileOrContent("s.yaml"), File("plain.txt"), File("named.txt"), File("e.env"), File("f.env"), File("r.yaml"), File("schema.json")]"#
        );
        assert!(references(&json!({"transformers": ["t.yaml"]})).open);
        assert!(references(&json!({"somethingNew": ["t.yaml"]})).open);
    }

    #[test]
    fn what_is_fetched_is_known_by_its_form() {
        for remote in ["https://example.com/x.yaml", "github.com/acme/x", "git@github.com:acme/x", "acme/x?ref=v1"] {
            assert!(is_remote(remote), "{remote}");
        }
        assert!(!is_remote("../base"));
    }
}
