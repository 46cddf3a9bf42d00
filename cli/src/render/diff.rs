//! What differs between the objects of two sides.

use serde::Serialize;
use serde_json::Value;

use super::{
    FieldChange, ObjectId, Origin, Rendered, RenderedObject, fields,
    generated::{self, Sides},
    mask::masked,
    yaml::{DiffLine, diff_lines, to_text},
};

/// What happens to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectChange {
    /// It is new.
    Added,
    /// It goes.
    Removed,
    /// It is changed.
    Changed,
}

/// One object that differs. Everything in it may be shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ObjectDiff {
    /// Which object.
    pub id: ObjectId,
    /// What happens to it.
    pub change: ObjectChange,
    /// Its name on the old side, if a generator gave it another one because its content changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_name: Option<String>,
    /// The fields that differ, for changed objects.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
    /// The difference as lines of YAML.
    #[serde(rename = "diff")]
    pub text: Vec<DiffLine>,
    /// Where the object comes from, on the new side if it is there.
    pub origin: Origin,
    /// For removed objects: whether the engine leaves it in the cluster nevertheless.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub kept: bool,
    /// Variables whose values are not at hand: the object holds them as `${…}`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unresolved: Vec<String>,
    /// The object as it will be, masked; `None`: it goes.
    #[serde(skip)]
    pub value: Option<Value>,
}

/// What differs in the engine's own manifests: ten thousand lines of which one is read, the version.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct EngineDiff {
    /// The engine's version on the old side.
    pub before: Option<String>,
    /// The engine's version on the new side.
    pub after: Option<String>,
    /// Objects that are new.
    pub added: Vec<ObjectId>,
    /// Objects that go.
    pub removed: Vec<ObjectId>,
    /// Objects that are changed.
    pub changed: Vec<ObjectId>,
}

/// What differs between two sides.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Difference {
    /// Objects, sorted by identity.
    pub objects: Vec<ObjectDiff>,
    /// The engine's own objects, as one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<EngineDiff>,
}

impl Difference {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.engine.is_none()
    }
}

/// Compares the objects of two sides.
pub fn diff(base: &Rendered, head: &Rendered) -> Difference {
    let mut sides = Sides::new();
    for object in &base.objects {
        sides.entry(&object.id).or_default().0 = Some(object);
    }
    for object in &head.objects {
        sides.entry(&object.id).or_default().1 = Some(object);
    }
    let renamed = generated::renamed(&sides);
    let mut difference = Difference::default();
    let mut engine = EngineDiff::default();
    for (id, (before, after)) in sides {
        if renamed.values().any(|previous| previous.id == *id) {
            continue;
        }
        let before = before.or_else(|| renamed.get(id).copied());
        let change = match (before, after) {
            (Some(before), Some(after)) if before.value == after.value => continue,
            (Some(_), Some(_)) => ObjectChange::Changed,
            (Some(_), None) => ObjectChange::Removed,
            (None, _) => ObjectChange::Added,
        };
        // An object that moves into or out of the engine's file is shown in full.
        if [before, after].into_iter().flatten().all(|object| object.engine) {
            let list = match change {
                ObjectChange::Added => &mut engine.added,
                ObjectChange::Removed => &mut engine.removed,
                ObjectChange::Changed => &mut engine.changed,
            };
            list.push(id.clone());
        } else if let Some(object) = after.or(before) {
            difference.objects.push(object_diff(object, change, before, after));
        }
    }
    if engine != EngineDiff::default() {
        engine.before = engine_version(base);
        engine.after = engine_version(head);
        difference.engine = Some(engine);
    }
    difference
}

fn object_diff(
    object: &RenderedObject,
    change: ObjectChange,
    before: Option<&RenderedObject>,
    after: Option<&RenderedObject>,
) -> ObjectDiff {
    let previous = before.filter(|before| before.id != object.id);
    let value = |side: Option<&'_ RenderedObject>| side.map(|object| object.value.clone());
    let (before, after) = masked(&object.id, value(before).as_ref(), value(after).as_ref());
    let text = |side: &Option<Value>| side.as_ref().map(to_text).unwrap_or_default();
    ObjectDiff {
        id: object.id.clone(),
        change,
        previous_name: previous.map(|before| before.id.name.clone()),
        fields: match (&before, &after) {
            (Some(before), Some(after)) => fields::changes(before, after),
            _ => Vec::new(),
        },
        text: diff_lines(&text(&before), &text(&after)),
        origin: object.origin.clone(),
        kept: change == ObjectChange::Removed && object.kept,
        unresolved: object.unresolved.clone(),
        value: after,
    }
}

fn engine_version(side: &Rendered) -> Option<String> {
    let labels = side.objects.iter().filter(|object| object.engine).map(|object| &object.value["metadata"]["labels"]);
    labels.filter_map(|labels| labels["app.kubernetes.io/version"].as_str()).next().map(str::to_owned)
}
