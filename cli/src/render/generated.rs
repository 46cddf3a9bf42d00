//! ConfigMaps and Secrets whose names end in a hash of their content, as kustomize's generators make
//! them. A change of content is a new object and the removal of the old one; a reader wants to see
//! what changed in it.

use std::collections::BTreeMap;

use super::{ObjectId, RenderedObject};

/// Both sides of every object.
pub(super) type Sides<'a> = BTreeMap<&'a ObjectId, (Option<&'a RenderedObject>, Option<&'a RenderedObject>)>;

/// New objects that are the next generation of one that goes, with that one.
pub(super) fn renamed<'a>(sides: &Sides<'a>) -> BTreeMap<&'a ObjectId, &'a RenderedObject> {
    let mut families: BTreeMap<_, (Vec<&RenderedObject>, Vec<&RenderedObject>)> = BTreeMap::new();
    for side in sides.values() {
        let (object, is_new) = match side {
            (Some(gone), None) => (*gone, false),
            (None, Some(new)) => (*new, true),
            _ => continue,
        };
        let Some(stem) = stem(&object.id) else { continue };
        let family = families.entry((&object.id.kind, &object.id.namespace, stem, &object.origin.path)).or_default();
        if is_new { family.1.push(object) } else { family.0.push(object) }
    }
    let pairs = families.into_values().filter_map(|(gone, new)| match (gone.as_slice(), new.as_slice()) {
        // Of several, which became which cannot be known.
        ([gone], [new]) => Some((&new.id, *gone)),
        _ => None,
    });
    pairs.collect()
}

/// The name without its hash: ten characters of kustomize's alphabet (api/hasher: hexadecimal
/// digits with `0`, `1`, `3`, `a` and `e` replaced, so that no words come about).
fn stem(id: &ObjectId) -> Option<&str> {
    if !id.group.is_empty() || !matches!(id.kind.as_str(), "ConfigMap" | "Secret") {
        return None;
    }
    let (stem, hash) = id.name.rsplit_once('-')?;
    let is_hash = hash.len() == 10 && hash.bytes().all(|byte| b"2456789bcdfghkmt".contains(&byte));
    is_hash.then_some(stem)
}
