//! Holds JSON documents to the schemas in `docs/schema/`.
//!
//! A checker of its own, since the crates that do it turn on features of crates that the whole program is made of, so
//! that everything would be compiled twice. It knows the keywords that our schemas and Kubernetes' CRDs use, panics at
//! any other, and is stricter than a reader has to be: a field that the schema does not name is an error, so that no
//! field is written that nobody can look up.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::LazyLock,
};

use regex::Regex;
use serde_json::{Map, Value};

/// Keywords that say nothing about what is valid, or nothing that is checked here.
const NOTES: [&str; 9] =
    ["$schema", "$defs", "title", "description", "format", "default", "example", "nullable", "maxLength"];

/// Schemas by name, so that one can refer to another.
pub struct Schemas(BTreeMap<String, Value>);

/// The schemas of `docs/schema/`, by file name.
pub static DOCUMENTS: LazyLock<Schemas> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema");
    let files = fs::read_dir(folder).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        let schema = serde_json::from_str(&fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (path.file_name().unwrap().to_str().unwrap().to_owned(), schema)
    });
    Schemas(files.collect())
});

/// Requires every line of `text` that is a document to be valid by the schema of its type and version.
pub fn hold(text: &str) {
    for line in text.lines().filter(|line| line.starts_with(r#"{"type":""#)) {
        let document: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"));
        if let Err(problem) = problem(&document) {
            panic!("a document is not as docs/schema says: {problem}\n{line}");
        }
    }
}

/// What is wrong with `document`.
pub fn problem(document: &Value) -> Result<(), String> {
    let (kind, version) = (document["type"].as_str().unwrap_or_default(), &document["version"]);
    let file = format!("{kind}.v{version}.json");
    if !DOCUMENTS.0.contains_key(&file) {
        return Err(format!("there is no `docs/schema/{file}`"));
    }
    DOCUMENTS.check(&file, document)
}

impl Schemas {
    /// One schema alone, called `name`.
    pub fn single(name: &str, schema: Value) -> Self {
        Self(BTreeMap::from([(name.to_owned(), schema)]))
    }

    /// The names of all.
    pub fn names(&self) -> BTreeSet<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    /// The schema called `name`.
    pub fn get(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or_else(|| panic!("there is no schema `{name}`"))
    }

    /// Holds `value` to the schema called `name`.
    pub fn check(&self, name: &str, value: &Value) -> Result<(), String> {
        self.whole(name, self.get(name), value, "$")
    }

    /// `schema` at one place, with nothing in an object that it does not name.
    fn whole(&self, file: &str, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        let known = self.part(file, schema, value, at)?;
        let (Some(known), Some(object)) = (known, value.as_object()) else { return Ok(()) };
        match object.keys().find(|key| !known.contains(*key)) {
            Some(key) => Err(format!("{at}: `{key}` is not in the schema")),
            None => Ok(()),
        }
    }

    /// What one schema says of a place. Returns the fields that it names; `None`: any.
    fn part(&self, file: &str, schema: &Value, value: &Value, at: &str) -> Result<Option<BTreeSet<String>>, String> {
        let schema = match schema {
            Value::Object(schema) => schema,
            Value::Bool(true) => return Ok(None),
            _ => return Err(format!("{at}: nothing may be here")),
        };
        // A schema that says nothing takes anything.
        let says = |key: &str| schema.contains_key(key);
        let mut known: Option<BTreeSet<String>> =
            (says("properties") || says("oneOf") || says("anyOf") || says("$ref")).then(BTreeSet::new);
        for (keyword, rule) in schema {
            let more = match keyword.as_str() {
                "type" if !has_type(rule, value) => Err(format!("{at}: {value} is not of type {rule}")),
                "const" if rule != value => Err(format!("{at}: {value} is not {rule}")),
                "enum" if !rule.as_array().unwrap().contains(value) => {
                    Err(format!("{at}: {value} is not one of {rule}"))
                }
                "pattern"
                    if value
                        .as_str()
                        .is_some_and(|text| !Regex::new(rule.as_str().unwrap()).unwrap().is_match(text)) =>
                {
                    Err(format!("{at}: {value} does not match {rule}"))
                }
                "minimum" if value.as_f64().is_some_and(|number| number < rule.as_f64().unwrap()) => {
                    Err(format!("{at}: {value} is less than {rule}"))
                }
                "type" | "const" | "enum" | "pattern" | "minimum" => Ok(Some(BTreeSet::new())),
                "required" => required(rule, value, at),
                "properties" => self.properties(file, rule.as_object().unwrap(), value, at),
                "additionalProperties" => self.others(file, schema, rule, value, at),
                "items" => self.items(file, rule, value, at),
                "anyOf" | "oneOf" => self.branches(file, keyword, rule.as_array().unwrap(), value, at),
                "$ref" => {
                    let (name, pointer) = rule.as_str().unwrap().split_once('#').unwrap();
                    let name = if name.is_empty() { file } else { name };
                    let target =
                        self.get(name).pointer(pointer).unwrap_or_else(|| panic!("{file}: {rule} leads nowhere"));
                    self.part(name, target, value, at)
                }
                "x-kubernetes-preserve-unknown-fields" => Ok(None),
                note if NOTES.contains(&note) || note.starts_with("x-kubernetes-") => Ok(Some(BTreeSet::new())),
                other => panic!("{file}: this checker does not know `{other}`"),
            }?;
            known = match (known, more) {
                (Some(known), Some(more)) => Some(known.into_iter().chain(more).collect()),
                _ => None,
            };
        }
        Ok(known)
    }

    fn properties(
        &self,
        file: &str,
        rules: &Map<String, Value>,
        value: &Value,
        at: &str,
    ) -> Result<Option<BTreeSet<String>>, String> {
        for (key, rule) in rules {
            if let Some(value) = value.get(key) {
                self.whole(file, rule, value, &format!("{at}.{key}"))?;
            }
        }
        Ok(Some(rules.keys().cloned().collect()))
    }

    /// Fields that `properties` beside it does not name.
    fn others(
        &self,
        file: &str,
        schema: &Map<String, Value>,
        rule: &Value,
        value: &Value,
        at: &str,
    ) -> Result<Option<BTreeSet<String>>, String> {
        let named = schema.get("properties").and_then(Value::as_object);
        let others = value
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(key, _)| named.is_none_or(|named| !named.contains_key(*key)));
        for (key, value) in others {
            self.whole(file, rule, value, &format!("{at}.{key}"))?;
        }
        Ok(None)
    }

    fn items(&self, file: &str, rule: &Value, value: &Value, at: &str) -> Result<Option<BTreeSet<String>>, String> {
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            self.whole(file, rule, item, &format!("{at}[{index}]"))?;
        }
        Ok(Some(BTreeSet::new()))
    }

    fn branches(
        &self,
        file: &str,
        keyword: &str,
        rules: &[Value],
        value: &Value,
        at: &str,
    ) -> Result<Option<BTreeSet<String>>, String> {
        let tried: Vec<_> = rules.iter().map(|rule| self.part(file, rule, value, at)).collect();
        let fit = tried.iter().filter(|tried| tried.is_ok()).count();
        if fit == 0 || (keyword == "oneOf" && fit > 1) {
            let problems: Vec<String> = tried.into_iter().filter_map(Result::err).collect();
            return Err(format!("{at}: {fit} branches of {keyword} fit: {}", problems.join("; ")));
        }
        tried.into_iter().filter_map(Result::ok).try_fold(Some(BTreeSet::new()), |known, more| {
            Ok(known.zip(more).map(|(known, more)| known.into_iter().chain(more).collect()))
        })
    }
}

fn required(rule: &Value, value: &Value, at: &str) -> Result<Option<BTreeSet<String>>, String> {
    let missing = |key: &&Value| value.is_object() && value.get(key.as_str().unwrap()).is_none();
    match rule.as_array().unwrap().iter().find(missing) {
        Some(key) => Err(format!("{at}: {key} is missing")),
        None => Ok(Some(BTreeSet::new())),
    }
}

fn has_type(rule: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("`{other}` is no type"),
    };
    match rule {
        Value::String(name) => is(name),
        names => names.as_array().unwrap().iter().any(|name| is(name.as_str().unwrap())),
    }
}
